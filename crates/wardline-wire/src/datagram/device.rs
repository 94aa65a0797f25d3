//! The device's end: makes datagrams, opens acknowledgements. For devices, tests and generators of
//! load.

use super::ack::{Ack, PLAIN_BYTES};
use super::header::{Header, Peek};
use super::keys::{DirectionKey, Secret};
use super::record::{Record, flags};
use super::{ACK_BYTES, HEADER_BYTES, RECORD_BYTES, RECORDS_MAX, Suite, TAG_BYTES};
use crate::refusal::{Reason, Refused};
use std::fmt;

/// A device that sends.
///
/// The caller keeps records and numbers them, from 1. A counter must never be used twice: a device
/// that restarts goes on with [`Device::resume`], from a counter that it has surely not used.
pub struct Device {
    index: u32,
    suite: Suite,
    secret: Secret,
    epoch: u8,
    data: DirectionKey,
    ack: DirectionKey,
    /// The last counter that was used.
    counter: u64,
    /// The newest transmission that was acknowledged.
    acked: u64,
}

impl Device {
    /// A device that has never sent, in epoch 0.
    pub fn new(index: u32, suite: Suite, secret: &Secret) -> Self {
        Self::in_epoch(index, suite, secret, 0)
    }

    /// A device that has never sent; the secret is that of this epoch.
    pub fn in_epoch(index: u32, suite: Suite, secret: &Secret, epoch: u8) -> Self {
        let [data, ack] = secret.keys(epoch, index);
        Self { index, suite, secret: secret.clone(), epoch, data, ack, counter: 0, acked: 0 }
    }

    /// Goes on after a counter, the highest that may have been used.
    pub fn resume(&mut self, counter: u64) {
        (self.counter, self.acked) = (counter, counter);
    }

    /// Goes on to the next key epoch, as an acknowledgement with `rekey` asks for.
    pub fn rotate(&mut self) {
        self.secret = self.secret.next(self.epoch, self.index);
        self.epoch = self.epoch.wrapping_add(1);
        [self.data, self.ack] = self.secret.keys(self.epoch, self.index);
    }

    /// The last counter that was used; 0 before the first.
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// The key epoch.
    pub fn epoch(&self) -> u8 {
        self.epoch
    }

    /// Writes a datagram with these records, under a new counter, and gives its length. It is
    /// marked as backlog if all its records are.
    ///
    /// # Errors
    ///
    /// If there are no records or more than 37, or the buffer is too small, or all counters are
    /// used.
    pub fn encode(
        &mut self,
        records: &[Record],
        ack_wanted: bool,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let count = records.len();
        if !(1..=RECORDS_MAX).contains(&count) {
            return Err(EncodeError::RecordCount { count });
        }
        let length = HEADER_BYTES + count * RECORD_BYTES + TAG_BYTES;
        let given = out.len();
        let out = out.get_mut(..length).ok_or(EncodeError::Buffer { length, given })?;
        let counter = self.counter.checked_add(1).ok_or(EncodeError::Counter)?;
        let peek = Peek {
            suite: self.suite,
            epoch: self.epoch,
            index: self.index,
            counter,
            ack_wanted,
            backlog: records.iter().all(|record| record.flags & flags::BACKLOG != 0),
            records: count as u8,
        };
        let header = Header::of_data(&peek).write();
        out[..HEADER_BYTES].copy_from_slice(&header);
        let (plain, tag) = out[HEADER_BYTES..].split_at_mut(count * RECORD_BYTES);
        let (places, _) = plain.as_chunks_mut();
        places.iter_mut().zip(records).for_each(|(place, record)| *place = record.write());
        let sealed = self.data.seal(self.suite, counter, &header, plain);
        tag.copy_from_slice(&sealed.ok_or(EncodeError::Counter)?);
        self.counter = counter;
        Ok(length)
    }

    /// Opens an acknowledgement, decrypting it where it lies.
    ///
    /// # Errors
    ///
    /// If it is not one of this device in its current epoch, or answers nothing newer than an
    /// earlier one did (`stale_ack`).
    pub fn open_ack(&mut self, datagram: &mut [u8]) -> Result<Ack, Refused> {
        let datagram: &mut [u8; ACK_BYTES] = datagram.try_into().map_err(|_| Reason::Length)?;
        let (header, sealed) = datagram.split_first_chunk_mut().ok_or(Reason::Length)?;
        let read = Header::read(header);
        if read.kind != self.suite.ack_type() {
            return Err(Reason::UnknownType.into());
        }
        if read.reserved != 0 || read.bits != 0 {
            return Err(Reason::ReservedBits.into());
        }
        if read.index != self.index {
            return Err(Reason::UnknownDevice.into());
        }
        if read.epoch != self.epoch {
            return Err(Reason::WrongEpoch.into());
        }
        let plain = self.ack.open(self.suite, read.counter, header, sealed);
        let plain: &[u8; PLAIN_BYTES] =
            plain.and_then(|plain| plain.try_into().ok()).ok_or(Reason::Forged)?;
        let ack = Ack::read(plain);
        if !(self.acked + 1..=self.counter).contains(&ack.counter) {
            return Err(Reason::StaleAck.into());
        }
        self.acked = ack.counter;
        Ok(ack)
    }
}

/// Why no datagram was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// No records, or more than a datagram holds.
    RecordCount {
        /// How many were given.
        count: usize,
    },
    /// The buffer is too small.
    Buffer {
        /// What is needed, in bytes.
        length: usize,
        /// What was given, in bytes.
        given: usize,
    },
    /// All counters are used: the device needs a new secret.
    Counter,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordCount { count } => write!(f, "{count} records, not 1 to {RECORDS_MAX}"),
            Self::Buffer { length, given } => write!(f, "{length} bytes needed, {given} given"),
            Self::Counter => f.write_str("all counters are used"),
        }
    }
}

impl std::error::Error for EncodeError {}
