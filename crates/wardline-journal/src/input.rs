//! The log of inputs.

mod opener;
mod reader;

pub use opener::{InputFrame, InputOpener, Opened};
pub use reader::{InputFrames, InputReader, Logged};

use crate::codec::{record_subject, write_record};
use crate::disk::Disk;
use crate::error::{Fault, LogError, OpenError};
use crate::frame::Entries;
use crate::frames::damage;
use crate::keyring::KeyPlace;
use crate::keys::{KeyInfo, Keys};
use crate::notes::{Heard, Note};
use crate::outline::{self, Outline};
use crate::seal::Entropy;
use crate::writer::{Ahead, Durable, FrameSeen, LogOptions, Recovery, Writer};
use crate::{LogKind, Subject};
use std::fmt;
use std::sync::Arc;
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;

/// How a log of inputs is kept.
pub type InputOptions = LogOptions;

/// Writes the log of inputs.
///
/// A writer thread appends batches, commits when [`InputLog::due`] says so or the queue is empty,
/// and only then lets the acks go. It needs no lock: nothing else writes.
///
/// ```
/// use std::sync::Arc;
/// use wardline_core::input::{Input, Record};
/// use wardline_core::time::Timestamp;
/// use wardline_journal::{InputLog, InputOptions, InputReader, SystemEntropy, disk::MemoryDisk};
///
/// let (disk, now) = (Arc::new(MemoryDisk::new()), Timestamp::from_ms(1_780_000_000_000));
/// let entropy = Box::new(SystemEntropy::default());
/// let (mut log, _) = InputLog::open(disk.clone(), InputOptions::default(), entropy, now)?;
/// let tick = Record { at: Some(now), input: Input::Tick };
/// log.append(now, [(1, &tick)])?;
/// assert_eq!(log.commit(now)?.next, 2);
///
/// let mut reader = InputReader::open(disk, 1)?;
/// let mut logged = Vec::new();
/// assert!(reader.next_frame(&mut logged)?);
/// assert_eq!(logged.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InputLog {
    writer: Writer,
    /// The places of the keys of a batch.
    places: Vec<Option<KeyPlace>>,
    /// The masks of the next entries.
    ahead: Vec<Ahead>,
}

impl fmt::Debug for InputLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputLog").field("writer", &self.writer).finish_non_exhaustive()
    }
}

impl InputLog {
    /// Opens the log in a folder, or makes a new one there. A torn write at its end is cut off.
    ///
    /// # Errors
    ///
    /// If it is damaged, cannot be read or cannot be written.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: InputOptions,
        entropy: Box<dyn Entropy>,
        now: Timestamp,
    ) -> Result<(Self, Recovery), OpenError> {
        let kind = LogKind::Input;
        let opened = Writer::open(disk, kind, options, entropy, now, |frame| {
            check_entries(frame).map_err(|fault| damage(frame.place, fault))
        });
        let (writer, recovery) = opened?;
        Ok((Self { writer, places: Vec::new(), ahead: Vec::new() }, recovery))
    }

    /// Opens the log as [`InputLog::open`] does and gives, of what is checked, all that a start
    /// must know, from an input on.
    ///
    /// # Errors
    ///
    /// As [`InputLog::open`].
    pub fn open_outlined(
        disk: Arc<dyn Disk>,
        options: InputOptions,
        entropy: Box<dyn Entropy>,
        now: Timestamp,
        from: u64,
        mut visit: impl FnMut(Outline),
    ) -> Result<(Self, Recovery), OpenError> {
        let (kind, mut keys) = (LogKind::Input, None);
        let shared = Arc::clone(&disk);
        let opened = Writer::open(disk, kind, options, entropy, now, |frame| {
            check_entries(frame).map_err(|fault| damage(frame.place, fault))?;
            let keys = Keys::once(&mut keys, &shared, kind, frame.log)?;
            outline::of_inputs(frame, keys, from, &mut visit)
        });
        let (writer, recovery) = opened?;
        Ok((Self { writer, places: Vec::new(), ahead: Vec::new() }, recovery))
    }

    /// Appends what was heard of devices, before the inputs that came with it. It is durable after
    /// the next [`InputLog::commit`], which holds those inputs or comes before it.
    ///
    /// # Errors
    ///
    /// If too much waits already, or the log is poisoned. Nothing was taken then.
    pub fn append_heard(
        &mut self,
        now: Timestamp,
        heard: impl IntoIterator<Item = Heard>,
    ) -> Result<(), LogError> {
        self.writer.begin(now)?;
        heard.into_iter().for_each(|heard| self.writer.note(&Note::Heard(heard)));
        Ok(())
    }

    /// Appends numbered inputs, all or none of them. They are durable after the next
    /// [`InputLog::commit`].
    ///
    /// # Errors
    ///
    /// If the numbers do not go on from those before, one input is too long, too much waits
    /// already, or the log is poisoned. Nothing of the batch was taken then.
    pub fn append<'a>(
        &mut self,
        now: Timestamp,
        inputs: impl IntoIterator<Item = (u64, &'a Record), IntoIter: Clone>,
    ) -> Result<(), LogError> {
        let mut inputs = inputs.into_iter();
        self.writer.begin(now)?;
        self.find_keys(now, inputs.clone())?;
        let mark = self.writer.mark();
        for places in self.places.chunks(AHEAD) {
            self.writer.masks(places, &mut self.ahead);
            for ((place, ahead), (_, record)) in places.iter().zip(&self.ahead).zip(inputs.by_ref())
            {
                let write = |key, out: &mut Vec<u8>| write_record(record, key, out);
                if let Err(error) = self.writer.entry(*place, Some(ahead), write) {
                    self.writer.back_to(mark);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Checks the numbers, and finds or makes the keys that the batch needs.
    fn find_keys<'a>(
        &mut self,
        now: Timestamp,
        inputs: impl Iterator<Item = (u64, &'a Record)>,
    ) -> Result<(), LogError> {
        self.places.clear();
        for (expected, (number, record)) in (self.writer.next()..).zip(inputs) {
            if number != expected {
                return Err(LogError::Sequence { number, expected });
            }
            introduce(&mut self.writer, record);
            let subject = record_subject(record);
            let place = subject.map(|subject| self.writer.key_place(subject, now));
            self.places.push(place.transpose()?);
        }
        Ok(())
    }

    /// When a commit is due; nothing if nothing waits.
    pub fn due(&self) -> Option<Timestamp> {
        self.writer.due()
    }

    /// Makes durable all that was appended.
    ///
    /// # Errors
    ///
    /// [`LogError::Full`] if there is no room: all that was appended still waits. Anything else
    /// poisons the log.
    pub fn commit(&mut self, now: Timestamp) -> Result<Durable, LogError> {
        self.writer.commit(now, |_| {})
    }

    /// What is durable.
    pub fn durable(&self) -> Durable {
        self.writer.durable()
    }

    /// The number that the next input must have.
    pub fn next(&self) -> u64 {
        self.writer.next()
    }

    /// Whether nothing is written any more until the log is opened anew.
    pub fn is_poisoned(&self) -> bool {
        self.writer.is_poisoned()
    }

    /// Makes unreadable for ever what was sealed with the keys that `which` names, by destroying
    /// them. The chain still verifies. Gives their numbers.
    ///
    /// Copies of the file of keys elsewhere, and what a disk keeps of files that were removed, are
    /// beyond it.
    ///
    /// # Errors
    ///
    /// As [`InputLog::commit`]. If there is no room, it may be called again.
    pub fn forget(
        &mut self,
        now: Timestamp,
        which: impl Fn(&KeyInfo) -> bool,
    ) -> Result<Vec<u64>, LogError> {
        self.commit(now)?;
        let forgotten = self.writer.forget(which)?;
        self.commit(now)?;
        Ok(forgotten)
    }

    /// Lets a subject begin a new key, so that what follows can be forgotten apart from what
    /// precedes, as where another order begins.
    pub fn renew_key(&mut self, subject: Subject) {
        self.writer.keys.renew(subject);
    }
}

/// So many masks are made in a row: twice what the processor keeps in flight.
const AHEAD: usize = 32;

/// Lets whoever appears have keys of their own; a device that is given away begins a new one.
pub(crate) fn introduce(writer: &mut Writer, record: &Record) {
    match &record.input {
        Input::AssignDevice(assign) => {
            writer.keys.know(Subject::Device(assign.device));
            writer.keys.renew(Subject::Device(assign.device));
        }
        Input::PutZone(put) => writer.keys.know(Subject::Zone(put.zone)),
        Input::PutOrder(put) => writer.keys.know(Subject::Order(put.order)),
        _ => {}
    }
}

/// Whether a frame has as many whole entries as it says.
pub(crate) fn check_entries(frame: &FrameSeen<'_>) -> Result<(), Fault> {
    let mut entries = Entries::new(frame.payload);
    entries.by_ref().for_each(drop);
    let whole = entries.is_at_end() && entries.given() == frame.head.entries;
    if whole { Ok(()) } else { Err(Fault::Entries) }
}
