//! A layer of 10,000 shared zones under one rule.

use serde_json::json;
use wardline_core::event::{EventKind, Phase};
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
