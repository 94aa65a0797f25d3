//! Fixes that come late to somebody who stays where no verdict changes: what the slack test spares
//! them, and that it changes nothing.
//!
//! `WARDLINE_SEEDS=N` tries N seeds (default 300), `WARDLINE_SEED=K` that one only.

#[path = "../seeds/mod.rs"]
mod seeds;
mod walks;

use seeds::seeds;
use std::collections::BTreeMap;
use walks::World;
use wardline_core::event::{Event, EventKind};
use wardline_core::input::{Input, Record};
use wardline_core::{Config, Engine};

const SEEDS: u64 = 300;
const INPUTS: usize = 2_000;

/// What an engine made of a log.
struct Outcome {
    events: Vec<Event>,
    repeats: u64,
    /// Fixes that were not the newest of their device, and those of them within slack.
    late: u64,
    late_within_slack: u64,
}

/// Whatever the walks and however the fixes come, with histories of any length; and so it is of an
/// engine that comes from a snapshot again and again, which spares the same fixes.
// J-TIME-3, J-LATE-1, J-LATE-5, J-FIX-2, J-FIX-5, J-FIX-6, J-CROSS-1
#[test]
fn the_slack_of_late_fixes_changes_nothing() {
    let mut kinds = BTreeMap::new();
    let (mut late, mut within_slack, mut repeats) = (0, 0, 0);
    for seed in seeds(SEEDS) {
        let log = World::log(seed, INPUTS);
        let mut config = Config::default();
        config.history_fixes = [2, 3, 6, 32][seed as usize % 4];
        config.repeat_memory = [64, 64, 7, 0][seed as usize / 4 % 4];
        let actual = replay(&log, &config, usize::MAX);
        let restored = replay(&log, &config, 17);
        config.slack = false;
        let expected = replay(&log, &config, usize::MAX);
        let context = format!("seed {seed} (WARDLINE_SEED={seed})");
        for (actual, expected) in actual.events.iter().zip(&expected.events) {
            assert_eq!(actual, expected, "{context}");
        }
        assert_eq!(actual.events.len(), expected.events.len(), "{context}");
        assert!(restored.events == expected.events, "{context}");
        assert_eq!(restored.late_within_slack, actual.late_within_slack, "{context}");
        assert_eq!(actual.repeats, expected.repeats, "{context}");
        assert_eq!(expected.late_within_slack, 0, "{context}");
        late += actual.late;
        within_slack += actual.late_within_slack;
        repeats += actual.repeats;
        actual.events.iter().for_each(|event| *kinds.entry(event.kind).or_insert(0) += 1);
    }
    println!("{within_slack} of {late} late fixes within slack; {repeats} repeats; {kinds:?}");
    assert!(within_slack * 4 > late, "{within_slack} of {late}");
    assert!(repeats > 0);
    let told = [
        EventKind::Breach,
        EventKind::Warning,
        EventKind::Absence,
        EventKind::Silence,
        EventKind::NoFix,
        EventKind::SuspectMotion,
        EventKind::Unjudged,
    ];
    assert!(told.iter().all(|kind| kinds.contains_key(kind)), "{kinds:?}");
}

/// Takes in a log with an engine that is written and restored after every so many inputs.
fn replay(log: &[Record], config: &Config, restore_every: usize) -> Outcome {
    let mut engine = Engine::new(config.clone());
    let mut outcome = Outcome { events: Vec::new(), repeats: 0, late: 0, late_within_slack: 0 };
    let mut newest = BTreeMap::new();
    for (number, record) in (1..).zip(log) {
        let before = engine.counters();
        engine.apply(record, &mut |event| outcome.events.push(event));
        if let Input::Fix(fix) = &record.input {
            let newest = newest.entry(fix.device).or_insert(fix.time);
            if fix.time < *newest {
                let after = engine.counters();
                outcome.late += after.fixes - before.fixes;
                outcome.late_within_slack += after.fixes_within_slack - before.fixes_within_slack;
            }
            *newest = fix.time.max(*newest);
        }
        if number % restore_every == 0 {
            let mut bytes = Vec::new();
            engine.snapshot(&mut bytes);
            engine = Engine::restore(config.clone(), &bytes).expect("its own snapshot");
        }
    }
    outcome.repeats = engine.counters().repeats;
    outcome
}
