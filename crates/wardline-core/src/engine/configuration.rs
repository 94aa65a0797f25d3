//! Zones, orders and device assignments.

use super::{Engine, Person, Scope};
use crate::device::Device;
use crate::event::Cause;
use crate::ids::{DeviceId, LayerId, OrderId, PersonId, ZoneId};
use crate::input::{AssignDevice, Demand, Place, PutOrder, PutZone, Refusal};
use crate::key::Key;
use crate::order::{Order, OrderVersion, insert_sorted};
use crate::time::Timestamp;

impl Engine {
    pub(super) fn put_zone(&mut self, put: &PutZone, at: Timestamp) -> Result<(), Refusal> {
        self.advance_all(at);
        let old_layer = self.zones.present(put.zone).and_then(|zone| zone.layer);
        if self.zones.known() >= self.config.ids_max && !self.zones.knows(put.zone) {
            return Err(Refusal::new("too_many_zones", self.config.ids_max));
        }
        let key = Key::configuration(at, self.input);
        self.zones.put(put, key);
        self.zone_changed(put.zone, [old_layer, put.layer], key, Cause::ZoneChanged);
        Ok(())
    }

    pub(super) fn remove_zone(&mut self, zone: ZoneId, at: Timestamp) -> Result<(), Refusal> {
        self.advance_all(at);
        let layer = self.zones.present(zone).and_then(|zone| zone.layer);
        let key = Key::configuration(at, self.input);
        if !self.zones.remove(zone, key) {
            return Err(Refusal::new("unknown_zone", zone.number()));
        }
        self.zone_changed(zone, [layer, None], key, Cause::ZoneRemoved);
        Ok(())
    }

    fn zone_changed(&mut self, zone: ZoneId, layers: [Option<LayerId>; 2], key: Key, cause: Cause) {
        for order in self.orders.concerned_by(zone, layers) {
            let person = self.orders.by_id.get(order).and_then(Order::newest).map(|v| v.person);
            for slot in self.devices_of(person) {
                self.configure(slot, order, key, Some(zone), cause);
            }
        }
    }

    pub(super) fn put_order(&mut self, put: &PutOrder, at: Timestamp) -> Result<(), Refusal> {
        self.advance(&[put.order], at);
        self.check_order(put)?;
        let key = Key::configuration(at, self.input);
        if self.orders.by_id.len() >= self.config.ids_max && !self.orders.by_id.contains(put.order)
        {
            return Err(Refusal::new("too_many_orders", self.config.ids_max));
        }
        let order = self.orders.by_id.get_or_insert_with(put.order, Order::new);
        let deadline = order.next_boundary();
        let old_person = order.newest().map(|version| version.person);
        let number = order.newest().map_or(1, |version| version.number + 1);
        order.versions.push(OrderVersion::new(put, number, key));
        self.orders.index(put.order);
        let person = self.people.get_or_insert_with(put.person, Person::default);
        insert_sorted(&mut person.orders, put.order);
        self.reschedule(put.order, deadline);
        self.order_changed(put.order, [old_person, Some(put.person)], key, Cause::OrderChanged);
        Ok(())
    }

    fn check_order(&self, put: &PutOrder) -> Result<(), Refusal> {
        for rule in &put.rules {
            match rule.demand {
                Demand::NotYetSupported(kind) => {
                    return Err(Refusal::new("not_yet_supported", kind));
                }
                Demand::KeepOut { place: Place::Zone(zone), .. } => self.check_zone(zone)?,
                Demand::KeepOut { place: Place::Layer(_), .. } => {}
            }
        }
        put.permits.iter().try_for_each(|permit| self.check_zone(permit.zone))
    }

    fn check_zone(&self, zone: ZoneId) -> Result<(), Refusal> {
        match self.zones.present(zone) {
            Some(_) => Ok(()),
            None => Err(Refusal::new("unknown_zone", zone.number())),
        }
    }

    pub(super) fn end_order(&mut self, id: OrderId, at: Timestamp) -> Result<(), Refusal> {
        self.advance(&[id], at);
        let key = Key::configuration(at, self.input);
        let Some(order) = self.orders.by_id.get_mut(id) else {
            return Err(Refusal::new("unknown_order", id.number()));
        };
        let deadline = order.next_boundary();
        let Some(version) = order.versions.last_mut().filter(|version| version.ended.is_none())
        else {
            return Err(Refusal::new("order_already_ended", id.number()));
        };
        version.ended = Some(key);
        let person = version.person;
        self.reschedule(id, deadline);
        self.order_changed(id, [Some(person), None], key, Cause::RuleEnded);
        Ok(())
    }

    fn order_changed(
        &mut self,
        order: OrderId,
        people: [Option<PersonId>; 2],
        key: Key,
        cause: Cause,
    ) {
        let mut slots = self.devices_of(people[0]);
        slots.extend(self.devices_of(people[1]));
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            self.configure(slot, order, key, None, cause);
        }
    }

    /// Lets a device's watch see a configuration input. Fixes that happened at the same instant
    /// count as later, and are judged again.
    // J-TIME-3
    fn configure(
        &mut self,
        slot: usize,
        order: OrderId,
        key: Key,
        zone: Option<ZoneId>,
        cause: Cause,
    ) {
        let scope = Scope { order, at: key.time, time: key.time, cause: Some(cause) };
        self.observe(slot, scope, |watch, scene| {
            let last = scene.track.len().checked_sub(1);
            let newest = last.and_then(|last| scene.track.key(last, scene.device));
            if newest.is_some_and(|newest| newest > key) {
                watch.fold_again(scene, key);
            } else {
                watch.pass(scene, key, zone);
            }
        });
        self.wake(slot, Some(key));
    }

    pub(super) fn assign_device(&mut self, assign: &AssignDevice, at: Timestamp) {
        let old = self.devices.slot(assign.device).and_then(|slot| self.devices.get(slot));
        let old = old.map(|device| device.person);
        if let Some(old) = old {
            self.advance(&self.orders_of(old), at);
        }
        self.advance(&self.orders_of(assign.person), at);
        if old == Some(assign.person) {
            return;
        }
        if old.is_some() {
            self.take_away(assign.device, at);
        }
        self.strangers.remove(&assign.device);
        let device = Device::new(assign.device, assign.person, at);
        let slot = self.devices.insert(device);
        let person = self.people.get_or_insert_with(assign.person, Person::default);
        insert_sorted(&mut person.devices, slot);
        let key = Key::configuration(at, self.input);
        for order in self.orders_of(assign.person) {
            self.configure(slot, order, key, None, Cause::OrderChanged);
        }
    }

    pub(super) fn release_device(
        &mut self,
        device: DeviceId,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.devices.slot(device);
        let Some(person) = slot.and_then(|slot| self.devices.get(slot)).map(|d| d.person) else {
            return Err(Refusal::new("unknown_device", device.number()));
        };
        self.advance(&self.orders_of(person), at);
        self.take_away(device, at);
        Ok(())
    }

    // J-SCHED-2
    fn take_away(&mut self, id: DeviceId, at: Timestamp) {
        let Some(slot) = self.devices.slot(id) else {
            return;
        };
        let key = Key::configuration(at, self.input);
        let Some(device) = self.devices.get(slot) else {
            return;
        };
        let person = device.person;
        let orders: Vec<_> = device.watches.iter().map(|watch| watch.order).collect();
        for order in orders {
            let scope = Scope { order, at, time: at, cause: Some(Cause::DeviceReleased) };
            self.observe(slot, scope, |watch, scene| watch.release(scene, key));
        }
        self.devices.remove(id);
        if let Some(person) = self.people.get_mut(person) {
            person.devices.retain(|other| *other != slot);
        }
    }
}
