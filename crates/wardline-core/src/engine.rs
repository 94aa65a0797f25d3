//! The engine: one input after another, and for each the events it causes.

mod afar;
mod alarms;
mod config;
mod configuration;
mod deadlines;
mod desk;
mod fixes;
mod late;
mod moving;
mod numbering;
mod observation;
mod pairs;
mod rest;
mod saved;
mod shadow;
mod share;
mod statuses;
mod timeline;
mod views;

pub(crate) use alarms::AlarmId;
pub use config::Config;
pub(crate) use deadlines::Deadline;
pub use moving::PersonCopy;
pub use share::{Chosen, Numbered, OutOfSequence, Part};

use crate::desk::Desk;
use crate::device::{Devices, NOWHERE, Receipt};
use crate::event::{Event, EventKind};
use crate::few::Few;
use crate::geometry::{Bounds, Position};
use crate::ids::{DeviceId, OrderId, PersonId, ZoneId};
use crate::input::{Input, Record};
use crate::key::Key;
use crate::order::Orders;
use crate::outbox::{Draft, EventPlace, Outbox, Step};
use crate::table::Table;
use crate::time::Timestamp;
use crate::watch::Episode;
use crate::zones::Zones;
use deadlines::Deadlines;
use std::collections::{BTreeMap, BTreeSet};

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
    /// When each order is next looked at unasked.
    deadlines: Deadlines,
    /// Unassigned devices that were already told of.
    strangers: BTreeSet<DeviceId>,
    /// Panics of each device that concerned no order.
    panics: BTreeMap<DeviceId, u64>,
    /// When panics that concern no order are next escalated.
    deadline: Option<Deadline>,
    desk: Desk,
    /// While its input is taken in, the device whose panics that concern no order are looked at.
    stray: Option<DeviceId>,
    /// While its input is taken in, what of it is this engine's.
    part: Part,
    counters: Counters,
    outbox: Outbox,
    /// The episodes of a watch before it is changed; kept to spare allocations.
    before: Vec<Episode>,
    /// The orders that a fix is judged by; kept to spare allocations.
    orders_at_hand: Vec<OrderId>,
    /// The places of the devices that may rest on together; kept to spare allocations.
    slots_at_hand: Vec<usize>,
    /// Whether late fixes came among the last ones; then more of the memory of others is looked for
    /// ahead.
    comes_late: bool,
    /// The pairs that a fix is of; kept to spare allocations.
    pairs_at_hand: Vec<pairs::Pair>,
}

#[derive(Default)]
struct Person {
    /// The places of the devices, in the order of their ids: what comes of a fix must not hang on
    /// where a device lies in memory.
    devices: Few<usize>,
    /// The orders that restrain the person now or once did.
    restrained_by: Few<OrderId>,
    /// The orders that protect the person by keep_away now or once did.
    protected_by: Few<OrderId>,
    /// Of the devices that were taken away, if any were.
    release: Option<Box<Release>>,
}

/// What devices leave behind that were taken away.
#[derive(Clone, Copy)]
struct Release {
    /// When the last of them was.
    at: Key,
    /// Event time of the newest sound fix of theirs.
    sound: Option<Timestamp>,
}

impl Person {
    /// When the last device was taken away.
    fn released(&self) -> Option<Key> {
        Some(self.release.as_ref()?.at)
    }

    /// Event time of the newest sound fix of devices that were taken away.
    fn sound_before_release(&self) -> Option<Timestamp> {
        self.release.as_ref()?.sound
    }

    /// The only order that the person is or was a party of.
    fn only_order(&self) -> Option<OrderId> {
        let mut orders = self.orders_ever();
        orders.next().filter(|_| orders.next().is_none())
    }

    fn orders_ever(&self) -> impl Iterator<Item = OrderId> {
        let also = self.protected_by.iter().filter(|id| !self.restrained_by.contains(id));
        self.restrained_by.iter().chain(also).copied()
    }
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
            deadlines: Deadlines::default(),
            strangers: BTreeSet::new(),
            panics: BTreeMap::new(),
            deadline: None,
            desk: Desk::default(),
            stray: None,
            part: Part::WHOLE,
            counters: Counters::default(),
            outbox: Outbox::default(),
            before: Vec::new(),
            orders_at_hand: Vec::new(),
            slots_at_hand: Vec::new(),
            comes_late: false,
            pairs_at_hand: Vec::new(),
            config,
        }
    }

    /// Takes in one input and gives the events that it causes to `sink`, in order.
    pub fn apply(&mut self, record: &Record, sink: &mut impl FnMut(Event)) {
        let at = self.receive(self.input + 1, record.at, Part::WHOLE);
        let slot = match &record.input {
            Input::Fix(fix) => self.devices.slot(fix.device),
            _ => None,
        };
        let (slot, receipt) = (slot.unwrap_or(NOWHERE), Receipt::new(at, &self.config));
        self.take_in(slot, &record.input, &receipt, &mut |_, event| sink(event));
    }

    /// Takes in an input that has its number; the slot is that of the device of a fix.
    #[inline]
    fn take_in(
        &mut self,
        slot: usize,
        input: &Input,
        receipt: &Receipt,
        sink: &mut impl FnMut(EventPlace, Event),
    ) {
        match input {
            Input::Fix(fix) if self.takes_within_slack(slot, fix, receipt) => {}
            _ => self.take_in_whole(slot, input, receipt, sink),
        }
    }

    /// The same for an input that may change anything.
    #[inline(never)]
    fn take_in_whole(
        &mut self,
        slot: usize,
        input: &Input,
        receipt: &Receipt,
        sink: &mut impl FnMut(EventPlace, Event),
    ) {
        let at = receipt.at;
        let passes = match input {
            Input::Fix(fix) => {
                self.takes_after_a_look(slot, fix, receipt) || self.takes_afar(slot, fix, receipt)
            }
            _ => false,
        };
        if !passes {
            self.dispatch(input, at);
            self.end_step(Step::Input, at);
        }
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
    fn receive(&mut self, number: u64, at: Option<Timestamp>, part: Part) -> Timestamp {
        self.input = number;
        self.part = part;
        self.outbox.tells_facts = part.tells_facts;
        match at {
            Some(at) if at >= self.now => self.now = at,
            _ => self.counters.clock_regressions += 1,
        }
        self.now
    }

    /// The same for so many whole inputs, received at the same time.
    fn receive_row(&mut self, inputs: u64, at: Timestamp) {
        self.receive(self.input + inputs, Some(at), Part::WHOLE);
        if at < self.now {
            self.counters.clock_regressions += inputs - 1;
        }
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
            Input::Operator(act) => self.operate(act, at),
            Input::Tick => {
                self.advance_all(at);
                Ok(())
            }
            Input::Invalid(refusal) => Err(refusal.clone()),
        };
        if let Err(refusal) = outcome {
            self.counters.refused += self.part.count();
            // J-TIME-2
            let time = match input {
                Input::Fix(fix) => fix.time.min(at),
                _ => at,
            };
            let mut draft = Draft::fact(time, EventKind::Refused, refusal.device);
            draft.refusal = Some(refusal);
            self.outbox.push(draft);
        }
    }

    fn end_step(&mut self, step: Step, at: Timestamp) {
        if self.outbox.step().is_empty() {
            return;
        }
        self.number_by_start();
        self.note_incidents(at);
        self.outbox.end_step(step, self.input, at);
    }
}
