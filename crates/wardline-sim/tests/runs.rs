//! Scenarios run through the oracle and give what they should in shape.

use serde_json::Value;
use std::collections::BTreeMap;
use wardline_sim::{Options, Oracle, compare, run, scenario};

#[test]
fn scenarios_are_repeatable_and_rich() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..30 {
        let text = scenario(seed, &Options::default());
        assert_eq!(text, scenario(seed, &Options::default()), "seed {seed}");
        for e in run(&text) {
            let k = format!("{} {} {}", e["kind"], e["phase"], e["cause"]);
            *kinds.entry(k).or_default() += 1;
            if e["certainty"] == "crossed" {
                *kinds.entry("crossed".into()).or_default() += 1;
            }
            if e["reason"].is_string() {
                *kinds.entry(format!("refused {}", e["reason"])).or_default() += 1;
            }
        }
    }
    eprintln!("{kinds:#?}");
    for k in [
        "crossed",
        "\"breach\" \"started\" \"fix\"",
        "\"breach\" \"ended\" \"fix\"",
        "\"warning\" \"started\" \"fix\"",
    ] {
        assert!(kinds.contains_key(k), "no {k}");
    }
}

// J-PAIR-1
#[test]
fn every_start_has_at_most_one_end() {
    for seed in 100..120 {
        let mut open: BTreeMap<String, u32> = BTreeMap::new();
        for e in run(&scenario(seed, &Options::default())) {
            let Some(ep) = e["episode"].as_str() else {
                continue;
            };
            let count = open.entry(ep.into()).or_default();
            match e["phase"].as_str() {
                Some("started") => {
                    assert_eq!(*count, 0, "seed {seed}: {e}");
                    *count = 1;
                }
                Some("ended") => {
                    assert_eq!(*count, 1, "seed {seed}: {e}");
                    *count = 2;
                }
                _ => assert!(*count > 0, "seed {seed}: {e}"),
            }
        }
    }
}

#[test]
fn comparison_finds_differences() {
    let events: Vec<Value> = run(&scenario(3, &Options::default()));
    assert!(compare(&events, &events).is_ok());
    assert!(compare(&events, &events[1..]).is_err());
}

// J-PAIR-1 J-LATE-3
#[test]
fn events_rebuild_the_ledger() {
    for seed in 200..240 {
        let mut oracle = Oracle::new();
        let mut rebuilt: BTreeMap<String, Value> = BTreeMap::new();
        for line in scenario(seed, &Options::default()).lines() {
            for e in oracle.line(line) {
                let Some(id) = e["episode"].as_str().map(String::from) else {
                    continue;
                };
                if e["withdrawn"] == true {
                    rebuilt.remove(&id);
                    continue;
                }
                if e["phase"] == "noted" {
                    continue;
                }
                let row = rebuilt.entry(id).or_default();
                match e["phase"].as_str() {
                    Some("started") => row["start"] = e["time"].clone(),
                    Some("ended") => row["end"] = e["time"].clone(),
                    _ => {
                        row["start"] = e["start"].clone();
                        row["end"] = e["end"].clone();
                    }
                }
                if e["phase"] != "ended" {
                    row["certainty"] = e["certainty"].clone();
                    row["permitted"] = e["permitted"].clone();
                }
            }
        }
        let ledger = oracle.ledger();
        assert_eq!(ledger.len(), rebuilt.len(), "seed {seed}");
        for l in ledger {
            let r = &rebuilt[l["episode"].as_str().unwrap_or_default()];
            for k in ["start", "end", "certainty", "permitted"] {
                assert_eq!(l[k], r[k], "seed {seed}: {k} of {l}");
            }
        }
    }
}
