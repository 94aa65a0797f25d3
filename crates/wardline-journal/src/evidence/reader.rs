//! Reading the log of evidence, and comparing it with checkpoints.

use super::leaf::{Evidence, Leaf};
use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::error::{Fault, ReadError};
use crate::frame::Entries;
use crate::frames::{Frames, damage};
use crate::keys::Keys;
use crate::merkle::{Tree, leaf_hash};
use crate::seal::Seal;
use crate::{Hash, LogKind};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Reads the log of evidence from its beginning, with all checks, and compares it with checkpoints
/// on the way.
#[derive(Debug)]
pub struct EvidenceReader {
    frames: Frames,
    keys: Keys,
    checker: Checker,
}

impl EvidenceReader {
    /// Opens the log. `against` are checkpoints whose signatures were checked, such as those that a
    /// court kept.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is damaged where it begins.
    pub fn open(disk: Arc<dyn Disk>, against: Vec<Checkpoint>) -> Result<Self, ReadError> {
        let kind = LogKind::Evidence;
        let frames = Frames::open(Arc::clone(&disk), kind, 0)?;
        let keys = match frames.is_empty() {
            true => Keys::none(),
            false => Keys::read(disk, kind, frames.log)?,
        };
        Ok(Self { frames, keys, checker: Checker::new(against) })
    }

    /// Adds the leaves of the next frame. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there or is not what a checkpoint says. What precedes was given.
    pub fn next_frame(&mut self, into: &mut Vec<Leaf>) -> Result<bool, ReadError> {
        let place = self.frames.place;
        let Some((head, payload)) = self.frames.next()? else {
            self.checker.check_end()?;
            return Ok(false);
        };
        let mut entries = Entries::new(payload);
        for (index, entry) in &mut entries {
            let hash = leaf_hash(entry);
            self.checker.push(hash, |_| {})?;
            let seal = Seal { salt: head.salt, entry: index };
            let evidence = Evidence::read(entry, seal, &mut self.keys);
            let evidence = evidence.map_err(|m| damage(place, Fault::Entry(m)))?;
            if let Evidence::Note(note) = &evidence {
                note.check_key(&mut self.keys, place)?;
            }
            let number = head.first + u64::from(index);
            let stored = entry.to_vec();
            into.push(Leaf { number, hash, stored, salt: head.salt, entry: index, evidence });
        }
        let whole = entries.is_at_end() && entries.given() == head.entries;
        match whole && head.entries == head.numbered {
            true => Ok(true),
            false => Err(damage(place, Fault::Entries)),
        }
    }

    /// The number of leaves so far, and the head of the tree over them.
    pub fn head(&self) -> (u64, Hash) {
        (self.checker.tree.size(), self.checker.tree.root())
    }

    /// The keys that it reads with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// Compares a growing tree with checkpoints.
#[derive(Debug)]
pub struct Checker {
    tree: Tree,
    /// Those that are yet to come, by size.
    against: VecDeque<Checkpoint>,
}

impl Checker {
    /// Compares with these checkpoints, in any order.
    pub fn new(mut against: Vec<Checkpoint>) -> Self {
        against.sort_by_key(|checkpoint| checkpoint.size);
        Self { tree: Tree::new(), against: against.into() }
    }

    /// Adds a leaf; see [`Tree::push`].
    ///
    /// # Errors
    ///
    /// If the tree is not what a checkpoint of its size says.
    pub fn push(&mut self, leaf: Hash, store: impl FnMut(Hash)) -> Result<(), ReadError> {
        self.compare()?;
        self.tree.push(leaf, store);
        self.compare()
    }

    fn compare(&mut self) -> Result<(), ReadError> {
        let size = self.tree.size();
        while let Some(next) = self.against.pop_front_if(|next| next.size == size) {
            let found = self.tree.root();
            if found != next.root {
                let mismatch = Mismatch { size, expected: next.root, found: Some(found) };
                return Err(ReadError::Mismatch(mismatch));
            }
        }
        Ok(())
    }

    /// Whether there is no checkpoint of more leaves than there are.
    fn check_end(&mut self) -> Result<(), ReadError> {
        self.compare()?;
        match self.against.front() {
            Some(Checkpoint { size, root, .. }) => {
                let mismatch = Mismatch { size: *size, expected: *root, found: None };
                Err(ReadError::Mismatch(mismatch))
            }
            None => Ok(()),
        }
    }

    /// The whole tree.
    ///
    /// # Errors
    ///
    /// If a checkpoint has more leaves than there are.
    pub fn finish(mut self) -> Result<Tree, ReadError> {
        self.check_end()?;
        Ok(self.tree)
    }
}

/// A log is not what a checkpoint says: history was rewritten or cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The number of leaves of the checkpoint.
    pub size: u64,
    /// Its head.
    pub expected: Hash,
    /// The head of the log's tree of that size; nothing if the log has fewer leaves.
    pub found: Option<Hash>,
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mismatch({self})")
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(_) => write!(f, "the first {} leaves are not those that were signed", self.size),
            None => write!(f, "{} leaves were signed, and there are fewer", self.size),
        }
    }
}

impl std::error::Error for Mismatch {}
