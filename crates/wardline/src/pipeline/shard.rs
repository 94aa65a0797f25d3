//! One shard: a thread with an engine, which takes in one share of inputs after another.

use super::clock::Clock;
use super::lock;
use super::notice::{Listener, Notice, Quarantined, words_of};
use super::outlet::{EventBatch, Outlet};
use super::queue::Queue;
use super::recovery::Retained;
use super::share::{Move, Share};
use super::state::Ends;
use super::stats::ShardStats;
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::sync::Parker;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use wardline_core::input::Record;
use wardline_core::{Engine, Numbered};

/// A question to a shard, answered between two shares of inputs.
pub(super) type Query = Box<dyn FnOnce(&Engine) + Send>;

/// What tests do before an input is judged: panic, or take long.
pub(super) type Trial = Arc<dyn Fn(usize, &Record) + Send + Sync>;

/// What a shard is connected to.
pub(super) struct Links {
    pub shares: Arc<Queue<Share>>,
    pub spare: Arc<ArrayQueue<Share>>,
    pub queries: Arc<Queue<Query>>,
    pub outlet: Arc<Outlet>,
    pub listener: Listener,
    pub clock: Arc<dyn Clock>,
    pub quarantine: Arc<Mutex<Vec<Quarantined>>>,
    pub trial: Option<Trial>,
    pub ends: Arc<Ends>,
}

/// The shard's side of it all.
pub(super) struct Worker {
    shard: usize,
    /// Nothing once it is lost.
    engine: Option<Engine>,
    retained: Retained,
    links: Links,
    events: EventBatch,
}

/// Quarantined inputs that are kept to be looked at; beyond these they are only counted and told.
/// 1,024 × about 150 bytes = 150 KiB.
pub(super) const QUARANTINE_MAX: usize = 1_024;
/// Events go to the sink at least each time there are so many.
const EVENTS_PER_BATCH: usize = 1_024;

impl Worker {
    pub fn new(shard: usize, engine: Engine, retained: Retained, links: Links) -> Self {
        Self { shard, engine: Some(engine), retained, links, events: EventBatch::default() }
    }

    /// Works until the queue is closed and empty.
    pub fn run(&mut self, parker: &Parker) {
        loop {
            let closed = self.links.shares.is_closed();
            if let Some(query) = self.links.queries.pop() {
                self.answer(query);
            } else if let Some(share) = self.links.shares.pop() {
                self.take(share);
            } else if closed {
                return self.links.ends.leave_engine(self.shard, self.engine.as_ref());
            } else {
                parker.park();
            }
        }
    }

    fn stats(&self) -> &ShardStats {
        &self.links.outlet.stats.shards[self.shard]
    }

    fn answer(&self, query: Query) {
        if let Some(engine) = &self.engine {
            // Who asked learns of a panic by getting no answer.
            let _ = catch_unwind(AssertUnwindSafe(|| query(engine)));
        }
    }

    fn take(&mut self, mut share: Share) {
        let from_ns = self.links.clock.now_ns();
        // 0 stands for a shard that is at nothing.
        self.stats().busy_since_ns.store(from_ns.max(1), Ordering::SeqCst);
        self.events.submitted_ns = share.submitted_ns;
        let mut done = 0;
        for (place, half) in std::mem::take(&mut share.moves) {
            self.judge(&share.inputs[done..place]);
            done = place;
            self.make(half);
        }
        self.judge(&share.inputs[done..]);
        tell(&self.links, &mut self.events);
        let until_ns = self.links.clock.now_ns();
        let many = share.inputs.len();
        let stats = self.stats();
        stats.inputs.add(many);
        stats.queue.note(share.numbered_ns, from_ns, many);
        stats.judge.note(from_ns, until_ns, many);
        if let Some(engine) = &self.engine {
            *lock(&stats.counters) = engine.counters();
        }
        stats.retained.store(self.retained.len(), Ordering::Relaxed);
        stats.busy_since_ns.store(0, Ordering::SeqCst);
        share.clear();
        // Where there are spare ones enough, this one is let go.
        let _ = self.links.spare.push(share);
    }

    /// Judges all inputs but those that the engine panics on.
    fn judge(&mut self, mut inputs: &[Numbered]) {
        while let Some(last) = inputs.last() {
            if self.engine.is_none() {
                return self.count_quarantined(inputs);
            }
            self.make_room(inputs.len());
            let (taken, panic) = self.apply(inputs);
            self.retained.keep(&inputs[..taken]);
            let counted = inputs[..taken].iter().filter(|input| input.part.tells_facts);
            self.stats().judged.add(counted.count());
            let Some(reason) = panic else {
                self.stats().last.store(last.number, Ordering::Relaxed);
                return;
            };
            self.quarantine(&inputs[taken], reason);
            inputs = &inputs[taken + 1..];
        }
    }

    /// Lets the engine judge until it panics: how many inputs it has taken in before, and what the
    /// panic said.
    fn apply(&mut self, inputs: &[Numbered]) -> (usize, Option<String>) {
        let Some(engine) = &mut self.engine else { return (inputs.len(), None) };
        let (shard, trial) = (self.shard, self.links.trial.as_deref());
        let (links, batch) = (&self.links, &mut self.events);
        let mut sink = |event| {
            batch.events.push(event);
            if batch.events.len() >= EVENTS_PER_BATCH {
                tell(links, batch);
            }
        };
        let at = Cell::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| match trial {
            None => engine.apply_numbered(inputs, &mut sink),
            Some(trial) => inputs.iter().enumerate().try_for_each(|(index, input)| {
                at.set(index);
                trial(shard, &input.record);
                engine.apply_numbered(std::slice::from_ref(input), &mut sink)
            }),
        }));
        match outcome {
            Ok(Ok(())) => (inputs.len(), None),
            Ok(Err(error)) => (place_of(inputs, error.last) + 1, Some(error.to_string())),
            Err(panic) if trial.is_some() => (at.get(), Some(words_of(&*panic))),
            Err(panic) => (place_of(inputs, engine.last_input()), Some(words_of(&*panic))),
        }
    }

    fn make_room(&mut self, inputs: usize) {
        let Some(engine) = &self.engine else { return };
        if !self.retained.make_room(inputs, engine) {
            let (shard, inputs_max) = (self.shard, self.retained.inputs_max());
            (self.links.listener)(Notice::NotRetained { shard, inputs_max });
        }
    }

    fn quarantine(&mut self, input: &Numbered, reason: String) {
        self.count_quarantined(std::slice::from_ref(input));
        let entry = Quarantined { shard: self.shard, input: input.clone(), reason };
        let mut kept = lock(&self.links.quarantine);
        if kept.len() < QUARANTINE_MAX {
            kept.push(entry.clone());
        }
        drop(kept);
        (self.links.listener)(Notice::Quarantined(entry));
        self.rebuild();
    }

    fn count_quarantined(&self, inputs: &[Numbered]) {
        let counted = inputs.iter().filter(|input| input.part.tells_facts).count();
        self.stats().quarantined.add(counted);
        self.stats().quarantined_copies.add(inputs.len() - counted);
    }

    /// Builds the engine again as it was before it panicked.
    fn rebuild(&mut self) {
        let shard = self.shard;
        self.engine = catch_unwind(AssertUnwindSafe(|| self.retained.rebuild())).ok().flatten();
        self.stats().rebuilt.add(1);
        (self.links.listener)(match &self.engine {
            Some(_) => Notice::Rebuilt { shard, inputs: self.retained.len() },
            None => Notice::ShardLost { shard },
        });
    }

    fn make(&mut self, half: Move) {
        match (half, &mut self.engine) {
            (Move::Lend(person, to), Some(engine)) => {
                // The other shard waits, and is there until it was answered.
                let _ = to.send(Arc::new(engine.copy_person(person)));
            }
            (Move::Adopt(person, from), Some(engine)) => match from.recv() {
                Ok(copy) => {
                    engine.adopt_person(&copy);
                    self.retained.keep_person(copy);
                }
                Err(_) => {
                    let shard = self.shard;
                    (self.links.listener)(Notice::NotAdopted { shard, person });
                }
            },
            (_, None) => {}
        }
    }
}

/// Hands the events to the sink's thread.
fn tell(links: &Links, batch: &mut EventBatch) {
    if !batch.events.is_empty() {
        let submitted_ns = batch.submitted_ns;
        batch.judged_ns = links.clock.now_ns();
        links.outlet.put(batch);
        batch.submitted_ns = submitted_ns;
    }
}

/// The place of the input with this number; the first if there is none.
fn place_of(inputs: &[Numbered], number: u64) -> usize {
    inputs.iter().position(|input| input.number == number).unwrap_or(0)
}
