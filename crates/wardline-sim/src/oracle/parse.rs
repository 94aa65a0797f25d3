//! Reading of inputs, and the refusals that need no state (J-REFUSE-1).

use super::exact::{P, admit};
use super::geometry::Shape;
use serde_json::{Map, Value};

/// Half-open intervals in milliseconds.
pub type Intervals = Vec<(i64, i64)>;

/// A keep_out rule.
#[derive(Debug, Clone)]
pub struct Rule {
    pub rule: u64,
    pub zone: Option<u64>,
    pub layer: Option<u64>,
    pub warn_m: f64,
    pub confirm: u64,
    pub active: Option<Intervals>,
}

/// One version of an order.
#[derive(Debug, Clone)]
pub struct OrderVersion {
    pub version: u64,
    pub at: i64,
    pub person: u64,
    pub from: i64,
    pub until: i64,
    pub rules: Vec<Rule>,
    pub permits: Vec<(u64, Option<Intervals>)>,
}

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
    Status(u64, u64, i64),
    Tick,
}

/// A reason and the offending value.
pub type Bad = (&'static str, String);

fn bad<T>(reason: &'static str, v: impl ToString) -> Result<T, Bad> {
    Err((reason, v.to_string()))
}

/// A time in milliseconds.
pub fn time(v: &Value) -> Option<i64> {
    let s = v.as_str()?;
    if !s.ends_with('Z') {
        return None;
    }
    s.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond())
}

fn only(m: &Map<String, Value>, names: &[&str]) -> Result<(), Bad> {
    match m.keys().find(|k| !names.contains(&k.as_str())) {
        Some(k) => bad("unknown_member", k),
        None => Ok(()),
    }
}

fn get_time(m: &Map<String, Value>, k: &str) -> Result<i64, Bad> {
    let v = m.get(k).unwrap_or(&Value::Null);
    time(v).ok_or(("bad_time", v.to_string()))
}

fn opt_id(m: &Map<String, Value>, k: &str) -> Result<Option<u64>, Bad> {
    match m.get(k) {
        None => Ok(None),
        Some(v) => match v.as_u64() {
            Some(n) if n > 0 => Ok(Some(n)),
            _ => bad("bad_id", v),
        },
    }
}

fn id(m: &Map<String, Value>, k: &str) -> Result<u64, Bad> {
    opt_id(m, k)?.ok_or(("missing", k.into()))
}

fn number(m: &Map<String, Value>, k: &str, lo: f64, hi: f64) -> Result<Option<f64>, Bad> {
    match m.get(k) {
        None => Ok(None),
        Some(v) => match v.as_f64() {
            Some(x) if x >= lo && x <= hi => Ok(Some(x)),
            _ => bad("out_of_range", v),
        },
    }
}

fn word(
    m: &Map<String, Value>,
    k: &str,
    words: &[&str],
    needed: bool,
) -> Result<Option<String>, Bad> {
    match m.get(k) {
        None if needed => bad("missing", k),
        None => Ok(None),
        Some(v) => match v.as_str() {
            Some(s) if words.is_empty() || words.contains(&s) => Ok(Some(s.into())),
            _ => bad("unknown_word", v),
        },
    }
}

fn list<'a>(v: Option<&'a Value>, what: &str) -> Result<&'a Vec<Value>, Bad> {
    v.and_then(Value::as_array).ok_or(("not_a_list", what.into()))
}

fn intervals(v: Option<&Value>) -> Result<Option<Intervals>, Bad> {
    if v.is_none() {
        return Ok(None);
    }
    let mut all = Vec::new();
    for pair in list(v, "active")? {
        let p = list(Some(pair), "interval")?;
        if p.len() != 2 {
            return bad("bad_interval", pair);
        }
        match (time(&p[0]), time(&p[1])) {
            (Some(a), Some(b)) if a < b => all.push((a, b)),
            _ => return bad("bad_interval", pair),
        }
    }
    all.sort_unstable();
    let mut merged: Intervals = Vec::new();
    for (a, b) in all {
        match merged.last_mut() {
            Some(l) if a <= l.1 => l.1 = l.1.max(b),
            _ => merged.push((a, b)),
        }
    }
    Ok(Some(merged))
}

fn e7(v: &Value, limit: f64) -> Result<i64, Bad> {
    match v.as_f64() {
        Some(x) if x.abs() <= limit => Ok((x * 1e7).round_ties_even() as i64),
        _ => bad("out_of_range", v),
    }
}

fn point(v: &Value) -> Result<P, Bad> {
    let c = list(Some(v), "position")?;
    if c.len() != 2 {
        return bad("bad_position", v);
    }
    Ok((e7(&c[0], 180.0)?, e7(&c[1], 90.0)?))
}

fn points(v: &Value) -> Result<Vec<P>, Bad> {
    list(Some(v), "positions")?.iter().map(point).collect()
}

/// Rings; a position repeated at once counts once.
fn rings(v: &Value) -> Result<Vec<Vec<P>>, Bad> {
    let ring = |v| {
        let mut ring = points(v)?;
        ring.dedup();
        Ok(ring)
    };
    list(Some(v), "rings")?.iter().map(ring).collect()
}

fn shape(v: Option<&Value>) -> Result<Shape, Bad> {
    let Some(m) = v.and_then(Value::as_object) else {
        return bad("missing", "geometry");
    };
    let kind = word(m, "type", &["Polygon", "MultiPolygon", "Point", "LineString"], true)?
        .unwrap_or_default();
    let c = m.get("coordinates").ok_or(("missing", "coordinates".to_string()))?;
    let size = |k: &str| -> Result<f64, Bad> {
        only(m, &["type", "coordinates", k])?;
        match number(m, k, 0.0, 5_000_000.0)? {
            Some(x) if x > 0.0 => Ok(x),
            _ => bad("out_of_range", k),
        }
    };
    match kind.as_str() {
        "Point" => Ok(Shape::Circle(point(c)?, size("radius_m")?)),
        "LineString" => {
            let half = size("half_width_m")?;
            let p = points(c)?;
            if p.len() > 4096 {
                return bad("too_many_vertices", p.len());
            }
            if p.iter().all(|q| *q == p[0]) {
                return bad("no_line", c);
            }
            Ok(Shape::Corridor(p, half))
        }
        _ => {
            only(m, &["type", "coordinates"])?;
            let parts = if kind == "Polygon" {
                vec![rings(c)?]
            } else {
                list(Some(c), "parts")?.iter().map(rings).collect::<Result<_, _>>()?
            };
            admit(&parts).map_err(|r| (r, c.to_string()))?;
            Ok(Shape::Polygons(parts))
        }
    }
}

fn rule(v: &Value) -> Result<Rule, Bad> {
    let Some(m) = v.as_object() else {
        return bad("bad_rule", v);
    };
    match word(m, "kind", &["keep_out", "keep_away", "stay_in", "report"], true)?.as_deref() {
        Some("keep_out") => {}
        _ => return bad("not_yet_supported", v),
    }
    only(m, &["rule", "kind", "zone", "layer", "warn_m", "confirm_fixes", "active"])?;
    let r = Rule {
        rule: id(m, "rule")?,
        zone: opt_id(m, "zone")?,
        layer: opt_id(m, "layer")?,
        warn_m: number(m, "warn_m", 0.0, 1e7)?.unwrap_or(0.0),
        confirm: match m.get("confirm_fixes") {
            None => 0,
            Some(c) => c.as_u64().ok_or(("out_of_range", c.to_string()))?,
        },
        active: intervals(m.get("active"))?,
    };
    if r.zone.is_some() == r.layer.is_some() {
        return bad("zone_or_layer", v);
    }
    Ok(r)
}

fn order(m: &Map<String, Value>, at: i64) -> Result<(u64, OrderVersion), Bad> {
    only(m, &["type", "at", "order", "kind", "person", "from", "until", "rules", "permits"])?;
    let kind = word(m, "kind", &["temporary", "court", "supervision"], true)?.unwrap_or_default();
    let (from, until) = (get_time(m, "from")?, get_time(m, "until")?);
    let days = match kind.as_str() {
        "temporary" => 30,
        "court" => 92,
        _ => i64::MAX / 86_400_000,
    };
    if until <= from || until - from > days * 86_400_000 {
        return bad("bad_period", until - from);
    }
    let rules: Vec<Rule> =
        list(m.get("rules"), "rules")?.iter().map(rule).collect::<Result<_, _>>()?;
    if rules.is_empty() {
        return bad("empty_rules", "[]");
    }
    for (i, r) in rules.iter().enumerate() {
        if rules[..i].iter().any(|q| q.rule == r.rule) {
            return bad("rule_not_unique", r.rule);
        }
    }
    let mut permits = Vec::new();
    if let Some(p) = m.get("permits") {
        for p in list(Some(p), "permits")? {
            let Some(p) = p.as_object() else {
                return bad("bad_permit", p);
            };
            only(p, &["zone", "active"])?;
            permits.push((id(p, "zone")?, intervals(p.get("active"))?));
        }
    }
    Ok((
        id(m, "order")?,
        OrderVersion { version: 0, at, person: id(m, "person")?, from, until, rules, permits },
    ))
}

fn fix(m: &Map<String, Value>, at: i64) -> Result<(u64, Fix), Bad> {
    only(
        m,
        &[
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
        ],
    )?;
    let device = id(m, "device")?;
    let seq = id(m, "seq")?;
    let reported = get_time(m, "time")?;
    let null = Value::Null;
    let at_point =
        (e7(m.get("lon").unwrap_or(&null), 180.0)?, e7(m.get("lat").unwrap_or(&null), 90.0)?);
    let accuracy = number(m, "accuracy_m", 0.0, 1e9)?;
    let speed = number(m, "speed_mps", 0.0, 1e6)?;
    number(m, "course_deg", 0.0, 360.0)?;
    word(m, "source", &["gnss", "wifi", "cell", "ble", "unknown"], false)?;
    let assurance = word(m, "assurance", &["device", "channel", "none"], false)?;
    let mut doubt = assurance.as_deref() == Some("none") || reported - at > 120_000;
    let mut moving = speed.is_some_and(|s| s > 1.0);
    if let Some(f) = m.get("flags") {
        for f in list(Some(f), "flags")? {
            match f.as_str() {
                Some("mock" | "clock_unsynced") => doubt = true,
                Some("moving") => moving = true,
                Some("backlog") => {}
                _ => return bad("unknown_word", f),
            }
        }
    }
    Ok((
        device,
        Fix { uid: 0, seq, time: reported.min(at), reported, at_point, accuracy, moving, doubt },
    ))
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
            word(m, "status", STATUSES, true)?;
            Ok(Input::Status(id(m, "device")?, id(m, "seq")?, get_time(m, "time")?.min(at)))
        }
        "tick" => {
            only(m, &["type", "at"])?;
            Ok(Input::Tick)
        }
        "operator" => bad("unknown_episode", v),
        _ => bad("unknown_type", kind),
    }
}
