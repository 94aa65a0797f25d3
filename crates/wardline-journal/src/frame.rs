//! A frame: what one commit writes.
//!
//! Head, payload, hash of the chain, checksum. All checksums begin with the id of the log, so that
//! no bytes of another log pass for a frame of this one.

use crate::Hash;
use crate::codec::{Put, Take};
use crate::segment::LogId;
use sha2::{Digest, Sha256};

/// What a frame begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct FrameHead {
    pub payload_bytes: u32,
    /// The sequence number of its first numbered entry, or of the next one if it has none.
    pub first: u64,
    /// How many of its entries have sequence numbers.
    pub numbered: u32,
    /// How many entries it has, numbered or not.
    pub entries: u32,
    /// When it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// Which no other frame of the log has.
    pub salt: u64,
    /// All keys of this log below this number are named in this frame or before.
    pub keys: u64,
}

impl FrameHead {
    /// The length of the whole frame.
    pub fn frame_bytes(&self) -> usize {
        FRAME_HEAD_BYTES + self.payload_bytes as usize + FRAME_TAIL_BYTES
    }

    fn encode(&self, log: &LogId, out: &mut Vec<u8>) {
        let start = out.len();
        out.raw(&MAGIC);
        out.u32(self.payload_bytes);
        out.u64(self.first);
        out.u32(self.numbered);
        out.u32(self.entries);
        out.i64(self.time_ms);
        out.u64(self.salt);
        out.u64(self.keys);
        let checksum = checksum(log, &out[start..]);
        out.u32(checksum);
    }

    /// Reads a head; nothing if it is none of this log or says what cannot be.
    pub fn decode(log: &LogId, bytes: &[u8]) -> Option<Self> {
        let body = bytes.get(..FRAME_HEAD_BYTES - 4)?;
        let mut from = Take::new(bytes);
        if from.array("").ok()? != MAGIC {
            return None;
        }
        let head = Self {
            payload_bytes: from.u32("").ok()?,
            first: from.u64("").ok()?,
            numbered: from.u32("").ok()?,
            entries: from.u32("").ok()?,
            time_ms: from.i64("").ok()?,
            salt: from.u64("").ok()?,
            keys: from.u64("").ok()?,
        };
        let possible = head.payload_bytes as usize <= PAYLOAD_BYTES_MAX
            && head.numbered <= head.entries
            && head.entries <= head.payload_bytes
            && head.first.checked_add(u64::from(head.numbered)).is_some();
        (possible && from.u32("").ok()? == checksum(log, body)).then_some(head)
    }
}

/// Writes a frame, and gives the chain after it.
pub(crate) fn write(
    log: &LogId,
    chain: &Hash,
    head: &FrameHead,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Hash {
    let start = out.len();
    head.encode(log, out);
    out.raw(payload);
    let chain = next_chain(chain, &out[start..]);
    out.raw(&chain);
    let checksum = checksum(log, &out[start..]);
    out.u32(checksum);
    chain
}

/// What is wrong with a whole frame, or the chain after it. Without a chain before it, the frame is
/// believed what it says of the chain.
pub(crate) fn check(log: &LogId, chain: Option<&Hash>, frame: &[u8]) -> Result<Hash, FrameFault> {
    let (body, expected) = frame.split_last_chunk().ok_or(FrameFault::Checksum)?;
    if u32::from_le_bytes(*expected) != checksum(log, body) {
        return Err(FrameFault::Checksum);
    }
    let (chained, said) = body.split_last_chunk().ok_or(FrameFault::Checksum)?;
    match chain {
        Some(chain) if next_chain(chain, chained) != *said => Err(FrameFault::Chain),
        _ => Ok(*said),
    }
}

pub(crate) enum FrameFault {
    Checksum,
    Chain,
}

fn next_chain(chain: &Hash, chained: &[u8]) -> Hash {
    Sha256::new().chain_update(chain).chain_update(chained).finalize().into()
}

fn checksum(log: &LogId, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(log), bytes)
}

/// Whether the head of a frame of this log begins anywhere in the bytes.
pub(crate) fn has_head(log: &LogId, bytes: &[u8]) -> bool {
    let heads = bytes.windows(FRAME_HEAD_BYTES).filter(|window| window.starts_with(&MAGIC));
    heads.into_iter().any(|window| FrameHead::decode(log, window).is_some())
}

/// The payload without head and tail.
pub(crate) fn payload(frame: &[u8]) -> &[u8] {
    let end = frame.len().saturating_sub(FRAME_TAIL_BYTES);
    frame.get(FRAME_HEAD_BYTES..end).unwrap_or_default()
}

/// Walks over the entries of a payload; nothing follows where they are not as they must be.
pub(crate) struct Entries<'a> {
    left: Take<'a>,
    number: u32,
}

impl<'a> Entries<'a> {
    pub fn new(payload: &'a [u8]) -> Self {
        Self { left: Take::new(payload), number: 0 }
    }

    /// How many entries were given.
    pub fn given(&self) -> u32 {
        self.number
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.left.left() == 0
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_at_end() {
            return None;
        }
        let length = self.left.count(1, "").ok().filter(|length| *length > 0)?;
        let entry = self.left.raw(length, "").ok()?;
        let number = self.number;
        self.number += 1;
        Some((number, entry))
    }
}

const MAGIC: [u8; 4] = *b"WFRM";
pub(crate) const FRAME_HEAD_BYTES: usize = 52;
/// The chain and a checksum.
pub(crate) const FRAME_TAIL_BYTES: usize = 36;
/// A writer begins a new frame at 1 MiB, and an entry has at most 1 MiB; twice that is never
/// reached, and bounds what a reader takes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 4 << 20;
