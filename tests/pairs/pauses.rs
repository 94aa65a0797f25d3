//! Two who are kept apart, seen in bursts and after pauses, now and then late, by engines with
//! short histories: whatever spares a judgement, the engine says what it says when it judges all.

use super::replay;
use super::seeds::seeds;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_core::event::EventKind;
use wardline_core::geometry::Position;
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, PutOrder, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};

const SEEDS: u64 = 150;
const FIXES: usize = 400;
const START_MS: i64 = 1_772_438_400_000;
const HIM: PersonId = PersonId::new(1001).unwrap();
const HER: PersonId = PersonId::new(2001).unwrap();

// J-PROX-1, J-LATE-2, J-TIME-3
#[test]
fn whoever_of_a_pair_is_not_judged_would_change_no_event() {
    let (mut told, mut passed, mut fixes) = (0, 0, 0);
    for seed in seeds(SEEDS) {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let history_fixes = [2, 3, 4, 8, 12, 32][rng.random_range(0..6)];
        let log = world(rng);
        let [(events, counters), (expected, _)] =
            [true, false].map(|slack| replay(&log, history_fixes, slack));
        let differs = events.iter().zip(&expected).position(|(a, b)| a != b);
        let differs = differs.or((events.len() != expected.len()).then_some(usize::MAX));
        assert_eq!(differs, None, "seed {seed} (WARDLINE_SEED={seed}), history {history_fixes}");
        assert_eq!(counters.refused, 0, "seed {seed}");
        told += events.len();
        passed += counters.fixes_within_slack;
        fixes += counters.fixes;
    }
    println!("{fixes} fixes, {passed} within slack, {told} events");
    assert!(told > 0 && passed > 0 && passed < fixes, "{told} {passed} {fixes}");
}

/// Of two fixes a history has the last one and the next: that reaches back far enough for what
/// others may send only if ten seconds lie between both.
// J-PROX-1, J-LATE-2
#[test]
fn after_a_pause_of_ten_seconds_one_is_not_judged_and_after_less_one_is() {
    let rng = &mut SmallRng::seed_from_u64(1);
    for (pause_ms, is_spared) in [(8_500, false), (9_999, false), (10_000, true), (60_000, true)] {
        let mut records = wearers(rng);
        let fixes = [(9001, 25, 0), (9002, 26, 0), (9001, 50, 0), (9002, 51, 0), (9001, 75, 0)];
        for (number, seconds, late_ms) in fixes {
            records.push(seen(number, seconds * 1_000, late_ms));
        }
        let next_ms = 75_000 + pause_ms;
        let within_slack = |log: &[Record]| replay(log, 2, true).1.fixes_within_slack;
        let before = within_slack(&records);
        records.push(seen(9001, next_ms, 0));
        assert_eq!(within_slack(&records) > before, is_spared, "{pause_ms} ms");
        records.push(seen(9002, next_ms + 100, 9_900));
        assert_eq!(replay(&records, 2, true).0, replay(&records, 2, false).0, "{pause_ms} ms");
    }
}

/// Her history begins at the very instant that his fix is of, with a fix that comes after his: so
/// late, his has no place before it.
// J-PROX-1, J-LATE-2
#[test]
fn a_late_fix_is_judged_though_the_others_history_begins_with_its_instant() {
    for late_ms in [9_998, 9_999, 10_000] {
        let mut records = wearers(&mut SmallRng::seed_from_u64(1));
        for (number, seconds) in [(9001, 25), (9002, 26), (9001, 50), (9002, 51), (9001, 75)] {
            records.push(seen(number, seconds * 1_000, 0));
        }
        records.extend([90_000 - late_ms, 90_000].map(|at_ms| seen(9002, at_ms, 0)));
        records.push(seen(9001, 90_000, late_ms));
        let [told, expected] = [true, false].map(|slack| replay(&records, 2, slack).0);
        assert_eq!(told, expected, "{late_ms} ms");
        assert!(told.iter().any(|event| event.kind == EventKind::Unjudged), "{told:?}");
    }
}

/// He goes far away, unjudged; then it is heard that she had come to where he still was.
// J-PROX-1, J-TIME-3
#[test]
fn who_was_where_the_other_still_was_is_judged_though_he_is_far_since() {
    let rng = &mut SmallRng::seed_from_u64(1);
    let mut records = wearers(rng);
    for (number, seconds, east_m) in [
        (9001, 25, 0.0),
        (9002, 26, -1_900.0),
        (9001, 50, 0.0),
        (9002, 51, -1_900.0),
        (9001, 75, 0.0),
        (9002, 76, -1_900.0),
        (9001, 150, 4_900.0),
    ] {
        records.push(seen_at(number, seconds * 1_000, 0, east_m));
    }
    records.push(seen_at(9002, 153_000, 4_000, -400.0));
    let told = [true, false].map(|slack| replay(&records, 32, slack).0);
    assert_eq!(told[0], told[1]);
    assert!(told[0].iter().any(|event| event.kind == EventKind::Breach), "{:?}", told[0]);
}

/// An order that keeps him away from her, and a device for each.
fn wearers(rng: &mut SmallRng) -> Vec<Record> {
    let mut records = vec![record(0, order(rng))];
    for (person, number) in [(HIM, 9001), (HER, 9002)] {
        let (device, kind) = (device(number), DeviceKind::Bracelet);
        records.push(record(0, Input::AssignDevice(AssignDevice { device, person, kind })));
    }
    records
}

/// A fix of him or of her, who is 5 km east of him.
fn seen(number: u64, received_ms: i64, late_ms: i64) -> Record {
    seen_at(number, received_ms, late_ms, if number == 9001 { 0.0 } else { 5_000.0 })
}

fn seen_at(number: u64, received_ms: i64, late_ms: i64, east_m: f64) -> Record {
    let position = Position::from_degrees(42.87, 74.6 + east_m / 81_700.0).expect("a position");
    let (seq, time) = (received_ms as u64, at(received_ms - late_ms));
    let plain = Fix::new(device(number), seq, time, position);
    record(received_ms, Input::Fix(Fix { accuracy_m: Some(8.0), ..plain }))
}

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_ms(START_MS + after_ms)
}

fn record(after_ms: i64, input: Input) -> Record {
    Record { at: Some(at(after_ms)), input }
}

/// An order that keeps both apart, a device or two for each, and what these send.
fn world(rng: &mut SmallRng) -> Vec<Record> {
    let mut records = vec![record(0, order(rng))];
    let devices: Vec<_> = [HIM, HER, HER].into_iter().zip(9001..).collect();
    let devices = &devices[..rng.random_range(2..=3)];
    for (person, number) in devices {
        let (device, kind) = (device(*number), DeviceKind::Bracelet);
        let assign = AssignDevice { device, person: *person, kind };
        records.push(record(0, Input::AssignDevice(assign)));
    }
    let mut east_m = [0.0, rng.random_range(1_000.0..9_000.0)];
    let pause_ms = [4_500, 8_500, 9_500, 10_000, 60_000][rng.random_range(0..5)];
    let pause_share = [0.05, 0.3, 0.7][rng.random_range(0..3)];
    let late_share = [0.02, 0.2, 0.5][rng.random_range(0..3)];
    let step_m = [1.0, 20.0, 200.0][rng.random_range(0..3)];
    let mut now_ms = 60_000;
    for seq in 1..=FIXES as u64 {
        now_ms += if rng.random_bool(pause_share) { pause_ms } else { rng.random_range(0..2_500) };
        let (person, number) = devices[rng.random_range(0..devices.len())];
        let place_m = &mut east_m[usize::from(person == HER)];
        *place_m += rng.random_range(-step_m..=step_m);
        let late_ms = match rng.random_bool(late_share) {
            true => [8_200, 8_900, 9_600, 9_999, 10_000, 60_000][rng.random_range(0..6)],
            false => rng.random_range(0..1_000),
        };
        let position = Position::from_degrees(42.87, 74.6 + *place_m / 81_700.0);
        let time = at((now_ms - late_ms).max(0));
        let plain = Fix::new(device(number), seq, time, position.expect("a position"));
        records.push(record(now_ms, Input::Fix(Fix { accuracy_m: Some(8.0), ..plain })));
        if rng.random_bool(0.005) {
            records.push(record(now_ms, order(rng)));
        }
    }
    records
}

fn device(number: u64) -> DeviceId {
    DeviceId::new(number).expect("not 0")
}

fn order(rng: &mut SmallRng) -> Input {
    let (distance_m, warn_m) = (500.0, [0.0, 300.0][rng.random_range(0..2)]);
    let demand = Demand::KeepAway { person: HER, distance_m, warn_m };
    Input::PutOrder(Arc::new(PutOrder {
        order: OrderId::new(17).expect("not 0"),
        kind: OrderKind::Supervision,
        person: HIM,
        term: Interval { from: at(0), until: at(30 * 86_400_000) },
        rules: vec![Rule { rule: RuleId::new(1).expect("not 0"), active: None, demand }],
        permits: Vec::new(),
    }))
}
