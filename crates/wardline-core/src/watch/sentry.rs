//! Quick looks: whether a fix is so far from a zone that it need not be judged. First the boxes of
//! zones are asked; where they do not tell, as beside a boundary, the zones themselves.

use super::surroundings::{Ground, Surroundings, View};
use super::{About, Scene, Watch};
use crate::geometry::{Area, Bounds, Position, SCALE_REACH_M, Scale, Shape};
use crate::ids::{RuleId, ZoneId};
use crate::input::Place;
use crate::key::Key;
use crate::order::{KeepOut, Terms};
use crate::zones::Zones;

/// The box of a zone of an active rule, and how near to it a fix must be judged.
pub(super) struct Sentry {
    bounds: Bounds,
    reach_m: f64,
    rule: RuleId,
    zone: ZoneId,
}

/// Where a device is, and which way it has come since the sound fix before.
#[derive(Clone, Copy)]
pub(crate) struct Glance {
    pub(super) position: Position,
    pub(super) scale: Scale,
    before: Option<Position>,
    step_m: f64,
    /// A box that holds the way, with a margin; nothing if the way comes near the antimeridian.
    way: Option<Bounds>,
}

/// What is watched by boxes: where the present rules forbid to be.
#[derive(Default)]
pub(super) struct Sentries {
    zones: Box<[Sentry]>,
    /// Boxed, since few people are kept out of layers.
    layers: Option<Box<Surroundings>>,
    /// There are rules besides that boxes say nothing of.
    is_partial: bool,
}

/// Covers the error of computed distances (J-GEO-2) within the reach of a scale, many times over.
const DISTANCE_ERROR_M: f64 = 1.0;
/// The same in 1e-7 degree, at least a metre where there are scales.
const DISTANCE_ERROR_E7: i32 = 1_000;
/// A step that is longer is judged in full.
const STEP_M_MAX: f64 = 5_000.0;

impl Glance {
    /// A look from this position; nothing near a pole or after a long step.
    pub fn new(position: Position, before: Option<Position>) -> Option<Self> {
        let scale = Scale::near(position)?;
        let step_m = before.map_or(0.0, |before| scale.most_m2(before, position).sqrt());
        if step_m > STEP_M_MAX {
            return None;
        }
        // Across the antimeridian steps seem to be long.
        let way = Bounds::of_both(before.unwrap_or(position), position).widened(DISTANCE_ERROR_E7);
        Some(Self { position, scale, before, step_m, way })
    }

    /// How far one may go before the sentry's zone matters; nothing if it may matter now.
    fn slack_m(&self, sentry: &Sentry) -> Option<f64> {
        self.slack_beside_m(&sentry.bounds, sentry.reach_m)
    }

    /// The same for a box of a zone that must be judged from so near.
    #[inline]
    pub(super) fn slack_beside_m(&self, bounds: &Bounds, reach_m: f64) -> Option<f64> {
        if self.way.is_some_and(|way| way.intersects(bounds)) {
            return None;
        }
        let least_m = self.scale.least_m(self.position, bounds);
        let is_met = self.way.is_none() && least_m <= self.step_m + DISTANCE_ERROR_M;
        (least_m > reach_m && !is_met).then_some(least_m - reach_m)
    }

    /// The same for the zone itself, where its box does not tell. A bound of its distance will do.
    pub(super) fn slack_before_m(&self, shape: &Shape, reach_m: f64) -> Option<f64> {
        let from = self.before.unwrap_or(self.position);
        let distance_m = shape.least_after_way_m(from, self.position, &self.scale, reach_m)?;
        // Farther off, a computed distance may be wrong by more than reaches allow for.
        let distance_m = distance_m.min(SCALE_REACH_M);
        (distance_m > reach_m).then_some(distance_m - reach_m)
    }

    /// The scale near where it is.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Not less than how far it is from the sound fix before.
    pub fn step_m(&self) -> f64 {
        self.step_m
    }

    /// Whether it is a look from the same position after the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.position, self.before) == (other.position, other.before)
    }

    /// Whether all that the way may meet meets the area.
    pub(super) fn has_come_within(&self, area: &Area) -> bool {
        let margin_e7 = DISTANCE_ERROR_E7.into();
        self.before.is_none_or(|before| area.holds_position(before, margin_e7))
    }
}

impl Watch {
    /// Sets up the sentries for the present rules.
    pub(super) fn post_sentries(&mut self, scene: Scene<'_>, key: Key) {
        let in_force = scene.order.in_force(key).filter(|version| version.person == scene.person);
        let rules = in_force.map_or(&[][..], |version| &version.rules);
        let (mut zones, mut grounds) = (Vec::new(), Vec::new());
        let mut is_partial = false;
        for rule in rules.iter().filter(|rule| self.active(rule.rule).is_some()) {
            let Terms::KeepOut(KeepOut { place, warn_m, .. }) = rule.terms else {
                is_partial = true;
                continue;
            };
            let (reach_m, rule) = (warn_m.max(0.0) + DISTANCE_ERROR_M, rule.rule);
            match place {
                Place::Layer(layer) => grounds.push(Ground { layer, rule, reach_m }),
                Place::Zone(zone) => {
                    let bounds = scene.zones.shape_as_of(zone, key).map_or(&[][..], Shape::bounds);
                    let post = |bounds: &Bounds| Sentry { bounds: *bounds, reach_m, rule, zone };
                    zones.extend(bounds.iter().map(post));
                }
            }
        }
        let are_layers = !grounds.is_empty();
        let layers = Surroundings::of(grounds).map(Box::new);
        is_partial |= are_layers && layers.is_none();
        self.sentries = Some(Sentries { zones: zones.into(), layers, is_partial });
    }

    /// How far one may go from there before a verdict of any place can change; nothing if the fix
    /// must be judged in full.
    pub fn slack_afar_m(&mut self, glance: &Glance, zones: &Zones) -> Option<f64> {
        if self.about != About::Places {
            return Some(f64::INFINITY);
        }
        let sentries = self.sentries.as_mut().filter(|sentries| !sentries.is_partial)?;
        if !self.now.machines.is_empty() {
            return None;
        }
        let slack_m = sentries.zones.iter().try_fold(f64::INFINITY, |slack_m, sentry| {
            let free_m = glance.slack_m(sentry).or_else(|| {
                let shape = zones.present(sentry.zone)?.shape.as_deref()?;
                debug_assert!(shape.bounds().contains(&sentry.bounds), "the zone has changed");
                glance.slack_before_m(shape, sentry.reach_m)
            });
            Some(free_m?.min(slack_m))
        })?;
        let Some(layers) = &mut sentries.layers else { return Some(slack_m) };
        let view = layers.view(glance, zones).filter(|view| !view.matters)?;
        Some(slack_m.min(view.slack_m))
    }

    /// Reads what the next look will need of layers, so that the waits for memory of many overlap.
    pub fn touch(&self) -> u32 {
        let layers = self.sentries.as_ref().and_then(|sentries| sentries.layers.as_ref());
        layers.map_or(0, |layers| layers.touch())
    }

    /// The same for one zone of a rule.
    pub(super) fn slack_from_m(&self, glance: &Glance, rule: RuleId, zone: ZoneId) -> Option<f64> {
        let engaged = |machine: &super::Machine| machine.id.zone_of(rule) == Some(zone);
        if self.now.machines.iter().any(engaged) {
            return None;
        }
        let sentries = self.sentries.as_ref()?.zones.iter();
        let mut here = sentries.filter(|sentry| sentry.rule == rule && sentry.zone == zone);
        let first_m = glance.slack_m(here.next()?)?;
        here.try_fold(first_m, |slack_m, sentry| Some(glance.slack_m(sentry)?.min(slack_m)))
    }

    /// What a fix sees of the zones of layers, if that is watched.
    pub(super) fn view(&mut self, glance: &Glance, zones: &Zones) -> Option<View> {
        self.sentries.as_mut()?.layers.as_mut()?.view(glance, zones)
    }

    /// A list for the zones of a layer that are judged; kept to spare allocations.
    pub(super) fn take_zones_at_hand(&mut self) -> Vec<ZoneId> {
        let layers = self.sentries.as_mut().and_then(|sentries| sentries.layers.as_mut());
        layers.map_or_else(Vec::new, |layers| std::mem::take(&mut layers.zones_at_hand))
    }

    /// Gives it back, empty.
    pub(super) fn keep_zones_at_hand(&mut self, zones: Vec<ZoneId>) {
        if let Some(layers) = self.sentries.as_mut().and_then(|sentries| sentries.layers.as_mut()) {
            layers.zones_at_hand = zones;
        }
    }

    /// Adds the zones of a layer's rule that may matter to the fix that was viewed last.
    pub(super) fn add_what_matters(&self, rule: RuleId, found: &mut Vec<ZoneId>) {
        if let Some(layers) = self.sentries.as_ref().and_then(|sentries| sentries.layers.as_ref()) {
            layers.add_what_matters(rule, found);
        }
    }
}
