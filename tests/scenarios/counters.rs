//! Counters that pass the powers of two, in every scenario.

use serde_json::Value;
use wardline_core::Config;

use super::{NAMES, events_of, path, read};

/// C20: an American system went blind when a counter passed 2^31. Here the counters of inputs and
/// of devices pass it, and 2^32 and 2^63, in the middle of every scenario.
#[test]
fn counters_may_pass_the_powers_of_two() {
    for start in [1_u64 << 31, 1 << 32, 1 << 63].map(|power| power - 5) {
        for name in NAMES {
            let input = read(&path(name, "jsonl"));
            let shifted: Vec<_> = input.lines().map(|line| with_later_seq(line, start)).collect();
            let mut config = Config::default();
            config.first_input = start + 1;
            let mut expected = values(&events_of(&input, Config::default()));
            let mut actual = values(&events_of(&shifted.join("\n"), config));
            actual.iter_mut().for_each(|event| count_from(event, start));
            for event in expected.iter_mut().chain(&mut actual) {
                // A refusal's value may be the counter itself.
                event.as_object_mut().map(|event| event.remove("value"));
            }
            assert_eq!(actual, expected, "{name}, counters from {start}");
        }
    }
}

/// The same line from a device that has sent `start` inputs before.
fn with_later_seq(line: &str, start: u64) -> String {
    let Ok(mut input) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    match input["seq"].as_u64().and_then(|seq| seq.checked_add(start)) {
        Some(seq) if input["type"] == "fix" || input["type"] == "status" => {
            input["seq"] = seq.into();
            input.to_string()
        }
        _ => line.to_owned(),
    }
}

/// The event as it would be if its counters had started `start` lower.
fn count_from(event: &mut Value, start: u64) {
    let id = event["id"].as_str().and_then(|id| id.split_once('.'));
    let (input, rest) = id.expect("an id has three parts");
    let input: u64 = input.parse().expect("an id begins with the input");
    event["id"] = format!("{}.{rest}", input - start).into();
    for fix in ["fix", "other_fix"] {
        if let Some(seq) = event[fix]["seq"].as_u64() {
            event[fix]["seq"] = (seq - start).into();
        }
    }
}

fn values(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).expect("an event is JSON")).collect()
}
