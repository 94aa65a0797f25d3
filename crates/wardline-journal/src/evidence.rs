//! The log of evidence: what was said about inputs, in a form that nobody can change unseen.
//!
//! Every entry is a leaf of a Merkle tree: events, operator acts and changes of configuration,
//! a heartbeat each minute, and what the log notes about itself. The hash of a leaf is over the
//! entry as it is stored, sealed, so that it stays what it was when a key is destroyed.

mod checkpoints;
mod leaf;
mod reader;
mod tiles;

pub(crate) use leaf::write_heartbeat;
pub use leaf::{Evidence, Leaf};
pub use reader::{Checker, EvidenceReader, Mismatch};

use crate::checkpoint::{Checkpoint, Signer, Verifier};
use crate::codec::{event_subject, record_subject, write_event};
use crate::disk::Disk;
use crate::error::{LogError, OpenError, ReadError, is_full};
use crate::frame::Entries;
use crate::frames::damage;
use crate::input::{check_entries, introduce};
use crate::keys::{KeyInfo, Keys};
use crate::merkle::{self, Consistency, Inclusion, ProofError, Tree};
use crate::outline::{self, Outline};
use crate::seal::Entropy;
use crate::writer::{Check, Durable, FrameSeen, LogOptions, Recovery, Writer};
use crate::{Hash, LogKind, Subject};
use checkpoints::Checkpoints;
use std::sync::Arc;
use tiles::Tiles;
use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_core::time::Timestamp;

/// When a checkpoint is signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckpointPolicy {
    /// After so many leaves. Default 1,000.
    pub leaves_max: u64,
    /// After so long, if there are new leaves, in milliseconds. Default 10,000.
    pub age_ms_max: i64,
    /// A heartbeat is written so often, in milliseconds. Default 60,000: silence of more than a
    /// minute is a gap.
    pub heartbeat_ms: i64,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self { leaves_max: 1_000, age_ms_max: 10_000, heartbeat_ms: 60_000 }
    }
}

/// How a log of evidence is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EvidenceOptions {
    /// As for the log of inputs; its leaves are always numbered from 0 and all checked at a start.
    pub log: LogOptions,
    /// When a checkpoint is signed.
    pub checkpoints: CheckpointPolicy,
}

impl Default for EvidenceOptions {
    fn default() -> Self {
        let log = LogOptions { first: 0, ..LogOptions::default() };
        Self { log, checkpoints: CheckpointPolicy::default() }
    }
}

/// Writes the log of evidence.
///
/// [`EvidenceLog::beat`] and [`EvidenceLog::commit`] are called when [`EvidenceLog::due`] says so.
#[derive(Debug)]
pub struct EvidenceLog {
    writer: Writer,
    signer: Signer,
    policy: CheckpointPolicy,
    heart: Heart,
    head: Head,
}

/// What is durable, as a tree.
#[derive(Debug)]
struct Head {
    tree: Tree,
    tiles: Tiles,
    checkpoints: Checkpoints,
    /// The size of the last checkpoint.
    signed: u64,
    /// Since when there are leaves without a checkpoint.
    unsigned_since: Option<Timestamp>,
}

/// When the log last said that it lives.
#[derive(Debug)]
struct Heart {
    last: Option<Timestamp>,
    opened: Timestamp,
}

impl EvidenceLog {
    /// Opens the log in a folder, or makes a new one there.
    ///
    /// # Errors
    ///
    /// If it is damaged, cannot be read or written, or is not what its last checkpoint says.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: EvidenceOptions,
        signer: Signer,
        entropy: Box<dyn Entropy>,
        now: Timestamp,
    ) -> Result<(Self, Recovery), OpenError> {
        Self::open_visited(disk, options, signer, entropy, now, |_| Ok(()))
    }

    /// Opens the log as [`EvidenceLog::open`] does, and gives all that a start must know of it.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::open`].
    pub fn open_outlined(
        disk: Arc<dyn Disk>,
        options: EvidenceOptions,
        signer: Signer,
        entropy: Box<dyn Entropy>,
        now: Timestamp,
        mut visit: impl FnMut(Outline),
    ) -> Result<(Self, Recovery), OpenError> {
        let (shared, mut keys) = (Arc::clone(&disk), None);
        Self::open_visited(disk, options, signer, entropy, now, |frame| {
            let keys = Keys::once(&mut keys, &shared, LogKind::Evidence, frame.log)?;
            outline::of_leaves(frame, keys, &mut visit)
        })
    }

    fn open_visited(
        disk: Arc<dyn Disk>,
        mut options: EvidenceOptions,
        signer: Signer,
        entropy: Box<dyn Entropy>,
        now: Timestamp,
        mut visit: impl FnMut(&FrameSeen<'_>) -> Result<(), ReadError>,
    ) -> Result<(Self, Recovery), OpenError> {
        (options.log.first, options.log.check) = (0, Check::Everything);
        let checkpoints = Checkpoints::open(Arc::clone(&disk), &signer.verifier())?;
        let last = checkpoints.last().cloned();
        let mut checker = Checker::new(last.iter().cloned().collect());
        let mut tiles = Tiles::create(disk.as_ref())?;
        let opened = Writer::open(disk, LogKind::Evidence, options.log, entropy, now, |frame| {
            check_entries(frame).map_err(|fault| damage(frame.place, fault))?;
            for (_, entry) in Entries::new(frame.payload) {
                checker.push(merkle::leaf_hash(entry), |hash| tiles.push(hash))?;
            }
            visit(frame)?;
            Ok(tiles.flush()?)
        });
        let (writer, recovery) = opened?;
        let tree = checker.finish()?;
        let signed = last.map_or(0, |last| last.size);
        let unsigned_since = (tree.size() > signed).then_some(now);
        let head = Head { tree, tiles, checkpoints, signed, unsigned_since };
        let heart = Heart { last: None, opened: now };
        Ok((Self { writer, signer, policy: options.checkpoints, heart, head }, recovery))
    }

    /// Appends an event, and gives the number of its leaf. It is durable after the next
    /// [`EvidenceLog::commit`].
    ///
    /// # Errors
    ///
    /// If it is too long, too much waits already, or the log is poisoned.
    pub fn append_event(&mut self, now: Timestamp, event: &Event) -> Result<u64, LogError> {
        self.writer.begin(now)?;
        if let Subject::Order(_) = event_subject(event) {
            self.writer.keys.know(event_subject(event));
        }
        let place = self.writer.key_place(event_subject(event), now)?;
        let leaf = self.writer.next();
        self.writer.entry(Some(place), None, |key, out| write_event(event, key, out))?;
        Ok(leaf)
    }

    /// Appends an input with its number: an operator's act or a change of configuration. Gives the
    /// number of its leaf.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::append_event`].
    pub fn append_input(
        &mut self,
        now: Timestamp,
        number: u64,
        record: &Record,
    ) -> Result<u64, LogError> {
        self.writer.begin(now)?;
        introduce(&mut self.writer, record);
        let place = record_subject(record).map(|subject| self.writer.key_place(subject, now));
        let place = place.transpose()?;
        let leaf = self.writer.next();
        self.writer.entry(place, None, |key, out| leaf::write_input(number, record, key, out))?;
        Ok(leaf)
    }

    /// Appends a heartbeat if one is due: that the log lives, and how far the log of inputs is
    /// durable, so that what is lost there shows here. True if it did.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::append_event`].
    pub fn beat(&mut self, now: Timestamp, inputs: Durable) -> Result<bool, LogError> {
        if self.next_beat().is_some_and(|due| now < due) {
            return Ok(false);
        }
        self.beat_now(now, inputs)?;
        Ok(true)
    }

    /// Appends a heartbeat, as before a log is closed or handed over: the checkpoint after it
    /// holds all inputs that were durable.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::append_event`].
    pub fn beat_now(&mut self, now: Timestamp, inputs: Durable) -> Result<(), LogError> {
        self.writer.begin(now)?;
        self.writer.entry(None, None, |_, out| write_heartbeat(now, inputs, out))?;
        self.heart.last = Some(now);
        Ok(())
    }

    fn next_beat(&self) -> Option<Timestamp> {
        self.heart.last.map(|last| last.plus_ms(self.policy.heartbeat_ms))
    }

    /// When [`EvidenceLog::beat`] or [`EvidenceLog::commit`] is due.
    pub fn due(&self) -> Timestamp {
        let beat = self.next_beat().unwrap_or(self.heart.opened);
        let sign = self.head.unsigned_since.map(|since| since.plus_ms(self.policy.age_ms_max));
        [self.writer.due(), sign].into_iter().flatten().fold(beat, Timestamp::min)
    }

    /// Makes durable all that was appended, and signs a checkpoint if one is due: gives it then.
    ///
    /// # Errors
    ///
    /// [`LogError::Full`] if there is no room: what is not durable yet still waits. Anything else
    /// poisons the log.
    pub fn commit(&mut self, now: Timestamp) -> Result<Option<String>, LogError> {
        self.write(now)?;
        let unsigned = self.head.tree.size() - self.head.signed;
        let age_ms = self.head.unsigned_since.map_or(0, |since| now.ms_since(since));
        let due = unsigned >= self.policy.leaves_max || age_ms >= self.policy.age_ms_max;
        if unsigned > 0 && due { self.sign().map(Some) } else { Ok(None) }
    }

    /// Makes durable all that was appended, and signs a checkpoint of it: a signed note.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::commit`].
    pub fn checkpoint(&mut self, now: Timestamp) -> Result<String, LogError> {
        self.write(now)?;
        self.sign()
    }

    fn write(&mut self, now: Timestamp) -> Result<(), LogError> {
        let head = &mut self.head;
        self.writer.commit(now, |payload| {
            for (_, entry) in Entries::new(payload) {
                let tiles = &mut head.tiles;
                head.tree.push(merkle::leaf_hash(entry), |hash| tiles.push(hash));
            }
        })?;
        if head.tree.size() > head.signed {
            head.unsigned_since.get_or_insert(now);
        }
        // They follow from the log, and wait in memory while there is no room.
        match head.tiles.flush() {
            Err(error) if !is_full(&error) => Err(self.writer.failed_elsewhere(error)),
            _ => Ok(()),
        }
    }

    fn sign(&mut self) -> Result<String, LogError> {
        let (size, root) = (self.head.tree.size(), self.head.tree.root());
        let note = self.signer.sign(size, root);
        if let Err(error) = self.head.checkpoints.append(&note) {
            return Err(self.writer.failed_elsewhere(error));
        }
        (self.head.signed, self.head.unsigned_since) = (size, None);
        Ok(note)
    }

    /// The number of durable leaves, and the head of the tree over them.
    pub fn head(&self) -> (u64, Hash) {
        (self.head.tree.size(), self.head.tree.root())
    }

    /// Proves that a leaf is in the tree of the first `size` leaves.
    ///
    /// # Errors
    ///
    /// If it is not, or so many are not durable.
    pub fn prove_inclusion(&mut self, leaf: u64, size: u64) -> Result<Inclusion, ProofError> {
        self.is_within(size)?;
        merkle::prove_inclusion(&mut self.head.tiles, leaf, size)
    }

    /// Proves that the first `old_size` leaves are the beginning of the first `size`.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::prove_inclusion`].
    pub fn prove_consistency(
        &mut self,
        old_size: u64,
        size: u64,
    ) -> Result<Consistency, ProofError> {
        self.is_within(size)?;
        merkle::prove_consistency(&mut self.head.tiles, old_size, size)
    }

    fn is_within(&self, size: u64) -> Result<(), ProofError> {
        let durable = self.head.tree.size();
        match size <= durable {
            true => Ok(()),
            false => Err(ProofError::OutOfRange { index: size, size: durable }),
        }
    }

    /// Makes unreadable for ever what was sealed with the keys that `which` names; see
    /// [`crate::InputLog::forget`]. Leaves, heads and proofs stay what they are.
    ///
    /// # Errors
    ///
    /// As [`EvidenceLog::commit`].
    pub fn forget(
        &mut self,
        now: Timestamp,
        which: impl Fn(&KeyInfo) -> bool,
    ) -> Result<Vec<u64>, LogError> {
        self.write(now)?;
        let forgotten = self.writer.forget(which)?;
        self.write(now)?;
        Ok(forgotten)
    }

    /// What checks the signatures of this log.
    pub fn verifier(&self) -> Verifier {
        self.signer.verifier()
    }

    /// Whether nothing is written any more until the log is opened anew.
    pub fn is_poisoned(&self) -> bool {
        self.writer.is_poisoned()
    }
}

/// The checkpoints that a log has in its own file, in their order; those of other keys are passed
/// over.
///
/// # Errors
///
/// If the file cannot be read, or one is not signed by the key that it names.
pub fn stored_checkpoints(
    disk: &dyn Disk,
    verifier: &Verifier,
) -> Result<Vec<Checkpoint>, ReadError> {
    checkpoints::read_all(disk, verifier)
}

/// The newest checkpoint that a log has in its own file, and the signed note that it is.
///
/// # Errors
///
/// As [`stored_checkpoints`].
pub fn newest_checkpoint(
    disk: &dyn Disk,
    verifier: &Verifier,
) -> Result<Option<(String, Checkpoint)>, ReadError> {
    checkpoints::newest(disk, verifier)
}
