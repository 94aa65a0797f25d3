//! The first 16 bytes of a datagram, which are readable by anybody and authenticated.

use super::{DATAGRAM_BYTES_MAX, HEADER_BYTES, RECORD_BYTES, Suite, TAG_BYTES};
use crate::refusal::{Reason, Refused};

const ACK_WANTED: u8 = 1;
const BACKLOG: u8 = 1 << 1;

/// What a datagram of a device says about itself before its tag is checked: worth nothing but to
/// find the key, and to fetch the device's memory ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Peek {
    /// The cipher.
    pub suite: Suite,
    /// The key epoch.
    pub epoch: u8,
    /// The device's index in the table.
    pub index: u32,
    /// The number of the transmission.
    pub counter: u64,
    /// The device asks for an acknowledgement.
    pub ack_wanted: bool,
    /// The records were kept while there was no connection.
    pub backlog: bool,
    /// How many records there are: 1 to 37.
    pub records: u8,
}

/// Reads the header of a datagram from a device, and checks the length.
///
/// # Errors
///
/// `length`, `unknown_type` or `reserved_bits`.
pub fn peek(datagram: &[u8]) -> Result<Peek, Refused> {
    let length = datagram.len();
    let least = HEADER_BYTES + RECORD_BYTES + TAG_BYTES;
    if !(least..=DATAGRAM_BYTES_MAX).contains(&length) || !length.is_multiple_of(RECORD_BYTES) {
        return Err(Reason::Length.into());
    }
    let (header, _) = datagram.split_first_chunk().ok_or(Reason::Length)?;
    let header = Header::read(header);
    let suite = Suite::of_data(header.kind).ok_or(Reason::UnknownType)?;
    if header.reserved != 0 || header.bits & !(ACK_WANTED | BACKLOG) != 0 {
        return Err(Reason::ReservedBits.into());
    }
    Ok(Peek {
        suite,
        epoch: header.epoch,
        index: header.index,
        counter: header.counter,
        ack_wanted: header.bits & ACK_WANTED != 0,
        backlog: header.bits & BACKLOG != 0,
        records: ((length - HEADER_BYTES - TAG_BYTES) / RECORD_BYTES) as u8,
    })
}

/// The header of any datagram, field by field.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub kind: u8,
    pub epoch: u8,
    pub reserved: u8,
    pub bits: u8,
    pub index: u32,
    pub counter: u64,
}

impl Header {
    pub fn of_data(peek: &Peek) -> Self {
        let mut bits = 0;
        if peek.ack_wanted {
            bits |= ACK_WANTED;
        }
        if peek.backlog {
            bits |= BACKLOG;
        }
        Self {
            kind: peek.suite.data_type(),
            epoch: peek.epoch,
            reserved: 0,
            bits,
            index: peek.index,
            counter: peek.counter,
        }
    }

    pub fn of_ack(suite: Suite, epoch: u8, index: u32, counter: u64) -> Self {
        Self { kind: suite.ack_type(), epoch, reserved: 0, bits: 0, index, counter }
    }

    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Self {
        let [kind, epoch, reserved, bits, i0, i1, i2, i3, counter @ ..] = *bytes;
        Self {
            kind,
            epoch,
            reserved,
            bits,
            index: u32::from_le_bytes([i0, i1, i2, i3]),
            counter: u64::from_le_bytes(counter),
        }
    }

    pub fn write(self) -> [u8; HEADER_BYTES] {
        let [i0, i1, i2, i3] = self.index.to_le_bytes();
        let [c0, c1, c2, c3, c4, c5, c6, c7] = self.counter.to_le_bytes();
        let Self { kind, epoch, reserved, bits, .. } = self;
        [kind, epoch, reserved, bits, i0, i1, i2, i3, c0, c1, c2, c3, c4, c5, c6, c7]
    }
}
