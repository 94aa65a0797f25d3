//! What the threads of a replay share: pieces that are parsed, what is to be judged, and the events
//! that are to be told. Locked only between two pieces.

use super::Inputs;
use crate::pipeline::lock;
use crate::pipeline::router::{Portion, Router};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use wardline_core::EventPlace;
use wardline_core::event::Event;
use wardline_core::input::Record;

/// The board.
pub(super) struct Board {
    state: Mutex<State>,
    /// Something may be done by a thread that had nothing to do.
    work: Condvar,
    /// Events wait to be told, or no more will come.
    told: Condvar,
    shards: usize,
}

/// A shard's part of a piece.
pub(super) struct Task {
    pub inputs: Arc<Vec<Record>>,
    /// The number of the first.
    pub first: u64,
    /// Those that the shard takes in; nothing if it takes in all.
    pub portion: Option<Portion>,
}

/// What a thread does next.
pub(super) enum Next {
    Judge(Task),
    /// Reads the next piece.
    Read,
    End,
}

/// What a shard says of a piece.
pub(super) type Told = Vec<(EventPlace, Event)>;

/// Why all stops.
pub(super) enum Failure {
    Read(io::Error),
    Panicked { input: Option<u64>, reason: String },
}

struct State {
    /// Nothing while a thread routes.
    router: Option<Router>,
    is_being_read: bool,
    is_at_end: bool,
    stopped: bool,
    failure: Option<Failure>,
    /// Pieces read so far, and routed so far.
    read: u64,
    routed: u64,
    /// Pieces that wait for those before them.
    parsed: BTreeMap<u64, Inputs>,
    tasks: Vec<VecDeque<Task>>,
    /// The pieces that are routed and not yet judged by all shards, the oldest first.
    judged: VecDeque<Judged>,
    /// Events of pieces that all have judged, and how many there are.
    waiting: VecDeque<Told>,
    waiting_events: usize,
}

/// Of a piece: how many shards are at it still, and what the others said.
struct Judged {
    left: usize,
    events: Told,
}

/// A shard for which so many pieces wait does not read.
const AHEAD: usize = 2;
/// Pieces for each shard that may be in memory at a time, and for all together.
const PIECES_MAX: usize = 4;
/// No more is read while so many events wait to be told: about 30 MiB.
const EVENTS_MAX: usize = 1 << 16;

impl Board {
    pub fn new(router: Router, shards: usize) -> Self {
        let state = State {
            router: Some(router),
            is_being_read: false,
            is_at_end: false,
            stopped: false,
            failure: None,
            read: 0,
            routed: 0,
            parsed: BTreeMap::new(),
            tasks: (0..shards).map(|_| VecDeque::new()).collect(),
            judged: VecDeque::new(),
            waiting: VecDeque::new(),
            waiting_events: 0,
        };
        let (work, told) = (Condvar::new(), Condvar::new());
        Self { state: Mutex::new(state), work, told, shards }
    }

    /// What a thread does next, with the engine of a shard or without; waits for it.
    pub fn next(&self, shard: usize) -> Next {
        let mut state = lock(&self.state);
        loop {
            if state.stopped {
                return Next::End;
            }
            let waiting = state.tasks.get(shard).map_or(0, VecDeque::len);
            if waiting < AHEAD && state.may_read(self.shards) {
                state.is_being_read = true;
                return Next::Read;
            }
            if let Some(task) = state.tasks.get_mut(shard).and_then(VecDeque::pop_front) {
                return Next::Judge(task);
            }
            if state.is_routed_to_the_end() {
                return Next::End;
            }
            state = wait(&self.work, state);
        }
    }

    /// The thread that reads has read; gives the number of the piece. Without one the log is at its
    /// end.
    pub fn note_read(&self, is_piece: bool) -> u64 {
        let mut state = lock(&self.state);
        state.is_being_read = false;
        state.is_at_end = !is_piece;
        state.read += u64::from(is_piece);
        let number = state.read;
        drop(state);
        self.work.notify_all();
        self.told.notify_one();
        number
    }

    /// Routes a piece, once all before it are, and what waits for it.
    pub fn put(&self, number: u64, inputs: Inputs) {
        let mut state = lock(&self.state);
        state.parsed.insert(number, inputs);
        loop {
            let next = state.routed + 1;
            // Whoever has the router looks here again when it is through.
            let Some(mut router) = state.router.take() else { return };
            let Some(inputs) = state.parsed.remove(&next).filter(|_| !state.stopped) else {
                state.router = Some(router);
                return;
            };
            drop(state);
            let tasks = routed(&mut router, inputs, self.shards);
            state = lock(&self.state);
            state.router = Some(router);
            state.routed = next;
            if !state.stopped {
                state.tasks.iter_mut().zip(tasks).for_each(|(queue, task)| queue.push_back(task));
                state.judged.push_back(Judged { left: self.shards, events: Vec::new() });
            }
            self.work.notify_all();
        }
    }

    /// A shard has judged a piece, the `nth` of those it was given.
    pub fn note_judged(&self, nth: u64, mut events: Told) {
        let mut state = lock(&self.state);
        let through = state.routed - state.judged.len() as u64;
        // Who stopped has thrown all away.
        if state.stopped {
            return;
        }
        let Some(piece) = state.judged.get_mut((nth - through - 1) as usize) else { return };
        piece.left -= 1;
        match piece.events.is_empty() {
            true => piece.events = events,
            false => piece.events.append(&mut events),
        }
        // Each shard judges in order, so no piece is through before the one before it.
        if piece.left == 0
            && let Some(piece) = state.judged.pop_front()
        {
            state.waiting_events += piece.events.len();
            let (has_events, is_end) = (!piece.events.is_empty(), state.is_through());
            state.waiting.extend(has_events.then_some(piece.events));
            drop(state);
            self.work.notify_all();
            if has_events || is_end {
                self.told.notify_one();
            }
        }
    }

    /// Gives all events to the sink, in order, until all is judged. If the sink takes no more,
    /// everything stops.
    pub fn tell<E>(&self, sink: &mut impl FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        while let Some(mut events) = self.next_told() {
            events.sort_by_key(|(place, event)| (event.input, *place));
            let outcome = events.into_iter().try_for_each(|(_, event)| sink(event));
            if outcome.is_err() {
                self.stop(None);
                return outcome;
            }
        }
        Ok(())
    }

    fn next_told(&self) -> Option<Told> {
        let mut state = lock(&self.state);
        loop {
            if let Some(events) = state.waiting.pop_front() {
                state.waiting_events -= events.len();
                self.work.notify_all();
                return Some(events);
            }
            if state.stopped || state.is_through() {
                return None;
            }
            state = wait(&self.told, state);
        }
    }

    /// All threads end as soon as they can.
    pub fn stop(&self, failure: Option<Failure>) {
        let mut state = lock(&self.state);
        state.stopped = true;
        state.failure = state.failure.take().or(failure);
        // A shard that waits for another in a move must not wait for ever.
        state.tasks.iter_mut().for_each(VecDeque::clear);
        state.judged.clear();
        self.work.notify_all();
        self.told.notify_one();
    }

    /// The routes after the log, when all threads have ended.
    pub fn end(self) -> Result<Router, Failure> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let lost = || Failure::Panicked { input: None, reason: "the routes are lost".to_owned() };
        match state.failure {
            Some(failure) => Err(failure),
            None => state.router.ok_or_else(lost),
        }
    }
}

impl State {
    fn may_read(&self, shards: usize) -> bool {
        let pieces = (self.read - self.routed) as usize + self.judged.len();
        !self.is_being_read
            && !self.is_at_end
            && pieces < PIECES_MAX * (shards + 1)
            && self.waiting_events < EVENTS_MAX
    }

    fn is_routed_to_the_end(&self) -> bool {
        self.is_at_end && self.routed == self.read
    }

    fn is_through(&self) -> bool {
        self.is_routed_to_the_end() && self.judged.is_empty()
    }
}

/// Numbers the inputs of a piece and says which shard takes in what.
fn routed(router: &mut Router, inputs: Inputs, shards: usize) -> Vec<Task> {
    let (Inputs(mut inputs), first) = (inputs, router.last() + 1);
    if shards == 1 {
        router.pass(inputs.len());
        let inputs = Arc::new(inputs);
        return vec![Task { inputs, first, portion: None }];
    }
    let portions = router.choose(&mut inputs);
    let inputs = Arc::new(inputs);
    let task = |portion| Task { inputs: inputs.clone(), first, portion: Some(portion) };
    portions.into_iter().map(task).collect()
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    condition.wait(state).unwrap_or_else(PoisonError::into_inner)
}
