//! From the shards to the sink: a bounded queue of batches of events, and the sink's thread.

use super::clock::Clock;
use super::durable::Durable;
use super::intake::Intake;
use super::notice::{Listener, Notice, words_of};
use super::queue::Queue;
use super::sink::{Overflow, Sink};
use super::spare::{Reuse, Spare};
use super::stats::Stats;
use super::{ROOM_PAUSE, ROOM_TRIES_LAST};
use crossbeam_utils::sync::Parker;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
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

/// Gives events to the sink, each once its input is durable, until the queue is closed and empty.
pub(super) struct Deliverer {
    pub outlet: Arc<Outlet>,
    pub sink: Box<dyn Sink>,
    pub durable: Arc<Durable>,
    pub intake: Arc<Intake>,
    pub clock: Arc<dyn Clock>,
}

impl Deliverer {
    pub fn run(&mut self, parker: &Parker) {
        loop {
            let closed = self.outlet.queue.is_closed();
            if let Some(mut batch) = self.outlet.queue.pop() {
                self.withhold(&mut batch.events, parker);
                self.offer(&mut batch);
                self.outlet.spare.put(batch);
                continue;
            }
            let flushed = guard(|| self.sink.flush());
            self.note(flushed);
            if closed {
                return;
            }
            if self.outlet.queue.len() == 0 {
                match self.flush_in() {
                    Some(flush_in) => parker.park_timeout(flush_in),
                    None => parker.park(),
                }
            }
        }
    }

    fn flush_in(&self) -> Option<Duration> {
        let asked = catch_unwind(AssertUnwindSafe(|| self.sink.flush_in()));
        asked.unwrap_or_else(|panic| {
            self.note(Err(io::Error::other(words_of(&*panic))));
            Some(ROOM_PAUSE)
        })
    }

    /// Waits for the log, and takes out events whose inputs it will never have.
    fn withhold(&self, events: &mut Vec<Event>, parker: &Parker) {
        let last = events.iter().map(|event| event.input).max().unwrap_or_default();
        if self.durable.wait_for(last, parker) {
            return;
        }
        let (many, through) = (events.len(), self.durable.through());
        events.retain(|event| event.input <= through);
        let withheld = many - events.len();
        self.outlet.stats.events_withheld.add(withheld);
        (self.outlet.listener)(Notice::EventsWithheld { events: withheld });
    }

    /// Lets the sink take the events, and tries again while it has no room.
    fn offer(&mut self, batch: &mut EventBatch) {
        let (mut is_full, mut last_tries) = (false, 0);
        while !batch.events.is_empty() {
            let many = batch.events.len();
            match guard(|| self.sink.take(&mut batch.events)) {
                Ok(()) => {
                    self.count(batch, many);
                    break;
                }
                Err(error) if is_without_room(&error) && last_tries < ROOM_TRIES_LAST => {
                    self.count(batch, many - batch.events.len().min(many));
                    if !is_full {
                        (self.outlet.listener)(Notice::SinkFull);
                    }
                    is_full = true;
                    last_tries += u32::from(self.intake.is_closed());
                    std::thread::sleep(ROOM_PAUSE);
                }
                Err(error) => {
                    self.note(Err(error));
                    self.outlet.lose(many);
                    break;
                }
            }
        }
        if is_full {
            (self.outlet.listener)(Notice::SinkHasRoom);
        }
    }

    fn count(&self, batch: &EventBatch, many: usize) {
        if many > 0 {
            let (now_ns, stats) = (self.clock.now_ns(), &self.outlet.stats);
            stats.events.add(many);
            stats.sink.note(batch.judged_ns, now_ns, many);
            stats.whole.note(batch.submitted_ns, now_ns, many);
        }
    }

    /// Tells of an error, unless it is one that passes.
    fn note(&self, outcome: io::Result<()>) {
        if let Err(error) = outcome
            && !is_without_room(&error)
        {
            self.outlet.stats.sink_failures.add(1);
            (self.outlet.listener)(Notice::SinkFailed { reason: error.to_string() });
        }
    }
}

fn is_without_room(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::StorageFull
}

/// A panic of the sink is as good as an error.
pub(crate) fn guard(act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|panic| Err(io::Error::other(words_of(&*panic))))
}
