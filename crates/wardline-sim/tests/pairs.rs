//! keep_away: breach, warning and degraded between two persons.

mod common;

use common::{Log, none, say, short, time};
use serde_json::{Value, json};

/// Person 1 with device 9 must stay 500 m from person 2 with device 20.
fn log() -> Log {
    let mut l = Log::with(away());
    l.assign(0.0, 20, 2);
    l
}

fn away() -> Value {
    json!([{"rule": 2, "kind": "keep_away", "person": 2, "distance_m": 500, "warn_m": 1000}])
}

fn degraded(events: &[Value]) -> Vec<String> {
    events.iter().filter(|e| e["kind"] == "degraded").map(say).collect()
}

// J-PROX-1 J-BREACH-1 J-BREACH-3 J-BREACH-5
#[test]
fn either_party_may_come_near() {
    let mut l = log();
    assert_eq!(l.fix(9, 10.0, 0.0), none());
    assert_eq!(l.fix(20, 20.0, 2000.0), none());
    // She walks up to him.
    assert_eq!(l.fix(20, 60.0, 900.0), ["warning started fix certain 60"]);
    let e = l.fix_with(20, 100.0, 100.0, 400.0, json!({}));
    assert_eq!(short(&e), ["breach started fix certain 100"]);
    assert_eq!(e[0]["episode"], "17.2.9.breach.1");
    assert_eq!((&e[0]["other_person"], &e[0]["other_device"]), (&json!(2), &json!(20)));
    assert_eq!((&e[0]["fix_age_ms"], &e[0]["other_age_ms"]), (&json!(90_000), &json!(0)));
    assert_eq!((&e[0]["fix"]["device"], &e[0]["other_fix"]["device"]), (&json!(9), &json!(20)));
    assert_eq!((&e[0]["threshold_m"], &e[0]["zone"]), (&json!(500.0), &Value::Null));
    assert!((e[0]["distance_m"].as_f64().unwrap_or(0.0) - 400.0).abs() < 0.5);
    // a is the sum of both, here 20 m.
    assert_eq!(l.fix(9, 110.0, -119.0), none());
    assert_eq!(l.fix(9, 120.0, -121.0), ["breach ended fix certain 120"]);
    assert_eq!(l.fix(9, 130.0, -99.0), ["breach started fix probable 130"]);
}

// J-BREACH-2 J-BREACH-1: coarse or doubtful if either is.
#[test]
fn the_worth_of_a_pair() {
    let mut l = log();
    l.fix(9, 10.0, 0.0);
    let coarse = json!({"accuracy_m": 200});
    assert_eq!(
        short(&l.fix_with(20, 20.0, 20.0, 300.0, coarse.clone())),
        ["warning started fix certain 20"]
    );
    let e = short(&l.fix_with(20, 30.0, 30.0, 280.0, coarse.clone()));
    assert_eq!(e, ["breach started fix certain 30"]);
    assert_eq!(short(&l.fix_with(20, 40.0, 40.0, 1500.0, coarse)), none());
    assert_eq!(short(&l.fix_with(20, 50.0, 50.0, 1500.0, json!({"flags": ["mock"]}))), none());
    let e = ["breach ended fix certain 60", "warning ended fix certain 60"];
    assert_eq!(l.fix(20, 60.0, 1500.0), e);
    let e = short(&l.fix_with(9, 70.0, 70.0, 1200.0, json!({"flags": ["mock"]})));
    assert_eq!(e, ["breach started fix probable 70", "warning started fix probable 70"]);
}

// J-STALE-1 J-BREACH-5: an old position opens, is never certain, and closes nothing.
#[test]
fn a_stale_party() {
    let mut l = log();
    l.fix(9, 10.0, 0.0);
    l.fix(20, 10.0, 3000.0);
    let e = ["breach started fix probable 190", "warning started fix probable 190"];
    assert_eq!(l.fix(20, 190.0, 100.0), e);
    assert_eq!(l.fix(20, 250.0, 3000.0), none());
    let e = ["breach ended fix probable 260", "warning ended fix probable 260"];
    assert_eq!(l.fix(9, 260.0, 0.0), e);
}

// J-PROX-1: of her devices the newest reference fix counts.
#[test]
fn two_devices_of_hers_and_two_of_his() {
    let mut l = log();
    l.assign(1.0, 21, 2);
    l.assign(1.0, 10, 1);
    l.fix(20, 10.0, 3000.0);
    l.fix(21, 20.0, 100.0);
    let e = ["breach started fix certain 30", "warning started fix certain 30"];
    assert_eq!(l.fix(9, 30.0, 0.0), e);
    let e = l.fix_with(10, 31.0, 31.0, 0.0, json!({}));
    assert_eq!(short(&e), ["breach started fix certain 31", "warning started fix certain 31"]);
    assert!(e.iter().any(|e| e["episode"] == "17.2.10.breach.1"));
    // Her other device, far away, is newer now.
    let e = l.fix(20, 40.0, 3000.0);
    assert_eq!(e[..2], ["breach ended fix certain 40", "breach ended fix certain 40"]);
    assert_eq!(e[2..], ["warning ended fix certain 40", "warning ended fix certain 40"]);
    // Released, it is no reference any more.
    assert_eq!(l.release(45.0, 20), none());
    let e = ["breach started fix certain 50", "warning started fix certain 50"];
    assert_eq!(l.fix(9, 50.0, 0.0), e);
}

// J-PROX-1 J-TIME-3 J-PAIR-1: what arrives later is inserted, and the rest judged again.
#[test]
fn late_fixes_of_either_party() {
    let mut l = log();
    l.fix(9, 10.0, 0.0);
    l.fix(20, 20.0, 2000.0);
    l.fix(20, 100.0, 2000.0);
    let e = l.fix_with(20, 110.0, 60.0, 100.0, json!({}));
    let told = [
        "breach started fix certain 60 L",
        "breach ended fix certain 100 L",
        "warning started fix certain 60 L",
        "warning ended fix certain 100 L",
    ];
    assert_eq!(short(&e), told);
    // He was elsewhere then.
    let e = short(&l.fix_with(9, 120.0, 50.0, -2000.0, json!({})));
    assert_eq!(e, ["breach amended fix certain 50 W", "warning amended fix certain 50 W"]);
}

// J-SCHED-1 J-SCHED-2: both reference fixes must be at most 180 s old.
#[test]
fn orders_start_between_two_who_are_near() {
    let mut l = Log::new();
    l.assign(0.0, 9, 1);
    l.assign(0.0, 20, 2);
    l.fix(9, 10.0, 0.0);
    l.fix(20, 20.0, 100.0);
    let e = ["breach started rule_started certain 30", "warning started rule_started certain 30"];
    assert_eq!(l.order(30.0, 17, 1, away()), e);
    let mut other = away();
    other[0]["distance_m"] = json!(50);
    other[0]["warn_m"] = json!(60);
    let e = ["breach ended order_changed certain 40", "warning ended order_changed certain 40"];
    assert_eq!(l.order(40.0, 17, 1, other.clone()), e);
    let e = ["breach started order_changed certain 50", "warning started order_changed certain 50"];
    assert_eq!(l.order(50.0, 17, 1, away()), e);
    other[0]["person"] = json!(3);
    let e = ["breach ended rule_ended certain 60", "warning ended rule_ended certain 60"];
    assert_eq!(l.order(60.0, 17, 1, other), e);
    assert_eq!(l.order(191.0, 18, 1, away()), none());
}

// J-PERMIT-1
#[test]
fn a_meeting_that_is_permitted() {
    let mut l = Log::new();
    l.assign(0.0, 9, 1);
    l.assign(0.0, 20, 2);
    let v = json!({"type": "put_order", "order": 17, "kind": "court", "person": 1,
        "from": time(0.0), "until": time(9000.0), "permits": [{"zone": 5,
        "active": [[time(0.0), time(100.0)]]}], "rules": [{"rule": 2, "kind": "keep_away",
        "person": 2, "distance_m": 500}]});
    l.put(0.0, v);
    l.fix(9, 10.0, 0.0);
    assert_eq!(l.fix(20, 20.0, 300.0), ["breach started fix certain 20 P"]);
    let e = ["breach ended permit_ended certain 100 P", "breach started permit_ended certain 100"];
    assert_eq!(l.tick(100.0), e);
    assert_eq!(l.zone(110.0, 5, 0.0, 90.0), none());
}

// J-LATE-2 J-PROX-1: older than her history, or than the release of a device of hers.
#[test]
fn too_late_for_the_pair() {
    let mut l = log();
    l.fix(9, 5.0, 4000.0);
    for i in 0..32 {
        l.fix(20, 100.0 + f64::from(i), 0.0);
    }
    let e = l.fix_with(9, 140.0, 50.0, 4000.0, json!({}));
    assert_eq!(short(&e), ["unjudged noted fix 50"]);
    assert_eq!((&e[0]["rule"], &e[0]["device"]), (&json!(2), &json!(9)));
    let mut l = log();
    l.fix(9, 10.0, 0.0);
    l.fix(20, 20.0, 3000.0);
    assert_eq!(l.release(100.0, 20), none());
    let e = short(&l.fix_with(9, 110.0, 90.0, 2900.0, json!({})));
    assert_eq!(e, ["unjudged noted fix 90"]);
    assert_eq!(l.fix(9, 120.0, 2900.0), none());
}

// J-STALE-1
#[test]
fn degraded_while_a_position_is_missing() {
    let mut l = Log::new();
    l.assign(0.0, 9, 1);
    l.assign(0.0, 20, 2);
    let v = json!({"type": "put_order", "order": 17, "kind": "court", "person": 1,
        "from": time(0.0), "until": time(9000.0), "rules": away()});
    let e = l.put(5.0, v);
    assert_eq!(degraded(&e), ["degraded started rule_started 5"]);
    assert_eq!((&e[0]["episode"], &e[0]["other_person"]), (&json!("17.2.9.degraded.1"), &json!(2)));
    assert_eq!(degraded(&l.fix_with(9, 10.0, 10.0, 0.0, json!({}))), none());
    let e = l.fix_with(20, 30.0, 20.0, 3000.0, json!({}));
    assert_eq!(degraded(&e), ["degraded ended fix 30"]);
    assert_eq!(degraded(&l.put(190.0, json!({"type": "tick"}))), none());
    let e = degraded(&l.put(191.0, json!({"type": "tick"})));
    assert_eq!(e, ["degraded started timer 190"]);
    let e = degraded(&l.fix_with(9, 195.0, 195.0, 0.0, json!({"flags": ["mock"]})));
    assert_eq!(e, none());
    let e = degraded(&l.fix_with(9, 196.0, 196.0, 0.0, json!({})));
    assert_eq!(e, ["degraded ended fix 196"]);
    let e = l.put(197.0, json!({"type": "release_device", "device": 9}));
    // J-STALE-2: without a device there is nothing to judge.
    assert_eq!(degraded(&e), none());
    let e = l.put(
        198.0,
        json!({"type": "assign_device", "device": 9, "person": 1,
        "kind": "phone"}),
    );
    assert_eq!(degraded(&e), ["degraded started rule_started 198"]);
    let e = l.put(199.0, json!({"type": "end_order", "order": 17, "reason": "over"}));
    assert_eq!(degraded(&e), ["degraded ended rule_ended 199"]);
}

// J-SCHED-2 J-FIX-15
#[test]
fn his_device_is_released() {
    let mut l = log();
    l.fix(20, 10.0, 100.0);
    l.fix(9, 20.0, 0.0);
    let e = ["breach ended device_released certain 30", "warning ended device_released certain 30"];
    assert_eq!(l.assign(30.0, 9, 3), e);
}

// J-FIX-1: a protected person is in an order, too.
#[test]
fn no_order_looks_at_both_sides() {
    let mut l = log();
    assert_eq!(l.fix(20, 10.0, 3000.0), none());
    l.assign(20.0, 30, 3);
    assert_eq!(l.fix(30, 30.0, 3000.0), ["no_order noted 30"]);
}

// J-REFUSE-1
#[test]
fn bad_rules() {
    let mut l = Log::new();
    let rule = |person: u64, distance: f64, more: Value| {
        let mut r = json!({"rule": 1, "kind": "keep_away", "person": person,
            "distance_m": distance});
        for (k, x) in more.as_object().into_iter().flatten() {
            r[k] = x.clone();
        }
        json!([r])
    };
    for bad in [
        rule(1, 100.0, json!({})),
        rule(2, 0.0, json!({})),
        rule(2, 100.0, json!({"warn_m": 99})),
        rule(2, 100.0, json!({"confirm_fixes": 1})),
        rule(0, 100.0, json!({})),
    ] {
        let e = l.order(1.0, 17, 1, bad);
        assert!(e.len() == 1 && e[0].starts_with("refused noted"), "{e:?}");
    }
    assert_eq!(l.order(1.0, 17, 1, rule(2, 100.0, json!({"warn_m": 100}))), none());
}
