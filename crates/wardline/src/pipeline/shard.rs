//! One shard: a thread with an engine, which takes in one share of inputs after another.

use super::clock::Clock;
use super::lock;
use super::notice::{Listener, Notice, Quarantined, words_of};
use super::outlet::{EventBatch, Outlet};
use super::queue::Queue;
use super::share::{Move, Share, Step};
use super::spare::Spare;
use super::standby::{Standby, give_snapshot};
use super::stats::ShardStats;
use crossbeam_utils::sync::Parker;
use std::cell::Cell;
use std::ops::Range;
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
    pub spare: Arc<Spare<Share>>,
    pub queries: Arc<Queue<Query>>,
    pub outlet: Arc<Outlet>,
    pub listener: Listener,
    pub clock: Arc<dyn Clock>,
    pub quarantine: Arc<Mutex<Vec<Quarantined>>>,
    pub trial: Option<Trial>,
}

/// The shard's side of it all.
pub(super) struct Worker {
    shard: usize,
    /// Nothing once it is lost.
    engine: Option<Engine>,
    /// Nothing if a shard that panics shall be lost.
    standby: Option<Arc<Standby>>,
    pub links: Links,
    events: EventBatch,
}

/// Quarantined inputs that are kept to be looked at; beyond these they are only counted and told.
/// 1,024 × about 150 bytes = 150 KiB.
pub(super) const QUARANTINE_MAX: usize = 1_024;
/// Events go to the sink at least each time there are so many.
const EVENTS_PER_BATCH: usize = 1_024;

impl Worker {
    pub fn new(shard: usize, engine: Engine, standby: Option<Arc<Standby>>, links: Links) -> Self {
        Self { shard, engine: Some(engine), standby, links, events: EventBatch::default() }
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
                return;
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
            self.judge(&mut share, done..place);
            done = place;
            self.make(half, &mut share, place);
        }
        let end = share.inputs.len();
        self.judge(&mut share, done..end);
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
        match (&self.standby, &self.engine) {
            (Some(standby), Some(engine)) => standby.keep(share, engine),
            _ => self.links.spare.put(share),
        }
        self.stats().busy_since_ns.store(0, Ordering::SeqCst);
    }

    /// Judges all these inputs of the share but those that the engine panics on.
    fn judge(&mut self, share: &mut Share, places: Range<usize>) {
        let mut from = places.start;
        while let Some(last) = share.inputs[from..places.end].last() {
            let (last, inputs) = (last.number, &share.inputs[from..places.end]);
            if self.engine.is_none() {
                return self.count_quarantined(inputs);
            }
            let (taken, panic) = self.apply(inputs);
            let counted = inputs[..taken].iter().filter(|input| input.part.tells_facts);
            self.stats().judged.add(counted.count());
            let Some(reason) = panic else {
                self.stats().last.store(last, Ordering::Relaxed);
                return;
            };
            self.quarantine(&inputs[taken], reason);
            self.replace(share, from + taken);
            from += taken + 1;
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

    fn quarantine(&self, input: &Numbered, reason: String) {
        self.count_quarantined(std::slice::from_ref(input));
        let entry = Quarantined { shard: self.shard, input: input.clone(), reason };
        let mut kept = lock(&self.links.quarantine);
        if kept.len() < QUARANTINE_MAX {
            kept.push(entry.clone());
        }
        drop(kept);
        (self.links.listener)(Notice::Quarantined(entry));
    }

    fn count_quarantined(&self, inputs: &[Numbered]) {
        let counted = inputs.iter().filter(|input| input.part.tells_facts).count();
        self.stats().quarantined.add(counted);
        self.stats().quarantined_copies.add(inputs.len() - counted);
    }

    /// Puts the standby in the place of the engine, which panicked on the input at this place.
    fn replace(&mut self, share: &mut Share, place: usize) {
        let shard = self.shard;
        let standby = self.standby.as_ref();
        let replaced = standby.and_then(|standby| standby.replace(share, place));
        share.keep_until(place + 1);
        (self.links.listener)(match &replaced {
            Some((_, inputs)) => Notice::Replaced { shard, inputs: *inputs },
            None => Notice::ShardLost { shard },
        });
        self.engine = replaced.map(|(engine, _)| engine);
        if self.engine.is_some() {
            self.stats().replaced.add(1);
        }
    }

    fn make(&mut self, half: Move, share: &mut Share, place: usize) {
        match (half, &mut self.engine) {
            (Move::Lend(person, to), Some(engine)) => {
                // The other shard waits, and is there until it was answered.
                let _ = to.send(Arc::new(engine.copy_person(person)));
            }
            (Move::Adopt(person, from), Some(engine)) => match from.recv() {
                Ok(copy) => {
                    engine.adopt_person(&copy);
                    share.add_step(place, Step::Adopt(copy));
                }
                Err(_) => {
                    let shard = self.shard;
                    (self.links.listener)(Notice::NotAdopted { shard, person });
                }
            },
            (Move::Snapshot(to), Some(engine)) => match self.standby {
                Some(_) => share.add_step(place, Step::Snapshot(to)),
                None => give_snapshot(engine, &to),
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
