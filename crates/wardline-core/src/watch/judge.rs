//! A fix before the machines of a keep_out rule.

use super::{Episode, Glance, Machine, MachineId, Mode, Proof, Scene, Watch};
use crate::event::{Cause, Certainty, EventKind};
use crate::geometry::{Bounds, Position, Shape};
use crate::ids::{RuleId, ZoneId};
use crate::input::Place;
use crate::key::Key;
use crate::order::{KeepOut, OrderVersion};
use crate::time::Timestamp;
use crate::track::Sample;

/// What a fix is judged by: a rule, at an instant, for a cause.
pub(super) struct Bench<'a> {
    pub scene: Scene<'a>,
    pub version: &'a OrderVersion,
    pub rule: &'a KeepOut,
    pub key: Key,
    pub cause: Cause,
    /// Since when the rule has been active.
    pub since: Timestamp,
    /// The sound fix before this one, where a crossing may lie between.
    pub before: Option<Sample>,
    /// From where a sound fix is judged in its order of time.
    pub glance: Option<Glance>,
}

/// A fix at a distance from a zone.
struct Sight<'a> {
    sample: &'a Sample,
    zone: ZoneId,
    zone_version: u64,
    shape: &'a Shape,
    distance_m: f64,
}

/// How far round a fix the zones of a layer are looked at, beyond the warning distance.
const LAYER_REACH_M: f64 = 500.0;

impl Watch {
    /// Judges the sample by the rule, for all its zones or only one. Gives the distance in metres
    /// within which no verdict of the rule can change.
    pub(super) fn judge(
        &mut self,
        bench: &Bench<'_>,
        sample: &Sample,
        only: Option<ZoneId>,
    ) -> f64 {
        let rule = bench.rule;
        match rule.place {
            Place::Zone(zone) if only.is_none_or(|only| only == zone) => {
                let glance = bench.glance.as_ref();
                let afar_m = glance.and_then(|glance| self.slack_from_m(glance, rule.rule, zone));
                afar_m.unwrap_or_else(|| self.judge_zone(bench, sample, zone))
            }
            Place::Zone(_) => f64::INFINITY,
            Place::Layer(layer) => {
                let reach_m = rule.warn_m.max(0.0) + LAYER_REACH_M;
                let zones = bench.scene.zones;
                let mut found = Vec::new();
                let around = Bounds::around(sample.position, reach_m);
                zones.layer_candidates(layer, &around, bench.key, &mut found);
                if let Some(before) = bench.crossing_from() {
                    let along = Bounds::of_segment(before.position, sample.position);
                    zones.layer_candidates(layer, &along, bench.key, &mut found);
                }
                let ids = self.now.machines.iter().map(|machine| machine.id);
                found.extend(ids.filter(|id| id.rule == rule.rule).map(|id| id.zone));
                found.sort_unstable();
                found.dedup();
                found.retain(|zone| only.is_none_or(|only| only == *zone));
                let slacks = found.into_iter().map(|zone| self.judge_zone(bench, sample, zone));
                slacks.fold(LAYER_REACH_M, f64::min)
            }
        }
    }

    fn judge_zone(&mut self, bench: &Bench<'_>, sample: &Sample, zone: ZoneId) -> f64 {
        let version = bench.scene.zones.as_of(zone, bench.key);
        let Some((version, shape)) = version.and_then(|v| Some((v, v.shape.as_deref()?))) else {
            return f64::INFINITY;
        };
        let distance_m = shape.signed_distance_m(sample.position);
        let sight = Sight { sample, zone, zone_version: version.number, shape, distance_m };
        let mut slack_m = self.turn(bench, &sight, EventKind::Breach, 0.0);
        let known_since = version.put;
        if let Some(before) = bench.crossing_from()
            && known_since < before.key(bench.scene.device)
        {
            self.look_for_crossing(bench, &sight, &before);
        }
        if bench.rule.warn_m > 0.0 {
            slack_m = slack_m.min(self.turn(bench, &sight, EventKind::Warning, bench.rule.warn_m));
        }
        slack_m
    }

    /// Turns one machine, if the sight makes it turn. Gives how far one may move before it can.
    // J-BREACH-1, J-BREACH-2, J-BREACH-3
    fn turn(
        &mut self,
        bench: &Bench<'_>,
        sight: &Sight<'_>,
        kind: EventKind,
        threshold_m: f64,
    ) -> f64 {
        let id = MachineId { rule: bench.rule.rule, kind, zone: sight.zone };
        let sample = sight.sample;
        let gap_m = sight.distance_m - threshold_m;
        let opens_at_m = if sample.trust.coarse { -sample.accuracy_m } else { 0.0 };
        let qualifies = gap_m <= opens_at_m;
        let clears_at_m = bench.scene.config.exit_margin_m;
        let permitted = qualifies
            && sample.trust.sound()
            && bench.permits(sample.position, bench.key.time, bench.key);
        let proof = bench.proof(sight, threshold_m);
        let place = self.now.machines.binary_search_by_key(&id, |machine| machine.id);
        let open = place.ok().and_then(|index| match self.now.machines[index].mode {
            Mode::Open { permitted, threshold_m: ref mut judged_by } => {
                *judged_by = threshold_m;
                Some((index, permitted))
            }
            Mode::Row { .. } => None,
        });
        match open {
            Some((index, _))
                if sample.trust.sound() && gap_m > sample.accuracy_m.max(clears_at_m) =>
            {
                self.now.machines.remove(index);
                self.close(id, bench.key, proof);
                gap_m
            }
            Some((index, true)) if qualifies && !permitted => {
                self.close(id, bench.key, Proof { cause: Cause::PermitEnded, ..proof });
                self.now.machines[index].mode = Mode::Open { permitted: false, threshold_m };
                self.open(id, bench.key, bench.key.time, gap_m, false, proof);
                clears_at_m - gap_m
            }
            Some((_, true)) => 0.0,
            Some((_, false)) => clears_at_m - gap_m,
            None if qualifies => {
                let (index, count, first) = self.count_in_row(id, bench, sample);
                if count > bench.rule.confirm_fixes {
                    self.now.machines[index].mode = Mode::Open { permitted, threshold_m };
                    self.open(id, bench.key, first, gap_m, permitted, proof);
                }
                if count > bench.rule.confirm_fixes && !permitted {
                    clears_at_m - gap_m
                } else {
                    0.0
                }
            }
            None => {
                if let Ok(index) = place {
                    if sample.trust.sound() && gap_m > 0.0 {
                        self.now.machines.remove(index);
                        return gap_m;
                    }
                    return 0.0;
                }
                gap_m
            }
        }
    }

    /// Counts a qualifying fix; gives the machine's place, the length of the row and its start.
    // J-BREACH-4
    fn count_in_row(
        &mut self,
        id: MachineId,
        bench: &Bench<'_>,
        sample: &Sample,
    ) -> (usize, u32, Timestamp) {
        let key = sample.key(bench.scene.device);
        let (instant, machines) = (bench.key.time, &mut self.now.machines);
        let index = match machines.binary_search_by_key(&id, |machine| machine.id) {
            Ok(index) => {
                if let Mode::Row { count, last, .. } = &mut machines[index].mode
                    && key > *last
                {
                    *count += 1;
                    *last = key;
                }
                index
            }
            Err(index) => {
                let mode = Mode::Row { count: 1, first: instant, last: key };
                machines.insert(index, Machine { id, mode });
                index
            }
        };
        match machines[index].mode {
            Mode::Row { count, first, .. } => (index, count, first),
            Mode::Open { .. } => (index, 1, instant),
        }
    }

    fn open(
        &mut self,
        id: MachineId,
        key: Key,
        start: Timestamp,
        gap_m: f64,
        permitted: bool,
        proof: Proof,
    ) {
        // J-BREACH-5
        let certain = proof
            .judged
            .is_some_and(|(_, sample)| gap_m <= -sample.accuracy_m && !sample.trust.doubtful);
        self.episodes.push(Episode {
            id,
            number: 0,
            start,
            end: None,
            certainty: if certain { Certainty::Certain } else { Certainty::Probable },
            permitted,
            opening: proof,
            closing: None,
            end_told: false,
            opened_by: key,
            closed_by: None,
        });
    }

    /// A breach that a fix too late for the history shows by itself, started and ended at its time.
    // J-LATE-2
    pub fn add_alone(&mut self, scene: Scene<'_>, rule: RuleId, zone: ZoneId, sample: &Sample) {
        let id = MachineId { rule, kind: EventKind::Breach, zone };
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
        let Some(keep_out) = version.rule(rule).filter(|_| !self.episodes.iter().any(covers))
        else {
            return;
        };
        let distance_m = shape.signed_distance_m(sample.position);
        let sight = Sight { sample, zone, zone_version, shape, distance_m };
        let since = sample.time;
        let cause = Cause::Fix;
        let bench =
            Bench { scene, version, rule: keep_out, key, cause, since, before: None, glance: None };
        let permitted = sample.trust.sound() && bench.permits(sample.position, sample.time, key);
        let proof = bench.proof(&sight, 0.0);
        self.open(id, key, sample.time, distance_m, permitted, proof);
        if let Some(episode) = self.episodes.last_mut() {
            episode.end = Some(sample.time);
            episode.closing = Some(proof);
            episode.closed_by = Some(key);
        }
    }

    // J-CROSS-1
    fn look_for_crossing(&mut self, bench: &Bench<'_>, sight: &Sight<'_>, before: &Sample) {
        let id = MachineId { rule: bench.rule.rule, kind: EventKind::Breach, zone: sight.zone };
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
            zone: sight.zone,
            zone_version: sight.zone_version,
            shape: sight.shape,
            distance_m: sight.shape.signed_distance_m(before.position),
        };
        let then = Key::end_of(before.time);
        let permitted = bench.permits(before.position, before.time, then)
            && bench.permits(sight.sample.position, bench.key.time, bench.key);
        self.episodes.push(Episode {
            id,
            number: 0,
            start: before.time,
            end: Some(sight.sample.time),
            certainty: Certainty::Crossed,
            permitted,
            opening: bench.proof(&first, 0.0),
            closing: Some(bench.proof(sight, 0.0)),
            end_told: false,
            opened_by: bench.key,
            closed_by: Some(bench.key),
        });
    }
}

impl Bench<'_> {
    /// The earlier fix, if a crossing between it and this one would count.
    fn crossing_from(&self) -> Option<Sample> {
        let before = self.before.filter(|_| self.rule.confirm_fixes == 0)?;
        let apart_ms = self.key.time.ms_since(before.time);
        let counts = apart_ms <= self.scene.config.crossing_gap_max_ms && before.time >= self.since;
        counts.then_some(before)
    }

    /// Whether a permit covers the position at the instant.
    // J-PERMIT-1
    fn permits(&self, position: Position, instant: Timestamp, key: Key) -> bool {
        self.version.permits.iter().any(|permit| {
            permit.active.iter().any(|interval| interval.contains(instant))
                && self
                    .scene
                    .zones
                    .as_of(permit.zone, key)
                    .and_then(|zone| zone.shape.as_deref())
                    .is_some_and(|shape| shape.contains(position))
        })
    }

    fn proof(&self, sight: &Sight<'_>, threshold_m: f64) -> Proof {
        Proof {
            cause: self.cause,
            order_version: self.version.number,
            zone_version: sight.zone_version,
            threshold_m,
            judged: Some((sight.distance_m, *sight.sample)),
        }
    }
}
