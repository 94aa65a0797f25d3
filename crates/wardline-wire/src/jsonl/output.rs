//! Inputs as the objects that [`super::parse_line`] reads.

use super::instant;
use serde_json::{Map, Value, json};
use wardline_core::geometry::{Geometry, Position};
use wardline_core::input::{
    Assurance, Demand, DeviceKind, Fix, Input, OrderKind, Permit, Place, PutOrder, Record, Rule,
    Source,
};
use wardline_core::time::Interval;

/// The input as a JSON value that [`super::parse_line`] reads as the same input; nothing for one
/// that was refused, whose line is not known. Names of zones and reasons of ends are not in it,
/// since an input does not have them.
pub fn input_value(record: &Record) -> Option<Value> {
    let mut value = match &record.input {
        Input::PutZone(put) => members([
            ("type", json!("put_zone")),
            ("zone", json!(put.zone.number())),
            ("layer", json!(put.layer.map(|layer| layer.number()))),
            ("geometry", geometry(&put.shape.geometry())),
        ]),
        Input::RemoveZone(zone) => json!({"type": "remove_zone", "zone": zone.number()}),
        Input::PutOrder(put) => order(put),
        Input::EndOrder(order) => json!({"type": "end_order", "order": order.number()}),
        Input::AssignDevice(assign) => json!({
            "type": "assign_device", "device": assign.device.number(),
            "person": assign.person.number(), "kind": device_kind(assign.kind),
        }),
        Input::ReleaseDevice(device) => {
            json!({"type": "release_device", "device": device.number()})
        }
        Input::Fix(given) => fix(given),
        Input::Status(report) => json!({
            "type": "status", "device": report.device.number(), "seq": report.seq,
            "time": instant::format(report.time), "status": report.status.word(),
        }),
        Input::Operator(act) => members([
            ("type", json!("operator")),
            ("episode", json!(act.episode)),
            ("action", json!(act.action.word())),
            ("by", json!(act.by)),
            ("note", json!(act.note)),
        ]),
        Input::Tick => json!({"type": "tick"}),
        Input::Invalid(_) => return None,
    };
    if let Some(at) = record.at {
        value["at"] = json!(instant::format(at));
    }
    Some(value)
}

/// An object of what is there.
fn members<const N: usize>(members: [(&str, Value); N]) -> Value {
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(there.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn fix(fix: &Fix) -> Value {
    let flags = [
        (fix.mock, "mock"),
        (fix.clock_unsynced, "clock_unsynced"),
        (fix.moving, "moving"),
        (fix.backlog, "backlog"),
    ];
    let flags: Vec<_> = flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    let source = match fix.source {
        Source::Gnss => "gnss",
        Source::Wifi => "wifi",
        Source::Cell => "cell",
        Source::Ble => "ble",
        Source::Unknown => "unknown",
    };
    let assurance = match fix.assurance {
        Assurance::Device => "device",
        Assurance::Channel => "channel",
        Assurance::None => "none",
    };
    members([
        ("type", json!("fix")),
        ("device", json!(fix.device.number())),
        ("seq", json!(fix.seq)),
        ("time", json!(instant::format(fix.time))),
        ("lat", json!(f64::from(fix.position.lat_e7()) / 1e7)),
        ("lon", json!(f64::from(fix.position.lon_e7()) / 1e7)),
        ("accuracy_m", json!(fix.accuracy_m)),
        ("speed_mps", json!(fix.speed_mps)),
        ("course_deg", json!(fix.course_deg)),
        ("source", json!(source)),
        ("assurance", json!(assurance)),
        ("flags", if flags.is_empty() { Value::Null } else { json!(flags) }),
    ])
}

fn device_kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Bracelet => "bracelet",
        DeviceKind::Phone => "phone",
        DeviceKind::Other => "other",
    }
}

fn order(put: &PutOrder) -> Value {
    let kind = match put.kind {
        OrderKind::Temporary => "temporary",
        OrderKind::Court => "court",
        OrderKind::Supervision => "supervision",
    };
    json!({
        "type": "put_order", "order": put.order.number(), "kind": kind,
        "person": put.person.number(), "from": instant::format(put.term.from),
        "until": instant::format(put.term.until),
        "rules": put.rules.iter().map(rule).collect::<Vec<_>>(),
        "permits": put.permits.iter().map(permit).collect::<Vec<_>>(),
    })
}

fn rule(rule: &Rule) -> Value {
    let mut value = match &rule.demand {
        Demand::KeepOut { place, warn_m, confirm_fixes } => {
            let (zone, layer) = match place {
                Place::Zone(zone) => (Some(zone.number()), None),
                Place::Layer(layer) => (None, Some(layer.number())),
            };
            members([
                ("kind", json!("keep_out")),
                ("zone", json!(zone)),
                ("layer", json!(layer)),
                ("warn_m", json!(warn_m)),
                ("confirm_fixes", json!(confirm_fixes)),
            ])
        }
        Demand::KeepAway { person, distance_m, warn_m } => members([
            ("kind", json!("keep_away")),
            ("person", json!(person.number())),
            ("distance_m", json!(distance_m)),
            ("warn_m", if *warn_m > 0.0 { json!(warn_m) } else { Value::Null }),
        ]),
        Demand::StayIn { zones, grace_ms } => json!({
            "kind": "stay_in", "zones": zones.iter().map(|zone| zone.number()).collect::<Vec<_>>(),
            "grace_s": seconds(*grace_ms),
        }),
        Demand::Report { max_silence_ms, max_no_fix_ms } => members([
            ("kind", json!("report")),
            ("max_silence_s", json!(max_silence_ms.map(seconds))),
            ("max_no_fix_s", json!(max_no_fix_ms.map(seconds))),
        ]),
    };
    value["rule"] = json!(rule.rule.number());
    if let Some(active) = &rule.active {
        value["active"] = intervals(active);
    }
    value
}

/// Whole seconds, which is what lines have.
fn seconds(ms: i64) -> i64 {
    ms / 1000
}

fn permit(permit: &Permit) -> Value {
    members([
        ("zone", json!(permit.zone.number())),
        ("active", permit.active.as_deref().map_or(Value::Null, intervals)),
    ])
}

fn intervals(intervals: &[Interval]) -> Value {
    let pair = |i: &Interval| json!([instant::format(i.from), instant::format(i.until)]);
    intervals.iter().map(pair).collect()
}

fn geometry(geometry: &Geometry) -> Value {
    let rings = |rings: &[Vec<Position>]| rings.iter().map(|r| line(r)).collect::<Vec<_>>();
    match geometry {
        Geometry::Circle { centre, radius_m } => {
            json!({"type": "Point", "coordinates": pair(centre), "radius_m": radius_m})
        }
        Geometry::Polygon(parts) => json!({"type": "Polygon", "coordinates": rings(parts)}),
        Geometry::MultiPolygon(polygons) => json!({
            "type": "MultiPolygon",
            "coordinates": polygons.iter().map(|polygon| rings(polygon)).collect::<Vec<_>>(),
        }),
        Geometry::Corridor { line: points, half_width_m } => json!({
            "type": "LineString", "coordinates": line(points), "half_width_m": half_width_m,
        }),
        _ => Value::Null,
    }
}

fn line(points: &[Position]) -> Vec<Value> {
    points.iter().map(pair).collect()
}

fn pair(point: &Position) -> Value {
    json!([f64::from(point.lon_e7()) / 1e7, f64::from(point.lat_e7()) / 1e7])
}
