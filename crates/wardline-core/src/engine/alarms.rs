//! Alarms of time: silence, no fix, and parties without a fresh sound fix.
//!
//! They run on the time of receipt, in the order of the log, and are never judged again.

use super::{Engine, Person};
use crate::device::hear;
use crate::event::{Cause, EpisodeFacts, EpisodeId, EventKind, Phase};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId};
use crate::order::{Order, OrderVersion, Raised, Report, Rule, Terms};
use crate::outbox::Draft;
use crate::time::{NEVER, Timestamp};

/// Which alarm of an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct AlarmId {
    pub rule: RuleId,
    pub kind: EventKind,
    /// None (0) while the person has no device.
    pub device: DeviceId,
    pub other: Option<PersonId>,
}

/// An alarm that is due at an instant.
struct Due {
    instant: Timestamp,
    id: AlarmId,
    cause: Cause,
}

/// What the limits of a rule count from, for one device or none.
#[derive(Clone, Copy)]
struct Bearer {
    device: DeviceId,
    slot: Option<usize>,
    since: Timestamp,
}

/// What an alarm that is over has no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    WithoutRule,
    WithoutDevice,
}

impl Engine {
    /// The next instant at which an alarm of the order is raised.
    pub(super) fn next_alarm(&self, order: OrderId) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        self.each_due(order, &mut |due| {
            next = Some(next.map_or(due.instant, |next| next.min(due.instant)));
        });
        next
    }

    /// Raises the alarms that are due at the instant.
    pub(super) fn raise_alarms(&mut self, id: OrderId, instant: Timestamp) {
        if let Some(order) = self.orders.by_id.get_mut(id) {
            order.progress = order.progress.max(instant);
        }
        let mut dues = Vec::new();
        self.each_due(id, &mut |due| dues.extend(Some(due).filter(|due| due.instant <= instant)));
        // Silence comes first, and keeps no_fix away.
        dues.sort_by_key(|due| due.id);
        for due in dues.iter().filter(|due| due.id.kind == EventKind::Silence) {
            self.start_alarm(id, due.id, instant, due.cause);
            self.end_alarm(
                id,
                AlarmId { kind: EventKind::NoFix, ..due.id },
                instant,
                Cause::Silence,
            );
            self.note_never_heard(id, due.id, instant);
        }
        for due in dues.iter().filter(|due| due.id.kind != EventKind::Silence) {
            let silence = AlarmId { kind: EventKind::Silence, ..due.id };
            if !self.is_raised(id, silence) {
                self.start_alarm(id, due.id, instant, due.cause);
            }
        }
    }

    /// Ends the alarms whose rule or device is gone, and raises those that a new rule or device
    /// brings with it.
    // J-SCHED-2, J-STALE-1
    pub(super) fn settle_alarms(&mut self, id: OrderId, instant: Timestamp, cause: Option<Cause>) {
        let Some(order) = self.orders.by_id.get_mut(id) else { return };
        order.progress = order.progress.max(instant);
        let raised: Vec<_> = order.alarms().keys().copied().collect();
        for alarm in raised {
            if let Some(over) = self.why_over(id, alarm, instant) {
                let cause = cause.filter(|_| over == Over::WithoutDevice);
                self.end_alarm(id, alarm, instant, cause.unwrap_or(Cause::RuleEnded));
            }
        }
        let is_at_once = |due: &Due| {
            due.id.kind == EventKind::Degraded
                && due.cause == Cause::RuleStarted
                && due.instant <= instant
        };
        let mut at_once = Vec::new();
        self.each_due(id, &mut |due| at_once.extend(Some(due).filter(is_at_once)));
        for due in at_once {
            self.start_alarm(id, due.id, instant, due.cause);
        }
    }

    /// Why an alarm has no ground any more, if it has none.
    fn why_over(&self, id: OrderId, alarm: AlarmId, instant: Timestamp) -> Option<Over> {
        let order = self.orders.by_id.get(id)?;
        let Some(version) = present(order, instant) else { return Some(Over::WithoutRule) };
        let rule = version.active_rule(alarm.rule, instant);
        let holds = rule.is_some_and(|rule| match (&rule.terms, alarm.kind) {
            (Terms::Report(report), EventKind::Silence) => report.max_silence_ms.is_some(),
            (Terms::Report(report), EventKind::NoFix) => report.max_no_fix_ms.is_some(),
            (Terms::KeepAway(keep_away), EventKind::Degraded) => {
                Some(keep_away.person) == alarm.other
            }
            _ => false,
        });
        if !holds {
            return Some(Over::WithoutRule);
        }
        let bears = self.bearers(version).any(|bearer| bearer.device == alarm.device);
        (!bears).then_some(Over::WithoutDevice)
    }

    /// An input of a device counts: ends its silence and whatever else it ends.
    // J-SILENCE-1, J-SILENCE-2, J-STALE-1
    pub(super) fn hear(&mut self, slot: usize, at: Timestamp, is_sound_fix: bool) {
        let Some((device, hot, mut track)) = self.devices.get_mut(slot, &self.config) else {
            return;
        };
        hear(hot, &mut track, at, is_sound_fix);
        let (id, person) = (device.id, device.person);
        self.for_orders_of(person, |engine, order| engine.hear_under(order, id, at, is_sound_fix));
    }

    fn hear_under(&mut self, order: OrderId, id: DeviceId, at: Timestamp, is_sound_fix: bool) {
        let raised = self.orders.by_id.get(order).map(Order::alarms);
        let raised: Vec<_> = raised.into_iter().flat_map(|alarms| alarms.keys()).copied().collect();
        let any_raised = !raised.is_empty();
        for alarm in raised {
            match alarm.kind {
                EventKind::Silence if alarm.device == id => {
                    self.end_alarm(order, alarm, at, Cause::Heard);
                    if !is_sound_fix {
                        self.raise_overdue(order, alarm, at);
                    }
                }
                EventKind::NoFix if alarm.device == id && is_sound_fix => {
                    self.end_alarm(order, alarm, at, Cause::Fix);
                }
                EventKind::Degraded if self.are_fresh(alarm, order, at) => {
                    self.end_alarm(order, alarm, at, Cause::Fix);
                }
                _ => {}
            }
        }
        if any_raised {
            self.reschedule(order);
        }
    }

    /// When silence ends without a fix, no_fix that is due by then starts.
    fn raise_overdue(&mut self, order: OrderId, silence: AlarmId, at: Timestamp) {
        let id = AlarmId { kind: EventKind::NoFix, ..silence };
        let mut is_due = false;
        self.each_due(order, &mut |due| is_due |= due.id == id && due.instant < at);
        if is_due {
            self.start_alarm(order, id, at, Cause::Timer);
        }
    }

    fn is_raised(&self, order: OrderId, alarm: AlarmId) -> bool {
        self.orders.by_id.get(order).is_some_and(|order| order.alarms().contains_key(&alarm))
    }

    /// Tells of each alarm that the order may raise next, with the instant.
    fn each_due(&self, id: OrderId, tell: &mut impl FnMut(Due)) {
        let order = self.orders.by_id.get(id);
        let version = order.and_then(|order| present(order, order.progress));
        let (Some(order), Some(version)) = (order, version) else { return };
        let mut tell = |due: Due| {
            if !order.alarms().contains_key(&due.id) {
                tell(due);
            }
        };
        for rule in &version.rules {
            match &rule.terms {
                Terms::Report(report) => {
                    self.tell_report(order, version, rule, **report, &mut tell)
                }
                Terms::KeepAway(keep_away) => {
                    self.tell_stale(order, version, rule, keep_away.person, &mut tell);
                }
                Terms::KeepOut(_) | Terms::StayIn(_) => {}
            }
        }
    }

    fn tell_report(
        &self,
        order: &Order,
        version: &OrderVersion,
        rule: &Rule,
        report: Report,
        tell: &mut impl FnMut(Due),
    ) {
        let Some(active) = version.active_without_break(rule, order.progress) else { return };
        for bearer in self.bearers(version) {
            let heard = bearer.slot.and_then(|slot| self.devices.heard(slot));
            let base = active.max(bearer.since);
            let any = heard.and_then(|heard| heard.any).map_or(base, |at| at.max(base));
            let sound = heard.and_then(|heard| heard.sound).map_or(base, |at| at.max(base));
            let limits = [
                (EventKind::Silence, any, report.max_silence_ms),
                (EventKind::NoFix, sound, report.max_no_fix_ms),
            ];
            let silence = AlarmId {
                rule: rule.rule,
                kind: EventKind::Silence,
                device: bearer.device,
                other: None,
            };
            for (kind, since, max_ms) in limits {
                let Some(max_ms) = max_ms else { continue };
                if kind == EventKind::NoFix && order.alarms().contains_key(&silence) {
                    continue;
                }
                let instant = since.plus_ms(max_ms).max(version.put().time);
                tell(Due { instant, id: AlarmId { kind, ..silence }, cause: Cause::Timer });
            }
        }
    }

    fn tell_stale(
        &self,
        order: &Order,
        version: &OrderVersion,
        rule: &Rule,
        person: PersonId,
        tell: &mut impl FnMut(Due),
    ) {
        let Some(active) = version.active_without_break(rule, order.progress) else { return };
        // Without a device there is nothing to judge, and silence tells of it.
        for bearer in self.bearers(version).filter(|bearer| bearer.slot.is_some()) {
            let start = active.max(bearer.since).max(version.put().time);
            let stale = self.stale_from(bearer.slot, person);
            let cause = if stale <= start { Cause::RuleStarted } else { Cause::Timer };
            let id = AlarmId {
                rule: rule.rule,
                kind: EventKind::Degraded,
                device: bearer.device,
                other: Some(person),
            };
            tell(Due { instant: stale.max(start), id, cause });
        }
    }

    /// When the newest sound fix of either party becomes too old; long ago if one has none.
    pub(super) fn stale_from(&self, slot: Option<usize>, person: PersonId) -> Timestamp {
        let newest = |slot: usize| self.devices.newest_sound(slot, &self.config);
        let his = slot.and_then(newest);
        let protected = self.people.get(person);
        let hers = protected.into_iter().flat_map(|person| &person.devices);
        let hers = hers.filter_map(|slot| newest(*slot)).max();
        let hers = hers.max(protected.and_then(Person::sound_before_release));
        match (his, hers) {
            (Some(his), Some(hers)) => his.min(hers).plus_ms(self.config.reference_age_max_ms),
            _ => NEVER,
        }
    }

    fn are_fresh(&self, alarm: AlarmId, order: OrderId, at: Timestamp) -> bool {
        let version = self.orders.by_id.get(order).and_then(Order::newest);
        let Some((version, person)) = version.zip(alarm.other) else { return false };
        let bearer = self.bearers(version).find(|bearer| bearer.device == alarm.device);
        bearer.is_some_and(|bearer| self.stale_from(bearer.slot, person) > at)
    }

    /// The devices of the restrained person, or none.
    // J-SILENCE-3
    fn bearers(&self, version: &OrderVersion) -> impl Iterator<Item = Bearer> {
        let person = self.people.get(version.person);
        let slots = person.map_or(&[][..], |person| &person.devices);
        let none = slots.is_empty().then(|| {
            let since = person.and_then(Person::released).map_or(NEVER, |key| key.time);
            Bearer { device: DeviceId::NONE, slot: None, since }
        });
        let bearers = slots.iter().filter_map(|slot| {
            let device = self.devices.get(*slot)?;
            Some(Bearer { device: device.id, slot: Some(*slot), since: device.assigned })
        });
        bearers.chain(none)
    }

    fn start_alarm(&mut self, order: OrderId, id: AlarmId, time: Timestamp, cause: Cause) {
        let Some(known) = self.orders.by_id.get_mut(order) else { return };
        let Some(person) = known.newest().map(|version| version.person) else { return };
        let number = known.next_number(id.rule, id.device, id.kind);
        let raised = Raised { number, person, since: time };
        known.raise(id, raised);
        self.tell_alarm(order, id, raised, Phase::Started, time, cause);
    }

    fn end_alarm(&mut self, order: OrderId, id: AlarmId, time: Timestamp, cause: Cause) {
        let known = self.orders.by_id.get_mut(order);
        if let Some(raised) = known.and_then(|order| order.end(id)) {
            self.tell_alarm(order, id, raised, Phase::Ended, time, cause);
        }
    }

    fn tell_alarm(
        &mut self,
        order: OrderId,
        id: AlarmId,
        raised: Raised,
        phase: Phase,
        time: Timestamp,
        cause: Cause,
    ) {
        let mut draft = self.draft_for_alarm(order, id, id.kind, time);
        (draft.phase, draft.person) = (phase, raised.person);
        let (rule, device, kind) = (id.rule, id.device, id.kind);
        draft.episode_id = Some(EpisodeId { order, rule, device, kind, number: raised.number });
        draft.episode = Some(EpisodeFacts {
            zone: None,
            threshold_m: None,
            certainty: None,
            cause,
            permitted: false,
            amendment: None,
        });
        self.outbox.push(draft);
    }

    fn draft_for_alarm(
        &self,
        order: OrderId,
        id: AlarmId,
        kind: EventKind,
        time: Timestamp,
    ) -> Draft {
        let mut draft = Draft::fact(time, kind, Some(id.device));
        let version = self.orders.by_id.get(order).and_then(Order::newest);
        draft.order = order;
        draft.order_version = version.map_or(0, |version| version.number);
        draft.person = version.map_or(PersonId::NONE, |version| version.person);
        draft.rule = id.rule;
        draft.other_person = id.other;
        draft
    }

    // J-SILENCE-3
    fn note_never_heard(&mut self, order: OrderId, id: AlarmId, time: Timestamp) {
        let heard = self.devices.slot(id.device).and_then(|slot| self.devices.heard(slot));
        if heard.and_then(|heard| heard.any).is_none() {
            let draft = self.draft_for_alarm(order, id, EventKind::NeverHeard, time);
            self.outbox.push(draft);
        }
    }
}

/// The version in force at an instant that was reached, if one is.
fn present(order: &Order, instant: Timestamp) -> Option<&OrderVersion> {
    let version = order.newest().filter(|version| !version.has_ended())?;
    version.term.filter(|term| term.contains(instant)).map(|_| version)
}
