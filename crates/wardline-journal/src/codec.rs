//! Entries as bytes: one form only for each value, and back.
//!
//! The layout is described in `docs/journal.md`. An entry is a kind, the fields that anybody may
//! read, and at its end those that are sealed with a key. What is read without an error is written
//! again as the same bytes.
//!
//! Invariant: nothing is allocated for a count before that many items could lie in the bytes left.
//! Invariant: no error holds a value that was read, for it may be a position.

mod bytes;
mod event;
mod fix;
mod geometry;
mod order;
mod record;
mod words;

pub use bytes::Malformed;
pub(crate) use bytes::{Put, Take};
pub(crate) use event::{event_id, event_subject, read_event, write_event};
pub(crate) use fix::{FIX_SEALED_BYTES_MAX, FixStart};
pub(crate) use record::{
    device as take_device, read_record, record_subject, take_status, write_record,
};

use crate::seal::Seal;
use std::fmt;
use wardline_core::time::Timestamp;

/// What was read of something that has a sealed part.
#[derive(Clone, PartialEq)]
pub enum Unsealed<T> {
    /// All of it.
    Open(T),
    /// The key is not there, so the positions and words in it cannot be read.
    Sealed {
        /// The number of the key.
        key: u64,
        /// Who it was about.
        subject: Option<crate::Subject>,
        /// When the input was received, if that is known: it moved the time of the engine.
        at: Option<Timestamp>,
    },
}

impl<T> Unsealed<T> {
    /// What was read, if it could be.
    pub fn open(self) -> Option<T> {
        match self {
            Self::Open(value) => Some(value),
            Self::Sealed { .. } => None,
        }
    }
}

impl<T> fmt::Debug for Unsealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(_) => f.write_str("Open(..)"),
            Self::Sealed { key, subject, at } => {
                let mut shown = f.debug_struct("Sealed");
                shown.field("key", key).field("subject", subject).field("at", at).finish()
            }
        }
    }
}

/// Reads an entry that is not sealed and writes it again, for those who write readers in other
/// languages, and for fuzzing: what is read at all is written as the same bytes.
///
/// # Errors
///
/// If it is no entry.
pub fn rewritten(entry: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut clear = InClear { key: 0 };
    let (seal, mut out) = (Seal { salt: 0, entry: 0 }, Vec::new());
    match crate::Evidence::read_any(entry, seal, &mut clear)? {
        crate::Evidence::Event(event) => {
            let Unsealed::Open(event) = *event else { return Ok(out) };
            write_event(&event, clear.key, &mut out);
        }
        crate::Evidence::Input { number, record: Unsealed::Open(record) } => {
            if entry.first() == Some(&kind::INPUT) {
                out.u8(kind::INPUT);
                out.varint(number);
            }
            write_record(&record, clear.key, &mut out);
        }
        crate::Evidence::Input { record: Unsealed::Sealed { .. }, .. } => {}
        crate::Evidence::Heartbeat { at, inputs } => {
            crate::evidence::write_heartbeat(at, inputs, &mut out);
        }
        crate::Evidence::Note(note) => note.write(&mut out),
    }
    Ok(out)
}

/// Takes what is sealed as if it were not.
pub(crate) struct InClear {
    /// The number of the key that was asked for last.
    pub key: u64,
}

impl Opener for InClear {
    fn open(&mut self, key: u64, _seal: Seal, _sealed: &mut [u8]) -> bool {
        self.key = key;
        true
    }
}

/// What reads the sealed part of entries.
pub(crate) trait Opener {
    /// The sealed bytes in clear, if the key is there.
    fn open(&mut self, key: u64, seal: Seal, sealed: &mut [u8]) -> bool;
}

/// The kinds of entries. Bit 7 is set where an entry has a time of receipt.
pub(crate) mod kind {
    pub const PUT_ZONE: u8 = 1;
    pub const REMOVE_ZONE: u8 = 2;
    pub const PUT_ORDER: u8 = 3;
    pub const END_ORDER: u8 = 4;
    pub const ASSIGN_DEVICE: u8 = 5;
    pub const RELEASE_DEVICE: u8 = 6;
    pub const FIX: u8 = 7;
    pub const STATUS: u8 = 8;
    pub const OPERATOR: u8 = 9;
    pub const TICK: u8 = 10;
    pub const INVALID: u8 = 11;
    pub const KEY_MADE: u8 = 32;
    pub const KEY_FORGOTTEN: u8 = 33;
    pub const CUT: u8 = 34;
    pub const HEARD: u8 = 35;
    pub const EVENT: u8 = 64;
    pub const HEARTBEAT: u8 = 65;
    pub const INPUT: u8 = 66;
    /// Set where the entry has a time of receipt.
    pub const AT: u8 = 0x80;
}
