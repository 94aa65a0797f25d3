//! The engine against the oracle, on seeded scenarios.
//!
//! `WARDLINE_SEEDS=N` tries N seeds (default 200), `WARDLINE_SEED=K` that one only.

mod seeds;

use seeds::seeds;
use serde_json::Value;
use wardline_core::input::{Fix, Input, Record};
use wardline_core::time::Timestamp;
use wardline_core::{Config, Engine};
use wardline_sim::compare::compare;
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl;

const SEEDS: u64 = 200;

/// The oracle knows the rules, Karney's geodesics, and nothing of the engine.
// J-TIME-3, J-GEO-2
#[test]
fn the_engine_says_what_the_oracle_says() {
    let mut compared = 0;
    for seed in seeds(SEEDS) {
        let text = scenario(seed, &Options::default());
        let expected = wardline_sim::oracle::run(&text);
        let actual = replay(&text, true);
        if let Err(difference) = compare(&expected, &actual) {
            panic!("seed {seed} (WARDLINE_SEED={seed}): {difference}");
        }
        compared += actual.len();
    }
    assert!(compared > 0, "the scenarios caused no events, so nothing was compared");
    println!("{compared} events compared");
}

/// The same with rules of all kinds.
///
/// Up to one point: the oracle remembers everything, the engine a history of each device. Once a
/// fix comes too late for a pair, both say so (`unjudged`), but what that fix says of the trust in
/// others is still told by the oracle, and no more by the engine; a log is compared up to there.
// J-PROX-1, J-STALE-1, J-ABSENCE-1, J-SILENCE-1, J-SILENCE-2, J-SILENCE-3, J-STATUS-1, J-STATUS-2,
// J-DESK-1, J-DESK-2, J-DESK-3
#[test]
fn the_engine_says_what_the_oracle_says_of_all_rules() {
    let (mut compared, mut whole) = (0, 0);
    for seed in seeds(SEEDS) {
        let text = scenario(seed, &Options::all_rules());
        let (events, is_whole) = compare_until_too_late(seed, &text);
        compared += events;
        whole += u64::from(is_whole);
    }
    assert!(compared > 0, "the scenarios caused no events, so nothing was compared");
    println!("{compared} events compared, {whole} logs to their ends");
}

/// The same where all happens at whole half minutes: fixes, changes, boundaries and timers at one
/// instant.
// J-TIME-3, J-TIME-4, J-TIME-5, J-ORDER-1
#[test]
fn the_engine_says_what_the_oracle_says_of_one_instant() {
    let mut compared = 0;
    for seed in seeds(SEEDS / 2) {
        let text = scenario(seed, &Options::all_rules());
        let lines = text.lines().map(|line| {
            let Ok(mut input) = serde_json::from_str(line) else { return line.to_owned() };
            to_half_minutes(&mut input);
            input.to_string()
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        compared += compare_until_too_late(seed, &text).0;
    }
    assert!(compared > 0, "the scenarios caused no events, so nothing was compared");
    println!("{compared} events compared");
}

/// Sets the times in an input back to the last half minute.
fn to_half_minutes(value: &mut Value) {
    match value {
        Value::String(time) if time.len() == "2026-03-02T08:00:00.000Z".len() => {
            if let Some(seconds) = time.get(17..19).and_then(|text| text.parse::<u32>().ok()) {
                time.replace_range(17..23, if seconds < 30 { "00.000" } else { "30.000" });
            }
        }
        Value::Array(values) => values.iter_mut().for_each(to_half_minutes),
        Value::Object(members) => members.values_mut().for_each(to_half_minutes),
        _ => {}
    }
}

/// Compares a log up to where a fix comes too late for a pair. Gives the number of events, and
/// whether that was all of it.
fn compare_until_too_late(seed: u64, text: &str) -> (usize, bool) {
    let mut expected = wardline_sim::oracle::run(text);
    let mut actual = replay(text, true);
    let end = [&expected, &actual].into_iter().filter_map(|e| too_late_for_a_pair(e, text)).min();
    for events in [&mut expected, &mut actual] {
        events.retain(|event| end.is_none_or(|end| input_of(event) < end));
    }
    if let Err(difference) = compare(&expected, &actual) {
        panic!("seed {seed} (WARDLINE_SEED={seed}): {difference}");
    }
    (actual.len(), end.is_none())
}

/// The first input that came too late for a keep_away rule.
fn too_late_for_a_pair(events: &[Value], text: &str) -> Option<u64> {
    let orders: Vec<Value> = text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let is_pair = |event: &Value| {
        let same = orders.iter().filter(|put| put["order"] == event["order"]);
        let rules = same.filter_map(|put| put["rules"].as_array()).flatten();
        let mut same = rules.filter(|rule| rule["rule"] == event["rule"]);
        same.any(|rule| rule["kind"] == "keep_away")
    };
    let unjudged = events.iter().filter(|event| event["kind"] == "unjudged" && is_pair(event));
    unjudged.map(input_of).min()
}

fn input_of(event: &Value) -> u64 {
    let id = event["id"].as_str().and_then(|id| id.split('.').next());
    id.and_then(|input| input.parse().ok()).expect("an id begins with the input")
}

/// The comparison must be able to fail: one event less is seen.
#[test]
fn a_missing_event_is_seen() {
    let text = scenario(1, &Options::default());
    let mut actual = replay(&text, true);
    let expected = wardline_sim::oracle::run(&text);
    assert!(actual.pop().is_some(), "the scenario causes events");
    assert!(compare(&expected, &actual).is_err());
}

#[test]
fn the_slack_test_changes_nothing() {
    for seed in seeds(SEEDS) {
        for options in [Options::default(), Options::all_rules()] {
            let text = scenario(seed, &options);
            let lines = |slack| -> Vec<String> {
                replay(&text, slack).iter().map(ToString::to_string).collect()
            };
            assert_eq!(lines(true), lines(false), "seed {seed} (WARDLINE_SEED={seed})");
        }
    }
}

/// Fixes received together cause what they would one after another.
#[test]
fn batches_change_nothing() {
    for seed in seeds(SEEDS) {
        let text = scenario(seed, &Options::default());
        let lines = (1..).zip(text.lines());
        let records: Vec<_> = lines.map(|(number, line)| jsonl::parse_line(line, number)).collect();
        let (mut single, mut batched) = (engine(true), engine(true));
        let (mut expected, mut actual) = (Vec::new(), Vec::new());
        records.iter().for_each(|record| single.apply(record, &mut |event| expected.push(event)));
        for together in records.chunk_by(are_fixes_at_once) {
            match fixes(together) {
                Some((at, fixes)) => batched.apply_fixes(at, &fixes, &mut |e| actual.push(e)),
                None => together.iter().for_each(|r| batched.apply(r, &mut |e| actual.push(e))),
            }
        }
        assert_eq!(actual, expected, "seed {seed} (WARDLINE_SEED={seed})");
        assert_eq!(batched.counters(), single.counters(), "seed {seed} (WARDLINE_SEED={seed})");
    }
}

fn are_fixes_at_once(a: &Record, b: &Record) -> bool {
    let fixes = matches!((&a.input, &b.input), (Input::Fix(_), Input::Fix(_)));
    fixes && a.at == b.at
}

/// The fixes of records that are nothing else, and their time of receipt.
fn fixes(together: &[Record]) -> Option<(Timestamp, Vec<Fix>)> {
    let fix = |record: &Record| match record.input {
        Input::Fix(fix) => Some(fix),
        _ => None,
    };
    Some((together.first()?.at?, together.iter().map(fix).collect::<Option<_>>()?))
}

fn engine(slack: bool) -> Engine {
    let mut config = Config::default();
    config.slack = slack;
    Engine::new(config)
}

fn replay(text: &str, slack: bool) -> Vec<Value> {
    let mut engine = engine(slack);
    let mut events = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let record = jsonl::parse_line(line, index as u64 + 1);
        engine.apply(&record, &mut |event| events.push(jsonl::event_value(&event)));
    }
    events
}
