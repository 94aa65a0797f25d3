//! Opening a journal: both logs, the newest snapshot that can be used, and what was told already.

use super::act::Standing;
use super::devices::Devices;
use super::found::Unused;
use super::{EventId, Found, Journal, Settings, restore};
use crate::pipeline::Restored;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use wardline_core::Config;
use wardline_core::input::Record;
use wardline_core::time::Timestamp;
use wardline_journal::disk::Disk;
use wardline_journal::{
    Check, EvidenceLog, Hash, IdentityError, InputLog, InputOptions, InputReader, OpenError,
    Outline, Recovery, SnapshotStore, SystemEntropy, Unsealed, stored_signer,
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
        let signer = stored_signer(disk.as_ref(), &name, entropy().as_mut());
        let signer = signer.map_err(StartError::Identity)?;
        let device_files = SnapshotStore::of_devices(disk.clone(), snapshots)?;
        let snapshots = SnapshotStore::open(disk.clone(), snapshots)?;
        let mut search = Search { disk: &disk, unused: Vec::new() };
        let (complete_below, restored) = search.newest(&snapshots, config, shards)?;
        let from = restored.as_ref().map_or(inputs.first, Restored::next);
        let (devices_from, devices) = search.devices(&device_files)?;
        let unused = search.unused;
        let mut rest = Rest { from, devices_from, devices, acts: VecDeque::new() };
        let (inputs, inputs_found) = rest.open(&disk, inputs, at)?;
        let mut past = Past { from, ..Past::default() };
        let opened =
            EvidenceLog::open_outlined(disk.clone(), evidence, signer, entropy(), at, |entry| {
                past.take(entry);
            });
        let (evidence, evidence_found) = opened.map_err(StartError::Evidence)?;
        let Rest { devices, mut acts, .. } = rest;
        let Past { told, mut standing, last_act, .. } = past;
        acts.retain(|(number, _)| *number > last_act);
        acts.iter().for_each(|(_, record)| standing.take(&record.input));
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
            acts,
            standing,
            devices,
            device_files,
            found,
            now,
        })
    }
}

fn entropy() -> Box<SystemEntropy> {
    Box::default()
}

/// What the evidence says of the time before.
#[derive(Default)]
struct Past {
    /// Inputs from this number on are judged again.
    from: u64,
    /// Events of inputs that are judged again.
    told: HashSet<EventId>,
    standing: Standing,
    /// The number of the last act that it has.
    last_act: u64,
}

impl Past {
    fn take(&mut self, entry: Outline) {
        match entry {
            Outline::Event { input, order, index } if input >= self.from => {
                self.told.insert((input, order, index));
            }
            Outline::Act { number, record } => {
                self.last_act = self.last_act.max(number);
                if let Unsealed::Open(record) = record {
                    self.standing.take(&record.input);
                }
            }
            _ => {}
        }
    }
}

/// What the log of inputs has after the files that a start goes on from.
struct Rest {
    /// Inputs from this number on are judged again.
    from: u64,
    /// Inputs from this number on are not in the states of devices.
    devices_from: u64,
    devices: Devices,
    /// Acts among those that are judged again.
    acts: VecDeque<(u64, Record)>,
}

impl Rest {
    /// Opens the log, checked from the segment on where the older of the files ends. What precedes
    /// is as these say: they hold the chain of the log at their place.
    fn open(
        &mut self,
        disk: &Arc<dyn Disk>,
        mut options: InputOptions,
        at: Timestamp,
    ) -> Result<(InputLog, Recovery), StartError> {
        let begin = self.from.min(self.devices_from);
        options.check = Check::From(begin);
        let take = |entry| self.take(entry);
        let opened = InputLog::open_outlined(disk.clone(), options, entropy(), at, begin, take);
        opened.map_err(StartError::Inputs)
    }

    fn take(&mut self, entry: Outline) {
        match entry {
            Outline::Record { number, .. } if number < self.devices_from => {}
            // What was heard before changes nothing.
            Outline::Record { .. } | Outline::Note(_) => self.devices.take(&entry),
            Outline::Act { number, record: Unsealed::Open(record) } if number >= self.from => {
                self.acts.push_back((number, record));
            }
            _ => {}
        }
    }
}

/// Looks for the snapshot to begin with.
struct Search<'a> {
    disk: &'a Arc<dyn Disk>,
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
                self.unused.extend(refused.into_iter().map(Unused::from));
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

    /// The newest states of devices that fit the log, and the first input that is not in them.
    fn devices(&mut self, store: &SnapshotStore) -> io::Result<(u64, Devices)> {
        let mut refused = Vec::new();
        let newest = store.newest(|next, chain| self.fits(next, chain), &mut refused)?;
        self.unused.extend(refused.into_iter().map(Unused::from));
        let none = (0, Devices::default());
        let Some(found) = newest else { return Ok(none) };
        match Devices::from_bytes(&found.state) {
            Some(devices) => Ok((found.next, devices)),
            // Its hash is right, so that another version wrote it.
            None => {
                let (snapshot, reason) = (format!("devices {}", found.next), "of another form");
                self.unused.push(Unused { snapshot, reason: reason.to_owned() });
                Ok(none)
            }
        }
    }

    fn refuse(&mut self, next: u64, reason: &str) {
        let (snapshot, reason) = (format!("snapshot {next}"), reason.to_owned());
        self.unused.push(Unused { snapshot, reason });
    }

    /// Whether the log has this chain where it had all inputs before the snapshot.
    fn fits(&self, next: u64, chain: &Hash) -> bool {
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
