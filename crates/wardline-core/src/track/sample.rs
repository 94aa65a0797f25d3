//! A fix as the engine keeps it, and what it is good for.

use crate::engine::Config;
use crate::event::FixFacts;
use crate::geometry::{Position, distance_m, distance_most_m};
use crate::ids::DeviceId;
use crate::input::{Assurance, Fix};
use crate::key::Key;
use crate::time::Timestamp;

/// A fix as the engine keeps it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Sample {
    /// Event time: the earlier of the reported time and the receipt.
    pub time: Timestamp,
    pub reported: Timestamp,
    pub seq: u64,
    pub position: Position,
    /// The accuracy that rules count with, in metres.
    pub accuracy_m: f64,
    pub reported_accuracy_m: Option<f64>,
    /// The fix itself gives reason for doubt (assurance, mock, clock).
    pub suspect: bool,
    /// It says that it moves.
    pub claims_motion: bool,
    pub trust: Trust,
}

/// What is to be kept of a fix that is known to be sound.
pub(crate) struct SoundFix {
    /// Event time.
    pub time: Timestamp,
    pub reported: Timestamp,
    pub seq: u64,
    pub position: Position,
    /// As it was reported.
    pub accuracy_m: Option<f64>,
    /// It says that it moves.
    pub claims_motion: bool,
}

impl SoundFix {
    /// The fix with this event time.
    #[inline(always)]
    pub fn new(fix: &Fix, time: Timestamp, claims_motion: bool) -> Self {
        let (reported, seq, position, accuracy_m) =
            (fix.time, fix.seq, fix.position, fix.accuracy_m);
        Self { time, reported, seq, position, accuracy_m, claims_motion }
    }
}

/// What a fix is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Trust {
    pub coarse: bool,
    pub doubtful: bool,
    /// Doubtful because it is implausibly far from the last sound fix.
    pub implausible: bool,
}

impl Trust {
    pub fn sound(self) -> bool {
        !self.coarse && !self.doubtful
    }
}

impl Sample {
    // J-TIME-2, J-FIX-3, J-FIX-4
    pub fn new(fix: &Fix, at: Timestamp, config: &Config) -> Self {
        let time = fix.time.min(at);
        let accuracy_m = config.accuracy_m(fix.accuracy_m);
        let suspect = fix.assurance == Assurance::None
            || fix.mock
            || fix.clock_unsynced
            || fix.time.ms_since(at) > config.clock_ahead_max_ms;
        let claims_motion =
            fix.moving || fix.speed_mps.is_some_and(|speed| speed > config.copied_speed_mps);
        let trust = Trust {
            coarse: accuracy_m > config.accuracy_coarse_m,
            doubtful: suspect,
            implausible: false,
        };
        Self {
            time,
            reported: fix.time,
            seq: fix.seq,
            position: fix.position,
            accuracy_m,
            reported_accuracy_m: fix.accuracy_m,
            suspect,
            claims_motion,
            trust,
        }
    }

    /// All that is left of a fix which only tells repeats.
    pub fn trace(time: Timestamp, seq: u64) -> Self {
        Self {
            time,
            reported: time,
            seq,
            position: Position::default(),
            accuracy_m: 0.0,
            reported_accuracy_m: None,
            suspect: false,
            claims_motion: false,
            trust: Trust::default(),
        }
    }

    pub fn key(&self, device: DeviceId) -> Key {
        Key::fix(self.time, device, self.seq)
    }

    pub fn facts(&self, device: DeviceId) -> FixFacts {
        FixFacts {
            device,
            seq: self.seq,
            time: self.reported,
            position: self.position,
            accuracy_m: self.reported_accuracy_m,
            sound: self.trust.sound(),
        }
    }

    /// J-FIX-5: no farther from `earlier` than one can get in the time, accuracies allowed for.
    pub fn is_plausible_from(&self, earlier: &Self, config: &Config) -> bool {
        let allowed_m = config.speed_max_mps * self.time.ms_since(earlier.time) as f64 / 1000.0;
        // Mostly a bound says it.
        if distance_most_m(self.position, earlier.position) <= allowed_m {
            return true;
        }
        let apart_m = distance_m(self.position, earlier.position);
        apart_m - self.accuracy_m - earlier.accuracy_m <= allowed_m
    }
}
