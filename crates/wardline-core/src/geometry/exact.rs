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
}

/// Where a point lies with regard to rings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Outside,
    Edge,
    Inside,
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

/// Where the point `twice` / 2 lies with regard to a closed ring.
pub(crate) fn side_of_ring(ring: &[Point], twice: Point) -> Side {
    let mut inside = false;
    for edge in ring.windows(2) {
        let [a, b] = [edge[0], edge[1]].map(|p| Point { x: 2 * p.x, y: 2 * p.y });
        if (a.y > twice.y && b.y > twice.y) || (a.y < twice.y && b.y < twice.y) {
            continue;
        }
        let left = i128::from(b.x - a.x) * i128::from(twice.y - a.y);
        let right = i128::from(b.y - a.y) * i128::from(twice.x - a.x);
        if left == right && within(a, b, twice) {
            return Side::Edge;
        }
        let upward = b.y > a.y;
        if (a.y > twice.y) != (b.y > twice.y) && (left > right) == upward {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}
