//! The states of all engines after one input, while judgement goes on; and engines made of them.
//!
//! Their form as bytes is in `docs/journal.md`, under snapshots.

use super::router::Router;
use super::{NoAnswer, Pipeline};
use std::error::Error;
use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use wardline_core::{Config, Engine};

/// The state of every shard's engine after the same input, and the routes between them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshots {
    /// The number of the next input: all below it are in them.
    pub next: u64,
    /// A snapshot of each shard's engine (`docs/snapshot.md`).
    pub shards: Vec<Vec<u8>>,
    routes: Vec<u8>,
}

impl fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shards = self.shards.len();
        f.debug_struct("Snapshots").field("next", &self.next).field("shards", &shards).finish()
    }
}

/// A question for snapshots.
pub(super) type Request = SyncSender<Asked>;

/// The answer: what the dispatcher knows at once, and where the rest comes.
pub(super) struct Asked {
    pub next: u64,
    pub routes: Vec<u8>,
    pub answers: Vec<Receiver<Vec<u8>>>,
}

impl Pipeline {
    /// Snapshots of all shards after the last input that has a number now. They are taken from the
    /// standbys, on their threads, so that judgement goes on meanwhile; without standbys each shard
    /// stands still while it writes its own.
    ///
    /// Waits until the standbys have come so far. The last inputs may not be durable yet.
    ///
    /// # Errors
    ///
    /// If a shard or its standby is lost, or the standby fell out meanwhile.
    pub fn snapshots(&self) -> Result<Snapshots, NoAnswer> {
        let (request, asked) = sync_channel(1);
        self.intake.ask_for_snapshots(request);
        let Asked { next, routes, answers } = asked.recv().map_err(|_| NoAnswer { shard: 0 })?;
        let answers = answers.into_iter().enumerate();
        let shards = answers.map(|(shard, of)| of.recv().map_err(|_| NoAnswer { shard }));
        Ok(Snapshots { next, routes, shards: shards.collect::<Result<_, _>>()? })
    }
}

/// Engines and routes that were made of [`Snapshots`].
pub struct Restored {
    pub(super) router: Router,
    /// Each with what it was made of.
    pub(super) engines: Vec<(Engine, Vec<u8>)>,
    next: u64,
}

impl Restored {
    /// The number of the next input.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.engines.len()
    }
}

/// Why no pipeline can go on from snapshots.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SnapshotsError {
    /// The bytes are none.
    Damaged,
    /// They are of another number of shards.
    Shards {
        /// The shards whose state it is.
        of: usize,
    },
    /// An engine cannot be made of one, as of one that was configured otherwise.
    Engine {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for SnapshotsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("it is damaged"),
            Self::Shards { of } => write!(f, "it is of {of} shards"),
            Self::Engine { reason } => f.write_str(reason),
        }
    }
}

impl Error for SnapshotsError {}

impl Snapshots {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts = || std::iter::once(&self.routes).chain(&self.shards);
        let many: usize = parts().map(|part| part.len() + 8).sum();
        let mut out = Vec::with_capacity(many + 24);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.next.to_le_bytes());
        out.extend_from_slice(&(self.shards.len() as u64).to_le_bytes());
        for part in parts() {
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
        out
    }

    /// Reads what [`Snapshots::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// If the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotsError> {
        Self::read(bytes).ok_or(SnapshotsError::Damaged)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let (next, count) = (take_u64(&mut rest)?, take_u64(&mut rest)?);
        let routes = take_part(&mut rest)?.to_vec();
        // Each has a length of its own, so a count that is a lie soon finds nothing more.
        let mut shards = Vec::new();
        for _ in 0..count {
            shards.push(take_part(&mut rest)?.to_vec());
        }
        rest.is_empty().then_some(Self { next, routes, shards })
    }

    /// Makes engines and routes of them.
    ///
    /// # Errors
    ///
    /// If there are to be more or fewer shards, or they are not of engines with this configuration.
    pub fn restore(self, config: &Config, shards: usize) -> Result<Restored, SnapshotsError> {
        if self.shards.len() != shards {
            return Err(SnapshotsError::Shards { of: self.shards.len() });
        }
        let last = self.next.checked_sub(1).ok_or(SnapshotsError::Damaged)?;
        let router = Router::restore(shards, config, last, &self.routes);
        let router = router.ok_or(SnapshotsError::Damaged)?;
        let engine = |bytes: Vec<u8>| match Engine::restore(config.clone(), &bytes) {
            // A number that comes again would be refused by the engine that knows it.
            Ok(engine) if engine.last_input() > last => Err(SnapshotsError::Damaged),
            Ok(engine) => Ok((engine, bytes)),
            Err(error) => Err(SnapshotsError::Engine { reason: error.to_string() }),
        };
        let engines = self.shards.into_iter().map(engine).collect::<Result<_, _>>()?;
        Ok(Restored { router, engines, next: self.next })
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
