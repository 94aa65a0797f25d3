//! Boxes of longitude and latitude, split at the antimeridian.

use super::earth::{EQUATOR_M, FLATTENING, POLAR_M, RADIANS};
use super::position::{LAT_E7_MAX, LON_E7_MAX, Position, TURN_E7};

/// A box in 1e-7 degree, edges included, that does not span the antimeridian.
///
/// Plain data, therefore open: any four numbers are a box, an empty one if a minimum exceeds
/// its maximum.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bounds {
    /// The least latitude.
    pub min_lat_e7: i32,
    /// The least longitude.
    pub min_lon_e7: i32,
    /// The greatest latitude.
    pub max_lat_e7: i32,
    /// The greatest longitude.
    pub max_lon_e7: i32,
}

impl Bounds {
    /// Boxes that hold every point within `radius_m` of a position.
    ///
    /// A radius that is not a number counts as infinite, a negative one as zero.
    #[must_use]
    pub fn around(p: Position, radius_m: f64) -> BoundsPair {
        let lat_e7 = i64::from(p.lat_e7());
        let lon_e7 = i64::from(p.lon_e7());
        widened([lat_e7, lat_e7], [lon_e7, lon_e7], radius_m)
    }

    /// Boxes that hold the segment between two positions, the shorter way round.
    #[must_use]
    pub fn of_segment(a: Position, b: Position) -> BoundsPair {
        let from = i64::from(a.lon_e7());
        let to = from + shorter_way_e7(a, b);
        let (lat_a, lat_b) = (i64::from(a.lat_e7()), i64::from(b.lat_e7()));
        split([lat_a.min(lat_b), lat_a.max(lat_b)], [from.min(to), from.max(to)])
    }

    /// Whether two boxes have a point in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.min_lat_e7 <= other.max_lat_e7
            && other.min_lat_e7 <= self.max_lat_e7
            && self.min_lon_e7 <= other.max_lon_e7
            && other.min_lon_e7 <= self.max_lon_e7
    }

    /// Whether a position is in the box; the longitudes 180 and -180 are the same.
    #[must_use]
    pub fn contains(&self, p: Position) -> bool {
        let holds = |lon_e7| self.min_lon_e7 <= lon_e7 && lon_e7 <= self.max_lon_e7;
        let lon_e7 = p.lon_e7();
        self.min_lat_e7 <= p.lat_e7()
            && p.lat_e7() <= self.max_lat_e7
            && (holds(lon_e7) || (lon_e7.abs() == LON_E7_MAX && holds(-lon_e7)))
    }
}

/// One box, or two on both sides of the antimeridian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BoundsPair {
    boxes: [Bounds; 2],
    both: bool,
}

impl BoundsPair {
    pub(crate) const fn one(bounds: Bounds) -> Self {
        Self { boxes: [bounds, bounds], both: false }
    }

    pub(crate) const fn two(first: Bounds, second: Bounds) -> Self {
        Self { boxes: [first, second], both: true }
    }

    /// The boxes, one or two.
    #[must_use]
    pub fn as_slice(&self) -> &[Bounds] {
        if self.both { &self.boxes } else { &self.boxes[..1] }
    }
}

/// The difference of longitude from `a` to `b` the shorter way round, in 1e-7 degree.
pub(crate) fn shorter_way_e7(a: Position, b: Position) -> i64 {
    let direct = i64::from(b.lon_e7()) - i64::from(a.lon_e7());
    if direct > TURN_E7 / 2 {
        direct - TURN_E7
    } else if direct < -TURN_E7 / 2 {
        direct + TURN_E7
    } else {
        direct
    }
}

/// Boxes that hold every point within `radius_m` of a box whose longitudes may exceed ±180.
///
/// No arc of the meridian is shorter than the radius of curvature at the equator makes it, and
/// in reduced latitude no path is shorter than on a sphere of the polar radius; so neither
/// bound can be exceeded.
pub(crate) fn widened(lat_e7: [i64; 2], lon_e7: [i64; 2], radius_m: f64) -> BoundsPair {
    let radius_m = if radius_m.is_nan() { 4e7 } else { radius_m.clamp(0.0, 4e7) };
    let meridian_m_min = POLAR_M * POLAR_M / EQUATOR_M;
    let lat_margin = to_e7(radius_m / meridian_m_min);
    let lats = [lat_e7[0] - lat_margin, lat_e7[1] + lat_margin];
    let angle = radius_m / POLAR_M;
    let pole = i64::from(LAT_E7_MAX);
    let farthest = lat_e7[0].abs().max(lat_e7[1].abs()).min(pole) as f64 / 1e7 * RADIANS;
    let cos_lat = libm::cos(farthest);
    let s = (1.0 - FLATTENING) * libm::sin(farthest);
    let cos_reduced = cos_lat / (s * s + cos_lat * cos_lat).sqrt();
    let ratio = libm::sin(angle) / cos_reduced;
    let reaches_pole = lats[0] <= -pole || lats[1] >= pole;
    // The ratio is 0 / 0 at the pole.
    let whole = reaches_pole || angle > 1.5 || ratio.is_nan() || ratio >= 1.0;
    let lon_margin = if whole { TURN_E7 } else { to_e7(libm::asin(ratio)) };
    split(lats, [lon_e7[0] - lon_margin, lon_e7[1] + lon_margin])
}

/// Radians to 1e-7 degree, rounded up with some to spare.
fn to_e7(angle: f64) -> i64 {
    (angle / RADIANS * 1e7 * (1.0 + 1e-9)) as i64 + 2
}

/// Boxes of a range of longitudes that may exceed ±180 and of latitudes that may exceed ±90.
///
/// A range that touches the antimeridian gets a box on either side, since both 180 and -180
/// denote it.
fn split(lat_e7: [i64; 2], lon_e7: [i64; 2]) -> BoundsPair {
    let pole = i64::from(LAT_E7_MAX);
    let half = i64::from(LON_E7_MAX);
    let min_lat_e7 = lat_e7[0].clamp(-pole, pole) as i32;
    let max_lat_e7 = lat_e7[1].clamp(-pole, pole) as i32;
    let make = |low: i64, high: i64| Bounds {
        min_lat_e7,
        min_lon_e7: low.clamp(-half, half) as i32,
        max_lat_e7,
        max_lon_e7: high.clamp(-half, half) as i32,
    };
    if lon_e7[1] - lon_e7[0] >= TURN_E7 {
        return BoundsPair::one(make(-half, half));
    }
    let shift = (lon_e7[0] + half).div_euclid(TURN_E7) * TURN_E7;
    let (low, high) = (lon_e7[0] - shift, lon_e7[1] - shift);
    if high >= half {
        BoundsPair::two(make(low, half), make(-half, high - TURN_E7))
    } else if low == -half {
        BoundsPair::two(make(low, high), make(half, half))
    } else {
        BoundsPair::one(make(low, high))
    }
}
