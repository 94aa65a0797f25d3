//! Incidents opened, acted upon and escalated.

use super::Engine;
use crate::desk::Incident;
use crate::event::{Amendment, DeskFacts, EpisodeId, EventKind, Phase};
use crate::ids::OrderId;
use crate::input::{Action, OperatorAct, Refusal};
use crate::order::Order;
use crate::outbox::Draft;
use crate::time::Timestamp;
use std::collections::BTreeMap;

impl Engine {
    /// Takes note of what a step says of incidents.
    // J-DESK-1
    pub(super) fn note_incidents(&mut self, at: Timestamp) {
        // Which incidents are beyond a limit must not depend on where devices are kept.
        self.outbox.sort_step();
        let (mut opened, mut beyond) = (Vec::new(), BTreeMap::new());
        for draft in self.outbox.step() {
            let Some(id) = draft.episode_id else { continue };
            let amendment = draft.episode.and_then(|episode| episode.amendment);
            let is_permitted = draft.episode.is_some_and(|episode| episode.permitted);
            let is_panic = draft.kind == EventKind::Panic;
            match draft.phase {
                Phase::Started if !is_incident(draft.kind) || is_permitted => {}
                Phase::Noted if !is_panic => {}
                Phase::Started | Phase::Noted => {
                    let mut incident = Incident::new(at, draft.person, draft.device);
                    incident.other = (draft.other_person, draft.other_device);
                    incident.zone =
                        draft.episode.and_then(|episode| episode.zone).map(|(zone, _)| zone);
                    incident.has_ended = is_panic;
                    if let Some(max) = self.limit_reached(id) {
                        beyond.insert(id.order, (max, draft.time, draft.device));
                        continue;
                    }
                    self.desk.open(id, incident, self.config.escalation_ms(draft.kind));
                    if opened.last() != Some(&id.order) {
                        opened.push(id.order);
                    }
                }
                Phase::Ended | Phase::Amended => {
                    let is_open = matches!(amendment, Some(Amendment::Span { end: None, .. }));
                    if let Some(incident) = self.desk.get_mut(id) {
                        incident.has_ended = !is_open;
                    }
                }
            }
        }
        for (order, (max, time, device)) in beyond {
            self.counters.refused += 1;
            let mut draft = Draft::fact(time, EventKind::Refused, device);
            draft.order = order;
            draft.refusal = Some(Refusal { device, ..Refusal::new("too_many_incidents", max) });
            self.tell_of_desk(order, draft);
        }
        for order in opened {
            self.reschedule(order);
        }
    }

    /// The limit that keeps an incident from being opened, if one does. Devices whose panics that
    /// concern no order are not counted have none, so that whoever shares out a log to several
    /// engines need remember no more of them.
    // J-DESK-6
    fn limit_reached(&self, id: EpisodeId) -> Option<usize> {
        let is_counted = id.order != OrderId::NONE || self.panics.contains_key(&id.device);
        match is_counted {
            true => self.desk.limit_reached(id.order, &self.config),
            false => Some(self.config.strangers_max),
        }
    }

    // J-DESK-1, J-DESK-2
    pub(super) fn operate(&mut self, act: &OperatorAct, at: Timestamp) -> Result<(), Refusal> {
        let refuse = |reason: &str| Err(Refusal::new(reason, &act.episode));
        let id = EpisodeId::parse(&act.episode);
        let Some(id) = id else { return refuse("unknown_episode") };
        let was_known = id.number <= self.last_number(id);
        let Some(incident) = self.desk.get_mut(id) else {
            return refuse(if was_known { "no_open_incident" } else { "unknown_episode" });
        };
        let kind = match act.action {
            Action::Acknowledge if incident.is_acknowledged => {
                return refuse("already_acknowledged");
            }
            Action::Resolve if !incident.has_ended => return refuse("episode_not_ended"),
            Action::Resolve if !incident.is_acknowledged => return refuse("not_acknowledged"),
            Action::Acknowledge => EventKind::Acknowledged,
            Action::Resolve => EventKind::Resolved,
        };
        let by = DeskFacts::Act { by: act.by.clone(), note: act.note.clone() };
        let draft = about(id, incident, kind, at, by);
        self.tell_of_desk(id.order, draft);
        match act.action {
            Action::Acknowledge => self.desk.acknowledge(id),
            Action::Resolve => self.desk.resolve(id),
        }
        self.reschedule(id.order);
        Ok(())
    }

    /// How many episodes or panics like this there have been.
    fn last_number(&self, id: EpisodeId) -> u64 {
        if id.order == OrderId::NONE {
            return self.panics.get(&id.device).copied().unwrap_or(0);
        }
        let order = self.orders.by_id.get(id.order);
        order.map_or(0, |order| order.last_number(id.rule, id.device, id.kind))
    }

    // J-DESK-3
    pub(super) fn escalate(&mut self, order: OrderId, instant: Timestamp) {
        loop {
            let config = &self.config;
            let of = self.stray.filter(|_| order == OrderId::NONE);
            let period_ms = |kind| config.escalation_ms(kind);
            let due = self.desk.escalate(order, of, instant, period_ms);
            let Some((id, level, incident)) = due else { return };
            let facts = DeskFacts::Level(level);
            let draft = about(id, incident, EventKind::Escalated, instant, facts);
            self.tell_of_desk(order, draft);
        }
    }

    fn tell_of_desk(&mut self, order: OrderId, mut draft: Draft) {
        let version = self.orders.by_id.get(order).and_then(Order::newest);
        draft.order_version = version.map_or(0, |version| version.number);
        self.outbox.push(draft);
    }
}

fn about(
    id: EpisodeId,
    incident: &Incident,
    kind: EventKind,
    time: Timestamp,
    facts: DeskFacts,
) -> Draft {
    let mut draft = Draft::fact(time, kind, incident.device);
    (draft.order, draft.rule, draft.person) = (id.order, id.rule, incident.person);
    (draft.other_person, draft.other_device) = incident.other;
    draft.episode_id = Some(id);
    draft.of_zone = incident.zone;
    draft.desk = Some(facts);
    draft
}

fn is_incident(kind: EventKind) -> bool {
    use EventKind::{Absence, Breach, Case, Degraded, Jamming, NoFix, Silence, Strap, Tether};
    matches!(kind, Breach | Absence | Silence | NoFix | Degraded | Strap | Case | Tether | Jamming)
}
