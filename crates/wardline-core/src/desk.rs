//! Incidents: what a desk must see, and what it has done about it.

mod saved;

use crate::engine::Config;
use crate::event::{EpisodeId, EventKind};
use crate::few::Few;
use crate::ids::{DeviceId, OrderId, PersonId, ZoneId};
use crate::table::Table;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// An incident that is not resolved.
pub(crate) struct Incident {
    pub opened: Timestamp,
    pub person: PersonId,
    /// The device that events are about; a protected person's panic has none.
    pub device: Option<DeviceId>,
    pub other: (Option<PersonId>, Option<DeviceId>),
    /// Its place among the zones of a rule.
    pub zone: Option<ZoneId>,
    pub has_ended: bool,
    pub is_acknowledged: bool,
    pub escalations: u32,
}

/// All incidents that are not resolved.
#[derive(Default)]
pub(crate) struct Desk {
    incidents: BTreeMap<EpisodeId, Incident>,
    /// How many each order has; none if it has none.
    counts: BTreeMap<OrderId, usize>,
    /// When each unacknowledged one is escalated next, by order, sorted.
    escalations: Table<OrderId, Few<(Timestamp, EpisodeId)>>,
}

/// How often an incident is escalated.
const LEVELS: u32 = 3;

impl Desk {
    /// The limit that keeps an incident of the order from being opened, if one does.
    // J-DESK-6
    pub fn limit_reached(&self, order: OrderId, config: &Config) -> Option<usize> {
        let max = match order {
            OrderId::NONE => config.strangers_max,
            _ => config.incidents_max,
        };
        (self.counts.get(&order).copied().unwrap_or(0) >= max).then_some(max)
    }

    // J-DESK-1
    pub fn open(&mut self, id: EpisodeId, incident: Incident, period_ms: i64) {
        let first = incident.opened.plus_ms(period_ms);
        self.schedule(first, id);
        self.insert(id, incident);
    }

    fn schedule(&mut self, instant: Timestamp, id: EpisodeId) {
        self.escalations.get_or_insert_with(id.order, Few::default).insert_sorted((instant, id));
    }

    fn insert(&mut self, id: EpisodeId, incident: Incident) {
        if self.incidents.insert(id, incident).is_none() {
            *self.counts.entry(id.order).or_default() += 1;
        }
    }

    pub fn get_mut(&mut self, id: EpisodeId) -> Option<&mut Incident> {
        self.incidents.get_mut(&id)
    }

    /// All of them, by id.
    pub fn incidents(&self) -> impl Iterator<Item = (&EpisodeId, &Incident)> {
        self.incidents.iter()
    }

    pub fn acknowledge(&mut self, id: EpisodeId) {
        if let Some(escalations) = self.escalations.get_mut(id.order) {
            escalations.retain(|(_, other)| *other != id);
        }
        if let Some(incident) = self.incidents.get_mut(&id) {
            incident.is_acknowledged = true;
        }
    }

    pub fn resolve(&mut self, id: EpisodeId) {
        if self.incidents.remove(&id).is_none() {
            return;
        }
        if let Some(count) = self.counts.get_mut(&id.order) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&id.order);
            }
        }
    }

    /// Whether an incident of the order is escalated some time.
    #[inline]
    pub fn escalates(&self, order: OrderId) -> bool {
        self.escalations.get(order).is_some_and(|all| !all.is_empty())
    }

    /// When an incident of the order is escalated next; or only of a device, if one is given.
    pub fn next_escalation(&self, order: OrderId, of: Option<DeviceId>) -> Option<Timestamp> {
        self.next(order, of).map(|(instant, _)| instant)
    }

    fn next(&self, order: OrderId, of: Option<DeviceId>) -> Option<(Timestamp, EpisodeId)> {
        let mut all = self.escalations.get(order)?.iter();
        all.find(|(_, id)| of.is_none_or(|device| id.device == device)).copied()
    }

    /// Takes an escalation of the order that is due at the instant: the incident and its level.
    // J-DESK-3
    pub fn escalate(
        &mut self,
        order: OrderId,
        of: Option<DeviceId>,
        instant: Timestamp,
        period_ms: impl Fn(EventKind) -> i64,
    ) -> Option<(EpisodeId, u32, &Incident)> {
        let (due, id) = self.next(order, of).filter(|(due, _)| *due <= instant)?;
        let escalations = self.escalations.get_mut(order)?;
        escalations.retain(|other| *other != (due, id));
        let incident = self.incidents.get_mut(&id)?;
        incident.escalations += 1;
        if incident.escalations < LEVELS {
            escalations.insert_sorted((due.plus_ms(period_ms(id.kind)), id));
        }
        Some((id, incident.escalations, incident))
    }
}

impl Incident {
    pub fn new(opened: Timestamp, person: PersonId, device: Option<DeviceId>) -> Self {
        Self {
            opened,
            person,
            device,
            other: (None, None),
            zone: None,
            has_ended: false,
            is_acknowledged: false,
            escalations: 0,
        }
    }
}
