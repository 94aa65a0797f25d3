//! Whether rings make a polygon: counts, closure, area, edges that meet.
//!
//! Edges are sorted by their least latitude and each is compared with those that start before
//! it ends. This is quadratic at worst, for edges that all span the same latitudes: 8 million
//! comparisons of boxes for 4,096 vertices.

use super::error::ShapeError;
use super::exact::{Point, box_of, on_segment, segments_cross, segments_meet};
use super::position::{LAT_E7_MAX, Position, TURN_E7};
use super::relation::{Contact, check_relations};
use super::shape::VERTEX_COUNT_MAX;

/// Rings that have been checked.
pub(crate) struct Admitted {
    pub(crate) rings: Vec<Vec<Point>>,
    pub(crate) outers: Vec<usize>,
}

/// One polygon: its rings, the first of them the outer one, by index.
pub(crate) type Part = std::ops::Range<usize>;

/// Checks polygons of rings.
pub(crate) fn admit(polygons: &[&[Vec<Position>]]) -> Result<Admitted, ShapeError> {
    if polygons.is_empty() || polygons.iter().any(|polygon| polygon.is_empty()) {
        return Err(ShapeError::Empty);
    }
    let given = || polygons.iter().flat_map(|polygon| polygon.iter());
    let vertex_count = given().map(|ring| ring.len().saturating_sub(1)).sum();
    if vertex_count > VERTEX_COUNT_MAX {
        return Err(ShapeError::TooManyVertices { count: vertex_count });
    }
    let rings = given().map(|ring| admit_ring(ring)).collect::<Result<Vec<_>, _>>()?;
    let mut parts: Vec<Part> = Vec::with_capacity(polygons.len());
    for polygon in polygons {
        let start = parts.last().map_or(0, |part| part.end);
        parts.push(start..start + polygon.len());
    }
    let owner = parts
        .iter()
        .enumerate()
        .flat_map(|(part, rings)| rings.clone().map(move |_| part))
        .collect::<Vec<_>>();
    let contacts = sweep(&rings, &parts, &owner)?;
    check_relations(&rings, &parts, contacts)?;
    let outers = parts.iter().map(|part| part.start).collect();
    Ok(Admitted { rings, outers })
}

fn admit_ring(ring: &[Position]) -> Result<Vec<Point>, ShapeError> {
    let (Some(first), Some(last)) = (ring.first(), ring.last()) else {
        return Err(ShapeError::RingTooShort { positions: 0 });
    };
    if first != last {
        return Err(ShapeError::UnclosedRing { first: *first, last: *last });
    }
    if ring.len() < 4 {
        return Err(ShapeError::RingTooShort { positions: ring.len() });
    }
    if let Some(at) = ring.iter().find(|p| p.lat_e7().abs() == LAT_E7_MAX) {
        return Err(ShapeError::ContainsPole { at: *at });
    }
    let mut points: Vec<Point> = ring.iter().map(|p| Point::of(*p)).collect();
    for (edge, ends) in points.windows(2).zip(ring.windows(2)) {
        if (edge[1].x - edge[0].x).abs() > TURN_E7 / 2 {
            return Err(ShapeError::EdgeTooLong { from: ends[0], to: ends[1] });
        }
    }
    points.dedup();
    let twice_area: i128 = points
        .windows(2)
        .map(|e| i128::from(e[0].x) * i128::from(e[1].y) - i128::from(e[1].x) * i128::from(e[0].y))
        .sum();
    if twice_area == 0 {
        return Err(ShapeError::ZeroArea { at: *first });
    }
    Ok(points)
}

/// An edge in the sweep, as its ring and its place in it.
#[derive(Clone, Copy)]
struct Edge {
    low: Point,
    high: Point,
    a: Point,
    b: Point,
    ring: usize,
    index: usize,
}

impl Edge {
    fn new(a: Point, b: Point, ring: usize, index: usize) -> Self {
        let [low, high] = box_of(&[a, b]);
        Self { low, high, a, b, ring, index }
    }
}

/// Finds all pairs of edges that meet: refuses the forbidden ones, returns where rings touch.
fn sweep(
    rings: &[Vec<Point>],
    parts: &[Part],
    owner: &[usize],
) -> Result<Vec<Contact>, ShapeError> {
    let mut edges = Vec::new();
    for (ring, points) in rings.iter().enumerate() {
        for (index, ends) in points.windows(2).enumerate() {
            edges.push(Edge::new(ends[0], ends[1], ring, index));
        }
    }
    edges.sort_by_key(|e| e.low.y);
    let mut contacts = Vec::new();
    for (i, e) in edges.iter().enumerate() {
        for f in edges[i + 1..].iter().take_while(|f| f.low.y <= e.high.y) {
            if e.high.x < f.low.x || f.high.x < e.low.x {
                continue;
            }
            if e.ring == f.ring {
                if meets_itself(e, f, rings[e.ring].len() - 1) {
                    return Err(ShapeError::SelfIntersecting { at: e.a.position() });
                }
            } else if segments_cross(e.a, e.b, f.a, f.b) {
                return Err(crossing(e, f, parts, owner));
            } else {
                touch(e, f, &mut contacts);
            }
        }
    }
    Ok(contacts)
}

/// Whether edges of one ring meet that are no neighbours.
///
/// Neighbours share a vertex. If one turns back on the other, an end of one is on the other, and
/// the next edge from there meets that one: rings with an area have more than three such edges.
fn meets_itself(e: &Edge, f: &Edge, edge_count: usize) -> bool {
    let follows = |a: &Edge, b: &Edge| (a.index + 1) % edge_count == b.index;
    !follows(e, f) && !follows(f, e) && segments_meet(e.a, e.b, f.a, f.b)
}

fn crossing(e: &Edge, f: &Edge, parts: &[Part], owner: &[usize]) -> ShapeError {
    let at = e.a.position();
    let part = owner[e.ring];
    if part != owner[f.ring] {
        ShapeError::PartsOverlap { at }
    } else if e.ring == parts[part].start || f.ring == parts[part].start {
        ShapeError::HoleOutside { at }
    } else {
        ShapeError::HolesOverlap { at }
    }
}

fn touch(e: &Edge, f: &Edge, contacts: &mut Vec<Contact>) {
    for (p, on) in [(e.a, f), (e.b, f), (f.a, e), (f.b, e)] {
        if on_segment(on.a, on.b, p) {
            contacts.push(Contact { ring: e.ring, other: f.ring, edge: e.index, at: p });
            contacts.push(Contact { ring: f.ring, other: e.ring, edge: f.index, at: p });
        }
    }
}
