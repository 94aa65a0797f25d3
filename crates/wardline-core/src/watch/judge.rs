//! A fix before a keep_out rule.

use super::surroundings::View;
use super::turn::Reading;
use super::{Episode, Glance, Judged, MachineId, Proof, Scene, Target, Watch};
use crate::event::{Cause, Certainty, EventKind};
use crate::geometry::{Bounds, Position, Shape};
use crate::ids::{LayerId, RuleId, ZoneId};
use crate::input::Place;
use crate::key::Key;
use crate::order::{KeepOut, OrderVersion, Rule, Terms};
use crate::time::Timestamp;
use crate::track::Sample;

/// What a fix is judged by: a rule, at an instant, for a cause.
pub(super) struct Bench<'a> {
    pub scene: Scene<'a>,
    pub version: &'a OrderVersion,
    pub rule: &'a Rule,
    pub key: Key,
    pub cause: Cause,
    /// Since when the rule has been active.
    pub since: Timestamp,
    /// The sound fix before this one, where a crossing may lie between.
    pub before: Option<Sample>,
    /// From where a sound fix is judged in its order of time.
    pub glance: Option<Glance>,
    /// What such a fix sees of the zones of layers.
    pub view: Option<View>,
}

/// A fix at a distance from a zone.
#[derive(Clone, Copy)]
struct Sight<'a> {
    sample: &'a Sample,
    zone: ZoneId,
    zone_version: u64,
    shape: &'a Shape,
    distance_m: f64,
}

/// What computed distances may be off by (J-GEO-2), as a share and in metres, many times over.
const ERROR_SHARE: f64 = 1e-2;
const ERROR_M: f64 = 1.0;

impl Watch {
    /// Judges the sample by the rule, for all its zones or only one. Gives the distance in metres
    /// within which no verdict of the rule can change.
    pub(super) fn judge_keep_out(
        &mut self,
        bench: &Bench<'_>,
        keep_out: KeepOut,
        sample: &Sample,
        only: Option<ZoneId>,
    ) -> f64 {
        match keep_out.place {
            Place::Zone(zone) if only.is_none_or(|only| only == zone) => {
                let glance = bench.glance.as_ref();
                let rule = bench.rule.rule;
                let afar_m = glance.and_then(|glance| self.slack_from_m(glance, rule, zone));
                afar_m.unwrap_or_else(|| self.judge_zone(bench, keep_out, sample, zone))
            }
            Place::Zone(_) => f64::INFINITY,
            Place::Layer(layer) => {
                let mut found = self.take_zones_at_hand();
                let afar_m = self.find_zones(bench, keep_out, layer, sample, only, &mut found);
                let slacks = found.drain(..);
                let slacks = slacks.map(|zone| self.judge_zone(bench, keep_out, sample, zone));
                let slack_m = slacks.fold(afar_m, f64::min);
                self.keep_zones_at_hand(found);
                slack_m
            }
        }
    }

    /// Finds the zones of a layer that the sample must be judged by, sorted. Gives how far one may
    /// go before others matter.
    fn find_zones(
        &mut self,
        bench: &Bench<'_>,
        keep_out: KeepOut,
        layer: LayerId,
        sample: &Sample,
        only: Option<ZoneId>,
        found: &mut Vec<ZoneId>,
    ) -> f64 {
        let (zones, rule) = (bench.scene.zones, bench.rule.rule);
        if let Some(only) = only {
            found.extend(zones.is_of_layer(only, layer, bench.key).then_some(only));
            return 0.0;
        }
        debug_assert!(
            bench.view.is_none() || zones.layer_changes_from(layer, bench.key).next().is_none(),
            "zones have changed since"
        );
        if let Some(view) = &bench.view {
            if view.matters {
                self.add_what_matters(rule, found);
            }
        } else {
            let reach_m = keep_out.warn_m.max(0.0) * (1.0 + ERROR_SHARE) + ERROR_M;
            let around = Bounds::around(sample.position, reach_m);
            zones.layer_candidates(layer, &around, bench.key, found);
            if let Some(before) = bench.crossing_from(keep_out) {
                let along = Bounds::of_segment(before.position, sample.position);
                zones.layer_candidates(layer, &along, bench.key, found);
            }
        }
        let ids = self.now.machines.iter().map(|machine| machine.id);
        found.extend(ids.filter_map(|id| id.zone_of(rule)));
        found.sort_unstable();
        found.dedup();
        bench.view.map_or(0.0, |view| view.slack_m)
    }

    fn judge_zone(
        &mut self,
        bench: &Bench<'_>,
        keep_out: KeepOut,
        sample: &Sample,
        zone: ZoneId,
    ) -> f64 {
        let version = bench.scene.zones.as_of(zone, bench.key);
        let Some((version, shape)) = version.and_then(|v| Some((v, v.shape.as_deref()?))) else {
            return f64::INFINITY;
        };
        let distance_m = shape.signed_distance_m(sample.position);
        let sight = Sight { sample, zone, zone_version: version.number, shape, distance_m };
        let mut slack_m = self.turn_zone(bench, keep_out, &sight, EventKind::Breach, 0.0);
        let known_since = version.put();
        if let Some(before) = bench.crossing_from(keep_out)
            && known_since < before.key(bench.scene.device)
        {
            self.look_for_crossing(bench, &sight, &before);
        }
        if keep_out.warn_m > 0.0 {
            let warn_m = keep_out.warn_m;
            let warning_m = self.turn_zone(bench, keep_out, &sight, EventKind::Warning, warn_m);
            slack_m = slack_m.min(warning_m);
        }
        slack_m
    }

    fn turn_zone(
        &mut self,
        bench: &Bench<'_>,
        keep_out: KeepOut,
        sight: &Sight<'_>,
        kind: EventKind,
        threshold_m: f64,
    ) -> f64 {
        let sample = sight.sample;
        let reading = Reading {
            gap_m: sight.distance_m - threshold_m,
            accuracy_m: sample.accuracy_m,
            trust: sample.trust,
            is_fresh: true,
            position: sample.position,
            fix: sample.key(bench.scene.device),
            confirm_fixes: keep_out.confirm_fixes,
            proof: bench.proof(sight, threshold_m),
        };
        self.turn(bench, MachineId::of_zone(bench.rule.rule, kind, sight.zone), &reading)
    }

    /// A breach that a fix too late for the history shows by itself, started and ended at its time.
    // J-LATE-2
    pub fn add_alone(&mut self, scene: Scene<'_>, rule: RuleId, zone: ZoneId, sample: &Sample) {
        let id = MachineId::of_zone(rule, EventKind::Breach, zone);
        let key = sample.key(scene.device);
        let covers = |e: &Episode| {
            let lasts = e.end.is_none_or(|end| end >= sample.time);
            e.id == id && e.start <= sample.time && lasts
        };
        let zones = scene.zones;
        let shape = zones.present(zone).and_then(|v| Some((v.number, v.shape.as_deref()?)));
        let (Some((zone_version, shape)), Some(version)) = (shape, scene.order.newest()) else {
            return;
        };
        let rule = version.rule(rule).filter(|_| !self.episodes.iter().any(covers));
        let Some(rule @ Rule { terms: Terms::KeepOut(_), .. }) = rule else { return };
        let distance_m = shape.signed_distance_m(sample.position);
        let sight = Sight { sample, zone, zone_version, shape, distance_m };
        let (since, cause) = (sample.time, Cause::Fix);
        let (before, glance, view) = (None, None, None);
        let bench = Bench { scene, version, rule, key, cause, since, before, glance, view };
        let permitted = sample.trust.sound() && bench.permits(sample.position, key);
        let proof = bench.proof(&sight, 0.0);
        let certain = distance_m <= -sample.accuracy_m && !sample.trust.doubtful;
        let certainty = if certain { Certainty::Certain } else { Certainty::Probable };
        self.open(id, key, sample.time, Some(certainty), permitted, proof);
        self.close(id, key, proof);
    }

    // J-CROSS-1
    fn look_for_crossing(&mut self, bench: &Bench<'_>, sight: &Sight<'_>, before: &Sample) {
        let id = MachineId::of_zone(bench.rule.rule, EventKind::Breach, sight.zone);
        let closed = self.now.machines.binary_search_by_key(&id, |machine| machine.id).is_err();
        let closed_here = |e: &Episode| e.id == id && e.closed_by == Some(bench.key);
        if !closed || self.episodes.iter().any(closed_here) {
            return;
        }
        if !sight.shape.meets_segment(before.position, sight.sample.position) {
            return;
        }
        let first = Sight {
            sample: before,
            distance_m: sight.shape.signed_distance_m(before.position),
            ..*sight
        };
        let permitted = bench.permits(before.position, Key::end_of(before.time))
            && bench.permits(sight.sample.position, bench.key);
        let opening = bench.proof(&first, 0.0);
        let crossed = Some(Certainty::Crossed);
        self.open(id, bench.key, before.time, crossed, permitted, opening);
        self.close(id, bench.key, bench.proof(sight, 0.0));
    }
}

impl MachineId {
    fn of_zone(rule: RuleId, kind: EventKind, zone: ZoneId) -> Self {
        Self { rule, kind, target: Target::Zone(zone) }
    }

    pub(super) fn zone_of(self, rule: RuleId) -> Option<ZoneId> {
        match self.target {
            Target::Zone(zone) if self.rule == rule => Some(zone),
            _ => None,
        }
    }
}

impl Bench<'_> {
    /// The earlier fix, if a crossing between it and this one would count.
    fn crossing_from(&self, keep_out: KeepOut) -> Option<Sample> {
        let before = self.before.filter(|_| keep_out.confirm_fixes == 0)?;
        let apart_ms = self.key.time.ms_since(before.time);
        let counts = apart_ms <= self.scene.config.crossing_gap_max_ms && before.time >= self.since;
        counts.then_some(before)
    }

    /// Whether a permit covers the position at the instant of the item with this key.
    // J-PERMIT-1
    pub(super) fn permits(&self, position: Position, key: Key) -> bool {
        self.version.permits().iter().any(|permit| {
            self.version.permits_at(permit, key.time)
                && self
                    .scene
                    .zones
                    .shape_as_of(permit.zone, key)
                    .is_some_and(|shape| shape.contains(position))
        })
    }

    fn proof(&self, sight: &Sight<'_>, threshold_m: f64) -> Proof {
        let (distance_m, sample) = (sight.distance_m, *sight.sample);
        Proof {
            cause: self.cause,
            order_version: self.version.number,
            zone: Some((sight.zone, sight.zone_version)),
            threshold_m: Some(threshold_m),
            judged: Some(Judged { distance_m, sample, other: None }),
        }
    }
}
