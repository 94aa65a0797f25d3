//! Edges on the antimeridian: where polygons lie on both sides of it there is no boundary.

use super::exact::Point;
use super::position::LON_E7_MAX;

/// What remains of the edges on ±180 degrees.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seam {
    /// Latitudes where polygons lie on both sides, in ascending order and apart.
    both: Vec<[i64; 2]>,
    /// Latitudes where a polygon lies on one side only.
    pub(crate) one: Vec<[i64; 2]>,
}

impl Seam {
    pub(crate) fn new(rings: &[Vec<Point>]) -> Self {
        let mut cuts = Vec::new();
        let mut events = Vec::new();
        for edge in rings.iter().flat_map(|ring| ring.windows(2)) {
            if is_seam(edge[0], edge[1]) {
                let east = edge[0].x > 0;
                let (low, high) = (edge[0].y.min(edge[1].y), edge[0].y.max(edge[1].y));
                cuts.extend([low, high]);
                events.extend([(low, east, 1_i32), (high, east, -1)]);
            }
        }
        cuts.sort_unstable();
        cuts.dedup();
        events.sort_unstable_by_key(|event| event.0);
        let mut seam = Self::default();
        let mut depth = [0_i32; 2];
        let mut events = events.into_iter().peekable();
        for pair in cuts.windows(2) {
            while let Some((_, east, change)) = events.next_if(|event| event.0 <= pair[0]) {
                depth[usize::from(east)] += change;
            }
            match depth.map(|d| d > 0) {
                [true, true] => push_interval(&mut seam.both, pair[0], pair[1]),
                [false, false] => {}
                _ => push_interval(&mut seam.one, pair[0], pair[1]),
            }
        }
        seam
    }

    /// Whether the antimeridian is anywhere between two polygons.
    pub(crate) fn hides_any(&self) -> bool {
        !self.both.is_empty()
    }

    /// Whether the antimeridian at a latitude is strictly between two polygons.
    pub(crate) fn hides(&self, lat_e7: i64) -> bool {
        let after = self.both.partition_point(|interval| interval[1] <= lat_e7);
        self.both.get(after).is_some_and(|interval| interval[0] < lat_e7)
    }
}

/// Whether an edge runs along the antimeridian.
pub(crate) fn is_seam(a: Point, b: Point) -> bool {
    a.x == b.x && a.x.abs() == i64::from(LON_E7_MAX)
}

fn push_interval(intervals: &mut Vec<[i64; 2]>, low: i64, high: i64) {
    match intervals.last_mut() {
        Some(last) if last[1] == low => last[1] = high,
        _ => intervals.push([low, high]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seam of edges at 180 (west of it) and at -180, by latitude.
    fn seam(west: &[[i64; 2]], east: &[[i64; 2]]) -> Seam {
        let half = i64::from(LON_E7_MAX);
        let edge = |x: i64, [from, to]: [i64; 2]| vec![Point { x, y: from }, Point { x, y: to }];
        let west = west.iter().map(|lats| edge(half, *lats));
        let east = east.iter().map(|lats| edge(-half, *lats));
        Seam::new(&west.chain(east).collect::<Vec<_>>())
    }

    fn check(west: &[[i64; 2]], east: &[[i64; 2]], both: &[[i64; 2]], one: &[[i64; 2]]) {
        for seam in [seam(west, east), seam(east, west)] {
            assert_eq!(seam.both, both, "{west:?} {east:?}");
            assert_eq!(seam.one, one, "{west:?} {east:?}");
        }
    }

    // J-GEO-3
    #[test]
    fn what_lies_on_both_sides_is_told_from_what_lies_on_one() {
        check(&[], &[], &[], &[]);
        check(&[[10, 12]], &[], &[], &[[10, 12]]);
        check(&[[10, 12]], &[[12, 10]], &[[10, 12]], &[]);
        check(&[[10, 12]], &[[13, 11]], &[[11, 12]], &[[10, 11], [12, 13]]);
        check(&[[10, 12]], &[[14, 13]], &[], &[[10, 12], [13, 14]]);
        // Corners on the way make no difference.
        check(&[[10, 11], [11, 12]], &[[12, 10]], &[[10, 12]], &[]);
        check(&[[10, 12], [12, 14]], &[], &[], &[[10, 14]]);
    }

    // J-GEO-3
    #[test]
    fn what_is_strictly_between_two_polygons_is_hidden() {
        let seam = seam(&[[10, 13]], &[[11, 13], [15, 17]]);
        let hidden: Vec<i64> = (9..19).filter(|lat| seam.hides(*lat)).collect();
        assert_eq!(hidden, [12]);
    }
}
