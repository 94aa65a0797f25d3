//! Fixes that come late: those that change nothing, and those too late for the history.

use super::Engine;
use super::observation::Scope;
use crate::device::{HotLine, Receipt, hear};
use crate::event::{Cause, EventKind, Evidence};
use crate::geometry::Bounds;
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::{Fix, Place};
use crate::key::Key;
use crate::order::{KeepOut, Rule, Terms};
use crate::outbox::Draft;
use crate::time::Timestamp;
use crate::track::{Inserted, Sample, Track, TrackMut};
use crate::watch::{About, Glance};

impl Engine {
    /// Whether a fix that is not the newest provably changes nothing; if so it is taken in. It and
    /// the next sound one, which now comes from there, must be far from all that is forbidden;
    /// nothing may have been engaged since, nor rules, zones or the trust in others have changed.
    /// A device that rests rests on.
    // J-TIME-3
    pub(super) fn passes_late(&mut self, slot: usize, inserted: &Inserted, at: Timestamp) -> bool {
        let Some((device, hot, mut track)) = self.devices.get_mut(slot, &self.config) else {
            return false;
        };
        if at >= hot.quiet_until || !inserted.others_stand || device.has_pairs() {
            return false;
        }
        let Some(glances) = glances_round(track.as_ref(), inserted.index) else { return false };
        let Some(key) = track.as_ref().key(inserted.index) else { return false };
        let is_his = key > device.assigned_by();
        let (orders, zones) = (&self.orders.by_id, &self.zones);
        let passes = is_his
            && device.watches.iter_mut().all(|watch| {
                let order = orders.get(watch.order);
                order.is_some_and(|order| watch.rests_since(order, zones, key))
                    && glances.iter().all(|glance| watch.slack_afar_m(glance, zones).is_some())
            });
        if passes {
            hot.let_pass(track.as_ref().len() - inserted.index - 1);
            hear(hot, &mut track, at, true);
        }
        passes
    }

    /// A fix of the restrained person older than a full history, judged alone.
    // J-LATE-2
    pub(super) fn judge_alone(&mut self, slot: usize, sample: &Sample, at: Timestamp) {
        let person = self.devices.get(slot).and_then(|device| self.people.get(device.person));
        let orders = person.map_or_else(Vec::new, |person| person.restrained_by.to_vec());
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
        let unchanged = is_newest && !then.has_ended();
        let mut unjudged = Vec::new();
        let mut breaches = Vec::new();
        for rule in then.rules.iter().filter(|rule| then.is_active(rule, key.time)) {
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
            let unchanged = self.zones.present(*zone).filter(|version| version.put() < key);
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
        let version = version.filter(|version| version.person == restrained);
        let rules = version.into_iter().flat_map(|v| v.rules.iter().map(move |rule| (v, rule)));
        let protects = |rule: &&Rule| match rule.terms {
            Terms::KeepAway(keep_away) => keep_away.person == person,
            _ => false,
        };
        let active = rules.filter(|(version, rule)| version.is_active(rule, key.time));
        let rules = active.map(|(_, rule)| rule).filter(protects);
        let rules: Vec<_> = rules.map(|rule| rule.rule).collect();
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

/// Whether a fix that came late, between two since the device came to rest, provably changes
/// nothing. If so its device takes it in. It is no repeat: neither a fix nor a status has its time.
// J-TIME-3, J-FIX-2
#[inline(never)]
pub(super) fn passes_among_calm(
    hot: &mut HotLine,
    mut track: TrackMut<'_>,
    fix: &Fix,
    receipt: &Receipt,
) -> bool {
    let calm = hot.calm();
    if calm == 0 {
        return false;
    }
    let Some(sound) = hot.holds_late(fix, receipt) else { return false };
    let Some(gap) = track.as_ref().gap(sound.time, calm) else { return false };
    if !hot.fits(&sound, &gap, receipt) {
        return false;
    }
    if !track.insert_in_ring(gap.later, &sound) {
        track.insert_sound(fix, receipt.at);
    }
    track.remember(sound.time, sound.seq);
    hot.take_between();
    hear(hot, &mut track, receipt.at, true);
    true
}

/// A look from a sound fix on the way from the sound one before, and one from the next sound fix
/// on the way from there.
fn glances_round(track: Track<'_>, index: usize) -> Option<[Glance; 2]> {
    let here = track.get(index).filter(|sample| sample.trust.sound())?;
    let before = track.sound_before(index).map(|before| before.position);
    let mut later = (index + 1..track.len()).filter_map(|index| track.get(index));
    let next = later.find(|sample| sample.trust.sound())?;
    let first = Glance::new(here.position, before)?;
    Some([first, Glance::new(next.position, Some(here.position))?])
}
