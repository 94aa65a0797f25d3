//! What a leaf of the log of evidence says.

use crate::Hash;
use crate::codec::{
    Malformed, Opener, Put, Take, Unsealed, kind, read_event, read_record, write_record,
};
use crate::notes::Note;
use crate::seal::Seal;
use crate::writer::Durable;
use std::fmt;
use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_core::time::Timestamp;

/// A leaf of the log of evidence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Leaf {
    /// Its number, from 0.
    pub number: u64,
    /// Its hash in the Merkle tree.
    pub hash: Hash,
    /// The entry as it is stored, over which the hash is.
    pub stored: Vec<u8>,
    /// The salt of its frame, which it is sealed with.
    pub salt: u64,
    /// Its number in the frame, likewise.
    pub entry: u32,
    /// What it says.
    pub evidence: Evidence,
}

/// What a leaf says.
#[derive(Clone)]
#[non_exhaustive]
pub enum Evidence {
    /// An event of the engine.
    Event(Box<Unsealed<Event>>),
    /// An act of an operator or a change of configuration.
    Input {
        /// Its number in the log of inputs.
        number: u64,
        /// The input.
        record: Unsealed<Record>,
    },
    /// The log lived.
    Heartbeat {
        /// When.
        at: Timestamp,
        /// How far the log of inputs was durable.
        inputs: Durable,
    },
    /// Something about the log itself.
    Note(Note),
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Input { number, record } => {
                f.debug_struct("Input").field("number", number).field("record", record).finish()
            }
            Self::Heartbeat { at, inputs } => {
                f.debug_struct("Heartbeat").field("at", at).field("inputs", inputs).finish()
            }
            Self::Note(note) => note.fmt(f),
        }
    }
}

impl Evidence {
    /// Reads an entry of either log.
    pub(crate) fn read_any(
        entry: &[u8],
        seal: Seal,
        opener: &mut impl Opener,
    ) -> Result<Self, Malformed> {
        match entry.first().map_or(0, |first| first & !kind::AT) {
            1..=kind::INVALID => {
                Ok(Self::Input { number: 0, record: read_record(entry, seal, opener)? })
            }
            _ => Self::read(entry, seal, opener),
        }
    }

    pub(crate) fn read(
        entry: &[u8],
        seal: Seal,
        opener: &mut impl Opener,
    ) -> Result<Self, Malformed> {
        match entry.first().copied().unwrap_or_default() {
            kind::EVENT => Ok(Self::Event(Box::new(read_event(entry, seal, opener)?))),
            kind::INPUT => {
                let mut from = Take::new(&entry[1..]);
                let number = from.varint("a number")?;
                let record = read_record(from.rest(), seal, opener)?;
                Ok(Self::Input { number, record })
            }
            kind::HEARTBEAT => {
                let mut from = Take::new(&entry[1..]);
                let at = Timestamp::from_ms(from.i64("a time")?);
                let inputs =
                    Durable { next: from.varint("a number")?, chain: from.array("a hash")? };
                from.end()?;
                Ok(Self::Heartbeat { at, inputs })
            }
            _ => Note::read(entry).map(Self::Note),
        }
    }
}

/// Writes an input, and says where its sealed part begins.
pub(super) fn write_input(number: u64, record: &Record, key: u64, out: &mut Vec<u8>) -> usize {
    out.u8(kind::INPUT);
    out.varint(number);
    write_record(record, key, out)
}

/// Writes a heartbeat, which has no sealed part.
pub(crate) fn write_heartbeat(at: Timestamp, inputs: Durable, out: &mut Vec<u8>) -> usize {
    out.u8(kind::HEARTBEAT);
    out.i64(at.ms());
    out.varint(inputs.next);
    out.raw(&inputs.chain);
    out.len()
}
