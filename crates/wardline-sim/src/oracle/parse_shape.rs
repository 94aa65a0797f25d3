//! Reading of the shapes of zones.

use super::exact::{P, admit};
use super::geometry::Shape;
use super::readers::{Bad, bad, list, number, only, word};
use serde_json::Value;

/// A coordinate in 1e-7 degrees, rounded before anything else is asked.
pub fn e7(v: &Value, limit: f64) -> Result<i64, Bad> {
    match v.as_f64().map(|x| (x * 1e7).round_ties_even()) {
        Some(x) if x.abs() <= limit * 1e7 => Ok(x as i64),
        _ => bad("out_of_range", v),
    }
}

fn point(v: &Value) -> Result<P, Bad> {
    let c = list(Some(v), "position")?;
    // A third number is a height.
    if !matches!(c.len(), 2 | 3) || !c.iter().all(Value::is_number) {
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

/// The shape of a zone.
pub fn shape(v: Option<&Value>) -> Result<Shape, Bad> {
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
