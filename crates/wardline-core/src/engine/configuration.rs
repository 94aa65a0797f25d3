//! Zones, orders and device assignments.

use super::observation::Scope;
use super::{Engine, Person, Release};
use crate::device::Device;
use crate::event::Cause;
use crate::ids::{DeviceId, LayerId, OrderId, PersonId, ZoneId};
use crate::input::{AssignDevice, Demand, Place, PutOrder, PutZone, Refusal};
use crate::key::Key;
use crate::order::{Order, OrderVersion, Terms};
use crate::time::Timestamp;
use crate::watch::About;
use crate::zones::ZoneVersion;

impl Engine {
    pub(super) fn put_zone(&mut self, put: &PutZone, at: Timestamp) -> Result<(), Refusal> {
        self.advance_all(at);
        let old_layer = self.zones.present(put.zone).and_then(ZoneVersion::layer);
        if self.zones.known() >= self.config.ids_max && !self.zones.knows(put.zone) {
            return Err(Refusal::new("too_many_zones", self.config.ids_max));
        }
        if self.zones.versions(put.zone) >= self.config.versions_max {
            return Err(Refusal::new("too_many_versions", self.config.versions_max));
        }
        let key = Key::configuration(at, self.input);
        self.zones.put(put, key);
        self.zone_changed(put.zone, [old_layer, put.layer], key, Cause::ZoneChanged);
        Ok(())
    }

    pub(super) fn remove_zone(&mut self, zone: ZoneId, at: Timestamp) -> Result<(), Refusal> {
        self.advance_all(at);
        let layer = self.zones.present(zone).and_then(ZoneVersion::layer);
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
            self.note_returns(order, zone, key);
            for slot in self.devices_of(person) {
                self.configure(slot, order, key, Some(zone), cause);
            }
            self.wake_parties(order);
            self.reschedule(order);
        }
    }

    /// A stay_in rule of which no zone was left is active again when one comes back.
    fn note_returns(&mut self, id: OrderId, zone: ZoneId, key: Key) {
        let zones = &self.zones;
        let version = self.orders.by_id.get_mut(id).and_then(|order| order.versions.last_mut());
        let Some(version) = version.filter(|version| version.is_in_force(key)) else { return };
        let others_exist = |named: &[ZoneId]| {
            named.iter().any(|other| *other != zone && zones.present(*other).is_some())
        };
        let before = zones.as_of(zone, Key::configuration(key.time, key.input() - 1));
        let existed = before.is_some_and(|version| version.shape.is_some());
        let returns = version.rules.iter().filter(|rule| match &rule.terms {
            Terms::StayIn(stay_in) => {
                stay_in.zones.contains(&zone) && !existed && !others_exist(&stay_in.zones)
            }
            _ => false,
        });
        for rule in returns.map(|rule| rule.rule).collect::<Vec<_>>() {
            version.note_return(rule, key);
        }
    }

    pub(super) fn put_order(&mut self, put: &PutOrder, at: Timestamp) -> Result<(), Refusal> {
        check_parties(put)?;
        self.advance(&[put.order], at);
        self.check_order(put)?;
        let key = Key::configuration(at, self.input);
        if self.orders.known() >= self.config.ids_max && !self.orders.knows(put.order) {
            return Err(Refusal::new("too_many_orders", self.config.ids_max));
        }
        if self.orders.versions(put.order) >= self.config.versions_max {
            return Err(Refusal::new("too_many_versions", self.config.versions_max));
        }
        if !self.part.keeps {
            self.put_shadow(put, at);
            return Ok(());
        }
        let order = self.orders.by_id.get_or_insert_with(put.order, Order::new);
        let old_person = order.newest().map(|version| version.person);
        let number = order.newest().map_or(1, |version| version.number + 1);
        let exists = |zone| self.zones.present(zone).is_some();
        let version = OrderVersion::new(put, number, key, order.newest(), exists);
        let protected: Vec<_> = version.protected().collect();
        order.versions.push(version);
        order.restrained.insert_sorted(put.person);
        protected.iter().for_each(|person| order.protected.insert_sorted(*person));
        self.orders.index(put.order);
        let person = self.people.get_or_insert_with(put.person, Person::default);
        person.restrained_by.insert_sorted(put.order);
        for protected in protected {
            let person = self.people.get_or_insert_with(protected, Person::default);
            person.protected_by.insert_sorted(put.order);
            for slot in person.devices.iter().copied() {
                if let Some((device, ..)) = self.devices.get_mut(slot, &self.config) {
                    device.set_protected(true);
                }
            }
        }
        let people = [old_person, Some(put.person)];
        self.order_changed(put.order, people, key, Cause::OrderChanged);
        Ok(())
    }

    fn check_order(&self, put: &PutOrder) -> Result<(), Refusal> {
        for rule in &put.rules {
            match &rule.demand {
                Demand::KeepOut { place: Place::Zone(zone), .. } => self.check_zone(*zone)?,
                Demand::KeepOut { place: Place::Layer(_), .. } | Demand::Report { .. } => {}
                Demand::StayIn { zones, .. } => {
                    zones.iter().try_for_each(|zone| self.check_zone(*zone))?;
                }
                Demand::KeepAway { .. } => {}
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
        if let Some(outcome) = self.end_shadow(id) {
            return outcome;
        }
        self.advance(&[id], at);
        let key = Key::configuration(at, self.input);
        let Some(order) = self.orders.by_id.get_mut(id) else {
            return Err(Refusal::new("unknown_order", id.number()));
        };
        let Some(version) = order.versions.last_mut().filter(|version| !version.has_ended()) else {
            return Err(Refusal::new("order_already_ended", id.number()));
        };
        version.end(key);
        let person = version.person;
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
        self.settle_alarms(order, key.time, None);
        self.wake_parties(order);
        self.reschedule(order);
    }

    /// Lets a device's watches see a configuration input. Fixes that happened at the same instant
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
        let about = About::Places;
        let scope = Scope { order, about, at: key.time, time: key.time, cause: Some(cause) };
        self.observe_all(slot, scope, |watch, scene| watch.configure(scene, key, zone));
        self.wake(slot);
    }

    pub(super) fn assign_device(&mut self, assign: &AssignDevice, at: Timestamp) {
        let old = self.devices.slot(assign.device).and_then(|slot| self.devices.get(slot));
        let old = old.map(|device| device.person);
        let concerned = [Some(assign.person), old].into_iter().flatten();
        let orders: Vec<_> = concerned.flat_map(|person| self.concerning(person)).collect();
        self.advance_device(assign.device, &orders, at);
        if old == Some(assign.person) {
            return;
        }
        if old.is_some() {
            self.take_away(assign.device, at);
        }
        self.strangers.remove(&assign.device);
        if !self.part.keeps {
            return;
        }
        let key = Key::configuration(at, self.input);
        let mut device = Device::new(assign.device, assign.person, key);
        let person = self.people.get_or_insert_with(assign.person, Person::default);
        device.set_protected(!person.protected_by.is_empty());
        let restrained_by = person.restrained_by.to_vec();
        let slot = self.devices.insert(device);
        let id_at = |slot: &usize| self.devices.get(*slot).map(|device| device.id);
        let place = person.devices.partition_point(|slot| id_at(slot) < Some(assign.device));
        person.devices.insert(place, slot);
        for order in restrained_by {
            self.configure(slot, order, key, None, Cause::OrderChanged);
        }
        self.for_orders_of(assign.person, |engine, order| {
            engine.settle_alarms(order, at, Some(Cause::DeviceAssigned));
            engine.wake_parties(order);
            engine.reschedule(order);
        });
    }

    pub(super) fn release_device(
        &mut self,
        device: DeviceId,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.devices.slot(device);
        let Some(person) = slot.and_then(|slot| self.devices.get(slot)).map(|d| d.person) else {
            self.advance_device(device, &[], at);
            return Err(Refusal::new("unknown_device", device.number()));
        };
        let orders: Vec<_> = self.concerning(person).collect();
        self.advance_device(device, &orders, at);
        self.take_away(device, at);
        Ok(())
    }

    // J-SCHED-2
    fn take_away(&mut self, id: DeviceId, at: Timestamp) {
        let Some(slot) = self.devices.slot(id) else { return };
        let Some(device) = self.devices.get(slot) else { return };
        let key = Key::configuration(at, self.input);
        let (owner, cause) = (device.person, Some(Cause::DeviceReleased));
        let watched: Vec<_> = device.watches.iter().map(|w| (w.order, w.about)).collect();
        for (order, about) in watched {
            let scope = Scope { order, about, at, time: at, cause };
            self.observe(slot, scope, |watch, scene| watch.release(scene, key));
        }
        let sound = self.devices.track(slot, &self.config).and_then(|track| track.newest_sound());
        self.devices.remove(id);
        let Some(person) = self.people.get_mut(owner) else { return };
        person.devices.retain(|other| *other != slot);
        let sound = person.sound_before_release().max(sound);
        person.release = Some(Box::new(Release { at: key, sound }));
        self.freeze_pairs(owner, key);
        self.for_orders_of(owner, |engine, order| {
            engine.settle_alarms(order, at, cause);
            engine.wake_parties(order);
            engine.reschedule(order);
        });
    }

    /// A device of a protected person is gone: what others were judged by its fixes before stays.
    fn freeze_pairs(&mut self, person: PersonId, key: Key) {
        let protected_by = self.people.get(person).map(|person| person.protected_by.to_vec());
        for order in protected_by.unwrap_or_default() {
            for slot in self.restrained_devices(order).collect::<Vec<_>>() {
                let (about, at) = (About::Person(person), key.time);
                let cause = Some(Cause::DeviceReleased);
                let scope = Scope { order, about, at, time: at, cause };
                self.observe(slot, scope, |watch, scene| watch.freeze(scene, key));
            }
        }
    }
}

/// Nobody can keep away from himself.
// J-PROX-5
fn check_parties(put: &PutOrder) -> Result<(), Refusal> {
    let own = put.rules.iter().any(|rule| match rule.demand {
        Demand::KeepAway { person, .. } => person == put.person,
        _ => false,
    });
    if own { Err(Refusal::new("own_person", put.person.number())) } else { Ok(()) }
}
