//! An episode, and what its opening and closing rest on.

use super::state::MachineId;
use crate::event::{Cause, Certainty};
use crate::ids::{DeviceId, ZoneId};
use crate::key::Key;
use crate::time::Timestamp;
use crate::track::Sample;
use std::sync::Arc;

/// An episode as the fold made it. All of a watch are looked at with each fix that is judged, so
/// what they rest on lies apart.
#[derive(Clone)]
pub(crate) struct Episode {
    pub id: MachineId,
    /// 0 until it was told of.
    pub number: u64,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub certainty: Option<Certainty>,
    pub permitted: bool,
    pub opening: Arc<Proof>,
    pub closing: Option<Arc<Proof>>,
    /// Its end was told of; should it open again, only amendments follow (J-PAIR-1).
    pub end_told: bool,
    pub opened_by: Key,
    pub closed_by: Option<Key>,
}

/// What an opening or closing rests on.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    pub cause: Cause,
    pub order_version: u64,
    pub zone: Option<(ZoneId, u64)>,
    pub threshold_m: Option<f64>,
    /// Nothing where a rule's end ended the episode.
    pub judged: Option<Judged>,
}

/// A distance and the fixes that it lies between.
#[derive(Clone, Copy)]
pub(crate) struct Judged {
    pub distance_m: f64,
    pub sample: Sample,
    pub other: Option<(DeviceId, Sample)>,
}
