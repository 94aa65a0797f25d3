//! A chart of what lies round a position: distances to a ten-thousandth for a third of their cost.
//!
//! A ten-thousandth is too coarse for a verdict, and far better than a [`Scale`](super::Scale)
//! knows: enough to tell how near to the edge of a wide circle one may be.

use super::bounds::shorter_way_e7;
use super::earth::{E2, EQUATOR_M, RADIANS, sin_cos_deg};
use super::position::Position;
use super::scale::{LAT_DEG_MAX, SCALE_REACH_M};

/// The lengths of 1e-7 degree at a position.
pub(crate) struct Chart {
    position: Position,
    lat_m: f64,
    lon_m: f64,
    /// By how much less that of longitude is 1e-7 degree farther north.
    narrowing_m: f64,
}

/// What distances within [`SCALE_REACH_M`] of the position are off by, at most, as a share.
const ERROR_SHARE: f64 = 1e-4;
/// 1e-7 degree.
const UNIT: f64 = 1e-7 * RADIANS;

impl Chart {
    /// A chart of what is near a position; nothing near a pole.
    #[inline]
    pub fn near(position: Position) -> Option<Self> {
        let lat_deg = position.lat_deg();
        if lat_deg.abs() > LAT_DEG_MAX {
            return None;
        }
        let (sin, cos) = sin_cos_deg(lat_deg);
        // The first terms of the series of the radii of curvature.
        let w = E2 * sin * sin;
        let meridian_m = EQUATOR_M * (1.0 - E2) * (1.0 + w * (1.5 + w * 1.875));
        let normal_m = EQUATOR_M * (1.0 + w * (0.5 + w * 0.375));
        let narrowing_m = normal_m * sin * (UNIT * UNIT);
        Some(Self { position, lat_m: meridian_m * UNIT, lon_m: normal_m * cos * UNIT, narrowing_m })
    }

    /// No more than the distance of two positions, of which one is within the reach of the chart;
    /// and no more than [`SCALE_REACH_M`].
    #[inline]
    pub fn least_m(&self, a: Position, b: Position) -> f64 {
        let [south, north] =
            [a, b].map(|p| f64::from(p.lat_e7()) - f64::from(self.position.lat_e7()));
        let lat_m = (north - south) * self.lat_m;
        // In the middle between both.
        let lon_m = self.lon_m - 0.5 * (south + north) * self.narrowing_m;
        let lon_m = shorter_way_e7(a, b) as f64 * lon_m;
        ((lat_m * lat_m + lon_m * lon_m).sqrt() * (1.0 - ERROR_SHARE)).min(SCALE_REACH_M)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geographiclib_rs::{Geodesic, InverseGeodesic};

    fn karney_m(a: Position, b: Position) -> f64 {
        Geodesic::wgs84().inverse(a.lat_deg(), a.lon_deg(), b.lat_deg(), b.lon_deg())
    }

    /// So many metres north and east of a position, more or less.
    fn beside(p: Position, [north_m, east_m]: [f64; 2]) -> Position {
        let lon = p.lon_deg() + east_m / 111_319.5 / libm::cos(p.lat_deg() * RADIANS);
        let lon = lon - 360.0 * (lon / 360.0).round();
        Position::from_degrees(p.lat_deg() + north_m / 111_319.5, lon).expect("a position")
    }

    /// Whether the chart of the first says no more than the distance of the others, and no less
    /// than it should.
    fn check(of: Position, a: Position, b: Position) {
        let (least_m, m) = (Chart::near(of).expect("no pole").least_m(a, b), karney_m(a, b));
        assert!(least_m <= m, "{of} {a} {b}: {least_m} {m}");
        let close_m = (m * (1.0 - 2.0 * ERROR_SHARE)).min(SCALE_REACH_M);
        assert!(least_m >= close_m, "{of} {a} {b}: {least_m} {m}");
    }

    // J-TIME-3
    #[test]
    fn a_chart_is_right_to_a_ten_thousandth_and_never_says_too_much() {
        let lats = [-80.0, -60.0, -0.03, 0.0, 42.9, 79.99];
        for (lat, lon) in lats.iter().flat_map(|lat| [-180.0, 7.0, 179.99].map(|lon| (*lat, lon))) {
            let of = Position::from_degrees(lat, lon).expect("a position");
            for k in 0..24 {
                let (sin, cos) = libm::sincos(f64::from(k) * 0.27);
                for (step_m, far_m) in [(0.0, 20.0), (30.0, 990.0), (4_900.0, 9_900.0)] {
                    let a = beside(of, [step_m * sin, step_m * cos]);
                    check(of, a, beside(of, [far_m * cos, -far_m * sin]));
                }
            }
        }
        let pole = Position::from_degrees(80.1, 7.0).expect("a position");
        assert!(Chart::near(pole).is_none());
    }

    // J-TIME-3
    #[test]
    fn on_a_chart_nothing_far_away_seems_near() {
        for lat in [-80.0, 0.0, 42.9, 80.0] {
            let of = Position::from_degrees(lat, 7.0).expect("a position");
            let chart = Chart::near(of).expect("no pole");
            for (lat, lon) in (-18..=18).flat_map(|lat| (-36..=36).map(move |lon| (lat, lon))) {
                let far = Position::from_degrees(f64::from(lat) * 5.0, f64::from(lon) * 5.0);
                let far = far.expect("a position");
                let least_m = karney_m(of, far).min(SCALE_REACH_M);
                assert!(chart.least_m(of, far) <= least_m, "{of} {far}");
            }
        }
    }
}
