//! Orders with rules of all kinds, and edits that keep, drop, add and change them.

use super::{MINUTE, Sim, stamp};
use crate::city::Spot;
use rand::Rng;
use serde_json::{Value, json};

/// The restrained person of each order, by index; the last two are protected by others.
const RESTRAINED: [usize; 6] = [0, 1, 2, 0, 4, 1];

impl Sim<'_> {
    /// Puts an order, often as an edit of what it was.
    pub(super) fn put_any_order(&mut self, order: u64) {
        let old = self.desk.orders.get(&order).cloned();
        let mut v = match old {
            Some(v) if self.chance(0.7) => self.edited(v),
            _ => self.fresh(order),
        };
        if self.chance(0.1) {
            // Of another person, or of the same for another time.
            let person = self.people[self.rng.random_range(0..5)].id;
            let own = |r: &Value| r["person"] == person;
            if !v["rules"].as_array().is_some_and(|l| l.iter().any(own)) {
                v["person"] = json!(person);
            }
        }
        self.desk.orders.insert(order, v.clone());
        self.put(v);
    }

    fn fresh(&mut self, order: u64) -> Value {
        let person = RESTRAINED[(order as usize - 1) % RESTRAINED.len()];
        let from = self.now - self.now % MINUTE + MINUTE * self.rng.random_range(-10..3);
        let until = if self.chance(0.3) {
            from + MINUTE * self.rng.random_range(11..40)
        } else {
            from + 20 * 1440 * MINUTE
        };
        let kind = ["temporary", "court", "supervision"][self.rng.random_range(0..3)];
        let count = self.rng.random_range(1..=4);
        let rules: Vec<Value> = (1..=count).map(|r| self.rule(r, person)).collect();
        let mut v = json!({"type": "put_order", "order": order, "kind": kind,
            "person": self.people[person].id, "from": stamp(from), "until": stamp(until),
            "rules": rules});
        if self.chance(0.4) {
            v["permits"] = self.permits(person);
        }
        v
    }

    /// A permit, half of the time where the person is.
    fn permits(&mut self, person: usize) -> Value {
        let Some(mut zone) = self.any_zone() else { return json!([]) };
        let at = self.people[person].at;
        let far = |z: &Spot| (z.0 - at.0).abs() + (z.1 - at.1).abs();
        let nearest = self.zones.iter().min_by(|a, b| far(a.1).total_cmp(&far(b.1)));
        if let Some((z, _)) = nearest
            && self.rng.random_bool(0.5)
        {
            zone = *z;
        }
        let mut p = json!({"zone": zone});
        if self.chance(0.7) {
            p["active"] = self.hours();
        }
        json!([p])
    }

    /// The order again, with something else in it.
    fn edited(&mut self, mut v: Value) -> Value {
        let person = self.people.iter().position(|p| v["person"] == p.id).unwrap_or(0);
        let mut rules = v["rules"].as_array().cloned().unwrap_or_default();
        for _ in 0..self.rng.random_range(0..3) {
            let i = self.rng.random_range(0..rules.len());
            let id = rules[i]["rule"].as_u64().unwrap_or(1);
            match self.rng.random_range(0..6) {
                0 if rules.len() > 1 => {
                    rules.remove(i);
                }
                1 => {
                    let free = (1..).find(|n| rules.iter().all(|r| r["rule"] != *n)).unwrap_or(9);
                    rules.push(self.rule(free, person));
                }
                2 => rules[i] = self.rule(id, person),
                3 => rules[i]["active"] = self.hours(),
                4 => {
                    if let Some(m) = rules[i].as_object_mut() {
                        m.remove("active");
                    }
                }
                _ => self.change(&mut rules[i]),
            }
        }
        v["rules"] = json!(rules);
        match self.rng.random_range(0..6) {
            0 => v["permits"] = self.permits(person),
            1 => v["until"] = stamp(self.now + MINUTE * self.rng.random_range(11..60)),
            _ => {}
        }
        // A term that is over would be put in vain.
        v["kind"] = json!("supervision");
        if self.chance(0.5) {
            v["until"] = stamp(self.now + 20 * 1440 * MINUTE);
        }
        v
    }

    /// Another number in a rule.
    fn change(&mut self, rule: &mut Value) {
        match rule["kind"].as_str() {
            Some("keep_away") => {
                let d = self.distance_m();
                rule["distance_m"] = json!(d);
                rule["warn_m"] = json!(2 * d);
            }
            Some("stay_in") => rule["grace_s"] = json!(self.grace_s()),
            Some("report") => rule["max_silence_s"] = json!(self.rng.random_range(60..=600)),
            _ => rule["warn_m"] = json!(self.rng.random_range(0..400)),
        }
    }

    fn distance_m(&mut self) -> u64 {
        [100, 250, 500, 800][self.rng.random_range(0..4)]
    }

    fn grace_s(&mut self) -> u64 {
        [0, 60, 120, 300, 600][self.rng.random_range(0..5)]
    }

    fn rule(&mut self, rule: u64, person: usize) -> Value {
        let mut v = match self.rng.random_range(0..10) {
            0..=3 => self.keep_away(rule, person),
            4..=5 => self.stay_in(rule),
            6..=7 => self.report(rule),
            _ => self.keep_out(rule),
        };
        if self.chance(0.3) {
            v["active"] = self.hours();
        }
        v
    }

    fn keep_away(&mut self, rule: u64, person: usize) -> Value {
        let mut other = match self.rng.random_range(0..8) {
            0 => self.rng.random_range(0..6),
            1..=2 => 5,
            _ => 4,
        };
        if other == person {
            // The way back: she is kept away from him.
            other = if person == 0 { 4 } else { 0 };
        }
        let d = self.distance_m();
        let mut v = json!({"rule": rule, "kind": "keep_away", "person": self.people[other].id,
            "distance_m": d});
        match self.rng.random_range(0..4) {
            0 => {}
            1 => v["warn_m"] = json!(d),
            _ => v["warn_m"] = json!(2 * d),
        }
        v
    }

    fn stay_in(&mut self, rule: u64) -> Value {
        let mut zones: Vec<u64> = Vec::new();
        for _ in 0..self.rng.random_range(1..=2) {
            zones.extend(self.any_zone());
        }
        zones.sort_unstable();
        zones.dedup();
        if zones.is_empty() {
            return self.report(rule);
        }
        json!({"rule": rule, "kind": "stay_in", "zones": zones, "grace_s": self.grace_s()})
    }

    fn report(&mut self, rule: u64) -> Value {
        let mut v = json!({"rule": rule, "kind": "report"});
        let which = self.rng.random_range(0..6);
        if which != 0 {
            v["max_silence_s"] = json!([60, 90, 120, 180, 300, 600][self.rng.random_range(0..6)]);
        }
        if which != 1 {
            v["max_no_fix_s"] = json!([60, 120, 240, 300, 600][self.rng.random_range(0..5)]);
        }
        v
    }

    fn keep_out(&mut self, rule: u64) -> Value {
        let mut v = json!({"rule": rule, "kind": "keep_out"});
        match self.any_zone() {
            Some(z) if self.rng.random_bool(0.7) => v["zone"] = json!(z),
            _ => v["layer"] = json!(self.rng.random_range(1..=3)),
        }
        if self.chance(0.5) {
            v["warn_m"] = json!([0, 50, 200, 300][self.rng.random_range(0..4)]);
        }
        if self.chance(0.3) {
            v["confirm_fixes"] = json!(self.rng.random_range(0..4));
        }
        v
    }
}
