//! Lines straight in longitude and latitude, prepared for the question how far away they are.
//!
//! Edges are cut into pieces that are nearly chords in space. Pieces come in chunks of 8 or 16,
//! each with a sphere around it. A query takes chunks and pieces by their lower bounds, and where
//! the bow matters finds the foot of the perpendicular on the curve itself by Newton's method.

mod bare;
mod far;
mod nodes;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::ops::Range;

use super::approach::pieces_within;
use super::cut::{bow_m, pieces_of};
use super::earth::{Place, Xyz, along, dot, place_distance_m, sub};
use super::foot::{foot_on_chord, foot_on_curve, lon_step_deg, place_at};
pub(crate) use bare::Bare;
pub(crate) use nodes::{Kept, Nodes};

/// Pieces per chunk, at the most.
const CHUNK: usize = 16;
/// The same in a path of up to so many pieces: of few chunks more are looked through sooner.
const CHUNK_SMALL: usize = 8;
const PIECES_SMALL: f64 = 256.0;
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
    start: u32,
    end: u32,
}

/// One or more chains of straight edges.
#[derive(Clone, Debug)]
pub(crate) struct Path<N = Kept, C = Box<[Chunk]>> {
    nodes: N,
    chunks: C,
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
        let (nodes, chunks) = nodes_of(chains);
        Self::of(nodes, chunks)
    }

    /// The path of these nodes.
    pub(crate) fn of(nodes: Vec<Node>, chunks: Vec<Chunk>) -> Self {
        // Zones are kept for long, by the million.
        Self { nodes: Kept::new(nodes, &chunks), chunks: chunks.into_boxed_slice() }
    }
}

/// The nodes of chains, and the chunks of their pieces.
pub(crate) fn nodes_of(chains: &[Vec<[f64; 2]>]) -> (Vec<Node>, Vec<Chunk>) {
    let edges = chains.iter().flat_map(|c| c.windows(2));
    let total: f64 = edges.map(|e| pieces_of(e[0], e[1])).sum();
    let scale = (PIECES_MAX / total).min(1.0);
    let size = if total <= PIECES_SMALL { CHUNK_SMALL } else { CHUNK };
    let (mut nodes, mut chunks) = (Vec::new(), Vec::new());
    for chain in chains {
        let first = nodes.len();
        push_chain(&mut nodes, chain, scale);
        push_chunks(&mut chunks, &nodes, first, size);
    }
    (nodes, chunks)
}

fn push_chain(nodes: &mut Vec<Node>, chain: &[[f64; 2]], scale: f64) {
    let Some(last) = chain.last() else { return };
    for edge in chain.windows(2) {
        let (a, b) = (edge[0], edge[1]);
        let count = (pieces_of(a, b) * scale).ceil().max(1.0);
        let step = [(b[0] - a[0]) / count, (b[1] - a[1]) / count];
        for i in 0..count as u32 {
            let k = f64::from(i);
            let at = [a[0] + step[0] * k, a[1] + step[1] * k];
            nodes.push(Node { place: place_at(at), bow_m: bow_m(at, step) });
        }
    }
    nodes.push(Node { place: place_at(*last), bow_m: 0.0 });
}

/// Makes chunks of the last chain, which starts at the node `first`.
fn push_chunks(chunks: &mut Vec<Chunk>, nodes: &[Node], first: usize, size: usize) {
    let end = nodes.len().saturating_sub(1);
    let starts = (first..end).step_by(size);
    chunks.extend(starts.map(|start| Chunk::new(nodes, start, (start + size).min(end))));
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
        let middle = |a: Xyz, b: Xyz| [0, 1, 2].map(|axis| 0.5 * (a[axis] + b[axis]));
        let ends = [0, end - start].map(|node| nodes[node].place.xyz);
        // Round a bend the sphere on its chord is the smaller one.
        let centres = [middle(low, high), middle(ends[0], ends[1])];
        let [boxed, bent] = centres.map(|centre| (radius_m(nodes, centre), centre));
        let (radius_m, centre) = if bent.0 < boxed.0 { bent } else { boxed };
        // A piece is within its bow of its chord, and the chord within the sphere.
        let bow_m = nodes.iter().fold(0.0_f64, |most, node| most.max(node.bow_m));
        let flat = bow_m < BOW_M_SMALL;
        let radius_m = radius_m + bow_m + 1e-6;
        // There are not many more nodes than `PIECES_MAX`.
        Self { flat, centre, radius_m, start: start as u32, end: end as u32 }
    }

    fn pieces(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// How far the farthest node is from a point.
fn radius_m(nodes: &[Node], centre: Xyz) -> f64 {
    let far2 = nodes.iter().map(|node| {
        let d = sub(node.place.xyz, centre);
        dot(d, d)
    });
    far2.fold(0.0, f64::max).sqrt()
}

impl<N: Nodes, C: Borrow<[Chunk]>> Path<N, C> {
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
        let mut best = Nearest { chord_m: f64::INFINITY, place: self.nodes.place(0) };
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
        let Range { start, end } = chunk.pieces();
        for (i, foot) in feet[..end - start].iter_mut().enumerate() {
            *foot = self.foot(start + i, from);
            foot.0 = foot.0.sqrt();
            let bow_m = self.nodes.bow_m(start + i);
            if foot.0 + bow_m < least.0 {
                least = (foot.0 + bow_m, i);
            }
        }
        let limit_m = least.0;
        self.refine(start + least.1, feet[least.1], from, best);
        for (i, foot) in feet[..end - start].iter().enumerate() {
            let bound_m = foot.0 - self.nodes.bow_m(start + i);
            if i != least.1 && bound_m <= limit_m && bound_m < best.chord_m {
                self.refine(start + i, *foot, from, best);
            }
        }
    }

    fn search_flat(&self, chunk: &Chunk, from: Xyz, best: &mut Nearest) {
        let mut least = (f64::INFINITY, 0.0);
        let mut at = chunk.start as usize;
        let mut start = self.nodes.xyz(at);
        for i in chunk.pieces() {
            let end = self.nodes.xyz(i + 1);
            let foot = foot_on_chord(start, end, from);
            start = end;
            if foot.0 < least.0 {
                least = foot;
                at = i;
            }
        }
        self.refine(at, (least.0.sqrt(), least.1), from, best);
    }

    #[inline]
    fn foot(&self, piece: usize, from: Xyz) -> (f64, f64) {
        foot_on_chord(self.nodes.xyz(piece), self.nodes.xyz(piece + 1), from)
    }

    fn places(&self, piece: usize) -> [Place; 2] {
        [self.nodes.place(piece), self.nodes.place(piece + 1)]
    }

    /// The start of a piece, with its bow, and its end.
    fn piece(&self, piece: usize) -> (Node, Place) {
        let [place, end] = self.places(piece);
        (Node { place, bow_m: self.nodes.bow_m(piece) }, end)
    }

    fn refine(&self, piece: usize, foot: (f64, f64), from: Xyz, best: &mut Nearest) {
        let is_flat = self.nodes.are_flat() || self.nodes.bow_m(piece) < BOW_M_SMALL;
        if is_flat && foot.0 >= best.chord_m {
            return;
        }
        let [a, b] = self.places(piece);
        if is_flat {
            *best = Nearest { chord_m: foot.0, place: chord_place(&a, &b, foot.1) };
            return;
        }
        let (chord_m, place) = foot_on_curve(&a, &b, foot.1, from);
        if chord_m < best.chord_m {
            *best = Nearest { chord_m, place };
        }
    }

    /// Whether a point of this path is within `limit_m` of a point of another.
    pub(crate) fn comes_within(
        &self,
        other: &Path<impl Nodes, impl Borrow<[Chunk]>>,
        limit_m: f64,
    ) -> bool {
        self.chunks().iter().any(|mine| {
            other.chunks().iter().any(|theirs| {
                let d = sub(mine.centre, theirs.centre);
                let reach = limit_m + mine.radius_m + theirs.radius_m;
                dot(d, d) <= reach * reach
                    && mine.pieces().any(|i| {
                        theirs
                            .pieces()
                            .any(|j| pieces_within(self.piece(i), other.piece(j), limit_m))
                    })
            })
        })
    }
}

/// The point of a nearly straight piece at `t`, without trigonometry.
fn chord_place(a: &Place, b: &Place, t: f64) -> Place {
    Place {
        xyz: along(a.xyz, sub(b.xyz, a.xyz), t),
        lat_deg: a.lat_deg + (b.lat_deg - a.lat_deg) * t,
        lon_deg: a.lon_deg + lon_step_deg(a.lon_deg, b.lon_deg) * t,
    }
}
