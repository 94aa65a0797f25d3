//! A fix before a stay_in rule.

use super::judge::Bench;
use super::{Judged, Machine, MachineId, Mode, Proof, Target, Watch};
use crate::event::{Certainty, EventKind};
use crate::ids::ZoneId;
use crate::order::StayIn;
use crate::track::Sample;

impl Watch {
    /// Judges whether the device is where it must be. Gives how far it may move before the verdict
    /// can change.
    // J-ABSENCE-1
    pub(super) fn judge_stay_in(
        &mut self,
        bench: &Bench<'_>,
        stay_in: &StayIn,
        sample: &Sample,
    ) -> f64 {
        let Some((distance_m, zone)) = nearest(bench, stay_in, sample) else {
            return f64::INFINITY;
        };
        let id =
            MachineId { rule: bench.rule.rule, kind: EventKind::Absence, target: Target::None };
        let proof = Proof {
            cause: bench.cause,
            order_version: bench.version.number,
            zone: Some(zone),
            threshold_m: Some(0.0),
            judged: Some(Judged { distance_m, sample: *sample, other: None }),
        };
        let margin_m = bench.scene.config.exit_margin_m;
        let is_away = !sample.trust.coarse && distance_m > sample.accuracy_m.max(margin_m);
        let grace_end = bench.version.grace_end(bench.rule, bench.key);
        let in_grace = grace_end.is_some_and(|end| bench.key.time < end);
        match self.now.machines.binary_search_by_key(&id, |machine| machine.id) {
            Ok(index) if sample.trust.sound() && distance_m <= 0.0 => {
                self.now.machines.remove(index);
                self.close(id, bench.key, proof);
                margin_m - distance_m
            }
            Ok(_) => distance_m,
            Err(_) if in_grace => f64::INFINITY,
            Err(index) if is_away => {
                let mode = Mode::Open { permitted: false, threshold_m: Some(0.0) };
                self.now.machines.insert(index, Machine { id, mode });
                let certainty = match sample.trust.sound() {
                    true => Certainty::Certain,
                    false => Certainty::Probable,
                };
                self.open(id, bench.key, bench.key.time, Some(certainty), false, proof);
                distance_m
            }
            Err(_) => margin_m - distance_m,
        }
    }
}

/// The zone of the rule that is nearest to the sample, with its version; of equals the first.
fn nearest(bench: &Bench<'_>, stay_in: &StayIn, sample: &Sample) -> Option<(f64, (ZoneId, u64))> {
    let zones = stay_in.zones.iter().filter_map(|zone| {
        let version = bench.scene.zones.as_of(*zone, bench.key)?;
        let distance_m = version.shape.as_deref()?.signed_distance_m(sample.position);
        Some((distance_m, (*zone, version.number)))
    });
    zones.min_by(|a, b| a.0.total_cmp(&b.0))
}
