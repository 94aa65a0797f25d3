//! Scenarios with rules of all kinds: protected persons, statuses, silence and operators.

use super::{Device, MINUTE, Sim, stamp};
use crate::oracle::Oracle;
use rand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The desk of the operators, who see the events, and the orders as they were last put.
#[derive(Default)]
pub struct Desk {
    oracle: Oracle,
    episodes: Vec<String>,
    last: Option<String>,
    pub orders: BTreeMap<u64, Value>,
    /// Devices that send nothing until an instant.
    mute: BTreeMap<u64, i64>,
    /// How old the fixes of a backlog are.
    pub back_ms: i64,
}

impl Desk {
    /// Judges a line, to know the episodes that there are.
    pub fn see(&mut self, line: &str) {
        for e in self.oracle.line(line) {
            let told = e["phase"] == "started" || e["kind"] == "panic" || e["kind"] == "escalated";
            if let (true, Some(id)) = (told, e["episode"].as_str()) {
                self.episodes.push(id.into());
            }
        }
    }
}

/// The devices at the start, with the index of the person; 0 and 4 have two.
const DEVICES: [(u64, Option<usize>); 9] = [
    (9001, Some(0)),
    (9002, Some(1)),
    (9003, Some(2)),
    (9004, Some(0)),
    (9005, None),
    (9101, Some(4)),
    (9102, Some(5)),
    (9103, Some(4)),
    (9104, None),
];

const WORDS: [&str; 13] = [
    "strap_open",
    "strap_closed",
    "case_open",
    "case_closed",
    "tether_lost",
    "tether_found",
    "jamming",
    "jamming_over",
    "battery_low",
    "battery_ok",
    "power_off",
    "panic",
    "heartbeat",
];

impl Sim<'_> {
    pub(super) fn begin_all(&mut self) {
        for z in 1..=6 {
            self.put_zone(z);
        }
        for (d, _) in DEVICES {
            self.devices.insert(d, Device { person: None, seq: 0, last: None, spot: None });
        }
        let early = self.chance(0.5);
        if early {
            self.assign_all();
        }
        for o in 1..=5 {
            self.put_any_order(o);
        }
        if !early {
            self.assign_all();
        }
    }

    fn assign_all(&mut self) {
        for (d, p) in DEVICES {
            // Now and then somebody has none at first.
            if let Some(p) = p
                && self.chance(0.9)
            {
                self.assign(d, p);
            }
        }
    }

    pub(super) fn step_all(&mut self) {
        let dt = match self.rng.random_range(0..100) {
            0..=14 => 0,
            15..=24 => MINUTE - self.now % MINUTE,
            25 => self.rng.random_range(150..900) * 1000,
            26..=27 => [30_000, 60_000, 120_000, 180_000][self.rng.random_range(0..4)],
            _ => self.rng.random_range(300..8_000),
        };
        self.now += dt;
        self.walk(dt as f64 / 1000.0);
        let line = self.out.len();
        if let Some(i) = self.held.iter().position(|h| h.0 <= line) {
            let (_, v) = self.held.remove(i);
            return self.put(v);
        }
        match self.rng.random_range(0..100) {
            0..=2 => {
                let z = self.rng.random_range(1..=8);
                self.put_zone(z);
            }
            3 => self.remove_zone(),
            4..=6 => {
                let o = self.rng.random_range(1..=6);
                self.put_any_order(o);
            }
            7 => {
                let o = self.rng.random_range(1..=6);
                self.put(json!({"type": "end_order", "order": o, "reason": "revoked"}));
            }
            8..=9 => self.move_device(),
            10..=15 => self.put(json!({"type": "tick"})),
            16..=24 => self.any_status(),
            25 => self.flicker(),
            26..=30 => self.operator(),
            31 => self.fall_silent(),
            33 => self.backlog(),
            32 if self.options.bad_lines && self.chance(0.5) => self.bad(),
            32 if self.options.bad_lines => self.bad_rule(),
            _ => self.any_fix(),
        }
    }

    fn remove_zone(&mut self) {
        if let Some(z) = self.any_zone() {
            self.zones.remove(&z);
            self.put(json!({"type": "remove_zone", "zone": z}));
        }
    }

    fn any_device(&mut self) -> u64 {
        DEVICES[self.rng.random_range(0..DEVICES.len())].0
    }

    /// An assignment or a release; her devices stay on her side.
    fn move_device(&mut self) {
        let d = self.any_device();
        if self.chance(0.4) {
            if let Some(x) = self.devices.get_mut(&d) {
                x.person = None;
            }
            return self.put(json!({"type": "release_device", "device": d}));
        }
        let person =
            if d > 9100 { self.rng.random_range(4..6) } else { self.rng.random_range(0..3) };
        let person = if self.chance(0.05) { 3 } else { person };
        self.assign(d, person);
    }

    fn fall_silent(&mut self) {
        let d = self.any_device();
        let until = self.now + self.rng.random_range(100_000..700_000);
        self.desk.mute.insert(d, until);
    }

    /// A device that talks; one in nine that nobody has.
    fn talker(&mut self) -> u64 {
        for _ in 0..4 {
            let few = self.rng.random_bool(0.5);
            let d = if few {
                [9001, 9002, 9101, 9102][self.rng.random_range(0..4)]
            } else {
                self.any_device()
            };
            let assigned = self.devices.get(&d).is_some_and(|x| x.person.is_some());
            let mute = self.desk.mute.get(&d).is_some_and(|t| *t > self.now);
            if !mute && (assigned || self.rng.random_bool(0.2)) {
                return d;
            }
        }
        9001
    }

    fn any_fix(&mut self) {
        let d = self.talker();
        self.fix_of(d);
    }

    /// What a device kept while it had no connection, newest first or mixed, in one instant.
    fn backlog(&mut self) {
        let d = self.talker();
        let step_ms = self.rng.random_range(1_000..40_000);
        let mixed = self.rng.random_bool(0.5);
        for i in 0..6 {
            let place = if mixed { (i * 5 + 2) % 6 } else { i };
            self.desk.back_ms = place * step_ms;
            self.fix_of(d);
        }
        self.desk.back_ms = 0;
    }

    /// A status: on and off words mostly of a few conditions, late, repeated, out of order.
    fn any_status(&mut self) {
        let id = self.talker();
        let word = match self.rng.random_range(0..10) {
            0..=3 => WORDS[self.rng.random_range(0..4)],
            4 => "heartbeat",
            _ => WORDS[self.rng.random_range(0..WORDS.len())],
        };
        let time = match self.rng.random_range(0..10) {
            0..=3 => self.now,
            4 => self.now - self.now % MINUTE,
            5 => self.now - self.rng.random_range(0..900_000),
            6 if self.options.future => self.now + self.rng.random_range(0..200_000),
            _ => self.now - self.rng.random_range(0..20_000),
        };
        let Some(d) = self.devices.get_mut(&id) else { return };
        if d.seq > 0 && self.rng.random_bool(0.04) {
            d.seq -= 1;
        }
        d.seq += 1;
        let v = json!({"type": "status", "device": id, "seq": d.seq, "time": stamp(time),
            "status": word});
        if self.options.late && self.chance(0.12) {
            let after = self.rng.random_range(1..40);
            self.held.push((self.out.len() + after, v));
        } else if self.chance(0.05) {
            self.put(v.clone());
            self.put(v);
        } else {
            self.put(v);
        }
    }

    /// A bad contact: many words in a row, now and then more than a history holds; then one
    /// that is long late.
    fn flicker(&mut self) {
        let id = if self.chance(0.7) { 9001 } else { self.talker() };
        let many = if self.chance(0.25) { 34 } else { 8 };
        let late = self.now - self.rng.random_range(0..600_000);
        for i in 0..=many {
            let time = if i == many { late } else { self.now };
            let Some(d) = self.devices.get_mut(&id) else { return };
            d.seq += 1;
            let v = json!({"type": "status", "device": id, "seq": d.seq, "time": stamp(time),
                "status": WORDS[i % 4]});
            self.put(v);
            self.now += 700;
        }
    }

    /// An act on an episode that there is, or was, or never was; the same again now and then.
    fn operator(&mut self) {
        let n = self.desk.episodes.len();
        let episode = match self.rng.random_range(0..12) {
            0 => format!("{}.1.9001.breach.7", self.rng.random_range(1..6)),
            1 if n > 0 => self.desk.episodes[self.rng.random_range(0..n)].clone(),
            2..=5 if self.desk.last.is_some() => self.desk.last.clone().unwrap_or_default(),
            _ if n > 0 => self.desk.episodes[n - 1 - self.rng.random_range(0..n.min(6))].clone(),
            _ => return self.put(json!({"type": "tick"})),
        };
        let acknowledged = self.desk.last.as_ref() == Some(&episode);
        let action = match self.rng.random_range(0..8) {
            0 => "resolve",
            1 => "acknowledge",
            _ if acknowledged => "resolve",
            _ => "acknowledge",
        };
        self.desk.last = Some(episode.clone());
        let mut v = json!({"type": "operator", "episode": episode, "action": action,
            "by": format!("desk-{}", self.rng.random_range(1..4))});
        if self.chance(0.5) {
            v["note"] = json!("called");
        }
        self.put(v);
    }

    /// Sends a person towards another: a chase, a corner just outside the distance, or a halt.
    pub(super) fn approach(&mut self, i: usize) {
        let j = self.rng.random_range(0..self.people.len());
        let at = self.people[j].at;
        let d = [100.0, 250.0, 500.0, 800.0][self.rng.random_range(0..4)];
        let speed = [1.4, 5.0, 12.0, 20.0][self.rng.random_range(0..4)];
        let sign = |b: bool| if b { 1.0 } else { -1.0 };
        let (to, speed) = match self.rng.random_range(0..6) {
            0 => (self.people[i].at, 0.0),
            1 => (at, speed),
            2..=3 if !self.zones.is_empty() => {
                // They meet in a zone, where it may be permitted.
                let n = self.rng.random_range(0..self.zones.len());
                let spot = self.zones.values().nth(n).copied().unwrap_or(at);
                (self.people[j].to, self.people[j].speed) = (spot, speed);
                (spot, speed)
            }
            _ => {
                // On the diagonal: the boxes meet, the circles may not.
                let r = d * self.rng.random_range(1.0..1.4) / std::f64::consts::SQRT_2;
                let (x, y) = (self.rng.random_bool(0.5), self.rng.random_bool(0.5));
                ((at.0 + sign(x) * r, at.1 + sign(y) * r), speed)
            }
        };
        let p = &mut self.people[i];
        (p.to, p.speed, p.hover) = (to, speed, false);
    }
}
