//! Fixes and statuses of devices.

use super::{Engine, Scope};
use crate::device::BATCH;
use crate::event::{Cause, Event, EventKind, Evidence, FixFacts};
use crate::geometry::Bounds;
use crate::ids::{DeviceId, OrderId, RuleId, ZoneId};
use crate::input::{Fix, Input, Place, Refusal, StatusReport};
use crate::key::Key;
use crate::order::{KeepOut, Order};
use crate::outbox::Draft;
use crate::time::Timestamp;
use crate::track::{Inserted, Sample, Trust};
use crate::watch::Glance;

impl Engine {
    /// Takes in fixes received at the same time, like [`Engine::apply`] one after another, but
    /// faster: the memory that each needs is looked for ahead of its turn.
    pub fn apply_fixes(&mut self, at: Timestamp, fixes: &[Fix], sink: &mut impl FnMut(Event)) {
        for batch in fixes.chunks(BATCH) {
            let mut slots = [None; BATCH];
            for (slot, fix) in slots.iter_mut().zip(batch) {
                *slot = self.devices.slot(fix.device);
            }
            std::hint::black_box(self.devices.touch(&slots));
            for (slot, fix) in slots.into_iter().zip(batch) {
                let at = self.receive(Some(at));
                if self.config.slack && self.stays_within_slack(slot, fix, at) {
                    continue;
                }
                self.dispatch(&Input::Fix(*fix), at);
                self.end_step(at);
                self.counters.events += self.outbox.len();
                self.outbox.deliver(sink);
            }
        }
    }

    /// The hot path: whether the fix provably changes nothing. If so it is taken in.
    #[inline]
    pub(super) fn stays_within_slack(
        &mut self,
        slot: Option<usize>,
        fix: &Fix,
        at: Timestamp,
    ) -> bool {
        let Some(slot) = slot else { return false };
        let Some((hot, mut track)) = self.devices.lines(slot, &self.config) else {
            return false;
        };
        if !hot.takes(fix, at, &self.config) {
            return false;
        }
        let mut sample = Sample::new(fix, at, &self.config);
        sample.trust = Trust::default();
        if !track.append_in_ring(&sample) {
            track.insert(sample);
        }
        self.counters.fixes += 1;
        self.counters.fixes_within_slack += 1;
        true
    }

    pub(super) fn take_fix(&mut self, fix: &Fix, at: Timestamp) -> Result<(), Refusal> {
        let sample = Sample::new(fix, at, &self.config);
        let Some(slot) = self.admit(fix.device, fix.seq, sample.time, at, true)? else {
            return Ok(());
        };
        self.counters.fixes += 1;
        let Some((device, _, mut track)) = self.devices.get_mut(slot, &self.config) else {
            return Ok(());
        };
        if track.as_ref().is_beyond(&sample) {
            device.forget(track.as_ref());
            self.judge_alone(slot, &sample, at);
            return Ok(());
        }
        let inserted = track.insert(sample);
        let appended = inserted.index + 1 == track.as_ref().len();
        let in_place = appended && device.passed < sample.key(device.id);
        if !(in_place && self.config.slack && self.passes_afar(slot, inserted.index, at)) {
            self.judge_here(slot, &inserted, &sample, in_place, at);
        }
        Ok(())
    }

    /// Judges a fix in full: as the newest, or by folding again from where it stands.
    fn judge_here(
        &mut self,
        slot: usize,
        inserted: &Inserted,
        sample: &Sample,
        in_place: bool,
        at: Timestamp,
    ) {
        let Some((device, _, track)) = self.devices.get_mut(slot, &self.config) else {
            return;
        };
        device.forget(track.as_ref());
        let mut orders = std::mem::take(&mut self.orders_at_hand);
        orders.extend(self.people.get(device.person).into_iter().flat_map(|p| &p.orders));
        let mut slack_m = f64::INFINITY;
        for order in &orders {
            let scope = Scope { order: *order, at, time: sample.time, cause: Some(Cause::Fix) };
            let slack = self.observe(slot, scope, |watch, scene| {
                if in_place {
                    return watch.take_fix(scene, inserted.index);
                }
                watch.fold_again(scene, sample.key(scene.device));
                0.0
            });
            slack_m = slack_m.min(slack.unwrap_or(0.0));
        }
        if inserted.suspect_motion {
            self.note_suspect_motion(slot, &orders, inserted.index, at);
        }
        self.rest(slot, &orders, in_place.then_some(slack_m), at);
        orders.clear();
        self.orders_at_hand = orders;
    }

    /// Whether the newest fix is sound and far from all that its orders forbid; if so the device
    /// rests.
    fn passes_afar(&mut self, slot: usize, index: usize, at: Timestamp) -> bool {
        let Some((device, hot, track)) = self.devices.get_mut(slot, &self.config) else {
            return false;
        };
        let sample = track.as_ref().get(index).filter(|sample| sample.trust.sound());
        let Some(sample) = sample.filter(|_| at < hot.quiet_until) else {
            return false;
        };
        let before = track.as_ref().sound_before(index).map(|before| before.position);
        let Some(glance) = Glance::new(sample.position, before) else {
            return false;
        };
        let slack_m = device.watches.iter().try_fold(f64::INFINITY, |slack_m, watch| {
            Some(watch.slack_afar_m(&glance)?.min(slack_m))
        });
        let Some(slack_m) = slack_m else { return false };
        hot.rest(sample.position, sample.time, slack_m, hot.quiet_until);
        true
    }

    /// After a fix was judged: sets the anchor and slack.
    fn rest(&mut self, slot: usize, orders: &[OrderId], slack_m: Option<f64>, at: Timestamp) {
        let Some((_, hot, track)) = self.devices.get_mut(slot, &self.config) else {
            return;
        };
        let mut quiet_until = hot.quiet_until;
        if at >= quiet_until {
            let orders = orders.iter().filter_map(|id| self.orders.by_id.get(*id));
            let boundaries = orders.filter_map(Order::next_boundary);
            quiet_until = boundaries.min().unwrap_or(Timestamp::FAR_FUTURE);
        }
        match (slack_m, track.as_ref().newest()) {
            (Some(slack_m), Some(sample)) if sample.trust.sound() => {
                hot.rest(sample.position, sample.time, slack_m, quiet_until);
            }
            _ => hot.stay_awake(quiet_until),
        }
    }

    pub(super) fn take_status(
        &mut self,
        status: &StatusReport,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let time = status.time.min(at);
        self.admit(status.device, status.seq, time, at, false).map(|_| ())
    }

    /// What fixes and statuses have in common: gives the slot of a device whose input counts.
    // J-FIX-1, J-FIX-2
    fn admit(
        &mut self,
        id: DeviceId,
        seq: u64,
        time: Timestamp,
        at: Timestamp,
        is_fix: bool,
    ) -> Result<Option<usize>, Refusal> {
        let Some(slot) = self.devices.slot(id) else {
            self.note_stranger(id, time);
            return Ok(None);
        };
        let Some((device, hot, _)) = self.devices.get_mut(slot, &self.config) else {
            return Ok(None);
        };
        let person = device.person;
        let is_quiet = at < hot.quiet_until;
        if !is_quiet {
            self.advance(&self.orders_of(person), at);
        }
        let Some((device, hot, mut track)) = self.devices.get_mut(slot, &self.config) else {
            return Ok(None);
        };
        if is_fix && time < device.assigned {
            let refusal = Refusal::new("before_assignment", time.ms());
            return Err(Refusal { device: Some(id), ..refusal });
        }
        if time <= hot.newest && device.is_repeat(track.as_ref(), seq, time) {
            self.counters.repeats += 1;
            return Ok(None);
        }
        let appends = is_fix && track.as_ref().appends(time, seq);
        if !appends {
            device.remember(&mut track, seq, time);
        }
        self.outbox.late = time < hot.newest;
        hot.newest = hot.newest.max(time);
        if !is_quiet && !device.no_order_noted {
            self.note_no_order(slot, time, at);
        }
        Ok(Some(slot))
    }

    fn note_no_order(&mut self, slot: usize, time: Timestamp, at: Timestamp) {
        let now = Key::configuration(at, u64::MAX);
        let Some((device, ..)) = self.devices.get_mut(slot, &self.config) else {
            return;
        };
        let person = self.people.get(device.person);
        let mut orders = person.into_iter().flat_map(|person| &person.orders);
        let in_force = |id: &OrderId| {
            let version = self.orders.by_id.get(*id).and_then(|order| order.in_force(now));
            version.is_some_and(|version| version.person == device.person)
        };
        if !orders.any(in_force) {
            device.no_order_noted = true;
            self.outbox.push(Draft::fact(time, EventKind::NoOrder, Some(device.id)));
        }
    }

    fn note_stranger(&mut self, device: DeviceId, time: Timestamp) {
        self.counters.unassigned += 1;
        if self.strangers.len() < self.config.strangers_max && self.strangers.insert(device) {
            self.outbox.push(Draft::fact(time, EventKind::Unassigned, Some(device)));
        }
    }

    fn note_suspect_motion(
        &mut self,
        slot: usize,
        orders: &[OrderId],
        index: usize,
        at: Timestamp,
    ) {
        let Some(device) = self.devices.get(slot) else {
            return;
        };
        let Some(sample) = self.devices.track(slot, &self.config).and_then(|t| t.get(index)) else {
            return;
        };
        let now = Key::configuration(at, u64::MAX);
        for id in orders {
            let Some(version) = self.orders.by_id.get(*id).and_then(|order| order.in_force(now))
            else {
                continue;
            };
            if version.person != device.person {
                continue;
            }
            let kind = EventKind::SuspectMotion;
            let mut draft = Draft::fact(sample.time, kind, Some(device.id));
            draft.order = *id;
            draft.order_version = version.number;
            draft.person = device.person;
            draft.evidence = Some(Evidence {
                distance_m: None,
                fix: sample.facts(device.id),
                fix_age_ms: at.ms_since(sample.time),
            });
            self.outbox.push(draft);
        }
    }

    /// A fix older than a full history, judged alone.
    // J-LATE-2
    fn judge_alone(&mut self, slot: usize, sample: &Sample, at: Timestamp) {
        let person = self.devices.get(slot).map(|device| device.person);
        for order in person.map_or_else(Vec::new, |person| self.orders_ever_of(person)) {
            self.judge_alone_under(slot, order, sample, at);
        }
    }

    fn judge_alone_under(&mut self, slot: usize, id: OrderId, sample: &Sample, at: Timestamp) {
        let Some(device) = self.devices.get(slot) else {
            return;
        };
        let (person, key) = (device.person, sample.key(device.id));
        let facts = sample.facts(device.id);
        let Some(order) = self.orders.by_id.get(id) else {
            return;
        };
        let Some(then) = order.in_force(key).filter(|version| version.person == person) else {
            return;
        };
        let unchanged = order.newest().is_some_and(|newest| newest.number == then.number)
            && then.ended.is_none();
        let version = then.number;
        let mut unjudged = Vec::new();
        let mut breaches = Vec::new();
        for rule in then.rules.iter().filter(|rule| rule.active_since(key.time).is_some()) {
            if !unchanged {
                unjudged.push(rule.rule);
                continue;
            }
            let (zones, changed) = self.zones_seen(rule, sample, key);
            if changed {
                unjudged.push(rule.rule);
            }
            if rule.confirm_fixes == 0 {
                breaches.extend(zones.into_iter().map(|zone| (rule.rule, zone)));
            }
        }
        for rule in unjudged {
            let mut draft = Draft::fact(sample.time, EventKind::Unjudged, Some(facts.device));
            (draft.order, draft.order_version) = (id, version);
            (draft.rule, draft.person) = (rule, person);
            draft.evidence = Some(evidence(None, facts, sample, at));
            self.outbox.push(draft);
        }
        let scope = Scope { order: id, at, time: sample.time, cause: Some(Cause::Fix) };
        for (rule, zone) in breaches {
            self.observe_alone(slot, scope, rule, zone, sample);
        }
    }

    /// The zones of a rule that the sample alone breaches, of those that have not changed since;
    /// and whether any has.
    fn zones_seen(&self, rule: &KeepOut, sample: &Sample, key: Key) -> (Vec<ZoneId>, bool) {
        let (mut zones, changed) = match rule.place {
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

    fn observe_alone(
        &mut self,
        slot: usize,
        scope: Scope,
        rule: RuleId,
        zone: ZoneId,
        sample: &Sample,
    ) {
        self.observe(slot, scope, |watch, scene| watch.add_alone(scene, rule, zone, sample));
    }
}

fn evidence(distance_m: Option<f64>, fix: FixFacts, sample: &Sample, at: Timestamp) -> Evidence {
    Evidence { distance_m, fix, fix_age_ms: at.ms_since(sample.time) }
}
