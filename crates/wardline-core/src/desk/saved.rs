//! The part of a snapshot that holds the incidents and when they are escalated.

use super::{Desk, Incident};
use crate::event::EpisodeId;
use crate::ids::OrderId;
use crate::snapshot::{Read, Reader, Sink};
use crate::time::Timestamp;

const INCIDENT_BYTES_MIN: usize = 59;
const ESCALATION_BYTES: usize = 41;
/// A level that none reaches; counting on cannot overflow.
const LEVEL_MAX: u32 = i32::MAX as u32;

impl Desk {
    /// How many incidents there are, and how many escalations wait.
    pub fn counts(&self) -> [usize; 2] {
        [self.incidents.len(), self.escalations().count()]
    }

    /// All that wait, by order and time.
    fn escalations(&self) -> impl Iterator<Item = (Timestamp, EpisodeId)> {
        let dockets = self.dockets.sorted().into_iter();
        dockets.flat_map(|(_, docket)| docket.escalations.iter().copied())
    }

    pub fn write(&self, out: &mut impl Sink) {
        for (id, incident) in &self.incidents {
            id.write(out);
            incident.write(out);
        }
        for (instant, id) in self.escalations() {
            instant.write(out);
            id.write(out);
        }
    }

    pub fn read(from: &mut Reader<'_>, [incidents, escalations]: [usize; 2]) -> Read<Self> {
        let read = |from: &mut Reader<'_>| Ok((EpisodeId::read(from)?, Incident::read(from)?));
        let item = (incidents, INCIDENT_BYTES_MIN);
        let incidents = from.ascending("incidents", item, read, |(id, _)| *id)?;
        let mut desk = Self::default();
        incidents.into_iter().for_each(|(id, incident)| desk.insert(id, incident));
        let item = (escalations, ESCALATION_BYTES);
        let read = |from: &mut Reader<'_>| desk.read_escalation(from);
        let escalations = from.ascending("escalations", item, read, |due| *due)?;
        for (order, instant, id) in escalations {
            desk.docket(order).schedule(instant, id);
        }
        Ok(desk)
    }

    /// An escalation of an incident that there is.
    fn read_escalation(&self, from: &mut Reader<'_>) -> Read<(OrderId, Timestamp, EpisodeId)> {
        let instant = Timestamp::read(from, "the time of an escalation")?;
        let offset = from.offset();
        let id = EpisodeId::read(from)?;
        let known = self.incidents.get(&id).is_some_and(|incident| !incident.is_acknowledged);
        from.check(known, offset, "the incident of an escalation", id.number)?;
        Ok((id.order, instant, id))
    }
}

impl Incident {
    fn write(&self, out: &mut impl Sink) {
        self.opened.write(out);
        out.id(self.person);
        out.option(self.device, Sink::id);
        out.option(self.other.0, Sink::id);
        out.option(self.other.1, Sink::id);
        out.option(self.zone, Sink::id);
        out.flag(self.has_ended);
        out.flag(self.is_acknowledged);
        out.u32(self.escalations);
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let opened = Timestamp::read(from, "the time of an incident")?;
        let person = from.id("the person of an incident")?;
        let device = from.option("whether an incident has a device", |from| from.id("a device"))?;
        let mut incident = Self::new(opened, person, device);
        incident.other = (
            from.option("whether an incident has another person", |from| from.id("a person"))?,
            from.option("whether an incident has another device", |from| from.id("a device"))?,
        );
        incident.zone = from.option("whether an incident has a zone", |from| from.id("a zone"))?;
        incident.has_ended = from.flag("whether an incident has ended")?;
        incident.is_acknowledged = from.flag("whether an incident is acknowledged")?;
        let offset = from.offset();
        incident.escalations = from.u32("the level of an incident")?;
        let level = u64::from(incident.escalations);
        from.check(incident.escalations <= LEVEL_MAX, offset, "the level of an incident", level)?;
        Ok(incident)
    }
}
