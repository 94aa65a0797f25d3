//! What the engine knows now, for whoever asks.

use super::{Engine, Person};
use crate::desk::Incident;
use crate::event::{EpisodeId, EventKind};
use crate::ids::{DeviceId, OrderId, PersonId};
use crate::key::Key;
use crate::order::{Order, OrderVersion};
use crate::track::Sample;
use crate::view::{
    DeviceView, EpisodeView, IncidentState, IncidentView, LastPosition, OrderState, OrderView,
    PersonView, SEVERITY,
};
use crate::watch::{About, Target, Watch};

impl Engine {
    /// What is known of a person; nothing if no order names the person and no device was ever
    /// assigned to the person.
    ///
    /// ```
    /// use wardline_core::ids::{DeviceId, PersonId};
    /// use wardline_core::input::{AssignDevice, DeviceKind, Input, Record};
    /// use wardline_core::time::Timestamp;
    /// use wardline_core::{Config, Engine};
    ///
    /// let person = PersonId::new(1001).unwrap();
    /// let mut engine = Engine::new(Config::default());
    /// assert_eq!(engine.person(person), None);
    ///
    /// let device = DeviceId::new(9001).unwrap();
    /// let assign = AssignDevice { device, person, kind: DeviceKind::Bracelet };
    /// let at = Some(Timestamp::from_ms(1_000));
    /// engine.apply(&Record { at, input: Input::AssignDevice(assign) }, &mut |_| {});
    ///
    /// let view = engine.person(person).unwrap();
    /// assert_eq!(view.devices[0].assigned, Timestamp::from_ms(1_000));
    /// assert_eq!((view.devices[0].heard, view.devices[0].last), (None, None));
    /// assert!(view.restrained_by.is_empty() && view.episodes.is_empty());
    /// ```
    #[must_use]
    pub fn person(&self, id: PersonId) -> Option<PersonView> {
        let person = self.people.get(id)?;
        let devices = person.devices.iter().filter_map(|slot| self.device_view(*slot)).collect();
        let orders = |ids: &[OrderId]| -> Vec<OrderView> {
            ids.iter().filter_map(|order| self.order(*order)).collect()
        };
        let mut restrained_by = orders(&person.restrained_by);
        restrained_by.retain(|order| order.person == id);
        let mut protected_by = orders(&person.protected_by);
        protected_by.retain(|order| order.protects.contains(&id));
        let episodes = self.episodes_of(id, person);
        Some(PersonView {
            person: id,
            now: self.now,
            devices,
            restrained_by,
            protected_by,
            episodes,
        })
    }

    /// The orders whose newest version restrains or protects the person, those restraining first,
    /// each by id; [`Engine::order`] tells more of each.
    #[must_use]
    pub fn orders_of(&self, id: PersonId) -> Vec<OrderId> {
        let newest = |order: &OrderId| self.orders.by_id.get(*order).and_then(Order::newest);
        let restrains = |order: &OrderId| newest(order).is_some_and(|version| version.person == id);
        let mut orders: Vec<_> = self.concerning(id).collect();
        orders.sort_unstable_by_key(|order| (!restrains(order), *order));
        orders
    }

    /// What is known of an order; nothing if it was never put.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<OrderView> {
        let version = self.orders.by_id.get(id)?.newest()?;
        let mut protects: Vec<_> = version.protected().collect();
        protects.sort_unstable();
        protects.dedup();
        Some(OrderView {
            order: id,
            version: version.number,
            person: version.person,
            protects,
            term: version.term,
            ended: version.ended().map(|ended| ended.time),
            state: self.state_of(version),
        })
    }

    /// The incidents that are not resolved: the gravest kinds first, as [`SEVERITY`] has them, then
    /// by the time of opening, then by id.
    ///
    /// ```
    /// use wardline_core::ids::DeviceId;
    /// use wardline_core::input::{Input, Record, Status, StatusReport};
    /// use wardline_core::time::Timestamp;
    /// use wardline_core::view::IncidentState;
    /// use wardline_core::{Config, Engine};
    ///
    /// let mut engine = Engine::new(Config::default());
    /// let (device, time) = (DeviceId::new(9001).unwrap(), Timestamp::from_ms(1_000));
    /// let panic = StatusReport { device, seq: 1, time, status: Status::Panic };
    /// engine.apply(&Record { at: Some(time), input: Input::Status(panic) }, &mut |_| {});
    ///
    /// let incidents = engine.open_incidents();
    /// assert_eq!(incidents[0].id.to_string(), "0.0.9001.panic.1");
    /// assert_eq!(incidents[0].state, IncidentState::Open);
    /// ```
    #[must_use]
    pub fn open_incidents(&self) -> Vec<IncidentView> {
        let mut incidents: Vec<_> =
            self.desk.incidents().map(|(id, incident)| incident_view(*id, incident)).collect();
        incidents.sort_by_key(|incident| {
            let severity = SEVERITY.iter().position(|kind| *kind == incident.id.kind);
            (severity.unwrap_or(SEVERITY.len()), incident.opened, incident.id)
        });
        incidents
    }

    fn device_view(&self, slot: usize) -> Option<DeviceView> {
        let device = self.devices.get(slot)?;
        let newest = self.devices.track(slot, &self.config)?.newest();
        let conditions = device.conditions().as_of(Key::end_of(self.now), device.id);
        Some(DeviceView {
            device: device.id,
            assigned: device.assigned,
            heard: self.devices.heard(slot)?.any,
            last: newest.map(|sample| self.last_position(&sample)),
            conditions: conditions.filter(|(_, is_on)| *is_on).map(|(kind, _)| kind).collect(),
            switched_off: self.devices.switched_off(slot),
        })
    }

    fn last_position(&self, sample: &Sample) -> LastPosition {
        LastPosition {
            seq: sample.seq,
            position: sample.position,
            time: sample.time,
            age_ms: self.now.ms_since(sample.time),
            reported_accuracy_m: sample.reported_accuracy_m,
            accuracy_m: sample.accuracy_m,
            coarse: sample.trust.coarse,
            doubtful: sample.trust.doubtful,
        }
    }

    fn state_of(&self, version: &OrderVersion) -> OrderState {
        let now = Key::configuration(self.now, u64::MAX);
        let is_to_come = version.term.is_some_and(|term| term.from > self.now);
        if version.is_in_force(now) {
            OrderState::InForce
        } else if !version.has_ended() && is_to_come {
            OrderState::NotYet
        } else {
            OrderState::Over
        }
    }

    /// The episodes that last and have the person as either party, by id.
    fn episodes_of(&self, id: PersonId, person: &Person) -> Vec<EpisodeView> {
        let mut episodes = Vec::new();
        for device in person.devices.iter().filter_map(|slot| self.devices.get(*slot)) {
            for watch in &device.watches {
                add_episodes(watch, device.id, device.person, &mut episodes);
            }
        }
        for order in &person.protected_by {
            for slot in self.restrained_devices(*order) {
                let Some(device) = self.devices.get(slot) else { continue };
                let about =
                    |watch: &&Watch| (watch.order, watch.about) == (*order, About::Person(id));
                for watch in device.watches.iter().filter(about) {
                    add_episodes(watch, device.id, device.person, &mut episodes);
                }
            }
        }
        for order in person.orders_ever() {
            let Some(known) = self.orders.by_id.get(order) else { continue };
            add_alarms(order, known, id, &mut episodes);
        }
        episodes.sort_unstable_by_key(|episode| episode.id);
        episodes
    }
}

fn add_episodes(
    watch: &Watch,
    device: DeviceId,
    person: PersonId,
    episodes: &mut Vec<EpisodeView>,
) {
    for episode in watch.episodes().iter().filter(|episode| episode.end.is_none()) {
        let (order, rule, kind) = (watch.order, episode.id.rule, episode.id.kind);
        let (zone, other_person) = match episode.id.target {
            Target::None => (None, None),
            Target::Zone(zone) => (Some(zone), None),
            Target::Person(person) => (None, Some(person)),
        };
        episodes.push(EpisodeView {
            id: EpisodeId { order, rule, device, kind, number: episode.number },
            person,
            zone,
            other_person,
            since: episode.start,
            certainty: episode.certainty,
            permitted: episode.permitted,
        });
    }
}

/// The alarms of an order that are about the person, as either party.
fn add_alarms(id: OrderId, order: &Order, person: PersonId, episodes: &mut Vec<EpisodeView>) {
    for (alarm, raised) in order.alarms() {
        if raised.person != person && alarm.other != Some(person) {
            continue;
        }
        let (rule, device, kind) = (alarm.rule, alarm.device, alarm.kind);
        episodes.push(EpisodeView {
            id: EpisodeId { order: id, rule, device, kind, number: raised.number },
            person: raised.person,
            zone: None,
            other_person: alarm.other,
            since: raised.since,
            certainty: None,
            permitted: false,
        });
    }
}

fn incident_view(id: EpisodeId, incident: &Incident) -> IncidentView {
    let (other_person, other_device) = incident.other;
    IncidentView {
        id,
        person: incident.person,
        device: incident.device,
        other_person,
        other_device,
        // An absence is of all its zones.
        zone: incident.zone.filter(|_| id.kind != EventKind::Absence),
        opened: incident.opened,
        state: match incident.is_acknowledged {
            true => IncidentState::Acknowledged,
            false => IncidentState::Open,
        },
        escalations: incident.escalations,
        has_ended: incident.has_ended,
    }
}
