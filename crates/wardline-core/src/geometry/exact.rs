//! Exact predicates on integer coordinates.
//!
//! A cross product is compared as two products: with differences of at most 3.6e9 by 1.8e9
//! each fits an `i64`, and their difference, which might not, is never formed.

use std::cmp::Ordering;

use super::position::Position;

/// A point of the plane of longitude and latitude, in 1e-7 degree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Point {
    /// Longitude.
    pub(crate) x: i64,
    /// Latitude.
    pub(crate) y: i64,
}

impl Point {
    pub(crate) fn of(p: Position) -> Self {
        Self { x: i64::from(p.lon_e7()), y: i64::from(p.lat_e7()) }
    }

    /// As `[latitude, longitude]` in degrees.
    pub(crate) fn in_degrees(self) -> [f64; 2] {
        [self.y as f64 / 1e7, self.x as f64 / 1e7]
    }

    pub(crate) fn doubled(self) -> Self {
        Self { x: 2 * self.x, y: 2 * self.y }
    }
}

/// Where a point lies with regard to rings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Outside,
    Edge,
    Inside,
}

/// Points as `[latitude, longitude]` in degrees.
pub(crate) fn in_degrees(points: &[Point]) -> Vec<[f64; 2]> {
    points.iter().copied().map(Point::in_degrees).collect()
}

/// The corners of the box around points; of no points, the origin.
pub(crate) fn box_of(points: &[Point]) -> [Point; 2] {
    let origin = Point { x: 0, y: 0 };
    let first = points.first().copied().unwrap_or(origin);
    points.iter().fold([first, first], |[low, high], p| {
        [
            Point { x: low.x.min(p.x), y: low.y.min(p.y) },
            Point { x: high.x.max(p.x), y: high.y.max(p.y) },
        ]
    })
}

/// On which side of a→b the point c lies: `Greater` is left, `Equal` on the line.
#[inline]
pub(crate) fn turn(a: Point, b: Point, c: Point) -> Ordering {
    ((b.x - a.x) * (c.y - a.y)).cmp(&((b.y - a.y) * (c.x - a.x)))
}

/// Whether c, known to be on the line a–b, is between a and b, ends included.
#[inline]
pub(crate) fn within(a: Point, b: Point, c: Point) -> bool {
    c.x >= a.x.min(b.x) && c.x <= a.x.max(b.x) && c.y >= a.y.min(b.y) && c.y <= a.y.max(b.y)
}

/// Whether c is on the segment a–b.
pub(crate) fn on_segment(a: Point, b: Point, c: Point) -> bool {
    within(a, b, c) && turn(a, b, c) == Ordering::Equal
}

/// Whether the boxes of two segments have a point in common.
#[inline]
pub(crate) fn boxes_meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    a.x.min(b.x) <= c.x.max(d.x)
        && c.x.min(d.x) <= a.x.max(b.x)
        && a.y.min(b.y) <= c.y.max(d.y)
        && c.y.min(d.y) <= a.y.max(b.y)
}

/// Whether two segments have a point in common.
pub(crate) fn segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    if !boxes_meet(a, b, c, d) {
        return false;
    }
    let (c_side, d_side) = (turn(a, b, c), turn(a, b, d));
    if c_side == d_side && c_side != Ordering::Equal {
        return false;
    }
    let (a_side, b_side) = (turn(c, d, a), turn(c, d, b));
    !(a_side == b_side && a_side != Ordering::Equal)
}

/// Whether two segments cross at a point that is an end of neither.
pub(crate) fn segments_cross(a: Point, b: Point, c: Point, d: Point) -> bool {
    if !boxes_meet(a, b, c, d) {
        return false;
    }
    let (c_side, d_side) = (turn(a, b, c), turn(a, b, d));
    let (a_side, b_side) = (turn(c, d, a), turn(c, d, b));
    c_side == d_side.reverse()
        && a_side == b_side.reverse()
        && c_side != Ordering::Equal
        && a_side != Ordering::Equal
}

/// Whether the ray east of p crosses the edge a–b; `None` if p is on it.
///
/// `turn` is [`turn`] itself, or the same for larger numbers.
#[inline]
pub(crate) fn crosses(
    a: Point,
    b: Point,
    p: Point,
    turn: impl Fn(Point, Point, Point) -> Ordering,
) -> Option<bool> {
    let (a_above, b_above) = (a.y > p.y, b.y > p.y);
    if a_above && b_above {
        return Some(false);
    }
    let side = turn(a, b, p);
    if side == Ordering::Equal && within(a, b, p) {
        return None;
    }
    Some(a_above != b_above && (side == Ordering::Greater) == b_above)
}

/// Where the point `twice` / 2 lies with regard to a closed ring.
pub(crate) fn side_of_ring(ring: &[Point], twice: Point) -> Side {
    let mut inside = false;
    for edge in ring.windows(2) {
        match crosses(edge[0].doubled(), edge[1].doubled(), twice, wide_turn) {
            Some(crossed) => inside ^= crossed,
            None => return Side::Edge,
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// [`turn`] for doubled coordinates, whose products do not fit an `i64`.
fn wide_turn(a: Point, b: Point, c: Point) -> Ordering {
    let product = |x: i64, y: i64| i128::from(x) * i128::from(y);
    product(b.x - a.x, c.y - a.y).cmp(&product(b.y - a.y, c.x - a.x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point([x, y]: [i64; 2]) -> Point {
        Point { x, y }
    }

    /// Whatever the direction of the segments, and whichever comes first.
    fn check(first: [[i64; 2]; 2], second: [[i64; 2]; 2], meet: bool, cross: bool) {
        let ([a, b], [c, d]) = (first.map(point), second.map(point));
        for [a, b, c, d] in [[a, b, c, d], [b, a, c, d], [a, b, d, c], [b, a, d, c]] {
            for [a, b, c, d] in [[a, b, c, d], [c, d, a, b]] {
                assert_eq!(segments_meet(a, b, c, d), meet, "{first:?} {second:?}");
                assert_eq!(segments_cross(a, b, c, d), cross, "{first:?} {second:?}");
            }
        }
    }

    // J-GEO-1
    #[test]
    fn segments_with_a_common_point_meet_and_cross_if_it_is_an_end_of_neither() {
        check([[0, 0], [4, 4]], [[0, 4], [4, 0]], true, true);
        // One ends on the other, at an end of the other, or short of it.
        check([[0, 0], [4, 0]], [[2, 0], [2, 3]], true, false);
        check([[0, 0], [4, 0]], [[4, 0], [4, 3]], true, false);
        check([[0, 0], [4, 0]], [[2, 1], [2, 3]], false, false);
        check([[0, 0], [4, 4]], [[2, 1], [4, 0]], false, false);
        check([[0, 0], [4, 4]], [[0, 3], [2, 3]], false, false);
        // Side by side.
        check([[0, 0], [4, 4]], [[1, 0], [5, 4]], false, false);
    }

    // J-GEO-1
    #[test]
    fn segments_of_one_line_meet_if_they_overlap_or_touch() {
        for [x, y] in [[1, 0], [0, 1], [1, 1], [1, -2]] {
            let part = |from: i64, to: i64| [[x * from, y * from], [x * to, y * to]];
            check(part(0, 3), part(2, 5), true, false);
            check(part(0, 5), part(2, 3), true, false);
            check(part(0, 2), part(2, 5), true, false);
            check(part(0, 2), part(3, 5), false, false);
        }
    }

    // J-GEO-1
    #[test]
    fn the_ray_east_of_a_point_crosses_an_edge_with_one_end_above() {
        let check = |p: [i64; 2], expected: Option<bool>| {
            let (a, b) = (point([2, 0]), point([4, 4]));
            assert_eq!(crosses(a, b, point(p), turn), expected, "{p:?}");
            assert_eq!(crosses(b, a, point(p), turn), expected, "{p:?}");
        };
        // To the west, to the east and on it; beside the lower end and the upper one.
        check([2, 2], Some(true));
        check([4, 2], Some(false));
        check([3, 2], None);
        check([1, 0], Some(true));
        check([1, 4], Some(false));
        check([1, 5], Some(false));
        check([1, -1], Some(false));
    }

    // J-GEO-1
    #[test]
    fn a_point_is_on_a_segment_if_it_is_on_its_line_between_its_ends() {
        let check = |p: [i64; 2], expected: bool| {
            let (a, b) = (point([0, 0]), point([4, 2]));
            assert_eq!(on_segment(a, b, point(p)), expected, "{p:?}");
            assert_eq!(on_segment(b, a, point(p)), expected, "{p:?}");
        };
        check([0, 0], true);
        check([2, 1], true);
        check([4, 2], true);
        check([3, 1], false);
        check([-2, -1], false);
        check([6, 3], false);
    }
}
