//! Seeded scenarios: logs of inputs as JSON Lines.

mod all;
mod bad;
mod fixes;
mod orders;
mod walk;

use crate::city::{City, Spot};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which kinds of rules the orders of a scenario have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rules {
    /// keep_out, and no statuses but heartbeats.
    #[default]
    KeepOutOnly,
    /// All kinds, with protected persons, statuses, and acts of operators.
    All,
}

/// What a scenario contains.
#[derive(Debug, Clone)]
pub struct Options {
    /// The number of lines, about.
    pub lines: usize,
    /// Late fixes and fixes out of order.
    pub late: bool,
    /// Lines that must be refused.
    pub bad_lines: bool,
    /// Fixes whose time is after their `at`.
    pub future: bool,
    /// The kinds of rules.
    pub rules: Rules,
}

impl Options {
    /// A scenario with rules of all kinds, and all that belongs to them.
    pub fn all_rules() -> Self {
        Self { lines: 300, rules: Rules::All, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { lines: 400, late: true, bad_lines: true, future: true, rules: Rules::KeepOutOnly }
    }
}

struct Person {
    id: u64,
    at: Spot,
    to: Spot,
    speed: f64,
    hover: bool,
}

#[derive(Clone)]
struct Device {
    person: Option<usize>,
    seq: u64,
    last: Option<Value>,
    spot: Option<(f64, f64)>,
}

struct Sim<'a> {
    rng: StdRng,
    options: &'a Options,
    city: City,
    now: i64,
    people: Vec<Person>,
    devices: BTreeMap<u64, Device>,
    zones: BTreeMap<u64, Spot>,
    held: Vec<(usize, Value)>,
    out: Vec<String>,
    /// Of rules of all kinds: what the operators see, and what orders are now.
    desk: all::Desk,
}

/// 2026-03-01T08:00:00Z in milliseconds.
const START: i64 = 1_772_352_000_000;
const MINUTE: i64 = 60_000;

fn stamp(ms: i64) -> Value {
    jiff::Timestamp::from_millisecond(ms).map_or(Value::Null, |t| json!(format!("{t:.3}")))
}

/// A scenario as JSON Lines. The same seed and options always give the same text.
pub fn scenario(seed: u64, options: &Options) -> String {
    let mut sim = Sim::new(StdRng::seed_from_u64(seed), options);
    match options.rules {
        Rules::KeepOutOnly => sim.begin(),
        Rules::All => sim.begin_all(),
    }
    while sim.out.len() < options.lines {
        match options.rules {
            Rules::KeepOutOnly => sim.step(),
            Rules::All => sim.step_all(),
        }
    }
    for (_, v) in std::mem::take(&mut sim.held) {
        sim.put(v);
    }
    sim.now += 5 * MINUTE;
    sim.put(json!({"type": "tick"}));
    let mut text = sim.out.join("\n");
    text.push('\n');
    text
}

impl<'a> Sim<'a> {
    fn new(mut rng: StdRng, options: &'a Options) -> Self {
        let city = City::new(&mut rng);
        let ids: &[u64] = match options.rules {
            Rules::KeepOutOnly => &[1001, 1002, 1003, 1004],
            Rules::All => &[1001, 1002, 1003, 1004, 2001, 2002],
        };
        let (from, to) = (city.places.iter(), city.places.iter().skip(4));
        let people = ids.iter().zip(from.zip(to)).map(|(id, (at, to))| Person {
            id: *id,
            at: *at,
            to: *to,
            speed: 1.4,
            hover: false,
        });
        Self {
            people: people.collect(),
            rng,
            options,
            city,
            now: START,
            devices: BTreeMap::new(),
            zones: BTreeMap::new(),
            held: Vec::new(),
            out: Vec::new(),
            desk: all::Desk::default(),
        }
    }
}

impl Sim<'_> {
    fn chance(&mut self, p: f64) -> bool {
        self.rng.random_bool(p)
    }

    fn put(&mut self, mut v: Value) {
        v["at"] = stamp(self.now);
        self.write(v.to_string());
    }

    fn write(&mut self, line: String) {
        if self.options.rules == Rules::All {
            self.desk.see(&line);
        }
        self.out.push(line);
    }

    fn begin(&mut self) {
        for z in 1..=6 {
            self.put_zone(z);
        }
        for o in 1..=3 {
            self.put_order(o);
        }
        for d in 0..5u64 {
            self.devices.insert(9001 + d, Device { person: None, seq: 0, last: None, spot: None });
        }
        for d in 0..4 {
            self.assign(9001 + d, (d % 3) as usize);
        }
    }

    fn assign(&mut self, device: u64, person: usize) {
        let id = self.people[person].id;
        if let Some(d) = self.devices.get_mut(&device) {
            d.person = Some(person);
        }
        let kind = ["bracelet", "phone", "other"][self.rng.random_range(0..3)];
        self.put(json!({"type": "assign_device", "device": device, "person": id, "kind": kind}));
    }

    fn put_zone(&mut self, zone: u64) {
        let spot = match self.zones.get(&zone) {
            Some(s) if self.rng.random_bool(0.7) => (s.0 + self.rng.random_range(-80.0..80.0), s.1),
            _ if self.rng.random_bool(0.4) => {
                let p = self.rng.random_range(0..self.people.len());
                self.people[p].at
            }
            _ => self.city.place(&mut self.rng),
        };
        self.zones.insert(zone, spot);
        let geometry = self.city.geometry(&mut self.rng, spot);
        let mut v = json!({"type": "put_zone", "zone": zone, "name": format!("zone {zone}"),
            "geometry": geometry});
        if self.chance(0.6) {
            v["layer"] = json!(self.rng.random_range(1..=2));
        }
        self.put(v);
    }

    fn any_zone(&mut self) -> Option<u64> {
        let n = self.zones.len();
        if n == 0 {
            return None;
        }
        let i = self.rng.random_range(0..n);
        self.zones.keys().nth(i).copied()
    }

    /// Intervals on whole minutes near now.
    fn hours(&mut self) -> Value {
        let mut t = self.now - self.now % MINUTE + MINUTE * self.rng.random_range(-10..4);
        let mut list = Vec::new();
        for _ in 0..self.rng.random_range(1..4) {
            let end = t + MINUTE * self.rng.random_range(1..15);
            list.push(json!([stamp(t), stamp(end)]));
            t = end + MINUTE * self.rng.random_range(0..6);
        }
        Value::Array(list)
    }

    fn put_order(&mut self, order: u64) {
        let mut rules = Vec::new();
        for r in 1..=self.rng.random_range(1..4u64) {
            let mut v = json!({"rule": r, "kind": "keep_out"});
            match self.any_zone() {
                Some(z) if self.rng.random_bool(0.7) => v["zone"] = json!(z),
                _ => v["layer"] = json!(self.rng.random_range(1..=3)),
            }
            if self.chance(0.5) {
                v["warn_m"] = json!([0, 50, 200, 300][self.rng.random_range(0..4)]);
            }
            if self.chance(0.35) {
                v["confirm_fixes"] = json!(self.rng.random_range(0..4));
            }
            if self.chance(0.35) {
                v["active"] = self.hours();
            }
            rules.push(v);
        }
        let person = if self.chance(0.9) { order - 1 } else { self.rng.random_range(0..3) };
        let from = self.now - self.now % MINUTE + MINUTE * self.rng.random_range(-10..3);
        let until = if self.chance(0.3) {
            from + MINUTE * self.rng.random_range(11..40)
        } else {
            from + 20 * 1440 * MINUTE
        };
        let kind = ["temporary", "court", "supervision"][self.rng.random_range(0..3)];
        let mut v = json!({"type": "put_order", "order": order, "kind": kind,
            "person": 1001 + person % 4,
            "from": stamp(from), "until": stamp(until), "rules": rules});
        if self.chance(0.5)
            && let Some(mut z) = self.any_zone()
        {
            if let Some(named) = v["rules"][0]["zone"].as_u64()
                && self.chance(0.6)
            {
                z = named;
            }
            let mut p = json!({"zone": z});
            if self.chance(0.8) {
                p["active"] = self.hours();
            }
            v["permits"] = json!([p]);
        }
        self.put(v);
    }

    fn step(&mut self) {
        let dt = match self.rng.random_range(0..20) {
            0..=2 => 0,
            3..=5 => MINUTE - self.now % MINUTE,
            6 => self.rng.random_range(150..420) * 1000,
            7 => 180_000,
            _ => self.rng.random_range(2_000..30_000),
        };
        self.now += dt;
        self.walk(dt as f64 / 1000.0);
        let line = self.out.len();
        let due = self.held.iter().position(|h| h.0 <= line);
        if let Some(i) = due {
            let (_, v) = self.held.remove(i);
            self.put(v);
            return;
        }
        match self.rng.random_range(0..100) {
            0..=2 => {
                let z = self.rng.random_range(1..=8);
                self.put_zone(z);
            }
            3 => {
                if let Some(z) = self.any_zone() {
                    self.zones.remove(&z);
                    self.put(json!({"type": "remove_zone", "zone": z}));
                }
            }
            4..=6 => {
                let o = self.rng.random_range(1..=4);
                self.put_order(o);
            }
            7 if self.chance(0.5) => {
                let o = self.rng.random_range(1..=4);
                self.put(json!({"type": "end_order", "order": o, "reason": "revoked"}));
            }
            8 => {
                let (d, p) = (9001 + self.rng.random_range(0..5), self.rng.random_range(0..3));
                self.assign(d, p);
            }
            9 if self.chance(0.5) => {
                let d = 9001 + self.rng.random_range(0..5);
                if let Some(x) = self.devices.get_mut(&d) {
                    x.person = None;
                }
                self.put(json!({"type": "release_device", "device": d}));
            }
            10..=14 => self.put(json!({"type": "tick"})),
            15..=16 => self.status(),
            17..=18 if self.options.bad_lines => self.bad(),
            _ => self.fix(),
        }
    }

    fn status(&mut self) {
        let d = 9001 + self.rng.random_range(0..5);
        let Some(dev) = self.devices.get_mut(&d) else {
            return;
        };
        dev.seq += 1;
        let seq = dev.seq;
        let time = self.now - self.rng.random_range(0..3000);
        self.put(json!({"type": "status", "device": d, "seq": seq, "time": stamp(time),
            "status": "heartbeat"}));
    }
}
