//! How rings that do not cross lie to each other: within, apart, or touching.
//!
//! Where two rings touch without crossing, one of them has a vertex, so contact points are
//! integers. Cut at those, every part of an edge is wholly inside, outside or on the other
//! ring, and its middle, an integer after doubling, tells which.

use super::admission::Part;
use super::error::ShapeError;
use super::exact::{Point, Side, box_of, side_of_ring};
use super::position::Position;

/// A point where an edge of a ring touches another ring.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Contact {
    pub(crate) ring: usize,
    pub(crate) other: usize,
    pub(crate) edge: usize,
    pub(crate) at: Point,
}

impl Point {
    /// Back to a position; points come from positions, so they fit.
    pub(crate) fn position(self) -> Position {
        Position::from_e7(self.y as i32, self.x as i32).unwrap_or_default()
    }
}

/// On which sides of another ring the points of a ring are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Sides {
    inside: bool,
    outside: bool,
}

impl Sides {
    fn note(&mut self, side: Side) {
        self.inside |= side == Side::Inside;
        self.outside |= side == Side::Outside;
    }
}

struct Relations<'a> {
    rings: &'a [Vec<Point>],
    boxes: Vec<[Point; 2]>,
    contacts: Vec<Contact>,
}

/// Checks holes against outer rings, holes against holes, and polygons against polygons.
pub(crate) fn check_relations(
    rings: &[Vec<Point>],
    parts: &[Part],
    mut contacts: Vec<Contact>,
) -> Result<(), ShapeError> {
    contacts.sort_unstable();
    contacts.dedup();
    let boxes = rings.iter().map(|ring| box_of(ring)).collect();
    let relations = Relations { rings, boxes, contacts };
    for part in parts {
        relations.check_holes(part)?;
    }
    for (i, a) in parts.iter().enumerate() {
        for b in &parts[i + 1..] {
            if relations.overlap(a, b) {
                return Err(ShapeError::PartsOverlap { at: relations.at(b.start) });
            }
        }
    }
    Ok(())
}

impl Relations<'_> {
    fn check_holes(&self, part: &Part) -> Result<(), ShapeError> {
        let holes = part.start + 1..part.end;
        for hole in holes.clone() {
            let sides = self.sides(hole, part.start);
            if sides.outside || !sides.inside {
                return Err(ShapeError::HoleOutside { at: self.at(hole) });
            }
            for other in hole + 1..holes.end {
                if self.interiors_meet(hole, other) {
                    return Err(ShapeError::HolesOverlap { at: self.at(other) });
                }
            }
        }
        Ok(())
    }

    /// Whether two polygons overlap: their outer rings do, and neither is in the other's hole.
    fn overlap(&self, a: &Part, b: &Part) -> bool {
        self.interiors_meet(a.start, b.start)
            && !self.in_hole(a.start, b)
            && !self.in_hole(b.start, a)
    }

    fn in_hole(&self, ring: usize, part: &Part) -> bool {
        (part.start + 1..part.end).any(|hole| {
            let [low, high] = self.boxes[hole];
            let [ring_low, ring_high] = self.boxes[ring];
            low.x <= ring_low.x
                && low.y <= ring_low.y
                && ring_high.x <= high.x
                && ring_high.y <= high.y
                && !self.sides(ring, hole).outside
        })
    }

    /// Whether the insides of two rings have a point in common.
    fn interiors_meet(&self, a: usize, b: usize) -> bool {
        let ([a_low, a_high], [b_low, b_high]) = (self.boxes[a], self.boxes[b]);
        if a_high.x <= b_low.x || b_high.x <= a_low.x || a_high.y <= b_low.y || b_high.y <= a_low.y
        {
            return false;
        }
        let a_sides = self.sides(a, b);
        // A ring that is on another one everywhere is the same ring.
        let same = a_sides == Sides::default();
        same || a_sides.inside || self.sides(b, a).inside
    }

    /// On which sides of the ring `other` the points of `ring` are.
    fn sides(&self, ring: usize, other: usize) -> Sides {
        let points = &self.rings[ring];
        let against = &self.rings[other];
        let mut sides = Sides::default();
        let key = |c: &Contact| (c.ring, c.other);
        let start = self.contacts.partition_point(|c| key(c) < (ring, other));
        let end = self.contacts.partition_point(|c| key(c) <= (ring, other));
        if start == end {
            if let Some(p) = points.first() {
                sides.note(side_of_ring(against, p.doubled()));
            }
            return sides;
        }
        for on_edge in self.contacts[start..end].chunk_by(|c, d| c.edge == d.edge) {
            let edge = on_edge[0].edge;
            let (Some(a), Some(b)) = (points.get(edge), points.get(edge + 1)) else {
                continue;
            };
            let mut cuts: Vec<Point> = on_edge.iter().map(|c| c.at).collect();
            cuts.extend([*a, *b]);
            // The order of points on a segment is the order of their coordinates.
            cuts.sort_unstable();
            cuts.dedup();
            for pair in cuts.windows(2) {
                let twice = Point { x: pair[0].x + pair[1].x, y: pair[0].y + pair[1].y };
                sides.note(side_of_ring(against, twice));
            }
        }
        sides
    }

    fn at(&self, ring: usize) -> Position {
        self.rings[ring].first().map_or_else(Position::default, |p| p.position())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::admission::admit;

    /// A square ring with a notch from the north, whose tip is at (5, 5); by x and y.
    const NOTCHED: [(i64, i64); 5] = [(0, 0), (10, 0), (10, 10), (5, 5), (0, 10)];

    fn ring(corners: &[(i64, i64)]) -> Vec<Position> {
        let corners = corners.iter().chain(corners.first());
        corners.map(|(x, y)| at(*x, *y)).collect()
    }

    fn at(x: i64, y: i64) -> Position {
        Point { x, y }.position()
    }

    fn square(x: i64, y: i64, size: i64) -> Vec<Position> {
        let (east, north) = (x + size, y + size);
        ring(&[(x, y), (east, y), (east, north), (x, north)])
    }

    fn check(polygons: &[&[Vec<Position>]], expected: Option<ShapeError>) {
        assert_eq!(admit(polygons).err(), expected, "{polygons:?}");
    }

    // J-REFUSE-1
    #[test]
    fn a_hole_may_touch_its_outer_ring_but_not_leave_it() {
        // From whichever corner, and in whichever direction, the hole is written.
        let check_hole = |mut corners: Vec<(i64, i64)>, leaves: bool| {
            for _ in 0..2 {
                corners.reverse();
                for _ in 0..corners.len() {
                    corners.rotate_left(1);
                    let (x, y) = corners[0];
                    let expected = leaves.then(|| ShapeError::HoleOutside { at: at(x, y) });
                    check(&[&[ring(&NOTCHED), ring(&corners)]], expected);
                }
            }
        };
        check_hole(vec![(5, 5), (4, 3), (6, 3)], false);
        check_hole(vec![(0, 4), (2, 3), (2, 5)], false);
        check_hole(vec![(10, 4), (8, 3), (8, 5)], false);
        // Out at the tip of the notch and back over one of its edges.
        check_hole(vec![(5, 5), (5, 7), (6, 6), (6, 4), (4, 4)], true);
    }

    // J-REFUSE-1
    #[test]
    fn parts_may_share_edges_and_corners_but_nothing_inside() {
        let notched = [ring(&NOTCHED)];
        let tooth = ring(&[(5, 5), (10, 10), (0, 10)]);
        check(&[&notched, &[tooth]], None);
        check(&[&notched, &[ring(&[(4, 9), (6, 9), (5, 5)])]], None);
        // The same ring from another corner on, with a corner more, the other way round.
        let same = ring(&[(0, 10), (5, 5), (10, 10), (10, 0), (4, 0), (0, 0)]);
        let overlap = |x, y| Some(ShapeError::PartsOverlap { at: at(x, y) });
        check(&[&notched, &[same]], overlap(0, 10));
        check(&[&notched, &[square(1, 1, 3)]], overlap(1, 1));
    }

    // J-REFUSE-1
    #[test]
    fn rings_that_cross_are_refused_for_what_they_are() {
        let outer = square(0, 0, 10);
        let hole = square(2, 2, 4);
        let crossing = |(x, y): (i64, i64), size: i64| {
            let holes = [outer.clone(), hole.clone(), square(x, y, size)];
            admit(&[&holes]).err()
        };
        for corner in [(7, 7), (-1, 7), (7, -1)] {
            let refused = crossing(corner, 4);
            assert!(matches!(refused, Some(ShapeError::HoleOutside { .. })), "{corner:?}");
        }
        for corner in [(1, 1), (5, 5), (1, 5), (5, 1)] {
            let refused = crossing(corner, 2);
            assert!(matches!(refused, Some(ShapeError::HolesOverlap { .. })), "{corner:?}");
        }
        assert_eq!(crossing((7, 7), 2), None);
    }

    // J-REFUSE-1
    #[test]
    fn a_part_beside_a_hole_is_not_in_it() {
        let holed = [square(0, 0, 10), square(4, 4, 2)];
        for (x, y) in [(1, 1), (7, 1), (1, 7), (7, 7), (4, 1), (1, 4), (4, 7), (7, 4)] {
            let overlap = Some(ShapeError::PartsOverlap { at: at(x, y) });
            check(&[&holed, &[square(x, y, 2)]], overlap);
        }
        // In the corner of a hole like an L, where the polygon is.
        let bent = ring(&[(2, 2), (8, 2), (8, 4), (4, 4), (4, 8), (2, 8)]);
        let overlap = Some(ShapeError::PartsOverlap { at: at(5, 5) });
        check(&[&[square(0, 0, 10), bent], &[square(5, 5, 2)]], overlap);
        check(&[&holed, &[square(4, 4, 2)]], None);
        check(&[&holed, &[square(4, 4, 1)]], None);
    }
}
