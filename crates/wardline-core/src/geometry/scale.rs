//! Cheap bounds of distances near a place, never wrong, for deciding what needs no exact one.
//!
//! On the ellipsoid a path's length is the integral of √(M²·dφ² + N²·cos²φ·dλ²). Put constants for
//! M and N·cos φ that are nowhere exceeded, and the straight line in latitude and longitude bounds
//! the distance from above; put constants that are nowhere undercut along the shortest path, and
//! the same formula bounds it from below.

use super::bounds::Bounds;
use super::earth::sin_cos_deg;
use super::exact::Point;
use super::position::{Position, TURN_E7};

/// Metres to 1e-7 degree in the neighbourhood of a latitude.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Scale {
    lon_least_m: f32,
    lon_most_m: f32,
}

/// How far from the latitude that a scale was made for it holds.
pub(crate) const SCALE_REACH_M: f64 = 10_000.0;

/// The reach in degrees (at most 0.0905) and how far a shortest path may bend out of it.
const REACH_DEG: f64 = 0.1;
const REACH_COS: f64 = 0.999_998_476_913_287_7;
const REACH_SIN: f64 = 0.001_745_328_365_898_309;
/// Where a degree of longitude shrinks too fast for the scale to be of use.
pub(crate) const LAT_DEG_MAX: f64 = 80.0;
/// A degree of latitude is 110,574.3 m at the equator and 111,694.0 m at the poles.
const LAT_LEAST_M: f64 = 0.011_057;
const LAT_MOST_M: f64 = 0.011_17;
/// A degree of longitude is cos φ times 111,319.5 m, and up to 0.34 % more towards the poles.
/// Nearly a ten-thousandth is to spare, far more than single precision can be off.
const LON_LEAST_M: f64 = 0.011_131;
const LON_MOST_M: f64 = 0.011_171;

impl Scale {
    /// The scale near a position; nothing near a pole.
    pub fn near(position: Position) -> Option<Self> {
        let lat_deg = position.lat_deg().abs();
        if lat_deg > LAT_DEG_MAX {
            return None;
        }
        let (sin, cos) = sin_cos_deg(lat_deg);
        // Of sums of angles; the equator is as wide as it gets.
        let least = cos * REACH_COS - sin * REACH_SIN;
        let most = if lat_deg > REACH_DEG { cos * REACH_COS + sin * REACH_SIN } else { 1.0 };
        Some(Self {
            lon_least_m: (LON_LEAST_M * least) as f32,
            lon_most_m: (LON_MOST_M * most) as f32,
        })
    }

    /// No more than the distance from the position, which the scale was made for, to the box; and
    /// no more than [`SCALE_REACH_M`].
    pub fn least_m(&self, position: Position, bounds: &Bounds) -> f64 {
        let (lat, lon) = (i64::from(position.lat_e7()), i64::from(position.lon_e7()));
        let (south, north) = (i64::from(bounds.min_lat_e7), i64::from(bounds.max_lat_e7));
        let (west, east) = (i64::from(bounds.min_lon_e7), i64::from(bounds.max_lon_e7));
        let lat_e7 = (south - lat).max(lat - north).max(0);
        let lon_e7 = (west - lon).max(lon - east).max(0);
        // The other way round it may be nearer.
        let lon_e7 = lon_e7.min(lon + TURN_E7 - east).min(west + TURN_E7 - lon);
        let (lat_m, lon_m) =
            (lat_e7 as f64 * LAT_LEAST_M, lon_e7 as f64 * f64::from(self.lon_least_m));
        (lat_m * lat_m + lon_m * lon_m).sqrt().min(SCALE_REACH_M)
    }

    /// No more than [`Scale::least_m`] of a box that lies farther off in latitude or longitude.
    pub fn least_side_m(&self, lat_e7: i64, lon_e7: i64) -> f64 {
        let lon_m = lon_e7 as f64 * f64::from(self.lon_least_m);
        // A square and its root may round down.
        (lat_e7 as f64 * LAT_LEAST_M).min(lon_m) * (1.0 - 1e-12)
    }

    /// In latitude and longitude, how far a box must be off at least to be so many metres away by
    /// [`Scale::least_side_m`]; at most some 20 km are reckoned with.
    pub fn margins_e7(&self, radius_m: f64) -> [i64; 2] {
        let radius_m = radius_m.clamp(0.0, 2.0 * SCALE_REACH_M);
        let margin_e7 = |unit_m: f64| (radius_m / unit_m * (1.0 + 1e-9)) as i64 + 2;
        [margin_e7(LAT_LEAST_M), margin_e7(f64::from(self.lon_least_m))]
    }

    /// A box round a position with all that is nearer by [`Scale::least_m`]; it may end beyond the
    /// antimeridian. At most some 20 km are reckoned with.
    pub fn around(&self, position: Position, radius_m: f64) -> Bounds {
        let [lat_e7, lon_e7] = self.margins_e7(radius_m).map(|margin_e7| margin_e7 as i32);
        Bounds {
            min_lat_e7: position.lat_e7() - lat_e7,
            min_lon_e7: position.lon_e7() - lon_e7,
            max_lat_e7: position.lat_e7() + lat_e7,
            max_lon_e7: position.lon_e7() + lon_e7,
        }
    }

    /// No more than how long so much of a meridian is; and no more than [`SCALE_REACH_M`].
    pub fn least_north_m(&self, lat_e7: u64) -> f64 {
        (lat_e7 as f64 * LAT_LEAST_M).min(SCALE_REACH_M)
    }

    /// No more than the square of the distance from the position, which the scale was made for, to
    /// the segment between two others; of use only up to [`SCALE_REACH_M`].
    #[inline]
    pub fn least_m2_to_segment(&self, position: Point, a: Point, b: Point) -> f64 {
        let seen_m = |p: Point| {
            let (lat_e7, lon_e7) = (p.y - position.y, p.x - position.x);
            (lat_e7 as f64 * LAT_LEAST_M, lon_e7 as f64 * f64::from(self.lon_least_m))
        };
        let (a, b) = (seen_m(a), seen_m(b));
        let way = (b.0 - a.0, b.1 - a.1);
        let length_m2 = way.0 * way.0 + way.1 * way.1;
        let along_m2 = -(a.0 * way.0 + a.1 * way.1);
        let share = if length_m2 > 0.0 { (along_m2 / length_m2).clamp(0.0, 1.0) } else { 0.0 };
        let foot = (a.0 + way.0 * share, a.1 + way.1 * share);
        foot.0 * foot.0 + foot.1 * foot.1
    }

    /// Not less than the square of the distance of two positions within the reach.
    #[inline]
    pub fn most_m2(&self, a: Position, b: Position) -> f64 {
        let lat_e7 = f64::from(a.lat_e7()) - f64::from(b.lat_e7());
        let lon_e7 = f64::from(a.lon_e7()) - f64::from(b.lon_e7());
        let (lat_m, lon_m) = (lat_e7 * LAT_MOST_M, lon_e7 * f64::from(self.lon_most_m));
        lat_m * lat_m + lon_m * lon_m
    }

    /// The same of a position and two others, in single precision, which the constants have room
    /// for. Longitudes that overflow are those of positions far apart, and stay so.
    #[inline(always)]
    pub fn most_m2_to_both(&self, from: Position, to: [Position; 2]) -> [f32; 2] {
        // Side by side, so that the processor works out all four at once.
        let [lat_e7, lon_e7] = [from.lat_e7(), from.lon_e7()];
        let from_e7 = [lat_e7, lon_e7, lat_e7, lon_e7];
        let to_e7 = [to[0].lat_e7(), to[0].lon_e7(), to[1].lat_e7(), to[1].lon_e7()];
        let [lat_m, lon_m] = [LAT_MOST_M as f32, self.lon_most_m];
        let unit_m = [lat_m, lon_m, lat_m, lon_m];
        let sides_m2: [f32; 4] = std::array::from_fn(|side| {
            let side_m = from_e7[side].wrapping_sub(to_e7[side]) as f32 * unit_m[side];
            side_m * side_m
        });
        [sides_m2[0] + sides_m2[1], sides_m2[2] + sides_m2[3]]
    }
}

/// Not less than the distance of two positions, as it is computed; close only near the equator.
pub(crate) fn distance_most_m(a: Position, b: Position) -> f64 {
    let everywhere = Scale { lon_least_m: 0.0, lon_most_m: LON_MOST_M as f32 };
    // The share and the decimetre cover the error of computed distances (J-GEO-2).
    everywhere.most_m2(a, b).sqrt() * 1.001 + 0.1
}

#[cfg(test)]
mod tests {
    use super::super::earth::distance_m;
    use super::*;
    use geographiclib_rs::{Geodesic, InverseGeodesic};

    const LATS: [f64; 8] = [-80.0, -52.5, -0.11, -0.05, 0.0, 30.0, 66.0, 80.0];
    const LONS: [f64; 4] = [-179.995, 0.0, 74.6, 179.995];

    fn karney_m(a: Position, b: Position) -> f64 {
        Geodesic::wgs84().inverse(a.lat_deg(), a.lon_deg(), b.lat_deg(), b.lon_deg())
    }

    fn at(lat: f64, lon: f64) -> Position {
        let lon = lon - 360.0 * (lon / 360.0).round();
        Position::from_degrees(lat, lon).expect("a position")
    }

    /// Twelve places near the edge of the reach.
    fn places_round(lat: f64, lon: f64) -> impl Iterator<Item = Position> {
        (0..12).map(move |k| {
            let (sin, cos) = libm::sincos((f64::from(k) * 30.0).to_radians());
            let reach_deg = 0.98 * SCALE_REACH_M / 111_694.0;
            at(lat + reach_deg * cos, lon + reach_deg * sin / libm::cos(lat.to_radians()))
        })
    }

    #[test]
    fn the_reach_has_its_sine_and_cosine() {
        let (sin, cos) = libm::sincos(REACH_DEG.to_radians());
        assert!((REACH_SIN - sin).abs() < 1e-15 && (REACH_COS - cos).abs() < 1e-15);
    }

    // J-TIME-3
    #[test]
    fn positions_within_the_reach_are_no_farther_apart_than_the_scale_says() {
        for lat in LATS {
            let scale = Scale::near(at(lat, 10.0)).expect("far from the poles");
            let places: Vec<_> = places_round(lat, 10.0).collect();
            for (a, b) in places.iter().flat_map(|a| places.iter().map(move |b| (*a, *b))) {
                let (m, most_m) = (karney_m(a, b), scale.most_m2(a, b).sqrt());
                assert!(m <= most_m, "{lat} {a} {b}: {m} {most_m}");
                // Speed only: a scale that says too much wakes devices for nothing.
                assert!(most_m <= 1.05 * m, "{lat} {a} {b}: {m} {most_m}");
                let both_m = scale.most_m2_to_both(a, [b, a]).map(|m2| f64::from(m2).sqrt());
                assert!(m <= both_m[0] && both_m[0] <= 1.000_001 * most_m, "{both_m:?} {most_m}");
                assert_eq!(both_m[1], 0.0);
            }
        }
        assert!(Scale::near(at(81.0, 10.0)).is_none() && Scale::near(at(-89.0, 10.0)).is_none());
    }

    // J-FIX-5
    /// Also where longitudes are so far apart that their difference overflows.
    #[test]
    fn positions_far_apart_are_not_near_in_single_precision() {
        for (lat, lon) in LATS.iter().flat_map(|lat| LONS.map(|lon| (*lat, lon))) {
            let (from, scale) = (at(lat, lon), Scale::near(at(lat, lon)).expect("no pole"));
            for step in 1..3_600 {
                let to = at(lat, lon + f64::from(step) * 0.1);
                let most_m = scale.most_m2_to_both(from, [to; 2]).map(f32::sqrt)[0];
                let least_m = karney_m(from, to).min(5_000.0);
                assert!(f64::from(most_m) >= least_m, "{from} {to}: {most_m}");
            }
        }
    }

    #[test]
    fn no_computed_distance_is_more_than_the_most() {
        let lats = [-90.0, -89.0, -45.0, -0.001, 0.0, 30.0, 30.001, 60.0, 89.9995];
        let lons = [-180.0, -179.9, 0.0, 0.001, 0.5, 90.0, 180.0];
        let places: Vec<_> =
            lats.iter().flat_map(|lat| lons.map(|lon| Position::from_degrees(*lat, lon))).collect();
        let places: Vec<_> = places.into_iter().flatten().collect();
        assert_eq!(places.len(), 63);
        for (a, b) in places.iter().flat_map(|a| places.iter().map(move |b| (*a, *b))) {
            let (m, most_m) = (distance_m(a, b), distance_most_m(a, b));
            assert!(m <= most_m, "{a} {b}: {m} {most_m}");
        }
        let a = at(0.0, 5.0);
        assert!(distance_most_m(a, at(0.0, 6.0)) < 1.01 * distance_m(a, at(0.0, 6.0)));
    }

    /// The least distance of a box by samples of its edge.
    fn edge_m(from: Position, lats: [f64; 2], lons: [f64; 2]) -> f64 {
        let share =
            |range: [f64; 2], k: u32| range[0] + (range[1] - range[0]) * f64::from(k) / 50.0;
        let places = (0..=50).flat_map(|k| {
            let (lat, lon) = (share(lats, k), share(lons, k));
            [at(lat, lons[0]), at(lat, lons[1]), at(lats[0], lon), at(lats[1], lon)]
        });
        places.map(|place| karney_m(from, place)).fold(f64::INFINITY, f64::min)
    }

    fn check_box(from: Position, north: [f64; 2], east: [f64; 2]) {
        let lats = north.map(|off| from.lat_deg() + off);
        let lons = east.map(|off| from.lon_deg() + off);
        // A box that spans the antimeridian is two.
        if lons[0] < -180.0 && lons[1] > -180.0 || lons[0] < 180.0 && lons[1] > 180.0 {
            return;
        }
        let [low, high] = [0, 1].map(|i| at(lats[i], lons[i]));
        let bounds = Bounds {
            min_lat_e7: low.lat_e7(),
            min_lon_e7: low.lon_e7(),
            max_lat_e7: high.lat_e7(),
            max_lon_e7: high.lon_e7(),
        };
        let inside = north[0] <= 0.0 && north[1] >= 0.0 && east[0] <= 0.0 && east[1] >= 0.0;
        let expected = if inside { 0.0 } else { edge_m(from, lats, lons).min(SCALE_REACH_M) };
        let scale = Scale::near(from).expect("far from the poles");
        let least_m = scale.least_m(from, &bounds);
        assert!(least_m <= expected, "{from} {bounds:?}: {least_m} {expected}");
        // Speed only: a scale that says too little wakes devices for nothing.
        assert!(least_m >= 0.95 * expected, "{from} {bounds:?}: {least_m} {expected}");
    }

    // J-TIME-3
    #[test]
    fn a_segment_is_no_nearer_than_the_scale_says() {
        for (lat, lon) in LATS.iter().flat_map(|lat| [7.0, 74.6].map(|lon| (*lat, lon))) {
            let (from, scale) = (at(lat, lon), Scale::near(at(lat, lon)).expect("no pole"));
            let ends: Vec<_> = places_round(lat, lon).chain([at(lat, lon + 0.001)]).collect();
            for (a, b) in ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b))) {
                let [here, start, end] = [from, a, b].map(Point::of);
                let least_m = scale.least_m2_to_segment(here, start, end).sqrt();
                let points = (0..=60).map(|k| {
                    let share = f64::from(k) / 60.0;
                    let lat = a.lat_deg() + (b.lat_deg() - a.lat_deg()) * share;
                    at(lat, a.lon_deg() + (b.lon_deg() - a.lon_deg()) * share)
                });
                let m = points.map(|point| karney_m(from, point)).fold(f64::INFINITY, f64::min);
                assert!(least_m <= m + 0.01, "{from} {a} {b}: {least_m} {m}");
                // Speed only; points lie some 340 metres apart.
                assert!(least_m >= 0.95 * m - 200.0, "{from} {a} {b}: {least_m} {m}");
            }
        }
    }

    // J-TIME-3
    #[test]
    fn a_box_is_no_nearer_than_the_scale_says() {
        let sides = [[-0.07, -0.03], [-0.002, -0.001], [-0.03, 0.02], [0.001, 0.002], [0.03, 0.07]];
        for (lat, lon) in LATS.iter().flat_map(|lat| LONS.map(|lon| (*lat, lon))) {
            for (north, east) in sides.iter().flat_map(|north| sides.map(|east| (*north, east))) {
                check_box(at(lat, lon), north, east);
            }
            check_box(at(lat, lon), [2.0, 3.0], [-1.0, 1.0]);
            check_box(at(lat, lon), [-1.0, 1.0], [90.0, 91.0]);
        }
    }
}
