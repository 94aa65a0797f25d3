//! Files of states of engines, each for a place in the log of inputs.
//!
//! What a state is, the engine knows; here it is bytes. A file appears whole or not at all. One
//! that is damaged, of another log, or put in the place of another is refused, and the one before
//! is used: less is saved then, and nothing is lost, for the log has everything.

use crate::Hash;
use crate::codec::{Put, Take};
use crate::disk::{Disk, put_whole, read_whole, remove_temporary};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::sync::Arc;

/// The files of snapshots in a folder.
#[derive(Debug)]
pub struct SnapshotStore {
    disk: Arc<dyn Disk>,
    prefix: &'static str,
    keep: usize,
    bytes_max: u64,
}

/// A state and where in the log of inputs it belongs.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The state has taken in all inputs below this number.
    pub next: u64,
    /// The chain of hashes of the log of inputs where it was durable up to there or further; it
    /// ties the state to that log.
    pub chain: Hash,
    /// The state.
    pub state: Vec<u8>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.state.len();
        f.debug_struct("Snapshot").field("next", &self.next).field("bytes", &bytes).finish()
    }
}

/// A file that was not used.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: &'static str,
}

/// Why there is no snapshot to begin with.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It is longer than the store takes.
    TooLong {
        /// Its length in bytes.
        bytes: u64,
    },
    /// A file could not be read or written.
    Io(io::Error),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "a snapshot of {bytes} bytes is too long"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl SnapshotStore {
    /// The snapshots in a folder, of which the newest `keep` are kept, at least one. Files that a
    /// crash left half written are removed.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or written.
    pub fn open(disk: Arc<dyn Disk>, keep: usize) -> io::Result<Self> {
        Self::of(disk, PREFIX, keep)
    }

    /// The states of devices in a folder, likewise: files of the same form with another name.
    ///
    /// # Errors
    ///
    /// As [`SnapshotStore::open`].
    pub fn of_devices(disk: Arc<dyn Disk>, keep: usize) -> io::Result<Self> {
        Self::of(disk, DEVICES_PREFIX, keep)
    }

    fn of(disk: Arc<dyn Disk>, prefix: &'static str, keep: usize) -> io::Result<Self> {
        remove_temporary(disk.as_ref(), &disk.list()?, prefix)?;
        Ok(Self { disk, prefix, keep: keep.max(1), bytes_max: STATE_BYTES_MAX })
    }

    /// Writes a snapshot durably, then removes those beyond the newest that are kept.
    ///
    /// # Errors
    ///
    /// If it is too long or cannot be written. Then those before are still there.
    pub fn put(&self, next: u64, chain: Hash, state: &[u8]) -> Result<(), SnapshotError> {
        if state.len() as u64 > self.bytes_max {
            return Err(SnapshotError::TooLong { bytes: state.len() as u64 });
        }
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.raw(&MAGIC);
        head.u64(next);
        head.raw(&chain);
        head.u64(state.len() as u64);
        let hash: Hash = Sha256::new().chain_update(&head).chain_update(state).finalize().into();
        put_whole(self.disk.as_ref(), &name(self.prefix, next), &[&head, state, &hash])?;
        let names = self.names()?;
        for old in names.iter().rev().skip(self.keep) {
            self.disk.remove(old)?;
        }
        Ok(self.disk.sync_folder()?)
    }

    /// The newest snapshot that is sound and that `fits` the log of inputs; what was refused on the
    /// way is added to `refused`.
    ///
    /// `fits` is given the number of the next input and the chain of hashes: a snapshot beyond the
    /// end of the log, or of a log whose chain was another there, does not fit.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn newest(
        &self,
        mut fits: impl FnMut(u64, &Hash) -> bool,
        refused: &mut Vec<Refused>,
    ) -> io::Result<Option<Snapshot>> {
        for file in self.names()?.into_iter().rev() {
            let bytes = read_whole(self.disk.as_ref(), &file, self.bytes_max + FRAME_BYTES);
            let read = match bytes {
                Ok(bytes) => read(bytes, self.prefix, &file),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err("too long"),
                Err(_) => Err("it cannot be read"),
            };
            let reason = match read {
                Ok(snapshot) if fits(snapshot.next, &snapshot.chain) => return Ok(Some(snapshot)),
                Ok(_) => "it does not fit the log of inputs",
                Err(reason) => reason,
            };
            refused.push(Refused { name: file, reason });
        }
        Ok(None)
    }

    /// The names of all snapshots, the oldest first.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.disk.list()?;
        names.retain(|file| file.starts_with(self.prefix) && file.ends_with(EXTENSION));
        names.sort_unstable();
        Ok(names)
    }
}

fn read(mut bytes: Vec<u8>, prefix: &str, file: &str) -> Result<Snapshot, &'static str> {
    let hash: Hash = *bytes.last_chunk().ok_or("it is too short")?;
    bytes.truncate(bytes.len() - hash.len());
    let found: Hash = Sha256::digest(&bytes).into();
    if found != hash {
        return Err("its hash is wrong");
    }
    let mut from = Take::new(&bytes);
    let mut head = || {
        let magic: [u8; 8] = from.array("")?;
        Ok::<_, crate::Malformed>((magic, from.u64("")?, from.array("")?, from.u64("")?))
    };
    let (magic, next, chain, length) = head().map_err(|_| "it is too short")?;
    if magic != MAGIC || length != from.left() as u64 {
        return Err("it is no snapshot");
    }
    if name(prefix, next) != file {
        return Err("it was put in the place of another");
    }
    let state = bytes.split_off(HEAD_BYTES);
    Ok(Snapshot { next, chain, state })
}

fn name(prefix: &str, next: u64) -> String {
    format!("{prefix}{next:020}{EXTENSION}")
}

const MAGIC: [u8; 8] = *b"WARDSTA1";
const PREFIX: &str = "snapshot-";
const DEVICES_PREFIX: &str = "devices-";
const EXTENSION: &str = ".state";
const HEAD_BYTES: usize = 56;
/// Head and hash.
const FRAME_BYTES: u64 = HEAD_BYTES as u64 + 32;
/// 4 GiB: four million devices of 1 kB.
const STATE_BYTES_MAX: u64 = 4 << 30;
