//! Quick looks: whether a fix is so far from a zone that it need not be judged.

use super::{About, Scene, Watch};
use crate::geometry::{Bounds, Position, Scale};
use crate::ids::{RuleId, ZoneId};
use crate::input::Place;
use crate::key::Key;
use crate::order::{KeepOut, Terms};

/// The box of a zone of an active rule, and how near to it a fix must be judged.
pub(super) struct Sentry {
    bounds: Bounds,
    reach_m: f64,
    rule: RuleId,
    zone: ZoneId,
}

/// Where a device is, and how far it has come since the sound fix before.
#[derive(Clone, Copy)]
pub(crate) struct Glance {
    position: Position,
    scale: Scale,
    step_m: f64,
}

/// Covers the error of computed distances (J-GEO-2) within the reach of a scale, many times over.
const DISTANCE_ERROR_M: f64 = 1.0;
/// A step that is longer is judged in full.
const STEP_M_MAX: f64 = 5_000.0;

impl Glance {
    /// A look from this position; nothing near a pole or after a long step.
    pub fn new(position: Position, before: Option<Position>) -> Option<Self> {
        let scale = Scale::near(position)?;
        let step_m = before.map_or(0.0, |before| scale.most_m2(before, position).sqrt());
        (step_m <= STEP_M_MAX).then_some(Self { position, scale, step_m })
    }

    /// How far one may go before the sentry's zone matters; nothing if it may matter now.
    fn slack_m(&self, sentry: &Sentry) -> Option<f64> {
        self.slack_beside_m(&sentry.bounds, sentry.reach_m)
    }

    /// The same for a box of a zone that warns at this distance.
    pub(super) fn slack_before_m(&self, bounds: &Bounds, warn_m: f64) -> Option<f64> {
        self.slack_beside_m(bounds, warn_m.max(0.0) + DISTANCE_ERROR_M)
    }

    fn slack_beside_m(&self, bounds: &Bounds, reach_m: f64) -> Option<f64> {
        let least_m = self.scale.least_m(self.position, bounds);
        let matters = least_m <= reach_m || least_m <= self.step_m + DISTANCE_ERROR_M;
        (!matters).then_some(least_m - reach_m)
    }
}

impl Watch {
    /// Sets up the sentries, if the present rules can be watched by them.
    pub(super) fn post_sentries(&mut self, scene: Scene<'_>, key: Key) {
        let in_force = scene.order.in_force(key).filter(|version| version.person == scene.person);
        let rules = in_force.map_or(&[][..], |version| &version.rules);
        let mut sentries = Vec::new();
        for rule in rules.iter().filter(|rule| self.active(rule.rule).is_some()) {
            let (zone, warn_m) = match rule.terms {
                Terms::KeepOut(KeepOut { place: Place::Zone(zone), warn_m, .. }) => (zone, warn_m),
                _ => return,
            };
            let Some(shape) = scene.zones.shape_as_of(zone, key) else { continue };
            let (reach_m, rule) = (warn_m.max(0.0) + DISTANCE_ERROR_M, rule.rule);
            let bounds = shape.bounds().iter();
            sentries.extend(bounds.map(|bounds| Sentry { bounds: *bounds, reach_m, rule, zone }));
        }
        self.sentries = Some(sentries);
    }

    /// How far one may go from there before a verdict of any place can change; nothing if the fix
    /// must be judged in full.
    pub fn slack_afar_m(&self, glance: &Glance) -> Option<f64> {
        if self.about != About::Places {
            return Some(f64::INFINITY);
        }
        let sentries = self.sentries.as_ref().filter(|_| self.now.machines.is_empty())?;
        sentries
            .iter()
            .try_fold(f64::INFINITY, |slack_m, sentry| Some(glance.slack_m(sentry)?.min(slack_m)))
    }

    /// The same for one zone of a rule.
    pub(super) fn slack_from_m(&self, glance: &Glance, rule: RuleId, zone: ZoneId) -> Option<f64> {
        let engaged = |machine: &super::Machine| machine.id.zone_of(rule) == Some(zone);
        if self.now.machines.iter().any(engaged) {
            return None;
        }
        let sentries = self.sentries.as_ref()?.iter();
        let mut here = sentries.filter(|sentry| sentry.rule == rule && sentry.zone == zone);
        let first_m = glance.slack_m(here.next()?)?;
        here.try_fold(first_m, |slack_m, sentry| Some(glance.slack_m(sentry)?.min(slack_m)))
    }
}
