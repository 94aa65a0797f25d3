//! Times, streams of lines, and events.

use super::*;
use wardline_core::{Config, Engine};

#[test]
fn times_are_read_as_rfc_3339_writes_them() {
    let check = |text: &str, expected: &str| {
        let read = instant::parse(text).map(instant::format);
        assert_eq!(read.as_deref().unwrap_or("refused"), expected, "{text}");
    };
    check(T0, T0);
    check("2026-01-02t03:04:05z", "2026-01-02T03:04:05.000Z");
    check("2026-01-02T03:04:05.6789999999999Z", T0);
    check("2026-01-02T08:34:05.678+05:30", T0);
    check("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z");
    check("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.500Z");
    check("2024-02-29T00:00:00-00:01", "2024-02-29T00:01:00.000Z");
    check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z");
    check("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
    for text in [
        "",
        "2026-01-02",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05.Z",
        "2026-01-02 03:04:05Z",
        "2026-02-29T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:61Z",
        "2026-01-02T03:04:05+0530",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05Z[UTC]",
        "+002026-01-02T03:04:05Z",
        "2026-01-0éT03:04:05Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ] {
        check(text, "refused");
    }
}

#[test]
fn lines_of_a_stream_are_told_apart() {
    let long = "x".repeat(LINE_BYTES_MAX + 5);
    let check = |text: &[u8], expected: &[&str]| {
        let mut lines = Lines::new(std::io::BufReader::with_capacity(3, text));
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().expect("memory can be read") {
            found.push(match line.record().input {
                Input::Invalid(refusal) => refusal.reason,
                _ => "ok".to_owned(),
            });
            assert!(line.bytes.len() <= LINE_BYTES_MAX && line.number == found.len() as u64);
        }
        assert_eq!(found, expected);
    };
    check(b"", &[]);
    check(b"\n", &[]);
    check(b"{\"type\":\"tick\"}\r\n{\"type\":\"tick\"}", &["ok", "ok"]);
    check(b"{\"type\":\"tick\"}\n\n", &["ok"]);
    check(b"\n{\"type\":\"tick\"}\n", &["not_json", "ok"]);
    check(b"\xff\n{\"type\":\"tick\"}\n", &["not_utf8", "ok"]);
    check(format!("{long}\n{{\"type\":\"tick\"}}\n").as_bytes(), &["line_too_long", "ok"]);
}

/// The events that the engine gives for these lines, as lines.
fn run(lines: &[Value]) -> Vec<String> {
    let mut engine = Engine::new(Config::default());
    let mut out = Vec::new();
    for (number, line) in (1..).zip(lines) {
        let record = parse_line(&line.to_string(), number);
        engine.apply(&record, &mut |event| {
            write_event(&event, &mut out).expect("a Vec takes all");
            let line = out.rsplit(|byte| *byte == b'\n').nth(1).expect("a line");
            let read: Value = serde_json::from_slice(line).expect("JSON");
            assert_eq!(read, event_value(&event));
        });
    }
    String::from_utf8(out).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn events_are_written_in_the_order_of_the_specification() {
    let circle = json!({"type": "Point", "coordinates": [74.59, 42.87], "radius_m": 100});
    let assign = json!({"type": "assign_device", "at": T0, "device": 9001, "person": 1001,
        "kind": "phone"});
    let mut order = order(json!([rule()]));
    order["permits"] = json!([]);
    let events = run(&[zone(circle), order, assign, fix(), json!({"type": "wave", "at": T0})]);
    let breach = concat!(
        r#"{"id":"4.17.0","at":"2026-01-02T03:04:05.678Z","time":"2026-01-02T03:04:05.678Z","#,
        r#""order":17,"order_version":1,"rule":1,"person":1001,"device":9001,"kind":"breach","#,
        r#""phase":"started","episode":"17.1.9001.breach.1","zone":5,"zone_version":1,"#,
        r#""distance_m":-100.0,"threshold_m":0.0,"certainty":"probable","cause":"fix","#,
        r#""late":false,"permitted":false,"fix":{"device":9001,"seq":1,"#,
        r#""time":"2026-01-02T03:04:05.678Z","lat":42.87,"lon":74.59,"accuracy_m":8.0,"#,
        r#""sound":false},"fix_age_ms":0}"#,
    );
    assert_eq!(events.first().map(String::as_str), Some(breach));
    let refused = concat!(
        r#"{"id":"5.0.0","at":"2026-01-02T03:04:05.678Z","time":"2026-01-02T03:04:05.678Z","#,
        r#""order":0,"order_version":0,"rule":0,"person":0,"kind":"refused","phase":"noted","#,
        r#""late":false,"reason":"unknown_type","value":"wave"}"#,
    );
    assert_eq!(events.last().map(String::as_str), Some(refused));
}
