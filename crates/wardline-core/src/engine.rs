//! The engine: one input after another, and for each the events it causes.

mod config;
mod configuration;
mod fixes;

pub use config::Config;

use crate::device::Devices;
use crate::event::{Cause, Event, EventKind};
use crate::geometry::{Bounds, Position};
use crate::ids::{DeviceId, OrderId, PersonId, ZoneId};
use crate::input::{Input, Record, Refusal};
use crate::key::Key;
use crate::order::Orders;
use crate::outbox::{Draft, Outbox};
use crate::table::Table;
use crate::time::Timestamp;
use crate::watch::{Difference, Episode, Scene, Watch};
use crate::zones::Zones;
use std::collections::BTreeSet;

/// A deterministic state machine that judges position fixes against protective orders.
///
/// It has no clock: a driver calls [`Engine::apply`] for each input as it comes, and gives it a
/// [`Input::Tick`] when [`Engine::next_deadline`] is reached.
pub struct Engine {
    config: Config,
    /// The sequence number of the last input.
    input: u64,
    /// The largest `at` so far.
    now: Timestamp,
    zones: Zones,
    orders: Orders,
    devices: Devices,
    people: Table<PersonId, Person>,
    /// The next boundary of each order that has one.
    deadlines: BTreeSet<(Timestamp, OrderId)>,
    /// Unassigned devices that were already told of.
    strangers: BTreeSet<DeviceId>,
    counters: Counters,
    outbox: Outbox,
    /// The episodes of a watch before it is changed; kept to spare allocations.
    before: Vec<Episode>,
    /// The orders that a fix is judged by; kept to spare allocations.
    orders_at_hand: Vec<OrderId>,
}

#[derive(Default)]
struct Person {
    devices: Vec<usize>,
    orders: Vec<OrderId>,
}

/// What the engine has counted since it was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Fixes taken in.
    pub fixes: u64,
    /// Fixes that the slack test proved to change nothing.
    pub fixes_within_slack: u64,
    /// Fixes and statuses that had been received before.
    pub repeats: u64,
    /// Inputs whose `at` was invalid or smaller than one before.
    pub clock_regressions: u64,
    /// Refused inputs.
    pub refused: u64,
    /// Fixes and statuses of devices that belong to nobody.
    pub unassigned: u64,
    /// Events given out.
    pub events: u64,
}

impl Engine {
    /// An engine that knows nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            input: config.first_input.saturating_sub(1),
            now: Timestamp::default(),
            zones: Zones::default(),
            orders: Orders::default(),
            devices: Devices::new(&config),
            people: Table::new(),
            deadlines: BTreeSet::new(),
            strangers: BTreeSet::new(),
            counters: Counters::default(),
            outbox: Outbox::default(),
            before: Vec::new(),
            orders_at_hand: Vec::new(),
            config,
        }
    }

    /// Takes in one input and gives the events that it causes to `sink`, in order.
    pub fn apply(&mut self, record: &Record, sink: &mut impl FnMut(Event)) {
        let at = self.receive(record.at);
        if let Input::Fix(fix) = &record.input
            && self.config.slack
            && self.stays_within_slack(self.devices.slot(fix.device), fix, at)
        {
            return;
        }
        self.dispatch(&record.input, at);
        self.end_step(at);
        self.counters.events += self.outbox.len();
        self.outbox.deliver(sink);
    }

    /// The largest time of receipt so far.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The sequence number of the last input.
    pub fn last_input(&self) -> u64 {
        self.input
    }

    /// When a tick would next matter, if ever.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// What has been counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The zones that hold the position now, sorted by id.
    pub fn zones_here(&self, position: Position) -> Vec<ZoneId> {
        self.zones.here(position)
    }

    /// The zones whose bounding boxes meet this box now, sorted by id.
    pub fn zones_within(&self, bounds: &Bounds) -> Vec<ZoneId> {
        self.zones.within(bounds)
    }

    /// Gives the input its sequence number and its time.
    // J-TIME-1
    fn receive(&mut self, at: Option<Timestamp>) -> Timestamp {
        self.input += 1;
        match at {
            Some(at) if at >= self.now => self.now = at,
            _ => self.counters.clock_regressions += 1,
        }
        self.now
    }

    fn dispatch(&mut self, input: &Input, at: Timestamp) {
        let outcome = match input {
            Input::PutZone(put) => self.put_zone(put, at),
            Input::RemoveZone(zone) => self.remove_zone(*zone, at),
            Input::PutOrder(put) => self.put_order(put, at),
            Input::EndOrder(order) => self.end_order(*order, at),
            Input::AssignDevice(assign) => {
                self.assign_device(assign, at);
                Ok(())
            }
            Input::ReleaseDevice(device) => self.release_device(*device, at),
            Input::Fix(fix) => self.take_fix(fix, at),
            Input::Status(status) => self.take_status(status, at),
            Input::Operator(act) => Err(Refusal::new("unknown_episode", &act.episode)),
            Input::Tick => {
                self.advance_all(at);
                Ok(())
            }
            Input::Invalid(refusal) => Err(refusal.clone()),
        };
        if let Err(refusal) = outcome {
            self.counters.refused += 1;
            // J-TIME-2
            let time = match input {
                Input::Fix(fix) => fix.time.min(at),
                Input::Status(status) => status.time.min(at),
                _ => at,
            };
            let mut draft = Draft::fact(time, EventKind::Refused, refusal.device);
            draft.refusal = Some(refusal);
            self.outbox.push(draft);
        }
    }

    fn end_step(&mut self, at: Timestamp) {
        self.outbox.end_step(self.input, at);
    }

    /// Fires what boundaries any order has up to `at`.
    fn advance_all(&mut self, at: Timestamp) {
        while let Some((boundary, _)) = self.deadlines.first().copied().filter(|d| d.0 <= at) {
            while let Some((_, order)) = self.deadlines.first().copied().filter(|d| d.0 == boundary)
            {
                self.fire(order, boundary, at);
            }
            self.end_step(at);
        }
    }

    /// Fires what boundaries these orders have up to `at`, all orders' in the order of time.
    // J-TIME-4, J-ORDER-1
    fn advance(&mut self, orders: &[OrderId], at: Timestamp) {
        loop {
            let due = orders.iter().filter_map(|id| {
                let boundary = self.orders.by_id.get(*id)?.next_boundary()?;
                (boundary <= at).then_some((boundary, *id))
            });
            let due: Vec<_> = due.collect();
            let Some(boundary) = due.iter().map(|(boundary, _)| *boundary).min() else {
                return;
            };
            for (_, order) in due.into_iter().filter(|(due, _)| *due == boundary) {
                self.fire(order, boundary, at);
            }
            self.end_step(at);
        }
    }

    fn fire(&mut self, order_id: OrderId, boundary: Timestamp, at: Timestamp) {
        let Some(order) = self.orders.by_id.get_mut(order_id) else {
            return;
        };
        self.deadlines.remove(&(boundary, order_id));
        order.fired = boundary;
        if let Some(next) = order.next_boundary() {
            self.deadlines.insert((next, order_id));
        }
        let person = order.newest().map(|version| version.person);
        for slot in self.devices_of(person) {
            let scope = Scope { order: order_id, at, time: boundary, cause: None };
            let step = Key::boundary(boundary);
            self.observe(slot, scope, |watch, scene| watch.pass(scene, step, None));
            self.wake(slot, Some(step));
        }
    }

    /// A new boundary table of the order counts from now on.
    fn reschedule(&mut self, order: OrderId, before: Option<Timestamp>) {
        if let Some(before) = before {
            self.deadlines.remove(&(before, order));
        }
        if let Some(next) = self.orders.by_id.get(order).and_then(|order| order.next_boundary()) {
            self.deadlines.insert((next, order));
        }
    }

    fn devices_of(&self, person: Option<PersonId>) -> Vec<usize> {
        let person = person.and_then(|person| self.people.get(person));
        person.map_or_else(Vec::new, |person| person.devices.clone())
    }

    /// The orders that restrain the person now or once did.
    fn orders_ever_of(&self, person: PersonId) -> Vec<OrderId> {
        self.people.get(person).map_or_else(Vec::new, |person| person.orders.clone())
    }

    /// The orders that restrain the person now.
    fn orders_of(&self, person: PersonId) -> Vec<OrderId> {
        let ever = self.people.get(person).map_or(&[][..], |person| &person.orders);
        let restrains = |id: &&OrderId| {
            let version = self.orders.by_id.get(**id).and_then(|order| order.newest());
            version.is_some_and(|version| version.person == person)
        };
        ever.iter().filter(restrains).copied().collect()
    }

    fn wake(&mut self, slot: usize, passed: Option<Key>) {
        if let Some((device, hot, _)) = self.devices.get_mut(slot, &self.config) {
            hot.wake();
            device.passed = passed.map_or(device.passed, |key| device.passed.max(key));
        }
    }

    /// Lets `act` change a device's watch over an order and tells what became different.
    fn observe<R>(
        &mut self,
        slot: usize,
        scope: Scope,
        act: impl FnOnce(&mut Watch, Scene<'_>) -> R,
    ) -> Option<R> {
        let (device, track) = self.devices.with_track(slot, &self.config)?;
        let order = self.orders.by_id.get_mut(scope.order)?;
        let index = device.watch_of(scope.order);
        let scene = Scene {
            config: &self.config,
            zones: &self.zones,
            order,
            track,
            device: device.id,
            person: device.person,
        };
        let watch = &mut device.watches[index];
        self.before.clear();
        self.before.extend_from_slice(watch.episodes());
        let outcome = act(watch, scene);
        let then = Key::configuration(scope.time, u64::MAX);
        let order_version = order.as_of(then).map(|version| version.number);
        let mut difference = Difference {
            device: device.id,
            person: device.person,
            at: scope.at,
            time: scope.time,
            cause: scope.cause,
            order_version,
            zones: &self.zones,
            numbers: &mut order.episodes,
            outbox: &mut self.outbox,
        };
        difference.tell(watch, &self.before);
        Some(outcome)
    }
}

/// Under which order, when and why a watch is looked at.
#[derive(Clone, Copy)]
struct Scope {
    order: OrderId,
    at: Timestamp,
    /// The event time of what is taken in.
    time: Timestamp,
    /// What amendments are put down to.
    cause: Option<Cause>,
}
