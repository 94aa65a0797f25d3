//! What the rules about places say, worked out by looking at every zone for every fix.
//!
//! For this world only: nothing is late, all fixes are plausible, and zones change only when the
//! last fix is too old to be judged again.

use super::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wardline_core::event::{Certainty, EventKind};
use wardline_core::geometry::{Position, Shape};
use wardline_core::input::{Fix, Input, PutZone, Record};
use wardline_core::time::Timestamp;

const ACCURACY_LEAST_M: f64 = 5.0;
const ACCURACY_COARSE_M: f64 = 150.0;
const MARGIN_M: f64 = 20.0;
const GAP_MAX_MS: i64 = 300_000;

struct Zone {
    layer: u64,
    shape: Arc<Shape>,
    put: Timestamp,
}

/// Rule, which is the layer's number; kind; zone.
type Machine = (u64, EventKind, u64);

pub struct Brute {
    warnings_m: Vec<f64>,
    zones: BTreeMap<u64, Zone>,
    open: BTreeMap<Machine, Certainty>,
    /// The last sound fix: when and where.
    sound: Option<(Timestamp, Position)>,
}

impl Brute {
    pub fn new(world: &World) -> Self {
        Self {
            warnings_m: world.warnings_m().to_vec(),
            zones: BTreeMap::new(),
            open: BTreeMap::new(),
            sound: None,
        }
    }

    /// What is to be told of the record, sorted.
    pub fn take_in(&mut self, record: &Record) -> Vec<String> {
        let mut told = BTreeSet::new();
        match &record.input {
            Input::PutZone(put) => self.put(put, record.at.expect("a time"), &mut told),
            Input::RemoveZone(zone) => self.remove(zone.number(), &mut told),
            Input::Fix(fix) => self.judge(fix, &mut told),
            _ => {}
        }
        told.into_iter().collect()
    }

    /// What is open of a zone that leaves a layer ends.
    fn put(&mut self, put: &PutZone, at: Timestamp, told: &mut BTreeSet<String>) {
        let number = put.zone.number();
        let layer = put.layer.expect("a layer").number();
        let gone = |machine: &Machine| machine.2 == number && machine.0 != layer;
        let ended: Vec<_> = self.open.keys().filter(|machine| gone(machine)).copied().collect();
        for machine in ended {
            self.end(machine, told);
        }
        self.zones.insert(number, Zone { layer, shape: put.shape.clone(), put: at });
    }

    /// What is open of a zone that goes ends.
    fn remove(&mut self, number: u64, told: &mut BTreeSet<String>) {
        let of_zone = |machine: &Machine| machine.2 == number;
        let ended: Vec<_> = self.open.keys().filter(|machine| of_zone(machine)).copied().collect();
        for machine in ended {
            self.end(machine, told);
        }
        self.zones.remove(&number);
    }

    fn judge(&mut self, fix: &Fix, told: &mut BTreeSet<String>) {
        let accuracy_m = fix.accuracy_m.expect("one").max(ACCURACY_LEAST_M);
        let coarse = accuracy_m > ACCURACY_COARSE_M;
        let sound = !coarse && !fix.mock;
        let opens_at_m = if coarse { -accuracy_m } else { 0.0 };
        let before = self.sound.filter(|_| sound);
        let mut turns = Vec::new();
        for (number, zone) in &self.zones {
            let distance_m = zone.shape.signed_distance_m(fix.position);
            let warn_m = self.warnings_m[zone.layer as usize - 1];
            let breach = (zone.layer, EventKind::Breach, *number);
            turns.push((breach, distance_m));
            if warn_m > 0.0 {
                turns.push(((zone.layer, EventKind::Warning, *number), distance_m - warn_m));
            }
            let crosses = before.is_some_and(|(time, from)| {
                let counts = fix.time.ms_since(time) <= GAP_MAX_MS && zone.put < time;
                counts && zone.shape.meets_segment(from, fix.position)
            });
            // Neither open before nor opened or closed by this fix.
            if crosses && distance_m > 0.0 && !self.open.contains_key(&breach) {
                let of_zone = format!("{} {:?} {number}", zone.layer, EventKind::Breach);
                told.insert(format!("{of_zone} Started Crossed"));
                told.insert(format!("{of_zone} Ended Crossed"));
            }
        }
        for (machine, gap_m) in turns {
            let is_open = self.open.contains_key(&machine);
            if !is_open && gap_m <= opens_at_m {
                let certain = gap_m <= -accuracy_m && !fix.mock;
                let certainty = if certain { Certainty::Certain } else { Certainty::Probable };
                self.open.insert(machine, certainty);
                told.insert(line(machine, "Started", certainty));
            } else if is_open && sound && gap_m > accuracy_m.max(MARGIN_M) {
                self.end(machine, told);
            }
        }
        if sound {
            self.sound = Some((fix.time, fix.position));
        }
    }

    fn end(&mut self, machine: Machine, told: &mut BTreeSet<String>) {
        let certainty = self.open.remove(&machine).expect("it is open");
        told.insert(line(machine, "Ended", certainty));
    }
}

fn line((rule, kind, zone): Machine, phase: &str, certainty: Certainty) -> String {
    format!("{rule} {kind:?} {zone} {phase} {certainty:?}")
}
