//! Machines that end without a fix: the rule, zone or device is gone.

use super::{About, MachineId, Mode, Proof, Scene, Target, Watch};
use crate::event::{Cause, EventKind};
use crate::ids::ZoneId;
use crate::input::Place;
use crate::key::Key;
use crate::order::{KeepOut, Terms};

impl Watch {
    pub(super) fn end_what_no_longer_holds(
        &mut self,
        scene: Scene<'_>,
        key: Key,
        zone: Option<ZoneId>,
    ) {
        let ids: Vec<_> = self.now.machines.iter().map(|machine| machine.id).collect();
        for id in ids {
            if let Some(cause) = self.why_ended(scene, id, key, zone) {
                self.end_machine(scene, id, key, cause);
            }
        }
    }

    /// Why a machine is no more at the instant of the item with this key, if it is no more.
    fn why_ended(
        &self,
        scene: Scene<'_>,
        id: MachineId,
        key: Key,
        changed: Option<ZoneId>,
    ) -> Option<Cause> {
        if self.about == About::Conditions {
            return self.now.active.is_empty().then_some(Cause::RuleEnded);
        }
        let version = scene.order.as_of(key);
        let Some(rule) = version.and_then(|version| version.rule(id.rule)) else {
            return Some(Cause::RuleEnded);
        };
        let zone_changed = |zones: &[ZoneId]| changed.is_some_and(|zone| zones.contains(&zone));
        let gone = |zones: &[ZoneId]| match zone_changed(zones) {
            true => Cause::ZoneRemoved,
            false => Cause::RuleEnded,
        };
        let is_active = self.active(id.rule).is_some();
        match (&rule.terms, id.target) {
            // Out of its hours it ended at the boundary before, so that a zone is what it lacks.
            (Terms::StayIn(stay_in), Target::None) => (!is_active).then(|| gone(&stay_in.zones)),
            (_, _) if !is_active => Some(Cause::RuleEnded),
            (Terms::KeepOut(keep_out), Target::Zone(zone)) => {
                match keep_out_holds(scene, keep_out, zone, key) {
                    true => without_warning(id.kind, keep_out.warn_m),
                    false => Some(gone(&[zone])),
                }
            }
            // Active in this watch is only what names its person.
            (Terms::KeepAway(keep_away), Target::Person(_)) => {
                without_warning(id.kind, keep_away.warn_m)
            }
            _ => Some(Cause::RuleEnded),
        }
    }

    pub(super) fn end_machine(&mut self, scene: Scene<'_>, id: MachineId, key: Key, cause: Cause) {
        let Ok(index) = self.now.machines.binary_search_by_key(&id, |machine| machine.id) else {
            return;
        };
        let mode = self.now.machines.remove(index).map(|machine| machine.mode);
        if let Some(Mode::Open { threshold_m, .. }) = mode {
            let order_version = scene.order.as_of(key).map_or(0, |version| version.number);
            let zone = match id.target {
                Target::Zone(zone) => {
                    Some((zone, scene.zones.as_of(zone, key).map_or(0, |zone| zone.number)))
                }
                _ => None,
            };
            self.close(id, key, Proof { cause, order_version, zone, threshold_m, judged: None });
        }
        self.note(key, true);
    }
}

fn keep_out_holds(scene: Scene<'_>, keep_out: &KeepOut, zone: ZoneId, key: Key) -> bool {
    let version = scene.zones.as_of(zone, key).filter(|zone| zone.shape.is_some());
    match keep_out.place {
        Place::Zone(named) => named == zone && version.is_some(),
        Place::Layer(layer) => version.is_some_and(|zone| zone.layer() == Some(layer)),
    }
}

/// A warning ends where the rule gives none any more.
fn without_warning(kind: EventKind, warn_m: f64) -> Option<Cause> {
    (kind == EventKind::Warning && warn_m <= 0.0).then_some(Cause::RuleEnded)
}
