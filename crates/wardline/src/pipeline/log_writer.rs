//! The thread that writes the log, and says what is durable.

use super::clock::Clock;
use super::dispatcher::Acceptance;
use super::durable::Durable;
use super::intake::Intake;
use super::log::{Accepted, Log};
use super::notice::{Listener, Notice, words_of};
use super::queue::Queue;
use super::stats::Stats;
use super::{ROOM_PAUSE, ROOM_TRIES_LAST};
use crossbeam_utils::sync::Parker;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wardline_core::Numbered;
use wardline_wire::datagram::Heard;

/// Numbered inputs on their way to the log.
pub(super) struct Unwritten {
    pub inputs: Arc<Vec<Numbered>>,
    pub heard: Vec<Heard>,
    pub tag: u64,
    pub numbered_ns: u64,
}

/// The log writer: works until its queue is closed and empty.
pub(super) struct LogWriter {
    pub log: Box<dyn Log>,
    pub accepted: Option<Acceptance>,
    pub queue: Arc<Queue<Unwritten>>,
    pub durable: Arc<Durable>,
    pub intake: Arc<Intake>,
    pub stats: Arc<Stats>,
    pub listener: Listener,
    pub clock: Arc<dyn Clock>,
    /// Appended, not durable, each with when it was numbered.
    pub waiting: Vec<(Accepted, u64)>,
    pub has_failed: bool,
}

/// Lists of inputs that may wait for the log. A server's are of 64 inputs or fewer, so that this is
/// room for the seconds that a slow disk takes.
pub(super) const LISTS_MAX: usize = 8_192;
/// Inputs that may wait for the log: 2^18 of about 160 bytes are 42 MiB.
pub(super) const INPUTS_MAX: u64 = 1 << 18;

impl LogWriter {
    /// A panic of the log is as good as an error: nothing is accepted after it. The queue must be
    /// emptied all the same, or the dispatcher would wait for ever.
    pub fn run(&mut self, parker: &Parker) {
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(parker))) {
            self.stats.panics.add(1);
            self.waiting.clear();
            self.fail(&io::Error::other(words_of(&*panic)));
        }
    }

    fn work(&mut self, parker: &Parker) {
        loop {
            let closed = self.queue.is_closed();
            if let Some(list) = self.queue.pop() {
                self.append(&list);
                if !self.has_failed && self.log.due_in().is_zero() {
                    self.append_what_waits();
                    self.commit();
                }
            } else if closed {
                self.commit();
                return self.durable.end();
            } else if let Some(last) = self.last_waiting() {
                let due_in = self.log.due_in();
                if due_in.is_zero() || self.durable.is_wanted_within(last) {
                    self.commit();
                } else {
                    parker.park_timeout(due_in);
                }
            } else {
                parker.park();
            }
        }
    }

    fn last_waiting(&self) -> Option<u64> {
        self.waiting.last().map(|(accepted, _)| accepted.first + accepted.inputs as u64 - 1)
    }

    /// What came while the last commit lasted goes with the next: the longer a sync takes, the more
    /// inputs share it.
    fn append_what_waits(&mut self) {
        for _ in 0..self.queue.len() {
            let Some(list) = self.queue.pop() else { return };
            self.append(&list);
        }
    }

    fn append(&mut self, list: &Unwritten) {
        if let Some(last) = list.inputs.last() {
            self.durable.take(last.number);
        }
        let Some(first) = list.inputs.first().filter(|_| !self.has_failed) else { return };
        let is_heard = list.heard.is_empty() || self.persist(|log| log.append_heard(&list.heard));
        if is_heard && self.persist(|log| log.append(&list.inputs)) {
            let accepted =
                Accepted { tag: list.tag, first: first.number, inputs: list.inputs.len() };
            self.waiting.push((accepted, list.numbered_ns));
        }
    }

    fn commit(&mut self) {
        let Some(last) = self.last_waiting() else { return };
        if !self.persist(|log| log.commit()) {
            self.waiting.clear();
            return;
        }
        let now_ns = self.clock.now_ns();
        for (accepted, numbered_ns) in self.waiting.drain(..) {
            self.stats.durable.note(numbered_ns, now_ns, accepted.inputs);
            if let Some(tell) = &mut self.accepted {
                tell(accepted);
            }
        }
        self.durable.reach(last);
    }

    /// Tries again while there is no room. False if the log failed.
    fn persist(&mut self, mut act: impl FnMut(&mut dyn Log) -> io::Result<()>) -> bool {
        let (mut is_full, mut last_tries) = (false, 0);
        loop {
            let error = match act(&mut *self.log) {
                Ok(()) => {
                    if is_full {
                        (self.listener)(Notice::LogHasRoom);
                    }
                    return true;
                }
                Err(error) => error,
            };
            last_tries += u32::from(self.intake.is_closed());
            if error.kind() != io::ErrorKind::StorageFull || last_tries > ROOM_TRIES_LAST {
                self.fail(&error);
                return false;
            }
            if !is_full {
                is_full = true;
                self.stats.log_full.add(1);
                (self.listener)(Notice::LogFull);
            }
            std::thread::sleep(ROOM_PAUSE);
            // What was appended before may be all that takes the room.
            let _ = self.log.commit();
        }
    }

    /// Nothing is taken in any more: what the log does not have must not be judged for long.
    fn fail(&mut self, error: &io::Error) {
        self.has_failed = true;
        self.intake.close();
        self.stats.log_failures.add(1);
        (self.listener)(Notice::LogFailed { reason: error.to_string() });
        self.durable.end();
    }
}
