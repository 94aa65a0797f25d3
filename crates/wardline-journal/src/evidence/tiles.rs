//! The hashes of the tree in a file, for proofs. They follow from the log, so the file is made anew
//! at each start and never synced.

use crate::Hash;
use crate::disk::{Disk, DiskFile, read_full, write_all};
use crate::merkle::Nodes;
use std::io;

/// The stored hashes.
#[derive(Debug)]
pub(crate) struct Tiles {
    file: Box<dyn DiskFile>,
    /// How many are in the file.
    stored: u64,
    /// Those after them.
    waiting: Vec<u8>,
}

impl Tiles {
    /// An empty file in place of what is there.
    pub fn create(disk: &dyn Disk) -> io::Result<Self> {
        Ok(Self { file: disk.create(NAME)?, stored: 0, waiting: Vec::new() })
    }

    pub fn push(&mut self, hash: Hash) {
        self.waiting.extend_from_slice(&hash);
    }

    /// Moves to the file what waits.
    pub fn flush(&mut self) -> io::Result<()> {
        write_all(self.file.as_mut(), self.stored * HASH_BYTES, &self.waiting)?;
        self.stored += self.waiting.len() as u64 / HASH_BYTES;
        self.waiting.clear();
        Ok(())
    }
}

impl Nodes for Tiles {
    fn node(&mut self, index: u64) -> io::Result<Hash> {
        let mut hash = Hash::default();
        if let Some(waiting) = index.checked_sub(self.stored) {
            let start = usize::try_from(waiting).unwrap_or(usize::MAX).saturating_mul(hash.len());
            let bytes = self.waiting.get(start..).and_then(|left| left.first_chunk());
            return bytes.copied().ok_or(io::ErrorKind::UnexpectedEof.into());
        }
        match read_full(self.file.as_mut(), index * HASH_BYTES, &mut hash)? {
            32 => Ok(hash),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

const NAME: &str = "evidence.tree";
const HASH_BYTES: u64 = 32;
