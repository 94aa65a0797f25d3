//! The naive oracle: it keeps every input and, for each new one, folds all of them again.

mod classify;
mod emit;
mod exact;
mod fold;
mod geometry;
mod late;
mod parse;

use classify::classify;
use emit::{Event, Known, Place, Step, Who, body, differ, prove, stamp};
use fold::{Change, Key, Memo, Proof, Source, ZoneVersion, fold, instants, known_distance};
use parse::{Fix, Input, OrderVersion};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

#[derive(Debug, Default)]
struct Device {
    person: u64,
    assigned: i64,
    fixes: Vec<Fix>,
    newest: Option<i64>,
    inputs: VecDeque<(u64, i64)>,
    no_order: bool,
    released: Option<i64>,
    known: BTreeMap<u64, BTreeMap<Key, Vec<Known>>>,
    /// Episodes of fixes older than the history.
    alone: Vec<(u64, Key, Known)>,
}

impl Device {
    fn ledger(&self, id: u64) -> Vec<Value> {
        let known = self.known.iter().flat_map(|(o, m)| m.iter().map(move |(k, l)| (*o, *k, l)));
        let told = known.flat_map(|(o, k, l)| l.iter().map(move |e| (o, k, e)));
        let alone = self.alone.iter().map(|(o, k, e)| (*o, *k, e));
        told.chain(alone).map(|(o, k, e)| emit::record(o, id, k, e)).collect()
    }
}

/// Judges a log of inputs, line by line.
#[derive(Debug, Default)]
pub struct Oracle {
    line: u64,
    clock: Option<i64>,
    fixes: usize,
    log: Vec<(i64, Change)>,
    zone_versions: BTreeMap<u64, u64>,
    order_versions: BTreeMap<u64, u64>,
    fired: BTreeMap<u64, i64>,
    devices: BTreeMap<u64, Device>,
    unassigned: BTreeSet<u64>,
    counters: BTreeMap<(u64, u64), BTreeMap<(u64, u8), u64>>,
    memo: Memo,
    /// The ledger of devices that were released.
    archive: Vec<Value>,
}

/// Judges a whole log: one input a line.
pub fn run(jsonl: &str) -> Vec<Value> {
    let mut oracle = Oracle::new();
    jsonl.lines().flat_map(|l| oracle.line(l)).collect()
}

type Refusal = (&'static str, String);

impl Oracle {
    /// An oracle that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input line and gives its events in order.
    pub fn line(&mut self, line: &str) -> Vec<Value> {
        self.line += 1;
        let value: Result<Value, _> = serde_json::from_str(line);
        let at = value.as_ref().ok().and_then(|v| v.get("at")).and_then(parse::time);
        // J-TIME-1
        let at = at.unwrap_or(i64::MIN).max(self.clock.unwrap_or(0));
        self.clock = Some(at);
        let mut step = Step { at, time: at, late: false, cause: "fix" };
        let mut out = Vec::new();
        let input = match &value {
            Err(e) => Err(("not_json", e.to_string())),
            Ok(v) => parse::input(v, at),
        };
        match input {
            Err(bad) => {
                let mut e = refused(&step, &bad, None);
                if value.is_err() {
                    e.body.insert("line".into(), json!(self.line));
                }
                out.push(vec![e]);
            }
            Ok(input) => {
                let concerned = self.concerned(&input);
                let mut instants_due: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
                for o in &concerned {
                    let fired = self.fired.get(o).copied().unwrap_or(i64::MIN);
                    for t in self.all_instants(*o).into_iter().filter(|t| *t > fired && *t <= at) {
                        instants_due.entry(t).or_default().push(*o);
                    }
                }
                for (t, orders) in instants_due {
                    let boundary = Step { at, time: t, late: false, cause: "boundary" };
                    for o in &orders {
                        self.fired.insert(*o, t);
                    }
                    out.push(self.differences(&boundary, &orders, None));
                }
                for o in concerned {
                    self.fired.insert(o, at);
                }
                let last = match self.apply(&mut step, input) {
                    Ok(events) => events,
                    Err((bad, device)) => vec![refused(&step, &bad, device)],
                };
                out.push(last);
            }
        }
        self.number(out)
    }

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

    fn versions(&self, order: u64) -> impl Iterator<Item = &Rc<OrderVersion>> {
        self.log.iter().filter_map(move |(_, c)| match c {
            Change::Order(o, Some(v)) if *o == order => Some(v),
            _ => None,
        })
    }

    fn all_instants(&self, order: u64) -> BTreeSet<i64> {
        self.versions(order).flat_map(|v| instants(v)).collect()
    }

    fn orders_of(&self, person: u64) -> Vec<u64> {
        let all = self.order_versions.keys().copied();
        all.filter(|o| self.versions(*o).any(|v| v.person == person)).collect()
    }

    /// The orders whose newest version restrains the person.
    fn orders_now_of(&self, person: u64) -> Vec<u64> {
        let mut orders = self.orders_of(person);
        orders.retain(|o| self.versions(*o).last().is_some_and(|v| v.person == person));
        orders
    }

    /// The newest state of an order.
    fn order_now(&self, order: u64) -> Option<&Option<Rc<OrderVersion>>> {
        self.log.iter().rev().find_map(|(_, c)| match c {
            Change::Order(o, v) if *o == order => Some(v),
            _ => None,
        })
    }

    /// The newest state of a zone.
    fn zone_now(&self, zone: u64) -> Option<Rc<ZoneVersion>> {
        let last = self.log.iter().rev().find_map(|(_, c)| match c {
            Change::Zone(z, v) if *z == zone => Some(v.clone()),
            _ => None,
        });
        last.flatten()
    }

    /// The orders of which an input fires the boundaries (J-TIME-4).
    fn concerned(&self, input: &Input) -> BTreeSet<u64> {
        let of_device =
            |d: &u64| self.devices.get(d).map(|d| self.orders_now_of(d.person)).unwrap_or_default();
        match input {
            Input::PutZone(..) | Input::RemoveZone(_) | Input::Tick => {
                self.order_versions.keys().copied().collect()
            }
            Input::PutOrder(o, _) | Input::EndOrder(o) => [*o].into(),
            Input::Assign(d, p) => of_device(d).into_iter().chain(self.orders_now_of(*p)).collect(),
            Input::Release(d) | Input::Fix(d, _) | Input::Status(d, ..) => {
                of_device(d).into_iter().collect()
            }
        }
    }

    /// Folds again for these orders, and one device or all, and tells what is different.
    fn differences(&mut self, step: &Step, orders: &[u64], only: Option<u64>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut devices = std::mem::take(&mut self.devices);
        for (id, dev) in devices.iter_mut().filter(|(id, _)| only.is_none_or(|o| o == **id)) {
            let classes = classify(&dev.fixes);
            for &order in orders {
                if !self.versions(order).any(|v| v.person == dev.person) {
                    continue;
                }
                let fired = self.fired.get(&order).copied().unwrap_or(i64::MIN);
                let source = Source {
                    order,
                    person: dev.person,
                    log: &self.log,
                    fixes: &dev.fixes,
                    classes: &classes,
                    release: dev.released,
                    boundaries: self
                        .all_instants(order)
                        .into_iter()
                        .filter(|t| *t <= fired)
                        .collect(),
                };
                let now = fold(&source, &mut self.memo);
                let mut counters = self.counters.remove(&(order, *id)).unwrap_or_default();
                let known = dev.known.entry(order).or_default();
                let who = Who { order, person: dev.person, device: *id };
                let log = &self.log;
                let versions = |zone: u64| versions_at(log, order, zone, step.time);
                events.extend(differ(step, who, known, now, &mut counters, versions));
                self.counters.insert((order, *id), counters);
            }
        }
        self.devices = devices;
        events
    }

    fn everything(&mut self, step: &Step) -> Vec<Event> {
        let all: Vec<u64> = self.order_versions.keys().copied().collect();
        self.differences(step, &all, None)
    }

    fn release(&mut self, step: &Step, device: u64) -> Vec<Event> {
        let Some(d) = self.devices.get_mut(&device) else {
            return Vec::new();
        };
        d.released = Some(step.at);
        let orders = self.orders_of(self.devices[&device].person);
        let events = self.differences(step, &orders, Some(device));
        if let Some(d) = self.devices.remove(&device) {
            self.archive.extend(d.ledger(device));
        }
        events
    }

    /// The ledger (J-LATE-3): every episode that was not withdrawn, sorted by its id.
    pub fn ledger(&self) -> Vec<Value> {
        let mut all = self.archive.clone();
        all.extend(self.devices.iter().flat_map(|(id, d)| d.ledger(*id)));
        all.sort_by_key(|v| v["episode"].to_string());
        all
    }

    fn apply(
        &mut self,
        step: &mut Step,
        input: Input,
    ) -> Result<Vec<Event>, (Refusal, Option<u64>)> {
        let at = step.at;
        let no = |reason: &'static str, v: u64| Err(((reason, v.to_string()), None));
        match input {
            Input::Tick => Ok(Vec::new()),
            Input::PutZone(id, layer, shape) => {
                step.cause = "zone_changed";
                let version = self.zone_versions.entry(id).or_default();
                *version += 1;
                let z = ZoneVersion { version: *version, at, layer, shape };
                self.log.push((at, Change::Zone(id, Some(Rc::new(z)))));
                Ok(self.everything(step))
            }
            Input::RemoveZone(id) => {
                if self.zone_now(id).is_none() {
                    return no("unknown_zone", id);
                }
                step.cause = "zone_removed";
                self.log.push((at, Change::Zone(id, None)));
                Ok(self.everything(step))
            }
            Input::PutOrder(id, mut v) => {
                let named =
                    v.rules.iter().filter_map(|r| r.zone).chain(v.permits.iter().map(|p| p.0));
                for z in named {
                    if self.zone_now(z).is_none() {
                        return no("unknown_zone", z);
                    }
                }
                step.cause = "order_changed";
                let version = self.order_versions.entry(id).or_default();
                *version += 1;
                v.version = *version;
                self.log.push((at, Change::Order(id, Some(Rc::new(v)))));
                Ok(self.differences(step, &[id], None))
            }
            Input::EndOrder(id) => {
                if !matches!(self.order_now(id), Some(Some(_))) {
                    return no("unknown_order", id);
                }
                step.cause = "rule_ended";
                self.log.push((at, Change::Order(id, None)));
                Ok(self.differences(step, &[id], None))
            }
            Input::Assign(device, person) => {
                step.cause = "device_released";
                if self.devices.get(&device).is_some_and(|d| d.person == person) {
                    return Ok(Vec::new());
                }
                let events = self.release(step, device);
                self.unassigned.remove(&device);
                self.devices.insert(device, Device { person, assigned: at, ..Device::default() });
                Ok(events)
            }
            Input::Release(device) => {
                if !self.devices.contains_key(&device) {
                    return no("unknown_device", device);
                }
                step.cause = "device_released";
                Ok(self.release(step, device))
            }
            Input::Status(device, seq, time) => self.heard(step, device, seq, time, None),
            Input::Fix(device, mut fix) => {
                fix.uid = self.fixes;
                self.fixes += 1;
                self.heard(step, device, fix.seq, fix.time, Some(fix))
            }
        }
    }

    fn heard(
        &mut self,
        step: &mut Step,
        device: u64,
        seq: u64,
        time: i64,
        fix: Option<Fix>,
    ) -> Result<Vec<Event>, (Refusal, Option<u64>)> {
        step.time = time;
        step.cause = "fix";
        let Some(d) = self.devices.get_mut(&device) else {
            let mut events = Vec::new();
            if self.unassigned.insert(device) {
                events.push(bare(step, "unassigned", 19, device));
            }
            return Ok(events);
        };
        if d.inputs.contains(&(seq, time)) {
            return Ok(Vec::new());
        }
        if fix.is_some() && time < d.assigned {
            return Err((("before_assignment", stamp(time).to_string()), Some(device)));
        }
        d.inputs.push_back((seq, time));
        if d.inputs.len() > 64 {
            d.inputs.pop_front();
        }
        step.late = d.newest.is_some_and(|n| time < n);
        d.newest = d.newest.max(Some(time));
        let mut events = Vec::new();
        let person = d.person;
        let orders = self.orders_of(person);
        let in_force = |o: &u64| match self.order_now(*o) {
            Some(Some(v))
                if v.person == person && v.from.max(v.at) <= step.at && step.at < v.until =>
            {
                Some((*o, v.version))
            }
            _ => None,
        };
        let in_force: Vec<(u64, u64)> = orders.iter().filter_map(in_force).collect();
        let d = self.devices.entry(device).or_default();
        if in_force.is_empty() && !d.no_order {
            d.no_order = true;
            events.push(bare(step, "no_order", 21, device));
        }
        let Some(fix) = fix else { return Ok(events) };
        let full = d.fixes.len() >= 32;
        if full && (fix.time, fix.seq) < oldest(&d.fixes) {
            events.extend(self.too_late(step, device, &fix));
            return Ok(events);
        }
        let place = d.fixes.partition_point(|f| (f.time, f.seq) <= (fix.time, fix.seq));
        d.fixes.insert(place, fix);
        let class = classify(&d.fixes)[place];
        if class.suspect {
            let proof = Proof { distance: 0.0, fix: d.fixes[place].clone(), sound: class.sound };
            for (order, version) in in_force {
                events.push(self.noted(
                    step,
                    "suspect_motion",
                    13,
                    (order, version, 0),
                    device,
                    &proof,
                ));
            }
        }
        events.extend(self.differences(step, &orders, Some(device)));
        Ok(events)
    }

    fn noted(
        &self,
        step: &Step,
        kind: &str,
        rank: u8,
        of: (u64, u64, u64),
        device: u64,
        p: &Proof,
    ) -> Event {
        let (order, version, rule) = of;
        let person = self.devices.get(&device).map_or(0, |d| d.person);
        let mut b = body(json!({
            "at": stamp(step.at), "time": stamp(step.time), "order": order,
            "order_version": version, "rule": rule,
            "person": person, "device": device, "kind": kind, "phase": "noted", "cause": "fix",
            "late": step.late,
        }));
        prove(&mut b, step, device, p);
        Event { place: place(order, rule, rank, device), body: b, then: None }
    }
}

/// The oldest of the 32 fixes of the history.
fn oldest(fixes: &[Fix]) -> (i64, u64) {
    let f = &fixes[fixes.len() - 32];
    (f.time, f.seq)
}

fn place(order: u64, rule: u64, rank: u8, device: u64) -> Place {
    (3, order, rule, rank, device, 0)
}

fn versions_at(log: &[(i64, Change)], order: u64, zone: u64, t: i64) -> (Option<u64>, Option<u64>) {
    let (mut o, mut z) = (None, None);
    for (at, c) in log.iter().filter(|x| x.0 <= t) {
        debug_assert!(*at <= t);
        match c {
            Change::Order(id, Some(v)) if *id == order => o = Some(v.version),
            Change::Zone(id, Some(v)) if *id == zone => z = Some(v.version),
            _ => {}
        }
    }
    (o, z)
}

fn bare(step: &Step, kind: &str, rank: u8, device: u64) -> Event {
    let b: Map<String, Value> = body(json!({
        "at": stamp(step.at), "time": stamp(step.time), "order": 0, "order_version": 0, "rule": 0,
        "person": 0,
        "device": device, "kind": kind, "phase": "noted", "late": step.late,
    }));
    Event { place: place(0, 0, rank, device), body: b, then: None }
}

fn refused(step: &Step, bad: &Refusal, device: Option<u64>) -> Event {
    let mut e = bare(step, "refused", 14, 0);
    e.body.remove("device");
    if let Some(d) = device {
        e.body.insert("device".into(), json!(d));
    }
    e.body.insert("reason".into(), json!(bad.0));
    e.body.insert("value".into(), json!(bad.1));
    e
}
