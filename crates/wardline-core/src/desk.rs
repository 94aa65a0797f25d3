//! Incidents: what a desk must see, and what it has done about it.

mod saved;

use crate::engine::Config;
use crate::event::{EpisodeId, EventKind};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::time::{NEVER, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

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
    /// When each unacknowledged one is escalated next.
    escalations: BTreeSet<(OrderId, Timestamp, EpisodeId)>,
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
        self.escalations.insert((id.order, first, id));
        self.insert(id, incident);
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
        self.escalations.retain(|(order, _, other)| *order != id.order || *other != id);
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

    /// When an incident of the order is escalated next; or only of a device, if one is given.
    pub fn next_escalation(&self, order: OrderId, of: Option<DeviceId>) -> Option<Timestamp> {
        self.next(order, of).map(|(_, instant, _)| instant)
    }

    fn next(
        &self,
        order: OrderId,
        of: Option<DeviceId>,
    ) -> Option<(OrderId, Timestamp, EpisodeId)> {
        // Of most who ask there is none: those that concern no order come first.
        if self.escalations.first().is_none_or(|first| first.0 > order) {
            return None;
        }
        let from = (order, NEVER, FIRST);
        let next = self.escalations.range(from..).take_while(|next| next.0 == order);
        let mut next = next.filter(|next| of.is_none_or(|device| next.2.device == device));
        next.next().copied()
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
        let due = self.next(order, of).filter(|due| due.1 <= instant)?;
        self.escalations.remove(&due);
        let incident = self.incidents.get_mut(&due.2)?;
        incident.escalations += 1;
        if incident.escalations < LEVELS {
            let next = due.1.plus_ms(period_ms(due.2.kind));
            self.escalations.insert((order, next, due.2));
        }
        Some((due.2, incident.escalations, incident))
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

/// Before every other id.
const FIRST: EpisodeId = EpisodeId {
    order: OrderId::NONE,
    rule: RuleId::NONE,
    device: DeviceId::NONE,
    kind: EventKind::Breach,
    number: 0,
};
