//! The members of a location that are judged.

use crate::datagram::checked_time;
use crate::refusal::Reason;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use wardline_core::geometry::Position;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Assurance, Fix, Source};

const KMH_PER_MPS: f64 = 3.6;

/// A location, as it was read.
#[derive(Deserialize)]
pub(super) struct Message {
    lat: f64,
    lon: f64,
    /// Seconds since 1970.
    tst: i64,
    /// Metres.
    acc: Option<f64>,
    /// Kilometres an hour.
    vel: Option<f64>,
    /// Degrees.
    cog: Option<f64>,
}

/// Enough of any message to see what it is.
#[derive(Deserialize)]
struct Wrapper<'m> {
    #[serde(rename = "_type", borrow)]
    kind: Cow<'m, str>,
    #[serde(borrow)]
    data: Option<Cow<'m, str>>,
}

/// For refusals.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lat, lon, tst, acc, vel, cog } = self;
        write!(f, "lat {lat}, lon {lon}, tst {tst}, acc {acc:?}, vel {vel:?}, cog {cog:?}")
    }
}

/// The data of an encrypted message.
pub(super) fn encrypted_data(text: &[u8]) -> Result<Cow<'_, str>, Reason> {
    let wrapper: Wrapper<'_> = serde_json::from_slice(text).map_err(|_| Reason::Malformed)?;
    match (&*wrapper.kind, wrapper.data) {
        ("encrypted", Some(data)) => Ok(data),
        ("encrypted", None) => Err(Reason::Malformed),
        _ => Err(Reason::NotEncrypted),
    }
}

impl Message {
    pub fn parse(text: &[u8]) -> Result<Self, Reason> {
        let wrapper: Wrapper<'_> = serde_json::from_slice(text).map_err(|_| Reason::Malformed)?;
        if wrapper.kind != "location" {
            return Err(Reason::UnknownMessage);
        }
        serde_json::from_slice(text).map_err(|_| Reason::Malformed)
    }

    /// The fix in it. Phones say -1 for a speed or course, and 0 for an accuracy, that they do not
    /// know.
    pub fn fix(&self, device: DeviceId, assurance: Assurance) -> Result<Fix, Reason> {
        let seq = u64::try_from(self.tst).map_err(|_| Reason::BadTime)?;
        let known =
            |value: Option<f64>| value.filter(|value| *value >= 0.0).map(|value| value + 0.0);
        if self.acc.is_some_and(|accuracy_m| accuracy_m < 0.0) {
            return Err(Reason::BadAccuracy);
        }
        let course_deg = known(self.cog);
        if course_deg.is_some_and(|course_deg| course_deg > 360.0) {
            return Err(Reason::BadCourse);
        }
        let position = Position::from_degrees(self.lat, self.lon);
        Ok(Fix {
            device,
            seq,
            time: checked_time(seq.saturating_mul(1000))?,
            position: position.map_err(|_| Reason::BadPosition)?,
            accuracy_m: self.acc.filter(|accuracy_m| *accuracy_m > 0.0),
            speed_mps: known(self.vel).map(|speed_kmh| speed_kmh / KMH_PER_MPS),
            course_deg,
            source: Source::Unknown,
            assurance,
            mock: false,
            clock_unsynced: false,
            moving: false,
            backlog: false,
        })
    }
}
