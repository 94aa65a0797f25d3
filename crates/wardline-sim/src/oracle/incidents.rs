//! Incidents: what an operator must see, and what happens if nobody does (J-DESK-1 to J-DESK-3).

use super::Oracle;
use super::emit::{Event, Step, Who, noted};
use super::kinds::{ACKNOWLEDGED, ESCALATED, NAMES, RESOLVED};
use super::parse::Act;
use super::readers::Bad;
use super::steps::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// An episode that is no incident.
    Never,
    Open,
    Acknowledged,
    Resolved,
}

#[derive(Debug, Clone)]
struct Incident {
    stage: Stage,
    opened: i64,
    level: i64,
    ended: bool,
    order: u64,
    rule: u64,
    person: u64,
    device: Option<u64>,
    /// Who sent a panic, to tell whose inputs fire its timers.
    sender: u64,
    kind: usize,
    target: u64,
    number: u64,
}

/// Every episode that was told, by its id.
#[derive(Debug, Default)]
pub struct Incidents {
    all: BTreeMap<String, Incident>,
}

fn number(e: &Value, member: &str) -> u64 {
    e[member].as_u64().unwrap_or(0)
}

impl Incident {
    fn new(at: i64, e: &Value, id: &str) -> Self {
        let kind = e["kind"].as_str().unwrap_or_default();
        let stage = match kind {
            "warning" | "battery" => Stage::Never,
            "breach" if e["permitted"] == true => Stage::Never,
            _ => Stage::Open,
        };
        let part = |i: usize| id.split('.').nth(i).and_then(|x| x.parse().ok()).unwrap_or(0);
        Self {
            stage,
            opened: at,
            level: 0,
            ended: kind == "panic",
            order: number(e, "order"),
            rule: number(e, "rule"),
            person: number(e, "person"),
            device: e["device"].as_u64(),
            sender: part(2),
            kind: NAMES.iter().position(|n| *n == kind).unwrap_or(0),
            target: number(e, "zone").max(number(e, "other_person")),
            number: part(4),
        }
    }

    /// The instant of the next escalation (J-DESK-3).
    fn due(&self) -> Option<i64> {
        let panics_or_breaks = matches!(NAMES[self.kind], "breach" | "panic");
        let period = if panics_or_breaks { 30_000 } else { 120_000 };
        let more = self.stage == Stage::Open && self.level < 3;
        more.then_some(self.opened + (self.level + 1) * period)
    }

    fn concerned(&self, scope: &Scope) -> bool {
        match self.order {
            0 => scope.all_bare || scope.device == Some(self.sender),
            o => scope.orders.contains(&o),
        }
    }

    fn event(&self, step: &Step, id: &str, kind: u8, version: u64) -> Event {
        let who = Who { order: self.order, person: self.person, device: self.device.unwrap_or(0) };
        let mut e = noted(step, who, self.rule, version, kind);
        if self.device.is_none() {
            e.body.remove("device");
        }
        e.place.5 = self.target;
        e.body.insert("episode".into(), json!(id));
        e
    }
}

impl Incidents {
    /// Sees an event that was told, by an input at `at`.
    pub fn watch(&mut self, at: i64, e: &Value) {
        let Some(id) = e["episode"].as_str() else { return };
        let told = e["kind"] == "panic" || e["phase"] == "started";
        if told {
            self.all.insert(id.into(), Incident::new(at, e, id));
        }
        let Some(i) = self.all.get_mut(id) else { return };
        if e["phase"] == "ended" {
            i.ended = true;
        } else if e["phase"] == "amended" {
            i.ended = e["withdrawn"] == true || !e["end"].is_null();
        }
    }

    /// The instants of escalations that an input at `at` passes.
    pub fn due(&self, scope: &Scope, at: i64) -> impl Iterator<Item = i64> {
        let concerned = self.all.values().filter(|i| i.concerned(scope));
        concerned.filter_map(Incident::due).filter(move |t| *t < at)
    }

    /// Escalates what is due at the step's instant.
    pub fn escalate(
        &mut self,
        step: &Step,
        scope: &Scope,
        version: impl Fn(u64) -> u64,
    ) -> Vec<Event> {
        let mut due: Vec<(&String, &mut Incident)> = self.all.iter_mut().collect();
        due.retain(|(_, i)| {
            i.concerned(scope) && i.due() == Some(step.time) && step.time < step.at
        });
        due.sort_by_key(|(_, i)| (i.kind, i.number));
        let mut events = Vec::new();
        for (id, i) in due {
            i.level += 1;
            let mut e = i.event(step, id, ESCALATED, version(i.order));
            e.body.insert("level".into(), json!(i.level));
            events.push(e);
        }
        events
    }
}

impl Oracle {
    /// An act of an operator, or why it is refused (E24).
    pub(super) fn act(&mut self, step: &Step, act: &Act) -> Result<Vec<Event>, Bad> {
        let refuse = |reason| Err((reason, act.episode.clone()));
        let Some(i) = self.incidents.all.get_mut(&act.episode) else {
            return refuse("unknown_episode");
        };
        let next = match (i.stage, act.resolve) {
            (Stage::Never | Stage::Resolved, _) => return refuse("no_open_incident"),
            // J-DESK-2
            (_, true) if !i.ended => return refuse("episode_not_ended"),
            (Stage::Open, true) => return refuse("not_acknowledged"),
            (Stage::Acknowledged, false) => return refuse("already_acknowledged"),
            (Stage::Open, false) => Stage::Acknowledged,
            (Stage::Acknowledged, true) => Stage::Resolved,
        };
        i.stage = next;
        let kind = if act.resolve { RESOLVED } else { ACKNOWLEDGED };
        let version = self.log.newest(i.order).map_or(0, |v| v.version);
        let mut e = i.event(step, &act.episode, kind, version);
        e.body.insert("by".into(), json!(act.by));
        if let Some(note) = &act.note {
            e.body.insert("note".into(), json!(note));
        }
        Ok(vec![e])
    }
}
