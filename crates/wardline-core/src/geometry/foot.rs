//! The foot of a perpendicular on a piece of a line straight in longitude and latitude.

use super::earth::{Frame, Place, RADIANS, Xyz, along, dot, sub};

/// The square of the distance to a chord, and where on it the foot is, from 0 to 1.
#[inline]
pub(crate) fn foot_on_chord(a: Xyz, b: Xyz, from: Xyz) -> (f64, f64) {
    let e = sub(b, a);
    let q = sub(a, from);
    let length2 = dot(e, e);
    let t = if length2 > 0.0 { (-dot(q, e) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let v = along(q, e, t);
    (dot(v, v), t)
}

/// A step of Newton's method so short that the curve's second order covers it, in metres
/// squared: the third order is 1e-9 m.
const STEP_M2_LAST: f64 = 900.0;
/// The same for the turn of the step around the earth's axis, in radians.
const STEP_TURN_LAST: f64 = 1e-4;

/// Beyond this distance an end of a piece is as good as the foot where curves are in doubt.
const SCAN_M_MAX: f64 = 100_000.0;

/// The distance to a piece in space, and the foot, by Newton's method from `t`.
pub(crate) fn foot_on_curve(a: &Place, b: &Place, t: f64, from: Xyz) -> (f64, Place) {
    let dlat_deg = b.lat_deg - a.lat_deg;
    let dlon_deg = lon_step_deg(a.lon_deg, b.lon_deg);
    let (dlat, dlon) = (dlat_deg * RADIANS, dlon_deg * RADIANS);
    let mut t = t;
    let mut inner = *a;
    for _ in 0..8 {
        let f = Frame::at(a.lat_deg + dlat_deg * t, a.lon_deg + dlon_deg * t);
        let xyz = f.xyz();
        let q = sub(xyz, from);
        let (velocity, bend) = motion(&f, dlat, dlon);
        let speed2 = dot(velocity, velocity);
        let slope = dot(q, velocity);
        let curve = speed2 + dot(q, bend);
        if curve <= 0.1 * speed2 {
            // The centre of curvature is about here: near a pole, or far away.
            if dot(q, q) < SCAN_M_MAX * SCAN_M_MAX {
                t = scan(a, b, from);
                inner = between(a, b, t);
            }
            break;
        }
        let next = (t - slope / curve).clamp(0.0, 1.0);
        let step = next - t;
        t = next;
        if step * step * speed2 < STEP_M2_LAST && (step * dlon).abs() < STEP_TURN_LAST {
            inner.xyz = along(along(xyz, velocity, step), bend, 0.5 * step * step);
            break;
        }
        inner.xyz = xyz;
    }
    inner.lat_deg = a.lat_deg + dlat_deg * t;
    inner.lon_deg = a.lon_deg + dlon_deg * t;
    let mut best = (f64::INFINITY, *a);
    for place in [*a, *b, inner] {
        let d = sub(place.xyz, from);
        let d2 = dot(d, d);
        if d2 < best.0 {
            best = (d2, place);
        }
    }
    (best.0.sqrt(), best.1)
}

/// The place of the least distance where Newton's method does not find it: the best of a few
/// samples, then thirds.
fn scan(a: &Place, b: &Place, from: Xyz) -> f64 {
    let distance2 = |t: f64| {
        let d = sub(between(a, b, t).xyz, from);
        dot(d, d)
    };
    let mut best = (f64::INFINITY, 0.0);
    for i in 0..=16 {
        let t = f64::from(i) / 16.0;
        let d2 = distance2(t);
        if d2 < best.0 {
            best = (d2, t);
        }
    }
    let (mut low, mut high) = ((best.1 - 0.0625).max(0.0), (best.1 + 0.0625).min(1.0));
    for _ in 0..30 {
        let third = (high - low) / 3.0;
        if distance2(low + third) < distance2(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    0.5 * (low + high)
}

/// The first and, as on a sphere, the second derivative of the place on a piece.
#[inline]
fn motion(f: &Frame, dlat: f64, dlon: f64) -> (Xyz, Xyz) {
    let (meridian, parallel) = (f.meridian_m() * dlat, f.normal_m * f.cos_lat * dlon);
    let velocity = [
        -meridian * f.sin_lat * f.cos_lon - parallel * f.sin_lon,
        -meridian * f.sin_lat * f.sin_lon + parallel * f.cos_lon,
        meridian * f.cos_lat,
    ];
    let inward = -meridian * dlat * f.cos_lat - parallel * dlon;
    let sideways = 2.0 * meridian * dlon * f.sin_lat;
    let bend = [
        inward * f.cos_lon + sideways * f.sin_lon,
        inward * f.sin_lon - sideways * f.cos_lon,
        -meridian * dlat * f.sin_lat,
    ];
    (velocity, bend)
}

/// The point of a piece at `t`, from 0 to 1.
pub(crate) fn between(a: &Place, b: &Place, t: f64) -> Place {
    place_at([
        a.lat_deg + (b.lat_deg - a.lat_deg) * t,
        a.lon_deg + lon_step_deg(a.lon_deg, b.lon_deg) * t,
    ])
}

pub(crate) fn place_at(at: [f64; 2]) -> Place {
    Place::new(at[0], at[1] - 360.0 * (at[1] / 360.0).round_ties_even())
}

/// The difference of longitude, the shorter way round.
#[inline]
pub(crate) fn lon_step_deg(from: f64, to: f64) -> f64 {
    let step = to - from;
    if step > 180.0 {
        step - 360.0
    } else if step < -180.0 {
        step + 360.0
    } else {
        step
    }
}
