//! What the events say, episode by episode, for the page to draw.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{place, time_ms};

/// How many episodes and notes a map holds; the rest are counted, and the map says so.
const ITEMS_MAX: usize = 20_000;

/// What the events say: one item per episode or note, in order of appearance.
#[derive(Default)]
pub struct Story {
    pub items: Vec<Value>,
    index_by_episode: BTreeMap<String, usize>,
    pub left_out: u64,
}

impl Story {
    /// Takes in the next event.
    pub fn take_event(&mut self, event: &Value) {
        let phase = event["phase"].as_str().unwrap_or("noted");
        let episode = event["episode"].as_str().unwrap_or_default();
        let index = self.index_by_episode.get(episode).copied();
        if let Some(item) = index.and_then(|index| self.items.get_mut(index)) {
            match (phase, event["kind"].as_str()) {
                ("ended", _) => return item["end"] = moment(event),
                ("amended", _) => return amend(item, event),
                (_, Some("acknowledged" | "resolved" | "escalated")) => {
                    return note_of_desk(item, event);
                }
                _ => {}
            }
        }
        if self.items.len() >= ITEMS_MAX {
            self.left_out += 1;
            return;
        }
        if !episode.is_empty() {
            self.index_by_episode.insert(episode.to_owned(), self.items.len());
        }
        self.items.push(item(event, phase));
    }
}

fn item(event: &Value, phase: &str) -> Value {
    let mut item = json!({
        "phase": phase, "severity": severity(event), "start": moment(event), "end": null,
    });
    if is_incident(event) {
        item["desk"] = json!([]);
    }
    for name in [
        "kind",
        "episode",
        "order",
        "rule",
        "person",
        "device",
        "zone",
        "other_person",
        "other_device",
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

/// What a desk did about an incident, or left undone.
fn note_of_desk(item: &mut Value, event: &Value) {
    let mut act = json!({ "t": time_ms(&event["time"]), "kind": event["kind"] });
    for name in ["by", "note", "level"] {
        if !event[name].is_null() {
            act[name] = event[name].clone();
        }
    }
    if let Some(desk) = item["desk"].as_array_mut() {
        desk.push(act);
    }
}

/// Whether the event opens an incident.
fn is_incident(event: &Value) -> bool {
    let kind = event["kind"].as_str().unwrap_or_default();
    let lasting = [
        "breach", "absence", "silence", "no_fix", "degraded", "strap", "case", "tether", "jamming",
    ];
    let starts = event["phase"] == "started" && event["permitted"] != true;
    (starts && lasting.contains(&kind)) || kind == "panic"
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
    if let Some((lat, lon)) = place(&event["other_fix"]) {
        moment["other"] = json!({ "lat": lat, "lon": lon, "device": event["other_device"] });
    }
    for name in ["distance_m", "threshold_m", "fix_age_ms", "other_age_ms"] {
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
