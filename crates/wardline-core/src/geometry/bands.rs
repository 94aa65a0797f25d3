//! On which side of rings a point lies, exactly, from the few edges whose latitudes are near.
//!
//! The box is cut into bands of equal height, and for each the edges that touch it are listed. A
//! query goes through one list without a branch: it counts the edges that the ray east of the
//! point crosses and notes whether the point is on the line of any; only then each is looked at.
//! Half as many bands as edges leave some two edges to a band besides those that the ray passes.
//! Where edges are so long that lists would hold more than [`ENTRIES_EACH`] of each, bands are
//! fewer.

use super::bounds::Bounds;
use super::exact::{Point, Side, crosses, segments_meet, turn};
use super::position::{LON_E7_MAX, Position};
use super::scale::Scale;
use std::ops::RangeInclusive;

/// How often an edge is listed at the most, on average.
const ENTRIES_EACH: usize = 4;
/// Where a bound of the distance will do, edges farther off than this are not looked for.
const SIGHT_M: f64 = 30.0;
/// Bands are numbered by a product with this many bits after the point.
const SHIFT: u32 = 32;

/// Whether an edge surely has no point in a box.
#[inline]
fn is_beside([c, d]: [Position; 2], bounds: &Bounds) -> bool {
    let Bounds { min_lat_e7, min_lon_e7, max_lat_e7, max_lon_e7 } = *bounds;
    let (west, east) = (c.lon_e7().min(d.lon_e7()), c.lon_e7().max(d.lon_e7()));
    let (south, north) = (c.lat_e7().min(d.lat_e7()), c.lat_e7().max(d.lat_e7()));
    (east < min_lon_e7) | (west > max_lon_e7) || (north < min_lat_e7) | (south > max_lat_e7)
}

/// The edges of closed rings by latitude.
#[derive(Clone, Debug)]
pub(super) struct Bands {
    bounds: Bounds,
    /// Bands in a unit of latitude, times 2 to the power of [`SHIFT`].
    scale: u64,
    /// One ring after another.
    vertices: Box<[Position]>,
    /// Where the list of each band starts, and where the last one ends; then the lists: edges by
    /// the number of their first vertex. No number needs more: there are at most 4,096 edges.
    lists: Box<[u16]>,
}

impl Bands {
    /// Of closed rings, with the box around them.
    pub fn new(rings: &[Vec<Point>], bounds: Bounds) -> Self {
        // Vertices come from positions.
        let vertex = |p: &Point| Position::from_e7(p.y as i32, p.x as i32).unwrap_or_default();
        let vertices: Box<[_]> = rings.iter().flatten().map(vertex).collect();
        let mut edges = Vec::new();
        let mut first = 0;
        for ring in rings {
            edges.extend(first..(first + ring.len()).saturating_sub(1));
            first += ring.len();
        }
        let mut bands = Self { bounds, scale: 0, vertices, lists: Box::default() };
        let mut count = edges.len().div_ceil(2).max(1);
        bands.set_count(count);
        while count > 1 && bands.entries(&edges) > ENTRIES_EACH * edges.len() {
            count = count.div_ceil(2);
            bands.set_count(count);
        }
        bands.lists = bands.lists_of(&edges, count);
        bands
    }

    /// The vertices of all rings, closing ones included.
    pub fn vertices(&self) -> &[Position] {
        &self.vertices
    }

    fn set_count(&mut self, count: usize) {
        let height = i64::from(self.bounds.max_lat_e7) - i64::from(self.bounds.min_lat_e7) + 1;
        self.scale = ((count as u64) << SHIFT) / height.max(1) as u64;
    }

    fn entries(&self, edges: &[usize]) -> usize {
        edges.iter().map(|edge| self.bands_of(*edge).count()).sum()
    }

    fn lists_of(&self, edges: &[usize], count: usize) -> Box<[u16]> {
        let mut by_band = vec![Vec::new(); count];
        for edge in edges {
            for band in self.bands_of(*edge) {
                by_band[band].push(*edge as u16);
            }
        }
        let mut lists = Vec::with_capacity(count + 1 + self.entries(edges));
        let mut start = count + 1;
        lists.push(start as u16);
        for list in &by_band {
            start += list.len();
            lists.push(start as u16);
        }
        lists.extend(by_band.iter().flatten());
        lists.into_boxed_slice()
    }

    fn bands_of(&self, edge: usize) -> RangeInclusive<usize> {
        let [a, b] = [edge, edge + 1].map(|vertex| self.vertices[vertex].lat_e7());
        self.band(a.min(b))..=self.band(a.max(b))
    }

    /// The band of a latitude, which must lie within the box.
    #[inline]
    fn band(&self, lat_e7: i32) -> usize {
        let north = i64::from(lat_e7).wrapping_sub(i64::from(self.bounds.min_lat_e7)) as u64;
        (north.wrapping_mul(self.scale) >> SHIFT) as usize
    }

    #[inline]
    fn list(&self, band: usize) -> &[u16] {
        let (start, end) = (self.lists[band], self.lists[band + 1]);
        &self.lists[usize::from(start)..usize::from(end)]
    }

    #[inline]
    fn edge(&self, edge: u16) -> [Position; 2] {
        let edge = usize::from(edge);
        let ends = &self.vertices[edge..edge + 2];
        [ends[0], ends[1]]
    }

    /// Where a point lies with regard to the rings.
    #[inline]
    pub fn side_of(&self, lon_e7: i32, lat_e7: i32) -> Side {
        let Bounds { min_lat_e7, min_lon_e7, max_lat_e7, max_lon_e7 } = self.bounds;
        let is_beside = (lat_e7 < min_lat_e7) | (lat_e7 > max_lat_e7);
        if is_beside | (lon_e7 < min_lon_e7) | (lon_e7 > max_lon_e7) {
            return Side::Outside;
        }
        let list = self.list(self.band(lat_e7));
        let (x, y) = (i64::from(lon_e7), i64::from(lat_e7));
        let (mut inside, mut on_line) = (false, false);
        for edge in list {
            let [a, b] = self.edge(*edge).map(Point::of);
            // As in `turn` nothing overflows; checks would be branches.
            let left = b.x.wrapping_sub(a.x).wrapping_mul(y.wrapping_sub(a.y));
            let right = b.y.wrapping_sub(a.y).wrapping_mul(x.wrapping_sub(a.x));
            let (a_above, b_above) = (a.y > y, b.y > y);
            inside ^= (a_above != b_above) & ((left > right) == b_above);
            on_line |= left == right;
        }
        match (on_line, inside) {
            (true, _) => self.side_by_each(list, Point { x, y }),
            (false, true) => Side::Inside,
            (false, false) => Side::Outside,
        }
    }

    /// The same where the point is on the line of an edge, maybe beyond its ends.
    #[cold]
    fn side_by_each(&self, list: &[u16], p: Point) -> Side {
        let mut inside = false;
        for edge in list {
            let [a, b] = self.edge(*edge).map(Point::of);
            match crosses(a, b, p, turn) {
                Some(crossed) => inside ^= crossed,
                None => return Side::Edge,
            }
        }
        if inside { Side::Inside } else { Side::Outside }
    }

    /// How far is looked for the next edge: as far as a band is high, so that lists are few.
    fn sight_m(&self, scale: &Scale) -> f64 {
        scale.least_north_m((1 << SHIFT) / self.scale).min(SIGHT_M)
    }

    /// Whether a segment has a point in common with an edge.
    pub fn meets(&self, a: Point, b: Point) -> bool {
        let (west, east) = (i64::from(self.bounds.min_lon_e7), i64::from(self.bounds.max_lon_e7));
        if a.x.max(b.x) < west || a.x.min(b.x) > east {
            return false;
        }
        let list = self.list_between(a.y.min(b.y), a.y.max(b.y));
        list.iter().any(|edge| {
            let [c, d] = self.edge(*edge).map(Point::of);
            segments_meet(c, d, a, b)
        })
    }

    /// No more than how far the end of a way is from the next edge, by the scale there; nothing
    /// unless it is outside, the way meets no edge and one is in sight.
    pub fn least_past_m(&self, from: Position, to: Position, scale: &Scale) -> Option<f64> {
        let sight_m = self.sight_m(scale);
        let view = Bounds::of_both(from, to).joined(&scale.around(to, sight_m));
        let is_inland = view.min_lon_e7 > -LON_E7_MAX && view.max_lon_e7 < LON_E7_MAX;
        if !is_inland || self.side_of(to.lon_e7(), to.lat_e7()) != Side::Outside {
            return None;
        }
        let [from, to] = [from, to].map(Point::of);
        let mut least_m2 = sight_m * sight_m;
        for edge in self.list_between(view.min_lat_e7.into(), view.max_lat_e7.into()) {
            let edge = self.edge(*edge);
            if is_beside(edge, &view) {
                continue;
            }
            let [c, d] = edge.map(Point::of);
            if segments_meet(c, d, from, to) {
                return None;
            }
            least_m2 = least_m2.min(scale.least_m2_to_segment(to, c, d));
        }
        (least_m2 < sight_m * sight_m).then(|| least_m2.sqrt())
    }

    /// Edges among which are all that have a point between two latitudes, some more than once.
    #[inline]
    fn list_between(&self, low: i64, high: i64) -> &[u16] {
        let (south, north) = (i64::from(self.bounds.min_lat_e7), i64::from(self.bounds.max_lat_e7));
        if high < south || low > north {
            return &[];
        }
        let band = |y: i64| self.band(y.clamp(south, north) as i32);
        let (first, last) = (self.lists[band(low)], self.lists[band(high) + 1]);
        &self.lists[usize::from(first)..usize::from(last)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::exact::{box_of, side_of_ring};
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    fn bands(rings: &[Vec<Point>]) -> Bands {
        let points: Vec<Point> = rings.iter().flatten().copied().collect();
        let [low, high] = box_of(&points);
        let bounds = Bounds {
            min_lat_e7: low.y as i32,
            min_lon_e7: low.x as i32,
            max_lat_e7: high.y as i32,
            max_lon_e7: high.x as i32,
        };
        Bands::new(rings, bounds)
    }

    /// A ring of any points, which may cross itself.
    fn any_ring(rng: &mut SmallRng, count: usize, reach: i64) -> Vec<Point> {
        let mut point =
            || Point { x: rng.random_range(-reach..=reach), y: rng.random_range(-reach..=reach) };
        let mut ring: Vec<_> = (0..count).map(|_| point()).collect();
        ring.push(ring[0]);
        ring.dedup();
        ring
    }

    /// Edges counted one by one say the same, on small grids, where most points are on lines, and
    /// over all the earth, where products are greatest.
    // J-GEO-1
    #[test]
    fn bands_say_what_all_edges_say() {
        let rng = &mut SmallRng::seed_from_u64(7);
        for case in 0..2_000 {
            let count = [3, 4, 8, 16, 33, 200][case % 6];
            let reach = [3, 12, 1_000, 900_000_000][case / 6 % 4];
            let ring = any_ring(rng, count, reach);
            let bands = bands(std::slice::from_ref(&ring));
            for _ in 0..60 {
                let beyond = reach + 2;
                let (x, y) =
                    (rng.random_range(-beyond..=beyond), rng.random_range(-beyond..=beyond));
                let expected = side_of_ring(&ring, Point { x, y }.doubled());
                assert_eq!(bands.side_of(x as i32, y as i32), expected, "{ring:?} {x} {y}");
            }
        }
    }

    // J-GEO-1
    #[test]
    fn bands_meet_the_segments_that_an_edge_meets() {
        let rng = &mut SmallRng::seed_from_u64(8);
        for case in 0..2_000 {
            let (count, reach) = ([3, 8, 40][case % 3], [4, 30, 900_000_000][case / 3 % 3]);
            let ring = any_ring(rng, count, reach);
            let bands = bands(std::slice::from_ref(&ring));
            for _ in 0..30 {
                let beyond = reach + 2;
                let mut end = || Point {
                    x: rng.random_range(-beyond..=beyond),
                    y: rng.random_range(-beyond..=beyond),
                };
                let (a, b) = (end(), end());
                let b = if case % 2 == 0 { b } else { Point { x: a.x + 1, y: a.y - 1 } };
                let expected = ring.windows(2).any(|edge| segments_meet(edge[0], edge[1], a, b));
                assert_eq!(bands.meets(a, b), expected, "{ring:?} {a:?} {b:?}");
            }
        }
    }

    /// What is said of a way without regard to bands.
    fn least_by_each_m(ring: &[Point], way: [Position; 2], sight_m: f64) -> Option<f64> {
        let scale = Scale::near(way[1])?;
        let [from, to] = way.map(Point::of);
        let is_past = side_of_ring(ring, to.doubled()) == Side::Outside
            && !ring.windows(2).any(|edge| segments_meet(edge[0], edge[1], from, to));
        let m2 = ring.windows(2).map(|edge| scale.least_m2_to_segment(to, edge[0], edge[1]));
        let least_m2 = m2.fold(f64::INFINITY, f64::min);
        (is_past && least_m2 < sight_m * sight_m).then(|| least_m2.sqrt())
    }

    // J-GEO-1, J-TIME-3
    #[test]
    fn past_bands_the_next_edge_is_the_nearest_of_all() {
        let rng = &mut SmallRng::seed_from_u64(9);
        let mut seen = 0;
        for case in 0..2_000 {
            let (count, reach) =
                ([3, 8, 40, 200][case % 4], [4, 90, 9_000, 790_000_000][case / 4 % 4]);
            let ring = any_ring(rng, count, reach);
            let bands = bands(std::slice::from_ref(&ring));
            for _ in 0..30 {
                let beyond = (reach + reach / 20 + 2) as i32;
                let mut end = |beyond: i32| {
                    [rng.random_range(-beyond..=beyond), rng.random_range(-beyond..=beyond)]
                };
                let ([lat, lon], step) = (end(beyond), end(2 + beyond / 50));
                let to = Position::from_e7(lat, lon).expect("a position");
                let from = Position::from_e7(lat + step[0], lon + step[1]).expect("a position");
                let Some(scale) = Scale::near(to) else { continue };
                let said_m = bands.least_past_m(from, to, &scale);
                let expected_m = least_by_each_m(&ring, [from, to], bands.sight_m(&scale));
                assert_eq!(said_m, expected_m, "{ring:?} {from} {to}");
                seen += usize::from(said_m.is_some());
            }
        }
        assert!(seen > 1_000, "{seen}");
    }

    // Speed only: a query that goes through many edges is slow.
    #[test]
    fn of_a_round_ring_each_query_looks_at_few_edges() {
        let corner = |k: i32| {
            let (sin, cos) = libm::sincos((f64::from(k) * 360.0 / 64.0).to_radians());
            Point { x: (cos * 1e6) as i64, y: (sin * 1e6) as i64 }
        };
        let ring: Vec<_> = (0..64).chain([0]).map(corner).collect();
        let bands = bands(std::slice::from_ref(&ring));
        assert_eq!(bands.lists[0], 33, "half as many bands as edges, and where the last list ends");
        for lat_e7 in (-999_000..=999_000).step_by(27_000) {
            let edges = bands.list(bands.band(lat_e7)).len();
            assert!((2..=10).contains(&edges), "{lat_e7} {edges}");
        }
    }

    #[test]
    fn edges_that_all_span_the_box_are_not_listed_again_and_again() {
        let teeth = (0..2_048).flat_map(|x| [Point { x, y: 0 }, Point { x, y: 1_000 }]);
        let mut ring: Vec<_> = teeth.collect();
        ring.push(ring[0]);
        let bands = bands(std::slice::from_ref(&ring));
        assert!(bands.lists.len() <= 5 * ring.len(), "{}", bands.lists.len());
        let edge_lists: Vec<_> = ring.windows(2).collect();
        assert_eq!(edge_lists.len(), 4_096);
        assert_eq!(bands.side_of(1, 500), Side::Edge);
    }
}
