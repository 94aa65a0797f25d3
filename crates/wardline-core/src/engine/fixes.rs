//! Fixes of devices.

use super::afar::slack_afar_m;
use super::late::passes_among_calm;
use super::observation::Scope;
use super::pairs::{Pair, lose_slack};
use super::{Engine, Part};
use crate::device::{BATCH, ENDLESS, LAG_MS_MAX, NOWHERE, Receipt, hear};
use crate::event::{Cause, Event, EventKind, Evidence};
use crate::ids::{DeviceId, OrderId};
use crate::input::{Fix, Input, Refusal};
use crate::key::Key;
use crate::outbox::Draft;
use crate::time::Timestamp;
use crate::track::{Inserted, Sample};
use crate::watch::{About, Glance, Item};

impl Engine {
    /// Takes in fixes received at the same time, like [`Engine::apply`] one after another, but
    /// faster: the memory that each needs is looked for ahead of its turn.
    pub fn apply_fixes(&mut self, at: Timestamp, fixes: &[Fix], sink: &mut impl FnMut(Event)) {
        let receipt = Receipt::new(self.now.max(at), &self.config);
        let mut beyond_slack = 0;
        for batch in fixes.chunks(BATCH) {
            let mut slots = [NOWHERE; BATCH];
            for (slot, fix) in slots.iter_mut().zip(batch) {
                *slot = self.devices.slot(fix.device).unwrap_or(NOWHERE);
            }
            std::hint::black_box(self.devices.touch(&slots));
            // If many of the last batch left their slack, so will many of this one.
            if beyond_slack >= BATCH / 16 {
                std::hint::black_box(self.devices.touch_leaving(&slots, batch));
            }
            beyond_slack = 0;
            if std::mem::take(&mut self.comes_late) {
                std::hint::black_box(self.devices.touch_late(&slots, batch));
            }
            let (mut slots, mut fixes) = (&slots[..batch.len()], batch);
            loop {
                let taken = self.take_row_within_slack(slots, fixes, at, &receipt);
                let Some(fix) = fixes.get(taken) else { break };
                let slot = slots[taken];
                beyond_slack += 1;
                (slots, fixes) = (&slots[taken + 1..], &fixes[taken + 1..]);
                self.receive(self.input + 1, Some(at), Part::WHOLE);
                let input = Input::Fix(*fix);
                self.take_in_whole(slot, &input, &receipt, &mut |_, event| sink(event));
            }
        }
    }

    /// Takes in fixes up to the first that may change something. Gives how many.
    fn take_row_within_slack(
        &mut self,
        slots: &[usize],
        fixes: &[Fix],
        at: Timestamp,
        receipt: &Receipt,
    ) -> usize {
        if !self.config.slack {
            return 0;
        }
        let mut taken = 0;
        loop {
            let (slots, fixes) = (&slots[taken..], &fixes[taken..]);
            let row = self.devices.take_row(slots, fixes, receipt, &self.config);
            taken += row;
            let next = slots.get(row).zip(fixes.get(row));
            if !next.is_some_and(|(slot, fix)| self.takes_after_all(*slot, fix, receipt)) {
                break;
            }
            taken += 1;
        }
        if taken > 0 {
            self.receive_row(taken as u64, at);
            self.counters.fixes += taken as u64;
            self.counters.fixes_within_slack += taken as u64;
        }
        taken
    }

    /// Whether a fix that the hot path leaves provably changes nothing all the same. If so it is
    /// taken in.
    #[inline(never)]
    fn takes_after_all(&mut self, slot: usize, fix: &Fix, receipt: &Receipt) -> bool {
        let at = receipt.at;
        let hot = self.devices.hot(slot).filter(|hot| !hot.is_awake());
        let Some(hot) = hot else { return false };
        if at >= hot.quiet_until && !self.rests_on_as_noted(slot, at) {
            return false;
        }
        let Some((hot, mut track)) = self.devices.lines(slot, &self.config) else { return false };
        if hot.is_spent(receipt) {
            hot.grant(track.as_ref().fixes_to_spare(at.plus_ms(-LAG_MS_MAX)));
        }
        if fix.time.min(at) > hot.newest {
            // Mostly it has left the slack.
            let is_near = hot.has_within_slack(fix.position);
            let sound = is_near.then(|| hot.holds(fix, receipt)).flatten();
            let Some(sound) = sound else { return false };
            hot.take(&sound, receipt);
            track.push_sound(&sound, fix, at);
            hear(hot, &mut track, at, true);
            return true;
        }
        let passes = passes_among_calm(hot, track, fix, receipt);
        self.comes_late |= passes;
        passes
    }

    /// Whether the fix provably changes nothing. If so it is taken in.
    pub(super) fn takes_within_slack(&mut self, slot: usize, fix: &Fix, receipt: &Receipt) -> bool {
        if !self.config.slack {
            return false;
        }
        let takes =
            self.devices.take_row(&[slot], std::slice::from_ref(fix), receipt, &self.config) == 1
                || self.takes_after_all(slot, fix, receipt);
        if takes {
            self.counters.fixes += self.part.count();
            self.counters.fixes_within_slack += self.part.count();
        }
        takes
    }

    /// The same for a device that rested until its timers were to be looked at; what is due fires.
    pub(super) fn takes_after_a_look(&mut self, slot: usize, fix: &Fix, receipt: &Receipt) -> bool {
        self.rests_on(slot, receipt.at) && self.takes_within_slack(slot, fix, receipt)
    }

    pub(super) fn take_fix(&mut self, fix: &Fix, at: Timestamp) -> Result<(), Refusal> {
        let sample = Sample::new(fix, at, &self.config);
        let Some(slot) = self.admit(fix.device, fix.seq, sample.time, at, true)? else {
            return Ok(());
        };
        self.counters.fixes += self.part.count();
        let mut pairs = std::mem::take(&mut self.pairs_at_hand);
        self.judge(slot, sample, at, &mut pairs);
        pairs.clear();
        self.pairs_at_hand = pairs;
        Ok(())
    }

    /// Judges a fix, by no more than it needs.
    fn judge(&mut self, slot: usize, sample: Sample, at: Timestamp, pairs: &mut Vec<Pair>) {
        let Some((_, hot, mut track)) = self.devices.get_mut(slot, &self.config) else { return };
        if track.as_ref().is_beyond(&sample) {
            hot.lose_slack();
            self.add_pairs(slot, pairs);
            self.judge_alone(slot, &sample, at);
            self.observe_pairs(slot, pairs, None, &sample, at);
            self.hear(slot, at, sample.trust.sound());
            self.reschedule_for(slot);
            self.rouse_others(slot, pairs);
            self.wake(slot);
            return;
        }
        let inserted = track.insert(sample);
        let track = track.as_ref();
        let is_newest = inserted.index + 1 == track.len();
        let kept = track.get(inserted.index).unwrap_or(sample);
        let is_sound = kept.trust.sound();
        if !is_newest && self.config.slack && self.passes_late(slot, &inserted, at) {
            return;
        }
        // What it rested by is no more, whatever becomes of the fix.
        lose_slack(&mut self.devices, slot);
        if is_newest && self.config.slack && self.passes_afar(slot, inserted.index, at, pairs) {
            return;
        }
        if pairs.is_empty() {
            self.add_pairs(slot, pairs);
        }
        let slack_m = self.judge_places(slot, &inserted, &sample, at);
        self.observe_pairs(slot, pairs, Some(inserted.index), &sample, at);
        self.hear(slot, at, is_sound);
        if is_newest && self.config.slack {
            let slack_m = self.keep_apart(slot, pairs, &kept, at, is_sound.then_some(slack_m));
            self.rest(slot, slack_m, !pairs.is_empty(), at);
            return;
        }
        if !pairs.is_empty() {
            self.reschedule_for(slot);
            self.rouse_others(slot, pairs);
        }
        self.rest(slot, None, !pairs.is_empty(), at);
    }

    /// Judges where the device is. Gives the distance in metres within which no verdict changes.
    fn judge_places(
        &mut self,
        slot: usize,
        inserted: &Inserted,
        sample: &Sample,
        at: Timestamp,
    ) -> f64 {
        let Some(device) = self.devices.get(slot) else { return 0.0 };
        let (key, person) = (sample.key(device.id), self.people.get(device.person));
        let mut orders = std::mem::take(&mut self.orders_at_hand);
        orders.extend(person.into_iter().flat_map(|person| &person.restrained_by));
        let mut slack_m = f64::INFINITY;
        let (about, item) = (About::Places, Item::Own(inserted.index));
        for order in &orders {
            let cause = Some(Cause::Fix);
            let scope = Scope { order: *order, about, at, time: sample.time, cause };
            let slack = self.observe(slot, scope, |watch, scene| watch.take(scene, key, item));
            slack_m = slack_m.min(slack.unwrap_or(0.0));
        }
        if inserted.suspect_motion {
            self.note_suspect_motion(slot, &orders, inserted.index, at);
        }
        orders.clear();
        self.orders_at_hand = orders;
        slack_m
    }

    /// Whether the newest fix is sound and far from all that its orders forbid; if so the device
    /// rests.
    fn passes_afar(
        &mut self,
        slot: usize,
        index: usize,
        at: Timestamp,
        pairs: &mut Vec<Pair>,
    ) -> bool {
        let Some((device, hot, mut track)) = self.devices.get_mut(slot, &self.config) else {
            return false;
        };
        let sample = track.as_ref().get(index).filter(|sample| sample.trust.sound());
        let Some(sample) = sample else { return false };
        let before = track.as_ref().sound_before(index).map(|before| before.position);
        let Some(glance) = Glance::new(sample.position, before) else {
            return false;
        };
        let slack_m = slack_afar_m(&mut device.watches, &glance, &self.zones);
        let Some(slack_m) = slack_m else { return false };
        let (has_pairs, is_quiet) = (device.has_pairs(), at < hot.quiet_until);
        if is_quiet && !has_pairs {
            hear(hot, &mut track, at, true);
            hot.rest(&sample, slack_m, hot.quiet_until, ENDLESS);
            return true;
        }
        let person = device.person;
        if !is_quiet && self.is_alarmed(person) {
            return false;
        }
        if has_pairs {
            self.add_pairs(slot, pairs);
        }
        let Some(slack_m) = self.keep_apart(slot, pairs, &sample, at, Some(slack_m)) else {
            return false;
        };
        if let Some((_, hot, mut track)) = self.devices.get_mut(slot, &self.config) {
            hear(hot, &mut track, at, true);
        }
        self.rest(slot, Some(slack_m), has_pairs, at);
        true
    }

    /// The next instants of the orders of the device's person count anew.
    fn reschedule_for(&mut self, slot: usize) {
        if let Some(person) = self.devices.get(slot).map(|device| device.person) {
            self.for_orders_of(person, |engine, order| {
                engine.reschedule(order);
            });
        }
    }

    /// What fixes and statuses have in common: gives the slot of a device whose input counts.
    // J-FIX-1, J-FIX-2
    pub(super) fn admit(
        &mut self,
        id: DeviceId,
        seq: u64,
        time: Timestamp,
        at: Timestamp,
        is_fix: bool,
    ) -> Result<Option<usize>, Refusal> {
        let Some(slot) = self.devices.slot(id) else {
            self.advance_device(id, &[], at);
            self.note_stranger(id, time);
            return Ok(None);
        };
        let Some((device, hot, _)) = self.devices.get_mut(slot, &self.config) else {
            return Ok(None);
        };
        let person = device.person;
        let is_quiet = at < hot.quiet_until;
        if !is_quiet {
            self.with_orders_of(person, |engine, orders| engine.advance_device(id, orders, at));
        }
        let Some((device, hot, mut track)) = self.devices.get_mut(slot, &self.config) else {
            return Ok(None);
        };
        if is_fix && time < device.assigned {
            let refusal = Refusal::new("before_assignment", time);
            return Err(Refusal { device: Some(id), ..refusal });
        }
        if time <= hot.newest && track.as_ref().is_repeat(time, seq) {
            self.counters.repeats += self.part.count();
            return Ok(None);
        }
        let appends = is_fix && track.as_ref().appends(time, seq);
        if !appends {
            track.remember(time, seq);
        }
        self.outbox.late = time < hot.newest;
        hot.newest = hot.newest.max(time);
        if !is_quiet && !device.is_no_order_noted() {
            self.note_no_order(slot, time, at);
        }
        Ok(Some(slot))
    }

    fn note_no_order(&mut self, slot: usize, time: Timestamp, at: Timestamp) {
        let now = Key::configuration(at, u64::MAX);
        let Some(person) = self.devices.get(slot).map(|device| device.person) else { return };
        let in_force = |id: &OrderId| {
            self.orders.by_id.get(*id).is_some_and(|order| order.in_force(now).is_some())
        };
        let is_bound = self.concerning(person).any(|order| in_force(&order));
        if is_bound || self.orders.shadows.bind(person, at) {
            return;
        }
        if let Some((device, ..)) = self.devices.get_mut(slot, &self.config) {
            device.note_no_order();
            self.outbox.push(Draft::fact(time, EventKind::NoOrder, Some(device.id)));
        }
    }

    fn note_stranger(&mut self, device: DeviceId, time: Timestamp) {
        self.counters.unassigned += self.part.count();
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
                fix: Some((sample.facts(device.id), at.ms_since(sample.time))),
                other_fix: None,
            });
            self.outbox.push(draft);
        }
    }
}
