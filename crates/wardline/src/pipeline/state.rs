//! What all engines of a pipeline know together, as bytes, so that another pipeline can go on.
//!
//! `WARDALL1`, the number of the next input u64, the number of shards u64, then the routes and the
//! state of each engine, each after its length as u64. The routes are those of `router/saved.rs`,
//! the states those of `docs/snapshot.md`.

use super::lock;
use super::router::Router;
use std::error::Error;
use std::fmt;
use std::sync::Mutex;
use wardline_core::{Config, Engine};

/// What all engines of a pipeline know together, before one input.
#[derive(Clone, PartialEq, Eq)]
pub struct State {
    next: u64,
    routes: Vec<u8>,
    engines: Vec<Vec<u8>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("next", &self.next).field("shards", &self.shards()).finish()
    }
}

/// Engines and routes that were made of a [`State`].
pub struct Restored {
    pub(super) router: Router,
    pub(super) engines: Vec<Engine>,
    next: u64,
}

impl Restored {
    /// The number of the next input.
    pub fn next(&self) -> u64 {
        self.next
    }
}

/// Why no pipeline can go on from a state.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StateError {
    /// The bytes are no such state.
    Damaged,
    /// It is of another number of shards.
    Shards {
        /// The shards whose state it is.
        of: usize,
    },
    /// An engine cannot be made of it, as of one that was configured otherwise.
    Engine {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("it is damaged"),
            Self::Shards { of } => write!(f, "it is of {of} shards"),
            Self::Engine { reason } => f.write_str(reason),
        }
    }
}

impl Error for StateError {}

impl State {
    /// All inputs below this number are in it.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How many shards it is of.
    pub fn shards(&self) -> usize {
        self.engines.len()
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts = || std::iter::once(&self.routes).chain(&self.engines);
        let many: usize = parts().map(|part| part.len() + 8).sum();
        let mut out = Vec::with_capacity(many + 24);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.next.to_le_bytes());
        out.extend_from_slice(&(self.engines.len() as u64).to_le_bytes());
        for part in parts() {
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
        out
    }

    /// Reads what [`State::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// If the bytes are no such state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        Self::read(bytes).ok_or(StateError::Damaged)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let (next, shards) = (take_u64(&mut rest)?, take_u64(&mut rest)?);
        let routes = take_part(&mut rest)?.to_vec();
        // Each has a length of its own, so a count that is a lie soon finds nothing more.
        let mut engines = Vec::new();
        for _ in 0..shards {
            engines.push(take_part(&mut rest)?.to_vec());
        }
        rest.is_empty().then_some(Self { next, routes, engines })
    }

    /// Makes engines and routes of it.
    ///
    /// # Errors
    ///
    /// If there are to be more or fewer shards, or it is not of engines with this configuration.
    pub fn restore(&self, config: &Config, shards: usize) -> Result<Restored, StateError> {
        if self.shards() != shards {
            return Err(StateError::Shards { of: self.shards() });
        }
        let last = self.next.checked_sub(1).ok_or(StateError::Damaged)?;
        let router = Router::restore(shards, config, last, &self.routes);
        let router = router.ok_or(StateError::Damaged)?;
        let engine = |state: &Vec<u8>| Engine::restore(config.clone(), state);
        let engines: Result<Vec<_>, _> = self.engines.iter().map(engine).collect();
        let engines = engines.map_err(|e| StateError::Engine { reason: e.to_string() })?;
        // A number that comes again would be refused by the engine that knows it.
        match engines.iter().all(|engine| engine.last_input() <= last) {
            true => Ok(Restored { router, engines, next: self.next }),
            false => Err(StateError::Damaged),
        }
    }
}

pub(super) fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    let (bytes, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(u64::from_le_bytes(*bytes))
}

fn take_part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_u64(rest)?).ok()?;
    let (part, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(part)
}

const MAGIC: [u8; 8] = *b"WARDALL1";

/// What the threads of a pipeline leave when they end.
pub(super) struct Ends {
    /// Whether anybody wants it.
    is_asked: bool,
    left: Mutex<Left>,
}

struct Left {
    /// The number of the next input, and the routes.
    routes: Option<(u64, Vec<u8>)>,
    engines: Vec<Option<Vec<u8>>>,
}

impl Ends {
    pub fn new(is_asked: bool, shards: usize) -> Self {
        let left = Left { routes: None, engines: vec![None; shards] };
        Self { is_asked, left: Mutex::new(left) }
    }

    /// The dispatcher leaves its routes.
    pub fn leave_routes(&self, router: &Router) {
        if self.is_asked {
            lock(&self.left).routes = Some(router.save());
        }
    }

    /// A shard leaves its engine, unless that is lost.
    pub fn leave_engine(&self, shard: usize, engine: Option<&Engine>) {
        let Some(engine) = engine.filter(|_| self.is_asked) else { return };
        let mut state = Vec::new();
        engine.snapshot(&mut state);
        if let Some(place) = lock(&self.left).engines.get_mut(shard) {
            *place = Some(state);
        }
    }

    /// All of it, if all have left theirs.
    pub fn take(&self) -> Option<State> {
        let mut left = lock(&self.left);
        let (next, routes) = left.routes.take()?;
        let engines = std::mem::take(&mut left.engines).into_iter().collect::<Option<_>>()?;
        Some(State { next, routes, engines })
    }
}
