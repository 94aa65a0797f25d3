//! The engine against the oracle, on seeded scenarios.
//!
//! `WARDLINE_SEEDS=N` tries N seeds (default 200), `WARDLINE_SEED=K` that one only.

use std::ops::Range;

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
    for seed in seeds() {
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
    for seed in seeds() {
        let text = scenario(seed, &Options::default());
        let lines =
            |slack| -> Vec<_> { replay(&text, slack).iter().map(ToString::to_string).collect() };
        let (with, without): (Vec<String>, Vec<String>) = (lines(true), lines(false));
        assert_eq!(with, without, "seed {seed} (WARDLINE_SEED={seed})");
    }
}

/// Fixes received together cause what they would one after another.
#[test]
fn batches_change_nothing() {
    for seed in seeds() {
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

fn seeds() -> Range<u64> {
    match (number("WARDLINE_SEED"), number("WARDLINE_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}
