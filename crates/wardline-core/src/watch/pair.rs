//! Two parties before a keep_away rule.

use super::judge::Bench;
use super::turn::Reading;
use super::{About, Item, Judged, MachineId, Proof, Scene, Target, Watch};
use crate::event::{Cause, EventKind};
use crate::geometry::distance_m;
use crate::ids::DeviceId;
use crate::key::Key;
use crate::order::{KeepAway, OrderVersion, Terms};
use crate::track::{Sample, Trust};

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

    /// Whether, for an item with this key and all after it, there is nothing to end and no fix that
    /// is no reference; so that none of them matters while the parties are far from each other.
    pub fn is_calm_from(&self, key: Key) -> bool {
        let mut states = self.checkpoints.states_from(key);
        self.frozen() <= key
            && self.hidden().iter().all(|(_, until)| *until < key)
            && states.all(|state| state.machines.is_empty())
            && self.now.machines.is_empty()
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
        let machines =
            [(EventKind::Breach, keep_away.distance_m), (EventKind::Warning, keep_away.warn_m)];
        for (kind, threshold_m) in machines.into_iter().filter(|(_, m)| *m > 0.0) {
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
