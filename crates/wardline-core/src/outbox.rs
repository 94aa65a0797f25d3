//! The events of one input, put in order step by step, numbered and given out.

use crate::event::{DeskFacts, EpisodeFacts, EpisodeId, Event, EventKind, Evidence, Phase};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::Refusal;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Where an event stands among those of one input, whichever of the engines that share the log
/// gave it: the lesser is told first. Those of one order that are equal come in the order in which
/// they were given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventPlace {
    step: Step,
    phase: Phase,
    order: OrderId,
}

/// What an input causes comes in steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Step {
    /// A boundary or timer that the input reaches.
    Instant(Timestamp),
    /// The input itself.
    Input,
}

/// An event that waits for its place.
pub(crate) struct Draft {
    pub time: Timestamp,
    pub order: OrderId,
    pub order_version: u64,
    pub rule: RuleId,
    pub person: PersonId,
    pub device: Option<DeviceId>,
    pub kind: EventKind,
    pub phase: Phase,
    /// The end of an episode that starts in the same step.
    pub follows_start: bool,
    pub episode_id: Option<EpisodeId>,
    pub episode: Option<EpisodeFacts>,
    pub other_person: Option<PersonId>,
    pub other_device: Option<DeviceId>,
    pub evidence: Option<Evidence>,
    pub refusal: Option<Refusal>,
    pub desk: Option<DeskFacts>,
    /// The zone of the incident that it is about.
    pub of_zone: Option<ZoneId>,
}

impl Draft {
    /// A fact without an order.
    pub fn fact(time: Timestamp, kind: EventKind, device: Option<DeviceId>) -> Self {
        Self {
            time,
            order: OrderId::NONE,
            order_version: 0,
            rule: RuleId::NONE,
            person: PersonId::NONE,
            device,
            kind,
            phase: Phase::Noted,
            follows_start: false,
            episode_id: None,
            episode: None,
            other_person: None,
            other_device: None,
            evidence: None,
            refusal: None,
            desk: None,
            of_zone: None,
        }
    }

    /// The zone or person by which it is placed. An absence is of all its zones, so the nearest one
    /// does not count.
    fn target(&self) -> u64 {
        let zone = self.episode.and_then(|episode| episode.zone).map(|(zone, _)| zone);
        let zone = zone.filter(|_| self.kind != EventKind::Absence).or(self.of_zone);
        let person = self.other_person.map(PersonId::number);
        zone.map(ZoneId::number).or(person).unwrap_or(0)
    }

    /// The phase whose place it has.
    fn phase_in_step(&self) -> Phase {
        if self.follows_start { Phase::Started } else { self.phase }
    }

    // J-ORDER-1, J-ORDER-2
    fn place(&self) -> impl Ord + use<> {
        let phase = self.phase_in_step();
        let device = self.device;
        let last = (device, self.target(), self.episode_id, self.follows_start);
        (phase, self.order, self.rule, self.kind, last)
    }
}

/// Collects the events of one input.
pub(crate) struct Outbox {
    step: Vec<Draft>,
    events: Vec<(EventPlace, Event)>,
    counts: BTreeMap<OrderId, u32>,
    pub late: bool,
    /// Whether what concerns no order is told; if not, another engine tells it.
    pub tells_facts: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            step: Vec::new(),
            events: Vec::new(),
            counts: BTreeMap::new(),
            late: false,
            tells_facts: true,
        }
    }
}

impl Outbox {
    pub fn push(&mut self, draft: Draft) {
        if self.tells_facts || draft.order != OrderId::NONE {
            self.step.push(draft);
        }
    }

    /// What the present step says so far.
    pub fn step(&self) -> &[Draft] {
        &self.step
    }

    /// Numbers the episodes that start in the present step by their starts, then zones or persons.
    /// Gives those that have another number now, with it.
    // J-PAIR-5
    pub fn number_by_start(&mut self) -> BTreeMap<EpisodeId, u64> {
        let starts = || self.step.iter().filter(|draft| draft.phase == Phase::Started);
        if starts().nth(1).is_none() {
            return BTreeMap::new();
        }
        let mut started = BTreeMap::<EpisodeId, Vec<_>>::new();
        for draft in starts() {
            if let Some(id) = draft.episode_id {
                let place = (draft.time, draft.target(), id.number);
                started.entry(EpisodeId { number: 0, ..id }).or_default().push(place);
            }
        }
        let mut changed = BTreeMap::new();
        for (id, mut places) in started {
            let mut numbers: Vec<_> = places.iter().map(|(.., number)| *number).collect();
            numbers.sort_unstable();
            places.sort_unstable();
            for ((.., old), new) in places.into_iter().zip(numbers).filter(|((.., o), n)| o != n) {
                changed.insert(EpisodeId { number: old, ..id }, new);
            }
        }
        for id in self.step.iter_mut().filter_map(|draft| draft.episode_id.as_mut()) {
            id.number = changed.get(id).copied().unwrap_or(id.number);
        }
        changed
    }

    /// Puts in its place what the present step says so far.
    pub fn sort_step(&mut self) {
        self.step.sort_by_cached_key(Draft::place);
    }

    /// Ends a step: its events take their places.
    pub fn end_step(&mut self, step: Step, input: u64, at: Timestamp) {
        self.sort_step();
        for draft in self.step.drain(..) {
            let count = self.counts.entry(draft.order).or_default();
            let place = EventPlace { step, phase: draft.phase_in_step(), order: draft.order };
            let event = Event {
                input,
                index: *count,
                at,
                time: draft.time,
                order: draft.order,
                order_version: draft.order_version,
                rule: draft.rule,
                person: draft.person,
                device: draft.device,
                kind: draft.kind,
                phase: draft.phase,
                late: self.late,
                episode_id: draft.episode_id,
                episode: draft.episode,
                other_person: draft.other_person,
                other_device: draft.other_device,
                evidence: draft.evidence,
                refusal: draft.refusal,
                desk: draft.desk,
            };
            self.events.push((place, event));
            *count += 1;
        }
    }

    /// How many events of the input wait to be given out.
    pub fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Gives out the events of the input, in order.
    pub fn deliver(&mut self, sink: &mut impl FnMut(EventPlace, Event)) {
        debug_assert!(self.step.is_empty(), "a step was not ended");
        self.late = false;
        if self.events.is_empty() {
            return;
        }
        self.events.drain(..).for_each(|(place, event)| sink(place, event));
        self.counts.clear();
    }
}
