//! C13: 10,000 shared zones under one rule, and thousands of other people's zones over one place.

use serde_json::json;
use wardline_core::event::{EventKind, Phase};
use wardline_core::geometry::Position;
use wardline_core::{Config, Engine};
use wardline_wire::jsonl;

const ZONES: u64 = 10_000;
const COLUMNS: u64 = 100;
const FIRST_LAT: f64 = 42.80;
const FIRST_LON: f64 = 74.45;
const STEP_DEG: f64 = 0.002;

/// Each zone has its own machine, and only those that the person enters say something.
#[test]
fn layer_of_10000_zones() {
    for slack in [true, false] {
        assert_eq!(walk_through_a_layer(slack), ["101 Started", "101 Ended", "102 Started"]);
    }
}

fn walk_through_a_layer(slack: bool) -> Vec<String> {
    let mut config = Config::default();
    config.slack = slack;
    let mut engine = Engine::new(config);
    let mut seen = Vec::new();
    for (index, line) in inputs().iter().enumerate() {
        let record = jsonl::parse_line(line, index as u64 + 1);
        engine.apply(&record, &mut |event| {
            // The incidents that nobody acknowledges here are not the matter.
            if event.kind == EventKind::Escalated {
                return;
            }
            assert_eq!(event.kind, EventKind::Breach, "{line}");
            let zone =
                event.episode.and_then(|episode| episode.zone).map_or(0, |(zone, _)| zone.number());
            assert!(matches!(event.phase, Phase::Started | Phase::Ended));
            seen.push(format!("{zone} {:?}", event.phase));
        });
    }
    seen
}

/// 5,000 people each have a zone of their own over one place; who walks there hears of his alone.
#[test]
fn zones_of_5000_others_over_one_place() {
    let mut engine = Engine::new(Config::default());
    let mut number = 0;
    let mut seen = Vec::new();
    for line in others_over_one_place() {
        number += 1;
        let record = jsonl::parse_line(&line, number);
        engine.apply(&record, &mut |event| {
            seen.push((event.order.number(), event.kind, event.phase));
        });
    }
    assert_eq!(engine.counters().refused, 0);
    let (lat, lon) = centre(101);
    let here = Position::from_degrees(lat, lon).expect("a place on the earth");
    assert_eq!(engine.zones_here(here).len(), 5_000, "the zones are there");
    let of_others = seen.iter().filter(|(order, ..)| *order != 2_500);
    assert_eq!(of_others.count(), 0);
    seen.retain(|(_, kind, _)| *kind == EventKind::Breach);
    let phases: Vec<_> = seen.iter().map(|(.., phase)| *phase).collect();
    assert_eq!(phases, [Phase::Started, Phase::Ended]);
}

fn others_over_one_place() -> Vec<String> {
    let at = "2026-03-02T08:00:00.000Z";
    let (lat, lon) = centre(101);
    let mut lines = Vec::new();
    for person in 1..=5_000 {
        let geometry = json!({"type": "Point", "coordinates": [lon, lat], "radius_m": 40});
        let rules = json!([{"rule": 1, "kind": "keep_out", "zone": person}]);
        for input in [
            json!({"type": "put_zone", "at": at, "zone": person, "geometry": geometry}),
            json!({"type": "put_order", "at": at, "order": person, "kind": "temporary",
                "person": person, "from": at, "until": "2026-03-20T08:00:00.000Z",
                "rules": rules}),
            json!({"type": "assign_device", "at": at, "device": person, "person": person,
                "kind": "bracelet"}),
        ] {
            lines.push(input.to_string());
        }
    }
    for (seq, east_deg) in (1..).zip([-0.01, 0.0, 0.0001, 0.01]) {
        let time = format!("2026-03-02T08:{seq:02}:00.000Z");
        lines.push(
            json!({"type": "fix", "at": time, "device": 2_500, "seq": seq, "time": time,
                "lat": lat, "lon": lon + east_deg, "accuracy_m": 8.0})
            .to_string(),
        );
    }
    lines
}

/// Zones of 40 m radius on a grid of about 160 by 220 m, and a walk from zone 101 to zone 102.
fn inputs() -> Vec<String> {
    let at = "2026-03-02T08:00:00.000Z";
    let mut lines = Vec::new();
    for zone in 1..=ZONES {
        let (lat, lon) = centre(zone);
        let geometry = json!({"type": "Point", "coordinates": [lon, lat], "radius_m": 40});
        let put = json!({"type": "put_zone", "at": at, "zone": zone, "layer": 7,
            "geometry": geometry});
        lines.push(put.to_string());
    }
    let rules = json!([{"rule": 1, "kind": "keep_out", "layer": 7}]);
    lines.push(
        json!({"type": "put_order", "at": at, "order": 17, "kind": "temporary", "person": 1001,
            "from": at, "until": "2026-03-20T08:00:00.000Z", "rules": rules})
        .to_string(),
    );
    lines.push(
        json!({"type": "assign_device", "at": at, "device": 9001, "person": 1001,
            "kind": "bracelet"})
        .to_string(),
    );
    let (from, to) = (centre(101), centre(102));
    for step in 0..=10_u32 {
        let part = f64::from(step) / 10.0;
        let time = format!("2026-03-02T08:{:02}:00.000Z", step + 1);
        lines.push(
            json!({"type": "fix", "at": time, "device": 9001, "seq": step + 1, "time": time,
                "lat": from.0, "lon": from.1 + (to.1 - from.1) * part, "accuracy_m": 8.0})
            .to_string(),
        );
    }
    lines
}

fn centre(zone: u64) -> (f64, f64) {
    let (row, column) = ((zone - 1) / COLUMNS, (zone - 1) % COLUMNS);
    (FIRST_LAT + row as f64 * STEP_DEG, FIRST_LON + column as f64 * STEP_DEG)
}
