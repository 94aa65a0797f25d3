//! A disk in memory that runs full, fails, and loses power.
//!
//! Each file has what is durable and the writes since then. When power is lost, of each such write
//! each piece of 64 bytes survives or not, as the seed has it, and so do the first of the
//! renamings; what lies between is zero. This is worse than real disks are, and within what POSIX
//! allows.

use super::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory, for tests. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Names given or taken since the folder was synced.
    changes: Vec<Change>,
    faults: Faults,
    operations: u64,
    /// Raised when power is lost: what was opened before is no longer good.
    boot: u64,
}

#[derive(Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    writes: Vec<Write>,
}

enum Write {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

enum Change {
    Put(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Default)]
struct Faults {
    capacity: Option<usize>,
    write_bytes_max: Option<usize>,
    fail_syncs: u32,
    fail_writes: u32,
    ignore_syncs: bool,
    operations_left: Option<u64>,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk with one durable file on it.
    pub fn with_file(name: &str, bytes: &[u8]) -> Self {
        let disk = Self::new();
        disk.put(name, bytes);
        disk
    }

    /// Puts a durable file on it, or changes one.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut state = self.lock();
        let index = state.add(bytes);
        state.names.insert(name.to_owned(), index);
        state.durable_names.insert(name.to_owned(), index);
    }

    /// The content of a file as a reader sees it now.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        state.names.get(name).map(|index| state.files[*index].now.clone())
    }

    /// A second disk with the same files, all of them durable.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        let state = self.lock();
        for (name, index) in &state.names {
            copy.put(name, &state.files[*index].now);
        }
        copy
    }

    /// Holds no more than so many bytes from now on, or has no limit.
    pub fn limit(&self, bytes: Option<usize>) {
        self.lock().faults.capacity = bytes;
    }

    /// Takes no more than so many bytes with each write from now on.
    pub fn shorten_writes(&self, bytes_max: Option<usize>) {
        self.lock().faults.write_bytes_max = bytes_max;
    }

    /// Fails the next syncs of files or of the folder.
    pub fn fail_syncs(&self, many: u32) {
        self.lock().faults.fail_syncs = many;
    }

    /// Fails the next writes.
    pub fn fail_writes(&self, many: u32) {
        self.lock().faults.fail_writes = many;
    }

    /// Says from now on that syncs succeed, and does nothing, as bad disks do.
    pub fn ignore_syncs(&self) {
        self.lock().faults.ignore_syncs = true;
    }

    /// Fails everything after so many further operations, until [`MemoryDisk::restart`].
    pub fn lose_power_after(&self, operations: u64) {
        self.lock().faults.operations_left = Some(operations);
    }

    /// How many operations there were that change something.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Loses what is not durable, or some of it as the seed has it, and mends all faults.
    pub fn restart(&self, seed: u64) {
        let mut state = self.lock();
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        state.faults = Faults::default();
        state.boot += 1;
        for content in &mut state.files {
            content.lose(&mut chance);
        }
        let changes = std::mem::take(&mut state.changes);
        let mut names = state.durable_names.clone();
        for change in changes.iter().take_while(|_| chance.half()) {
            change.apply(&mut names);
        }
        state.durable_names.clone_from(&names);
        state.names = names;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, index: usize, boot: u64) -> Box<dyn DiskFile> {
        Box::new(Handle { disk: self.clone(), index, boot })
    }
}

impl std::fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryDisk").field("files", &self.lock().names.len()).finish()
    }
}

impl State {
    fn add(&mut self, bytes: &[u8]) -> usize {
        let content = Content { now: bytes.to_vec(), durable: bytes.to_vec(), writes: Vec::new() };
        self.files.push(content);
        self.files.len() - 1
    }

    /// Counts an operation; fails it if the power is gone.
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        match &mut self.faults.operations_left {
            Some(0) => Err(io::Error::other("no power")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn sync_fault(&mut self) -> io::Result<()> {
        self.step()?;
        fault(&mut self.faults.fail_syncs)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn named(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or(io::ErrorKind::NotFound.into())
    }

    fn used(&self) -> usize {
        self.names.values().map(|index| self.files[*index].now.len()).sum()
    }
}

fn fault(left: &mut u32) -> io::Result<()> {
    match left.checked_sub(1) {
        Some(fewer) => {
            *left = fewer;
            Err(io::Error::other("injected fault"))
        }
        None => Ok(()),
    }
}

impl Content {
    fn lose(&mut self, chance: &mut Chance) {
        for write in std::mem::take(&mut self.writes) {
            match write {
                Write::Length(length) if chance.half() => self.durable.resize(length, 0),
                Write::Length(_) => {}
                Write::Bytes(offset, bytes) => {
                    for (index, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
                        if chance.half() {
                            put(&mut self.durable, offset + index * PIECE_BYTES, piece);
                        }
                    }
                }
            }
        }
        self.now.clone_from(&self.durable);
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Put(name, index) => {
                names.insert(name.clone(), *index);
            }
            Self::Rename(from, to) => {
                if let Some(index) = names.remove(from) {
                    names.insert(to.clone(), index);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let state = self.lock();
        Ok(self.handle(state.named(name)?, state.boot))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        state.step()?;
        let index = state.add(&[]);
        state.change(Change::Put(name.to_owned(), index));
        Ok(self.handle(index, state.boot))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.step()?;
        state.named(from)?;
        state.change(Change::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.step()?;
        state.named(name)?;
        state.change(Change::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.sync_fault()?;
        if state.faults.ignore_syncs {
            return Ok(());
        }
        state.durable_names = state.names.clone();
        state.changes.clear();
        Ok(())
    }
}

#[derive(Debug)]
struct Handle {
    disk: MemoryDisk,
    index: usize,
    boot: u64,
}

impl Handle {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.lock();
        match state.boot == self.boot {
            true => Ok(state),
            false => Err(io::Error::other("opened before the power was lost")),
        }
    }
}

impl DiskFile for Handle {
    fn length(&self) -> io::Result<u64> {
        Ok(self.state()?.files[self.index].now.len() as u64)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let state = self.state()?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let left = state.files[self.index].now.get(offset..).unwrap_or_default();
        let many = left.len().min(into.len());
        into[..many].copy_from_slice(&left[..many]);
        Ok(many)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state()?;
        state.step()?;
        fault(&mut state.faults.fail_writes)?;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let old_length = state.files[self.index].now.len();
        let mut many = bytes.len().min(state.faults.write_bytes_max.unwrap_or(usize::MAX));
        if let Some(capacity) = state.faults.capacity {
            let free = capacity.saturating_sub(state.used());
            many = many.min((old_length + free).saturating_sub(offset));
        }
        if many == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let content = &mut state.files[self.index];
        put(&mut content.now, offset, &bytes[..many]);
        content.writes.push(Write::Bytes(offset, bytes[..many].to_vec()));
        Ok(many)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.state()?;
        state.step()?;
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let content = &mut state.files[self.index];
        content.now.resize(length, 0);
        content.writes.push(Write::Length(length));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.state()?;
        state.sync_fault()?;
        if state.faults.ignore_syncs {
            return Ok(());
        }
        let content = &mut state.files[self.index];
        content.durable.clone_from(&content.now);
        content.writes.clear();
        Ok(())
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// A small generator, so that a restart needs nothing but its seed.
struct Chance(u64);

impl Chance {
    fn half(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 63 == 1
    }
}

const PIECE_BYTES: usize = 64;
