//! What a start must know of each entry of a log, without opening what need not be opened.

use crate::codec::{FixStart, Malformed, Unsealed, event_id, kind, read_record, take_status};
use crate::error::{Fault, ReadError};
use crate::evidence::Evidence;
use crate::frame::Entries;
use crate::frames::{Place, damage};
use crate::keys::Keys;
use crate::notes::Note;
use crate::seal::Seal;
use crate::writer::FrameSeen;
use std::fmt;
use wardline_core::ids::DeviceId;
use wardline_core::input::Record;

/// What a start must know of an entry.
#[derive(Clone)]
#[non_exhaustive]
pub enum Outline {
    /// A fix or status is in the log of inputs. Readable even if its key was destroyed.
    Record {
        /// Its number in the log.
        number: u64,
        /// The device that sent it.
        device: DeviceId,
        /// The device's own number for it.
        seq: u64,
    },
    /// An act of an operator or a change of configuration is in either log.
    Act {
        /// Its number in the log of inputs.
        number: u64,
        /// The input.
        record: Unsealed<Record>,
    },
    /// An event is in the log of evidence. Readable even if its key was destroyed.
    Event {
        /// The number of its input.
        input: u64,
        /// The number of its order; 0 is none.
        order: u64,
        /// Its place among the events of this input and order.
        index: u32,
    },
    /// Something about the log itself.
    Note(Note),
}

impl fmt::Debug for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { number, .. } => write!(f, "Record({number})"),
            Self::Act { number, .. } => write!(f, "Act({number})"),
            Self::Event { input, order, index } => write!(f, "Event({input}.{order}.{index})"),
            Self::Note(note) => note.fmt(f),
        }
    }
}

impl Outline {
    /// Of an entry of the log of inputs; nothing if a start need not know it.
    fn of_input(
        entry: &[u8],
        number: u64,
        seal: Seal,
        keys: &mut Keys,
    ) -> Result<Option<Self>, Malformed> {
        match entry.first().map_or(0, |first| first & !kind::AT) {
            kind::FIX => {
                let head = FixStart::read(entry)?.map(FixStart::head).transpose()?;
                Ok(head.map(|head| Self::Record { number, device: head.device, seq: head.seq }))
            }
            kind::STATUS => {
                let (device, seq) = take_status(entry)?;
                Ok(Some(Self::Record { number, device, seq }))
            }
            kind::TICK | kind::INVALID => Ok(None),
            1..=kind::OPERATOR => {
                let record = read_record(entry, seal, keys)?;
                Ok(Some(Self::Act { number, record }))
            }
            _ => Note::read(entry).map(|note| Some(Self::Note(note))),
        }
    }

    /// Of a leaf of the log of evidence; nothing if a start need not know it.
    fn of_leaf(entry: &[u8], seal: Seal, keys: &mut Keys) -> Result<Option<Self>, Malformed> {
        if let Some((input, order, index)) = event_id(entry) {
            return Ok(Some(Self::Event { input, order, index }));
        }
        Ok(match Evidence::read(entry, seal, keys)? {
            Evidence::Input { number, record } => Some(Self::Act { number, record }),
            Evidence::Note(note) => Some(Self::Note(note)),
            Evidence::Heartbeat { .. } | Evidence::Event(_) => None,
        })
    }

    /// Whether a key that is named is the one in the file of keys.
    fn check(&self, keys: &mut Keys, place: Place) -> Result<(), ReadError> {
        match self {
            Self::Note(note) => note.check_key(keys, place),
            _ => Ok(()),
        }
    }
}

/// Gives what a start must know of a frame of inputs, from an input on.
pub(crate) fn of_inputs(
    frame: &FrameSeen<'_>,
    keys: &mut Keys,
    from: u64,
    mut visit: impl FnMut(Outline),
) -> Result<(), ReadError> {
    let FrameSeen { place, head, payload, .. } = *frame;
    let mut number = head.first;
    for (entry, bytes) in Entries::new(payload) {
        let seal = Seal { salt: head.salt, entry };
        let is_note = Note::is_note(bytes);
        if is_note || number >= from {
            let outline = Outline::of_input(bytes, number, seal, keys);
            if let Some(outline) = outline.map_err(|m| damage(place, Fault::Entry(m)))? {
                outline.check(keys, place)?;
                if number >= from {
                    visit(outline);
                }
            }
        }
        number = number.saturating_add(u64::from(!is_note));
    }
    Ok(())
}

/// Gives what a start must know of a frame of evidence.
pub(crate) fn of_leaves(
    frame: &FrameSeen<'_>,
    keys: &mut Keys,
    mut visit: impl FnMut(Outline),
) -> Result<(), ReadError> {
    let FrameSeen { place, head, payload, .. } = *frame;
    for (entry, bytes) in Entries::new(payload) {
        let outline = Outline::of_leaf(bytes, Seal { salt: head.salt, entry }, keys);
        if let Some(outline) = outline.map_err(|m| damage(place, Fault::Entry(m)))? {
            outline.check(keys, place)?;
            visit(outline);
        }
    }
    Ok(())
}
