//! Teltonika trackers: Codec 8 and Codec 8 Extended over UDP.
//!
//! The layout is that of the vendor's pages "Codec" and "Teltonika Data Sending Protocols". All
//! integers are big-endian:
//!
//! ```text
//! u16 length of what follows   u16 packet id   u8 unused   u8 AVL packet id
//! u16 15   IMEI, 15 digits   u8 codec (0x08, 0x8E)   u8 n   n records   u8 n
//! record: u64 Unix ms   u8 priority   i32 lon 1e-7°   i32 lat 1e-7°   i16 altitude m
//!         u16 angle °   u8 satellites   u16 speed km/h   IO elements
//! answer: u16 5   u16 packet id   u8 1   u8 AVL packet id   u8 records accepted
//! ```
//!
//! The protocol authenticates nobody, so a fix has the assurance of its [`Channel`] at best. It has
//! no number of a record either: `seq` is twice the time of the record in milliseconds, and one
//! more for a panic, so that what is sent again is known as a repeat. A record without satellites
//! repeats the last position that the device knew; it is taken as a sign of life only. A record of
//! priority 2 is a panic besides. IO elements are passed over.

mod avl;

use crate::datagram::{checked_time, checked_time_or, refusal};
use crate::protocol::{Channel, DeviceKey, DeviceProtocol};
use crate::refusal::{Reason, Refusals, Refused};
use avl::{Packet, Record};
use std::collections::HashMap;
use std::fmt;
use wardline_core::geometry::Position;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Fix, Input, Source, Status, StatusReport};
use wardline_core::time::Timestamp;

/// The length of an answer in bytes.
pub const ANSWER_BYTES: usize = 7;
const PRIORITY_PANIC: u8 = 2;
const ANGLE_DEG_MAX: u16 = 360;
const KMH_PER_MPS: f64 = 3.6;

/// The number of a modem: 15 decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Imei(u64);

impl Imei {
    /// The IMEI with these digits.
    pub fn new(digits: &[u8]) -> Option<Self> {
        let is_imei = digits.len() == 15 && digits.iter().all(u8::is_ascii_digit);
        is_imei.then(|| Self(digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'))))
    }
}

impl fmt::Display for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:015}", self.0)
    }
}

/// The receiver of trackers by Teltonika.
pub struct Teltonika {
    channel: Channel,
    devices: HashMap<Imei, DeviceId>,
    refusals: Refusals,
}

/// A packet whose records were handed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The device.
    pub device: DeviceId,
    /// The number of the packet.
    pub packet_id: u16,
    /// The number of the data in it.
    pub avl_packet_id: u8,
    /// How many records there are. All count as accepted, the absurd too, lest they come for ever.
    pub accepted: u8,
}

impl Teltonika {
    /// A receiver that knows no device.
    pub fn new(channel: Channel) -> Self {
        Self { channel, devices: HashMap::new(), refusals: Refusals::new() }
    }

    /// Takes what comes from this modem for this device's.
    pub fn insert(&mut self, imei: Imei, device: DeviceId) {
        self.devices.insert(imei, device);
    }

    /// Forgets a modem.
    pub fn remove(&mut self, imei: Imei) -> Option<DeviceId> {
        self.devices.remove(&imei)
    }

    fn find(&self, imei: Imei) -> Result<DeviceId, Reason> {
        self.devices.get(&imei).copied().ok_or(Reason::UnknownDevice)
    }

    fn hand_on(
        &mut self,
        record: &Record,
        device: DeviceId,
        now: Timestamp,
        sink: &mut dyn FnMut(DeviceId, Input),
    ) {
        let seq = record.time_ms.wrapping_mul(2);
        let report = |seq, status| {
            let time = checked_time_or(record.time_ms, now);
            Input::Status(StatusReport { device, seq, time, status })
        };
        let input = if record.satellites == 0 {
            report(seq, Status::Heartbeat)
        } else {
            fix(record, device, seq, self.channel).map_or_else(
                |reason| {
                    self.refusals.count(reason);
                    refusal(device, reason, record)
                },
                Input::Fix,
            )
        };
        sink(device, input);
        if record.priority == PRIORITY_PANIC {
            sink(device, report(seq.wrapping_add(1), Status::Panic));
        }
    }
}

fn fix(record: &Record, device: DeviceId, seq: u64, channel: Channel) -> Result<Fix, Reason> {
    if record.angle_deg > ANGLE_DEG_MAX {
        return Err(Reason::BadCourse);
    }
    let position = Position::from_e7(record.lat_e7, record.lon_e7);
    let speed_mps = f64::from(record.speed_kmh) / KMH_PER_MPS;
    Ok(Fix {
        device,
        seq,
        time: checked_time(record.time_ms)?,
        position: position.map_err(|_| Reason::BadPosition)?,
        accuracy_m: None,
        speed_mps: Some(speed_mps),
        course_deg: Some(record.angle_deg.into()),
        source: Source::Gnss,
        assurance: channel.assurance(),
        mock: false,
        clock_unsynced: false,
        moving: false,
        backlog: false,
    })
}

impl DeviceProtocol for Teltonika {
    type Opened = Opened;

    /// The key is the IMEI.
    fn peek(&self, message: &[u8]) -> Result<DeviceKey, Refused> {
        let head = Packet::read(message)?;
        self.find(head.imei)?;
        Ok(DeviceKey::new(head.imei.0))
    }

    fn open(
        &mut self,
        message: &mut [u8],
        now: Timestamp,
        sink: &mut dyn FnMut(DeviceId, Input),
    ) -> Result<Opened, Refused> {
        let checked = Packet::read(message).and_then(|packet| {
            let device = self.find(packet.imei)?;
            // The first pass shows that all can be read, so that no packet is taken in halves.
            packet.check()?;
            Ok((packet, device))
        });
        let (packet, device) = checked.inspect_err(|reason| self.refusals.count(*reason))?;
        for record in packet.records().flatten() {
            self.hand_on(&record, device, now, sink);
        }
        let Packet { packet_id, avl_packet_id, count, .. } = packet;
        Ok(Opened { device, packet_id, avl_packet_id, accepted: count })
    }

    fn ack(&mut self, opened: &Opened, _: Timestamp, out: &mut [u8]) -> usize {
        let [high, low] = opened.packet_id.to_be_bytes();
        let answer = [0, 5, high, low, 1, opened.avl_packet_id, opened.accepted];
        let Some(out) = out.first_chunk_mut() else {
            return 0;
        };
        *out = answer;
        ANSWER_BYTES
    }

    fn refusals(&self) -> &Refusals {
        &self.refusals
    }
}

#[cfg(test)]
mod tests;
