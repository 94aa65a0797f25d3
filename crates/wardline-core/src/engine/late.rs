//! Fixes that come too late for the history.

use super::Engine;
use super::observation::Scope;
use crate::event::{Cause, EventKind, Evidence};
use crate::geometry::Bounds;
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::Place;
use crate::key::Key;
use crate::order::{KeepOut, Rule, Terms};
use crate::outbox::Draft;
use crate::time::Timestamp;
use crate::track::Sample;
use crate::watch::About;

impl Engine {
    /// A fix of the restrained person older than a full history, judged alone.
    // J-LATE-2
    pub(super) fn judge_alone(&mut self, slot: usize, sample: &Sample, at: Timestamp) {
        let person = self.devices.get(slot).and_then(|device| self.people.get(device.person));
        let orders = person.map_or_else(Vec::new, |person| person.restrained_by.clone());
        for order in orders {
            self.judge_alone_under(slot, order, sample, at);
        }
    }

    fn judge_alone_under(&mut self, slot: usize, id: OrderId, sample: &Sample, at: Timestamp) {
        let Some(device) = self.devices.get(slot) else { return };
        let (person, key) = (device.person, sample.key(device.id));
        let Some(order) = self.orders.by_id.get(id) else { return };
        let Some(then) = order.in_force(key).filter(|version| version.person == person) else {
            return;
        };
        let is_newest = order.newest().is_some_and(|newest| newest.number == then.number);
        let unchanged = is_newest && then.ended.is_none();
        let mut unjudged = Vec::new();
        let mut breaches = Vec::new();
        for rule in then.rules.iter().filter(|rule| rule.active_since(key.time).is_some()) {
            let (zones, changed) = self.seen_alone(rule, sample, key);
            let of_places = matches!(rule.terms, Terms::KeepOut(_) | Terms::StayIn(_));
            if (changed || !unchanged) && of_places {
                unjudged.push(rule.rule);
            }
            if unchanged {
                breaches.extend(zones.into_iter().map(|zone| (rule.rule, zone)));
            }
        }
        for rule in unjudged {
            self.note_unjudged(slot, id, rule, Some(sample), (key, at));
        }
        let about = About::Places;
        let scope = Scope { order: id, about, at, time: sample.time, cause: Some(Cause::Fix) };
        for (rule, zone) in breaches {
            self.observe(slot, scope, |watch, scene| watch.add_alone(scene, rule, zone, sample));
        }
    }

    /// The zones of a rule that the sample alone breaches, of those that have not changed since;
    /// and whether the rule cannot be judged, because any has or the other party is not known.
    fn seen_alone(&self, rule: &Rule, sample: &Sample, key: Key) -> (Vec<ZoneId>, bool) {
        let has_changed = |zone: &ZoneId| self.zones.changes_from(*zone, key).next().is_some();
        match &rule.terms {
            Terms::KeepOut(keep_out) => {
                let (zones, changed) = self.zones_seen(keep_out, sample, key);
                (if keep_out.confirm_fixes == 0 { zones } else { Vec::new() }, changed)
            }
            Terms::StayIn(stay_in) => (Vec::new(), stay_in.zones.iter().any(has_changed)),
            Terms::KeepAway(_) | Terms::Report(_) => (Vec::new(), false),
        }
    }

    fn zones_seen(&self, keep_out: &KeepOut, sample: &Sample, key: Key) -> (Vec<ZoneId>, bool) {
        let (mut zones, changed) = match keep_out.place {
            Place::Zone(zone) => (vec![zone], self.zones.changes_from(zone, key).next().is_some()),
            Place::Layer(layer) => {
                let around = Bounds::around(sample.position, 0.0);
                let mut found = Vec::new();
                self.zones.layer_candidates(layer, &around, key, &mut found);
                (found, self.zones.layer_changes_from(layer, key).next().is_some())
            }
        };
        zones.retain(|zone| {
            let unchanged = self.zones.present(*zone).filter(|version| version.put < key);
            unchanged.and_then(|zone| zone.shape.as_deref()).is_some_and(|shape| {
                let distance_m = shape.signed_distance_m(sample.position);
                distance_m <= if sample.trust.coarse { -sample.accuracy_m } else { 0.0 }
            })
        });
        (zones, changed)
    }

    /// Notes the keep_away rules about a protected person that a fix of either party cannot be
    /// judged by any more.
    pub(super) fn note_pair_unjudged(
        &mut self,
        (slot, id, person): (usize, OrderId, PersonId),
        sender: DeviceId,
        sample: &Sample,
        at: Timestamp,
    ) {
        let device = self.devices.get(slot).filter(|device| device.assigned <= sample.time);
        let Some(device) = device else { return };
        let (his, restrained) = (device.id == sender, device.person);
        let key = sample.key(sender);
        let order = self.orders.by_id.get(id);
        let version = order.and_then(|order| order.in_force(key));
        let rules = version.filter(|v| v.person == restrained).map_or(&[][..], |v| &v.rules);
        let protects = |rule: &&Rule| match rule.terms {
            Terms::KeepAway(keep_away) => keep_away.person == person,
            _ => false,
        };
        let active = rules.iter().filter(|rule| rule.active_since(key.time).is_some());
        let rules: Vec<_> = active.filter(protects).map(|rule| rule.rule).collect();
        let seen = Some((sample.facts(sender), at.ms_since(sample.time)));
        for rule in rules {
            let Some(mut draft) = self.draft_unjudged(slot, id, rule, key) else { continue };
            let (fix, other_fix) = if his { (seen, None) } else { (None, seen) };
            draft.other_person = (!his).then_some(person);
            draft.evidence = Some(Evidence { distance_m: None, fix, other_fix });
            self.outbox.push(draft);
        }
    }

    /// Notes that an item came too late for a rule, or for the order as a whole.
    pub(super) fn note_unjudged(
        &mut self,
        slot: usize,
        order: OrderId,
        rule: RuleId,
        sample: Option<&Sample>,
        (key, at): (Key, Timestamp),
    ) {
        let Some(mut draft) = self.draft_unjudged(slot, order, rule, key) else { return };
        let device = draft.device.unwrap_or_default();
        draft.evidence = sample.map(|sample| Evidence {
            distance_m: None,
            fix: Some((sample.facts(device), at.ms_since(sample.time))),
            other_fix: None,
        });
        self.outbox.push(draft);
    }

    fn draft_unjudged(&self, slot: usize, order: OrderId, rule: RuleId, key: Key) -> Option<Draft> {
        let device = self.devices.get(slot)?;
        let version = self.orders.by_id.get(order).and_then(|order| order.as_of(key));
        let mut draft = Draft::fact(key.time, EventKind::Unjudged, Some(device.id));
        draft.order_version = version.map_or(0, |version| version.number);
        (draft.order, draft.rule, draft.person) = (order, rule, device.person);
        Some(draft)
    }
}
