//! Writing a log: what both logs have in common.
//!
//! Entries are encoded and sealed as they are appended, and wait in memory. A commit writes them as
//! frames; each is synced before the next is written. If the disk is full they keep waiting; if
//! anything else fails, what is durable is unknown, and nothing is written any more.

mod open;
mod options;

pub(crate) use open::FrameSeen;
pub use open::{Check, Cut, Recovery};
pub use options::{CommitPolicy, Durable, LogOptions};

use crate::codec::Put;
use crate::disk::{Disk, DiskFile, put_whole, write_all};
use crate::error::{LogError, is_full};
use crate::frame::{self, FrameHead};
use crate::frames::Place;
use crate::keyring::{KeyError, KeyRing};
use crate::keys::KeyInfo;
use crate::notes::Note;
use crate::seal::Seal;
use crate::segment::{self, LogId, SEGMENT_HEAD_BYTES, SegmentHead};
use crate::{LogKind, Subject};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use wardline_core::time::Timestamp;

/// Writes a log.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    kind: LogKind,
    pub options: LogOptions,
    pub log: LogId,
    pub keys: KeyRing,
    file: Box<dyn DiskFile>,
    /// How far it is durable.
    durable: Place,
    /// Something may lie behind the durable end: a write that was not finished.
    has_rest: bool,
    /// The number of the next entry that is appended.
    next: u64,
    salt: u64,
    waiting: VecDeque<Waiting>,
    oldest: Option<Timestamp>,
    poison: Option<String>,
    scratch: Vec<u8>,
    out: Vec<u8>,
}

/// A frame that waits to be written.
#[derive(Debug, Default)]
struct Waiting {
    first: u64,
    numbered: u32,
    entries: u32,
    salt: u64,
    /// All keys below this number are named in it or before.
    keys: u64,
    payload: Vec<u8>,
}

/// Up to where entries wait, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    frames: usize,
    payload: usize,
    numbered: u32,
    entries: u32,
    next: u64,
}

impl Writer {
    pub fn next(&self) -> u64 {
        self.next
    }

    pub fn durable(&self) -> Durable {
        Durable { next: self.durable.next, chain: self.durable.chain }
    }

    pub fn is_poisoned(&self) -> bool {
        self.poison.is_some()
    }

    fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|frame| frame.payload.len()).sum()
    }

    /// Whether entries may be appended.
    pub fn begin(&mut self, now: Timestamp) -> Result<(), LogError> {
        self.healthy()?;
        let waiting_bytes = self.waiting_bytes();
        if waiting_bytes >= self.options.waiting_bytes_max {
            return Err(LogError::Full { waiting_bytes });
        }
        self.keys.begin();
        self.oldest.get_or_insert(now);
        Ok(())
    }

    pub fn mark(&self) -> Mark {
        let (frames, next) = (self.waiting.len(), self.next);
        match self.waiting.back() {
            Some(Waiting { numbered, entries, payload, .. }) => Mark {
                frames,
                payload: payload.len(),
                numbered: *numbered,
                entries: *entries,
                next,
            },
            None => Mark { frames, payload: 0, numbered: 0, entries: 0, next },
        }
    }

    /// Takes back what was appended since.
    pub fn back_to(&mut self, mark: Mark) {
        self.waiting.truncate(mark.frames);
        self.next = mark.next;
        if let Some(frame) = self.waiting.back_mut() {
            frame.payload.truncate(mark.payload);
            (frame.numbered, frame.entries) = (mark.numbered, mark.entries);
        }
        // What was taken back may come in another form under the same salt, so that is changed.
        self.close_frame();
    }

    /// Lets the next entry begin a new frame.
    fn close_frame(&mut self) {
        let next = self.next;
        self.salt = self.salt.wrapping_add(1);
        let salt = self.salt;
        self.waiting.push_back(Waiting { first: next, salt, ..Waiting::default() });
    }

    /// The place of the subject's key; names the key in the log if it is new.
    pub fn key_place(&mut self, subject: Subject, now: Timestamp) -> Result<usize, LogError> {
        let (place, note) = self.keys.place(subject, now).map_err(LogError::Entropy)?;
        if let Some(note) = note {
            self.note(&note);
        }
        Ok(place)
    }

    pub fn note(&mut self, note: &Note) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        note.write(&mut scratch);
        // In the log of evidence everything is a leaf.
        self.push(&scratch, u32::from(self.kind == LogKind::Evidence));
        self.scratch = scratch;
    }

    /// Appends an entry with the next number; `write` says where its sealed part begins, which the
    /// key at `place` seals.
    pub fn entry(
        &mut self,
        place: Option<usize>,
        write: impl FnOnce(u64, &mut Vec<u8>) -> usize,
    ) -> Result<(), LogError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let key = place.map_or(0, |place| self.keys.number(place));
        let sealed = write(key, &mut scratch);
        let (number, bytes) = (self.next, scratch.len());
        if bytes > ENTRY_BYTES_MAX {
            self.scratch = scratch;
            return Err(LogError::TooLong { number, bytes });
        }
        let seal = self.next_seal();
        if let Some(place) = place {
            self.keys.cipher(place).apply(seal, &mut scratch[sealed..]);
        }
        self.push(&scratch, 1);
        self.scratch = scratch;
        Ok(())
    }

    /// Where the next entry will be.
    fn next_seal(&mut self) -> Seal {
        let frame = self.open_frame();
        Seal { salt: frame.salt, entry: frame.entries }
    }

    fn open_frame(&mut self) -> &mut Waiting {
        let full = self.waiting.back().is_none_or(|f| f.payload.len() >= FRAME_PAYLOAD_BYTES);
        if full {
            self.close_frame();
        }
        let last = self.waiting.len() - 1;
        &mut self.waiting[last]
    }

    fn push(&mut self, entry: &[u8], numbered: u32) {
        // Each key is named by the next entry after it is made.
        let keys = self.keys.next();
        let frame = self.open_frame();
        frame.keys = keys;
        frame.payload.varint(entry.len() as u64);
        frame.payload.raw(entry);
        frame.entries += 1;
        frame.numbered += numbered;
        self.next = self.next.saturating_add(u64::from(numbered));
    }

    /// When a commit is due; nothing if nothing waits.
    pub fn due(&self) -> Option<Timestamp> {
        let policy = self.options.commit;
        let oldest = self.oldest?;
        match self.next - self.durable.next >= policy.inputs_max {
            true => Some(oldest),
            false => Some(oldest.plus_ms(policy.delay_ms_max)),
        }
    }

    /// Makes durable all that was appended. `written` is given the payload of each frame then.
    pub fn commit(
        &mut self,
        now: Timestamp,
        mut written: impl FnMut(&[u8]),
    ) -> Result<Durable, LogError> {
        self.healthy()?;
        if let Err(error) = self.keys.flush() {
            return Err(self.key_failed(error));
        }
        while let Some(frame) = self.waiting.pop_front() {
            if frame.entries == 0 {
                continue;
            }
            if let Err((operation, error)) = self.write_frame(&frame, now) {
                self.waiting.push_front(frame);
                return Err(self.failed(operation, error));
            }
            written(&frame.payload);
        }
        self.oldest = None;
        Ok(self.durable())
    }

    fn write_frame(&mut self, frame: &Waiting, now: Timestamp) -> Result<(), Failure> {
        let head = FrameHead {
            // An entry is at most 1 MiB, and a frame one more than that.
            payload_bytes: u32::try_from(frame.payload.len()).unwrap_or(u32::MAX),
            first: frame.first,
            numbered: frame.numbered,
            entries: frame.entries,
            time_ms: now.ms(),
            salt: frame.salt,
            keys: frame.keys,
        };
        let end = self.durable.offset.saturating_add(head.frame_bytes() as u64);
        let is_empty = self.durable.offset == SEGMENT_HEAD_BYTES as u64;
        if end > self.options.segment_bytes && !is_empty {
            self.next_segment()?;
        }
        self.out.clear();
        let chain =
            frame::write(&self.log, &self.durable.chain, &head, &frame.payload, &mut self.out);
        self.has_rest = true;
        write_all(self.file.as_mut(), self.durable.offset, &self.out).map_err(at(WRITE))?;
        self.file.sync().map_err(at(SYNC))?;
        self.has_rest = false;
        self.durable = Place {
            offset: self.durable.offset + self.out.len() as u64,
            next: frame.first + u64::from(frame.numbered),
            chain,
            keys: head.keys,
            ..self.durable
        };
        Ok(())
    }

    fn next_segment(&mut self) -> Result<(), Failure> {
        self.drop_rest()?;
        let number = self.durable.segment + 1;
        let Place { next: first, chain, keys, .. } = self.durable;
        let head = SegmentHead { kind: self.kind, log: self.log, number, first, keys, chain };
        let name = segment::name(self.kind, number);
        put_whole(self.disk.as_ref(), &name, &[&head.encode()]).map_err(at(CREATE))?;
        self.file = self.disk.open(&name).map_err(at(CREATE))?;
        self.durable.segment = number;
        self.durable.offset = SEGMENT_HEAD_BYTES as u64;
        Ok(())
    }

    /// Cuts off a write that was not finished.
    fn drop_rest(&mut self) -> Result<(), Failure> {
        if self.has_rest {
            self.file.truncate(self.durable.offset).map_err(at(SYNC))?;
            self.file.sync().map_err(at(SYNC))?;
            self.has_rest = false;
        }
        Ok(())
    }

    /// Destroys keys and notes that. What waits must be committed before, so that its keys are
    /// named before one of them goes, and the notes after.
    pub fn forget(&mut self, which: impl Fn(&KeyInfo) -> bool) -> Result<Vec<u64>, LogError> {
        self.healthy()?;
        let forgotten = match self.keys.forget(which) {
            Ok(forgotten) => forgotten,
            Err(error) => return Err(self.key_failed(error)),
        };
        forgotten.iter().for_each(|key| self.note(&Note::KeyForgotten { key: *key }));
        Ok(forgotten)
    }

    /// Notes that something else of the log could not be made durable.
    pub fn failed_elsewhere(&mut self, error: io::Error) -> LogError {
        self.failed(CREATE, error)
    }

    fn healthy(&self) -> Result<(), LogError> {
        match &self.poison {
            Some(reason) => Err(LogError::Poisoned { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    fn key_failed(&mut self, error: KeyError) -> LogError {
        match error {
            KeyError::Write(error) => self.failed(WRITE, error),
            KeyError::Sync(error) => self.failed(SYNC, error),
        }
    }

    fn failed(&mut self, operation: &'static str, error: io::Error) -> LogError {
        if operation != SYNC && is_full(&error) {
            // If this fails too, the rest is cut off before anything is written elsewhere.
            let _ = self.file.truncate(self.durable.offset);
            return LogError::Full { waiting_bytes: self.waiting_bytes() };
        }
        let reason = format!("{operation} failed: {error}");
        self.poison = Some(reason.clone());
        LogError::Poisoned { reason }
    }
}

type Failure = (&'static str, io::Error);

fn at(operation: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| (operation, error)
}

const WRITE: &str = "a write";
const SYNC: &str = "a sync";
const CREATE: &str = "a new segment";
/// The longest entry, in bytes.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// A frame with so many bytes takes no further entry.
const FRAME_PAYLOAD_BYTES: usize = 1 << 20;
