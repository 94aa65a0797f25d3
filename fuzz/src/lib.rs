//! The bodies of the fuzz targets: ordinary functions, so that the corpus runs on stable too.
//!
//! Each takes any bytes and panics only if the code does something that it must not do.

mod bytes;
mod journal;
mod late_data;
mod operations;
mod pipeline;
mod snapshot;
mod wire;

use serde_json::Value;
use std::collections::BTreeMap;
use wardline_core::{Config, Engine};
use wardline_wire::jsonl;

pub use journal::{
    journal_entry, journal_evidence, journal_inputs, journal_seeds, journal_snapshot,
};
pub use late_data::late_data;
pub use operations::operations;
pub use pipeline::{pipeline_seed, pipeline_snapshots};
pub use snapshot::{snapshot, snapshot_seed};
pub use wire::{ack_decode, owntracks, teltonika, wire_open, wire_plaintext};

/// Lines of a log, whatever they hold: each is read or refused, and the engine goes on.
pub fn input_line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut engine = Engine::new(Config::default());
    for (number, line) in (1..).zip(text.lines()) {
        let mut refusals = 0;
        let record = jsonl::parse_line(line, number);
        engine.apply(&record, &mut |event| {
            let value = jsonl::event_value(&event);
            refusals += u32::from(value["kind"] == "refused");
        });
        assert!(refusals <= 1, "one line was refused {refusals} times: {line}");
    }
    assert_eq!(engine.last_input(), text.lines().count() as u64);
}

/// A zone and fixes near it, made from the bytes: the oracle must admit the same zones and give the
/// same events.
pub fn zone_judgement(data: &[u8]) {
    let log = operations::zone_log(data);
    let expected = wardline_sim::oracle::run(&log);
    let actual = events(&log, true);
    if let Err(difference) = wardline_sim::compare::compare(&expected, &actual) {
        panic!("{difference}\nlog:\n{log}");
    }
}

/// The events of a log, with the slack test on or off.
pub fn events(log: &str, slack: bool) -> Vec<Value> {
    let mut config = Config::default();
    config.slack = slack;
    let mut engine = Engine::new(config);
    let mut events = Vec::new();
    for (number, line) in (1..).zip(log.lines()) {
        let record = jsonl::parse_line(line, number);
        engine.apply(&record, &mut |event| events.push(jsonl::event_value(&event)));
    }
    events
}

/// Every `started` is followed by at most one `ended` of its episode, and nothing else ends.
// J-PAIR-1
pub fn check_pairs(events: &[Value]) {
    let mut open: BTreeMap<&str, bool> = BTreeMap::new();
    for event in events {
        let Some(episode) = event["episode"].as_str() else {
            continue;
        };
        match event["phase"].as_str() {
            Some("started") => {
                assert_eq!(open.insert(episode, true), None, "{episode} started twice");
            }
            Some("ended") => {
                assert_eq!(open.insert(episode, false), Some(true), "{episode} ended unopened");
            }
            _ => assert!(open.contains_key(episode), "{episode} was never started"),
        }
    }
}
