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

    /// The box that has two positions as corners.
    pub(crate) fn of_both(a: Position, b: Position) -> Self {
        Self {
            min_lat_e7: a.lat_e7().min(b.lat_e7()),
            min_lon_e7: a.lon_e7().min(b.lon_e7()),
            max_lat_e7: a.lat_e7().max(b.lat_e7()),
            max_lon_e7: a.lon_e7().max(b.lon_e7()),
        }
    }

    /// The box that holds this one and another.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        Self {
            min_lat_e7: self.min_lat_e7.min(other.min_lat_e7),
            min_lon_e7: self.min_lon_e7.min(other.min_lon_e7),
            max_lat_e7: self.max_lat_e7.max(other.max_lat_e7),
            max_lon_e7: self.max_lon_e7.max(other.max_lon_e7),
        }
    }

    /// Boxes that hold the segment between two positions, the shorter way round.
    #[must_use]
    pub fn of_segment(a: Position, b: Position) -> BoundsPair {
        let from = i64::from(a.lon_e7());
        let to = from + shorter_way_e7(a, b);
        let (lat_a, lat_b) = (i64::from(a.lat_e7()), i64::from(b.lat_e7()));
        split([lat_a.min(lat_b), lat_a.max(lat_b)], [from.min(to), from.max(to)])
    }

    /// Boxes of a range of latitudes, which may exceed ±90, and one of longitudes, which may
    /// exceed ±180.
    pub(crate) fn split(lat_e7: [i64; 2], lon_e7: [i64; 2]) -> BoundsPair {
        split(lat_e7, lon_e7)
    }

    /// The box with so much more on each side, unless it then reaches the antimeridian.
    pub(crate) fn widened(&self, margin_e7: i32) -> Option<Self> {
        let wider = Self {
            min_lat_e7: self.min_lat_e7.saturating_sub(margin_e7),
            min_lon_e7: self.min_lon_e7.saturating_sub(margin_e7),
            max_lat_e7: self.max_lat_e7.saturating_add(margin_e7),
            max_lon_e7: self.max_lon_e7.saturating_add(margin_e7),
        };
        (wider.min_lon_e7 > -LON_E7_MAX && wider.max_lon_e7 < LON_E7_MAX).then_some(wider)
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
    let pole = i64::from(LAT_E7_MAX);
    if lats[0] <= -pole || lats[1] >= pole {
        return split(lats, [0, TURN_E7]);
    }
    // The first bound is the wider one: where it does not reach a pole, neither does the second,
    // and the sine is less than the cosine.
    let farthest = lat_e7[0].abs().max(lat_e7[1].abs()) as f64 / 1e7 * RADIANS;
    let cos_lat = libm::cos(farthest);
    let s = (1.0 - FLATTENING) * libm::sin(farthest);
    let cos_reduced = cos_lat / (s * s + cos_lat * cos_lat).sqrt();
    let lon_margin = to_e7(libm::asin(libm::sin(radius_m / POLAR_M) / cos_reduced));
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

#[cfg(test)]
mod tests {
    use super::super::earth::Place;
    use super::super::path::Path;
    use super::*;

    fn at(lat: f64, lon: f64) -> Position {
        Position::from_degrees(lat, lon).expect("a position")
    }

    /// A box by its south, west, north and east, in degrees.
    fn boxed(sides: [i32; 4]) -> Bounds {
        let [min_lat_e7, min_lon_e7, max_lat_e7, max_lon_e7] = sides.map(|deg| deg * 10_000_000);
        Bounds { min_lat_e7, min_lon_e7, max_lat_e7, max_lon_e7 }
    }

    #[test]
    fn a_box_is_wider_on_each_side_but_not_up_to_the_antimeridian() {
        let of = |west: i32, east: i32| Bounds {
            min_lat_e7: -3,
            min_lon_e7: west,
            max_lat_e7: 7,
            max_lon_e7: east,
        };
        let wider = Bounds { min_lat_e7: -5, min_lon_e7: 9, max_lat_e7: 9, max_lon_e7: 22 };
        assert_eq!(of(11, 20).widened(2), Some(wider));
        let half = LON_E7_MAX;
        assert!(of(3 - half, half - 3).widened(2).is_some());
        assert_eq!(of(2 - half, 0).widened(2), None);
        assert_eq!(of(0, half - 2).widened(2), None);
    }

    #[test]
    fn boxes_intersect_if_they_have_a_point_in_common() {
        let check = |other: [i32; 4], expected: bool| {
            let (a, b) = (boxed([10, 20, 30, 40]), boxed(other));
            assert_eq!(a.intersects(&b), expected, "{other:?}");
            assert_eq!(b.intersects(&a), expected, "{other:?}");
        };
        check([15, 25, 16, 26], true);
        check([0, 0, 90, 90], true);
        // They touch in the south, the west, and a corner.
        check([0, 25, 10, 30], true);
        check([15, 0, 20, 20], true);
        check([30, 40, 50, 50], true);
        // To the south, the north, the west and the east.
        check([0, 25, 9, 30], false);
        check([31, 25, 40, 30], false);
        check([15, 0, 20, 19], false);
        check([15, 41, 20, 50], false);
    }

    // J-GEO-3
    #[test]
    fn a_box_that_ends_at_the_antimeridian_holds_it_under_both_names() {
        let check = |sides: [i32; 4], p: Position, expected: bool| {
            assert_eq!(boxed(sides).contains(p), expected, "{sides:?} {p}");
        };
        for lon in [180.0, -180.0] {
            check([0, 170, 10, 180], at(5.0, lon), true);
            check([0, -180, 10, -170], at(5.0, lon), true);
            check([0, 170, 10, 180], at(11.0, lon), false);
            check([0, -179, 10, 179], at(5.0, lon), false);
        }
        check([0, 170, 10, 180], at(5.0, 175.0), true);
        check([0, 170, 10, 180], at(5.0, -175.0), false);
    }

    // J-GEO-3
    #[test]
    fn the_shorter_way_round_crosses_the_antimeridian_if_need_be() {
        let check = |from: f64, to: f64, expected_deg: i64| {
            let way = shorter_way_e7(at(0.0, from), at(0.0, to));
            assert_eq!(way, expected_deg * 10_000_000, "{from} {to}");
        };
        check(10.0, 30.0, 20);
        check(179.0, -179.0, 2);
        check(-179.0, 179.0, -2);
        check(-180.0, 180.0, 0);
        // Of two ways of the same length it is the one that does not.
        check(-90.0, 90.0, 180);
        check(90.0, -90.0, -180);
    }

    // J-GEO-3
    #[test]
    fn longitudes_beyond_the_antimeridian_are_split_there() {
        let check = |lats: [i64; 2], lons: [i64; 2], expected: &[[i32; 4]]| {
            let [lats, lons] = [lats, lons].map(|range| range.map(|deg| deg * 10_000_000));
            let expected: Vec<Bounds> = expected.iter().map(|sides| boxed(*sides)).collect();
            assert_eq!(split(lats, lons).as_slice(), expected, "{lats:?} {lons:?}");
        };
        check([1, 2], [-179, 179], &[[1, -179, 2, 179]]);
        check([1, 2], [370, 380], &[[1, 10, 2, 20]]);
        let both = [[1, 170, 2, 180], [1, -180, 2, -160]];
        check([1, 2], [170, 200], &both);
        check([1, 2], [-190, -160], &both);
        check([1, 2], [-10, 349], &[[1, -10, 2, 180], [1, -180, 2, -11]]);
        // One that ends there has a box without width on the other side.
        check([1, 2], [170, 180], &[[1, 170, 2, 180], [1, -180, 2, -180]]);
        check([1, 2], [-180, -170], &[[1, -180, 2, -170], [1, 180, 2, 180]]);
        // All the way round, and beyond the poles.
        check([-99, 99], [-10, 350], &[[-90, -180, 90, 180]]);
        check([1, 2], [-999, 999], &[[1, -180, 2, 180]]);
    }

    // J-GEO-3
    #[test]
    fn a_box_is_no_nearer_than_the_radius_and_hardly_farther() {
        let check = |lats: [i64; 2], radius_m: f64| {
            let bounds = widened(lats.map(|deg| deg * 10_000_000), [0, 0], radius_m);
            let [b] = bounds.as_slice() else {
                panic!("{lats:?} {radius_m}: {bounds:?}");
            };
            let [south, west] = [b.min_lat_e7, b.min_lon_e7].map(|e7| f64::from(e7) / 1e7);
            let [north, east] = [b.max_lat_e7, b.max_lon_e7].map(|e7| f64::from(e7) / 1e7);
            let [low, high] = lats.map(|deg| deg as f64);
            let farthest = if -low > high { low } else { high };
            let sides = [
                (low, 1.011, [[south, west], [south, east]]),
                (high, 1.011, [[north, west], [north, east]]),
                (farthest, 1.005, [[south, west], [north, west]]),
                (farthest, 1.005, [[south, east], [north, east]]),
            ];
            for (lat, most, side) in sides {
                let d = Path::new(&[side.to_vec()]).distance_m(&Place::new(lat, 0.0), 0.0);
                let expected = radius_m - 1e-3..radius_m * most + 0.03;
                assert!(expected.contains(&d), "{lats:?} {radius_m} {side:?}: {d}");
            }
        };
        for lats in [[0, 0], [45, 45], [-60, 10], [-10, 60], [80, 80], [-89, -89]] {
            for radius_m in [0.0, 10.0, 1_000.0, 100_000.0] {
                check(lats, radius_m);
            }
        }
    }

    // J-GEO-3
    #[test]
    fn a_circle_that_reaches_a_pole_has_all_longitudes() {
        let check = |p: Position, radius_m: f64, lats: [f64; 2], whole: bool| {
            let bounds = Bounds::around(p, radius_m);
            let b = bounds.as_slice()[0];
            let south = f64::from(b.min_lat_e7) / 1e7;
            let north = f64::from(b.max_lat_e7) / 1e7;
            assert!((south - lats[0]).abs() < 0.01, "{p} {radius_m} {b:?}");
            assert!((north - lats[1]).abs() < 0.01, "{p} {radius_m} {b:?}");
            let all = b.min_lon_e7 == -LON_E7_MAX && b.max_lon_e7 == LON_E7_MAX;
            assert_eq!(all, whole, "{p} {radius_m} {b:?}");
        };
        check(at(90.0, 9.0), 0.0, [90.0, 90.0], true);
        check(at(89.9, 9.0), 12_000.0, [89.79, 90.0], true);
        check(at(89.9, 9.0), 10_000.0, [89.81, 89.99], false);
        check(at(-89.9, 9.0), 12_000.0, [-90.0, -89.79], true);
        check(at(-89.9, 9.0), 10_000.0, [-89.99, -89.81], false);
        check(at(0.0, 0.0), f64::NAN, [-90.0, 90.0], true);
        check(at(0.0, 0.0), f64::INFINITY, [-90.0, 90.0], true);
        check(at(20.0, 0.0), -1.0, [20.0, 20.0], false);
    }
}
