//! Handing single leaves and inputs to somebody who has not the log, and reading them there.
//!
//! A leaf is proved as it is stored, sealed. So whoever shall read it is given the key as well; the
//! log names the hash of each key, in a leaf of its own, so that no other key can be shown.

use crate::Hash;
use crate::codec::{self, InClear, Malformed, Opener, Unsealed, read_record, write_record};
use crate::evidence::Evidence;
use crate::notes;
use crate::seal::{Cipher, KEY_BYTES, Seal};
use std::collections::BTreeMap;
use std::fmt;
use wardline_core::input::Record;

/// Keys that were handed over.
#[derive(Clone, Default)]
pub struct Disclosure {
    keys: BTreeMap<u64, [u8; KEY_BYTES]>,
}

impl Disclosure {
    /// No keys.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a key by its number.
    pub fn add(&mut self, key: u64, bytes: [u8; KEY_BYTES]) {
        self.keys.insert(key, bytes);
    }

    /// All of them, by their numbers.
    pub fn keys(&self) -> impl Iterator<Item = (u64, &[u8; KEY_BYTES])> {
        self.keys.iter().map(|(key, bytes)| (*key, bytes))
    }

    /// Reads a leaf as it is stored; `salt` is that of its frame, and `entry` its number there.
    ///
    /// # Errors
    ///
    /// If it is no leaf.
    pub fn read_leaf(&self, stored: &[u8], salt: u64, entry: u32) -> Result<Evidence, Malformed> {
        Evidence::read(stored, Seal { salt, entry }, &mut &*self)
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Opener for &Disclosure {
    fn open(&mut self, key: u64, seal: Seal, sealed: &mut [u8]) -> bool {
        let found = self.keys.get(&key);
        if let Some(bytes) = found {
            Cipher::new(bytes).apply(seal, sealed);
        }
        found.is_some()
    }
}

/// The number of the key that a leaf is sealed with; nothing if none of it is sealed.
///
/// # Errors
///
/// If it is no leaf.
pub fn sealing_key(stored: &[u8]) -> Result<Option<u64>, Malformed> {
    Ok(match Disclosure::none().read_leaf(stored, 0, 0)? {
        Evidence::Event(event) => match *event {
            Unsealed::Sealed { key, .. } => Some(key),
            Unsealed::Open(_) => None,
        },
        Evidence::Input { record: Unsealed::Sealed { key, .. }, .. } => Some(key),
        _ => None,
    })
}

/// The id of the event that a leaf is, which can be read without its key: the number of the input,
/// the order, and the index within both. Nothing if it is no event.
pub fn event_id(stored: &[u8]) -> Option<(u64, u64, u32)> {
    codec::event_id(stored)
}

/// The hash by which the log names a key.
pub fn key_hash(key: &[u8; KEY_BYTES]) -> Hash {
    notes::commitment(key)
}

/// An input as the bytes of an entry that is not sealed, with key 0.
pub fn input_to_bytes(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_record(record, 0, &mut bytes);
    bytes
}

/// Reads what [`input_to_bytes`] wrote.
///
/// # Errors
///
/// If the bytes are no input, or say that they are sealed.
pub fn input_from_bytes(bytes: &[u8]) -> Result<Record, Malformed> {
    let mut clear = InClear { key: 0 };
    let record = read_record(bytes, Seal { salt: 0, entry: 0 }, &mut clear)?;
    match record {
        Unsealed::Open(record) if clear.key == 0 => Ok(record),
        _ => Err(Malformed { offset: 0, what: "an input in clear" }),
    }
}
