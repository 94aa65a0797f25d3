//! Events as JSON.

use super::fold::{Edge, Episode, Key, Other, Proof};
use super::kinds::{ABSENCE, STRAP, name};
use super::parse::Fix;
use serde_json::{Map, Value, json};

/// The members of an event.
pub type Body = Map<String, Value>;

/// The place of an event within a step: phase, order, rule, kind, device, zone or person.
pub type Place = (u8, u64, u64, u8, u64, u64);

/// An event with what follows it directly.
#[derive(Debug)]
pub struct Event {
    pub place: Place,
    pub body: Body,
    pub then: Option<Body>,
}

/// What all events of a step share.
#[derive(Debug, Clone)]
pub struct Step {
    pub at: i64,
    /// The event time of the input, or the instant.
    pub time: i64,
    pub late: bool,
    /// The cause of what is amended.
    pub cause: &'static str,
}

/// The order, person and device of a difference.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    pub order: u64,
    pub person: u64,
    pub device: u64,
}

/// Phases by their place in a step (J-ORDER-1).
pub const ENDED: u8 = 0;
pub const STARTED: u8 = 1;
pub const AMENDED: u8 = 2;
pub const NOTED: u8 = 3;

const PHASES: [&str; 4] = ["ended", "started", "amended", "noted"];

/// Times count from here.
const EPOCH: jiff::civil::DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// A time as JSON.
pub fn stamp(ms: i64) -> Value {
    let utc = EPOCH.checked_add(jiff::SignedDuration::from_millis(ms));
    utc.map_or(Value::Null, |utc| Value::String(format!("{utc:.3}Z")))
}

fn metres(d: f64) -> Value {
    json!((d * 1000.0).round() / 1000.0 + 0.0)
}

/// A body from a JSON object.
pub fn body(v: Value) -> Body {
    match v {
        Value::Object(m) => m,
        _ => Map::new(),
    }
}

fn fix_json(device: u64, f: &Fix, sound: bool) -> Value {
    let mut fix = json!({
        "device": device, "seq": f.seq, "time": stamp(f.reported),
        "lat": f.at_point.1 as f64 / 1e7, "lon": f.at_point.0 as f64 / 1e7, "sound": sound,
    });
    if let Some(a) = f.accuracy {
        fix["accuracy_m"] = json!(a);
    }
    fix
}

/// Adds his fix and its age.
pub fn prove(m: &mut Body, step: &Step, device: u64, fix: &Fix, sound: bool) {
    m.insert("fix".into(), fix_json(device, fix, sound));
    m.insert("fix_age_ms".into(), json!(step.at - fix.time));
}

/// Adds her fix and its age.
pub fn prove_other(m: &mut Body, step: &Step, o: &Other) {
    m.insert("other_device".into(), json!(o.device));
    m.insert("other_fix".into(), fix_json(o.device, &o.fix, o.sound));
    m.insert("other_age_ms".into(), json!(step.at - o.fix.time));
}

fn prove_all(m: &mut Body, step: &Step, device: u64, p: &Proof) {
    m.insert("distance_m".into(), metres(p.distance));
    prove(m, step, device, &p.fix, p.sound);
    if let Some(o) = &p.other {
        prove_other(m, step, o);
    }
}

/// The id of an episode (J-PAIR-2).
pub fn episode_id(order: u64, rule: u64, device: u64, kind: u8, n: u64) -> String {
    format!("{order}.{rule}.{device}.{}.{n}", name(kind))
}

/// What every event of an episode has.
pub fn plain(step: &Step, who: Who, key: Key, phase: u8, n: u64, version: u64) -> Body {
    body(json!({
        "at": stamp(step.at), "time": stamp(step.time), "order": who.order,
        "order_version": version, "rule": key.rule, "person": who.person, "device": who.device,
        "kind": name(key.kind), "phase": PHASES[usize::from(phase)], "late": step.late,
        "permitted": false, "episode": episode_id(who.order, key.rule, who.device, key.kind, n),
    }))
}

/// An event of an episode of the set function.
pub fn base(step: &Step, who: Who, key: Key, phase: u8, n: u64, of: (&Episode, &Edge)) -> Body {
    let (ep, e) = of;
    let mut m = plain(step, who, key, phase, n, e.order_version);
    m.insert("time".into(), stamp(e.time));
    m.insert("cause".into(), json!(e.cause));
    m.insert("permitted".into(), json!(ep.permitted));
    if key.kind < STRAP {
        m.insert("threshold_m".into(), json!(e.threshold));
        m.insert("certainty".into(), json!(ep.certainty));
    }
    if key.target.1 {
        m.insert("other_person".into(), json!(key.target.0));
    } else if e.zone > 0 {
        m.insert("zone".into(), json!(e.zone));
        m.insert("zone_version".into(), json!(e.zone_version));
    }
    if let Some(p) = &e.proof {
        prove_all(&mut m, step, who.device, p);
    }
    m
}

/// A whole episode as one event with its end behind it.
pub fn whole(step: &Step, who: Who, key: Key, n: u64, ep: &Episode) -> Event {
    let end = ep.end.as_ref().map(|e| base(step, who, key, ENDED, n, (ep, e)));
    Event {
        place: place(STARTED, who, key),
        body: base(step, who, key, STARTED, n, (ep, &ep.start)),
        then: end,
    }
}

/// The place of an event of a machine.
pub fn place(phase: u8, who: Who, key: Key) -> Place {
    (phase, who.order, key.rule, key.kind, who.device, key.target.0)
}

/// An episode as the ledger has it.
pub fn record(order: u64, device: u64, key: Key, n: u64, e: &Episode) -> Value {
    let mut v = json!({
        "episode": episode_id(order, key.rule, device, key.kind, n), "order": order,
        "rule": key.rule, "device": device, "kind": name(key.kind),
        "start": stamp(e.start.time), "end": e.end.as_ref().map(|x| stamp(x.time)),
        "permitted": e.permitted,
    });
    if let Some(c) = e.certainty {
        v["certainty"] = json!(c);
    }
    if key.target.1 {
        v["other_person"] = json!(key.target.0);
    } else if key.kind < ABSENCE {
        v["zone"] = json!(key.target.0);
    }
    v
}

/// A fact of an order that is no episode.
pub fn noted(step: &Step, who: Who, rule: u64, version: u64, kind: u8) -> Event {
    let b = body(json!({
        "at": stamp(step.at), "time": stamp(step.time), "order": who.order,
        "order_version": version, "rule": rule, "person": who.person, "device": who.device,
        "kind": name(kind), "phase": "noted", "late": step.late,
    }));
    Event { place: (NOTED, who.order, rule, kind, who.device, 0), body: b, then: None }
}

/// A fact without an order (D17).
pub fn bare(step: &Step, kind: u8, device: u64) -> Event {
    noted(step, Who { order: 0, person: 0, device }, 0, 0, kind)
}
