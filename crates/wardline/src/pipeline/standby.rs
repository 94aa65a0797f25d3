//! A second engine of a shard, which takes in what the first has judged, later and on a thread of
//! its own. When the first panics, the second takes its place.
//!
//! So no shard ever stops to save its state. The price is twice the memory and twice the judgement.

use super::lock;
use super::notice::{Listener, Notice, words_of};
use super::retained::Retained;
use super::share::{Share, Step};
use super::spare::Spare;
use super::stats::{ShardStats, Stats};
use crossbeam_utils::sync::Parker;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use wardline_core::{Config, Engine};

/// What is left of a shard whose engine panics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Recovery {
    /// A second engine takes its place, which has taken in all but the input in question. Each
    /// shard has one, with a thread that keeps it up to date.
    #[default]
    Standby,
    /// Nothing: all further inputs of the shard are counted as quarantined. Half the memory and
    /// half the judgement.
    Never,
}

/// What tests do before a standby takes in a share: panic, or take long.
pub(super) type StandbyTrial = Arc<dyn Fn(usize) + Send + Sync>;

/// The second engine of a shard, and what it has not taken in yet.
pub(super) struct Standby {
    pub shard: usize,
    pub config: Config,
    /// Whoever takes from what is retained has this locked, so that all is taken in in order.
    pub state: Mutex<State>,
    pub is_lost: AtomicBool,
    pub retained: Retained,
    pub spare: Arc<Spare<Share>>,
    pub stats: Arc<Stats>,
    pub listener: Listener,
    pub trial: Option<StandbyTrial>,
}

/// The second engine, or what it is made of.
pub(super) enum State {
    Ready(Box<Engine>),
    /// A snapshot, of which the engine is made once it is needed.
    Saved(Vec<u8>),
    /// It panicked.
    Lost,
}

impl Standby {
    /// Takes in what comes, until nothing more is retained.
    pub fn run(&self, parker: &Parker) {
        // It is made of a snapshot now, so that its shard need not wait for that later.
        self.guarded(&mut lock(&self.state), |_| ());
        while !self.retained.is_closed() {
            if !self.take_next(&mut lock(&self.state)) {
                parker.park();
            }
        }
    }

    /// Keeps what the shard's engine has judged, and waits while that is too much. If the standby
    /// is lost, a new one is made of the engine, which must have judged all of the share.
    pub fn keep(&self, share: Share, engine: &Engine) {
        if self.is_lost.swap(false, Ordering::SeqCst) {
            self.spare.put(share);
            let mut state = lock(&self.state);
            while let Some(share) = self.retained.pop() {
                self.spare.put(share);
            }
            *state = saved(engine);
        } else if let Some(share) = self.retained.push(share, || self.stats().standby_waits.add(1))
        {
            self.spare.put(share);
        }
    }

    /// The standby as it is after all that was judged, the share up to this place included, to take
    /// the place of the engine; and how many inputs it had to take in. Another standby is made of
    /// it. Nothing if it is lost.
    pub fn replace(&self, share: &Share, until: usize) -> Option<(Engine, usize)> {
        let mut state = lock(&self.state);
        let inputs = self.retained.len() + until - share.kept;
        while self.take_next(&mut state) {}
        self.guarded(&mut state, |engine| take_in(engine, share, until));
        let State::Ready(engine) = std::mem::replace(&mut *state, State::Lost) else { return None };
        *state = saved(&engine);
        Some((*engine, inputs))
    }

    /// Takes in the next share that waits, if there is one.
    fn take_next(&self, state: &mut State) -> bool {
        let Some(share) = self.retained.pop() else { return false };
        self.guarded(state, |engine| {
            if let Some(trial) = &self.trial {
                trial(self.shard);
            }
            take_in(engine, &share, share.inputs.len());
        });
        if let State::Ready(engine) = state {
            self.stats().standby_last.store(engine.last_input(), Ordering::Relaxed);
        }
        self.spare.put(share);
        true
    }

    /// Lets the engine act; if it panics, it is lost.
    fn guarded(&self, state: &mut State, act: impl FnOnce(&mut Engine)) {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            if let State::Saved(bytes) = state {
                let engine = Engine::restore(self.config.clone(), bytes);
                *state = State::Ready(Box::new(engine.map_err(|error| error.to_string())?));
            }
            if let State::Ready(engine) = state {
                act(engine);
            }
            Ok(())
        }));
        let outcome = outcome.unwrap_or_else(|panic| Err(words_of(&*panic)));
        if let Err(reason) = outcome {
            *state = State::Lost;
            self.is_lost.store(true, Ordering::SeqCst);
            self.stats().standbys_lost.add(1);
            (self.listener)(Notice::StandbyLost { shard: self.shard, reason });
        }
    }

    fn stats(&self) -> &ShardStats {
        &self.stats.shards[self.shard]
    }
}

fn saved(engine: &Engine) -> State {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    State::Saved(bytes)
}

/// Gives the engine as it is to whoever asked for it.
pub(super) fn give_snapshot(engine: &Engine, to: &SyncSender<Vec<u8>>) {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    // Who asked may have gone.
    let _ = to.send(bytes);
}

/// Takes in a share up to this place, without what was taken in or left out before.
fn take_in(engine: &mut Engine, share: &Share, until: usize) {
    let mut from = share.kept;
    for (place, step) in &share.steps {
        apply(engine, share, from, *place);
        from = *place;
        match step {
            Step::Adopt(copy) => engine.adopt_person(copy),
            Step::Snapshot(to) => give_snapshot(engine, to),
        }
    }
    apply(engine, share, from, until);
}

fn apply(engine: &mut Engine, share: &Share, from: usize, until: usize) {
    let outcome = engine.apply_numbered(&share.inputs[from..until], &mut |_| ());
    // The shard's engine has taken in the same.
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
