//! A log that is there as a whole, judged as fast as the cores allow.
//!
//! ```text
//! each thread:  judge what is routed to its engine, else read and parse the next piece, and route
//!               in their order the pieces that are parsed
//! the caller:   puts each piece's events in order, and gives them to the sink
//! ```
//!
//! There is no central producer: whichever thread has nothing to judge reads. Of a piece that was
//! routed all engines read the same memory, each the inputs that concern it, so that nothing is
//! copied. The routes are those of the [pipeline](crate::pipeline). Events come in the order in
//! which one engine gives them, for any number of engines.
//!
//! This is not the pipeline: it waits for nobody but the source and the sink, shows nothing on the
//! way, has no standby and keeps no journal.
//!
//! ```
//! use std::convert::Infallible;
//! use wardline::Config;
//! use wardline::replay::{JsonLines, Replay};
//!
//! let log = br#"{"type":"release_device","at":"2026-01-02T03:04:05.678Z","device":7}"#;
//! let mut replay = Replay::new(Config::default(), 2);
//! let mut events = Vec::new();
//! replay.run(JsonLines::new(&log[..]), |event| {
//!     events.push(event);
//!     Ok::<_, Infallible>(())
//! })?;
//! assert_eq!(events[0].refusal.as_ref().expect("nobody has it").reason, "unknown_device");
//! # Ok::<(), wardline::replay::Stopped<Infallible>>(())
//! ```

mod board;
mod lines;
mod worker;

pub use lines::JsonLines;

use crate::pipeline::router::{Router, SHARDS_MAX};
use board::Board;
use std::error::Error;
use std::sync::Mutex;
use std::{fmt, io, thread};
use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_core::{Config, Counters, Engine};
use worker::Worker;

/// Where the inputs of a log come from, piece by piece.
pub trait Source: Send {
    /// A piece as it was read: thousands of inputs, so that who reads is not in others' way often.
    type Piece: Send;

    /// Reads the next piece, if there is one. Called by one thread at a time.
    ///
    /// # Errors
    ///
    /// If it cannot be read; the replay then stops.
    fn read(&mut self) -> io::Result<Option<Self::Piece>>;

    /// Makes inputs of a piece, on several threads at the same time.
    fn parse(piece: Self::Piece) -> Inputs;
}

/// Inputs in the order of the log.
#[derive(Default)]
pub struct Inputs(Vec<Record>);

impl Inputs {
    /// None, with room for so many.
    pub fn with_capacity(inputs: usize) -> Self {
        Self(Vec::with_capacity(inputs))
    }

    /// Adds the next one.
    pub fn push(&mut self, record: Record) {
        self.0.push(record);
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Record> for Inputs {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        Self(records.into_iter().collect())
    }
}

/// Why a replay stopped before its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stopped<E> {
    /// The log could not be read.
    Read(io::Error),
    /// The sink took no more.
    Sink(E),
    /// Something panicked.
    Panicked {
        /// The last input of the engine in question; none while a piece was read or parsed.
        input: Option<u64>,
        /// What the panic said.
        reason: String,
    },
    /// It had stopped before.
    Before,
}

impl<E: fmt::Display> fmt::Display for Stopped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "the log cannot be read: {error}"),
            Self::Sink(error) => write!(f, "the events cannot be taken: {error}"),
            Self::Panicked { input: Some(input), reason } => {
                write!(f, "an engine panicked on input {input}: {reason}")
            }
            Self::Panicked { input: None, reason } => write!(f, "reading panicked: {reason}"),
            Self::Before => f.write_str("it had stopped before"),
        }
    }
}

impl<E: Error> Error for Stopped<E> {}

/// Engines that judge a log. See the [module](self).
pub struct Replay {
    engines: Vec<Engine>,
    /// Nothing once it has stopped before the end of a log.
    router: Option<Router>,
    threads: usize,
    clock_regressions: u64,
    last: u64,
}

impl Replay {
    /// So many engines, from 1 to [`SHARDS_MAX`], which know nothing yet. Each has a thread.
    ///
    /// Each of several engines has all zones, and a device's history is in those that need it: more
    /// engines take more memory.
    pub fn new(config: Config, shards: usize) -> Self {
        let shards = shards.clamp(1, SHARDS_MAX);
        let router = Router::new(shards, &config);
        Self {
            engines: (0..shards).map(|_| Engine::new(config.clone())).collect(),
            last: router.last(),
            router: Some(router),
            threads: shards,
            clock_regressions: 0,
        }
    }

    /// More threads than engines, which only read and parse. Default: none.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(self.engines.len());
        self
    }

    /// Judges a log from where the one before ended, and gives its events to the sink, on this
    /// thread and in order.
    ///
    /// # Errors
    ///
    /// If the log cannot be read, the sink takes no more or an engine panics. Some inputs have then
    /// been judged and others not, and nothing more can be.
    pub fn run<S: Source, E>(
        &mut self,
        source: S,
        mut sink: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(), Stopped<E>> {
        let router = self.router.take().ok_or(Stopped::Before)?;
        let (board, source) = (Board::new(router, self.engines.len()), Mutex::new(source));
        let engines = self.engines.iter_mut().map(Some);
        let engines = engines.chain(std::iter::repeat_with(|| None)).take(self.threads);
        let outcome = thread::scope(|scope| {
            for (number, engine) in engines.enumerate() {
                let mut worker = Worker::new(number, engine, &board, &source);
                let started = thread::Builder::new()
                    .name(format!("wardline-replay-{number}"))
                    .spawn_scoped(scope, move || worker.run());
                if let Err(error) = started {
                    board.stop(Some(board::Failure::Read(error)));
                }
            }
            board.tell(&mut sink)
        });
        if let Err(error) = outcome {
            return Err(Stopped::Sink(error));
        }
        let router = board.end().map_err(|failure| match failure {
            board::Failure::Read(error) => Stopped::Read(error),
            board::Failure::Panicked { input, reason } => Stopped::Panicked { input, reason },
        })?;
        (self.clock_regressions, self.last) = (router.clock_regressions(), router.last());
        self.router = Some(router);
        Ok(())
    }

    /// How many inputs were judged.
    pub fn last_input(&self) -> u64 {
        self.last
    }

    /// What all engines counted, as one would have. How many fixes were within slack depends on the
    /// number of engines, as each knows other orders.
    pub fn counters(&self) -> Counters {
        if let [engine] = &*self.engines {
            return engine.counters();
        }
        let mut sum = Counters::default();
        for of in self.engines.iter().map(Engine::counters) {
            sum.fixes += of.fixes;
            sum.fixes_within_slack += of.fixes_within_slack;
            sum.repeats += of.repeats;
            sum.refused += of.refused;
            sum.unassigned += of.unassigned;
            sum.events += of.events;
        }
        sum.clock_regressions = self.clock_regressions;
        sum
    }
}
