//! Acknowledgements: 64 bytes, sent only when the records are durable.

use super::header::Header;
use super::keys::DirectionKey;
use super::open::Opened;
use super::table::{DeviceTable, Generation};
use super::{ACK_BYTES, HEADER_BYTES, Suite, TAG_BYTES};
use wardline_core::time::Timestamp;

/// The longest time after which a device can be told to come back, in seconds: 4.5 hours.
pub const RETRY_S_MAX: u16 = (1 << 14) - 1;
const REKEY: u16 = 1 << 14;
const RAISE_RATE: u16 = 1 << 15;
pub(super) const PLAIN_BYTES: usize = ACK_BYTES - HEADER_BYTES - TAG_BYTES;

/// What the server wants of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Advice {
    /// The device should not send again what was not acknowledged before this many seconds, at
    /// most [`RETRY_S_MAX`].
    pub retry_s: u16,
    /// The device should go on to the next key epoch.
    pub rekey: bool,
    /// The device should send positions more often.
    pub raise_rate: bool,
}

/// What an acknowledgement says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Ack {
    /// The counter of the datagram that it answers.
    pub counter: u64,
    /// All records up to this one are durable: the device may delete them.
    pub durable_through: u32,
    /// All records up to this one were taken in.
    pub seen_through: u32,
    /// Bit i: record `seen_through + 1 + i` was taken in too.
    pub seen_bits: u64,
    /// The time of the server, in milliseconds since 1970.
    pub server_time_ms: u64,
    /// What the server wants.
    pub advice: Advice,
}

impl Ack {
    pub(super) fn write(&self) -> [u8; PLAIN_BYTES] {
        let Advice { retry_s, rekey, raise_rate } = self.advice;
        let bits = if rekey { REKEY } else { 0 } | if raise_rate { RAISE_RATE } else { 0 };
        let mut bytes = [0; PLAIN_BYTES];
        let mut put = |place: usize, field: &[u8]| {
            bytes[place..place + field.len()].copy_from_slice(field);
        };
        put(0, &self.counter.to_le_bytes());
        put(8, &self.durable_through.to_le_bytes());
        put(12, &self.seen_through.to_le_bytes());
        put(16, &self.seen_bits.to_le_bytes());
        put(24, &self.server_time_ms.to_le_bytes()[..6]);
        put(30, &(retry_s.min(RETRY_S_MAX) | bits).to_le_bytes());
        bytes
    }

    pub(super) fn read(bytes: &[u8; PLAIN_BYTES]) -> Self {
        let [
            counter @ ..,
            d0,
            d1,
            d2,
            d3,
            s0,
            s1,
            s2,
            s3,
            b0,
            b1,
            b2,
            b3,
            b4,
            b5,
            b6,
            b7,
            t0,
            t1,
            t2,
            t3,
            t4,
            t5,
            a0,
            a1,
        ] = *bytes;
        let advice = u16::from_le_bytes([a0, a1]);
        Self {
            counter: u64::from_le_bytes(counter),
            durable_through: u32::from_le_bytes([d0, d1, d2, d3]),
            seen_through: u32::from_le_bytes([s0, s1, s2, s3]),
            seen_bits: u64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]),
            server_time_ms: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, 0, 0]),
            advice: Advice {
                retry_s: advice & RETRY_S_MAX,
                rekey: advice & REKEY != 0,
                raise_rate: advice & RAISE_RATE != 0,
            },
        }
    }
}

/// The counter of the server's own transmissions. No value may come twice with one key, not even
/// after a restart, of which the table knows nothing: so it never lags behind the clock.
#[derive(Default)]
pub(super) struct AckCounter(u64);

impl AckCounter {
    /// 2^20 acknowledgements a millisecond are possible before it runs ahead of the clock.
    const STEPS_PER_MS: u32 = 20;
    const MS_MAX: u64 = u64::MAX >> Self::STEPS_PER_MS;

    fn next(&mut self, now: Timestamp) -> Option<u64> {
        let now_ms = u64::try_from(now.ms()).unwrap_or(0).min(Self::MS_MAX);
        self.0 = self.0.checked_add(1)?.max(now_ms << Self::STEPS_PER_MS);
        Some(self.0)
    }
}

impl DeviceTable {
    /// Takes note that everything up to this datagram is durable, and makes the acknowledgement of
    /// it. Gives its length, [`ACK_BYTES`]; or 0 if there is nothing to send: the device did not
    /// ask, `out` is shorter than that, or the device has been removed or has gone on by two
    /// epochs.
    ///
    /// `now` must not be earlier than it was at any call before, in this process or an earlier
    /// one: the nonce depends on it.
    pub fn ack(
        &mut self,
        opened: &Opened,
        now: Timestamp,
        advice: Advice,
        out: &mut [u8],
    ) -> usize {
        let Some(ack) = self.commit(opened, now, advice).filter(|_| opened.ack_wanted) else {
            return 0;
        };
        self.sealed(opened, now, &ack, out).map_or(0, |()| ACK_BYTES)
    }

    fn commit(&mut self, opened: &Opened, now: Timestamp, advice: Advice) -> Option<Ack> {
        let line = self.line_mut(opened.index).filter(|line| line.device == opened.device)?;
        let through = opened.seen_through as u32;
        if through.wrapping_sub(line.durable_through).cast_signed() > 0 {
            line.durable_through = through;
        }
        Some(Ack {
            counter: opened.counter,
            durable_through: line.durable_through,
            seen_through: line.progress.seen_through as u32,
            seen_bits: line.progress.bits,
            server_time_ms: u64::try_from(now.ms()).unwrap_or(0),
            advice,
        })
    }

    fn sealed(&mut self, opened: &Opened, now: Timestamp, ack: &Ack, out: &mut [u8]) -> Option<()> {
        let line = self.line(opened.index)?;
        let cold = self.cold.get(opened.index as usize)?;
        let key = match line.generation(opened.epoch)? {
            Generation::Current => cold.ack,
            Generation::Previous => cold.previous_ack,
            Generation::Next => return None,
        };
        let suite = line.suite;
        let out = out.first_chunk_mut()?;
        let counter = self.ack_counter.next(now)?;
        *out = seal(&key, suite, opened.epoch, opened.index, counter, ack)?;
        Some(())
    }
}

fn seal(
    key: &DirectionKey,
    suite: Suite,
    epoch: u8,
    index: u32,
    counter: u64,
    ack: &Ack,
) -> Option<[u8; ACK_BYTES]> {
    let header = Header::of_ack(suite, epoch, index, counter).write();
    let mut plain = ack.write();
    let tag = key.seal(suite, counter, &header, &mut plain)?;
    let mut bytes = [0; ACK_BYTES];
    bytes[..HEADER_BYTES].copy_from_slice(&header);
    bytes[HEADER_BYTES..ACK_BYTES - TAG_BYTES].copy_from_slice(&plain);
    bytes[ACK_BYTES - TAG_BYTES..].copy_from_slice(&tag);
    Some(bytes)
}
