//! Fixes with noise: coarse, doubtful, far off, early, late, and told again.

use super::{MINUTE, Sim, stamp};
use rand::Rng;
use serde_json::json;

impl Sim<'_> {
    pub(super) fn fix(&mut self) {
        let all = if self.chance(0.1) { 5 } else { 3 };
        let id = 9001 + self.rng.random_range(0..all);
        self.fix_of(id);
    }

    /// A fix of a device, sent now or held back.
    pub(super) fn fix_of(&mut self, id: u64) {
        let Some(mut d) = self.devices.get(&id).cloned() else {
            return;
        };
        if let Some(again) = d.last.clone().filter(|_| self.rng.random_bool(0.03)) {
            self.put(again);
            return;
        }
        d.seq += 1;
        let at = d.person.map_or((0.0, 0.0), |p| self.people[p].at);
        let speed = d.person.map_or(0.0, |p| self.people[p].speed);
        let mut accuracy = self.rng.random_range(3..20) as f64;
        let mut time = match self.rng.random_range(0..10) {
            0..=3 => self.now,
            4..=5 => self.now - self.now % MINUTE,
            _ => self.now - self.rng.random_range(0..20_000),
        } - self.desk.back_ms;
        let mut noise = accuracy;
        let mut v = json!({"type": "fix", "device": id, "seq": d.seq, "source": "gnss"});
        match self.rng.random_range(0..40) {
            0..=2 => {
                accuracy = f64::from(self.rng.random_range(140..800));
                noise = accuracy * 0.5;
                v["source"] = json!("cell");
            }
            3 => v["flags"] = json!(["mock"]),
            4 => v["flags"] = json!(["clock_unsynced", "backlog"]),
            5 => v["assurance"] = json!("none"),
            6..=7 => noise = 20_000.0,
            8 if self.options.future => time = self.now + self.rng.random_range(1_000..300_000),
            9 => v["flags"] = json!(["moving"]),
            10 => noise = 3_000.0,
            _ => {}
        }
        let (dx, dy) =
            (self.rng.random_range(-noise..=noise), self.rng.random_range(-noise..=noise));
        let mut spot = self.city.degrees((at.0 + dx, at.1 + dy));
        if let Some(s) = d.spot
            && self.chance(0.06)
        {
            spot = s;
        }
        d.spot = Some(spot);
        v["lon"] = json!(spot.0);
        v["lat"] = json!(spot.1);
        v["time"] = stamp(time);
        if self.chance(0.95) {
            v["accuracy_m"] = json!(accuracy);
        }
        if self.chance(0.5) {
            v["speed_mps"] = json!(speed);
        }
        d.last = Some(v.clone());
        self.devices.insert(id, d);
        if self.options.late && self.chance(0.12) {
            let after = if self.chance(0.05) { 200 } else { self.rng.random_range(1..40) };
            self.held.push((self.out.len() + after, v));
        } else {
            self.put(v);
        }
    }
}
