//! Statuses: strap, case, tether, jamming, battery, panic, power.

mod common;

use common::{Log, none, short};
use serde_json::{Value, json};

fn report() -> Value {
    json!([{"rule": 1, "kind": "report", "max_silence_s": 80_000}])
}

// J-STATUS-1
#[test]
fn a_condition_starts_and_ends() {
    let mut l = Log::with(report());
    for (kind, on, off) in [
        ("strap", "strap_open", "strap_closed"),
        ("case", "case_open", "case_closed"),
        ("tether", "tether_lost", "tether_found"),
        ("jamming", "jamming", "jamming_over"),
        ("battery", "battery_low", "battery_ok"),
    ] {
        assert_eq!(l.status(9, 10.0, off), none());
        let e = l.status_at(9, 10.0, 10.0, on);
        assert_eq!(short(&e), [format!("{kind} started status 10")]);
        assert_eq!(e[0]["episode"], format!("17.0.9.{kind}.1"));
        assert_eq!((&e[0]["rule"], &e[0]["permitted"]), (&json!(0), &json!(false)));
        for absent in ["zone", "distance_m", "threshold_m", "certainty", "fix"] {
            assert_eq!(e[0][absent], Value::Null);
        }
        assert_eq!(l.status(9, 10.0, on), none());
        assert_eq!(l.status(9, 10.0, off), [format!("{kind} ended status 10")]);
    }
    assert_eq!(l.status(9, 20.0, "heartbeat"), none());
}

// J-STATUS-1 J-SCHED-2
#[test]
fn a_condition_that_is_on_starts_with_the_order_and_ends_with_it() {
    let mut l = Log::with(report());
    assert_eq!(l.status(9, 10.0, "strap_open"), ["strap started status 10"]);
    assert_eq!(l.order_until(20.0, 18, 1, report(), 50.0), ["strap started rule_started 20"]);
    assert_eq!(l.order(30.0, 17, 1, report()), none());
    assert_eq!(l.tick(50.0), ["strap ended rule_ended 50"]);
    assert_eq!(l.end_order(60.0, 17), ["strap ended rule_ended 60"]);
    assert_eq!(l.order(70.0, 17, 1, report()), ["strap started rule_started 70"]);
    assert_eq!(l.release(80.0, 9), ["strap ended device_released 80"]);
}

// J-STATUS-1: a word of before the assignment counts from the assignment on.
#[test]
fn a_condition_counts_from_the_assignment() {
    let mut l = Log::with(report());
    l.assign(20.0, 10, 1);
    let e = l.status_at(10, 30.0, 10.0, "case_open");
    assert_eq!(short(&e), ["case started rule_started 20"]);
}

// J-STATUS-1 J-TIME-3 J-PAIR-1 J-LATE-1
#[test]
fn late_words_amend_and_withdraw() {
    let mut l = Log::with(report());
    assert_eq!(l.status(9, 100.0, "strap_open"), ["strap started status 100"]);
    let e = l.status_at(9, 110.0, 60.0, "strap_open");
    assert_eq!(short(&e), ["strap amended status 60 L"]);
    let e = l.status_at(9, 120.0, 80.0, "strap_closed");
    assert_eq!(short(&e), ["strap ended status 80 L", "strap started status 100 L"]);
    let mut l = Log::with(report());
    l.status(9, 100.0, "heartbeat");
    assert_eq!(short(&l.status_at(9, 110.0, 50.0, "strap_open")), ["strap started status 50 L"]);
}

// J-PAIR-1: it was over before the order began.
#[test]
fn a_late_word_withdraws() {
    let mut l = Log::new();
    l.assign(0.0, 9, 1);
    l.status(9, 10.0, "strap_open");
    assert_eq!(l.order(50.0, 17, 1, report()), ["strap started rule_started 50"]);
    l.status(9, 60.0, "heartbeat");
    let e = short(&l.status_at(9, 70.0, 40.0, "strap_closed"));
    assert_eq!(e, ["strap ended status 40 L", "strap amended status 40 L W"]);
}

// J-STATUS-1 J-LATE-2
#[test]
fn a_word_older_than_the_history_is_unjudged() {
    let mut l = Log::with(report());
    for i in 0..16 {
        l.status(9, 100.0 + f64::from(i), "strap_open");
        l.status(9, 100.5 + f64::from(i), "strap_closed");
    }
    let e = l.status_at(9, 200.0, 50.0, "case_open");
    assert_eq!(short(&e), ["unjudged noted 50 L"]);
    assert_eq!((&e[0]["order"], &e[0]["rule"]), (&json!(17), &json!(0)));
    assert_eq!(short(&l.status_at(9, 201.0, 150.0, "case_open")), ["case started status 150"]);
}

// J-STATUS-2
#[test]
fn panic_and_power_off_on_either_side() {
    let mut l = Log::new();
    let away = json!([{"rule": 1, "kind": "keep_away", "person": 2, "distance_m": 100}]);
    assert_eq!(l.status(9, 0.0, "panic"), ["panic noted 0", "unassigned noted 0"]);
    l.assign(1.0, 9, 1);
    l.assign(1.0, 20, 2);
    assert_eq!(l.status(9, 2.0, "panic"), ["panic noted 2", "no_order noted 2"]);
    assert_eq!(l.status(9, 2.0, "power_off"), none());
    l.order(3.0, 17, 1, away);
    let his = l.status_at(9, 4.0, 4.0, "panic");
    assert_eq!(his[0]["episode"], "17.0.9.panic.1");
    assert_eq!((&his[0]["person"], &his[0]["device"]), (&json!(1), &json!(9)));
    let hers = l.status_at(20, 5.0, 5.0, "panic");
    assert_eq!(short(&hers), ["panic noted 5"]);
    assert_eq!(hers[0]["episode"], "17.0.20.panic.1");
    assert_eq!((&hers[0]["person"], &hers[0]["device"]), (&json!(1), &Value::Null));
    assert_eq!((&hers[0]["other_person"], &hers[0]["other_device"]), (&json!(2), &json!(20)));
    assert_eq!(l.status(20, 6.0, "power_off"), ["power noted 6"]);
    let bare = l.status_at(31, 7.0, 7.0, "panic");
    assert_eq!((&bare[0]["order"], &bare[0]["device"]), (&json!(0), &json!(31)));
    assert_eq!(bare[0]["episode"], "0.0.31.panic.1");
    assert_eq!(short(&l.status_at(31, 8.0, 8.0, "panic")), ["panic noted 8"]);
}

// J-FIX-2: a repeat is not told again.
#[test]
fn a_repeated_panic_is_one() {
    let mut l = Log::with(report());
    assert_eq!(l.status(9, 10.0, "panic"), ["panic noted 10"]);
    let v = json!({"type": "status", "device": 9, "seq": 1, "time": common::time(10.0),
        "status": "panic"});
    assert_eq!(short(&l.put(11.0, v)), none());
}
