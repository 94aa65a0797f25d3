//! Lines straight in longitude and latitude, prepared for the question how far away they are.
//!
//! Edges are cut into pieces so short that each is nearly its chord in space; `bow_m` bounds
//! how far the piece strays from the chord. Pieces come in chunks of 16, each with a sphere
//! around it. A query takes chunks and pieces by their lower bounds, and where the bow matters
//! finds the foot of the perpendicular on the curve itself by Newton's method.

use super::earth::{Place, RADIANS, Xyz, along, dot, place_distance_m, sub};
use super::foot::{between, foot_on_chord, foot_on_curve, lon_step_deg, place_at};

/// Pieces per chunk.
const CHUNK: usize = 16;
/// The most pieces edges are cut into; beyond, pieces get longer, and queries slower.
const PIECES_MAX: f64 = 65_536.0;
/// The angle of a piece, at most, seen from the earth's centre: about 32 km.
const PIECE_ANGLE: f64 = 0.005;
/// The difference of longitude of a piece, at most, in radians; matters near the poles.
const PIECE_TURN: f64 = 0.2;
/// A bow that does not matter, in metres.
const BOW_M_SMALL: f64 = 3e-3;
/// More than any radius of curvature, in metres.
const CURVATURE_M_MAX: f64 = 6_400_000.0;
/// Beyond this the nearest point by chord need not be the nearest by geodesic.
const CHORD_M_TRUSTED: f64 = 100_000.0;
/// Beyond this distance of a narrow zone the difference exceeds the promise of 0.1 %.
const FAR_M: f64 = 4_000_000.0;

/// The start of a piece; the next node is its end.
#[derive(Clone, Copy, Debug)]
struct Node {
    place: Place,
    bow_m: f64,
}

/// A run of pieces of one chain, with a sphere around it; flat if no bow in it matters.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    centre: Xyz,
    radius_m: f64,
    flat: bool,
    start: usize,
    end: usize,
}

/// One or more chains of straight edges.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    nodes: Vec<Node>,
    chunks: Vec<Chunk>,
}

/// The nearest point by chord.
struct Nearest {
    chord_m: f64,
    place: Place,
}

impl Path {
    /// A path of chains of `[latitude, longitude]` in degrees; consecutive longitudes may
    /// differ by up to 180 degrees either way and exceed ±180.
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
        let end = (self.nodes.len() - 1).max(first + 1);
        let mut start = first;
        while start < end {
            let stop = (start + CHUNK).min(end);
            self.push_chunk(start, stop);
            start = stop;
        }
    }

    fn push_chunk(&mut self, start: usize, end: usize) {
        let nodes = &self.nodes[start..=end.min(self.nodes.len() - 1)];
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
            radius_m = radius_m.max(dot(d, d).sqrt() + node.bow_m);
        }
        // A piece is within its bow of its chord, and the chord within the sphere.
        let bow_m = nodes.iter().fold(0.0_f64, |most, node| most.max(node.bow_m));
        let flat = bow_m < BOW_M_SMALL;
        self.chunks.push(Chunk { flat, centre, radius_m: radius_m + bow_m + 1e-6, start, end });
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
        let mut best = Nearest { chord_m: f64::INFINITY, place: self.nodes.first()?.place };
        self.search_chunk(&self.chunks[first], from, &mut best);
        if self.chunks.len() > 1 {
            for (i, chunk) in self.chunks.iter().enumerate() {
                let d = sub(chunk.centre, from);
                let reach_m = best.chord_m + chunk.radius_m;
                if i != first && dot(d, d) < reach_m * reach_m {
                    self.search_chunk(chunk, from, &mut best);
                }
            }
        }
        Some(best)
    }

    fn nearest_chunk(&self, from: Xyz) -> Option<usize> {
        if self.chunks.len() == 1 {
            return Some(0);
        }
        let mut best = None;
        let mut least_m = f64::INFINITY;
        for (i, chunk) in self.chunks.iter().enumerate() {
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
            let bound_m = foot.0 - self.nodes[chunk.start + i].bow_m;
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
        [&self.nodes[i], self.nodes.get(i + 1).unwrap_or(&self.nodes[i])]
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

    /// The distance where chords do not tell which point is nearest.
    fn far_distance_m(&self, from: &Place, chord_m: f64, reach_m: f64) -> f64 {
        let limit_m = chord_m * if chord_m < 5e6 { 1.002 } else { 1.012 };
        let mut best = (reach_m, None);
        for chunk in &self.chunks {
            let d = sub(chunk.centre, from.xyz);
            let reach = limit_m + chunk.radius_m;
            if dot(d, d) > reach * reach {
                continue;
            }
            for i in chunk.start..chunk.end {
                let [a, b] = self.piece(i);
                let (d2, t) = foot_on_chord(a.place.xyz, b.place.xyz, from.xyz);
                if d2.sqrt() - a.bow_m <= limit_m {
                    let m = place_distance_m(from, &between(&a.place, &b.place, t));
                    if m <= best.0 {
                        best = (m, Some(i));
                    }
                }
            }
        }
        let middle = match best.1 {
            Some(i) => i,
            None => return best.0,
        };
        let last = self.nodes.len().saturating_sub(1);
        (middle.saturating_sub(1)..=(middle + 1).min(last))
            .filter(|i| self.chunks.iter().any(|c| c.start <= *i && *i < c.end))
            .map(|i| self.least_on_piece_m(i, from))
            .fold(best.0, f64::min)
    }

    fn least_on_piece_m(&self, piece: usize, from: &Place) -> f64 {
        let [a, b] = self.piece(piece);
        let at = |t: f64| place_distance_m(from, &between(&a.place, &b.place, t));
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..32 {
            let third = (high - low) / 3.0;
            if at(low + third) < at(high - third) {
                high -= third;
            } else {
                low += third;
            }
        }
        at(0.5 * (low + high)).min(at(0.0)).min(at(1.0))
    }

    /// Whether a point of this path is within `limit_m` of a point of another.
    pub(crate) fn comes_within(&self, other: &Self, limit_m: f64) -> bool {
        self.chunks.iter().any(|mine| {
            other.chunks.iter().any(|theirs| {
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

/// Whether two pieces come within `limit_m`: where their chords come nearest, then where the
/// chords of ever shorter parts round there do, until the parts are as good as straight.
fn pieces_within(mine: [&Node; 2], theirs: [&Node; 2], limit_m: f64) -> bool {
    let [a, b] = mine.map(|node| &node.place);
    let [c, d] = theirs.map(|node| &node.place);
    let half = |p: &Place, q: &Place| {
        let v = sub(q.xyz, p.xyz);
        (along(p.xyz, v, 0.5), 0.5 * dot(v, v).sqrt())
    };
    let ((m, m_half), (n, n_half)) = (half(a, b), half(c, d));
    let v = sub(m, n);
    let bows_m = mine[0].bow_m + theirs[0].bow_m;
    let reach = limit_m + m_half + n_half + bows_m + 1e-6;
    if dot(v, v) > reach * reach {
        return false;
    }
    let (mut here, mut there) = ([0.0, 1.0], [0.0, 1.0]);
    for _ in 0..PARTINGS {
        let [p, q] = here.map(|s| between(a, b, s));
        let [r, t] = there.map(|s| between(c, d, s));
        let (s, u) = nearest_on_chords([p.xyz, q.xyz], [r.xyz, t.xyz]);
        let s = here[0] + s * (here[1] - here[0]);
        let u = there[0] + u * (there[1] - there[0]);
        if place_distance_m(&between(a, b, s), &between(c, d, u)) <= limit_m {
            return true;
        }
        here = part_round(s, here);
        there = part_round(u, there);
    }
    false
}

/// How often [`pieces_within`] takes a shorter part: each is half as long, its bow a quarter.
const PARTINGS: u32 = 12;

/// Half of the part, round `s` where it has room.
fn part_round(s: f64, part: [f64; 2]) -> [f64; 2] {
    let quarter = 0.25 * (part[1] - part[0]);
    [(s - quarter).max(0.0), (s + quarter).min(1.0)]
}

/// Where two chords come nearest, as shares of each.
///
/// Source: C. Ericson, Real-Time Collision Detection (2005), section 5.1.9.
fn nearest_on_chords(mine: [Xyz; 2], theirs: [Xyz; 2]) -> (f64, f64) {
    let (d, e) = (sub(mine[1], mine[0]), sub(theirs[1], theirs[0]));
    let r = sub(mine[0], theirs[0]);
    let (dd, ee, de) = (dot(d, d), dot(e, e), dot(d, e));
    let (dr, er) = (dot(d, r), dot(e, r));
    let share = |up: f64, down: f64| match down > 0.0 {
        true => (up / down).clamp(0.0, 1.0),
        false => 0.0,
    };
    let s = share(de * er - dr * ee, dd * ee - de * de);
    let t = share(de * s + er, ee);
    (share(de * t - dr, dd), t)
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

/// The cosine of the latitude nearest the equator, from above.
fn widest(a: [f64; 2], b: [f64; 2]) -> f64 {
    if a[0] * b[0] <= 0.0 {
        return 1.0;
    }
    (libm::cos(a[0].abs().min(b[0].abs()) * RADIANS) + 1e-6).min(1.0)
}

fn pieces_of(a: [f64; 2], b: [f64; 2]) -> f64 {
    let dlat = (b[0] - a[0]).abs() * RADIANS;
    let dlon = (b[1] - a[1]).abs() * RADIANS;
    let angle = dlat.max(dlon * widest(a, b));
    (angle / PIECE_ANGLE).max(dlon / PIECE_TURN).ceil().max(1.0)
}

/// A bound of how far a piece strays from its chord: an eighth of its greatest acceleration.
fn bow_m(at: [f64; 2], step: [f64; 2]) -> f64 {
    let end = [at[0] + step[0], at[1] + step[1]];
    let dlat = step[0].abs() * RADIANS;
    let dlon = step[1].abs() * RADIANS;
    let acceleration = dlat * dlat + 2.0 * dlat * dlon + dlon * dlon * widest(at, end);
    CURVATURE_M_MAX * 1.01 * acceleration / 8.0
}
