//! Boundaries and timers of orders, fired in the order of time.

use super::deadlines::Deadline;
use super::observation::Scope;
use super::{Engine, Person};
use crate::device::{Devices, HotLine};
use crate::ids::{DeviceId, OrderId, PersonId};
use crate::key::Key;
use crate::order::Order;
use crate::outbox::Step;
use crate::time::Timestamp;
use crate::watch::About;
use std::collections::BTreeSet;

impl Engine {
    /// An instant before which no tick matters, if one ever does. What fixes have put off since is
    /// left at its old instant until a tick comes, which then finds nothing due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first()
    }

    /// Fires what boundaries and timers any order has up to `at`.
    pub(super) fn advance_all(&mut self, at: Timestamp) {
        let orders: Vec<_> = self.deadlines.until(at).collect();
        self.advance(&orders, at);
    }

    /// Fires what boundaries and timers these orders have up to `at`, all orders' in the order of
    /// time.
    // J-TIME-4, J-ORDER-1
    pub(super) fn advance(&mut self, orders: &[OrderId], at: Timestamp) {
        let mut due = BTreeSet::new();
        for order in orders {
            match self.due(*order, at) {
                Some(instant) => _ = due.insert((instant, *order)),
                None => self.put_off(*order, at),
            }
        }
        let fired: Vec<_> = due.iter().map(|(_, order)| *order).collect();
        while let Some((instant, _)) = due.first().copied() {
            while let Some((_, order)) = due.first().copied().filter(|due| due.0 == instant) {
                due.pop_first();
                self.fire(order, instant, at);
                if let Some(next) = self.due(order, at) {
                    due.insert((next.max(instant), order));
                }
            }
            self.end_step(Step::Instant(instant), at);
        }
        for order in fired {
            if self.deadline(order).is_some_and(|deadline| deadline <= at) {
                self.reschedule(order);
            }
        }
    }

    /// A deadline that has come to nothing: what the order waited for was put off.
    fn put_off(&mut self, id: OrderId, at: Timestamp) {
        if self.deadline(id).is_some_and(|deadline| deadline <= at) {
            self.note_deadline(id, self.next_instant(id));
        }
    }

    /// The same for the orders of a device's person, and for the device's panics that concern no
    /// order.
    pub(super) fn advance_device(&mut self, device: DeviceId, orders: &[OrderId], at: Timestamp) {
        if self.desk.next_escalation(OrderId::NONE, Some(device)).is_none() {
            return self.advance(orders, at);
        }
        let mut orders = orders.to_vec();
        orders.push(OrderId::NONE);
        self.stray = Some(device);
        self.advance(&orders, at);
        self.stray = None;
        self.reschedule(OrderId::NONE);
    }

    /// The next instant at which the order has a boundary (reached at it) or a timer (passed after
    /// it), if `at` is late enough.
    fn due(&self, id: OrderId, at: Timestamp) -> Option<Timestamp> {
        if self.deadline(id).is_none_or(|deadline| deadline > at) {
            debug_assert!(self.next_instant(id).is_none_or(|next| next > at), "a late deadline");
            return None;
        }
        let boundary = self.orders.by_id.get(id).and_then(Order::next_boundary);
        let boundary = boundary.filter(|boundary| *boundary <= at);
        let timer = self.next_timer(id).filter(|timer| *timer < at);
        [boundary, timer].into_iter().flatten().min()
    }

    fn next_timer(&self, id: OrderId) -> Option<Timestamp> {
        let of = self.stray.filter(|_| id == OrderId::NONE);
        [self.next_alarm(id), self.desk.next_escalation(id, of)].into_iter().flatten().min()
    }

    fn fire(&mut self, id: OrderId, instant: Timestamp, at: Timestamp) {
        let order = self.orders.by_id.get(id);
        if order.and_then(Order::next_boundary) == Some(instant) {
            self.fire_boundary(id, instant, at);
        }
        if instant < at {
            self.raise_alarms(id, instant);
            self.escalate(id, instant);
        }
    }

    fn fire_boundary(&mut self, id: OrderId, boundary: Timestamp, at: Timestamp) {
        let Some(order) = self.orders.by_id.get_mut(id) else { return };
        order.fired = boundary;
        order.progress = order.progress.max(boundary);
        let person = order.newest().map(|version| version.person);
        let step = Key::boundary(boundary);
        for slot in self.devices_of(person) {
            let about = About::Places;
            let scope = Scope { order: id, about, at, time: boundary, cause: None };
            self.observe_all(slot, scope, |watch, scene| watch.pass(scene, step, None));
        }
        self.settle_alarms(id, boundary, None);
        self.wake_parties(id);
    }

    /// When the order is next looked at unasked: not later than its next instant.
    #[inline]
    fn deadline(&self, id: OrderId) -> Option<Timestamp> {
        let deadline = match id {
            OrderId::NONE => self.deadline,
            _ => self.orders.by_id.get(id)?.deadline,
        };
        Some(deadline?.instant)
    }

    fn deadline_mut(&mut self, id: OrderId) -> Option<&mut Option<Deadline>> {
        match id {
            OrderId::NONE => Some(&mut self.deadline),
            _ => Some(&mut self.orders.by_id.get_mut(id)?.deadline),
        }
    }

    /// The order's next instant counts anew; gives it.
    pub(super) fn reschedule(&mut self, id: OrderId) -> Option<Timestamp> {
        let next = self.next_instant(id);
        self.note_deadline(id, next);
        self.hurry_parties(id, next.unwrap_or(Timestamp::FAR_FUTURE));
        next
    }

    /// Takes note of when the order is next looked at unasked.
    pub(super) fn note_deadline(&mut self, id: OrderId, next: Option<Timestamp>) {
        if self.deadline(id) == next {
            return;
        }
        let Some(deadline) = self.deadline_mut(id) else { return };
        if let Some(before) = deadline.take()
            && let Some(moved) = self.deadlines.remove(before)
            && let Some(Some(deadline)) = self.deadline_mut(moved)
        {
            deadline.place = before.place;
        }
        let next = next.map(|next| self.deadlines.insert(next, id));
        if let Some(deadline) = self.deadline_mut(id) {
            *deadline = next;
        }
    }

    /// When an input would next find something due.
    pub(super) fn next_instant(&self, id: OrderId) -> Option<Timestamp> {
        let boundary = self.orders.by_id.get(id).and_then(Order::next_boundary);
        let timer = self.next_timer(id).map(|timer| timer.plus_ms(1));
        [boundary, timer].into_iter().flatten().min()
    }

    /// From now on each fix of whoever is or was a party of the order is judged.
    pub(super) fn wake_parties(&mut self, id: OrderId) {
        self.for_devices_of_parties(id, |devices, slot, _| {
            devices.hot_mut(slot).into_iter().for_each(HotLine::wake);
        });
    }

    /// The order's next instant is this: parties that rest longer look for it before their next
    /// fix. It may be none that they are noted to wait for, and they may wait for other orders now.
    fn hurry_parties(&mut self, id: OrderId, next: Timestamp) {
        self.for_devices_of_parties(id, |devices, slot, waits| {
            devices.forget_wait(slot);
            let hot = devices.hot_mut(slot).filter(|hot| waits && hot.quiet_until > next);
            hot.into_iter().for_each(HotLine::lose_quiet);
        });
    }

    /// Does something with the place of each device of whoever is or was a party of the order, and
    /// with whether its person still is one and so waits for the order's instants.
    fn for_devices_of_parties(&mut self, id: OrderId, act: impl Fn(&mut Devices, usize, bool)) {
        let Some(order) = self.orders.by_id.get(id) else { return };
        let restrained = order.versions.iter().rev().take(2).map(|version| version.person);
        for person in restrained.chain(order.protected.iter().copied()) {
            let Some(party) = self.people.get(person) else { continue };
            let waits = order.concerns(person);
            party.devices.iter().for_each(|slot| act(&mut self.devices, *slot, waits));
        }
    }

    pub(super) fn wake(&mut self, slot: usize) {
        if let Some(hot) = self.devices.hot_mut(slot) {
            hot.wake();
        }
    }

    pub(super) fn devices_of(&self, person: Option<PersonId>) -> Vec<usize> {
        let person = person.and_then(|person| self.people.get(person));
        person.map_or_else(Vec::new, |person| person.devices.to_vec())
    }

    /// The orders whose newest version restrains or protects the person, one after another.
    pub(super) fn concerning(&self, id: PersonId) -> impl Iterator<Item = OrderId> {
        let ever = self.people.get(id).into_iter().flat_map(Person::orders_ever);
        ever.filter(move |order| {
            let order = self.orders.by_id.get(*order);
            order.is_some_and(|order| order.concerns(id))
        })
    }

    /// Does something with all of them.
    pub(super) fn with_orders_of(&mut self, id: PersonId, act: impl FnOnce(&mut Self, &[OrderId])) {
        let mut orders = std::mem::take(&mut self.orders_at_hand);
        orders.extend(self.concerning(id));
        act(self, &orders);
        orders.clear();
        self.orders_at_hand = orders;
    }

    /// Does something for each of them.
    pub(super) fn for_orders_of(&mut self, id: PersonId, mut act: impl FnMut(&mut Self, OrderId)) {
        self.with_orders_of(id, |engine, orders| {
            orders.iter().for_each(|order| act(engine, *order));
        });
    }
}
