//! Opening a journal: both logs, the newest snapshot that can be used, and what was told already.

use super::act::{Standing, is_act};
use super::found::Unused;
use super::{EventId, Found, Journal, Settings, Tail, restore};
use crate::pipeline::Restored;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use wardline_core::Config;
use wardline_core::input::Record;
use wardline_journal::disk::Disk;
use wardline_journal::{
    Evidence, EvidenceLog, EvidenceReader, Hash, IdentityError, InputLog, InputReader, Leaf,
    OpenError, ReadError, SnapshotStore, SystemEntropy, Unsealed, event_id, stored_signer,
};

/// Why a journal cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The log of inputs cannot be opened.
    Inputs(OpenError),
    /// The log of evidence cannot be opened.
    Evidence(OpenError),
    /// The key that signs checkpoints cannot be had.
    Identity(IdentityError),
    /// The folder cannot be read.
    Io(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inputs(error) => write!(f, "the log of inputs: {error}"),
            Self::Evidence(error) => write!(f, "the log of evidence: {error}"),
            Self::Identity(error) => write!(f, "the key of checkpoints: {error}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Journal {
    /// Opens the journal in a folder, or makes a new one there, for a pipeline of so many shards.
    /// Snapshots of another number of shards, or of engines with another configuration, are not
    /// used; then the log is read from its beginning.
    ///
    /// # Errors
    ///
    /// If a log is damaged elsewhere than at its end, or cannot be read or written.
    pub fn open(
        disk: Arc<dyn Disk>,
        settings: Settings,
        config: &Config,
        shards: usize,
    ) -> Result<Self, StartError> {
        let Settings { inputs, evidence, snapshots, name, now } = settings;
        let at = now();
        let entropy = || Box::new(SystemEntropy::default());
        let signer = stored_signer(disk.as_ref(), &name, entropy().as_mut());
        let signer = signer.map_err(StartError::Identity)?;
        let (first, opened) = (inputs.first, InputLog::open(disk.clone(), inputs, entropy(), at));
        let (inputs, inputs_found) = opened.map_err(StartError::Inputs)?;
        let opened = EvidenceLog::open(disk.clone(), evidence, signer, entropy(), at);
        let (evidence, evidence_found) = opened.map_err(StartError::Evidence)?;
        let snapshots = SnapshotStore::open(disk.clone(), snapshots)?;
        let mut search = Search { disk: &disk, next: inputs.next(), unused: Vec::new() };
        let (complete_below, restored) = search.newest(&snapshots, config, shards)?;
        let unused = search.unused;
        let from = restored.as_ref().map_or(first, Restored::next);
        let past = Past::read(&disk, from).map_err(|e| StartError::Evidence(e.into()))?;
        let Past { told, mut standing, last_act } = past;
        let acts = missing_acts(&disk, from.max(last_act + 1), inputs.next(), &mut standing);
        let found = Found {
            inputs: inputs_found,
            evidence: evidence_found,
            next: inputs.next(),
            from,
            complete_below,
            unused,
            told: told.len(),
        };
        Ok(Self {
            disk,
            inputs,
            evidence,
            snapshots,
            restored,
            told,
            acts: acts.map_err(|e| StartError::Inputs(e.into()))?,
            standing,
            found,
            now,
        })
    }
}

/// What the evidence says of the time before.
#[derive(Default)]
struct Past {
    /// Events of inputs that are judged again.
    told: HashSet<EventId>,
    standing: Standing,
    /// The number of the last act that it has.
    last_act: u64,
}

impl Past {
    fn read(disk: &Arc<dyn Disk>, from: u64) -> Result<Self, ReadError> {
        let mut past = Self::default();
        let mut reader = EvidenceReader::open(disk.clone(), Vec::new())?;
        let mut leaves = Vec::new();
        while reader.next_frame(&mut leaves)? {
            leaves.drain(..).for_each(|leaf| past.take(leaf, from));
        }
        Ok(past)
    }

    fn take(&mut self, leaf: Leaf, from: u64) {
        // Its id can be read even if its key was destroyed.
        self.told.extend(event_id(&leaf.stored).filter(|(input, ..)| *input >= from));
        if let Evidence::Input { number, record } = leaf.evidence {
            self.last_act = self.last_act.max(number);
            if let Unsealed::Open(record) = record {
                self.standing.take(&record.input);
            }
        }
    }
}

/// Acts that the log has and the evidence has not.
fn missing_acts(
    disk: &Arc<dyn Disk>,
    from: u64,
    until: u64,
    standing: &mut Standing,
) -> Result<VecDeque<(u64, Record)>, ReadError> {
    let mut acts = VecDeque::new();
    let mut tail = Tail::open(disk.clone(), from, until)?;
    while let Some((number, record)) = tail.next()? {
        if is_act(&record.input) {
            standing.take(&record.input);
            acts.push_back((number, record));
        }
    }
    Ok(acts)
}

/// Looks for the snapshot to begin with.
struct Search<'a> {
    disk: &'a Arc<dyn Disk>,
    /// The number of the next input of the log.
    next: u64,
    unused: Vec<Unused>,
}

impl Search<'_> {
    /// The newest snapshot that engines can be made of, and the number of the newest that fits the
    /// log: the evidence has all that came before it.
    fn newest(
        &mut self,
        store: &SnapshotStore,
        config: &Config,
        shards: usize,
    ) -> io::Result<(u64, Option<Restored>)> {
        let (mut complete_below, mut below) = (0, u64::MAX);
        loop {
            let mut refused = Vec::new();
            let fits = |next: u64, chain: &Hash| next < below && self.fits(next, chain);
            let newest = store.newest(fits, &mut refused)?;
            // Those above were refused before.
            if below == u64::MAX {
                self.unused.extend(refused.into_iter().map(|refused| Unused {
                    snapshot: refused.name,
                    reason: refused.reason.to_owned(),
                }));
            }
            let Some(snapshot) = newest else { return Ok((complete_below, None)) };
            complete_below = complete_below.max(snapshot.next);
            match restore(&snapshot.state, config, shards) {
                Ok(restored) if restored.next() == snapshot.next => {
                    return Ok((complete_below, Some(restored)));
                }
                Ok(_) => self.refuse(snapshot.next, "it is that of another input"),
                Err(reason) => self.refuse(snapshot.next, &reason),
            }
            below = snapshot.next;
        }
    }

    fn refuse(&mut self, next: u64, reason: &str) {
        let (snapshot, reason) = (format!("snapshot {next}"), reason.to_owned());
        self.unused.push(Unused { snapshot, reason });
    }

    /// Whether the log has this chain where it had all inputs before the snapshot.
    fn fits(&self, next: u64, chain: &Hash) -> bool {
        if next > self.next {
            return false;
        }
        let Ok(mut reader) = InputReader::open(self.disk.clone(), next) else { return false };
        let mut logged = Vec::new();
        loop {
            let durable = reader.durable();
            if durable.next >= next && durable.chain == *chain {
                return true;
            }
            logged.clear();
            if !matches!(reader.next_frame(&mut logged), Ok(true)) {
                return false;
            }
        }
    }
}
