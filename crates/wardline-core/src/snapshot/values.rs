//! Values that several parts of the state are made of.

use super::{Read, Reader, Sink};
use crate::event::EpisodeId;
use crate::geometry::Position;
use crate::ids::DeviceId;
use crate::key::Key;
use crate::time::{Interval, Timestamp};
use crate::track::{Sample, Trust};

impl Timestamp {
    pub(crate) fn write(self, out: &mut impl Sink) {
        out.i64(self.ms());
    }

    pub(crate) fn read(from: &mut Reader<'_>, what: &'static str) -> Read<Self> {
        from.i64(what).map(Self::from_ms)
    }
}

impl Position {
    pub(crate) fn write(self, out: &mut impl Sink) {
        out.i32(self.lat_e7());
        out.i32(self.lon_e7());
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Read<Self> {
        let offset = from.offset();
        let (lat_e7, lon_e7) = (from.i32("a latitude")?, from.i32("a longitude")?);
        let position = Self::from_e7(lat_e7, lon_e7);
        let bits = u64::from(lat_e7 as u32) | u64::from(lon_e7 as u32) << 32;
        from.check(position.is_ok(), offset, "a position", bits)?;
        Ok(position.unwrap_or_default())
    }
}

impl Interval {
    pub(crate) fn write(&self, out: &mut impl Sink) {
        self.from.write(out);
        self.until.write(out);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Read<Self> {
        let offset = from.offset();
        let start = Timestamp::read(from, "the start of an interval")?;
        let until = Timestamp::read(from, "the end of an interval")?;
        from.check(start < until, offset, "the end of an interval", until.ms() as u64)?;
        Ok(Self { from: start, until })
    }
}

impl Key {
    /// A key of any class: the class, the time, and what is counted within the class.
    pub(crate) fn write(self, out: &mut impl Sink) {
        let (class, counted) = self.parts();
        out.u8(class);
        self.time.write(out);
        for number in &counted[..usize::from(class)] {
            out.u64(*number);
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Read<Self> {
        let class = from.code("the class of a key", 3)?;
        let time = Timestamp::read(from, "the time of a key")?;
        Ok(match class {
            0 => Self::boundary(time),
            1 => Self::configuration(time, from.u64("the input of a key")?),
            _ => {
                let device: DeviceId = from.id("the device of a key")?;
                Self::fix(time, device, from.u64("the sequence number of a key")?)
            }
        })
    }

    /// The same of a key that is of configuration always.
    pub(crate) fn write_input(self, out: &mut impl Sink) {
        self.time.write(out);
        out.u64(self.input());
    }

    pub(crate) fn read_input(from: &mut Reader<'_>) -> Read<Self> {
        let time = Timestamp::read(from, "the time of an input")?;
        let offset = from.offset();
        let key = Self::configuration(time, from.u64("the number of an input")?);
        let last = from.last_input;
        let has_come = time <= last.time && key.input() <= last.input();
        from.check(has_come, offset, "the number of an input", key.input())?;
        Ok(key)
    }
}

const COARSE: u8 = 1;
const DOUBTFUL: u8 = 2;
const IMPLAUSIBLE: u8 = 4;
const SUSPECT: u8 = 8;
const CLAIMS_MOTION: u8 = 16;
/// It reports an accuracy.
const ACCURATE: u8 = 32;
/// The time that it reports is not event time.
const AHEAD: u8 = 64;

/// The least that a sample takes.
pub(crate) const SAMPLE_BYTES_MIN: usize = 25;

impl Sample {
    pub(crate) fn write(&self, out: &mut impl Sink) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let is_ahead = self.reported != self.time;
        out.u8(flag(self.trust.coarse, COARSE)
            | flag(self.trust.doubtful, DOUBTFUL)
            | flag(self.trust.implausible, IMPLAUSIBLE)
            | flag(self.suspect, SUSPECT)
            | flag(self.claims_motion, CLAIMS_MOTION)
            | flag(self.reported_accuracy_m.is_some(), ACCURATE)
            | flag(is_ahead, AHEAD));
        self.time.write(out);
        out.u64(self.seq);
        self.position.write(out);
        if let Some(accuracy_m) = self.reported_accuracy_m {
            out.f64(accuracy_m);
        }
        if is_ahead {
            self.reported.write(out);
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Read<Self> {
        let flags = from.code("the flags of a fix", 2 * usize::from(AHEAD))? as u8;
        let has = |flag: u8| flags & flag != 0;
        let time = Timestamp::read(from, "the time of a fix")?;
        let seq = from.u64("the sequence number of a fix")?;
        let position = Position::read(from)?;
        let reported_accuracy_m = match has(ACCURATE) {
            true => Some(from.f64("the accuracy of a fix")?),
            false => None,
        };
        let mut reported = time;
        if has(AHEAD) {
            let offset = from.offset();
            reported = Timestamp::read(from, "the reported time of a fix")?;
            let what = "the reported time of a fix";
            from.check(reported != time, offset, what, reported.ms() as u64)?;
        }
        Ok(Self {
            time,
            reported,
            seq,
            position,
            accuracy_m: from.config.accuracy_m(reported_accuracy_m),
            reported_accuracy_m,
            suspect: has(SUSPECT),
            claims_motion: has(CLAIMS_MOTION),
            trust: Trust {
                coarse: has(COARSE),
                doubtful: has(DOUBTFUL),
                implausible: has(IMPLAUSIBLE),
            },
        })
    }
}

impl EpisodeId {
    pub(crate) fn write(&self, out: &mut impl Sink) {
        out.id(self.order);
        out.id(self.rule);
        out.id(self.device);
        out.u8(self.kind as u8);
        out.u64(self.number);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Read<Self> {
        Ok(Self {
            order: from.id("the order of an episode")?,
            rule: from.id("the rule of an episode")?,
            device: from.id("the device of an episode")?,
            kind: from.event_kind()?,
            number: from.counter("the number of an episode")?,
        })
    }
}
