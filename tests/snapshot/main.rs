//! An engine that is restored from a snapshot goes on as if it had never stopped.

mod hostile;

use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_core::{Config, Engine};
use wardline_sim::scenario::{Options, Rules, scenario};
use wardline_wire::jsonl;

/// Logs of 400 records each make 10,000 records.
const SEEDS: u64 = 25;
const LINES: usize = 400;

#[test]
fn restored_after_every_record_an_engine_goes_on_the_same() {
    let (mut records, mut events) = (0, 0);
    for seed in 0..SEEDS {
        let (many, said) = restore_after_every_record(seed, LINES, config(seed));
        (records, events) = (records + many, events + said);
    }
    assert!(records >= 10_000, "only {records} records");
    assert!(events > records / 4, "{events} events are too few to show anything");
}

/// The same with one long log, whose state grows with every zone and order that was put.
#[test]
#[ignore = "takes minutes"]
fn restored_after_every_record_of_long_logs() {
    for seed in 1_000..1_004 {
        restore_after_every_record(seed, 10_000, config(seed));
    }
    for seed in 2_000..2_200 {
        restore_after_every_record(seed, LINES, config(seed));
    }
}

/// By turns the default, short histories and memories of repeats, and no slack.
fn config(seed: u64) -> Config {
    let mut config = Config::default();
    match seed % 5 {
        1 => (config.history_fixes, config.repeat_memory) = (5, 3),
        2 => (config.history_fixes, config.history_words) = (7, 2),
        3 => (config.repeat_memory, config.strangers_max) = (0, 2),
        4 => config.slack = false,
        _ => {}
    }
    config
}

/// Takes in a log with two engines, one of which is replaced by its restored snapshot after every
/// record. Gives the numbers of records and events.
fn restore_after_every_record(seed: u64, lines: usize, config: Config) -> (usize, usize) {
    let records = records(seed, lines);
    let mut whole = Engine::new(config.clone());
    let mut restored = Engine::new(config.clone());
    let (mut bytes, mut events) = (Vec::new(), 0);
    for (index, record) in records.iter().enumerate() {
        let expected = apply(&mut whole, record);
        let actual = apply(&mut restored, record);
        assert_eq!(actual, expected, "seed {seed}, record {index}");
        events += expected.len();
        bytes.clear();
        restored.snapshot(&mut bytes);
        let fingerprint = restored.fingerprint();
        assert_eq!(fingerprint, whole.fingerprint(), "seed {seed}, record {index}");
        restored = Engine::restore(config.clone(), &bytes)
            .unwrap_or_else(|error| panic!("seed {seed}, record {index}: {error}"));
        assert_eq!(restored.fingerprint(), fingerprint, "seed {seed}, record {index}");
        assert_eq!(restored.counters(), whole.counters());
        assert_eq!(restored.next_deadline(), whole.next_deadline());
    }
    (records.len(), events)
}

fn records(seed: u64, lines: usize) -> Vec<Record> {
    let rules = if seed % 6 == 5 { Rules::KeepOutOnly } else { Rules::All };
    let options = Options { lines, rules, ..Options::all_rules() };
    let log = scenario(seed, &options);
    (1..).zip(log.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
}

fn apply(engine: &mut Engine, record: &Record) -> Vec<Event> {
    let mut events = Vec::new();
    engine.apply(record, &mut |event| events.push(event));
    events
}
