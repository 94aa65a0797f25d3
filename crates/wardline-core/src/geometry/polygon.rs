//! Polygons with holes, one or several: exact containment and the distance to the boundary.
//!
//! Containment counts the edges east of the point. Edges come in chunks of 16 with a box
//! around each; a chunk wholly to the east counts by its ends alone.

use std::cmp::Ordering;

use super::bounds::{Bounds, BoundsPair, shorter_way_e7};
use super::earth::Place;
use super::exact::{Point, Side, segments_meet, turn, within};
use super::path::Path;
use super::position::{LON_E7_MAX, Position, TURN_E7};
use super::seam::{Seam, is_seam};

/// Edges per chunk.
const CHUNK: usize = 16;
/// A distance so small that a point on an edge may have it by rounding, in metres.
const ROUNDING_M: f64 = 1e-7;
/// What a point off the boundary is away from it at the least, in metres.
const OFF_M: f64 = 1e-9;

/// Consecutive edges of one ring: those from each vertex but the last to the next.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    low: Point,
    high: Point,
    start: usize,
    end: usize,
}

impl Chunk {
    #[inline]
    fn meets(&self, low: Point, high: Point) -> bool {
        self.low.x <= high.x && low.x <= self.high.x && self.low.y <= high.y && low.y <= self.high.y
    }
}

/// Prepared polygons.
#[derive(Clone, Debug)]
pub(crate) struct Polygons {
    points: Vec<Point>,
    chunks: Vec<Chunk>,
    whole: Chunk,
    seam: Seam,
    boundary: Path,
    pub(crate) bounds: BoundsPair,
}

impl Polygons {
    /// Prepares closed rings that have been checked; `outers` are those that are no holes.
    pub(crate) fn new(rings: &[Vec<Point>], outers: &[usize]) -> Self {
        let mut points = Vec::new();
        let mut chunks = Vec::new();
        for ring in rings {
            let first = points.len();
            points.extend_from_slice(ring);
            let last = points.len().saturating_sub(1);
            let mut start = first;
            while start < last {
                let end = (start + CHUNK).min(last);
                chunks.push(chunk(&points, start, end));
                start = end;
            }
        }
        let whole = chunk(&points, 0, points.len().saturating_sub(1));
        let seam = Seam::new(rings);
        let boundary = Path::new(&chains(rings, &seam));
        let bounds = bounds(rings, outers);
        Self { points, chunks, whole, seam, boundary, bounds }
    }

    pub(crate) fn contains(&self, p: Position) -> bool {
        self.side(p) != Side::Outside
    }

    pub(crate) fn signed_distance_m(&self, p: Position) -> f64 {
        let side = self.side(p);
        let on_seam = p.lon_e7().abs() == LON_E7_MAX && self.seam.hides(i64::from(p.lat_e7()));
        if side == Side::Edge && !on_seam {
            return 0.0;
        }
        let reach_m = self.boundary.distance_m(&Place::of(p), 0.0);
        match side {
            Side::Outside => reach_m.max(OFF_M),
            Side::Edge if reach_m < ROUNDING_M => 0.0,
            Side::Edge | Side::Inside => -reach_m.max(OFF_M),
        }
    }

    pub(crate) fn meets_segment(&self, a: Position, b: Position) -> bool {
        if self.contains(a) || self.contains(b) {
            return true;
        }
        let from = Point::of(a);
        let to = Point { x: from.x + shorter_way_e7(a, b), y: i64::from(b.lat_e7()) };
        [0, TURN_E7, -TURN_E7].into_iter().any(|shift| {
            let a = Point { x: from.x + shift, y: from.y };
            let b = Point { x: to.x + shift, y: to.y };
            let low = Point { x: a.x.min(b.x), y: a.y.min(b.y) };
            let high = Point { x: a.x.max(b.x), y: a.y.max(b.y) };
            self.whole.meets(low, high)
                && self.chunks.iter().any(|chunk| {
                    chunk.meets(low, high)
                        && self.points[chunk.start..=chunk.end]
                            .windows(2)
                            .any(|edge| segments_meet(edge[0], edge[1], a, b))
                })
        })
    }

    /// The longitudes 180 and -180 are the same, so such a point is looked for at both.
    fn side(&self, p: Position) -> Side {
        let point = Point::of(p);
        let side = self.side_of(point);
        if side == Side::Outside && p.lon_e7().abs() == LON_E7_MAX {
            return self.side_of(Point { x: -point.x, y: point.y });
        }
        side
    }

    fn side_of(&self, p: Point) -> Side {
        if !self.whole.meets(p, p) {
            return Side::Outside;
        }
        let mut inside = false;
        for chunk in &self.chunks {
            if p.y < chunk.low.y || p.y > chunk.high.y || p.x > chunk.high.x {
                continue;
            }
            if p.x < chunk.low.x {
                let (first, last) = (self.points[chunk.start], self.points[chunk.end]);
                inside ^= (first.y > p.y) != (last.y > p.y);
                continue;
            }
            for edge in self.points[chunk.start..=chunk.end].windows(2) {
                match crosses(edge[0], edge[1], p) {
                    Some(crossed) => inside ^= crossed,
                    None => return Side::Edge,
                }
            }
        }
        if inside { Side::Inside } else { Side::Outside }
    }
}

/// Whether the ray east of p crosses the edge; `None` if p is on it.
#[inline]
fn crosses(a: Point, b: Point, p: Point) -> Option<bool> {
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

fn chunk(points: &[Point], start: usize, end: usize) -> Chunk {
    let first = points.get(start).copied().unwrap_or(Point { x: 0, y: 0 });
    let (mut low, mut high) = (first, first);
    for p in points.iter().take(end + 1).skip(start) {
        low = Point { x: low.x.min(p.x), y: low.y.min(p.y) };
        high = Point { x: high.x.max(p.x), y: high.y.max(p.y) };
    }
    Chunk { low, high, start, end }
}

/// The boundary as open chains, without what lies on the antimeridian between polygons.
fn chains(rings: &[Vec<Point>], seam: &Seam) -> Vec<Vec<[f64; 2]>> {
    let degrees = |p: &Point| [p.y as f64 / 1e7, p.x as f64 / 1e7];
    let mut chains = Vec::new();
    for ring in rings {
        let mut chain: Vec<[f64; 2]> = Vec::new();
        for edge in ring.windows(2) {
            if is_seam(edge[0], edge[1]) {
                chains.push(std::mem::take(&mut chain));
                continue;
            }
            if chain.is_empty() {
                chain.push(degrees(&edge[0]));
            }
            chain.push(degrees(&edge[1]));
        }
        chains.push(chain);
    }
    for [low, high] in &seam.one {
        chains.push([low, high].map(|lat_e7| [*lat_e7 as f64 / 1e7, 180.0]).to_vec());
    }
    chains.retain(|chain| chain.len() > 1);
    chains
}

/// One box, or one on either side if polygons touch the antimeridian from both.
fn bounds(rings: &[Vec<Point>], outers: &[usize]) -> BoundsPair {
    let mut sides: [Option<[Point; 2]>; 2] = [None, None];
    for ring in outers.iter().filter_map(|outer| rings.get(*outer)) {
        let Some(last) = ring.len().checked_sub(1) else {
            continue;
        };
        let around = chunk(ring, 0, last);
        let side = &mut sides[usize::from(around.low.x + around.high.x >= 0)];
        *side = Some(join(*side, [around.low, around.high]));
    }
    match sides {
        [Some(west), Some(east)] => {
            let half = i64::from(LON_E7_MAX);
            if west[0].x == -half && east[1].x == half {
                BoundsPair::two(boxed(west), boxed(east))
            } else {
                BoundsPair::one(boxed(join(Some(west), east)))
            }
        }
        [Some(only), None] | [None, Some(only)] => BoundsPair::one(boxed(only)),
        [None, None] => BoundsPair::one(Bounds::default()),
    }
}

fn join(a: Option<[Point; 2]>, b: [Point; 2]) -> [Point; 2] {
    a.map_or(b, |a| {
        [
            Point { x: a[0].x.min(b[0].x), y: a[0].y.min(b[0].y) },
            Point { x: a[1].x.max(b[1].x), y: a[1].y.max(b[1].y) },
        ]
    })
}

/// Vertices come from positions, so they fit.
fn boxed(corners: [Point; 2]) -> Bounds {
    let [low, high] = corners;
    Bounds {
        min_lat_e7: low.y as i32,
        min_lon_e7: low.x as i32,
        max_lat_e7: high.y as i32,
        max_lon_e7: high.x as i32,
    }
}
