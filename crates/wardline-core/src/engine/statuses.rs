//! Status reports of devices.

use super::observation::Scope;
use super::{Engine, Person};
use crate::event::{Cause, EpisodeId, EventKind};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId};
use crate::input::{Refusal, Status, StatusReport};
use crate::key::Key;
use crate::order::Order;
use crate::outbox::Draft;
use crate::time::Timestamp;
use crate::watch::{About, Item};

impl Engine {
    pub(super) fn take_status(
        &mut self,
        status: &StatusReport,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let time = status.time.min(at);
        let is_stranger = self.devices.slot(status.device).is_none();
        let Some(slot) = self.admit(status.device, status.seq, time, at, false)? else {
            if is_stranger && status.status == Status::Panic {
                self.note_panic(OrderId::NONE, None, status.device, time);
            }
            return Ok(());
        };
        match status.status {
            Status::Panic => self.note_urgent(slot, EventKind::Panic, time, at),
            Status::PowerOff => {
                self.note_urgent(slot, EventKind::Power, time, at);
                if let Some((device, ..)) = self.devices.get_mut(slot, &self.config) {
                    device.switch_off(time);
                }
            }
            Status::Heartbeat => {}
            _ => self.take_word(slot, status, time, at),
        }
        self.hear(slot, at, false);
        self.wake(slot);
        Ok(())
    }

    // J-STATUS-1
    fn take_word(&mut self, slot: usize, status: &StatusReport, time: Timestamp, at: Timestamp) {
        let words_max = self.config.history_words;
        let Some((device, ..)) = self.devices.get_mut(slot, &self.config) else { return };
        let (id, person) = (device.id, device.person);
        let in_time = device.conditions_mut().insert(status.status, time, status.seq, words_max);
        let key = Key::fix(time, id, status.seq);
        let person = self.people.get(person);
        for order in person.map_or_else(Vec::new, |person| person.restrained_by.to_vec()) {
            if in_time {
                let (about, cause) = (About::Conditions, Some(Cause::Status));
                let scope = Scope { order, about, at, time, cause };
                self.observe(slot, scope, |watch, scene| watch.take(scene, key, Item::Word));
            } else if self.restrains(order, key, slot) {
                self.note_unjudged(slot, order, RuleId::NONE, None, (key, at));
            }
        }
    }

    /// Whether the order was in force against the device's person at the instant of the item.
    fn restrains(&self, order: OrderId, key: Key, slot: usize) -> bool {
        let person = self.devices.get(slot).map(|device| device.person);
        let version = self.orders.by_id.get(order).and_then(|order| order.in_force(key));
        version.is_some_and(|version| Some(version.person) == person)
    }

    /// A panic or power_off, told in every order in force that its person is a party of.
    // J-STATUS-2
    fn note_urgent(&mut self, slot: usize, kind: EventKind, time: Timestamp, at: Timestamp) {
        let Some(device) = self.devices.get(slot) else { return };
        let (id, person) = (device.id, device.person);
        let now = Key::configuration(at, u64::MAX);
        let orders = self.people.get(person).into_iter().flat_map(Person::orders_ever);
        let in_force = orders.filter(|id| {
            let order = self.orders.by_id.get(*id).filter(|order| order.concerns(person));
            order.and_then(|order| order.in_force(now)).is_some()
        });
        let orders: Vec<_> = in_force.collect();
        let is_bound = !orders.is_empty() || self.orders.shadows.bind(person, at);
        if kind == EventKind::Panic && !is_bound {
            self.note_panic(OrderId::NONE, None, id, time);
        }
        for order in orders {
            match kind {
                EventKind::Panic => self.note_panic(order, Some(person), id, time),
                _ => {
                    let draft = self.draft_of_party(order, Some(person), id, kind, time);
                    self.outbox.push(draft);
                }
            }
        }
    }

    fn note_panic(
        &mut self,
        order: OrderId,
        person: Option<PersonId>,
        device: DeviceId,
        time: Timestamp,
    ) {
        if order == OrderId::NONE && !self.part.tells_facts {
            return;
        }
        let number = match self.orders.by_id.get_mut(order) {
            Some(order) => order.next_number(RuleId::NONE, device, EventKind::Panic),
            None => self.count_panic(device),
        };
        let kind = EventKind::Panic;
        let mut draft = self.draft_of_party(order, person, device, kind, time);
        let rule = RuleId::NONE;
        draft.episode_id = Some(EpisodeId { order, rule, device, kind, number });
        self.outbox.push(draft);
    }

    /// Counts a panic that concerns no order. Of no more devices than strangers are remembered;
    /// those beyond are told by the number of the input.
    fn count_panic(&mut self, device: DeviceId) -> u64 {
        if self.panics.len() >= self.config.strangers_max && !self.panics.contains_key(&device) {
            return self.input;
        }
        let number = self.panics.entry(device).or_default();
        *number += 1;
        *number
    }

    /// An event about the device of either party of an order.
    fn draft_of_party(
        &self,
        id: OrderId,
        person: Option<PersonId>,
        device: DeviceId,
        kind: EventKind,
        time: Timestamp,
    ) -> Draft {
        let mut draft = Draft::fact(time, kind, Some(device));
        let version = self.orders.by_id.get(id).and_then(Order::newest);
        if let Some(version) = version {
            draft.order = id;
            draft.order_version = version.number;
            draft.person = version.person;
            if Some(version.person) != person {
                (draft.device, draft.other_device) = (None, Some(device));
                draft.other_person = person;
            }
        }
        draft
    }
}
