//! Reading the log of inputs.

use crate::LogKind;
use crate::codec::{FIX_SEALED_BYTES_MAX, FixHead, Malformed, Unsealed, read_record};
use crate::disk::Disk;
use crate::error::{Fault, ReadError};
use crate::frame::Entries;
use crate::frames::{Frames, Place, damage};
use crate::input::check_entries;
use crate::keys::Keys;
use crate::notes::Note;
use crate::outline::{self, Outline};
use crate::seal::{Mask, Seal};
use crate::writer::{Durable, FrameSeen};
use std::fmt;
use std::sync::Arc;
use wardline_core::input::Record;

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
        self.visit_frame(|logged| into.push(logged))
    }

    /// Gives what the next frame holds, from the wanted input on. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn visit_frame(&mut self, mut visit: impl FnMut(Logged)) -> Result<bool, ReadError> {
        let place = self.frames.place;
        let Some((head, payload)) = self.frames.next()? else {
            return Ok(false);
        };
        let malformed = |m: Malformed| damage(place, Fault::Entry(m));
        let mut row = Row { salt: head.salt, entries: Vec::with_capacity(ROW) };
        let mut masks = Vec::with_capacity(ROW);
        let mut number = head.first;
        let mut entries = Entries::new(payload);
        for (index, entry) in &mut entries {
            let is_note = Note::is_note(entry);
            if is_note || row.entries.len() == ROW {
                row.open(&mut self.keys, &mut masks, &mut visit).map_err(malformed)?;
            }
            if is_note {
                let note = Note::read(entry).map_err(malformed)?;
                note.check_key(&mut self.keys, place)?;
                visit(Logged::Note(note));
                continue;
            }
            if number >= self.from {
                row.entries.push((number, index, entry));
            }
            number = number.saturating_add(1);
        }
        row.open(&mut self.keys, &mut masks, &mut visit).map_err(malformed)?;
        let whole = entries.is_at_end() && entries.given() == head.entries;
        match whole && number == head.first + u64::from(head.numbered) {
            true => Ok(true),
            false => Err(damage(place, Fault::Entries)),
        }
    }

    /// Gives what a start must know of the next frame, from the wanted input on. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn outline_frame(&mut self, visit: impl FnMut(Outline)) -> Result<bool, ReadError> {
        let (log, place) = (self.frames.log, self.frames.place);
        let Some((head, payload)) = self.frames.next()? else { return Ok(false) };
        let frame = FrameSeen { log, place, head, payload };
        check_entries(&frame).map_err(|fault| damage(place, fault))?;
        outline::of_inputs(&frame, &mut self.keys, self.from, visit)?;
        Ok(true)
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

/// Entries in a row that are opened together: numbers, places in the frame, bytes.
struct Row<'a> {
    salt: u64,
    entries: Vec<(u64, u32, &'a [u8])>,
}

impl Row<'_> {
    /// Gives them in their order, up to one that is malformed.
    fn open(
        &mut self,
        keys: &mut Keys,
        masks: &mut Vec<Option<(usize, Mask)>>,
        visit: &mut impl FnMut(Logged),
    ) -> Result<(), Malformed> {
        let mut heads = [const { Ok(None) }; ROW];
        for (head, (_, _, entry)) in heads.iter_mut().zip(&self.entries) {
            *head = FixHead::read(entry);
        }
        let salt = self.salt;
        let seal = |entry: u32| Seal { salt, entry };
        let wanted = heads.iter().zip(&self.entries).map(|(head, (_, index, _))| match head {
            Ok(Some(FixHead { key, .. })) => Some((*key, seal(*index))),
            _ => None,
        });
        keys.masks(wanted, masks);
        for ((head, found), (number, index, entry)) in
            heads.into_iter().zip(masks).zip(self.entries.drain(..))
        {
            let record = match (head?, found) {
                (Some(head), Some(found)) => {
                    let mut room = [0; FIX_SEALED_BYTES_MAX];
                    let room = &mut room[..head.sealed.len()];
                    room.copy_from_slice(head.sealed);
                    keys.open_with(found, seal(index), room);
                    Unsealed::Open(head.finish(room)?)
                }
                (Some(head), None) => head.without_key(),
                (None, _) => read_record(entry, seal(index), keys)?,
            };
            visit(Logged::Input { number, record });
        }
        Ok(())
    }
}

/// So many entries are opened together: twice what the processor keeps in flight.
const ROW: usize = 32;
