//! How far the log is durable, and who waits for that.

use crossbeam_utils::sync::{Parker, Unparker};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Written by the writer of the log, read by the sink's thread.
pub(super) struct Durable {
    /// All inputs up to this number are durable.
    through: AtomicU64,
    /// Up to this one somebody waits for them.
    wanted: AtomicU64,
    /// The last input that the writer has taken from its queue.
    taken: AtomicU64,
    /// Nothing more becomes durable.
    ended: AtomicBool,
    writer: Unparker,
    sink: Unparker,
}

impl Durable {
    /// All inputs up to this number are durable. The two threads sleep on the other halves.
    pub fn new(through: u64, writer: Unparker, sink: Unparker) -> Self {
        Self {
            through: AtomicU64::new(through),
            wanted: AtomicU64::new(0),
            taken: AtomicU64::new(through),
            ended: AtomicBool::new(false),
            writer,
            sink,
        }
    }

    /// Without a log everything is as good as durable.
    pub fn always(writer: Unparker, sink: Unparker) -> Self {
        Self::new(u64::MAX, writer, sink)
    }

    pub fn through(&self) -> u64 {
        self.through.load(Ordering::SeqCst)
    }

    /// the writer has taken inputs up to this one from its queue.
    pub fn take(&self, last: u64) {
        self.taken.store(last, Ordering::SeqCst);
    }

    /// How many inputs up to this one are in the writer's queue.
    pub fn queued(&self, last: u64) -> u64 {
        last.saturating_sub(self.taken.load(Ordering::SeqCst))
    }

    /// Whether the sink's thread waits for an input after the durable ones, up to `last`.
    pub fn is_wanted_within(&self, last: u64) -> bool {
        let wanted = self.wanted.load(Ordering::SeqCst);
        self.through() < wanted && wanted <= last
    }

    /// All inputs up to this number are durable now.
    pub fn reach(&self, through: u64) {
        self.through.store(through, Ordering::SeqCst);
        self.sink.unpark();
    }

    /// Nothing more becomes durable.
    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.sink.unpark();
    }

    /// Waits until this input is durable, on the sink's thread. False if it never will be.
    pub fn wait_for(&self, input: u64, parker: &Parker) -> bool {
        loop {
            let ended = self.ended.load(Ordering::SeqCst);
            if self.through() >= input {
                return true;
            }
            if ended {
                return false;
            }
            if self.wanted.fetch_max(input, Ordering::SeqCst) < input {
                self.writer.unpark();
            }
            parker.park();
        }
    }
}
