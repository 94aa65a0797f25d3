//! report: silence, no_fix, never_heard.

mod common;

use common::{Log, none, short};
use serde_json::{Value, json};

fn rule(silence_s: Option<u64>, no_fix_s: Option<u64>) -> Value {
    let mut r = json!({"rule": 4, "kind": "report"});
    if let Some(s) = silence_s {
        r["max_silence_s"] = json!(s);
    }
    if let Some(s) = no_fix_s {
        r["max_no_fix_s"] = json!(s);
    }
    json!([r])
}

// J-SILENCE-1 J-TIME-4
#[test]
fn silence_starts_when_passed_and_ends_when_heard() {
    let mut l = Log::with(rule(Some(300), None));
    assert_eq!(l.status(9, 10.0, "heartbeat"), none());
    assert_eq!(l.tick(310.0), none());
    let e = l.put(310.001, json!({"type": "tick"}));
    assert_eq!(short(&e), ["silence started timer 310"]);
    assert_eq!(e[0]["episode"], "17.4.9.silence.1");
    assert_eq!(e[0]["order_version"], 1);
    for absent in ["zone", "distance_m", "threshold_m", "certainty", "fix"] {
        assert_eq!(e[0][absent], Value::Null);
    }
    assert_eq!(l.tick(900.0), none());
    assert_eq!(l.status(9, 1000.0, "heartbeat"), ["silence ended heard 1000"]);
    // The input that ends it passes the next limit first.
    assert_eq!(l.fix(9, 1400.0, 0.0), ["silence started timer 1300", "silence ended heard 1400"]);
}

// J-SILENCE-3
#[test]
fn never_heard_comes_with_the_silence() {
    let mut l = Log::with(rule(Some(60), None));
    let e = l.put(61.0, json!({"type": "tick"}));
    assert_eq!(short(&e), ["silence started timer 60", "never_heard noted 60"]);
    assert_eq!((&e[1]["rule"], &e[1]["device"]), (&json!(4), &json!(9)));
}

// J-SILENCE-3
#[test]
fn without_a_device_the_rule_runs_for_device_0() {
    let mut l = Log::new();
    l.order(0.0, 17, 1, rule(Some(60), Some(90)));
    let e = l.put(61.0, json!({"type": "tick"}));
    assert_eq!(short(&e), ["silence started timer 60", "never_heard noted 60"]);
    assert_eq!((&e[0]["device"], &e[0]["episode"]), (&json!(0), &json!("17.4.0.silence.1")));
    assert_eq!(l.assign(70.0, 9, 1), ["silence ended device_assigned 70"]);
    l.fix(9, 80.0, 0.0);
    assert_eq!(l.release(100.0, 9), none());
    assert_eq!(l.tick(160.0), none());
    assert_eq!(l.tick(161.0), ["silence started timer 160", "never_heard noted 160"]);
}

// J-SILENCE-1: never before the input that set the limit.
#[test]
fn a_shorter_limit_counts_from_its_input() {
    let mut l = Log::with(rule(Some(600), None));
    l.status(9, 10.0, "heartbeat");
    assert_eq!(l.order(200.0, 17, 1, rule(Some(60), None)), none());
    assert_eq!(l.tick(200.0), none());
    assert_eq!(l.tick(201.0), ["silence started timer 200"]);
    assert_eq!(l.order(210.0, 17, 1, rule(Some(600), None)), none());
    assert_eq!(l.end_order(220.0, 17), ["silence ended rule_ended 220"]);
}

// J-SCHED-2 J-SILENCE-1
#[test]
fn silence_in_hours() {
    let mut r = rule(Some(60), None);
    r[0]["active"] = json!([[common::time(100.0), common::time(200.0)]]);
    let mut l = Log::with(r);
    l.status(9, 10.0, "heartbeat");
    let e = ["silence started timer 160", "silence ended rule_ended 200"];
    assert_eq!(l.tick(400.0), e);
}

// J-SILENCE-2
#[test]
fn no_fix_while_something_is_heard() {
    let mut l = Log::with(rule(Some(300), Some(120)));
    l.fix(9, 10.0, 0.0);
    l.status(9, 100.0, "heartbeat");
    assert_eq!(l.tick(131.0), ["no_fix started timer 130"]);
    assert_eq!(short(&l.fix_with(9, 140.0, 140.0, 0.0, json!({"flags": ["mock"]}))), none());
    assert_eq!(l.fix(9, 150.0, 0.0), ["no_fix ended fix 150"]);
    // Silence ends it, and it is there again when silence ends without a sound fix.
    assert_eq!(l.tick(271.0), ["no_fix started timer 270"]);
    assert_eq!(l.tick(451.0), ["no_fix ended silence 450", "silence started timer 450"]);
    let e = l.status(9, 500.0, "heartbeat");
    assert_eq!(e, ["silence ended heard 500", "no_fix started timer 500"]);
    assert_eq!(l.fix(9, 510.0, 0.0), ["no_fix ended fix 510"]);
}

// J-SILENCE-2: silence wins a tie.
#[test]
fn a_tie() {
    let mut l = Log::with(rule(Some(120), Some(120)));
    l.fix(9, 10.0, 0.0);
    assert_eq!(l.tick(200.0), ["silence started timer 130"]);
    assert_eq!(l.fix(9, 210.0, 0.0), ["silence ended heard 210"]);
}

// J-FIX-2 J-FIX-1: what is not heard.
#[test]
fn repeats_and_refused_fixes_are_not_heard() {
    let mut l = Log::with(rule(Some(60), None));
    l.assign(5.0, 9, 1);
    l.status(9, 10.0, "heartbeat");
    let again = json!({"type": "status", "device": 9, "seq": 1, "time": common::time(10.0),
        "status": "heartbeat"});
    assert_eq!(short(&l.put(50.0, again.clone())), none());
    assert_eq!(short(&l.put(80.0, again)), ["silence started timer 70"]);
    let e = short(&l.fix_with(9, 90.0, -1.0, 0.0, json!({})));
    assert_eq!(e, ["refused noted before_assignment -1"]);
    assert_eq!(l.release(95.0, 9), ["silence ended device_released 95"]);
}

// J-ORDER-1: several instants in one input.
#[test]
fn several_timers_at_once() {
    let mut l = Log::with(rule(Some(300), Some(60)));
    l.order(0.0, 18, 1, rule(Some(200), None));
    l.fix(9, 10.0, 0.0);
    let e = l.put(1000.0, json!({"type": "tick"}));
    let told = [
        "no_fix started timer 70",
        "silence started timer 210",
        "no_fix ended silence 310",
        "silence started timer 310",
    ];
    assert_eq!(short(&e), told);
    let ids: Vec<&Value> =
        e.iter().filter(|e| e["kind"] != "escalated").map(|e| &e["id"]).collect();
    assert_eq!(ids, ["7.17.0", "7.18.0", "7.17.1", "7.17.2"]);
}

// J-REFUSE-1
#[test]
fn bad_rules() {
    let mut l = Log::new();
    for bad in [rule(None, None), rule(Some(0), None), rule(Some(60), Some(0))] {
        let e = l.order(1.0, 17, 1, bad);
        assert!(e.len() == 1 && e[0].starts_with("refused noted"), "{e:?}");
    }
}
