//! From a record to an input of the engine, or the reason why it is none.
//!
//! One record gives one input, since the engine knows inputs of a device by `seq`. So the flags
//! jamming, charging and strap open of a record are not judged: each change of such a state is a
//! record of its own, and the flags only repeat it. In a status or tamper record nothing is read
//! but code and time: a panic is not refused for a bad longitude.

use super::record::{
    ACCURACY_UNKNOWN, COURSE_UNKNOWN, Kind, Record, SPEED_UNKNOWN, flags, source, status,
};
use crate::refusal::Reason;
use wardline_core::geometry::Position;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Assurance, Fix, Input, Refusal, Status, StatusReport};
use wardline_core::time::Timestamp;

/// 2000-01-01T00:00:00Z. A clock that lost its power starts before, or then.
const TIME_MS_MIN: u64 = 946_684_800_000;
/// 9999-12-31T23:59:59.999Z: what a log can write.
const TIME_MS_MAX: u64 = 253_402_300_799_999;
const COURSE_CDEG_MAX: u16 = 36_000;

/// The input that a record stands for; the device is authenticated.
#[inline]
pub(super) fn input(
    record: &Record,
    device: DeviceId,
    seq: u64,
    now: Timestamp,
) -> Result<Input, Reason> {
    let kind = Kind::of(record.kind).ok_or(Reason::UnknownKind)?;
    let report = |status| {
        let time = status_time(record, now);
        Ok(Input::Status(StatusReport { device, seq, time, status }))
    };
    match kind {
        Kind::Fix => fix(record, device, seq).map(Input::Fix),
        Kind::Status | Kind::Tamper => {
            let status = status(kind, record.satellites_or_code);
            report(status.ok_or(Reason::UnknownStatus)?)
        }
        Kind::Heartbeat => report(Status::Heartbeat),
        Kind::RadioProximity => Err(Reason::UnjudgedKind),
    }
}

/// The refusal of a record, to be logged in its place.
pub(crate) fn refusal(device: DeviceId, reason: Reason, value: impl std::fmt::Display) -> Input {
    let mut refusal = Refusal::new(reason.as_str(), value);
    refusal.device = Some(device);
    Input::Invalid(refusal)
}

/// What is wrong with a record, for the refusal.
pub(super) fn offending(record: &Record, reason: Reason) -> String {
    match reason {
        Reason::UnknownKind | Reason::UnjudgedKind => format!("kind {}", record.kind),
        Reason::UnknownSource => format!("source {}", record.flags & flags::SOURCE),
        Reason::UnknownFlag => format!("flags {:#06x}", record.flags),
        Reason::UnknownStatus => {
            format!("kind {}, status {}", record.kind, record.satellites_or_code)
        }
        Reason::BadTime => format!("time {} ms", record.time_ms),
        Reason::BadPosition => format!("lat {}, lon {} in 1e-7°", record.lat_e7, record.lon_e7),
        Reason::BadAccuracy => format!("accuracy {} mm", record.accuracy_mm),
        Reason::BadCourse => format!("course {} in 0.01°", record.course_cdeg),
        _ => format!("record {}", record.rec_seq),
    }
}

fn fix(record: &Record, device: DeviceId, seq: u64) -> Result<Fix, Reason> {
    if record.flags & !flags::ALL != 0 {
        return Err(Reason::UnknownFlag);
    }
    let is = |flag| record.flags & flag != 0;
    let source = source(record.flags).ok_or(Reason::UnknownSource)?;
    // The position is as old as its fix.
    let age_ms = i64::from(record.fix_age_ds) * 100;
    let time = checked_time(record.time_ms)?.plus_ms(-age_ms);
    let position = Position::from_e7(record.lat_e7, record.lon_e7);
    let accuracy_m = match record.accuracy_mm {
        0 => return Err(Reason::BadAccuracy),
        ACCURACY_UNKNOWN => None,
        mm => Some(f64::from(mm) / 1000.0),
    };
    let course_deg = match record.course_cdeg {
        COURSE_UNKNOWN => None,
        cdeg if cdeg > COURSE_CDEG_MAX => return Err(Reason::BadCourse),
        cdeg => Some(f64::from(cdeg) / 100.0),
    };
    let speed_mps =
        (record.speed_cmps != SPEED_UNKNOWN).then(|| f64::from(record.speed_cmps) / 100.0);
    Ok(Fix {
        device,
        seq,
        time,
        position: position.map_err(|_| Reason::BadPosition)?,
        accuracy_m,
        speed_mps,
        course_deg,
        source,
        assurance: Assurance::Device,
        // Both say that the position is not where the device is.
        mock: is(flags::MOCK) || is(flags::SPOOFING),
        clock_unsynced: is(flags::CLOCK_UNSYNCED),
        moving: is(flags::MOVING),
        backlog: is(flags::BACKLOG),
    })
}

/// When a status happened. A word with the time of a clock that is not set would be sorted before
/// all that is known and be lost, so such a word has the time of receipt.
fn status_time(record: &Record, now: Timestamp) -> Timestamp {
    let is_set = record.flags & flags::CLOCK_UNSYNCED == 0;
    if is_set { checked_time_or(record.time_ms, now) } else { now }
}

/// The time, or that of receipt if it is out of range.
pub(crate) fn checked_time_or(time_ms: u64, now: Timestamp) -> Timestamp {
    checked_time(time_ms).unwrap_or(now)
}

/// The time, if it is in range.
pub(crate) fn checked_time(time_ms: u64) -> Result<Timestamp, Reason> {
    let is_possible = (TIME_MS_MIN..=TIME_MS_MAX).contains(&time_ms);
    is_possible.then(|| Timestamp::from_ms(time_ms as i64)).ok_or(Reason::BadTime)
}
