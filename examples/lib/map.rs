//! Draws a run as one HTML file: zones, tracks and what was decided about them.
//!
//! The file needs no network and no library; the data stands in it as JSON. It shows what the
//! inputs say and what the events say, and judges nothing itself: its warning rings are drawn in
//! a plane and are good enough to look at, not to decide on.

mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};
use story::Story;

/// How many fixes a map holds; a longer run is thinned evenly, and the map says so.
const FIXES_MAX: usize = 200_000;

/// How many devices a map holds: first those that the events are about. It tells of the rest.
const DEVICES_MAX: usize = 2_000;

/// How many versions of zones a map holds; the rest are counted, and the map says so.
const ZONES_MAX: usize = 20_000;

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
    zones_left_out: u64,
    /// The distances of each keep_away rule, and from when on.
    pairs: BTreeMap<(u64, u64), Vec<Pair>>,
}

/// The distances of a keep_away rule as an order was put.
struct Pair {
    from_ms: i64,
    distance_m: f64,
    warn_m: Option<f64>,
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
        if self.zones.len() >= ZONES_MAX {
            self.zones_left_out += 1;
            return;
        }
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
            if let Some(distance_m) = rule["distance_m"].as_f64() {
                let from_ms = time_ms(&input["at"]).unwrap_or(0);
                let pair = Pair { from_ms, distance_m, warn_m: rule["warn_m"].as_f64() };
                let id = (number(&input["order"]), number(&rule["rule"]));
                self.pairs.entry(id).or_default().push(pair);
            }
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

    fn into_json(mut self, mut story: Story) -> Value {
        story.items.iter_mut().for_each(|item| self.add_rings(item));
        let devices_left_out = self.leave_out_devices(&story.items);
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
            "devices_left_out": devices_left_out, "zones_left_out": self.zones_left_out,
        })
    }

    /// Keeps the tracks of the devices that the events are about, then of others; gives how many
    /// have gone.
    fn leave_out_devices(&mut self, items: &[Value]) -> usize {
        let surplus = self.tracks.len().saturating_sub(DEVICES_MAX);
        if surplus > 0 {
            let named = |item: &Value| [number(&item["device"]), number(&item["other_device"])];
            let told: BTreeSet<u64> = items.iter().flat_map(named).collect();
            let mut devices: Vec<u64> = self.tracks.keys().copied().collect();
            devices.sort_by_key(|device| (!told.contains(device), *device));
            let kept: BTreeSet<u64> = devices.into_iter().take(DEVICES_MAX).collect();
            self.tracks.retain(|device, _| kept.contains(device));
        }
        surplus
    }

    /// The distances that a pair's rule had when its episode started.
    fn add_rings(&self, item: &mut Value) {
        if item["start"]["other"].is_null() {
            return;
        }
        let start_ms = item["start"]["t"].as_i64().unwrap_or(0);
        let pairs = self.pairs.get(&(number(&item["order"]), number(&item["rule"])));
        let mut pairs = pairs.into_iter().flatten().rev();
        if let Some(pair) = pairs.find(|pair| pair.from_ms <= start_ms) {
            item["rings"] = json!({ "distance_m": pair.distance_m, "warn_m": pair.warn_m });
        }
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
mod tests;
