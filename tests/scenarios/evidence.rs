//! What each event of every scenario carries.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{NAMES, path, read, replay};

/// C23: whatever the scenario, each event proves itself and each start has its end.
// J-EVENT-1, J-EVENT-2, J-PAIR-1
#[test]
fn events_of_all_scenarios_prove_themselves() {
    for name in NAMES {
        let lines = replay(&read(&path(name, "jsonl")), true);
        let mut started = BTreeMap::new();
        for line in &lines {
            let event: Value = serde_json::from_str(line).expect("an event is JSON");
            check_evidence(&event, line);
            let Some(episode) = event["episode"].as_str() else {
                continue;
            };
            let ended: &mut Option<bool> = started.entry(episode.to_owned()).or_default();
            match event["phase"].as_str() {
                Some("started") => assert_eq!(ended.replace(false), None, "{name}: {line}"),
                Some("ended") => assert_eq!(ended.replace(true), Some(false), "{name}: {line}"),
                _ => assert!(ended.is_some() || line.contains(".panic."), "{name}: {line}"),
            }
        }
    }
}

fn check_evidence(event: &Value, line: &str) {
    if event["order"] != 0 {
        assert!(event["order_version"].as_u64().is_some_and(|version| version > 0), "{line}");
    }
    if event["fix"].is_object() {
        assert!(event["fix_age_ms"].is_i64(), "{line}");
        assert!(event["fix"]["sound"].is_boolean(), "{line}");
    }
    match event["kind"].as_str() {
        Some("breach") if event["zone"].is_u64() => {
            assert_eq!(event["threshold_m"].as_f64(), Some(0.0), "{line}");
        }
        Some("breach" | "warning") => {
            assert!(event["threshold_m"].as_f64() > Some(0.0), "{line}");
        }
        _ => return,
    }
    let zone_version = event["zone_version"].as_u64().is_some_and(|version| version > 0);
    assert!(zone_version || event["other_person"].is_u64(), "{line}");
    let proved = event["fix"].is_object() && event["distance_m"].is_f64();
    assert!(event["phase"] != "started" || proved, "{line}");
    if let Some((_, rest)) = line.split_once("\"distance_m\":") {
        let number = rest.split([',', '}']).next().unwrap_or_default();
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert!(decimals <= 3, "{line}");
    }
}
