//! The 32 bytes of a record, field by field, in the units of the wire.

use super::RECORD_BYTES;
use wardline_core::input::{Source, Status};

/// A record as it is on the wire. Any value can be here; what is absurd is refused later.
///
/// Closed on purpose: it is the layout of version 1, which does not change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// One more for each record that the device ever made, from 1.
    pub rec_seq: u32,
    /// What it is; see [`Kind`].
    pub kind: u8,
    /// The battery in percent; [`BATTERY_UNKNOWN`] if unknown.
    pub battery_percent: u8,
    /// The source of the position in the low three bits, and [`flags`].
    pub flags: u16,
    /// When it was made, in milliseconds since 1970, 48 bits.
    pub time_ms: u64,
    /// Of a fix, the satellites used; of a status or tamper, its code.
    pub satellites_or_code: u8,
    /// How old the fix was when the record was made, in tenths of a second.
    pub fix_age_ds: u8,
    /// The latitude in 1e-7 degree.
    pub lat_e7: i32,
    /// The longitude in 1e-7 degree.
    pub lon_e7: i32,
    /// The accuracy in millimetres; [`ACCURACY_UNKNOWN`] if unknown.
    pub accuracy_mm: u32,
    /// The speed in centimetres per second; [`SPEED_UNKNOWN`] if unknown.
    pub speed_cmps: u16,
    /// The course in hundredths of a degree; [`COURSE_UNKNOWN`] if unknown.
    pub course_cdeg: u16,
}

/// The battery of a device that does not know it.
pub const BATTERY_UNKNOWN: u8 = u8::MAX;
/// The accuracy of a fix that has none.
pub const ACCURACY_UNKNOWN: u32 = u32::MAX;
/// The speed of a fix that has none.
pub const SPEED_UNKNOWN: u16 = u16::MAX;
/// The course of a fix that has none.
pub const COURSE_UNKNOWN: u16 = u16::MAX;

/// The flags of a record.
pub mod flags {
    /// The position was made up by software.
    pub const MOCK: u16 = 1 << 3;
    /// The receiver notices that it is being jammed.
    pub const JAMMING: u16 = 1 << 4;
    /// The receiver notices that it is being deceived.
    pub const SPOOFING: u16 = 1 << 5;
    /// The device moves.
    pub const MOVING: u16 = 1 << 6;
    /// The device is being charged.
    pub const CHARGING: u16 = 1 << 7;
    /// The strap is open.
    pub const STRAP_OPEN: u16 = 1 << 8;
    /// The clock of the device is not set.
    pub const CLOCK_UNSYNCED: u16 = 1 << 9;
    /// The record was kept while there was no connection.
    pub const BACKLOG: u16 = 1 << 10;
    /// The bits of the source.
    pub(crate) const SOURCE: u16 = 0b111;
    /// Every bit that means something.
    pub(crate) const ALL: u16 = (1 << 11) - 1;
}

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A position.
    Fix,
    /// A state of the device: battery, power, panic.
    Status,
    /// An act against the device: strap, case, tether, jamming.
    Tamper,
    /// A sign of life.
    Heartbeat,
    /// Another device is heard by radio.
    RadioProximity,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Fix,
            2 => Self::Status,
            3 => Self::Tamper,
            4 => Self::Heartbeat,
            5 => Self::RadioProximity,
            _ => return None,
        })
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Fix => 1,
            Self::Status => 2,
            Self::Tamper => 3,
            Self::Heartbeat => 4,
            Self::RadioProximity => 5,
        }
    }
}

/// The codes of statuses, and the kind of record that carries each.
const CODES: [(u8, Kind, Status); 12] = [
    (1, Kind::Tamper, Status::StrapOpen),
    (2, Kind::Tamper, Status::StrapClosed),
    (3, Kind::Tamper, Status::CaseOpen),
    (4, Kind::Tamper, Status::CaseClosed),
    (5, Kind::Tamper, Status::TetherLost),
    (6, Kind::Tamper, Status::TetherFound),
    (7, Kind::Tamper, Status::Jamming),
    (8, Kind::Tamper, Status::JammingOver),
    (1, Kind::Status, Status::BatteryLow),
    (2, Kind::Status, Status::BatteryOk),
    (3, Kind::Status, Status::PowerOff),
    (4, Kind::Status, Status::Panic),
];

/// The status that a code stands for in a record of this kind.
pub(super) fn status(kind: Kind, code: u8) -> Option<Status> {
    let found = CODES.iter().find(|(known, of, _)| *known == code && *of == kind);
    found.map(|(_, _, status)| *status)
}

const SOURCES: [Source; 5] =
    [Source::Unknown, Source::Gnss, Source::Wifi, Source::Cell, Source::Ble];

/// The source that the low bits of the flags stand for.
pub(super) fn source(flags: u16) -> Option<Source> {
    SOURCES.get(usize::from(flags & flags::SOURCE)).copied()
}

impl Record {
    /// A fix by satellites, without accuracy, speed and course.
    pub const fn fix(rec_seq: u32, time_ms: u64, lat_e7: i32, lon_e7: i32) -> Self {
        let heartbeat = Self::heartbeat(rec_seq, time_ms);
        Self { kind: Kind::Fix.number(), flags: 1, lat_e7, lon_e7, ..heartbeat }
    }

    /// A sign of life.
    pub const fn heartbeat(rec_seq: u32, time_ms: u64) -> Self {
        Self {
            rec_seq,
            kind: Kind::Heartbeat.number(),
            battery_percent: BATTERY_UNKNOWN,
            flags: 0,
            time_ms,
            satellites_or_code: 0,
            fix_age_ds: 0,
            lat_e7: 0,
            lon_e7: 0,
            accuracy_mm: ACCURACY_UNKNOWN,
            speed_cmps: SPEED_UNKNOWN,
            course_cdeg: COURSE_UNKNOWN,
        }
    }

    /// What the device reports of itself.
    pub fn status(rec_seq: u32, time_ms: u64, status: Status) -> Self {
        let record = Self::heartbeat(rec_seq, time_ms);
        let code = CODES.iter().find(|(_, _, known)| *known == status);
        code.map_or(record, |(code, kind, _)| Self {
            kind: kind.number(),
            satellites_or_code: *code,
            ..record
        })
    }

    /// The same record with another source.
    #[must_use]
    pub fn with_source(self, source: Source) -> Self {
        let number = SOURCES.iter().position(|known| *known == source).unwrap_or_default();
        Self { flags: self.flags & !flags::SOURCE | number as u16, ..self }
    }

    /// Reads the bytes; every value can be read.
    pub fn read(bytes: &[u8; RECORD_BYTES]) -> Self {
        let u16_at = |place: usize| u16::from_le_bytes([bytes[place], bytes[place + 1]]);
        let u32_at = |place: usize| u32::from(u16_at(place)) | u32::from(u16_at(place + 2)) << 16;
        Self {
            rec_seq: u32_at(0),
            kind: bytes[4],
            battery_percent: bytes[5],
            flags: u16_at(6),
            time_ms: u64::from(u32_at(8)) | u64::from(u16_at(12)) << 32,
            satellites_or_code: bytes[14],
            fix_age_ds: bytes[15],
            lat_e7: u32_at(16).cast_signed(),
            lon_e7: u32_at(20).cast_signed(),
            accuracy_mm: u32_at(24),
            speed_cmps: u16_at(28),
            course_cdeg: u16_at(30),
        }
    }

    /// Writes the bytes; of the time only the low 48 bits have a place.
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let mut put = |place: usize, field: &[u8]| {
            bytes[place..place + field.len()].copy_from_slice(field);
        };
        put(0, &self.rec_seq.to_le_bytes());
        put(4, &[self.kind, self.battery_percent]);
        put(6, &self.flags.to_le_bytes());
        put(8, &self.time_ms.to_le_bytes()[..6]);
        put(14, &[self.satellites_or_code, self.fix_age_ds]);
        put(16, &self.lat_e7.to_le_bytes());
        put(20, &self.lon_e7.to_le_bytes());
        put(24, &self.accuracy_mm.to_le_bytes());
        put(28, &self.speed_cmps.to_le_bytes());
        put(30, &self.course_cdeg.to_le_bytes());
        bytes
    }
}
