//! How rings that do not cross lie to each other: within, apart, or touching.
//!
//! Where two rings touch without crossing, one of them has a vertex, so contact points are
//! integers. Cut at those, every part of an edge is wholly inside, outside or on the other
//! ring, and its middle, an integer after doubling, tells which.

use super::admission::Part;
use super::error::ShapeError;
use super::exact::{Point, Side, side_of_ring};
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
        let (a_sides, b_sides) = (self.sides(a, b), self.sides(b, a));
        let same = a_sides == Sides::default() && b_sides == Sides::default();
        a_sides.inside || b_sides.inside || same
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
                sides.note(side_of_ring(against, Point { x: 2 * p.x, y: 2 * p.y }));
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

fn box_of(ring: &[Point]) -> [Point; 2] {
    let origin = Point { x: 0, y: 0 };
    let first = ring.first().copied().unwrap_or(origin);
    ring.iter().fold([first, first], |[low, high], p| {
        [
            Point { x: low.x.min(p.x), y: low.y.min(p.y) },
            Point { x: high.x.max(p.x), y: high.y.max(p.y) },
        ]
    })
}
