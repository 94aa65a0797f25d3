//! The WGS 84 ellipsoid: earth-centred coordinates and geodesic lengths.
//!
//! Up to 200 km a geodesic is computed from its chord: the normal section through both points
//! is nearly a circle whose radius is the ellipsoid's radius of curvature in that direction
//! (Euler), which leaves less than 1 mm. Beyond, T. Vincenty, "Direct and Inverse Solutions of
//! Geodesics on the Ellipsoid" (1975); where that does not converge, near the antipode, the
//! least sum of two legs over a ring of way points about 90 degrees off.

use std::sync::LazyLock;

use super::position::Position;
use super::thirds::least_by_thirds;

/// Equatorial radius, in metres.
pub(crate) const EQUATOR_M: f64 = 6_378_137.0;
/// Flattening.
pub(crate) const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Polar radius, in metres.
pub(crate) const POLAR_M: f64 = EQUATOR_M * (1.0 - FLATTENING);
/// First eccentricity, squared.
pub(crate) const E2: f64 = FLATTENING * (2.0 - FLATTENING);
/// Second eccentricity, squared.
const EP2: f64 = E2 / (1.0 - E2);
/// Up to here lengths come from chords.
const CHORD_M_MAX: f64 = 200_000.0;

/// Earth-centred coordinates, in metres.
pub(crate) type Xyz = [f64; 3];

/// Degrees to radians.
pub(crate) const RADIANS: f64 = std::f64::consts::PI / 180.0;

/// A point on the ellipsoid in both kinds of coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) xyz: Xyz,
    pub(crate) lat_deg: f64,
    pub(crate) lon_deg: f64,
}

impl Place {
    #[inline]
    pub(crate) fn new(lat_deg: f64, lon_deg: f64) -> Self {
        let frame = Frame::at(lat_deg, lon_deg);
        Self { xyz: frame.xyz(), lat_deg, lon_deg }
    }

    #[inline]
    pub(crate) fn of(p: Position) -> Self {
        Self::new(p.lat_deg(), p.lon_deg())
    }
}

/// Sines and cosines of a place, and its normal radius of curvature.
pub(crate) struct Frame {
    pub(crate) sin_lat: f64,
    pub(crate) cos_lat: f64,
    pub(crate) sin_lon: f64,
    pub(crate) cos_lon: f64,
    pub(crate) normal_m: f64,
}

impl Frame {
    #[inline]
    pub(crate) fn at(lat_deg: f64, lon_deg: f64) -> Self {
        let (sin_lat, cos_lat) = sin_cos_deg(lat_deg);
        let (sin_lon, cos_lon) = sin_cos_deg(lon_deg);
        let normal_m = EQUATOR_M / (1.0 - E2 * sin_lat * sin_lat).sqrt();
        Self { sin_lat, cos_lat, sin_lon, cos_lon, normal_m }
    }

    #[inline]
    pub(crate) fn xyz(&self) -> Xyz {
        let axis_m = self.normal_m * self.cos_lat;
        [axis_m * self.cos_lon, axis_m * self.sin_lon, self.normal_m * (1.0 - E2) * self.sin_lat]
    }

    /// The radius of curvature along the meridian, in metres.
    #[inline]
    pub(crate) fn meridian_m(&self) -> f64 {
        let n = self.normal_m;
        n * n * n * ((1.0 - E2) / (EQUATOR_M * EQUATOR_M))
    }
}

/// The geodesic distance between two positions on WGS 84, in metres.
#[must_use]
pub fn distance_m(a: Position, b: Position) -> f64 {
    place_distance_m(&Place::of(a), &Place::of(b))
}

/// The geodesic distance between two places, in metres.
#[inline]
pub(crate) fn place_distance_m(a: &Place, b: &Place) -> f64 {
    let d = sub(b.xyz, a.xyz);
    let chord2 = dot(d, d);
    if chord2 > CHORD_M_MAX * CHORD_M_MAX {
        return long_distance_m([a.lat_deg, a.lon_deg], [b.lat_deg, b.lon_deg]);
    }
    if chord2 == 0.0 {
        return 0.0;
    }
    let z = 0.5 * (a.xyz[2] + b.xyz[2]) / (EQUATOR_M * (1.0 - E2));
    let w = z * z;
    let curvature = (1.0 - E2 * w / (1.0 + E2 * w)).sqrt() / EQUATOR_M;
    let curvature = curvature * (1.0 + EP2 * d[2] * d[2] / chord2);
    let x = 0.25 * chord2 * curvature * curvature;
    chord2.sqrt() * (1.0 + x * (1.0 / 6.0 + x * (3.0 / 40.0)))
}

fn long_distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    vincenty_m(a, b).unwrap_or_else(|| antipodal_m(a, b))
}

/// Sines and cosines of the reduced latitude.
fn reduced(lat_deg: f64) -> (f64, f64) {
    let (sin_lat, cos_lat) = sin_cos_deg(lat_deg);
    let s = (1.0 - FLATTENING) * sin_lat;
    let norm = (s * s + cos_lat * cos_lat).sqrt();
    (s / norm, cos_lat / norm)
}

/// Vincenty's inverse formula; `None` if it does not converge. Longitudes may differ by up to
/// 540 degrees.
fn vincenty_m(a: [f64; 2], b: [f64; 2]) -> Option<f64> {
    let (sin_u1, cos_u1) = reduced(a[0]);
    let (sin_u2, cos_u2) = reduced(b[0]);
    let mut turn_deg = b[1] - a[1];
    if turn_deg > 180.0 {
        turn_deg -= 360.0;
    } else if turn_deg < -180.0 {
        turn_deg += 360.0;
    }
    let l = turn_deg * RADIANS;
    let mut lambda = l;
    for _ in 0..40 {
        let (sin_l, cos_l) = libm::sincos(lambda);
        let t = cos_u1 * sin_u2 - sin_u1 * cos_u2 * cos_l;
        let sin_sigma = (cos_u2 * sin_l * cos_u2 * sin_l + t * t).sqrt();
        let cos_sigma = sin_u1 * sin_u2 + cos_u1 * cos_u2 * cos_l;
        if sin_sigma == 0.0 {
            return None;
        }
        let sigma = libm::atan2(sin_sigma, cos_sigma);
        let sin_alpha = cos_u1 * cos_u2 * sin_l / sin_sigma;
        let cos2_alpha = 1.0 - sin_alpha * sin_alpha;
        let cos_2m =
            if cos2_alpha > 1e-15 { cos_sigma - 2.0 * sin_u1 * sin_u2 / cos2_alpha } else { 0.0 };
        let c = FLATTENING / 16.0 * cos2_alpha * (4.0 + FLATTENING * (4.0 - 3.0 * cos2_alpha));
        let inner = cos_2m + c * cos_sigma * (2.0 * cos_2m * cos_2m - 1.0);
        let next = l + (1.0 - c) * FLATTENING * sin_alpha * (sigma + c * sin_sigma * inner);
        let change = (next - lambda).abs();
        lambda = next;
        if lambda.abs() > std::f64::consts::PI {
            return None;
        }
        if change < 1e-12 {
            return Some(arc_m(cos2_alpha, sigma, sin_sigma, cos_sigma, cos_2m));
        }
    }
    None
}

/// The last step of Vincenty's formula.
fn arc_m(cos2_alpha: f64, sigma: f64, sin_sigma: f64, cos_sigma: f64, cos_2m: f64) -> f64 {
    let u2 = cos2_alpha * EP2;
    let a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)));
    let b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)));
    let m2 = cos_2m * cos_2m;
    let tail = b / 6.0 * cos_2m * (4.0 * sin_sigma * sin_sigma - 3.0) * (4.0 * m2 - 3.0);
    let delta = b * sin_sigma * (cos_2m + b / 4.0 * (cos_sigma * (2.0 * m2 - 1.0) - tail));
    POLAR_M * a * (sigma - delta)
}

/// The least length over way points a quarter of the way round from `a`.
fn antipodal_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    const STEPS: u32 = 24;
    let step = std::f64::consts::TAU / f64::from(STEPS);
    let legs_m = |bearing: f64| {
        let (sin_lat, cos_lat) = sin_cos_deg(a[0]);
        let (sin_b, cos_b) = libm::sincos(bearing);
        let lat = libm::asin((cos_lat * cos_b).clamp(-1.0, 1.0));
        let lon = a[1] + libm::atan2(sin_b, -sin_lat * cos_b) / RADIANS;
        let lon = lon - 360.0 * (lon / 360.0).round_ties_even();
        let way = [lat / RADIANS, lon];
        // Each leg is about 90 degrees, where Vincenty's formula always converges.
        vincenty_m(a, way).unwrap_or(f64::MAX) + vincenty_m(way, b).unwrap_or(f64::MAX)
    };
    let mut best = (f64::MAX, 0.0);
    for i in 0..STEPS {
        let bearing = f64::from(i) * step;
        let m = legs_m(bearing);
        if m < best.0 {
            best = (m, bearing);
        }
    }
    best.0.min(legs_m(least_by_thirds(best.1 - step, best.1 + step, legs_m)))
}

#[inline]
pub(crate) fn dot(a: Xyz, b: Xyz) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
pub(crate) fn sub(a: Xyz, b: Xyz) -> Xyz {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `a + b·k`.
#[inline]
pub(crate) fn along(a: Xyz, b: Xyz, k: f64) -> Xyz {
    [a[0] + b[0] * k, a[1] + b[1] * k, a[2] + b[2] * k]
}

/// Sine and cosine of an angle in degrees, within ±361: a table of whole degrees and the
/// addition theorem, exact at multiples of 90 degrees.
#[inline]
pub(crate) fn sin_cos_deg(angle_deg: f64) -> (f64, f64) {
    let whole = angle_deg + ONES - ONES;
    let r = (angle_deg - whole) * RADIANS;
    let index = (whole as i32 + TABLE_OFFSET).clamp(0, 2 * TABLE_OFFSET) as usize;
    let (s, c) = TABLE[index];
    let r2 = r * r;
    let sin_r = r * (1.0 - r2 * (1.0 / 6.0 - r2 * (1.0 / 120.0)));
    let cos_less_one = -r2 * (0.5 - r2 * (1.0 / 24.0 - r2 * (1.0 / 720.0)));
    (s + (s * cos_less_one + c * sin_r), c + (c * cos_less_one - s * sin_r))
}

/// Among numbers of this size ones are the least difference, so that a sum is rounded to them.
const ONES: f64 = 1.5 * (1_u64 << 52) as f64;
const TABLE_OFFSET: i32 = 362;

static TABLE: LazyLock<[(f64, f64); 725]> = LazyLock::new(|| {
    let mut table = [(0.0, 0.0); 725];
    for (entry, degree) in table.iter_mut().zip(-TABLE_OFFSET..) {
        *entry = match degree.rem_euclid(360) {
            0 => (0.0, 1.0),
            90 => (1.0, 0.0),
            180 => (0.0, -1.0),
            270 => (-1.0, 0.0),
            d => libm::sincos(f64::from(if d > 180 { d - 360 } else { d }) * RADIANS),
        };
    }
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_and_cosines_are_those_of_libm() {
        for thousandths in (-361_000..=361_000).step_by(97) {
            let deg = f64::from(thousandths) / 1000.0;
            let (sin, cos) = libm::sincos(deg * RADIANS);
            let (s, c) = sin_cos_deg(deg);
            // Radians are off by a rounding themselves.
            let limit = 2.3e-16 * (1.0 + (deg * RADIANS).abs());
            assert!((s - sin).abs() <= limit, "{deg}: {s} {sin}");
            assert!((c - cos).abs() <= limit, "{deg}: {c} {cos}");
        }
    }

    // J-GEO-3
    #[test]
    fn quarter_turns_are_exact() {
        for (deg, expected) in [
            (0.0, (0.0, 1.0)),
            (90.0, (1.0, 0.0)),
            (-90.0, (-1.0, 0.0)),
            (180.0, (0.0, -1.0)),
            (-180.0, (0.0, -1.0)),
            (270.0, (-1.0, 0.0)),
            (360.0, (0.0, 1.0)),
        ] {
            assert_eq!(sin_cos_deg(deg), expected, "{deg}");
        }
    }
}
