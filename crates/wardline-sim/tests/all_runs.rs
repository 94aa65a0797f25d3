//! Scenarios with rules of all kinds, run through the oracle: their shape, and what they cover.

use serde_json::Value;
use std::collections::BTreeMap;
use wardline_sim::{Options, Oracle, run, scenario};

const SEEDS: u64 = 300;

#[derive(Default, Clone, Copy, PartialEq)]
enum Stage {
    #[default]
    Never,
    Open,
    Ended,
}

/// What the events say of an episode.
#[derive(Default)]
struct Episode {
    stage: Stage,
    withdrawn: bool,
    row: Value,
}

fn follow(seed: u64, episodes: &mut BTreeMap<String, Episode>, e: &Value) {
    let Some(id) = e["episode"].as_str() else { return };
    if e["kind"] == "panic" {
        assert!(!episodes.contains_key(id), "seed {seed}: {e}");
        episodes.insert(id.into(), Episode::default());
        return;
    }
    let ep = episodes.entry(id.into()).or_default();
    match e["phase"].as_str() {
        Some("started") => {
            assert!(ep.stage == Stage::Never, "seed {seed}: {e}");
            ep.stage = Stage::Open;
            ep.row["start"] = e["time"].clone();
        }
        Some("ended") => {
            assert!(ep.stage == Stage::Open, "seed {seed}: {e}");
            ep.stage = Stage::Ended;
            ep.row["end"] = e["time"].clone();
        }
        Some("amended") => {
            assert!(ep.stage != Stage::Never && !ep.withdrawn, "seed {seed}: {e}");
            ep.withdrawn = e["withdrawn"] == true;
            ep.row["start"] = e["start"].clone();
            ep.row["end"] = e["end"].clone();
            assert!(!ep.withdrawn || ep.stage == Stage::Ended, "seed {seed}: {e}");
        }
        _ => return,
    }
    if e["phase"] != "ended" {
        ep.row["certainty"] = e["certainty"].clone();
        ep.row["permitted"] = e["permitted"].clone();
    }
}

// J-PAIR-1 J-LATE-3
#[test]
fn events_pair_and_rebuild_the_ledger() {
    for seed in 0..SEEDS {
        let mut oracle = Oracle::new();
        let mut episodes = BTreeMap::new();
        for line in scenario(seed, &Options::all_rules()).lines() {
            for e in oracle.line(line) {
                follow(seed, &mut episodes, &e);
            }
        }
        let function = |id: &str| {
            let kind = id.split('.').nth(3).unwrap_or_default();
            !["silence", "no_fix", "degraded", "panic"].contains(&kind)
        };
        episodes.retain(|id, e| function(id) && !e.withdrawn);
        let ledger = oracle.ledger();
        assert_eq!(ledger.len(), episodes.len(), "seed {seed}");
        for l in ledger {
            let r = &episodes[l["episode"].as_str().unwrap_or_default()].row;
            for k in ["start", "end", "certainty", "permitted"] {
                assert_eq!(l[k], r[k], "seed {seed}: {k} of {l}");
            }
        }
    }
}

fn count(counts: &mut BTreeMap<String, u32>, e: &Value) {
    let word = |m: &str| e[m].as_str().unwrap_or("-").to_string();
    let mut add = |k: String| *counts.entry(k).or_default() += 1;
    add(format!("{} {} {}", word("kind"), word("phase"), word("cause")));
    if e["other_person"].is_u64() {
        add(format!("pair {} {} {}", word("kind"), word("phase"), word("cause")));
    }
    if e["withdrawn"] == true {
        add(format!("{} withdrawn", word("kind")));
    }
    if e["kind"] == "refused" {
        add(format!("refused {}", word("reason")));
    }
    if e["device"] == 0 {
        add(format!("device 0 {}", word("kind")));
    }
}

#[test]
fn every_kind_and_cause_occurs() {
    let mut counts = BTreeMap::new();
    for seed in 0..SEEDS {
        for e in run(&scenario(seed, &Options::all_rules())) {
            count(&mut counts, &e);
        }
    }
    eprintln!("{counts:#?}");
}
