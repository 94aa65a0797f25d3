//! Polygons with holes, one or several: exact containment and the distance to the boundary.
//!
//! What is inside is told by `bands`, on integers; the distance comes from `path`.

use super::bands::Bands;
use super::bounds::{Bounds, BoundsPair, shorter_way_e7};
use super::earth::Place;
use super::exact::{Point, Side, box_of, in_degrees};
use super::path::{Bare, Path, nodes_of};
use super::position::{LON_E7_MAX, Position, TURN_E7};
use super::scale::Scale;
use super::seam::{Seam, is_seam};

/// A distance so small that a point on an edge may have it by rounding, in metres.
const ROUNDING_M: f64 = 1e-7;
/// What a point off the boundary is away from it at the least, in metres.
const OFF_M: f64 = 1e-9;

/// Prepared polygons.
#[derive(Clone, Debug)]
pub(crate) struct Polygons {
    bands: Bands,
    /// Where polygons touch on the antimeridian, if any do.
    seam: Option<Box<Seam>>,
    boundary: Boundary,
}

/// The edges as a path, mostly without its nodes' places, which are those of the vertices.
#[derive(Clone, Debug)]
enum Boundary {
    Any(Path),
    Bare(Bare),
}

impl Polygons {
    /// Prepares closed rings that have been checked.
    pub(crate) fn new(rings: &[Vec<Point>]) -> Self {
        let around = rings.iter().map(|ring| box_of(ring)).reduce(|a, b| join(Some(a), b));
        let bands = Bands::new(rings, around.map_or_else(Bounds::default, boxed));
        let seam = Seam::new(rings);
        let (nodes, chunks) = nodes_of(&chains(rings, &seam));
        let boundary = match Bare::of(&nodes, &chunks, bands.vertices()) {
            Some(bare) => Boundary::Bare(bare),
            None => Boundary::Any(Path::of(nodes, chunks)),
        };
        let seam = seam.hides_any().then(|| Box::new(seam));
        Self { bands, seam, boundary }
    }

    /// The vertices of all rings, closing ones included.
    pub(crate) fn vertices(&self) -> &[Position] {
        self.bands.vertices()
    }

    pub(crate) fn contains(&self, p: Position) -> bool {
        self.side(p) != Side::Outside
    }

    pub(crate) fn signed_distance_m(&self, p: Position) -> f64 {
        let side = self.side(p);
        let on_seam = p.lon_e7().abs() == LON_E7_MAX && self.is_hidden(p);
        if side == Side::Edge && !on_seam {
            return 0.0;
        }
        let from = &Place::of(p);
        let reach_m = match &self.boundary {
            Boundary::Any(path) => path.distance_m(from, 0.0),
            Boundary::Bare(bare) => bare.distance_m(self.bands.vertices(), from, 0.0),
        };
        match side {
            Side::Outside => reach_m.max(OFF_M),
            Side::Edge if reach_m < ROUNDING_M => 0.0,
            Side::Edge | Side::Inside => -reach_m.max(OFF_M),
        }
    }

    pub(crate) fn meets_segment(&self, a: Position, b: Position) -> bool {
        // From outside to inside a segment meets the boundary, so only one end is asked about.
        self.contains(a) || self.boundary_meets(a, b)
    }

    /// Whether the segment between two positions has a point in common with an edge.
    pub(crate) fn boundary_meets(&self, a: Position, b: Position) -> bool {
        let from = Point::of(a);
        let to = Point { x: from.x + shorter_way_e7(a, b), y: i64::from(b.lat_e7()) };
        let is_inland = from.x.abs().max(to.x.abs()) < i64::from(LON_E7_MAX);
        let turns = [0, TURN_E7, -TURN_E7];
        turns[..if is_inland { 1 } else { 3 }].iter().any(|shift| {
            let a = Point { x: from.x + shift, y: from.y };
            let b = Point { x: to.x + shift, y: to.y };
            self.bands.meets(a, b)
        })
    }

    /// No more than the distance of `b`, which the scale is of, where it is outside, near the
    /// boundary and away from the antimeridian and the segment to it from `a` does not meet it.
    pub(crate) fn least_past_m(&self, a: Position, b: Position, scale: &Scale) -> Option<f64> {
        self.bands.least_past_m(a, b, scale)
    }

    /// Whether the antimeridian is strictly between two polygons there.
    fn is_hidden(&self, p: Position) -> bool {
        self.seam.as_ref().is_some_and(|seam| seam.hides(i64::from(p.lat_e7())))
    }

    /// The longitudes 180 and -180 are the same, so such a point is looked for at both.
    #[inline]
    fn side(&self, p: Position) -> Side {
        let side = self.bands.side_of(p.lon_e7(), p.lat_e7());
        if side == Side::Outside && p.lon_e7().abs() == LON_E7_MAX {
            return self.bands.side_of(-p.lon_e7(), p.lat_e7());
        }
        side
    }
}

/// The boundary as open chains, without what lies on the antimeridian between polygons.
fn chains(rings: &[Vec<Point>], seam: &Seam) -> Vec<Vec<[f64; 2]>> {
    let x = i64::from(LON_E7_MAX);
    let one_side = seam.one.iter().map(|lats| lats.map(|y| Point { x, y }));
    let off_seam = rings
        .iter()
        .flat_map(|ring| ring.chunk_by(|a, b| !is_seam(*a, *b)))
        .filter(|chain| chain.len() > 1);
    off_seam.map(in_degrees).chain(one_side.map(|ends| in_degrees(&ends))).collect()
}

/// One box, or one on either side if polygons touch the antimeridian from both. `outers` are the
/// rings that are no holes.
pub(crate) fn bounds(rings: &[Vec<Point>], outers: &[usize]) -> BoundsPair {
    let mut sides: [Option<[Point; 2]>; 2] = [None, None];
    for ring in outers.iter().filter_map(|outer| rings.get(*outer)) {
        let [low, high] = box_of(ring);
        let side = &mut sides[usize::from(low.x + high.x >= 0)];
        *side = Some(join(*side, [low, high]));
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
    a.map_or(b, |a| box_of(&[a[0], a[1], b[0], b[1]]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::exact::side_of_ring;

    /// How high a comb is from x = 44 down to 0, so that its 48 edges make many bands.
    const HEIGHTS: [i64; 45] = [
        4, 1, 4, 1, 3, 2, 4, 1, 4, 1, 4, 2, 3, 1, 4, 1, 3, 1, 4, 1, 4, 4, 1, 4, 2, 3, 1, 4, 1, 3,
        1, 4, 1, 4, 1, 3, 2, 4, 1, 4, 2, 3, 1, 4, 1,
    ];
    /// The points from x = -1 and y = 5, going east and south; `+` is an edge, `#` inside.
    const PICTURE: [&str; 7] = [
        "...............................................",
        "..+...+.+...+.+...+...+.++.+...+...+.+.+...+.+.",
        "..#.+.#.#.+.#.#.+.#.+.#.##.#.+.#.+.#.#.#.+.#.+.",
        "..#.#+#.#+#.#.#.#.#.#+#.##.#.#.#.#+#.#.#+#.#.+.",
        ".+#+###+###+#+#+#+#+###+##+#+#+#+###+#+###+#++.",
        ".+++++++++++++++++++++++++++++++++++++++++++++.",
        "...............................................",
    ];

    fn comb() -> Vec<Point> {
        let teeth = HEIGHTS.iter().zip((0..=44).rev());
        let base = |x| Point { x, y: 0 };
        let mut ring = vec![base(40), base(44)];
        ring.extend(teeth.map(|(y, x)| Point { x, y: *y }));
        ring.extend([base(0), base(40)]);
        ring
    }

    fn rectangle(west: i64, east: i64, south: i64, north: i64) -> Vec<Point> {
        let corners = [[west, south], [east, south], [east, north], [west, north], [west, south]];
        corners.map(|[x, y]| Point { x, y }).to_vec()
    }

    fn at(x: i64, y: i64) -> Position {
        Point { x, y }.position()
    }

    // J-GEO-1
    #[test]
    fn each_point_is_on_the_side_that_the_picture_shows() {
        let ring = comb();
        let polygons = Polygons::new(std::slice::from_ref(&ring));
        for (row, y) in PICTURE.iter().zip((-1..=5).rev()) {
            for (mark, x) in row.chars().zip(-1..) {
                let expected = match mark {
                    '#' => Side::Inside,
                    '+' => Side::Edge,
                    _ => Side::Outside,
                };
                let p = Point { x, y };
                assert_eq!(polygons.bands.side_of(p.x as i32, p.y as i32), expected, "{p:?}");
                assert_eq!(side_of_ring(&ring, p.doubled()), expected, "{p:?}");
            }
        }
    }

    // J-GEO-1
    #[test]
    fn a_segment_meets_a_polygon_that_it_ends_in_or_passes_through() {
        let polygons = Polygons::new(&[comb()]);
        let check = |a: [i64; 2], b: [i64; 2], expected: bool| {
            let (a, b) = (at(a[0], a[1]), at(b[0], b[1]));
            assert_eq!(polygons.meets_segment(a, b), expected, "{a} {b}");
            assert_eq!(polygons.meets_segment(b, a), expected, "{a} {b}");
        };
        // Inside it, from it to outside, and through it.
        check([1, 2], [1, 3], true);
        check([1, 3], [1, 9], true);
        check([0, 2], [2, 2], true);
        check([20, -9], [20, 9], true);
        // Between two teeth, above them, and past a corner.
        check([2, 2], [2, 9], false);
        check([-1, 5], [45, 5], false);
        check([-1, 0], [1, -1], false);
        check([46, 3], [44, 5], false);
    }

    // J-GEO-3
    #[test]
    fn a_segment_across_the_antimeridian_meets_what_lies_on_its_way() {
        let half = i64::from(LON_E7_MAX);
        for (west, east) in [(half - 6, half - 4), (4 - half, 6 - half)] {
            let polygons = Polygons::new(&[rectangle(west, east, 0, 9)]);
            let (a, b) = (at(half - 9, 5), at(9 - half, 5));
            assert!(polygons.meets_segment(a, b) && polygons.meets_segment(b, a));
            let (a, b) = (at(half - 3, 5), at(3 - half, 5));
            assert!(!polygons.meets_segment(a, b) && !polygons.meets_segment(b, a));
        }
    }

    // J-GEO-1, J-GEO-3
    #[test]
    fn the_middle_of_an_edge_is_on_the_boundary_beside_the_seam_and_on_it() {
        // Edges of 300 m are taken for chords, which pass 2 mm beside such a point.
        let half = i64::from(LON_E7_MAX);
        let west = rectangle(half - 9_000, half, 0, 30_000);
        let east = rectangle(-half, 9_000 - half, 10_000, 40_000);
        let polygons = Polygons::new(&[west, east]);
        let check = |x: i64, y: i64, expected: f64| {
            let d = polygons.signed_distance_m(at(x, y));
            assert!((d - expected).abs() <= 0.002 * expected.abs(), "{x} {y} {d}");
        };
        check(half - 9_000, 15_000, 0.0);
        check(half - 4_500, 30_000, 0.0);
        for lon in [half, -half] {
            check(lon, 5_000, 0.0);
            check(lon, 10_000, 0.0);
            check(lon, 20_000, -100.2);
            check(lon, 30_000, 0.0);
            check(lon, 35_000, 0.0);
        }
    }

    // J-GEO-3
    #[test]
    fn a_corner_of_a_hole_on_the_hidden_seam_is_on_the_boundary() {
        let half = i64::from(LON_E7_MAX);
        let corners = [[half, 20_000], [half - 900, 19_000], [half - 900, 21_000], [half, 20_000]];
        let rings = [
            rectangle(half - 9_000, half, 0, 40_000),
            corners.map(|[x, y]| Point { x, y }).to_vec(),
            rectangle(-half, 9_000 - half, 0, 40_000),
        ];
        let polygons = Polygons::new(&rings);
        assert_eq!(polygons.signed_distance_m(at(half, 20_000)), 0.0);
        assert_eq!(polygons.signed_distance_m(at(-half, 20_000)), 0.0);
        assert!(polygons.signed_distance_m(at(half, 20_500)) < -1.0);
    }

    // J-GEO-3
    #[test]
    fn two_boxes_hold_what_touches_the_antimeridian_from_both_sides() {
        let half = i64::from(LON_E7_MAX);
        let check = |parts: &[[i64; 2]], expected: &[[i64; 2]]| {
            let rings = parts.iter().map(|[west, east]| rectangle(*west, *east, 1, 2));
            let outers: Vec<usize> = (0..parts.len()).collect();
            let pair = bounds(&rings.collect::<Vec<_>>(), &outers);
            let sides = pair.as_slice().iter();
            let sides: Vec<[i64; 2]> =
                sides.map(|b| [b.min_lon_e7, b.max_lon_e7].map(i64::from)).collect();
            assert_eq!(sides, expected, "{parts:?}");
        };
        check(&[[half - 9, half], [-half, 5 - half]], &[[-half, 5 - half], [half - 9, half]]);
        check(&[[half - 9, half], [9 - half, 12 - half]], &[[9 - half, half]]);
        check(&[[half - 9, half - 8], [-half, 5 - half]], &[[-half, half - 8]]);
        check(&[[5, 7], [9, 11]], &[[5, 11]]);
    }
}
