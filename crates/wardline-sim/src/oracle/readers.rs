//! Readers of JSON members; each refuses with a reason and the offending value (J-REFUSE-1).

use serde_json::{Map, Value};

/// Half-open intervals in milliseconds.
pub type Intervals = Vec<(i64, i64)>;

/// A reason and the offending value.
pub type Bad = (&'static str, String);

/// A refusal.
pub fn bad<T>(reason: &'static str, v: impl ToString) -> Result<T, Bad> {
    Err((reason, v.to_string()))
}

/// A time in milliseconds.
pub fn time(v: &Value) -> Option<i64> {
    let utc: jiff::civil::DateTime = v.as_str()?.strip_suffix('Z')?.parse().ok()?;
    let ms = utc.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_millis();
    i64::try_from(ms).ok()
}

/// Refuses members that are not among these.
pub fn only(m: &Map<String, Value>, names: &[&str]) -> Result<(), Bad> {
    match m.keys().find(|k| !names.contains(&k.as_str())) {
        Some(k) => bad("unknown_member", k),
        None => Ok(()),
    }
}

/// A time that must be there.
pub fn get_time(m: &Map<String, Value>, k: &str) -> Result<i64, Bad> {
    let v = m.get(k).unwrap_or(&Value::Null);
    time(v).ok_or(("bad_time", v.to_string()))
}

/// An id, if it is there.
pub fn opt_id(m: &Map<String, Value>, k: &str) -> Result<Option<u64>, Bad> {
    match m.get(k) {
        None => Ok(None),
        Some(v) => match v.as_u64() {
            Some(n) if n > 0 => Ok(Some(n)),
            _ => bad("bad_id", v),
        },
    }
}

/// An id that must be there.
pub fn id(m: &Map<String, Value>, k: &str) -> Result<u64, Bad> {
    opt_id(m, k)?.ok_or(("missing", k.into()))
}

/// The number that a device gave what it sent; it may be 0.
pub fn seq(m: &Map<String, Value>) -> Result<u64, Bad> {
    let v = m.get("seq").unwrap_or(&Value::Null);
    v.as_u64().map_or_else(|| bad("bad_seq", v), Ok)
}

/// A number within limits, if it is there.
pub fn number(m: &Map<String, Value>, k: &str, lo: f64, hi: f64) -> Result<Option<f64>, Bad> {
    match m.get(k) {
        None => Ok(None),
        Some(v) => match v.as_f64() {
            Some(x) if x >= lo && x <= hi => Ok(Some(x)),
            _ => bad("out_of_range", v),
        },
    }
}

/// One of these words; any text if there are none.
pub fn word(
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

/// A list that must be there.
pub fn list<'a>(v: Option<&'a Value>, what: &str) -> Result<&'a Vec<Value>, Bad> {
    v.and_then(Value::as_array).ok_or(("not_a_list", what.into()))
}

/// Intervals, sorted, touching ones made one.
pub fn intervals(v: Option<&Value>) -> Result<Option<Intervals>, Bad> {
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
