//! What the server reported, against what was planted.

use super::Say;
use crate::fleet::Plan;
use crate::udp::alerts::Alerts;
use crate::udp::told::Watcher;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wardline_core::event::{Event, EventKind, Phase};
use wardline_core::ids::PersonId;
use wardline_wire::jsonl::event_value;

/// Events kept for the map.
const EVENTS_MAX: usize = 100_000;

/// Breaches by person, and events for the map.
pub struct Found {
    planted: BTreeSet<PersonId>,
    shown: Option<BTreeSet<PersonId>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    started: BTreeMap<PersonId, u64>,
    events: Vec<Value>,
}

impl Found {
    /// Nothing yet. Events of the people `shown` are kept.
    pub fn new(plan: Plan, shown: Option<fn(&Plan, u32) -> bool>) -> Self {
        let people = |chosen: &dyn Fn(u32) -> bool| {
            (0..plan.devices).filter(|n| chosen(*n)).map(Plan::person).collect()
        };
        Self {
            planted: people(&|n| plan.is_planted(n)),
            shown: shown.map(|shown| people(&|n| shown(&plan, n))),
            seen: Mutex::default(),
        }
    }

    /// Takes each event and says alerts.
    pub fn watcher(self: &Arc<Self>, say: Say) -> Watcher {
        let (found, mut alerts) = (self.clone(), Alerts::new());
        Box::new(move |event| {
            found.take(event);
            if let Some(line) = alerts.line(event) {
                say(&line);
            }
        })
    }

    fn take(&self, event: &Event) {
        let mut seen = lock(&self.seen);
        if event.kind == EventKind::Breach && event.phase == Phase::Started {
            *seen.started.entry(event.person).or_default() += 1;
        }
        let is_shown = self.shown.as_ref().is_some_and(|shown| shown.contains(&event.person));
        if is_shown && seen.events.len() < EVENTS_MAX {
            seen.events.push(event_value(event));
        }
    }

    /// How many people walk into their zone.
    pub fn planted(&self) -> u64 {
        self.planted.len() as u64
    }

    /// Breaches reported, people missed, and breaches that nobody committed.
    pub fn compare(&self) -> (u64, u64, u64) {
        let seen = lock(&self.seen);
        let reported: u64 = seen.started.values().sum();
        let found = self.planted.iter().filter(|person| seen.started.contains_key(person)).count();
        let found = found as u64;
        (reported, self.planted() - found, reported - found)
    }

    /// The events kept for the map.
    pub fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut lock(&self.seen).events)
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
