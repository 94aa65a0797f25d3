//! Draws a run as one HTML file: zones, tracks and what was decided about them.
//!
//! The file needs no network and no library; the data stands in it as JSON. It shows what the
//! inputs say and what the events say, and judges nothing itself: its warning rings are drawn in
//! a plane and are good enough to look at, not to decide on.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};

/// How many fixes a map holds; a longer run is thinned evenly, and the map says so.
pub const FIXES_MAX: usize = 200_000;

/// How many episodes and notes a map holds; the rest are counted, and the map says so.
pub const ITEMS_MAX: usize = 20_000;

const TEMPLATE: &str = include_str!("map.html");
const PLACE_OF_DATA: &str = "__DATA__";

/// Writes the map of a run: `inputs` as they were fed in, `events` as they came out.
///
/// What a map cannot show (a zone without a usable geometry, a fix without a place) is left out
/// silently: the events tell that it was refused.
///
/// # Errors
///
/// Only if writing fails.
pub fn write_map(
    inputs: impl Iterator<Item = Value>,
    events: &[Value],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut scene = Scene::default();
    for input in inputs {
        scene.take_input(&input);
    }
    let mut story = Story::default();
    for event in events {
        story.take_event(event);
    }
    let data = scene.into_json(story).to_string();
    // With every `<` gone no text in the data can end the script element or open a comment.
    let data = data.replace('<', "\\u003c");
    let (before, after) = TEMPLATE.split_once(PLACE_OF_DATA).unwrap_or((TEMPLATE, ""));
    out.write_all(before.as_bytes())?;
    out.write_all(data.as_bytes())?;
    out.write_all(after.as_bytes())?;
    out.flush()
}

/// What the inputs say: zones, warning distances and tracks.
#[derive(Default)]
struct Scene {
    zones: Vec<ZoneShape>,
    warn_by_zone: BTreeMap<u64, BTreeSet<u64>>,
    warn_by_layer: BTreeMap<u64, BTreeSet<u64>>,
    persons: BTreeMap<u64, u64>,
    tracks: BTreeMap<u64, Vec<TrackPoint>>,
}

/// One version of a zone and the time in which it stood.
struct ZoneShape {
    zone: u64,
    layer: u64,
    name: String,
    shape: Value,
    from_ms: i64,
    until_ms: Option<i64>,
}

#[derive(Clone, Copy)]
struct TrackPoint {
    time_ms: i64,
    lat_e7: i64,
    lon_e7: i64,
}

impl Scene {
    fn take_input(&mut self, input: &Value) {
        match input["type"].as_str() {
            Some("put_zone") => self.put_zone(input),
            Some("remove_zone") => self.close_zone(number(&input["zone"]), time_ms(&input["at"])),
            Some("put_order") => self.put_order(input),
            Some("assign_device") => {
                self.persons.insert(number(&input["device"]), number(&input["person"]));
            }
            Some("fix") => self.take_fix(input),
            _ => {}
        }
    }

    fn put_zone(&mut self, input: &Value) {
        let Some(shape) = shape(&input["geometry"]) else {
            return;
        };
        let (zone, at_ms) = (number(&input["zone"]), time_ms(&input["at"]));
        self.close_zone(zone, at_ms);
        self.zones.push(ZoneShape {
            zone,
            layer: number(&input["layer"]),
            name: input["name"].as_str().unwrap_or_default().to_owned(),
            shape,
            from_ms: at_ms.unwrap_or(0),
            until_ms: None,
        });
    }

    fn close_zone(&mut self, zone: u64, at_ms: Option<i64>) {
        let open = |shape: &&mut ZoneShape| shape.zone == zone && shape.until_ms.is_none();
        if let Some(shape) = self.zones.iter_mut().rev().find(open) {
            shape.until_ms = Some(at_ms.unwrap_or(shape.from_ms));
        }
    }

    fn put_order(&mut self, input: &Value) {
        for rule in input["rules"].as_array().into_iter().flatten() {
            let warn_m = rule["warn_m"].as_f64().unwrap_or(0.0).round() as u64;
            if rule["kind"] != "keep_out" || warn_m == 0 {
                continue;
            }
            let (zone, layer) = (number(&rule["zone"]), number(&rule["layer"]));
            if zone > 0 {
                self.warn_by_zone.entry(zone).or_default().insert(warn_m);
            } else if layer > 0 {
                self.warn_by_layer.entry(layer).or_default().insert(warn_m);
            }
        }
    }

    fn take_fix(&mut self, input: &Value) {
        let Some((lat, lon)) = place(input) else {
            return;
        };
        let (time, at) = (time_ms(&input["time"]), time_ms(&input["at"]));
        let Some(time_ms) = time.into_iter().chain(at).min() else {
            return;
        };
        let point = TrackPoint { time_ms, lat_e7: degrees_e7(lat), lon_e7: degrees_e7(lon) };
        self.tracks.entry(number(&input["device"])).or_default().push(point);
    }

    fn into_json(mut self, story: Story) -> Value {
        let fixes_total: usize = self.tracks.values().map(Vec::len).sum();
        let step = fixes_total.div_ceil(FIXES_MAX).max(1);
        let tracks = std::mem::take(&mut self.tracks);
        let tracks: Vec<Value> = tracks
            .into_iter()
            .map(|(device, points)| track_json(device, self.persons.get(&device), points, step))
            .collect();
        let zones: Vec<Value> = self.zones.iter().map(|zone| self.zone_json(zone)).collect();
        json!({
            "zones": zones, "tracks": tracks, "items": story.items,
            "fixes_total": fixes_total, "step": step, "items_left_out": story.left_out,
        })
    }

    fn zone_json(&self, zone: &ZoneShape) -> Value {
        let of_zone = self.warn_by_zone.get(&zone.zone);
        let of_layer = self.warn_by_layer.get(&zone.layer);
        let warn_m: BTreeSet<u64> =
            of_zone.into_iter().chain(of_layer).flatten().copied().collect();
        json!({
            "zone": zone.zone, "layer": zone.layer, "name": zone.name, "shape": zone.shape,
            "from": zone.from_ms, "until": zone.until_ms, "warn_m": warn_m,
        })
    }
}

/// Every `step`-th point and the last, as differences: numbers of two or three digits.
fn track_json(
    device: u64,
    person: Option<&u64>,
    mut points: Vec<TrackPoint>,
    step: usize,
) -> Value {
    points.sort_by_key(|point| point.time_ms);
    let total = points.len();
    let kept = points.iter().enumerate().filter(|(i, _)| i % step == 0 || i + 1 == total);
    let mut deltas = Vec::new();
    let mut last = TrackPoint { time_ms: 0, lat_e7: 0, lon_e7: 0 };
    for (_, point) in kept {
        deltas.push(point.time_ms - last.time_ms);
        deltas.push(point.lat_e7 - last.lat_e7);
        deltas.push(point.lon_e7 - last.lon_e7);
        last = *point;
    }
    json!({ "device": device, "person": person, "total": total, "deltas": deltas })
}

/// What the events say: one item per episode or note, in order of appearance.
#[derive(Default)]
struct Story {
    items: Vec<Value>,
    index_by_episode: BTreeMap<String, usize>,
    left_out: u64,
}

impl Story {
    fn take_event(&mut self, event: &Value) {
        let phase = event["phase"].as_str().unwrap_or("noted");
        let episode = event["episode"].as_str().unwrap_or_default();
        let index = self.index_by_episode.get(episode).copied();
        if let Some(item) = index.and_then(|index| self.items.get_mut(index)) {
            match phase {
                "ended" => return item["end"] = moment(event),
                "amended" => return amend(item, event),
                _ => {}
            }
        }
        if self.items.len() >= ITEMS_MAX {
            self.left_out += 1;
            return;
        }
        if phase == "started" {
            self.index_by_episode.insert(episode.to_owned(), self.items.len());
        }
        self.items.push(item(event, phase));
    }
}

fn item(event: &Value, phase: &str) -> Value {
    let mut item = json!({
        "phase": phase, "severity": severity(event), "start": moment(event), "end": null,
    });
    for name in [
        "kind",
        "episode",
        "order",
        "rule",
        "person",
        "device",
        "zone",
        "other_person",
        "certainty",
        "permitted",
        "late",
        "reason",
        "value",
        "action",
        "level",
    ] {
        if !event[name].is_null() {
            item[name] = event[name].clone();
        }
    }
    item
}

/// The late word on an episode: its whole new course, or that it never was.
fn amend(item: &mut Value, event: &Value) {
    item["amended"] = json!(true);
    if event["withdrawn"] == true {
        item["withdrawn"] = json!(true);
        item["severity"] = json!("note");
    }
    if let Some(start_ms) = time_ms(&event["start"]) {
        item["start"] = json!({ "t": start_ms, "cause": event["cause"] });
    }
    match time_ms(&event["end"]) {
        Some(end_ms) => item["end"] = json!({ "t": end_ms, "cause": event["cause"] }),
        None if event.get("end").is_some_and(Value::is_null) => item["end"] = Value::Null,
        None => {}
    }
    if !event["certainty"].is_null() {
        item["certainty"] = event["certainty"].clone();
    }
}

/// One end of an episode: when, where if a fix says so, and how near.
fn moment(event: &Value) -> Value {
    let time = time_ms(&event["time"]).or_else(|| time_ms(&event["at"]));
    let mut moment = json!({ "t": time, "id": event["id"], "cause": event["cause"] });
    if let Some((lat, lon)) = place(&event["fix"]) {
        moment["lat"] = json!(lat);
        moment["lon"] = json!(lon);
    }
    for name in ["distance_m", "threshold_m", "fix_age_ms"] {
        if event[name].is_number() {
            moment[name] = event[name].clone();
        }
    }
    moment
}

/// How much an event asks of the people who read it.
fn severity(event: &Value) -> &'static str {
    match event["kind"].as_str() {
        Some("breach" | "warning") if event["permitted"] == true => "permitted",
        Some("breach" | "panic" | "escalated") => "alarm",
        Some("absence" | "silence" | "strap" | "case" | "tether" | "jamming") => "serious",
        Some("warning" | "no_fix" | "never_heard" | "degraded" | "suspect_motion") => "warning",
        _ => "note",
    }
}

/// A geometry as the page draws it: coordinates checked, longitude first as in GeoJSON.
fn shape(geometry: &Value) -> Option<Value> {
    let coordinates = &geometry["coordinates"];
    let list =
        |value: &Value| -> Option<Vec<Value>> { value.as_array()?.iter().map(position).collect() };
    let polygon =
        |value: &Value| -> Option<Vec<Vec<Value>>> { value.as_array()?.iter().map(list).collect() };
    Some(match geometry["type"].as_str()? {
        "Point" => json!({
            "kind": "circle", "center": position(coordinates)?,
            "radius_m": geometry["radius_m"].as_f64()?,
        }),
        "LineString" => json!({
            "kind": "corridor", "line": list(coordinates)?,
            "half_width_m": geometry["half_width_m"].as_f64()?,
        }),
        "Polygon" => json!({ "kind": "polygon", "parts": [polygon(coordinates)?] }),
        "MultiPolygon" => {
            let parts: Option<Vec<_>> = coordinates.as_array()?.iter().map(polygon).collect();
            json!({ "kind": "polygon", "parts": parts? })
        }
        _ => return None,
    })
}

fn position(value: &Value) -> Option<Value> {
    let (lon, lat) = (value.get(0)?.as_f64()?, value.get(1)?.as_f64()?);
    on_earth(lat, lon).then(|| json!([lon, lat]))
}

fn place(value: &Value) -> Option<(f64, f64)> {
    let (lat, lon) = (value["lat"].as_f64()?, value["lon"].as_f64()?);
    on_earth(lat, lon).then_some((lat, lon))
}

fn on_earth(lat: f64, lon: f64) -> bool {
    lat.abs() <= 90.0 && lon.abs() <= 180.0
}

fn degrees_e7(degrees: f64) -> i64 {
    (degrees * 1e7).round_ties_even() as i64
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn time_ms(value: &Value) -> Option<i64> {
    let time: Timestamp = value.as_str()?.parse().ok()?;
    Some(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: &str = "2026-01-01T00:00:00.000Z";
    const T1: &str = "2026-01-01T00:01:00.000Z";

    fn page(inputs: Vec<Value>, events: &[Value]) -> (String, Value) {
        let mut out = Vec::new();
        write_map(inputs.into_iter(), events, &mut out).expect("a Vec takes all");
        let html = String::from_utf8(out).expect("HTML is UTF-8");
        let open = r#"<script type="application/json" id="data">"#;
        let (_, rest) = html.split_once(open).expect("the data element");
        let (data, _) = rest.split_once("</script>").expect("its end");
        let data = serde_json::from_str(data).expect("the data is JSON");
        (html, data)
    }

    fn circle(name: &str) -> Value {
        json!({ "type": "put_zone", "at": T0, "zone": 5, "layer": 7, "name": name,
            "geometry": { "type": "Point", "coordinates": [179.9, 1.0], "radius_m": 50 } })
    }

    #[test]
    fn a_hostile_name_stays_data() {
        let name = "</script><script>alert(1)</script><!--";
        let (html, data) = page(vec![circle(name)], &[]);
        assert_eq!(data["zones"][0]["name"], name);
        assert!(!html.contains("alert(1)</script>"));
        assert!(!html.contains("innerHTML") && !html.contains("://"), "self-contained");
    }

    #[test]
    fn warning_rings_follow_the_zone_and_its_layer() {
        let order = json!({ "type": "put_order", "at": T0, "rules": [
            { "rule": 1, "kind": "keep_out", "zone": 5, "warn_m": 300 },
            { "rule": 2, "kind": "keep_out", "layer": 7, "warn_m": 100 },
            { "rule": 3, "kind": "keep_out", "layer": 8, "warn_m": 200 } ] });
        let (_, data) = page(vec![circle("a"), order], &[]);
        assert_eq!(data["zones"][0]["warn_m"], json!([100, 300]));
    }

    #[test]
    fn a_zone_put_again_and_removed_stands_in_its_times() {
        let removed = json!({ "type": "remove_zone", "at": T1, "zone": 5 });
        let (_, data) = page(vec![circle("a"), circle("b"), removed], &[]);
        assert_eq!(data["zones"][0]["until"], data["zones"][1]["from"]);
        assert_eq!(data["zones"][1]["until"], time_ms(&json!(T1)).expect("a time"));
    }

    #[test]
    fn an_episode_is_one_item_with_two_ends() {
        let event = |phase: &str, time: &str| {
            json!({ "id": "1.1.0", "time": time, "kind": "breach", "phase": phase,
                "episode": "1.1.1.breach.1", "fix": { "lat": 1.0, "lon": 2.0 } })
        };
        let amended = json!({ "kind": "breach", "phase": "amended", "end": null,
            "episode": "1.1.1.breach.1", "start": T0 });
        let (_, data) = page(vec![], &[event("started", T0), event("ended", T1)]);
        assert_eq!(data["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(data["items"][0]["severity"], "alarm");
        assert_eq!(data["items"][0]["end"]["lat"], 1.0);
        let (_, data) = page(vec![], &[event("started", T0), event("ended", T1), amended]);
        assert!(data["items"][0]["end"].is_null());
    }

    #[test]
    fn a_long_run_is_thinned_and_keeps_its_last_fix() {
        let point = |i: usize| TrackPoint { time_ms: i as i64, lat_e7: 0, lon_e7: 0 };
        let total = FIXES_MAX + 2;
        let scene = Scene {
            tracks: BTreeMap::from([(1, (0..total).map(point).collect())]),
            ..Scene::default()
        };
        let data = scene.into_json(Story::default());
        assert_eq!((&data["step"], &data["fixes_total"]), (&json!(2), &json!(total)));
        let deltas = data["tracks"][0]["deltas"].as_array().expect("a list");
        let last: i64 = deltas.iter().step_by(3).filter_map(Value::as_i64).sum();
        assert_eq!(last, total as i64 - 1);
    }
}
