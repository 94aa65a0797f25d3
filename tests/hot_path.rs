//! Which fixes stop at the slack test, as the counters tell; and that it is all one whether they
//! are taken in one by one, together, or numbered.

use wardline_core::event::Event;
use wardline_core::geometry::Position;
use wardline_core::input::{Assurance, Fix, Input, Record};
use wardline_core::{Config, Engine, Numbered, OutOfSequence, Part};
use wardline_wire::jsonl;

/// So many seconds after 2026-03-02T08:00:00Z, below an hour.
fn at(second: u32) -> String {
    format!("2026-03-02T08:{:02}:{:02}.000Z", second / 60, second % 60)
}

fn record(line: &str) -> Record {
    jsonl::parse_line(line, 1)
}

fn zone() -> Record {
    record(
        r#"{"type":"put_zone","at":"2026-03-02T08:00:00.000Z","zone":5,"geometry":
        {"type":"Point","coordinates":[74.6036,42.876],"radius_m":100}}"#,
    )
}

fn order(second: u32, order: u64, until: u32) -> Record {
    record(&format!(
        r#"{{"type":"put_order","at":"{0}","order":{order},"kind":"temporary","person":1001,
        "from":"{0}","until":"{1}","rules":[{{"rule":1,"kind":"keep_out","zone":5}},
        {{"rule":2,"kind":"report","max_silence_s":300}}]}}"#,
        at(second),
        at(until)
    ))
}

fn assignment() -> Record {
    record(
        r#"{"type":"assign_device","at":"2026-03-02T08:00:00.000Z","device":9001,"person":1001,
        "kind":"phone"}"#,
    )
}

/// A fix 30 km north of the zone.
fn fix(received: u32, device: u64, second: u32) -> Record {
    record(&format!(
        r#"{{"type":"fix","at":"{}","device":{device},"seq":{second},"time":"{}",
        "lat":43.1{second:04},"lon":74.6036,"accuracy_m":8.0}}"#,
        at(received),
        at(second)
    ))
}

fn apply(engine: &mut Engine, record: &Record) -> Vec<Event> {
    let mut events = Vec::new();
    engine.apply(record, &mut |event| events.push(event));
    events
}

fn words(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.word()).collect()
}

fn engine_with(records: &[Record]) -> Engine {
    let mut engine = Engine::new(Config::default());
    records.iter().for_each(|record| assert_eq!(apply(&mut engine, record), []));
    engine
}

/// J-SILENCE-1: each fix puts off what a silence would bring, so that none need be judged for it.
#[test]
fn timers_that_are_put_off_judge_no_fix() {
    let engine = &mut engine_with(&[zone(), order(0, 17, 3_590), assignment()]);
    for second in (15..3_585).step_by(15) {
        assert_eq!(apply(engine, &fix(second, 9001, second)), []);
    }
    let counters = engine.counters();
    assert_eq!((counters.fixes, counters.fixes_within_slack), (238, 237));
    // That must not make it deaf.
    let told = apply(engine, &record(&format!(r#"{{"type":"tick","at":"{}"}}"#, at(3_589))));
    assert_eq!(words(&told), [] as [&str; 0], "less than 300 s");
    let next = engine.next_deadline().expect("the order ends");
    assert_eq!(next.ms() / 1000 % 3600, 3_590);
}

/// Who drives to and fro three kilometres from a zone leaves the slack with each fix, and each
/// counts.
#[test]
fn fixes_beyond_the_slack_count() {
    let engine = &mut engine_with(&[zone(), order(0, 17, 3_590), assignment()]);
    for round in 1..=10 {
        let mut record = fix(100 * round, 9001, 100 * round);
        if let Input::Fix(fix) = &mut record.input {
            let north_e7 = if round % 2 == 0 { 180_000 } else { -180_000 };
            let position = Position::from_e7(428_760_000 + north_e7, 746_403_000);
            fix.position = position.expect("a position");
        }
        assert_eq!(apply(engine, &record), []);
    }
    let counters = engine.counters();
    assert_eq!((counters.fixes, counters.fixes_within_slack), (10, 0));
}

/// J-DESK-3: an incident is escalated before a fix that itself changes nothing, and need not be
/// judged for it.
#[test]
fn incidents_that_are_escalated_judge_no_fix() {
    let engine = &mut engine_with(&[zone(), order(0, 17, 3_590), assignment()]);
    let mut told = Vec::new();
    for second in (15..=150).step_by(15) {
        let mut record = fix(second, 9001, second);
        if let Input::Fix(fix) = &mut record.input {
            fix.position = Position::from_e7(428_760_000, 746_036_000).expect("in the zone");
        }
        let events = apply(engine, &record);
        told.extend(events.iter().map(|event| (second, event.kind.word())));
    }
    let expected = [(15, "breach"), (60, "escalated"), (90, "escalated"), (120, "escalated")];
    assert_eq!(told, expected);
    let counters = engine.counters();
    assert_eq!((counters.fixes, counters.fixes_within_slack), (10, 9), "all after the first");
}

/// J-TIME-1: fixes received together or with numbers count as they do one after another, those too
/// that come earlier than what came before.
#[test]
fn fixes_together_count_as_one_after_another() {
    let world = || engine_with(&[zone(), order(0, 17, 3_590), assignment()]);
    let (mut single, mut batched, mut numbered) = (world(), world(), world());
    let mut together = world();
    let received = [(60, true), (50, true), (70, false), (65, false), (40, true)];
    for (row, (now, strange)) in (0..).zip(received) {
        let mut records: Vec<_> = (1..4).map(|i| fix(now, 9001, 4 * row + i)).collect();
        if strange {
            records.insert(0, fix(now, 77, 4 * row + 1));
            records.push(fix(now, 77, 4 * row + 2));
        }
        records.iter().for_each(|record| drop(apply(&mut single, record)));
        let received = records[0].at.expect("a time of receipt");
        let fixes: Vec<Fix> = records.iter().filter_map(fix_of).collect();
        batched.apply_fixes(received, &fixes, &mut |_| {});
        let first = numbered.last_input() + 1;
        let rows: Vec<_> = (first..).zip(records).map(whole).collect();
        assert_eq!(numbered.apply_numbered(&rows, &mut |_| {}), Ok(()));
        let taken = together.apply_numbered_fixes(first, received, &fixes, &mut |_| {});
        assert_eq!(taken, Ok(()));
        for other in [&batched, &numbered, &together] {
            assert_eq!(other.counters(), single.counters(), "received at {now}");
            assert_eq!(other.fingerprint(), single.fingerprint(), "received at {now}");
        }
    }
    let counters = single.counters();
    assert!(counters.fixes_within_slack > 10 && counters.clock_regressions > 5, "{counters:?}");
}

fn fix_of(record: &Record) -> Option<Fix> {
    match record.input {
        Input::Fix(fix) => Some(fix),
        _ => None,
    }
}

fn whole((number, record): (u64, Record)) -> Numbered {
    Numbered { number, record, part: Part::WHOLE }
}

#[test]
fn numbers_must_grow() {
    let engine = &mut Engine::new(Config::default());
    let rows: Vec<_> = [3, 7, 7].map(|number| whole((number, fix(1, 9001, 1)))).into();
    let refused = engine.apply_numbered(&rows, &mut |_| {}).expect_err("7 comes twice");
    let OutOfSequence { number, last, .. } = refused;
    assert_eq!((number, last, engine.last_input()), (7, 7, 7));
    assert_eq!(refused.to_string(), "input 7 came after input 7");
    let fixes: Vec<Fix> = rows.iter().filter_map(|row| fix_of(&row.record)).collect();
    let (at, before) = (engine.now(), engine.fingerprint());
    assert_eq!(engine.apply_numbered_fixes(7, at, &fixes, &mut |_| {}), Err(refused));
    assert_eq!(engine.fingerprint(), before, "none was taken in");
    assert_eq!(engine.apply_numbered_fixes(9, at, &fixes, &mut |_| {}), Ok(()));
    assert_eq!(engine.last_input(), 11, "three from 9 on");
}

/// The order as an engine takes it in that does not judge it.
fn elsewhere(number: u64, record: Record) -> Numbered {
    Numbered { number, record, part: Part { tells_facts: true, keeps: false } }
}

/// J-FIX-13: a device rests until an order that another engine judges runs out, and no longer.
#[test]
fn orders_judged_elsewhere_wake_a_device() {
    let engine = &mut engine_with(&[zone(), assignment()]);
    let shadow = elsewhere(3, order(2, 17, 30));
    assert_eq!(engine.apply_numbered(&[shadow], &mut |_| {}), Ok(()));
    for (received, second) in [(2, 1), (2, 2), (10, 10), (29, 29)] {
        assert_eq!(apply(engine, &fix(received, 9001, second)), []);
    }
    assert_eq!(engine.counters().fixes_within_slack, 3, "all after the first");
    assert_eq!(words(&apply(engine, &fix(40, 9001, 40))), ["no_order"]);
}

/// A new version of an order that another engine judges is no new order.
#[test]
fn orders_judged_elsewhere_are_known() {
    let mut config = Config::default();
    config.ids_max = 1;
    let engine = &mut Engine::new(config);
    let mut told = Vec::new();
    let puts = [zone(), order(2, 17, 30), order(3, 17, 40), order(4, 18, 40)];
    let rows: Vec<_> = (1..).zip(puts).map(|(number, put)| elsewhere(number, put)).collect();
    assert_eq!(engine.apply_numbered(&rows, &mut |event| told.push(event)), Ok(()));
    let reasons: Vec<_> = told.iter().filter_map(|event| event.refusal.as_ref()).collect();
    assert_eq!(reasons.len(), 1, "{told:?}");
    assert_eq!((told[0].input, reasons[0].reason.as_str()), (4, "too_many_orders"));
}

/// J-FIX-3, J-FIX-4, J-FIX-5, J-FIX-6: only what is certainly sound stops at the slack test, and
/// that up to the limits.
#[test]
fn only_what_is_sound_stops_at_the_slack_test() {
    let engine = &mut engine_with(&[zone(), order(0, 17, 3_590), assignment()]);
    let mut second = 100;
    let mut stops = |change: &dyn Fn(&mut Fix)| {
        // One that is judged, so that the device rests, and one that is not.
        for _ in 0..2 {
            second += 10;
            drop(apply(engine, &fix(second, 9001, second)));
        }
        second += 10;
        let mut record = fix(second, 9001, second);
        if let Input::Fix(fix) = &mut record.input {
            change(fix);
        }
        let before = engine.counters().fixes_within_slack;
        drop(apply(engine, &record));
        engine.counters().fixes_within_slack > before
    };
    assert!(stops(&|_| {}));
    assert!(!stops(&|fix| fix.mock = true));
    assert!(!stops(&|fix| fix.clock_unsynced = true));
    assert!(!stops(&|fix| fix.assurance = Assurance::None));
    assert!(stops(&|fix| fix.accuracy_m = Some(150.0)));
    assert!(!stops(&|fix| fix.accuracy_m = Some(150.1)));
    assert!(stops(&|fix| fix.time = fix.time.plus_ms(120_000)));
    assert!(!stops(&|fix| fix.time = fix.time.plus_ms(120_001)));
    // Ten seconds at 70 m/s.
    let north = |fix: &Fix, m: i32| Position::from_e7(fix.position.lat_e7() + 90 * m, 746_036_000);
    assert!(stops(&|fix| fix.position = north(fix, 680).expect("a position")));
    assert!(!stops(&|fix| fix.position = north(fix, 720).expect("a position")));
    // Where the last one was, and yet moving.
    let back = |fix: &Fix| Position::from_e7(fix.position.lat_e7() - 1_000, 746_036_000);
    let stays = move |fix: &mut Fix| fix.position = back(fix).expect("a position");
    assert!(stops(&stays));
    assert!(!stops(&|fix| {
        stays(fix);
        fix.moving = true;
    }));
    assert!(!stops(&|fix| {
        stays(fix);
        fix.speed_mps = Some(1.1);
    }));
    assert!(stops(&|fix| {
        stays(fix);
        fix.speed_mps = Some(1.0);
    }));
}

/// J-TIME-3, J-FIX-2, J-FIX-5, J-FIX-6: a late fix stops there between two that came since the
/// device rests, if it is certainly sound and leaves the later one so.
#[test]
fn late_fixes_stop_at_the_slack_test_between_those_since_the_device_rests() {
    let engine = &mut engine_with(&[zone(), order(0, 17, 3_590), assignment()]);
    let mut second = 100;
    let mut stops = |change: &dyn Fn(&mut Fix)| {
        // It rests from the first on, if it did not before.
        for step in [10, 20, 40] {
            drop(apply(engine, &fix(second + step, 9001, second + step)));
        }
        let mut record = fix(second + 41, 9001, second + 30);
        if let Input::Fix(fix) = &mut record.input {
            change(fix);
        }
        second += 50;
        let before = engine.counters().fixes_within_slack;
        drop(apply(engine, &record));
        engine.counters().fixes_within_slack > before
    };
    assert!(stops(&|_| {}));
    assert!(!stops(&|fix| fix.mock = true));
    assert!(!stops(&|fix| fix.accuracy_m = Some(150.1)));
    let north = |fix: &Fix, m: i32| Position::from_e7(fix.position.lat_e7() + 90 * m, 746_036_000);
    // Ten seconds before and after, at 70 m/s.
    assert!(stops(&|fix| fix.position = north(fix, 680).expect("a position")));
    assert!(!stops(&|fix| fix.position = north(fix, 720).expect("a position")));
    // Where the one before was, and where the next one is.
    for steps in [-10, 10] {
        let there = move |fix: &mut Fix| {
            let lat_e7 = fix.position.lat_e7() + steps * 100;
            fix.position = Position::from_e7(lat_e7, 746_036_000).expect("a position");
        };
        assert!(stops(&there), "{steps}");
        let is_copy = !stops(&|fix| {
            there(fix);
            fix.moving = true;
        });
        assert_eq!(is_copy, steps < 0, "{steps}");
    }
    // At the time of the one before it might repeat a status; as the one before it is a repeat.
    assert!(!stops(&|fix| fix.time = fix.time.plus_ms(-10_000)));
    assert!(!stops(&|fix| (fix.seq, fix.time) = (fix.seq - 10, fix.time.plus_ms(-10_000))));
    // A status wakes the device.
    let status = record(&format!(
        r#"{{"type":"status","at":"{0}","device":9001,"seq":1,"time":"{0}","status":"heartbeat"}}"#,
        at(900)
    ));
    assert_eq!(apply(engine, &status), []);
    let mut stop = |received, second| {
        let before = engine.counters().fixes_within_slack;
        assert_eq!(apply(engine, &fix(received, 9001, second)), []);
        engine.counters().fixes_within_slack > before
    };
    assert_eq!([910, 920, 930].map(|second| stop(second, second)), [false, true, true]);
    assert!(!stop(931, 905), "before it rests");
    assert!(stop(932, 915), "between two since then");
}
