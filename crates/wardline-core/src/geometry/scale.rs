//! Cheap bounds of distances near a place, never wrong, for deciding what needs no exact one.
//!
//! On the ellipsoid a path's length is the integral of √(M²·dφ² + N²·cos²φ·dλ²). Put constants for
//! M and N·cos φ that are nowhere exceeded, and the straight line in latitude and longitude bounds
//! the distance from above; put constants that are nowhere undercut along the shortest path, and
//! the same formula bounds it from below.

use super::bounds::Bounds;
use super::position::{Position, TURN_E7};

/// Metres to 1e-7 degree in the neighbourhood of a latitude.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Scale {
    lon_least_m: f32,
    lon_most_m: f32,
}

/// How far from the latitude that a scale was made for it holds.
const SCALE_REACH_M: f64 = 10_000.0;

/// The reach in degrees (at most 0.0905) and how far a shortest path may bend out of it.
const REACH_DEG: f64 = 0.1;
/// Where a degree of longitude shrinks too fast for the scale to be of use.
const LAT_DEG_MAX: f64 = 80.0;
/// A degree of latitude is 110,574.3 m at the equator and 111,694.0 m at the poles.
const LAT_LEAST_M: f64 = 0.011_057;
const LAT_MOST_M: f64 = 0.011_17;
/// A degree of longitude is cos φ times 111,319.5 m, and up to 0.34 % more towards the poles.
const LON_LEAST_M: f64 = 0.011_131;
const LON_MOST_M: f64 = 0.011_171;
/// More than single precision can be off.
const ROUNDING: f64 = 2e-7;

impl Scale {
    /// The scale near a position; nothing near a pole.
    pub fn near(position: Position) -> Option<Self> {
        let lat_deg = position.lat_deg().abs();
        let cos = |lat_deg: f64| libm::cos(lat_deg.to_radians());
        (lat_deg <= LAT_DEG_MAX).then(|| Self {
            lon_least_m: (LON_LEAST_M * cos(lat_deg + REACH_DEG) * (1.0 - ROUNDING)) as f32,
            lon_most_m: (LON_MOST_M * cos((lat_deg - REACH_DEG).max(0.0)) * (1.0 + ROUNDING))
                as f32,
        })
    }

    /// No more than the distance from the position, which the scale was made for, to the box; and
    /// no more than [`SCALE_REACH_M`].
    pub fn least_m(&self, position: Position, bounds: &Bounds) -> f64 {
        let (lat, lon) = (i64::from(position.lat_e7()), i64::from(position.lon_e7()));
        let (south, north) = (i64::from(bounds.min_lat_e7), i64::from(bounds.max_lat_e7));
        let (west, east) = (i64::from(bounds.min_lon_e7), i64::from(bounds.max_lon_e7));
        let lat_e7 = (south - lat).max(lat - north).max(0);
        let lon_e7 = match (lon < west, lon > east) {
            (true, _) => (west - lon).min(lon + TURN_E7 - east),
            (_, true) => (lon - east).min(west + TURN_E7 - lon),
            _ => 0,
        };
        let (lat_m, lon_m) =
            (lat_e7 as f64 * LAT_LEAST_M, lon_e7 as f64 * f64::from(self.lon_least_m));
        (lat_m * lat_m + lon_m * lon_m).sqrt().min(SCALE_REACH_M)
    }

    /// Not less than the square of the distance of two positions within the reach.
    #[inline]
    pub fn most_m2(&self, a: Position, b: Position) -> f64 {
        let lat_e7 = i64::from(a.lat_e7()) - i64::from(b.lat_e7());
        let lon_e7 = i64::from(a.lon_e7()) - i64::from(b.lon_e7());
        let (lat_m, lon_m) =
            (lat_e7 as f64 * LAT_MOST_M, lon_e7 as f64 * f64::from(self.lon_most_m));
        lat_m * lat_m + lon_m * lon_m
    }
}
