//! A log written by hand: zone 5 is a circle of 100 m at 42.87 N 74.6 E, zone 6 one of 100 m
//! 2 km east of it; positions are metres east of the centre of zone 5.

#![allow(dead_code)] // Each test file uses a part of it.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use wardline_sim::Oracle;

/// Metres of a degree of longitude there.
const EAST: f64 = 81_740.9;
const START_MS: i64 = 1_772_352_000_000;

/// A log on its way, with the counter of each device.
#[derive(Default)]
pub struct Log {
    pub oracle: Oracle,
    seqs: BTreeMap<u64, u64>,
}

/// An instant in seconds from the start, as an input has it.
pub fn time(s: f64) -> String {
    let t = jiff::Timestamp::from_millisecond(START_MS + (s * 1000.0) as i64);
    t.map(|t| format!("{t:.3}")).unwrap_or_default()
}

impl Log {
    /// With both zones at 0 s and no order.
    pub fn new() -> Self {
        let mut l = Self::default();
        l.zone(0.0, 5, 0.0, 100.0);
        l.zone(0.0, 6, 2000.0, 100.0);
        l
    }

    /// With order 17 from 0 s on person 1, who wears device 9.
    pub fn with(rules: Value) -> Self {
        let mut l = Self::new();
        l.order(0.0, 17, 1, rules);
        l.assign(0.0, 9, 1);
        l
    }

    pub fn put(&mut self, at: f64, mut v: Value) -> Vec<Value> {
        v["at"] = json!(time(at));
        self.oracle.line(&v.to_string())
    }

    pub fn zone(&mut self, at: f64, zone: u64, metres: f64, radius: f64) -> Vec<String> {
        let g = json!({"type": "Point", "coordinates": [74.6 + metres / EAST, 42.87],
            "radius_m": radius});
        short(&self.put(at, json!({"type": "put_zone", "zone": zone, "geometry": g})))
    }

    pub fn remove_zone(&mut self, at: f64, zone: u64) -> Vec<String> {
        short(&self.put(at, json!({"type": "remove_zone", "zone": zone})))
    }

    pub fn order(&mut self, at: f64, order: u64, person: u64, rules: Value) -> Vec<String> {
        self.order_until(at, order, person, rules, 86_400.0)
    }

    pub fn order_until(
        &mut self,
        at: f64,
        order: u64,
        person: u64,
        rules: Value,
        until: f64,
    ) -> Vec<String> {
        let v = json!({"type": "put_order", "order": order, "kind": "court", "person": person,
            "from": time(0.0), "until": time(until), "rules": rules});
        short(&self.put(at, v))
    }

    pub fn end_order(&mut self, at: f64, order: u64) -> Vec<String> {
        short(&self.put(at, json!({"type": "end_order", "order": order, "reason": "revoked"})))
    }

    pub fn assign(&mut self, at: f64, device: u64, person: u64) -> Vec<String> {
        short(&self.put(
            at,
            json!({"type": "assign_device", "device": device, "person": person,
            "kind": "bracelet"}),
        ))
    }

    pub fn release(&mut self, at: f64, device: u64) -> Vec<String> {
        short(&self.put(at, json!({"type": "release_device", "device": device})))
    }

    pub fn tick(&mut self, at: f64) -> Vec<String> {
        short(&self.put(at, json!({"type": "tick"})))
    }

    /// A fix received at `at` of where the device was at `t`, accurate to 10 m unless said.
    pub fn fix_with(
        &mut self,
        device: u64,
        at: f64,
        t: f64,
        metres: f64,
        more: Value,
    ) -> Vec<Value> {
        let mut v = json!({"type": "fix", "device": device, "seq": self.seq(device),
            "time": time(t), "lat": 42.87, "lon": 74.6 + metres / EAST, "accuracy_m": 10.0});
        for (k, x) in more.as_object().into_iter().flatten() {
            v[k] = x.clone();
        }
        self.put(at, v)
    }

    /// A fix that comes at once.
    pub fn fix(&mut self, device: u64, t: f64, metres: f64) -> Vec<String> {
        short(&self.fix_with(device, t, t, metres, json!({})))
    }

    /// A status received at `at` of what was at `t`.
    pub fn status_at(&mut self, device: u64, at: f64, t: f64, status: &str) -> Vec<Value> {
        let v = json!({"type": "status", "device": device, "seq": self.seq(device),
            "time": time(t), "status": status});
        self.put(at, v)
    }

    pub fn status(&mut self, device: u64, t: f64, status: &str) -> Vec<String> {
        short(&self.status_at(device, t, t, status))
    }

    pub fn act(&mut self, at: f64, action: &str, episode: &str) -> Vec<Value> {
        self.put(
            at,
            json!({"type": "operator", "episode": episode, "action": action,
            "by": "desk-3", "note": "called"}),
        )
    }

    fn seq(&mut self, device: u64) -> u64 {
        let s = self.seqs.entry(device).or_default();
        *s += 1;
        *s
    }
}

/// What each event says: kind, phase, cause, certainty and seconds, where it has them; then P for
/// permitted, L for late, W for withdrawn. Escalations and what degrades are left out.
pub fn short(events: &[Value]) -> Vec<String> {
    let left_out = |e: &&Value| e["kind"] != "escalated" && e["kind"] != "degraded";
    events.iter().filter(left_out).map(say).collect()
}

/// What one event says.
pub fn say(e: &Value) -> String {
    let t: jiff::Timestamp = e["time"].as_str().and_then(|t| t.parse().ok()).unwrap_or_default();
    let words = ["kind", "phase", "cause", "reason", "certainty"];
    let words = words.iter().filter_map(|m| e[*m].as_str());
    let mut all: Vec<String> = words.map(String::from).collect();
    all.push(format!("{}", (t.as_millisecond() - START_MS) as f64 / 1000.0));
    for (member, letter) in [("permitted", "P"), ("late", "L"), ("withdrawn", "W")] {
        if e[member] == true {
            all.push(letter.into());
        }
    }
    all.join(" ")
}

/// No events.
pub fn none() -> Vec<String> {
    Vec::new()
}
