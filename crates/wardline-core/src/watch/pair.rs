//! Two parties before a keep_away rule.

use super::judge::Bench;
use super::turn::Reading;
use super::{About, Item, Judged, Machine, MachineId, Mode, Proof, Scene, State, Target, Watch};
use crate::event::{Cause, EventKind};
use crate::geometry::distance_m;
use crate::ids::{DeviceId, RuleId};
use crate::key::Key;
use crate::order::{KeepAway, OrderVersion, Terms};
use crate::track::{Sample, Trust};

/// The distances of two parties at which nothing turns: more than the one, and no more than the
/// other.
#[derive(Clone, Copy)]
pub(crate) struct Band {
    pub above_m: f64,
    pub up_to_m: f64,
}

impl KeepAway {
    /// What the rule lets turn, and at which distance; at none if that is 0.
    fn machines(&self) -> impl Iterator<Item = (EventKind, f64)> {
        [(EventKind::Breach, self.distance_m), (EventKind::Warning, self.warn_m)].into_iter()
    }
}

impl Watch {
    /// The newest reference fix of the protected person's devices, and the device.
    // J-PROX-1
    pub(super) fn other_reference(&self, scene: Scene<'_>, key: Key) -> Option<(DeviceId, Sample)> {
        let references = scene.others.iter().filter_map(|track| {
            let sample = track.reference_of(key, |fix| self.counts(fix, key))?;
            Some((sample.key(track.device()), track.device(), sample))
        });
        let newest = references.max_by_key(|(key, ..)| *key);
        newest.map(|(_, device, sample)| (device, sample))
    }

    /// The reference fix of the device itself.
    pub(super) fn own_reference(&self, scene: Scene<'_>, key: Key) -> Option<Sample> {
        scene.track.reference_of(key, |fix| self.counts(fix, key))
    }

    /// Whether a fix did not come too late to be a reference for an item.
    fn counts(&self, fix: Key, item: Key) -> bool {
        self.hidden().iter().all(|(hidden, until)| *hidden != fix || item > *until)
    }

    /// Between which distances of the parties nothing turns by an item with this key or any after
    /// it; nothing if that cannot be told. These are the rules that may count for them.
    pub fn band_from(
        &self,
        key: Key,
        rules: impl Iterator<Item = (RuleId, KeepAway)> + Clone,
        exit_margin_m: f64,
    ) -> Option<Band> {
        let machines = &self.now.machines;
        let is_now = |state: Option<&State>| {
            state.map_or(machines.is_empty(), |state| state.machines == *machines)
        };
        let is_calm = self.frozen() <= key
            && self.hidden().iter().all(|(_, until)| *until < key)
            && self.checkpoints.states_from(key).all(is_now);
        let is_of = |machine: &Machine| rules.clone().any(|(rule, _)| rule == machine.id.rule);
        if !is_calm || !machines.iter().all(is_of) {
            return None;
        }
        let mut band = Band { above_m: 0.0, up_to_m: f64::INFINITY };
        for (rule, keep_away) in rules {
            for (kind, threshold_m) in keep_away.machines() {
                let is_same =
                    |machine: &&Machine| (machine.id.rule, machine.id.kind) == (rule, kind);
                let open = Mode::Open { permitted: false, threshold_m: Some(threshold_m) };
                match machines.iter().find(is_same) {
                    None => band.above_m = band.above_m.max(threshold_m),
                    Some(machine) if machine.mode == open => {
                        band.up_to_m = band.up_to_m.min(threshold_m + exit_margin_m);
                    }
                    Some(_) => return None,
                }
            }
        }
        Some(band)
    }

    /// Whether an episode began or ended by the item with this key or one after it, so that others
    /// than before end or begin next.
    pub fn has_turned_from(&self, key: Key) -> bool {
        self.checkpoints.last() >= key
    }

    /// A fix of either party, against the other's reference fix.
    pub(super) fn take_pair(
        &mut self,
        scene: Scene<'_>,
        version: &OrderVersion,
        key: Key,
        item: Item,
    ) -> f64 {
        let pair = match item {
            Item::Own(index) => scene.track.get(index).zip(self.other_reference(scene, key)),
            Item::Other(track, index) => {
                let track = scene.others.get(track);
                let hers = track.and_then(|track| Some((track.device(), track.get(index)?)));
                self.own_reference(scene, key).zip(hers)
            }
            Item::Word => None,
        };
        let Some((his, hers)) = pair else { return 0.0 };
        let mut slack_m = f64::INFINITY;
        for rule in &version.rules {
            let (Some(active), Terms::KeepAway(keep_away)) = (self.active(rule.rule), &rule.terms)
            else {
                continue;
            };
            if self.about != About::Person(keep_away.person) {
                continue;
            }
            let since = active.since;
            let (before, glance, view) = (None, None, None);
            let cause = Cause::Fix;
            let bench = Bench { scene, version, rule, key, cause, since, before, glance, view };
            slack_m = slack_m.min(self.judge_pair(&bench, *keep_away, &his, hers));
        }
        slack_m
    }

    /// Judges the distance of the parties. Gives by how much it may change before a verdict can.
    pub(super) fn judge_pair(
        &mut self,
        bench: &Bench<'_>,
        keep_away: KeepAway,
        his: &Sample,
        (her_device, hers): (DeviceId, Sample),
    ) -> f64 {
        let apart_m = distance_m(his.position, hers.position);
        let fresh_ms = bench.scene.config.reference_age_max_ms;
        let is_fresh =
            [his, &hers].iter().all(|sample| bench.key.time.ms_since(sample.time) < fresh_ms);
        let trust = Trust {
            coarse: his.trust.coarse || hers.trust.coarse,
            doubtful: his.trust.doubtful || hers.trust.doubtful,
            implausible: false,
        };
        let mut slack_m = f64::INFINITY;
        for (kind, threshold_m) in keep_away.machines().filter(|(_, m)| *m > 0.0) {
            let target = Target::Person(keep_away.person);
            let id = MachineId { rule: bench.rule.rule, kind, target };
            let other = Some((her_device, hers));
            let reading = Reading {
                gap_m: apart_m - threshold_m,
                accuracy_m: his.accuracy_m + hers.accuracy_m,
                trust,
                is_fresh,
                position: his.position,
                fix: bench.key,
                confirm_fixes: 0,
                proof: Proof {
                    cause: bench.cause,
                    order_version: bench.version.number,
                    zone: None,
                    threshold_m: Some(threshold_m),
                    judged: Some(Judged { distance_m: apart_m, sample: *his, other }),
                },
            };
            slack_m = slack_m.min(self.turn(bench, id, &reading));
        }
        slack_m
    }
}
