//! Rest: how long nothing can come of a device's fixes, if it stays where they change no verdict.
//!
//! A device rests until an instant that no boundary or timer of its person's orders comes before.
//! Each fix puts off what a silence would bring, so at that instant it is looked anew, and mostly
//! the device rests on. Of parties whom one order alone binds, all that may be due can be told from
//! the last fixes of their devices: what else is to be known for that is noted as [`Wait`].

use super::{Engine, Person};
use crate::device::{ENDLESS, HotLine, LAG_MS_MAX, Wait};
use crate::ids::{DeviceId, OrderId, PersonId};
use crate::order::{Order, Terms};
use crate::time::{NEVER, Timestamp};

impl Engine {
    /// After a fix was judged: sets the anchor and slack, and until when nothing is due.
    pub(super) fn rest(
        &mut self,
        slot: usize,
        slack_m: Option<f64>,
        has_pairs: bool,
        at: Timestamp,
    ) {
        let Some((device, hot, track)) = self.devices.get_mut(slot, &self.config) else {
            return;
        };
        let newest = track.as_ref().newest();
        let left = if has_pairs {
            track.as_ref().fixes_to_spare(at.plus_ms(-LAG_MS_MAX))
        } else {
            ENDLESS
        };
        let (quiet_until, person, id) = (hot.quiet_until, device.person, device.id);
        let is_quiet = at < quiet_until;
        let quiet_until = if is_quiet { quiet_until } else { self.quiet_until(person, id) };
        let Some((device, hot, _)) = self.devices.get_mut(slot, &self.config) else {
            return;
        };
        match (slack_m, newest) {
            (Some(slack_m), Some(sample)) => {
                if has_pairs {
                    device.note_anchor(sample.time);
                }
                hot.rest(&sample, slack_m, quiet_until, left);
            }
            _ => hot.stay_awake(quiet_until),
        }
    }

    /// Lets a device that rested until now rest on if nothing of what it is noted to wait for is
    /// due. Says whether it does.
    pub(super) fn rests_on_as_noted(&mut self, slot: usize, at: Timestamp) -> bool {
        let wait = self.devices.wait(slot).copied();
        let Some(wait) = wait.filter(|_| self.waits_for_orders_only(slot)) else { return false };
        // What passes at an instant is due after it.
        let timer = self.next_timer_of(&wait).map(|timer| timer.plus_ms(1));
        let until = timer.map_or(wait.boundary, |timer| timer.min(wait.boundary));
        if until <= at {
            return false;
        }
        self.rest_until(slot, until);
        for party in std::iter::once(wait.restrained).chain(wait.protected) {
            if party != slot {
                self.let_rest(party, until);
            }
        }
        true
    }

    /// The next timer of an order whose parties wait for nothing else; long past if they have not
    /// been heard of.
    fn next_timer_of(&self, wait: &Wait) -> Option<Timestamp> {
        let report = wait.patience_ms.map(|patience_ms| {
            let heard = self.devices.heard(wait.restrained);
            let sound = heard.and_then(|heard| heard.sound).unwrap_or(NEVER);
            sound.plus_ms(patience_ms)
        });
        let newest = |slot: usize| self.devices.newest_sound(slot, &self.config);
        let stale = wait.protected.map(|protected| {
            let older = newest(wait.restrained).zip(newest(protected));
            let older = older.map_or(NEVER, |(his, hers)| his.min(hers));
            older.plus_ms(self.config.reference_age_max_ms)
        });
        [report, stale].into_iter().flatten().min()
    }

    /// Lets a device rest on if it rested until now and none of the boundaries and timers that it
    /// waited for is due, or what was has fired and left it at rest. Says whether it does.
    pub(super) fn rests_on(&mut self, slot: usize, at: Timestamp) -> bool {
        let is_due = |hot: &HotLine| !hot.is_awake() && at >= hot.quiet_until;
        if !self.devices.hot(slot).is_some_and(is_due) || !self.waits_for_orders_only(slot) {
            return false;
        }
        let Some(device) = self.devices.get(slot) else { return false };
        let (id, person) = (device.id, device.person);
        // Until the next instant nothing is due: at an alarm that is raised, the instant is past.
        let mut until = self.quiet_until(person, id);
        if NEVER < until && until <= at {
            self.with_orders_of(person, |engine, orders| engine.advance(orders, at));
            if self.devices.hot(slot).is_none_or(HotLine::is_awake) {
                return false;
            }
            until = self.quiet_until(person, id);
        }
        if until <= at {
            return false;
        }
        self.rest_until(slot, until);
        self.share_rest(person, until);
        true
    }

    fn rest_until(&mut self, slot: usize, until: Timestamp) {
        if let Some(hot) = self.devices.hot_mut(slot) {
            hot.quiet_until = until;
        }
    }

    /// Whether no panic that concerns no order, and no order judged elsewhere, may end its rest.
    #[inline(always)]
    fn waits_for_orders_only(&self, slot: usize) -> bool {
        // Where there are none at all, the device need not be asked.
        let are_none = !self.desk.escalates(OrderId::NONE) && self.orders.shadows.is_empty();
        are_none
            || self.devices.get(slot).is_some_and(|device| {
                self.desk.next_escalation(OrderId::NONE, Some(device.id)).is_none()
                    && self.orders.shadows.next_change(device.person, NEVER).is_none()
            })
    }

    /// Lets another device that rests do so until then, if it waits for nothing else.
    fn let_rest(&mut self, slot: usize, until: Timestamp) {
        if self.waits_for_orders_only(slot)
            && let Some(hot) = self.devices.hot_mut(slot)
        {
            hot.rest_on(until);
        }
    }

    /// Lets the other parties of the only order of a person rest as long, if it is their only one
    /// too.
    fn share_rest(&mut self, person: PersonId, until: Timestamp) {
        let Some(id) = self.people.get(person).and_then(Person::only_order) else { return };
        let order = self.orders.by_id.get(id).filter(|order| order.concerns(person));
        let Some(version) = order.and_then(Order::newest) else { return };
        let restrained = version.person;
        let mut slots = std::mem::take(&mut self.slots_at_hand);
        for party in std::iter::once(restrained).chain(version.protected()) {
            let other = self.people.get(party).filter(|_| party != person);
            let other = other.filter(|other| other.only_order() == Some(id));
            slots.extend(other.into_iter().flat_map(|other| &other.devices));
        }
        let (protected, others) = {
            let mut protected = version.protected();
            (protected.next(), protected.next())
        };
        slots.iter().for_each(|slot| self.let_rest(*slot, until));
        slots.clear();
        self.slots_at_hand = slots;
        if others.is_none() {
            self.note_wait(id, restrained, protected);
        }
    }

    /// Notes what the devices of the parties of an order wait for, if that is nothing but its next
    /// boundary and timers that their fixes put off.
    fn note_wait(&mut self, id: OrderId, restrained: PersonId, protected: Option<PersonId>) {
        let only_device = |person: PersonId| {
            let person =
                self.people.get(person).filter(|person| person.only_order() == Some(id))?;
            <[usize; 1]>::try_from(&*person.devices).ok().map(|[device]| device)
        };
        let hers = protected.map(only_device);
        let (Some(his), Some(order)) = (only_device(restrained), self.orders.by_id.get(id)) else {
            return;
        };
        if hers == Some(None) || self.desk.next_escalation(id, None).is_some() {
            return;
        }
        let wait = Wait {
            restrained: his,
            protected: hers.flatten(),
            boundary: order.next_boundary().unwrap_or(Timestamp::FAR_FUTURE),
            patience_ms: patience_ms(order),
        };
        if self.next_alarm(id) != self.next_timer_of(&wait) {
            return;
        }
        for slot in std::iter::once(his).chain(wait.protected) {
            self.devices.note_wait(slot, wait);
        }
    }

    /// Until when no boundary or timer of the person's orders comes; long past while an alarm is
    /// raised that the next fix may end.
    pub(super) fn quiet_until(&mut self, person: PersonId, device: DeviceId) -> Timestamp {
        let mut next: Option<Timestamp> = None;
        self.for_orders_of(person, |engine, order| {
            next = engine.reschedule(order).into_iter().chain(next).min();
        });
        if self.is_alarmed(person) {
            return NEVER;
        }
        let stray = self.desk.next_escalation(OrderId::NONE, Some(device));
        let shadow = self.orders.shadows.next_change(person, self.now);
        next.into_iter()
            .chain(stray.map(|at| at.plus_ms(1)))
            .chain(shadow)
            .min()
            .unwrap_or(Timestamp::FAR_FUTURE)
    }

    /// Whether an order of the person has raised an alarm, which a fix may end.
    pub(super) fn is_alarmed(&self, person: PersonId) -> bool {
        let alarmed = |id: &OrderId| {
            self.orders.by_id.get(*id).is_some_and(|order| !order.alarms().is_empty())
        };
        self.concerning(person).any(|order| alarmed(&order))
    }
}

/// How long after a sound fix the first report rule that is active misses the next.
fn patience_ms(order: &Order) -> Option<i64> {
    let version = order.newest()?;
    let active = version.rules.iter().filter(|rule| version.is_active(rule, order.progress));
    let limits = active.filter_map(|rule| match &rule.terms {
        Terms::Report(report) => Some([report.max_silence_ms, report.max_no_fix_ms]),
        _ => None,
    });
    limits.flatten().flatten().min()
}
