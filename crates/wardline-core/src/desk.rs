//! Incidents: what a desk must see, and what it has done about it.

mod saved;

use crate::engine::Config;
use crate::event::{EpisodeId, EventKind};
use crate::ids::{DeviceId, OrderId, PersonId, ZoneId};
use crate::table::Table;
use crate::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};

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
    dockets: Table<OrderId, Docket>,
}

/// Of an order, or of none.
#[derive(Default)]
struct Docket {
    /// How many incidents it has.
    incidents: usize,
    /// When each unacknowledged one is escalated next, sorted.
    escalations: VecDeque<(Timestamp, EpisodeId)>,
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
        let incidents = self.dockets.get(order).map_or(0, |docket| docket.incidents);
        (incidents >= max).then_some(max)
    }

    // J-DESK-1
    pub fn open(&mut self, id: EpisodeId, incident: Incident, period_ms: i64) {
        let first = incident.opened.plus_ms(period_ms);
        self.docket(id.order).schedule(first, id);
        self.insert(id, incident);
    }

    fn docket(&mut self, order: OrderId) -> &mut Docket {
        self.dockets.get_or_insert_with(order, Docket::default)
    }

    fn insert(&mut self, id: EpisodeId, incident: Incident) {
        if self.incidents.insert(id, incident).is_none() {
            self.docket(id.order).incidents += 1;
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
        if let Some(docket) = self.dockets.get_mut(id.order) {
            docket.escalations.retain(|(_, other)| *other != id);
        }
        if let Some(incident) = self.incidents.get_mut(&id) {
            incident.is_acknowledged = true;
        }
    }

    pub fn resolve(&mut self, id: EpisodeId) {
        if self.incidents.remove(&id).is_some()
            && let Some(docket) = self.dockets.get_mut(id.order)
        {
            docket.incidents -= 1;
        }
    }

    /// Whether an incident of the order is escalated some time.
    #[inline]
    pub fn escalates(&self, order: OrderId) -> bool {
        self.dockets.get(order).is_some_and(|docket| !docket.escalations.is_empty())
    }

    /// When an incident of the order is escalated next; or only of a device, if one is given.
    pub fn next_escalation(&self, order: OrderId, of: Option<DeviceId>) -> Option<Timestamp> {
        let docket = self.dockets.get(order)?;
        docket.next(of).map(|place| docket.escalations[place].0)
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
        let docket = self.dockets.get_mut(order)?;
        let place = docket.next(of).filter(|place| docket.escalations[*place].0 <= instant)?;
        let (due, id) = docket.escalations.remove(place)?;
        let incident = self.incidents.get_mut(&id)?;
        incident.escalations += 1;
        if incident.escalations < LEVELS {
            docket.schedule(due.plus_ms(period_ms(id.kind)), id);
        }
        Some((id, incident.escalations, incident))
    }
}

impl Docket {
    fn schedule(&mut self, instant: Timestamp, id: EpisodeId) {
        if let Err(place) = self.escalations.binary_search(&(instant, id)) {
            self.escalations.insert(place, (instant, id));
        }
    }

    /// Where the next escalation stands; or that of a device, if one is given.
    fn next(&self, of: Option<DeviceId>) -> Option<usize> {
        let is_meant = |(_, id): &(_, EpisodeId)| of.is_none_or(|device| id.device == device);
        self.escalations.iter().position(is_meant)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RuleId;

    /// J-DESK-6: also where none is allowed, and where all that there were are resolved.
    #[test]
    fn no_order_has_more_incidents_than_the_limit() {
        let config = |max| Config { incidents_max: max, ..Config::default() };
        let order = OrderId::new(7).unwrap_or_default();
        let id = |number| EpisodeId {
            order,
            rule: RuleId::NONE,
            device: DeviceId::NONE,
            kind: EventKind::Breach,
            number,
        };
        let mut desk = Desk::default();
        assert_eq!(desk.limit_reached(order, &config(0)), Some(0));
        assert_eq!(desk.limit_reached(order, &config(1)), None);
        for number in [1, 2, 1] {
            let incident = Incident::new(Timestamp::default(), PersonId::NONE, None);
            desk.open(id(number), incident, 60_000);
        }
        assert_eq!(desk.limit_reached(order, &config(2)), Some(2));
        desk.resolve(id(1));
        desk.resolve(id(1));
        assert_eq!(desk.limit_reached(order, &config(2)), None);
        assert_eq!(desk.limit_reached(order, &config(1)), Some(1));
        desk.resolve(id(2));
        assert_eq!(desk.limit_reached(order, &config(1)), None);
    }
}
