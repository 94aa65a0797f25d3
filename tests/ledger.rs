//! The engine's ledger does not depend on the order of arrival.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;
use wardline_core::{Config, Engine, Ledger, Row};
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl;

const SEEDS: u64 = 100;
/// Within it a device of a scenario sends fewer fixes than its history holds.
const DELAY_MS_MAX: i64 = 10_000;

/// J-LATE-3, J-FIX-2: late by up to ten seconds, and some received again, the fixes and statuses of
/// a log leave the same ledger.
#[test]
fn late_and_repeated_fixes_leave_the_same_ledger() {
    let mut rows = 0;
    for seed in 0..SEEDS {
        let options = Options { late: false, future: false, bad_lines: false, ..options(seed) };
        let in_order = records(&scenario(seed, &options));
        let expected = ledger(&in_order);
        let mut rng = StdRng::seed_from_u64(seed);
        let mut late = Vec::new();
        for record in &in_order {
            let delay_ms = match record.input {
                Input::Fix(_) | Input::Status(_) => rng.random_range(0..DELAY_MS_MAX),
                _ => 0,
            };
            late.push(delayed(record, delay_ms));
            if delay_ms > 0 && rng.random_bool(0.1) {
                late.push(delayed(record, delay_ms + rng.random_range(0..1_000)));
            }
        }
        late.sort_by_key(|record| record.at);
        let actual = ledger(&late);
        for (actual, expected) in actual.iter().zip(&expected) {
            assert_eq!(actual, expected, "seed {seed}");
        }
        assert_eq!(actual.len(), expected.len(), "seed {seed}");
        rows += expected.len();
    }
    assert!(rows > 100, "{rows} rows are too few to show anything");
}

fn options(seed: u64) -> Options {
    if seed.is_multiple_of(2) { Options::default() } else { Options::all_rules() }
}

/// The records of a log in which each device stays with its person and sends nothing before: what
/// comes when a device is nobody's counts for nobody, whatever the order of the others.
fn records(log: &str) -> Vec<Record> {
    let lines = (1..).zip(log.lines());
    let mut records: Vec<_> = lines.map(|(number, line)| jsonl::parse_line(line, number)).collect();
    // In order: each is received when it happens.
    for record in &mut records {
        match &record.input {
            Input::Fix(fix) => record.at = Some(fix.time),
            Input::Status(status) => record.at = Some(status.time),
            _ => {}
        }
    }
    records.sort_by_key(|record| record.at);
    let mut known = BTreeSet::new();
    records.retain(|record| match &record.input {
        Input::AssignDevice(assign) => known.insert(assign.device),
        Input::Fix(fix) => known.contains(&fix.device),
        Input::Status(status) => known.contains(&status.device),
        Input::ReleaseDevice(_) | Input::Operator(_) | Input::Invalid(_) => false,
        _ => true,
    });
    let last = records.iter().filter_map(|record| record.at).max().unwrap_or_default();
    let at = Some(last.plus_ms(2 * DELAY_MS_MAX));
    records.push(Record { at, input: Input::Tick });
    records
}

fn delayed(record: &Record, delay_ms: i64) -> Record {
    let at = record.at.map(|at: Timestamp| at.plus_ms(delay_ms));
    Record { at, input: record.input.clone() }
}

fn ledger(records: &[Record]) -> Vec<Row> {
    let mut ledger = Ledger::default();
    let mut engine = Engine::new(Config::default());
    for record in records {
        engine.apply(record, &mut |event| ledger.take(&event));
    }
    ledger.rows()
}
