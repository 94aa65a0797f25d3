//! Incidents, acts of operators, escalation.

mod common;

use common::{Log, none, say, short};
use serde_json::{Value, json};

fn keep_out() -> Log {
    Log::with(json!([{"rule": 1, "kind": "keep_out", "zone": 5, "warn_m": 200}]))
}

fn all(events: &[Value]) -> Vec<String> {
    events.iter().map(say).collect()
}

fn tick(l: &mut Log, at: f64) -> Vec<Value> {
    l.put(at, json!({"type": "tick"}))
}

const BREACH: &str = "17.1.9.breach.1";

// J-DESK-1
#[test]
fn acknowledge_then_resolve() {
    let mut l = keep_out();
    l.fix(9, 10.0, 0.0);
    let e = l.act(11.0, "acknowledge", BREACH);
    assert_eq!(all(&e), ["acknowledged noted 11"]);
    assert_eq!(
        (&e[0]["order"], &e[0]["rule"], &e[0]["device"]),
        (&json!(17), &json!(1), &json!(9))
    );
    assert_eq!((&e[0]["person"], &e[0]["episode"]), (&json!(1), &json!(BREACH)));
    assert_eq!((&e[0]["by"], &e[0]["note"]), (&json!("desk-3"), &json!("called")));
    l.fix(9, 60.0, 900.0);
    assert_eq!(all(&l.act(61.0, "resolve", BREACH)), ["resolved noted 61"]);
    let e = l.act(62.0, "acknowledge", BREACH);
    assert_eq!(all(&e), ["refused noted no_open_incident 62"]);
    assert_eq!((&e[0]["order"], &e[0]["value"]), (&json!(0), &json!(BREACH)));
}

// J-DESK-2
#[test]
fn acts_that_are_refused() {
    let mut l = keep_out();
    l.fix(9, 10.0, 0.0);
    let refused = |e: &[Value]| e[0]["reason"].as_str().unwrap_or_default().to_string();
    assert_eq!(refused(&l.act(11.0, "resolve", BREACH)), "episode_not_ended");
    assert_eq!(refused(&l.act(11.0, "acknowledge", "17.1.9.breach.2")), "unknown_episode");
    assert_eq!(refused(&l.act(11.0, "acknowledge", "17.1.9.warning.1")), "no_open_incident");
    l.act(12.0, "acknowledge", BREACH);
    assert_eq!(refused(&l.act(13.0, "acknowledge", BREACH)), "already_acknowledged");
    assert_eq!(refused(&l.act(14.0, "resolve", BREACH)), "episode_not_ended");
    let mut l = keep_out();
    l.fix(9, 10.0, 0.0);
    l.fix(9, 60.0, 900.0);
    assert_eq!(refused(&l.act(61.0, "resolve", BREACH)), "not_acknowledged");
    assert_eq!(refused(&l.act(61.0, "applaud", BREACH)), "unknown_word");
}

// J-DESK-3
#[test]
fn a_breach_escalates_each_30_s() {
    let mut l = keep_out();
    l.fix(9, 10.0, 0.0);
    assert_eq!(all(&tick(&mut l, 40.0)), none());
    let e = tick(&mut l, 40.001);
    assert_eq!(all(&e), ["escalated noted 40"]);
    assert_eq!((&e[0]["level"], &e[0]["episode"]), (&json!(1), &json!(BREACH)));
    assert_eq!((&e[0]["id"], &e[0]["order_version"]), (&json!("7.17.0"), &json!(1)));
    let e = tick(&mut l, 500.0);
    assert_eq!(all(&e), ["escalated noted 70", "escalated noted 100"]);
    assert_eq!((&e[0]["level"], &e[1]["level"]), (&json!(2), &json!(3)));
    assert_eq!(all(&tick(&mut l, 900.0)), none());
}

// J-DESK-3: what somebody has seen does not escalate, and an act fires no timers.
#[test]
fn an_act_in_time() {
    let mut l = keep_out();
    l.fix(9, 10.0, 0.0);
    assert_eq!(all(&l.act(45.0, "acknowledge", BREACH)), ["acknowledged noted 45"]);
    assert_eq!(all(&tick(&mut l, 100.0)), none());
}

// J-DESK-3: other incidents have 120 s, and the end of the episode changes nothing.
#[test]
fn a_strap_escalates_each_120_s() {
    let mut l = keep_out();
    l.status(9, 10.0, "strap_open");
    l.status(9, 20.0, "strap_closed");
    l.status(9, 20.0, "battery_low");
    assert_eq!(all(&tick(&mut l, 130.0)), none());
    let e = tick(&mut l, 371.0);
    assert_eq!(all(&e), ["escalated noted 130", "escalated noted 250", "escalated noted 370"]);
    assert_eq!(e[0]["episode"], "17.0.9.strap.1");
}

// J-DESK-1: what is permitted is no incident.
#[test]
fn a_permitted_breach_is_none() {
    let mut l = Log::new();
    l.assign(0.0, 9, 1);
    l.put(
        0.0,
        json!({"type": "put_order", "order": 17, "kind": "court", "person": 1,
            "from": common::time(0.0), "until": common::time(9000.0),
            "rules": [{"rule": 1, "kind": "keep_out", "zone": 5}],
            "permits": [{"zone": 5}]}),
    );
    assert_eq!(l.fix(9, 10.0, 0.0), ["breach started fix certain 10 P"]);
    assert_eq!(all(&tick(&mut l, 100.0)), none());
    let e = l.act(101.0, "acknowledge", BREACH);
    assert_eq!(all(&e), ["refused noted no_open_incident 101"]);
}

// J-DESK-1: withdrawn is ended; open again is not.
#[test]
fn withdrawn_and_open_again() {
    let mut l = Log::with(json!([{"rule": 1, "kind": "keep_out", "zone": 5, "confirm_fixes": 1}]));
    l.fix(9, 10.0, 0.0);
    l.fix(9, 30.0, 0.0);
    l.act(31.0, "acknowledge", BREACH);
    let e = short(&l.fix_with(9, 40.0, 20.0, 400.0, json!({})));
    assert_eq!(e, ["breach ended fix certain 20 L", "breach amended fix certain 20 L W"]);
    assert_eq!(all(&l.act(50.0, "resolve", BREACH)), ["resolved noted 50"]);
    let mut l = keep_out();
    l.fix(9, 10.0, 0.0);
    l.act(11.0, "acknowledge", BREACH);
    let moving = json!({"flags": ["moving"]});
    let e = short(&l.fix_with(9, 100.0, 100.0, 150.0, moving));
    assert_eq!(e, ["breach ended fix certain 100"]);
    // Now its coordinates are those of the fix before: copied, so that it closes nothing.
    let e = short(&l.fix_with(9, 110.0, 90.0, 150.0, json!({"flags": ["mock"]})));
    assert_eq!(e, ["breach amended fix certain 90 L"]);
    let e = l.act(120.0, "resolve", BREACH);
    assert_eq!(all(&e), ["refused noted episode_not_ended 120"]);
}

// J-DESK-1 J-STATUS-2: a panic is an incident that has ended; without an order it is fired by
// ticks, zones and its own device.
#[test]
fn a_panic_without_an_order() {
    let mut l = Log::new();
    l.status(31, 10.0, "panic");
    l.order(100.0, 17, 1, json!([{"rule": 1, "kind": "keep_out", "zone": 5}]));
    assert_eq!(short(&l.fix_with(9, 101.0, 101.0, 0.0, json!({}))), ["unassigned noted 101"]);
    let e = l.status_at(31, 102.0, 102.0, "heartbeat");
    let told = ["escalated noted 40", "escalated noted 70", "escalated noted 100"];
    assert_eq!(all(&e), told);
    assert_eq!((&e[0]["order"], &e[0]["device"]), (&json!(0), &json!(31)));
    assert_eq!((&e[0]["id"], &e[0]["episode"]), (&json!("6.0.0"), &json!("0.0.31.panic.1")));
    assert_eq!(all(&l.act(103.0, "acknowledge", "0.0.31.panic.1")), ["acknowledged noted 103"]);
    assert_eq!(all(&l.act(104.0, "resolve", "0.0.31.panic.1")), ["resolved noted 104"]);
}
