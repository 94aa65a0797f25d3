//! Each main rule by a small log written by hand.

use serde_json::{Value, json};
use wardline_sim::Oracle;

/// A log around one circle of 100 m at 42.87 N 74.6 E; metres are east of its centre.
struct Log(Oracle, u64);

const EAST: f64 = 81_740.9;

fn time(s: f64) -> String {
    let t = jiff::Timestamp::from_millisecond(1_772_352_000_000 + (s * 1000.0) as i64);
    t.map(|t| format!("{t:.3}")).unwrap_or_default()
}

impl Log {
    fn new(rule: Value) -> Self {
        Self::with(rule, json!([]))
    }

    fn with(mut rule: Value, permits: Value) -> Self {
        let mut l = Self(Oracle::new(), 0);
        rule["rule"] = json!(1);
        rule["kind"] = json!("keep_out");
        rule["zone"] = json!(5);
        l.zone(0.0, 100.0);
        l.order(0.0, 0.0, 86_400.0, rule, permits);
        l.put(0.0, json!({"type": "assign_device", "device": 9, "person": 1, "kind": "bracelet"}));
        l
    }

    fn put(&mut self, at: f64, mut v: Value) -> Vec<Value> {
        v["at"] = json!(time(at));
        self.0.line(&v.to_string())
    }

    fn zone(&mut self, at: f64, radius: f64) -> Vec<Value> {
        let g = json!({"type": "Point", "coordinates": [74.6, 42.87], "radius_m": radius});
        self.put(at, json!({"type": "put_zone", "zone": 5, "geometry": g}))
    }

    fn order(&mut self, at: f64, from: f64, until: f64, rule: Value, permits: Value) -> Vec<Value> {
        let v = json!({"type": "put_order", "order": 17, "kind": "court", "person": 1,
            "from": time(from),
            "until": time(until), "rules": [rule], "permits": permits});
        self.put(at, v)
    }

    fn fix(&mut self, at: f64, t: f64, metres: f64, more: Value) -> Vec<Value> {
        self.1 += 1;
        let mut v = json!({"type": "fix", "device": 9, "seq": self.1, "time": time(t), "lat": 42.87,
            "lon": 74.6 + metres / EAST, "accuracy_m": 10.0});
        for (k, x) in more.as_object().into_iter().flatten() {
            v[k] = x.clone();
        }
        self.put(at, v)
    }

    fn at(&mut self, t: f64, metres: f64) -> Vec<String> {
        short(&self.fix(t, t, metres, json!({})))
    }

    fn tick(&mut self, at: f64) -> Vec<String> {
        short(&self.put(at, json!({"type": "tick"})))
    }
}

/// kind phase cause certainty seconds, with P for permitted, L for late, W for withdrawn.
fn short(events: &[Value]) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_string();
    let one = |e: &Value| {
        let t: jiff::Timestamp = text(&e["time"]).parse().unwrap_or_default();
        let mut s = format!(
            "{} {} {} {}",
            text(&e["kind"]),
            text(&e["phase"]),
            text(&e["cause"]),
            text(&e["certainty"])
        );
        s += &format!(" {}", (t.as_millisecond() - 1_772_352_000_000) as f64 / 1000.0);
        for (k, c) in [("permitted", " P"), ("late", " L"), ("withdrawn", " W")] {
            if e[k] == true {
                s += c;
            }
        }
        s
    };
    // Nobody acknowledges here; escalations have tests of their own.
    events.iter().filter(|e| e["kind"] != "escalated").map(one).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

// J-BREACH-1 J-BREACH-3 J-BREACH-5 J-PAIR-2
#[test]
fn breach_opens_and_closes() {
    let mut l = Log::new(json!({"warn_m": 200}));
    assert_eq!(l.at(10.0, 500.0), none());
    assert_eq!(l.at(70.0, 250.0), ["warning started fix certain 70"]);
    let e = l.fix(130.0, 130.0, 95.0, json!({}));
    assert_eq!(short(&e), ["breach started fix probable 130"]);
    assert_eq!(e[0]["episode"], "17.1.9.breach.1");
    assert_eq!(e[0]["id"], "6.17.0");
    assert!((e[0]["distance_m"].as_f64().unwrap_or(0.0) + 5.0).abs() < 0.1);
    assert_eq!(l.at(140.0, 115.0), none());
    assert_eq!(l.at(150.0, 125.0), ["breach ended fix probable 150"]);
    assert_eq!(l.at(160.0, 50.0), ["breach started fix certain 160"]);
}

// J-BREACH-2
#[test]
fn coarse_fix_opens_only_deep_inside() {
    let mut l = Log::new(json!({}));
    l.zone(1.0, 1000.0);
    assert_eq!(short(&l.fix(10.0, 10.0, 700.0, json!({"accuracy_m": 400}))), none());
    assert_eq!(
        short(&l.fix(20.0, 20.0, 500.0, json!({"accuracy_m": 400}))),
        ["breach started fix certain 20"]
    );
    assert_eq!(short(&l.fix(30.0, 30.0, 5000.0, json!({"accuracy_m": 400}))), none());
}

// J-BREACH-4
#[test]
fn confirm_fixes() {
    let mut l = Log::new(json!({"confirm_fixes": 2}));
    l.at(10.0, 50.0);
    l.at(20.0, 50.0);
    assert_eq!(l.at(30.0, 105.0), none());
    l.at(40.0, 50.0);
    l.at(50.0, 50.0);
    l.zone(55.0, 101.0);
    assert_eq!(l.at(60.0, 95.0), ["breach started fix probable 40"]);
}

// J-CROSS-1
#[test]
fn crossing() {
    let mut l = Log::new(json!({}));
    l.at(10.0, -300.0);
    let e = l.at(60.0, 300.0);
    assert_eq!(e, ["breach started fix crossed 10", "breach ended fix crossed 60"]);
    assert_eq!(l.at(361.0, -300.0), none());
}

// J-PERMIT-1
#[test]
fn permits() {
    let mut l = Log::with(json!({}), json!([{"zone": 5, "active": [[time(0.0), time(100.0)]]}]));
    assert_eq!(l.at(10.0, 50.0), ["breach started fix certain 10 P"]);
    assert_eq!(
        l.tick(100.0),
        ["breach ended permit_ended certain 100 P", "breach started permit_ended certain 100"]
    );
}

// J-SCHED-1 J-SCHED-2 J-ORDER-1 J-TIME-4
#[test]
fn intervals_start_and_end() {
    let mut l =
        Log::new(json!({"active": [[time(100.0), time(200.0)], [time(200.0), time(300.0)]]}));
    assert_eq!(l.at(50.0, 50.0), none());
    assert_eq!(l.tick(99.999), none());
    let e = l.tick(300.0);
    assert_eq!(
        e,
        ["breach started rule_started certain 100", "breach ended rule_ended certain 300"]
    );
}

// J-SCHED-1
#[test]
fn zone_and_order_changes() {
    let mut l = Log::new(json!({}));
    l.at(10.0, 150.0);
    assert_eq!(short(&l.zone(20.0, 200.0)), ["breach started zone_changed certain 20"]);
    assert_eq!(short(&l.zone(30.0, 50.0)), ["breach ended zone_changed certain 30"]);
    l.at(40.0, 10.0);
    let e = short(&l.put(50.0, json!({"type": "remove_zone", "zone": 5})));
    assert_eq!(e, ["breach ended zone_removed certain 50"]);
    assert_eq!(short(&l.zone(60.0, 50.0)), ["breach started zone_changed certain 60"]);
    let e = short(&l.put(70.0, json!({"type": "end_order", "order": 17, "reason": "revoked"})));
    assert_eq!(e, ["breach ended rule_ended certain 70"]);
    let e = short(&l.put(71.0, json!({"type": "end_order", "order": 17, "reason": "revoked"})));
    assert_eq!(e, ["refused noted - - 71"]);
}

// J-FIX-4 J-FIX-6
#[test]
fn doubtful_fixes_open_but_do_not_close() {
    let mut l = Log::new(json!({}));
    let e = l.fix(10.0, 10.0, 10.0, json!({"flags": ["mock"]}));
    assert_eq!(short(&e), ["breach started fix probable 10"]);
    assert_eq!(e[0]["fix"]["sound"], false);
    assert_eq!(short(&l.fix(20.0, 20.0, 300.0, json!({"assurance": "none"}))), none());
    assert_eq!(short(&l.fix(30.0, 30.0, 300.0, json!({"flags": ["moving"]}))), none());
    assert_eq!(l.at(40.0, 300.0), ["breach ended fix probable 40"]);
}

// J-FIX-3 J-TIME-2
#[test]
fn time_far_ahead_is_doubtful() {
    let mut l = Log::new(json!({}));
    assert_eq!(short(&l.fix(10.0, 131.0, 10.0, json!({}))), ["breach started fix probable 10"]);
}

// J-FIX-5
#[test]
fn implausible_fixes() {
    let mut l = Log::new(json!({}));
    l.at(10.0, 10.0);
    assert_eq!(l.at(20.0, 50_000.0), ["suspect_motion noted fix - 20"]);
    assert_eq!(l.at(50.0, 50_000.0), none());
    assert_eq!(l.at(80.0, 50_000.0), ["breach ended fix certain 80"]);
}

// J-FIX-1 J-FIX-2
#[test]
fn assignment() {
    let mut l = Log::new(json!({}));
    assert_eq!(short(&l.fix(10.0, -1.0, 10.0, json!({}))), ["refused noted - - -1"]);
    assert_eq!(l.at(20.0, 10.0), ["breach started fix certain 20"]);
    l.1 -= 1;
    assert_eq!(short(&l.fix(30.0, 20.0, 500.0, json!({}))), none());
    let v = json!({"type": "assign_device", "device": 9, "person": 2, "kind": "bracelet"});
    assert_eq!(short(&l.put(40.0, v)), ["breach ended device_released certain 40"]);
    assert_eq!(l.at(50.0, 10.0), ["no_order noted - - 50"]);
    assert_eq!(l.at(60.0, 10.0), none());
    l.put(70.0, json!({"type": "release_device", "device": 9}));
    assert_eq!(l.at(80.0, 10.0), ["unassigned noted - - 80"]);
    assert_eq!(l.at(90.0, 10.0), none());
}

// J-LATE-1 J-PAIR-1
#[test]
fn late_fix_moves_withdraws_and_splits() {
    let mut l = Log::new(json!({}));
    l.at(10.0, 400.0);
    l.at(100.0, 10.0);
    let e = l.fix(110.0, 60.0, 20.0, json!({}));
    assert_eq!(short(&e), ["breach amended fix certain 60 L"]);
    assert_eq!(e[0]["start"], time(60.0));
    assert_eq!(e[0]["end"], Value::Null);
    let e = short(&l.fix(120.0, 80.0, 400.0, json!({})));
    assert_eq!(e, ["breach ended fix certain 80 L", "breach started fix certain 100 L"]);
}

// J-PAIR-1
#[test]
fn late_doubt_withdraws() {
    let mut l = Log::new(json!({"confirm_fixes": 1}));
    l.at(10.0, 10.0);
    assert_eq!(l.at(30.0, 10.0), ["breach started fix certain 10"]);
    let e = l.fix(40.0, 20.0, 400.0, json!({}));
    assert_eq!(short(&e), ["breach ended fix certain 20 L", "breach amended fix certain 20 L W"]);
}

// J-LATE-2
#[test]
fn beyond_the_history() {
    let mut l = Log::new(json!({}));
    for i in 0..32 {
        l.at(100.0 + f64::from(i), 400.0 + f64::from(i));
    }
    let e = short(&l.fix(200.0, 50.0, 10.0, json!({})));
    assert_eq!(e, ["breach started fix certain 50 L", "breach ended fix certain 50 L"]);
    l.zone(210.0, 90.0);
    assert_eq!(short(&l.fix(220.0, 51.0, 10.0, json!({}))), ["unjudged noted fix - 51 L"]);
}

// J-TIME-3
#[test]
fn configuration_at_the_same_time_comes_first() {
    let mut l = Log::new(json!({}));
    assert_eq!(l.at(10.0, 150.0), none());
    assert_eq!(short(&l.zone(10.0, 200.0)), ["breach started fix certain 10"]);
}

// J-TIME-1 J-REFUSE-1
#[test]
fn bad_input() {
    let mut l = Log::new(json!({}));
    assert_eq!(short(&l.0.line("{nonsense")), ["refused noted - - 0"]);
    assert_eq!(l.0.line("{nonsense")[0]["line"], 5);
    assert_eq!(short(&l.put(50.0, json!({"type": "tick", "more": 1}))), ["refused noted - - 50"]);
    assert_eq!(l.tick(20.0), none());
    for ring in [
        json!([[0, 0], [1, 1], [1, 0], [0, 2], [0, 0]]),
        json!([[0, 0], [1, 0], [1, 1], [0, 1]]),
        json!([[0, 0], [1, 0], [2, 0], [0, 0]]),
        json!([[-100, 0], [100, 0], [100, 1], [-100, 0]]),
        json!([[0, 89], [1, 90], [2, 89], [0, 89]]),
    ] {
        let g = json!({"type": "Polygon", "coordinates": [ring]});
        let e = l.put(60.0, json!({"type": "put_zone", "zone": 6, "geometry": g}));
        assert_eq!(short(&e), ["refused noted - - 60"]);
    }
}
