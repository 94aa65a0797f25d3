//! The ledger does not depend on the order of arrival (J-LATE-3).

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wardline_sim::{Options, Oracle, scenario};

/// The inputs of a scenario whose devices stay with their persons.
fn inputs(seed: u64) -> Vec<Value> {
    let options = Options { future: false, bad_lines: false, ..Options::all_rules() };
    let text = scenario(seed, &options);
    let all = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let mut assigned = BTreeSet::new();
    let mut all: Vec<Value> = all
        .filter(|v| match v["type"].as_str() {
            Some("release_device" | "operator") => false,
            Some("assign_device") => assigned.insert(v["device"].as_u64()),
            _ => true,
        })
        .collect();
    // Everybody has the device from the start.
    let start = all.first().map_or(Value::Null, |v| v["at"].clone());
    for v in all.iter_mut().filter(|v| v["type"] == "assign_device") {
        v["at"] = start.clone();
    }
    all.sort_by_key(|v| v["type"] != "assign_device");
    all
}

fn reported(v: &Value) -> bool {
    v["type"] == "fix" || v["type"] == "status"
}

/// Event time: the smaller of `time` and `at`; as texts they compare like instants.
fn event_time(v: &Value) -> String {
    let text = |m: &str| v[m].as_str().unwrap_or_default().to_string();
    if reported(v) { text("time").min(text("at")) } else { text("at") }
}

/// Whether some input comes when a history has 32 newer entries.
fn displaced(inputs: &[Value]) -> bool {
    let mut times: BTreeMap<(Option<u64>, bool), Vec<String>> = BTreeMap::new();
    inputs.iter().filter(|v| reported(v)).any(|v| {
        let t = event_time(v);
        let full = times.values().any(|l| l.iter().filter(|x| **x > t).count() >= 32);
        times.entry((v["device"].as_u64(), v["type"] == "fix")).or_default().push(t);
        full
    })
}

fn ledger(inputs: &[Value]) -> Vec<String> {
    let mut oracle = Oracle::new();
    inputs.iter().for_each(|v| drop(oracle.line(&v.to_string())));
    let mut rows = oracle.ledger();
    for r in &mut rows {
        r["episode"] = json!(null);
    }
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort();
    rows
}

// J-LATE-3 J-TIME-3
#[test]
fn the_ledger_is_the_same_for_every_order_of_arrival() {
    let (mut compared, mut late) = (0, 0);
    for seed in 1000..1120 {
        let arrived = inputs(seed);
        let mut sorted = arrived.clone();
        for v in sorted.iter_mut().filter(|v| reported(v)) {
            v["at"] = json!(event_time(v));
        }
        sorted.sort_by_key(|v| (event_time(v), reported(v)));
        // A report from before the assignment is refused if it comes later.
        let early = |v: &Value| reported(v) && event_time(v) < event_time(&arrived[0]);
        if displaced(&arrived) || arrived.iter().any(early) {
            continue;
        }
        late += usize::from(!arrived.is_sorted_by_key(event_time));
        let (a, b) = (ledger(&arrived), ledger(&sorted));
        let differs: Vec<&String> = a.iter().filter(|r| !b.contains(r)).collect();
        let lacks: Vec<&String> = b.iter().filter(|r| !a.contains(r)).collect();
        assert!(a == b, "seed {seed}: {differs:#?} {lacks:#?}");
        compared += a.len();
    }
    assert!(compared > 200 && late > 10, "{compared} {late}");
}
