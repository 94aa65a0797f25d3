//! Reading of inputs, and the refusals that need no state (J-REFUSE-1).

use super::exact::P;
use super::geometry::Shape;
use super::parse_order::{OrderVersion, order};
use super::parse_shape::{e7, shape};
use super::readers::{Bad, bad, get_time, id, list, number, only, opt_id, seq, word};
use serde_json::{Map, Value};

/// A fix as it was received.
#[derive(Debug, Clone)]
pub struct Fix {
    pub uid: usize,
    pub seq: u64,
    /// The event time.
    pub time: i64,
    /// The time that the device reported.
    pub reported: i64,
    pub at_point: P,
    pub accuracy: Option<f64>,
    pub moving: bool,
    /// Doubtful by itself.
    pub doubt: bool,
}

/// A status as it was received, with its event time.
#[derive(Debug, Clone)]
pub struct Word {
    pub seq: u64,
    pub time: i64,
    pub word: String,
}

/// What an operator does.
#[derive(Debug, Clone)]
pub struct Act {
    pub episode: String,
    /// To resolve; else to acknowledge.
    pub resolve: bool,
    pub by: String,
    pub note: Option<String>,
}

/// An input that could be read.
#[derive(Debug, Clone)]
pub enum Input {
    PutZone(u64, Option<u64>, Shape),
    RemoveZone(u64),
    PutOrder(u64, OrderVersion),
    EndOrder(u64),
    Assign(u64, u64),
    Release(u64),
    Fix(u64, Fix),
    Status(u64, Word),
    Operator(Act),
    Tick,
}

const FIX: &[&str] = &[
    "type",
    "at",
    "device",
    "seq",
    "time",
    "lat",
    "lon",
    "accuracy_m",
    "speed_mps",
    "course_deg",
    "source",
    "assurance",
    "flags",
];

fn fix(m: &Map<String, Value>, at: i64) -> Result<(u64, Fix), Bad> {
    only(m, FIX)?;
    let device = id(m, "device")?;
    let seq = seq(m)?;
    let reported = get_time(m, "time")?;
    let null = Value::Null;
    let at_point =
        (e7(m.get("lon").unwrap_or(&null), 180.0)?, e7(m.get("lat").unwrap_or(&null), 90.0)?);
    let accuracy = number(m, "accuracy_m", 0.0, 1e9)?;
    let speed = number(m, "speed_mps", 0.0, 1e6)?;
    number(m, "course_deg", 0.0, 360.0)?;
    word(m, "source", &["gnss", "wifi", "cell", "ble", "unknown"], false)?;
    let assurance = word(m, "assurance", &["device", "channel", "none"], false)?;
    let (flagged, moves) = flags(m)?;
    // J-FIX-3, J-FIX-4
    let doubt = flagged || assurance.as_deref() == Some("none") || reported - at > 120_000;
    let moving = moves || speed.is_some_and(|s| s > 1.0);
    let time = reported.min(at);
    Ok((device, Fix { uid: 0, seq, time, reported, at_point, accuracy, moving, doubt }))
}

/// Whether the flags of a fix make it doubtful, and whether they say that it moves.
fn flags(m: &Map<String, Value>) -> Result<(bool, bool), Bad> {
    let (mut doubt, mut moving) = (false, false);
    if let Some(all) = m.get("flags") {
        for f in list(Some(all), "flags")? {
            match f.as_str() {
                Some("mock" | "clock_unsynced") => doubt = true,
                Some("moving") => moving = true,
                Some("backlog") => {}
                _ => return bad("unknown_word", f),
            }
        }
    }
    Ok((doubt, moving))
}

fn operator(m: &Map<String, Value>) -> Result<Act, Bad> {
    only(m, &["type", "at", "episode", "action", "by", "note"])?;
    let action = word(m, "action", &["acknowledge", "resolve"], true)?;
    Ok(Act {
        episode: word(m, "episode", &[], true)?.unwrap_or_default(),
        resolve: action.as_deref() == Some("resolve"),
        by: word(m, "by", &[], true)?.unwrap_or_default(),
        note: word(m, "note", &[], false)?,
    })
}

const STATUSES: &[&str] = &[
    "strap_open",
    "strap_closed",
    "case_open",
    "case_closed",
    "tether_lost",
    "tether_found",
    "jamming",
    "jamming_over",
    "battery_low",
    "battery_ok",
    "power_off",
    "panic",
    "heartbeat",
];

/// Reads one input whose clock is already known.
pub fn input(v: &Value, at: i64) -> Result<Input, Bad> {
    let Some(m) = v.as_object() else {
        return bad("not_an_object", v);
    };
    let kind = m.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "put_zone" => {
            only(m, &["type", "at", "zone", "layer", "name", "geometry"])?;
            word(m, "name", &[], false)?;
            Ok(Input::PutZone(id(m, "zone")?, opt_id(m, "layer")?, shape(m.get("geometry"))?))
        }
        "remove_zone" => {
            only(m, &["type", "at", "zone"])?;
            Ok(Input::RemoveZone(id(m, "zone")?))
        }
        "put_order" => order(m, at).map(|(o, v)| Input::PutOrder(o, v)),
        "end_order" => {
            only(m, &["type", "at", "order", "reason"])?;
            word(m, "reason", &[], false)?;
            Ok(Input::EndOrder(id(m, "order")?))
        }
        "assign_device" => {
            only(m, &["type", "at", "device", "person", "kind"])?;
            word(m, "kind", &["bracelet", "phone", "other"], true)?;
            Ok(Input::Assign(id(m, "device")?, id(m, "person")?))
        }
        "release_device" => {
            only(m, &["type", "at", "device"])?;
            Ok(Input::Release(id(m, "device")?))
        }
        "fix" => fix(m, at).map(|(d, f)| Input::Fix(d, f)),
        "status" => {
            only(m, &["type", "at", "device", "seq", "time", "status"])?;
            let word = word(m, "status", STATUSES, true)?.unwrap_or_default();
            let time = get_time(m, "time")?.min(at);
            Ok(Input::Status(id(m, "device")?, Word { seq: seq(m)?, time, word }))
        }
        "tick" => {
            only(m, &["type", "at"])?;
            Ok(Input::Tick)
        }
        "operator" => operator(m).map(Input::Operator),
        _ => bad("unknown_type", kind),
    }
}
