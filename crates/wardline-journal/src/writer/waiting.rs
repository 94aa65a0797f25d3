//! What waits to be written.

use crate::codec::Put;
use crate::seal::{Mask, Seal};

/// A frame that waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub first: u64,
    pub numbered: u32,
    pub entries: u32,
    pub salt: u64,
    /// All keys below this number are named in it or before.
    pub keys: u64,
    pub payload: Vec<u8>,
}

/// The mask of an entry to come, if it comes where it is expected.
pub(crate) struct Ahead {
    pub seal: Seal,
    pub mask: Mask,
}

/// Up to where entries wait, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub frames: usize,
    pub payload: usize,
    pub numbered: u32,
    pub entries: u32,
    pub next: u64,
}

/// Writes the length of the entry after `start`, for which one byte was left.
pub(super) fn end_length(payload: &mut Vec<u8>, start: usize) {
    let length = payload.len() - start - 1;
    if length < 0x80 {
        payload[start] = length as u8;
        return;
    }
    let mut varint = Vec::new();
    varint.varint(length as u64);
    payload.splice(start..=start, varint);
}
