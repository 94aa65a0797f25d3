//! From the shards to the sink: a bounded queue of batches of events, and the sink's thread.

use super::clock::Clock;
use super::notice::{Listener, Notice, words_of};
use super::queue::Queue;
use super::sink::{Overflow, Sink};
use super::spare::{Reuse, Spare};
use super::stats::Stats;
use crossbeam_utils::sync::Parker;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wardline_core::event::Event;

/// Events that a shard gave out together.
#[derive(Default)]
pub(super) struct EventBatch {
    pub events: Vec<Event>,
    pub submitted_ns: u64,
    pub judged_ns: u64,
}

impl Reuse for EventBatch {
    fn clear(&mut self) {
        self.events.clear();
    }
}

/// What the shards put events into.
pub(super) struct Outlet {
    pub queue: Queue<EventBatch>,
    pub spare: Spare<EventBatch>,
    pub overflow: Overflow,
    pub stats: Arc<Stats>,
    pub listener: Listener,
}

impl Outlet {
    /// Hands the batch to the sink's thread, and leaves an empty one in its place.
    pub fn put(&self, batch: &mut EventBatch) {
        let full = std::mem::replace(batch, self.spare.take());
        match self.overflow {
            Overflow::Wait => self.queue.push(full),
            Overflow::Lose => {
                if let Err(lost) = self.queue.try_push(full) {
                    self.lose(lost.events.len());
                    self.spare.put(lost);
                }
            }
        }
    }

    fn lose(&self, events: usize) {
        self.stats.events_lost.add(events);
        (self.listener)(Notice::EventsLost { events });
    }
}

/// Gives events to the sink until the queue is closed and empty.
pub(super) fn run_sink(outlet: &Outlet, sink: &mut dyn Sink, parker: &Parker, clock: &dyn Clock) {
    loop {
        let closed = outlet.queue.is_closed();
        let Some(mut batch) = outlet.queue.pop() else {
            guard(outlet, || sink.flush());
            if closed {
                return;
            }
            if outlet.queue.len() == 0 {
                parker.park();
            }
            continue;
        };
        let many = batch.events.len();
        if guard(outlet, || sink.take(&mut batch.events)) {
            let now_ns = clock.now_ns();
            outlet.stats.events.add(many);
            outlet.stats.sink.note(batch.judged_ns, now_ns, many);
            outlet.stats.whole.note(batch.submitted_ns, now_ns, many);
        } else {
            outlet.lose(many);
        }
        outlet.spare.put(batch);
    }
}

/// Whether the sink did it, without an error or panic.
fn guard(outlet: &Outlet, act: impl FnOnce() -> std::io::Result<()>) -> bool {
    let reason = match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => words_of(&*panic),
    };
    outlet.stats.sink_failures.add(1);
    (outlet.listener)(Notice::SinkFailed { reason });
    false
}
