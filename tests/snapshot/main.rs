//! An engine that is restored from a snapshot goes on as if it had never stopped.

mod hostile;

use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_core::time::Timestamp;
use wardline_core::{Config, Engine};
use wardline_sim::scenario::{Options, Rules, scenario};
use wardline_wire::jsonl;

/// Logs of 400 records each make 10,000 records.
const SEEDS: u64 = 25;
const LINES: usize = 400;

#[test]
fn restored_after_every_record_an_engine_goes_on_the_same() {
    let (mut records, mut events) = (0, 0);
    // In the last, a tick comes for an order of which one is no party any more.
    for seed in (0..SEEDS).chain([2_030]) {
        let (many, said) = restore_after_every_record(seed, LINES, config(seed));
        (records, events) = (records + many, events + said);
    }
    assert!(records >= 10_000, "only {records} records");
    assert!(events > records / 4, "{events} events are too few to show anything");
}

/// Two parties who rest far from each other for half an hour, and put off each other's timer.
#[test]
fn restored_after_every_record_a_quiet_pair_rests_on_the_same() {
    let time = |second: u32| format!("2026-03-02T08:{:02}:{:02}.000Z", second / 60, second % 60);
    let mut lines = vec![format!(
        r#"{{"type":"put_order","at":"{0}","order":17,"kind":"court","person":1001,"from":"{0}",
        "until":"2026-03-03T08:00:00.000Z","rules":[{{"rule":1,"kind":"keep_away","person":2001,
        "distance_m":500}}]}}"#,
        time(0)
    )];
    let parties = [(9001, 1001, 42.8), (9002, 2001, 43.0)];
    lines.extend(parties.map(|(device, person, _)| {
        let at = time(0);
        format!(
            r#"{{"type":"assign_device","at":"{at}","device":{device},"person":{person},
            "kind":"bracelet"}}"#
        )
    }));
    for second in (0..1_800).step_by(25) {
        lines.extend(parties.map(|(device, _, lat)| {
            let (at, seq) = (time(second), second + 1);
            format!(
                r#"{{"type":"fix","at":"{at}","device":{device},"seq":{seq},"time":"{at}",
                "lat":{lat},"lon":74.6,"accuracy_m":8}}"#
            )
        }));
    }
    let records: Vec<_> =
        (1..).zip(&lines).map(|(number, line)| jsonl::parse_line(line, number)).collect();
    let (_, events) = restore_after_each("a quiet pair", &records, Config::default());
    assert!(events < 10, "{events} events are not quiet");
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
    restore_after_each(&format!("seed {seed}"), &records(seed, lines), config)
}

fn restore_after_each(log: &str, records: &[Record], config: Config) -> (usize, usize) {
    let mut whole = Engine::new(config.clone());
    let mut restored = Engine::new(config.clone());
    let (mut bytes, mut events) = (Vec::new(), 0);
    for (index, record) in records.iter().enumerate() {
        let expected = apply(&mut whole, record);
        let actual = apply(&mut restored, record);
        assert_eq!(actual, expected, "{log}, record {index}");
        events += expected.len();
        bytes.clear();
        restored.snapshot(&mut bytes);
        let fingerprint = restored.fingerprint();
        assert_eq!(fingerprint, whole.fingerprint(), "{log}, record {index}");
        restored = Engine::restore(config.clone(), &bytes)
            .unwrap_or_else(|error| panic!("{log}, record {index}: {error}"));
        assert_eq!(restored.fingerprint(), fingerprint, "{log}, record {index}");
        assert_eq!(restored.counters(), whole.counters());
        // An engine that went on may look earlier than need be, never later.
        let next = |engine: &Engine| engine.next_deadline().unwrap_or(Timestamp::FAR_FUTURE);
        assert!(next(&whole) <= next(&restored), "{log}, record {index}");
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
