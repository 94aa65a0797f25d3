//! What inputs and events have said so far, kept in the plainest way.

mod device;

use device::Device;
use std::collections::{BTreeMap, BTreeSet};
use wardline_core::event::{
    Amendment, Cause, Certainty, DeskFacts, EpisodeId, Event, EventKind, Phase,
};
use wardline_core::ids::{DeviceId, OrderId, PersonId, ZoneId};
use wardline_core::input::{Demand, Input, PutOrder, Record};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::view::{IncidentState, OrderState};

pub type EpisodeRow = (EpisodeId, Episode);
/// Order, version, restrained, protected, term, end, state.
pub type OrderRow =
    (OrderId, u64, PersonId, Vec<PersonId>, Option<Interval>, Option<Timestamp>, OrderState);
/// Episode, opening, parties, zone, state, escalations, whether the episode is over.
pub type IncidentRow = (EpisodeId, Timestamp, Parties, Option<ZoneId>, IncidentState, u32, bool);
/// The restrained person and device, the protected person and device.
pub type Parties = (PersonId, Option<DeviceId>, Option<PersonId>, Option<DeviceId>);

/// What inputs and events have said so far.
#[derive(Default)]
pub struct Tally {
    now: Timestamp,
    devices: BTreeMap<DeviceId, Device>,
    orders: BTreeMap<OrderId, Known>,
    /// Who was ever named by an order or given a device.
    persons: Vec<PersonId>,
    /// All episodes, with whether they last.
    episodes: BTreeMap<EpisodeId, (Episode, bool)>,
    incidents: BTreeMap<EpisodeId, Incident>,
}

/// An order as it was last put.
struct Known {
    version: u64,
    put: PutOrder,
    put_at: Timestamp,
    ended: Option<Timestamp>,
}

/// What is said of an episode beside its id.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Episode {
    pub person: PersonId,
    pub zone: Option<ZoneId>,
    pub other_person: Option<PersonId>,
    pub since: Timestamp,
    pub certainty: Option<Certainty>,
    pub permitted: bool,
}

struct Incident {
    event: Event,
    state: IncidentState,
    escalations: u32,
    has_ended: bool,
}

impl Tally {
    /// Takes in an input and what it caused.
    pub fn take(&mut self, record: &Record, events: &[Event]) {
        self.now = record.at.filter(|at| *at >= self.now).unwrap_or(self.now);
        if !events.iter().any(|event| event.kind == EventKind::Refused) {
            self.take_input(&record.input);
        }
        self.devices.values_mut().for_each(|device| device.sound = None);
        events.iter().for_each(|event| self.take_event(event));
    }

    fn take_input(&mut self, input: &Input) {
        match input {
            Input::PutOrder(put) => {
                let version = self.orders.get(&put.order).map_or(1, |known| known.version + 1);
                let put = PutOrder::clone(put);
                self.persons.push(put.person);
                self.persons.extend(protects(&put));
                let known = Known { version, put_at: self.now, ended: None, put };
                self.orders.insert(known.put.order, known);
            }
            Input::EndOrder(order) => {
                if let Some(known) = self.orders.get_mut(order) {
                    known.ended = Some(self.now);
                }
            }
            Input::AssignDevice(assign) => {
                self.persons.push(assign.person);
                let known = self.devices.get(&assign.device);
                if known.is_none_or(|device| device.person != assign.person) {
                    self.devices.insert(assign.device, Device::new(assign.person, self.now));
                }
            }
            Input::ReleaseDevice(device) => {
                self.devices.remove(device);
            }
            Input::Fix(fix) => {
                if let Some(device) = self.devices.get_mut(&fix.device) {
                    device.take_fix(fix, self.now);
                }
            }
            Input::Status(status) => {
                if let Some(device) = self.devices.get_mut(&status.device) {
                    device.take_status(status, self.now);
                }
            }
            _ => {}
        }
    }

    fn take_event(&mut self, event: &Event) {
        self.note_trust(event);
        let Some(id) = event.episode_id else { return };
        match (event.kind, event.phase) {
            (EventKind::Acknowledged, _) => {
                self.incident(id).state = IncidentState::Acknowledged;
            }
            (EventKind::Resolved, _) => {
                self.incidents.remove(&id);
            }
            (EventKind::Escalated, _) => {
                let Some(DeskFacts::Level(level)) = event.desk else { panic!("no level") };
                self.incident(id).escalations = level;
            }
            (EventKind::Panic, _) => self.open_incident(id, event),
            (_, Phase::Started) => self.start(id, event),
            (_, Phase::Ended) => self.end(id, true),
            (_, Phase::Amended) => self.amend(id, event),
            (_, Phase::Noted) => {}
        }
    }

    /// What a judgement of the input says of the trust in a fix that is some device's last; what
    /// boundaries say comes before the input, which may change that trust.
    fn note_trust(&mut self, event: &Event) {
        let by_fix = event.episode.is_some_and(|episode| episode.cause == Cause::Fix);
        let Some(evidence) = event.evidence.filter(|_| by_fix) else { return };
        for (fix, _) in [evidence.fix, evidence.other_fix].into_iter().flatten() {
            if let Some(device) = self.devices.get_mut(&fix.device) {
                device.note_trust(&fix);
            }
        }
    }

    fn start(&mut self, id: EpisodeId, event: &Event) {
        let facts = event.episode.expect("an episode starts with its facts");
        let zone = facts.zone.filter(|_| id.kind != EventKind::Absence).map(|(zone, _)| zone);
        let episode = Episode {
            person: event.person,
            zone,
            other_person: event.other_person,
            since: event.time,
            certainty: facts.certainty,
            permitted: facts.permitted,
        };
        self.episodes.insert(id, (episode, true));
        let minor = matches!(id.kind, EventKind::Warning | EventKind::Battery);
        if !minor && !facts.permitted {
            self.open_incident(id, event);
        }
    }

    fn open_incident(&mut self, id: EpisodeId, event: &Event) {
        let incident = Incident {
            event: event.clone(),
            state: IncidentState::Open,
            escalations: 0,
            has_ended: event.kind == EventKind::Panic,
        };
        self.incidents.insert(id, incident);
    }

    fn incident(&mut self, id: EpisodeId) -> &mut Incident {
        self.incidents.get_mut(&id).expect("an event is about an incident that was opened")
    }

    fn end(&mut self, id: EpisodeId, has_ended: bool) {
        self.episodes.get_mut(&id).expect("what ends has started").1 = !has_ended;
        if let Some(incident) = self.incidents.get_mut(&id) {
            incident.has_ended = has_ended;
        }
    }

    fn amend(&mut self, id: EpisodeId, event: &Event) {
        let facts = event.episode.expect("an amendment has facts");
        let (episode, _) = self.episodes.get_mut(&id).expect("what is amended has started");
        let lasts = match facts.amendment.expect("an amendment") {
            Amendment::Withdrawn => false,
            Amendment::Span { start, end } => {
                episode.since = start;
                (episode.certainty, episode.permitted) = (facts.certainty, facts.permitted);
                end.is_none()
            }
        };
        self.end(id, !lasts);
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether an order ever named the person, or a device was assigned.
    pub fn knows(&self, person: PersonId) -> bool {
        self.persons.contains(&person)
    }

    /// The episodes that last and have the person as either party, by id.
    pub fn episodes(&self, person: PersonId) -> Vec<EpisodeRow> {
        let of_person =
            |episode: &Episode| episode.person == person || episode.other_person == Some(person);
        let lasting =
            self.episodes.iter().filter(|(_, (episode, lasts))| *lasts && of_person(episode));
        lasting.map(|(id, (episode, _))| (*id, *episode)).collect()
    }

    /// The devices of the person, by id.
    pub fn devices(&self, person: PersonId) -> Vec<(DeviceId, &Device)> {
        let devices = self.devices.iter().filter(|(_, device)| device.person == person);
        devices.map(|(id, device)| (*id, device)).collect()
    }

    /// The orders whose newest version restrains the person, or protects the person.
    pub fn orders(&self, person: PersonId, restrains: bool) -> Vec<OrderRow> {
        let concerns = |known: &&Known| match restrains {
            true => known.put.person == person,
            false => protects(&known.put).contains(&person),
        };
        self.orders.values().filter(concerns).map(|known| self.order(known)).collect()
    }

    fn order(&self, known: &Known) -> OrderRow {
        let from = known.put.term.from.max(known.put_at);
        let until = known.put.term.until;
        let term = (from < until).then_some(Interval { from, until });
        let state = match () {
            () if known.ended.is_some() || self.now >= until => OrderState::Over,
            () if self.now < from => OrderState::NotYet,
            () => OrderState::InForce,
        };
        let (order, person) = (known.put.order, known.put.person);
        (order, known.version, person, protects(&known.put), term, known.ended, state)
    }

    /// All incidents, as they should be listed.
    pub fn open_incidents(&self) -> Vec<IncidentRow> {
        let mut rows: Vec<IncidentRow> = Vec::new();
        for (id, incident) in &self.incidents {
            let event = &incident.event;
            let zone = event.episode.and_then(|episode| episode.zone).map(|(zone, _)| zone);
            let parties = (event.person, event.device, event.other_person, event.other_device);
            let zone = zone.filter(|_| id.kind != EventKind::Absence);
            let (state, escalations) = (incident.state, incident.escalations);
            rows.push((*id, event.at, parties, zone, state, escalations, incident.has_ended));
        }
        rows.sort_by_key(|(id, opened, ..)| (severity(id.kind), *opened, *id));
        rows
    }
}

/// By hand, so that a change of the order is seen.
fn severity(kind: EventKind) -> u32 {
    match kind.word() {
        "panic" => 0,
        "breach" => 1,
        "strap" => 2,
        "case" => 3,
        "tether" => 4,
        "jamming" => 5,
        "absence" => 6,
        "silence" => 7,
        "degraded" => 8,
        "no_fix" => 9,
        word => panic!("{word} is no incident"),
    }
}

/// Whom the order protects, sorted.
fn protects(put: &PutOrder) -> Vec<PersonId> {
    let protected = put.rules.iter().filter_map(|rule| match rule.demand {
        Demand::KeepAway { person, .. } => Some(person),
        _ => None,
    });
    let persons: BTreeSet<_> = protected.collect();
    persons.into_iter().collect()
}
