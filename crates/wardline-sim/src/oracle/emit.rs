//! Differences between two results of the set function, as events (J-PAIR-1, J-ORDER-1).

use super::fold::{Edge, Episode, Key, Proof};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An episode that was told.
#[derive(Debug, Clone)]
pub struct Known {
    pub n: u64,
    pub episode: Episode,
    pub ended_told: bool,
}

/// The place of an event within a step: phase, order, rule, kind, device, zone.
pub type Place = (u8, u64, u64, u8, u64, u64);

/// An event with what follows it directly.
pub struct Event {
    pub place: Place,
    pub body: Map<String, Value>,
    pub then: Option<Map<String, Value>>,
}

/// What all events of a step share.
pub struct Step {
    pub at: i64,
    /// The event time of the input, or the instant.
    pub time: i64,
    pub late: bool,
    /// The cause of what is amended.
    pub cause: &'static str,
}

/// The order, person and device of a difference.
#[derive(Clone, Copy)]
pub struct Who {
    pub order: u64,
    pub person: u64,
    pub device: u64,
}

/// A time as JSON.
pub fn stamp(ms: i64) -> Value {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(t) => Value::String(format!("{t:.3}")),
        Err(_) => Value::Null,
    }
}

fn metres(d: f64) -> Value {
    json!((d * 1000.0).round() / 1000.0 + 0.0)
}

/// A body from a JSON object.
pub fn body(v: Value) -> Map<String, Value> {
    match v {
        Value::Object(m) => m,
        _ => Map::new(),
    }
}

/// Adds the fix and its age.
pub fn prove(m: &mut Map<String, Value>, step: &Step, device: u64, p: &Proof) {
    let f = &p.fix;
    let mut fix = body(json!({
        "device": device, "seq": f.seq, "time": stamp(f.reported),
        "lat": f.at_point.1 as f64 / 1e7, "lon": f.at_point.0 as f64 / 1e7, "sound": p.sound,
    }));
    if let Some(a) = f.accuracy {
        fix.insert("accuracy_m".into(), json!(a));
    }
    m.insert("fix".into(), Value::Object(fix));
    m.insert("fix_age_ms".into(), json!(step.at - f.time));
}

fn name(kind: u8) -> &'static str {
    if kind == 0 { "breach" } else { "warning" }
}

fn base(
    step: &Step,
    who: Who,
    key: Key,
    phase: &str,
    n: u64,
    ep: &Episode,
    e: &Edge,
) -> Map<String, Value> {
    let kind = name(key.1);
    let mut m = body(json!({
        "at": stamp(step.at), "time": stamp(e.time), "order": who.order,
        "order_version": e.order_version,
        "rule": key.0, "person": who.person, "device": who.device, "kind": kind, "phase": phase,
        "episode": format!("{}.{}.{}.{kind}.{n}", who.order, key.0, who.device),
        "zone": key.2, "zone_version": e.zone_version, "threshold_m": e.threshold,
        "certainty": ep.certainty, "cause": e.cause, "late": step.late, "permitted": ep.permitted,
    }));
    if let Some(p) = &e.proof {
        m.insert("distance_m".into(), metres(p.distance));
        prove(&mut m, step, who.device, p);
    }
    m
}

fn overlap(a: &Episode, b: &Episode) -> bool {
    let end = |e: &Episode| e.end.as_ref().map_or(i64::MAX, |x| x.time);
    a.start.time <= end(b) && b.start.time <= end(a)
}

/// A whole episode as one event with its end behind it.
pub fn whole(step: &Step, who: Who, key: Key, n: u64, ep: &Episode) -> Event {
    Event {
        place: (1, who.order, key.0, key.1, who.device, key.2),
        body: base(step, who, key, "started", n, ep, &ep.start),
        then: ep.end.as_ref().map(|e| base(step, who, key, "ended", n, ep, e)),
    }
}

/// An episode as the ledger has it.
pub fn record(order: u64, device: u64, key: Key, k: &Known) -> Value {
    let (e, kind) = (&k.episode, name(key.1));
    json!({
        "episode": format!("{order}.{}.{device}.{kind}.{}", key.0, k.n), "order": order,
        "rule": key.0,
        "device": device, "kind": kind, "zone": key.2, "start": stamp(e.start.time),
        "end": e.end.as_ref().map(|x| stamp(x.time)), "certainty": e.certainty,
        "permitted": e.permitted,
    })
}

fn number(body: &Map<String, Value>) -> Option<u64> {
    body.get("episode")?.as_str()?.rsplit('.').next()?.parse().ok()
}

/// Tells the difference between what was told and what the set function gives now.
///
/// `versions` gives the versions of the order and of a zone at an instant.
pub fn differ(
    step: &Step,
    who: Who,
    known: &mut BTreeMap<Key, Vec<Known>>,
    now: BTreeMap<Key, Vec<Episode>>,
    counters: &mut BTreeMap<(u64, u8), u64>,
    versions: impl Fn(u64) -> (Option<u64>, Option<u64>),
) -> Vec<Event> {
    let mut events = Vec::new();
    let mut fresh: Vec<(Key, usize, Episode)> = Vec::new();
    let mut result: BTreeMap<Key, Vec<(usize, Known)>> = BTreeMap::new();
    let keys: std::collections::BTreeSet<Key> = known.keys().chain(now.keys()).copied().collect();
    for key in keys {
        let empty = Vec::new();
        let new = now.get(&key).unwrap_or(&empty);
        let mut old: Vec<Option<Known>> =
            known.remove(&key).unwrap_or_default().into_iter().map(Some).collect();
        let mut matched: Vec<Option<Known>> = vec![None; new.len()];
        for (slot, n) in matched.iter_mut().zip(new) {
            let same = |o: &&mut Option<Known>| {
                o.as_ref().is_some_and(|k| k.episode.start.time == n.start.time)
            };
            *slot = old.iter_mut().find(same).and_then(Option::take);
        }
        for (slot, n) in matched.iter_mut().zip(new) {
            if slot.is_none() {
                let over =
                    |o: &&mut Option<Known>| o.as_ref().is_some_and(|k| overlap(&k.episode, n));
                *slot = old.iter_mut().find(over).and_then(Option::take);
            }
        }
        let place = |phase: u8| (phase, who.order, key.0, key.1, who.device, key.2);
        let edge = |like: &Edge| {
            let (o, z) = versions(key.2);
            Edge {
                time: step.time,
                cause: step.cause,
                order_version: o.unwrap_or(like.order_version),
                zone_version: z.unwrap_or(like.zone_version),
                threshold: like.threshold,
                proof: None,
            }
        };
        for k in old.into_iter().flatten() {
            let e = edge(&k.episode.start);
            if k.episode.end.is_none() && !k.ended_told {
                let body = base(step, who, key, "ended", k.n, &k.episode, &e);
                events.push(Event { place: place(0), body, then: None });
            }
            let mut body = base(step, who, key, "amended", k.n, &k.episode, &e);
            body.insert("withdrawn".into(), json!(true));
            events.push(Event { place: place(2), body, then: None });
        }
        for (i, (slot, n)) in matched.into_iter().zip(new).enumerate() {
            let Some(mut k) = slot else {
                fresh.push((key, i, n.clone()));
                continue;
            };
            let o = &k.episode;
            let mut amend = o.start.time != n.start.time
                || o.certainty != n.certainty
                || o.permitted != n.permitted;
            let (was, is) = (o.end.as_ref().map(|e| e.time), n.end.as_ref().map(|e| e.time));
            if k.ended_told {
                amend |= was != is;
            } else if let Some(e) = &n.end {
                let body = base(step, who, key, "ended", k.n, n, e);
                events.push(Event { place: place(0), body, then: None });
                k.ended_told = true;
            }
            if amend {
                let mut e = edge(&n.start);
                if let (true, Some(end)) = (step.cause == "boundary", &n.end) {
                    e.cause = end.cause;
                }
                let mut body = base(step, who, key, "amended", k.n, n, &e);
                body.insert("start".into(), stamp(n.start.time));
                body.insert("end".into(), is.map_or(Value::Null, stamp));
                events.push(Event { place: place(2), body, then: None });
            }
            k.episode = n.clone();
            result.entry(key).or_default().push((i, k));
        }
    }
    fresh.sort_by_key(|(k, _, e)| (k.0, k.1, e.start.time, k.2));
    for (key, i, episode) in fresh {
        let n = counters.entry((key.0, key.1)).or_default();
        *n += 1;
        events.push(whole(step, who, key, *n, &episode));
        let ended_told = episode.end.is_some();
        result.entry(key).or_default().push((i, Known { n: *n, episode, ended_told }));
    }
    for (key, mut list) in result {
        list.sort_by_key(|x| x.0);
        known.insert(key, list.into_iter().map(|x| x.1).collect());
    }
    events.sort_by_key(|event| (event.place, number(&event.body)));
    events
}
