//! stay_in.

mod common;

use common::{Log, none, short, time};
use serde_json::{Value, json};

fn home(grace_s: u64) -> Value {
    json!([{"rule": 3, "kind": "stay_in", "zones": [5, 6], "grace_s": grace_s}])
}

// J-ABSENCE-1
#[test]
fn absence_opens_outside_and_closes_inside() {
    let mut l = Log::with(home(0));
    assert_eq!(l.fix(9, 10.0, 50.0), none());
    assert_eq!(l.fix(9, 20.0, 115.0), none());
    let e = l.fix_with(9, 30.0, 30.0, 130.0, json!({}));
    assert_eq!(short(&e), ["absence started fix certain 30"]);
    assert_eq!((&e[0]["zone"], &e[0]["zone_version"]), (&json!(5), &json!(1)));
    assert_eq!((&e[0]["threshold_m"], &e[0]["permitted"]), (&json!(0.0), &json!(false)));
    assert!((e[0]["distance_m"].as_f64().unwrap_or(0.0) - 30.0).abs() < 0.1);
    assert_eq!(l.fix(9, 40.0, 101.0), none());
    let e = l.fix_with(9, 150.0, 150.0, 2050.0, json!({}));
    assert_eq!(short(&e), ["absence ended fix certain 150"]);
    assert_eq!(e[0]["zone"], 6);
}

// J-ABSENCE-1: a doubtful fix opens, a coarse one does not, and neither closes.
#[test]
fn absence_and_the_worth_of_fixes() {
    let mut l = Log::with(home(0));
    assert_eq!(short(&l.fix_with(9, 10.0, 10.0, 900.0, json!({"accuracy_m": 200}))), none());
    let e = l.fix_with(9, 20.0, 20.0, 900.0, json!({"flags": ["mock"]}));
    assert_eq!(short(&e), ["absence started fix probable 20"]);
    assert_eq!(short(&l.fix_with(9, 30.0, 30.0, 0.0, json!({"flags": ["mock"]}))), none());
    assert_eq!(short(&l.fix_with(9, 40.0, 40.0, 0.0, json!({"accuracy_m": 200}))), none());
    assert_eq!(l.fix(9, 50.0, 0.0), ["absence ended fix probable 50"]);
}

// J-ABSENCE-1 J-SCHED-1
#[test]
fn grace_ends_at_its_instant() {
    let mut l = Log::with(home(60));
    assert_eq!(l.fix(9, 50.0, 500.0), none());
    assert_eq!(l.tick(59.999), none());
    assert_eq!(l.tick(70.0), ["absence started grace_ended certain 60"]);
    // Without a fix nobody is absent.
    let mut l = Log::with(home(60));
    assert_eq!(l.tick(70.0), none());
    assert_eq!(l.fix(9, 80.0, 500.0), ["absence started fix certain 80"]);
    // A fix that is too old at the end of grace waits for the next one.
    let mut l = Log::with(home(200));
    l.fix(9, 10.0, 500.0);
    assert_eq!(l.tick(210.0), none());
}

// J-ABSENCE-1: edits and assignment do not restart grace; the end of the order does.
#[test]
fn grace_over_edits() {
    let mut l = Log::with(home(60));
    l.fix(9, 10.0, 500.0);
    assert_eq!(l.order(30.0, 17, 1, home(60)), none());
    assert_eq!(l.tick(60.0), ["absence started grace_ended certain 60"]);
    let mut l = Log::with(home(60));
    l.fix(9, 10.0, 500.0);
    assert_eq!(l.order(30.0, 17, 1, home(20)), ["absence started order_changed certain 30"]);
    let mut l = Log::with(home(60));
    l.fix(9, 10.0, 500.0);
    l.end_order(30.0, 17);
    l.order(40.0, 17, 1, home(60));
    assert_eq!(l.tick(99.0), none());
    assert_eq!(l.tick(100.0), ["absence started grace_ended certain 100"]);
}

// J-ABSENCE-1 J-SCHED-2
#[test]
fn zones_removed_and_put_again() {
    let mut l = Log::with(home(0));
    assert_eq!(l.fix(9, 10.0, 1000.0), ["absence started fix certain 10"]);
    assert_eq!(l.remove_zone(20.0, 5), none());
    assert_eq!(l.remove_zone(30.0, 6), ["absence ended zone_removed certain 30"]);
    assert_eq!(l.fix(9, 40.0, 1000.0), none());
    assert_eq!(l.zone(50.0, 6, 0.0, 100.0), ["absence started rule_started certain 50"]);
    assert_eq!(l.zone(60.0, 6, 0.0, 1200.0), ["absence ended zone_changed certain 60"]);
    assert_eq!(l.zone(70.0, 6, 0.0, 900.0), ["absence started zone_changed certain 70"]);
    assert_eq!(l.end_order(80.0, 17), ["absence ended rule_ended certain 80"]);
}

// J-SCHED-1 J-SCHED-2
#[test]
fn curfew_hours() {
    let mut rule = home(0);
    rule[0]["active"] = json!([[time(100.0), time(200.0)]]);
    let mut l = Log::with(rule);
    assert_eq!(l.fix(9, 50.0, 500.0), none());
    let e = ["absence started rule_started certain 100", "absence ended rule_ended certain 200"];
    assert_eq!(l.tick(300.0), e);
}

// J-TIME-3 J-PAIR-1
#[test]
fn a_late_fix_amends() {
    let mut l = Log::with(home(0));
    l.fix(9, 10.0, 0.0);
    assert_eq!(l.fix(9, 100.0, 500.0), ["absence started fix certain 100"]);
    let e = l.fix_with(9, 110.0, 60.0, 300.0, json!({}));
    assert_eq!(short(&e), ["absence amended fix certain 60 L"]);
    assert_eq!((&e[0]["start"], &e[0]["end"]), (&json!(time(60.0)), &Value::Null));
}

// J-REFUSE-1
#[test]
fn bad_rules() {
    let mut l = Log::new();
    for bad in [
        json!({"rule": 1, "kind": "stay_in", "zones": []}),
        json!({"rule": 1, "kind": "stay_in", "zones": [77]}),
        json!({"rule": 1, "kind": "stay_in", "zones": [5], "grace_s": -1}),
        json!({"rule": 1, "kind": "stay_in", "zones": [5], "warn_m": 5}),
    ] {
        let e = l.order(1.0, 17, 1, json!([bad]));
        assert!(e.len() == 1 && e[0].starts_with("refused noted"), "{e:?}");
    }
}
