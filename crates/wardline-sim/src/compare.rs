//! Comparison of two event logs.

use serde_json::Value;

const LOOSE: &[&str] = &["reason", "value", "line", "device", "cause"];

/// Compares two logs event by event; the error names the first difference and shows both events.
///
/// `distance_m` may differ by the accuracy of the geometry. Of a `refused` event the reason,
/// value and line do not count, and its device only if both have one; of a noted one the cause and
/// the other party count only if both have them. An absent `late` or `permitted` is false.
pub fn compare(expected: &[Value], actual: &[Value]) -> Result<(), String> {
    for i in 0..expected.len().max(actual.len()) {
        match (expected.get(i), actual.get(i)) {
            (Some(e), Some(a)) => {
                if let Some(what) = difference(e, a) {
                    return Err(format!("event {i}: {what}\nexpected: {e}\n  actual: {a}"));
                }
            }
            (Some(e), None) => return Err(format!("event {i} is missing\nexpected: {e}")),
            (None, Some(a)) => return Err(format!("event {i} is too much\n  actual: {a}")),
            (None, None) => {}
        }
    }
    Ok(())
}

fn difference(e: &Value, a: &Value) -> Option<String> {
    let (Some(em), Some(am)) = (e.as_object(), a.as_object()) else {
        return Some("not objects".into());
    };
    let refused = em.get("kind").is_some_and(|k| k == "refused");
    let noted = em.get("phase").is_some_and(|k| k == "noted");
    let mut names: Vec<&String> = em.keys().chain(am.keys()).collect();
    names.sort();
    names.dedup();
    for k in names {
        let (x, y) = (em.get(k), am.get(k));
        if refused && LOOSE.contains(&k.as_str()) && (k != "device" || x.is_none() || y.is_none()) {
            continue;
        }
        let one_sided = ["cause", "other_person", "other_device"].contains(&k.as_str());
        if noted && one_sided && (x.is_none() || y.is_none()) {
            continue;
        }
        let fine = match (x, y) {
            (Some(x), Some(y)) if k == "distance_m" => near(x, y),
            (Some(x), Some(y)) => same(x, y),
            (Some(x), None) | (None, Some(x)) => {
                (k == "late" || k == "permitted") && *x == Value::Bool(false)
            }
            (None, None) => true,
        };
        if !fine {
            return Some(format!("{k} differs"));
        }
    }
    None
}

fn near(x: &Value, y: &Value) -> bool {
    match (x.as_f64(), y.as_f64()) {
        (Some(x), Some(y)) => {
            let d = x.abs().max(y.abs());
            let allowed = if d > 10_000.0 { 0.002 * d } else { 0.02 + 2e-6 * d };
            (x - y).abs() <= allowed
        }
        _ => false,
    }
}

fn same(x: &Value, y: &Value) -> bool {
    match (x, y) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(v, w)| same(v, w))
        }
        _ => x == y,
    }
}
