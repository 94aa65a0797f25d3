//! The head of a segment file, and the names of segments.

use crate::codec::{Put, Take};
use crate::disk::Disk;
use crate::{Hash, LogKind};
use sha2::{Digest, Sha256};
use std::io;

/// What a segment begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHead {
    pub kind: LogKind,
    /// Drawn when the log was created.
    pub log: LogId,
    /// The number of the segment, from 1.
    pub number: u64,
    /// The sequence number of the first entry that will be in it.
    pub first: u64,
    /// All keys below this number were named before.
    pub keys: u64,
    /// The chain of hashes before its first frame.
    pub chain: Hash,
}

pub(crate) type LogId = [u8; 16];

impl SegmentHead {
    /// The head of the first segment of a new log.
    pub fn genesis(kind: LogKind, log: LogId, first: u64) -> Self {
        let mut head = Self { kind, log, number: 1, first, keys: 0, chain: Hash::default() };
        head.chain = Sha256::digest(&head.encode()[..CHAIN_OFFSET]).into();
        head
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEAD_BYTES);
        bytes.raw(&MAGIC);
        bytes.u32(VERSION);
        bytes.u32(self.kind.number());
        bytes.raw(&self.log);
        bytes.u64(self.number);
        bytes.u64(self.first);
        bytes.u64(self.keys);
        bytes.raw(&self.chain);
        bytes.u32(crc32c::crc32c(&bytes));
        bytes
    }

    /// Reads a head; nothing if it is not one of this kind of log.
    pub fn decode(kind: LogKind, bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_at_checked(SEGMENT_HEAD_BYTES - 4)?;
        if Take::new(checksum).u32("").ok()? != crc32c::crc32c(body) {
            return None;
        }
        let mut from = Take::new(body);
        let is_ours = from.array("").ok()? == MAGIC
            && from.u32("").ok()? == VERSION
            && from.u32("").ok()? == kind.number();
        let log = from.array("").ok()?;
        let (number, first) = (from.u64("").ok()?, from.u64("").ok()?);
        let keys = from.u64("").ok()?;
        let head = Self { kind, log, number, first, keys, chain: from.array("").ok()? };
        let is_genesis = number != 1 || head == Self::genesis(kind, log, first);
        (is_ours && is_genesis).then_some(head)
    }
}

pub(crate) fn name(kind: LogKind, number: u64) -> String {
    format!("{}-{number:010}{EXTENSION}", kind.prefix())
}

/// The numbers of the segments that are there, in order.
pub(crate) fn numbers(disk: &dyn Disk, kind: LogKind) -> io::Result<Vec<u64>> {
    let names = disk.list()?;
    let number = |file: &String| {
        let digits =
            file.strip_prefix(kind.prefix())?.strip_prefix('-')?.strip_suffix(EXTENSION)?;
        let number = digits.parse().ok()?;
        (*file == name(kind, number)).then_some(number)
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

const MAGIC: [u8; 8] = *b"WARDLOG1";
const VERSION: u32 = 1;
const EXTENSION: &str = ".log";
const CHAIN_OFFSET: usize = 56;
pub(crate) const SEGMENT_HEAD_BYTES: usize = CHAIN_OFFSET + 32 + 4;
