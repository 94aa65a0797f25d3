//! Lines that must be refused.

use super::{Sim, stamp};
use rand::Rng;
use serde_json::json;

impl Sim<'_> {
    /// A line that must be refused, of any kind of scenario.
    pub(super) fn bad(&mut self) {
        let v = match self.rng.random_range(0..8) {
            0 => {
                self.write("{not json".into());
                return;
            }
            1 => json!({"type": "tick", "extra": 1}),
            2 => {
                json!({"type": "fix", "device": 9001, "seq": 7, "time": stamp(self.now),
                    "lat": 91.0, "lon": 0.0})
            }
            3 => json!({"type": "remove_zone", "zone": 77}),
            4 => json!({"type": "put_zone", "zone": 5, "geometry": {"type": "Polygon",
                "coordinates": [[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]]}}),
            5 => json!({"type": "end_order", "order": 99, "reason": "none"}),
            6 => {
                json!({"type": "put_order", "order": 1, "kind": "court", "person": 1001,
                    "from": stamp(self.now),
                "until": stamp(self.now), "rules": [{"rule": 1, "kind": "keep_out", "layer": 1}]})
            }
            _ => json!({"type": "wave"}),
        };
        self.put(v);
    }

    /// A line that must be refused, of the rules that are not keep_out.
    pub(super) fn bad_rule(&mut self) {
        let rule = match self.rng.random_range(0..8) {
            0 => json!({"rule": 1, "kind": "keep_away", "person": 1001, "distance_m": 100}),
            1 => json!({"rule": 1, "kind": "keep_away", "person": 2001, "distance_m": 0}),
            2 => json!({"rule": 1, "kind": "keep_away", "person": 2001, "distance_m": 300,
                "warn_m": 200}),
            3 => json!({"rule": 1, "kind": "keep_away", "person": 2001, "distance_m": 300,
                "confirm_fixes": 1}),
            4 => json!({"rule": 1, "kind": "stay_in", "zones": []}),
            5 => json!({"rule": 1, "kind": "stay_in", "zones": [77], "grace_s": 60}),
            6 => json!({"rule": 1, "kind": "report"}),
            _ => json!({"rule": 1, "kind": "report", "max_silence_s": 0}),
        };
        self.put(json!({"type": "put_order", "order": 1, "kind": "supervision", "person": 1001,
            "from": stamp(self.now), "until": stamp(self.now + 3_600_000), "rules": [rule]}));
    }
}
