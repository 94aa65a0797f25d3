//! Writing a log: what both logs have in common.
//!
//! Entries are encoded and sealed as they are appended, and wait in memory. A commit writes them as
//! frames; each is synced before the next is written. If the disk is full they keep waiting; if
//! anything else fails, what is durable is unknown, and nothing is written any more.

mod open;
mod options;
mod waiting;

pub(crate) use open::FrameSeen;
pub use open::{Check, Cut, Recovery};
pub use options::{CommitPolicy, Durable, LogOptions};
pub(crate) use waiting::{Ahead, Mark};
use waiting::{Waiting, end_length};

use crate::codec::Put;
use crate::disk::{Disk, DiskFile, put_whole, write_all};
use crate::error::{LogError, is_full};
use crate::frame::{self, FrameHead};
use crate::frames::Place;
use crate::keyring::{KeyError, KeyPlace, KeyRing};
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
    /// The memory of a payload that was written, for the next one.
    spare: Vec<u8>,
    oldest: Option<Timestamp>,
    poison: Option<String>,
    out: Vec<u8>,
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
        let payload = std::mem::take(&mut self.spare);
        self.waiting.push_back(Waiting { first: next, salt, payload, ..Waiting::default() });
    }

    /// The subject's key; names it in the log if it is new.
    pub fn key_place(&mut self, subject: Subject, now: Timestamp) -> Result<KeyPlace, LogError> {
        let (place, note) = self.keys.place(subject, now).map_err(LogError::Entropy)?;
        if let Some(note) = note {
            self.note(&note);
        }
        Ok(place)
    }

    pub fn note(&mut self, note: &Note) {
        // In the log of evidence everything is a leaf.
        let numbered = u32::from(self.kind == LogKind::Evidence);
        let (frame, start) = self.begin_entry();
        note.write(&mut frame.payload);
        end_length(&mut frame.payload, start);
        self.count_entry(numbered);
    }

    /// The masks of entries to come, for those that find a frame open: made in a row, they cost a
    /// fraction of what they do one by one.
    pub fn masks(&mut self, places: &[Option<KeyPlace>], into: &mut Vec<Ahead>) {
        let seal = self.next_seal();
        into.clear();
        let ahead = (seal.entry..).zip(places).map(|(entry, place)| {
            let seal = Seal { entry, ..seal };
            let mask = place.map(|at| self.keys.cipher(at.place).mask(seal, 0));
            Ahead { seal, mask: mask.unwrap_or_default() }
        });
        into.extend(ahead);
    }

    /// Appends an entry with the next number; `write` says where its sealed part begins, which the
    /// key at `place` seals.
    pub fn entry(
        &mut self,
        place: Option<KeyPlace>,
        ahead: Option<&Ahead>,
        write: impl FnOnce(u64, &mut Vec<u8>) -> usize,
    ) -> Result<(), LogError> {
        let number = self.next;
        let (frame, start) = self.begin_entry();
        let seal = Seal { salt: frame.salt, entry: frame.entries };
        let key = place.map_or(0, |place| place.key);
        let sealed = write(key, &mut frame.payload);
        let bytes = frame.payload.len() - start - 1;
        if bytes > ENTRY_BYTES_MAX {
            frame.payload.truncate(start);
            return Err(LogError::TooLong { number, bytes });
        }
        if let Some(place) = place {
            let last = self.waiting.len() - 1;
            let sealed = &mut self.waiting[last].payload[sealed..];
            let cipher = self.keys.cipher(place.place);
            match ahead.filter(|ahead| ahead.seal == seal) {
                Some(ahead) => cipher.apply_with(&ahead.mask, seal, sealed),
                None => cipher.apply(seal, sealed),
            }
        }
        let last = self.waiting.len() - 1;
        end_length(&mut self.waiting[last].payload, start);
        self.count_entry(1);
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

    /// Leaves a byte for the length of an entry, and says where.
    fn begin_entry(&mut self) -> (&mut Waiting, usize) {
        let frame = self.open_frame();
        let start = frame.payload.len();
        frame.payload.u8(0);
        (frame, start)
    }

    /// Counts the entry that was written.
    fn count_entry(&mut self, numbered: u32) {
        // Each key is named by the next entry after it is made.
        let keys = self.keys.next();
        if let Some(frame) = self.waiting.back_mut() {
            frame.keys = keys;
            frame.entries += 1;
            frame.numbered += numbered;
        }
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
        while let Some(mut frame) = self.waiting.pop_front() {
            if frame.entries == 0 {
                continue;
            }
            if let Err((operation, error)) = self.write_frame(&frame, now) {
                self.waiting.push_front(frame);
                return Err(self.failed(operation, error));
            }
            written(&frame.payload);
            frame.payload.clear();
            self.spare = frame.payload;
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
