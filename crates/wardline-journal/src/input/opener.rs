//! Opening what is in the frames of the log of inputs.

use super::Logged;
use crate::codec::{FIX_SEALED_BYTES_MAX, FixHead, Malformed, Unsealed, read_record};
use crate::error::{Fault, ReadError};
use crate::frame::{self, Entries, FrameHead};
use crate::frames::{Place, damage};
use crate::keys::Keys;
use crate::notes::Note;
use crate::seal::{Mask, Seal};
use std::fmt;

/// A frame of the log of inputs as it is stored.
#[derive(Default)]
pub struct InputFrame {
    pub(super) place: Place,
    pub(super) head: FrameHead,
    pub(super) bytes: Vec<u8>,
}

impl fmt::Debug for InputFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputFrame").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Opens what is in frames, with the keys of the log.
#[derive(Debug)]
pub struct InputOpener {
    pub(super) keys: Keys,
    pub(super) from: u64,
}

impl InputOpener {
    pub(super) fn new(keys: Keys, from: u64) -> Self {
        Self { keys, from }
    }

    /// Gives what a frame holds, from the wanted input on.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn visit(
        &mut self,
        frame: &InputFrame,
        visit: impl FnMut(Logged),
    ) -> Result<(), ReadError> {
        self.visit_payload(frame.place, &frame.head, frame::payload(&frame.bytes), visit)
    }

    pub(super) fn visit_payload(
        &mut self,
        place: Place,
        head: &FrameHead,
        payload: &[u8],
        mut visit: impl FnMut(Logged),
    ) -> Result<(), ReadError> {
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
            true => Ok(()),
            false => Err(damage(place, Fault::Entries)),
        }
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
