//! The bytes of a packet, read once from front to back; nothing is copied but numbers.

use super::Imei;
use crate::refusal::Reason;
use std::fmt;

const CODEC_8: u8 = 0x08;
const CODEC_8_EXTENDED: u8 = 0x8E;

/// The head of a packet, and its records still to be read.
pub(super) struct Packet<'p> {
    pub packet_id: u16,
    pub avl_packet_id: u8,
    pub imei: Imei,
    pub count: u8,
    extended: bool,
    /// The records and the count after them.
    rest: &'p [u8],
}

/// What is read of a record.
pub(super) struct Record {
    pub time_ms: u64,
    pub priority: u8,
    pub lon_e7: i32,
    pub lat_e7: i32,
    pub angle_deg: u16,
    pub satellites: u8,
    pub speed_kmh: u16,
}

/// For refusals.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time_ms, lat_e7, lon_e7, angle_deg, .. } = self;
        write!(f, "time {time_ms} ms, lat {lat_e7}, lon {lon_e7} in 1e-7°, angle {angle_deg}°")
    }
}

impl<'p> Packet<'p> {
    /// Reads the head.
    pub fn read(message: &'p [u8]) -> Result<Self, Reason> {
        let mut bytes = Bytes(message);
        let length = bytes.u16().ok_or(Reason::Length)?;
        if usize::from(length) != bytes.0.len() {
            return Err(Reason::Length);
        }
        let mut head = || Some((bytes.u16()?, bytes.take::<2>()?, bytes.u16()?, bytes.take()?));
        let (packet_id, [_, avl_packet_id], digits, imei) = head().ok_or(Reason::Length)?;
        let imei: &[u8; 15] = imei;
        let imei = Imei::new(imei).filter(|_| digits == 15).ok_or(Reason::Malformed)?;
        let [codec, count] = *bytes.take().ok_or(Reason::Length)?;
        let extended = match codec {
            CODEC_8 => false,
            CODEC_8_EXTENDED => true,
            _ => return Err(Reason::UnknownMessage),
        };
        Ok(Self { packet_id, avl_packet_id: *avl_packet_id, imei, count, extended, rest: bytes.0 })
    }

    /// Whether all records can be read, and nothing else is there.
    pub fn check(&self) -> Result<(), Reason> {
        let mut records = self.records();
        let all_read = records.by_ref().all(|record| record.is_some());
        let is_whole = all_read && records.bytes.0 == [self.count];
        if is_whole && self.count > 0 { Ok(()) } else { Err(Reason::Malformed) }
    }

    /// The records; after one that cannot be read there is no other.
    pub fn records(&self) -> Records<'p> {
        Records { bytes: Bytes(self.rest), left: self.count, extended: self.extended }
    }
}

pub(super) struct Records<'p> {
    bytes: Bytes<'p>,
    left: u8,
    extended: bool,
}

impl Iterator for Records<'_> {
    type Item = Option<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let record = self.record();
        if record.is_none() {
            self.left = 0;
        }
        Some(record)
    }
}

impl Records<'_> {
    fn record(&mut self) -> Option<Record> {
        let bytes = &mut self.bytes;
        let time_ms = u64::from_be_bytes(*bytes.take()?);
        let [priority] = *bytes.take()?;
        let lon_e7 = i32::from_be_bytes(*bytes.take()?);
        let lat_e7 = i32::from_be_bytes(*bytes.take()?);
        bytes.skip(2)?; // The altitude.
        let angle_deg = bytes.u16()?;
        let [satellites] = *bytes.take()?;
        let speed_kmh = bytes.u16()?;
        self.pass_elements()?;
        Some(Record { time_ms, priority, lon_e7, lat_e7, angle_deg, satellites, speed_kmh })
    }

    /// Passes the IO elements: groups of values of 1, 2, 4 and 8 bytes, each with its id; in the
    /// extended codec also values with their own length.
    fn pass_elements(&mut self) -> Option<()> {
        let id_bytes = if self.extended { 2 } else { 1 };
        self.bytes.skip(id_bytes)?; // Which element made the device send.
        let total = self.number()?;
        let mut sum = 0;
        for value_bytes in [1, 2, 4, 8] {
            let count = self.number()?;
            self.bytes.skip(count * (id_bytes + value_bytes))?;
            sum += count;
        }
        if self.extended {
            let count = self.number()?;
            for _ in 0..count {
                self.bytes.skip(id_bytes)?;
                let length = self.number()?;
                self.bytes.skip(length)?;
            }
            sum += count;
        }
        (sum == total).then_some(())
    }

    /// A count or length: as wide as an id.
    fn number(&mut self) -> Option<usize> {
        if self.extended {
            self.bytes.u16().map(usize::from)
        } else {
            self.bytes.take().map(|[byte]| usize::from(*byte))
        }
    }
}

struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take<const N: usize>(&mut self) -> Option<&'b [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(|bytes| u16::from_be_bytes(*bytes))
    }
}
