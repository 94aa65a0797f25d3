//! The foot of a perpendicular on a piece of a line straight in longitude and latitude.

use super::earth::{Frame, Place, RADIANS, Xyz, along, dot, sub};
use super::thirds::least_by_thirds;

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
/// squared: within it the place is right to a micrometre (the bend is a sphere's, which weighs
/// more than the third order), and no point of the piece is nearer than the foot by a millimetre.
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
    let (low, high) = ((best.1 - 0.0625).max(0.0), (best.1 + 0.0625).min(1.0));
    least_by_thirds(low, high, distance2)
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

#[cfg(test)]
mod tests {
    use super::super::earth::place_distance_m;
    use super::*;

    #[test]
    fn the_foot_on_a_chord_is_where_a_perpendicular_meets_it_or_at_an_end() {
        let check = |from: Xyz, expected: (f64, f64)| {
            let foot = foot_on_chord([1.0, 2.0, 3.0], [9.0, 2.0, 3.0], from);
            assert_eq!(foot, expected, "{from:?}");
        };
        check([3.0, 4.0, 3.0], (4.0, 0.25));
        check([7.0, 5.0, 7.0], (25.0, 0.75));
        check([1.0, 2.0, 3.0], (0.0, 0.0));
        check([-3.0, 2.0, 6.0], (25.0, 0.0));
        check([12.0, -2.0, 3.0], (25.0, 1.0));
        let foot = foot_on_chord([1.0; 3], [1.0; 3], [1.0, 4.0, 5.0]);
        assert_eq!(foot, (25.0, 0.0), "a chord without length");
    }

    // J-GEO-3
    #[test]
    fn longitudes_step_the_shorter_way_round_and_come_back_within_180_degrees() {
        let check = |from: f64, to: f64, expected: f64| {
            assert_eq!(lon_step_deg(from, to), expected, "{from} {to}");
        };
        check(10.0, 30.0, 20.0);
        check(179.0, -179.0, 2.0);
        check(-179.0, 179.0, -2.0);
        check(0.0, 180.0, 180.0);
        check(0.0, -180.0, -180.0);
        for (lon, expected) in [(10.0, 10.0), (190.0, -170.0), (-190.0, 170.0), (725.0, 5.0)] {
            assert_eq!(place_at([1.0, lon]).lon_deg, expected, "{lon}");
        }
        let middle = between(&Place::new(10.0, 179.0), &Place::new(20.0, -177.0), 0.75);
        assert_eq!((middle.lat_deg, middle.lon_deg), (17.5, -178.0));
    }

    /// The first and second derivative by differences.
    #[test]
    fn motion_is_the_derivative_of_the_place() {
        let check = |lat: f64, lon: f64, dlat: f64, dlon: f64| {
            let at = |t: f64| Place::new(lat + dlat * t, lon + dlon * t).xyz;
            let (before, here, after) = (at(-0.01), at(0.0), at(0.01));
            let (velocity, bend) = motion(&Frame::at(lat, lon), dlat * RADIANS, dlon * RADIANS);
            for axis in 0..3 {
                let slope = (after[axis] - before[axis]) / 0.02;
                let curve = (after[axis] - 2.0 * here[axis] + before[axis]) / 1e-4;
                let context = format!("{lat} {lon} {dlat} {dlon} axis {axis}");
                assert!((velocity[axis] - slope).abs() < 0.1, "{context}: {slope}");
                // The bend is that of a sphere, which is nearly right.
                assert!((bend[axis] - curve).abs() < 20.0, "{context}: {curve}");
            }
        };
        for (lat, lon) in [(0.0, 0.0), (50.0, 30.0), (-50.0, 130.0), (85.0, -60.0)] {
            check(lat, lon, 1.0, 0.0);
            check(lat, lon, 0.0, 1.0);
            check(lat, lon, 0.7, -0.9);
        }
    }

    /// The place after the last step, as it is worked out and as it is.
    // J-GEO-2
    #[test]
    fn the_last_step_is_right_to_a_micrometre() {
        for lat in [-89.999, -89.0, -60.0, -45.0, 0.0, 1.0, 45.0, 75.0, 89.9, 89.999] {
            for k in 0..64 {
                let (sin, cos) = libm::sincos(f64::from(k) * 0.1);
                let step_m = STEP_M2_LAST.sqrt();
                let f = Frame::at(lat, 20.0);
                let dlat = step_m * cos / f.meridian_m();
                let dlon = step_m * sin / (f.normal_m * f.cos_lat);
                let dlon = dlon.clamp(-STEP_TURN_LAST, STEP_TURN_LAST);
                let (velocity, bend) = motion(&f, dlat, dlon);
                let told = along(along(f.xyz(), velocity, 1.0), bend, 0.5);
                let d = sub(told, Place::new(lat + dlat / RADIANS, 20.0 + dlon / RADIANS).xyz);
                assert!(dot(d, d) < 1e-12, "{lat} {k}: {:e} m", dot(d, d).sqrt());
            }
        }
    }

    // J-GEO-2
    #[test]
    fn no_point_of_a_piece_is_nearer_than_its_foot() {
        let check = |piece: [[f64; 2]; 2], from: [f64; 2]| {
            let [a, b] = piece.map(|[lat, lon]| Place::new(lat, lon));
            let from = Place::new(from[0], from[1]);
            let (_, t) = foot_on_chord(a.xyz, b.xyz, from.xyz);
            let (foot_m, foot) = foot_on_curve(&a, &b, t, from.xyz);
            let context = format!("{piece:?} {from:?} {foot:?}");
            let far_m = |place: &Place| {
                let d = sub(place.xyz, from.xyz);
                dot(d, d).sqrt()
            };
            assert!((foot_m - far_m(&foot)).abs() < 1e-6, "{context}: {foot_m}");
            let same = Place::new(foot.lat_deg, foot.lon_deg);
            assert!(place_distance_m(&same, &foot) < 1e-5, "{context}");
            for k in 0..=500 {
                let point_m = far_m(&between(&a, &b, f64::from(k) / 500.0));
                assert!(foot_m <= point_m + 1e-3, "{context}: {foot_m} {k} {point_m}");
            }
        };
        for lat in [-70.0, 0.0, 45.0, 80.0, 89.5] {
            // A meridian, a parallel, and slanting ones, of up to 32 km.
            for [dlat, dlon] in [[0.28, 0.0], [0.0, 0.28], [0.1, 0.2], [-0.2, 0.1]] {
                let dlon = dlon / libm::cos(lat * RADIANS);
                let piece = [[lat, 179.9], [lat + dlat, 179.9 + dlon]];
                for k in 0..=40 {
                    let t = f64::from(k) / 20.0 - 0.5;
                    let on = [lat + dlat * t, 179.9 + dlon * t];
                    for off in [-0.3, -0.001, 0.0, 0.002, 0.3] {
                        check(piece, [on[0] + off, on[1]]);
                        check(piece, [on[0], on[1] + off]);
                    }
                }
            }
        }
        // Round a pole, where all of a piece is about as near.
        for [lat, end, dlon] in [[89.99, 89.99, 11.0], [89.99, 89.9, 9.0], [89.999, 90.0, 10.0]] {
            for k in 0..40 {
                let lon = 9.0 * f64::from(k);
                for from in [89.9, 89.99, 89.995, 89.999, 90.0] {
                    check([[lat, 20.0], [end, 20.0 + dlon]], [from, lon]);
                }
            }
        }
    }
}
