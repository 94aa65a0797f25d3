//! The naive oracle: it keeps every input and, for each new one, folds all of them again.

mod apply;
mod classify;
mod device;
mod differ;
mod emit;
mod exact;
mod fold;
mod geometry;
mod heard;
mod incidents;
mod judge;
mod kinds;
mod late;
mod log;
mod pair;
mod parse;
mod parse_order;
mod parse_shape;
mod readers;
mod state;
mod steps;
mod timers;

use device::Stint;
use differ::{Counters, Telling, differ};
use emit::{Event, Step, Who};
use fold::{Memo, Source, fold};
use incidents::Incidents;
use log::{Change, Log};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use timers::Timers;

/// Judges a log of inputs, line by line.
#[derive(Debug, Default)]
pub struct Oracle {
    line: u64,
    clock: Option<i64>,
    fixes: usize,
    log: Log,
    /// Up to where the boundaries of each order have fired.
    fired: BTreeMap<u64, i64>,
    stints: Vec<Stint>,
    /// Where the devices are that somebody has now.
    assigned: BTreeMap<u64, usize>,
    /// Since when a person has no device, if the last was released.
    idle: BTreeMap<u64, i64>,
    unassigned: BTreeSet<u64>,
    counters: Counters,
    memo: Memo,
    timers: Timers,
    incidents: Incidents,
}

/// Judges a whole log: one input a line.
pub fn run(jsonl: &str) -> Vec<Value> {
    let mut oracle = Oracle::new();
    jsonl.lines().flat_map(|l| oracle.line(l)).collect()
}

impl Oracle {
    /// An oracle that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input line and gives its events in order.
    pub fn line(&mut self, line: &str) -> Vec<Value> {
        self.line += 1;
        let value: Result<Value, _> = serde_json::from_str(line);
        let at = value.as_ref().ok().and_then(|v| v.get("at")).and_then(readers::time);
        // J-TIME-1
        let at = at.unwrap_or(i64::MIN).max(self.clock.unwrap_or(0));
        self.clock = Some(at);
        let input = match &value {
            Err(e) => Err(("not_json", e.to_string())),
            Ok(v) => parse::input(v, at),
        };
        let steps = match input {
            Ok(input) => self.steps(at, input),
            Err(bad) => {
                let step = Step { at, time: at, late: false, cause: "fix" };
                let mut e = apply::refused(&step, &bad, None);
                if value.is_err() {
                    e.body.insert("line".into(), json!(self.line));
                }
                vec![vec![e]]
            }
        };
        let events = self.number(steps);
        events.iter().for_each(|e| self.incidents.watch(at, e));
        events
    }

    /// Sorts each step and gives the ids (J-ORDER-1).
    fn number(&self, steps: Vec<Vec<Event>>) -> Vec<Value> {
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        let mut out = Vec::new();
        for mut events in steps {
            events.sort_by_key(|e| e.place);
            for e in events {
                let order = e.place.1;
                for mut b in std::iter::once(e.body).chain(e.then) {
                    let i = counts.entry(order).or_default();
                    b.insert("id".into(), json!(format!("{}.{order}.{i}", self.line)));
                    *i += 1;
                    out.push(Value::Object(b));
                }
            }
        }
        out
    }

    /// The boundaries of an order that have fired.
    fn fired_boundaries(&self, order: u64) -> BTreeSet<i64> {
        let fired = self.fired.get(&order).copied().unwrap_or(i64::MIN);
        let all = self.log.instants.get(&order).into_iter().flatten().copied();
        all.filter(|t| *t <= fired).collect()
    }

    /// The devices that persons have now whom any version of the order restrains.
    fn worn(&self, order: u64) -> Vec<usize> {
        let restrained = |p: u64| self.log.versions(order).any(|v| v.person == p);
        let all = self.assigned.values().copied();
        all.filter(|i| restrained(self.stints[*i].person)).collect()
    }

    /// Folds again for these orders and tells what is different.
    fn differences(&mut self, step: &Step, orders: &[u64]) -> Vec<Event> {
        let pairs = orders.iter().map(|o| (*o, self.worn(*o)));
        let pairs: Vec<(u64, Vec<usize>)> = pairs.collect();
        let mut events = Vec::new();
        for (order, worn) in pairs {
            let boundaries = self.fired_boundaries(order);
            for i in worn {
                events.extend(self.difference(step, order, &boundaries, i));
            }
        }
        events
    }

    fn difference(
        &mut self,
        step: &Step,
        order: u64,
        boundaries: &BTreeSet<i64>,
        i: usize,
    ) -> Vec<Event> {
        let mut known = self.stints[i].known.remove(&order).unwrap_or_default();
        let (stint, log) = (&self.stints[i], &self.log);
        let protected = log.protected(order);
        let hers = self.stints.iter().filter(|s| protected.contains(&s.person)).collect();
        let now = fold(&Source { order, stint, hers, log, boundaries }, &mut self.memo);
        let who = Who { order, person: stint.person, device: stint.device };
        let versions = |zone: u64| versions_at(log, order, zone, step.time);
        let counters = &mut self.counters;
        let telling = Telling { step, who, counters, versions: &versions };
        let events = differ(telling, &mut known, now);
        self.stints[i].known.insert(order, known);
        events
    }

    /// The ledger (J-LATE-3): every episode that was not withdrawn, sorted by its id.
    pub fn ledger(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for s in &self.stints {
            for (order, machines) in &s.known {
                let told = machines.iter().flat_map(|(k, l)| l.iter().map(move |e| (*k, e)));
                all.extend(told.map(|(k, e)| emit::record(*order, s.device, k, e.n, &e.episode)));
            }
            let alone = s.alone.iter();
            all.extend(alone.map(|(o, k, e)| emit::record(*o, s.device, *k, e.n, &e.episode)));
        }
        all.sort_by_key(|v| v["episode"].to_string());
        all
    }
}

/// The versions of an order and a zone at an instant, removed or ended ones too.
fn versions_at(log: &Log, order: u64, zone: u64, t: i64) -> (Option<u64>, Option<u64>) {
    let (mut o, mut z) = (None, None);
    for e in log.entries.iter().filter(|e| e.pos.0 <= t) {
        match &e.change {
            Change::Order(id, Some(v)) if *id == order => o = Some(v.version),
            Change::Zone(id, Some(v)) if *id == zone => z = Some(v.version),
            _ => {}
        }
    }
    (o, z)
}
