//! The log of inputs.

use crate::codec::{Malformed, Unsealed, read_record, record_subject, write_record};
use crate::disk::Disk;
use crate::error::{Fault, LogError, OpenError, ReadError};
use crate::frame::Entries;
use crate::frames::{Frames, Place, damage};
use crate::keys::{KeyInfo, Keys};
use crate::notes::Note;
use crate::seal::{Entropy, Seal};
use crate::writer::{Durable, FrameSeen, LogOptions, Recovery, Writer};
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
#[derive(Debug)]
pub struct InputLog {
    writer: Writer,
    /// The places of the keys of a batch.
    places: Vec<Option<usize>>,
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
        Ok((Self { writer, places: Vec::new() }, recovery))
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
        let inputs = inputs.into_iter();
        self.writer.begin(now)?;
        self.find_keys(now, inputs.clone())?;
        let mark = self.writer.mark();
        for ((_, record), place) in inputs.zip(&self.places) {
            let write = |key, out: &mut Vec<u8>| write_record(record, key, out);
            if let Err(error) = self.writer.entry(*place, write) {
                self.writer.back_to(mark);
                return Err(error);
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

/// What was read of the log of inputs.
#[derive(Clone)]
#[non_exhaustive]
pub enum Logged {
    /// An input.
    Input {
        /// Its number.
        number: u64,
        /// The input, or that it is sealed.
        record: Unsealed<Record>,
    },
    /// Something about the log itself.
    Note(Note),
}

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { number, record } => {
                f.debug_struct("Input").field("number", number).field("record", record).finish()
            }
            Self::Note(note) => note.fmt(f),
        }
    }
}

/// Reads the log of inputs, with all checks. Whoever writes it may go on meanwhile.
#[derive(Debug)]
pub struct InputReader {
    frames: Frames,
    keys: Keys,
    from: u64,
}

impl InputReader {
    /// Opens the log to read it from an input on.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is damaged where it begins.
    pub fn open(disk: Arc<dyn Disk>, from: u64) -> Result<Self, ReadError> {
        let kind = LogKind::Input;
        let frames = Frames::open(Arc::clone(&disk), kind, from)?;
        let keys = match frames.is_empty() {
            true => Keys::none(),
            false => Keys::read(disk, kind, frames.log)?,
        };
        Ok(Self { frames, keys, from })
    }

    /// Adds what the next frame holds, from the wanted input on. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn next_frame(&mut self, into: &mut Vec<Logged>) -> Result<bool, ReadError> {
        let place = self.frames.place;
        let Some((head, payload)) = self.frames.next()? else {
            return Ok(false);
        };
        let mut number = head.first;
        let mut entries = Entries::new(payload);
        for (index, entry) in &mut entries {
            let malformed = |m: Malformed| damage(place, Fault::Entry(m));
            if Note::is_note(entry) {
                let note = Note::read(entry).map_err(malformed)?;
                note.check_key(&mut self.keys, place)?;
                into.push(Logged::Note(note));
                continue;
            }
            if number >= self.from {
                let seal = Seal { salt: head.salt, entry: index };
                let record = read_record(entry, seal, &mut self.keys).map_err(malformed)?;
                into.push(Logged::Input { number, record });
            }
            number = number.saturating_add(1);
        }
        let whole = entries.is_at_end() && entries.given() == head.entries;
        match whole && number == head.first + u64::from(head.numbered) {
            true => Ok(true),
            false => Err(damage(place, Fault::Entries)),
        }
    }

    /// The keys that it reads with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How far it has read: the next number, and the chain of hashes up to there.
    pub fn durable(&self) -> Durable {
        let Place { next, chain, .. } = self.frames.place;
        Durable { next, chain }
    }

    /// The bytes of a torn write at the end, once the end was reached.
    pub fn torn_bytes(&self) -> Option<u64> {
        self.frames.torn.map(|torn| torn.bytes)
    }
}
