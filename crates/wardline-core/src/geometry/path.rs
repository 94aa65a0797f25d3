//! Lines straight in longitude and latitude, prepared for the question how far away they are.
//!
//! Edges are cut into pieces that are nearly chords in space. Pieces come in chunks of 16, each
//! with a sphere around it. A query takes chunks and pieces by their lower bounds, and where the
//! bow matters finds the foot of the perpendicular on the curve itself by Newton's method.

mod far;

use std::borrow::Borrow;

use super::approach::pieces_within;
use super::cut::{bow_m, pieces_of};
use super::earth::{Place, Xyz, along, dot, place_distance_m, sub};
use super::foot::{foot_on_chord, foot_on_curve, lon_step_deg, place_at};

/// Pieces per chunk.
const CHUNK: usize = 16;
/// The most pieces edges are cut into; beyond, pieces get longer, and queries slower.
const PIECES_MAX: f64 = 65_536.0;
/// A bow that does not matter, in metres.
const BOW_M_SMALL: f64 = 3e-3;
/// Beyond this the nearest point by chord need not be the nearest by geodesic.
const CHORD_M_TRUSTED: f64 = 100_000.0;
/// Beyond this distance of a narrow zone the difference exceeds the promise of 0.1 %.
const FAR_M: f64 = 4_000_000.0;

/// The start of a piece; the next node is its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) bow_m: f64,
}

/// A run of pieces of one chain, with a sphere around it; flat if no bow in it matters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    centre: Xyz,
    radius_m: f64,
    flat: bool,
    start: usize,
    end: usize,
}

/// One or more chains of straight edges.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path<Nodes = Vec<Node>, Chunks = Vec<Chunk>> {
    nodes: Nodes,
    chunks: Chunks,
}

/// A path of one piece, which needs no allocation.
type Piece = Path<[Node; 2], [Chunk; 1]>;

/// The nearest point by chord.
struct Nearest {
    chord_m: f64,
    place: Place,
}

impl Path {
    /// A path of chains of `[latitude, longitude]` in degrees, at least two each, maybe the same;
    /// consecutive longitudes may differ by up to 180 degrees either way and exceed ±180.
    pub(crate) fn new(chains: &[Vec<[f64; 2]>]) -> Self {
        let edges = chains.iter().flat_map(|c| c.windows(2));
        let total: f64 = edges.map(|e| pieces_of(e[0], e[1])).sum();
        let scale = (PIECES_MAX / total).min(1.0);
        let mut path = Self::default();
        for chain in chains {
            path.push_chain(chain, scale);
        }
        path
    }

    fn push_chain(&mut self, chain: &[[f64; 2]], scale: f64) {
        let first = self.nodes.len();
        let Some(last) = chain.last() else { return };
        for edge in chain.windows(2) {
            let (a, b) = (edge[0], edge[1]);
            let count = (pieces_of(a, b) * scale).ceil().max(1.0);
            let step = [(b[0] - a[0]) / count, (b[1] - a[1]) / count];
            for i in 0..count as u32 {
                let k = f64::from(i);
                let at = [a[0] + step[0] * k, a[1] + step[1] * k];
                self.nodes.push(Node { place: place_at(at), bow_m: bow_m(at, step) });
            }
        }
        self.nodes.push(Node { place: place_at(*last), bow_m: 0.0 });
        let end = self.nodes.len() - 1;
        let mut start = first;
        while start < end {
            let stop = (start + CHUNK).min(end);
            self.chunks.push(Chunk::new(&self.nodes, start, stop));
            start = stop;
        }
    }
}

impl Piece {
    /// The path of one edge, unless it is so long that it must be cut.
    pub(crate) fn of_edge(a: [f64; 2], b: [f64; 2]) -> Option<Self> {
        if pieces_of(a, b) > 1.0 {
            return None;
        }
        let bow_m = bow_m(a, [b[0] - a[0], b[1] - a[1]]);
        let nodes = [Node { place: place_at(a), bow_m }, Node { place: place_at(b), bow_m: 0.0 }];
        Some(Self { nodes, chunks: [Chunk::new(&nodes, 0, 1)] })
    }
}

impl Chunk {
    fn new(nodes: &[Node], start: usize, end: usize) -> Self {
        let nodes = &nodes[start..=end];
        let mut low = [f64::MAX; 3];
        let mut high = [f64::MIN; 3];
        for node in nodes {
            for axis in 0..3 {
                low[axis] = low[axis].min(node.place.xyz[axis]);
                high[axis] = high[axis].max(node.place.xyz[axis]);
            }
        }
        let centre = [0, 1, 2].map(|axis| 0.5 * (low[axis] + high[axis]));
        let mut radius_m: f64 = 0.0;
        for node in nodes {
            let d = sub(node.place.xyz, centre);
            radius_m = radius_m.max(dot(d, d).sqrt());
        }
        // A piece is within its bow of its chord, and the chord within the sphere.
        let bow_m = nodes.iter().fold(0.0_f64, |most, node| most.max(node.bow_m));
        let flat = bow_m < BOW_M_SMALL;
        Self { flat, centre, radius_m: radius_m + bow_m + 1e-6, start, end }
    }
}

impl<Nodes: Borrow<[Node]>, Chunks: Borrow<[Chunk]>> Path<Nodes, Chunks> {
    fn nodes(&self) -> &[Node] {
        self.nodes.borrow()
    }

    fn chunks(&self) -> &[Chunk] {
        self.chunks.borrow()
    }

    /// The geodesic distance to the nearest point of the path; infinite if it is empty.
    ///
    /// `exact_m` is the distance around which centimetres matter.
    pub(crate) fn distance_m(&self, from: &Place, exact_m: f64) -> f64 {
        let Some(nearest) = self.nearest(from.xyz) else {
            return f64::INFINITY;
        };
        let reach_m = place_distance_m(from, &nearest.place);
        if reach_m < CHORD_M_TRUSTED || (exact_m < CHORD_M_TRUSTED && reach_m < FAR_M) {
            return reach_m;
        }
        self.far_distance_m(from, nearest.chord_m, reach_m)
    }

    fn nearest(&self, from: Xyz) -> Option<Nearest> {
        let first = self.nearest_chunk(from)?;
        let mut best = Nearest { chord_m: f64::INFINITY, place: self.nodes().first()?.place };
        self.search_chunk(&self.chunks()[first], from, &mut best);
        for (i, chunk) in self.chunks().iter().enumerate() {
            let d = sub(chunk.centre, from);
            let reach_m = best.chord_m + chunk.radius_m;
            if i != first && dot(d, d) < reach_m * reach_m {
                self.search_chunk(chunk, from, &mut best);
            }
        }
        Some(best)
    }

    fn nearest_chunk(&self, from: Xyz) -> Option<usize> {
        if self.chunks().len() == 1 {
            return Some(0);
        }
        let mut best = None;
        let mut least_m = f64::INFINITY;
        for (i, chunk) in self.chunks().iter().enumerate() {
            let d = sub(chunk.centre, from);
            let bound_m = dot(d, d).sqrt() - chunk.radius_m;
            if bound_m < least_m {
                least_m = bound_m;
                best = Some(i);
            }
        }
        best
    }

    fn search_chunk(&self, chunk: &Chunk, from: Xyz, best: &mut Nearest) {
        if chunk.flat {
            return self.search_flat(chunk, from, best);
        }
        let mut feet = [(0.0, 0.0); CHUNK];
        let mut least = (f64::INFINITY, 0);
        for (i, foot) in feet[..chunk.end - chunk.start].iter_mut().enumerate() {
            let [a, b] = self.piece(chunk.start + i);
            *foot = foot_on_chord(a.place.xyz, b.place.xyz, from);
            foot.0 = foot.0.sqrt();
            if foot.0 + a.bow_m < least.0 {
                least = (foot.0 + a.bow_m, i);
            }
        }
        let limit_m = least.0;
        self.refine(chunk.start + least.1, feet[least.1], from, best);
        for (i, foot) in feet[..chunk.end - chunk.start].iter().enumerate() {
            let bound_m = foot.0 - self.nodes()[chunk.start + i].bow_m;
            if i != least.1 && bound_m <= limit_m && bound_m < best.chord_m {
                self.refine(chunk.start + i, *foot, from, best);
            }
        }
    }

    fn search_flat(&self, chunk: &Chunk, from: Xyz, best: &mut Nearest) {
        let mut least = (f64::INFINITY, 0.0);
        let mut at = chunk.start;
        for i in chunk.start..chunk.end {
            let [a, b] = self.piece(i);
            let foot = foot_on_chord(a.place.xyz, b.place.xyz, from);
            if foot.0 < least.0 {
                least = foot;
                at = i;
            }
        }
        self.refine(at, (least.0.sqrt(), least.1), from, best);
    }

    fn piece(&self, i: usize) -> [&Node; 2] {
        [&self.nodes()[i], &self.nodes()[i + 1]]
    }

    fn refine(&self, piece: usize, foot: (f64, f64), from: Xyz, best: &mut Nearest) {
        let [a, b] = self.piece(piece);
        if a.bow_m < BOW_M_SMALL {
            if foot.0 < best.chord_m {
                *best = Nearest { chord_m: foot.0, place: chord_place(a, b, foot.1) };
            }
            return;
        }
        let (chord_m, place) = foot_on_curve(&a.place, &b.place, foot.1, from);
        if chord_m < best.chord_m {
            *best = Nearest { chord_m, place };
        }
    }

    /// Whether a point of this path is within `limit_m` of a point of another.
    pub(crate) fn comes_within(
        &self,
        other: &Path<impl Borrow<[Node]>, impl Borrow<[Chunk]>>,
        limit_m: f64,
    ) -> bool {
        self.chunks().iter().any(|mine| {
            other.chunks().iter().any(|theirs| {
                let d = sub(mine.centre, theirs.centre);
                let reach = limit_m + mine.radius_m + theirs.radius_m;
                dot(d, d) <= reach * reach
                    && (mine.start..mine.end).any(|i| {
                        (theirs.start..theirs.end)
                            .any(|j| pieces_within(self.piece(i), other.piece(j), limit_m))
                    })
            })
        })
    }
}

/// The point of a nearly straight piece at `t`, without trigonometry.
fn chord_place(a: &Node, b: &Node, t: f64) -> Place {
    let (a, b) = (&a.place, &b.place);
    Place {
        xyz: along(a.xyz, sub(b.xyz, a.xyz), t),
        lat_deg: a.lat_deg + (b.lat_deg - a.lat_deg) * t,
        lon_deg: a.lon_deg + lon_step_deg(a.lon_deg, b.lon_deg) * t,
    }
}

#[cfg(test)]
mod tests {
    use super::super::foot::between;
    use super::super::thirds::least_by_thirds;
    use super::*;

    /// From a place on, steps to the east, each second one to the north and back.
    fn zigzag(from: [f64; 2], step: [f64; 2], count: usize) -> Vec<[f64; 2]> {
        let east = |i: usize| from[1] + step[1] * i as f64;
        let north = |i: usize| from[0] + step[0] * (i % 2) as f64;
        (0..count).map(|i| [north(i), east(i)]).collect()
    }

    /// Lines of many flat pieces, of pieces of both kinds, of long edges, and round a pole; the
    /// last is farthest from its middle between two nodes.
    fn lines() -> [Vec<[f64; 2]>; 5] {
        let mut mixed = zigzag([-30.0, 179.9], [0.002, 0.001], 20);
        mixed.extend(zigzag([-31.0, 180.0], [0.9, 0.2], 9));
        let flat = zigzag([50.0, 8.0], [0.002, 0.001], 60);
        let long = zigzag([10.0, -70.0], [4.0, 3.0], 9);
        let bent = vec![[89.986, 20.0], [89.986, 31.0], [89.521, 152.0]];
        [flat, mixed, long, zigzag([89.3, 0.0], [0.5, 50.0], 7), bent]
    }

    /// The least distance by samples and thirds.
    fn least_m(edge: &[[f64; 2]], from: &Place) -> f64 {
        let at = |t: f64| {
            let [lat, lon] = [0, 1].map(|i| edge[0][i] + (edge[1][i] - edge[0][i]) * t);
            place_distance_m(from, &place_at([lat, lon]))
        };
        let samples = (0..=50).map(|k| f64::from(k) / 50.0);
        let best = samples.min_by(|s, t| at(*s).total_cmp(&at(*t))).unwrap_or(0.0);
        let (low, high) = ((best - 0.02).max(0.0), (best + 0.02).min(1.0));
        at(least_by_thirds(low, high, at)).min(at(0.0)).min(at(1.0))
    }

    /// Places on a line, beside it, far away, and near the other side of the earth.
    fn places_round(line: &[[f64; 2]]) -> Vec<Place> {
        let mut places = Vec::new();
        for [lat, lon] in line.iter().step_by(5) {
            for off in [0.0, 0.0007, -0.03, 1.0, -20.0, 55.0] {
                places.push(place_at([(lat + off).clamp(-90.0, 90.0), lon + 0.7 * off]));
            }
            places.extend([179.0, 184.0].map(|turn| place_at([-lat, lon + turn])));
        }
        places
    }

    /// The distance to lines, where centimetres matter and where they do not.
    pub(super) fn check(lines: &[Vec<[f64; 2]>], from: &Place) {
        let edges = lines.iter().flat_map(|line| line.windows(2));
        let expected = edges.map(|edge| least_m(edge, from)).fold(f64::INFINITY, f64::min);
        for (exact_m, limit_m) in [(expected, 0.01), (0.0, 1e-3 * expected + 0.01)] {
            let d = Path::new(lines).distance_m(from, exact_m);
            let context = format!("{from:?} {lines:?} {exact_m}");
            assert!((d - expected).abs() < limit_m, "{context}: {d} {expected}");
        }
    }

    // J-GEO-2
    #[test]
    fn a_line_is_as_near_as_the_nearest_point_of_an_edge() {
        for line in lines() {
            let line = [line];
            places_round(&line[0]).iter().for_each(|from| check(&line, from));
        }
    }

    // J-GEO-2
    #[test]
    fn pieces_near_each_other_are_told_apart_though_they_stray_from_their_chords() {
        // The end of the line is 44 m north of the middle of its first piece, whose chord passes
        // about as far north of it.
        let line = [vec![[60.0, 0.0], [60.0, 0.5], [61.0, 0.3], [60.0004, 0.25]]];
        for k in 0..=40 {
            check(&line, &Place::new(60.0 + 1e-5 * f64::from(k), 0.25));
        }
    }

    // J-GEO-2
    #[test]
    fn a_short_piece_is_as_far_from_afar() {
        // 220 m of the equator, seen from 220 km to the north and south.
        let line = [vec![[0.0, 20.0], [0.0, 20.002]]];
        for share in [0.002, 0.5, 0.998] {
            for lat in [-2.0, 2.0] {
                check(&line, &Place::new(lat, 20.0 + 0.002 * share));
            }
        }
    }

    #[test]
    fn short_lines_come_as_near_as_their_ends() {
        let path = |from: f64| Path::new(&[vec![[from, 74.0], [from + 1e-6, 74.0]]]);
        let (south, north) = (path(43.0), path(43.0001));
        let gap_m = place_distance_m(&Place::new(43.000_001, 74.0), &Place::new(43.0001, 74.0));
        assert!(south.comes_within(&north, gap_m + 0.001));
        assert!(north.comes_within(&south, gap_m + 0.001));
        assert!(!south.comes_within(&north, gap_m - 0.001));
    }

    // J-GEO-2
    #[test]
    fn pieces_are_in_the_sphere_of_their_chunk_and_it_is_no_larger_than_need_be() {
        let far_m = |a: Xyz, b: Xyz| dot(sub(a, b), sub(a, b)).sqrt();
        for path in lines().map(|line| Path::new(&[line])) {
            let mut next = 0;
            for chunk in &path.chunks {
                assert_eq!(chunk.start, next, "each piece is in one chunk");
                assert!(chunk.end - chunk.start <= CHUNK);
                next = chunk.end;
                let nodes = &path.nodes[chunk.start..=chunk.end];
                let mut most_m = 0.0_f64;
                for pair in nodes.windows(2) {
                    for t in [0.0, 0.25, 0.5, 0.75, 1.0] {
                        let p = between(&pair[0].place, &pair[1].place, t);
                        most_m = most_m.max(far_m(p.xyz, chunk.centre));
                    }
                }
                let bow_m = nodes.iter().map(|node| node.bow_m).fold(0.0, f64::max);
                assert_eq!(chunk.flat, bow_m < BOW_M_SMALL, "flat: no bow in it matters");
                assert!(most_m <= chunk.radius_m, "{chunk:?} {most_m}");
                assert!(chunk.radius_m <= most_m + 2.0 * bow_m + 0.001, "{chunk:?} {most_m}");
                let wide_m = nodes.iter().map(|a| far_m(a.place.xyz, nodes[0].place.xyz));
                let wide_m = wide_m.fold(0.0, f64::max);
                assert!(chunk.radius_m <= 0.9 * wide_m + 2.0 * bow_m, "{chunk:?} {wide_m}");
            }
            assert_eq!(next, path.nodes.len() - 1);
        }
    }

    #[test]
    fn pieces_get_longer_where_there_would_be_too_many() {
        let line = zigzag([40.0, 0.0], [1.0, 180.0], 200);
        let path = Path::new(&[line]);
        assert!((60_000..66_000).contains(&path.nodes.len()), "{}", path.nodes.len());
        let d = path.distance_m(&Place::new(40.0, 0.0), 0.0);
        assert_eq!(d, 0.0);
    }
}
