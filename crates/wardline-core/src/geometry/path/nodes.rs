//! How the nodes of a path are kept: most zones are so small that every piece is flat, and then a
//! node needs no more than its place, which takes a third less.

use super::super::cut::bow_m;
use super::super::earth::{Place, Xyz};
use super::{BOW_M_SMALL, Chunk, Node};

/// Nodes one after another.
pub(crate) trait Nodes {
    /// Whether it is known of all pieces that their bows do not matter.
    fn are_flat(&self) -> bool;
    fn xyz(&self, node: usize) -> Xyz;
    fn place(&self, node: usize) -> Place;
    /// The bow of the piece that starts there.
    fn bow_m(&self, node: usize) -> f64;
}

impl Nodes for [Node; 2] {
    #[inline]
    fn are_flat(&self) -> bool {
        false
    }

    #[inline]
    fn xyz(&self, node: usize) -> Xyz {
        self[node].place.xyz
    }

    #[inline]
    fn place(&self, node: usize) -> Place {
        self[node].place
    }

    #[inline]
    fn bow_m(&self, node: usize) -> f64 {
        self[node].bow_m
    }
}

/// Whether these nodes give back exactly what they were made of. Flat ones must be so.
pub(super) fn give_back(kept: &impl Nodes, nodes: &[Node], chunks: &[Chunk]) -> bool {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
    let has_place = |node: usize| {
        let (kept, given) = (kept.place(node), &nodes[node].place);
        same(kept.lat_deg, given.lat_deg) && same(kept.lon_deg, given.lon_deg)
    };
    let has_bow = |piece: usize| {
        let given_m = nodes[piece].bow_m;
        (!kept.are_flat() || given_m < BOW_M_SMALL) && same(kept.bow_m(piece), given_m)
    };
    let mut pieces = chunks.iter().flat_map(Chunk::pieces);
    (0..nodes.len()).all(has_place) && pieces.all(has_bow)
}

/// The bow of the straight edge between two places.
pub(super) fn bow_of(a: &Place, b: &Place) -> f64 {
    let step = [b.lat_deg - a.lat_deg, b.lon_deg - a.lon_deg];
    bow_m([a.lat_deg, a.lon_deg], step)
}

/// Nodes to be kept for long.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Any(Box<[Node]>),
    Flat(Box<[FlatNode]>),
}

/// A node at a vertex, whose piece is an edge so short that its bow does not matter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlatNode {
    xyz: Xyz,
    lat_e7: i32,
    lon_e7: i32,
}

impl Kept {
    /// In fewer bytes if all comes back exactly.
    pub fn new(nodes: Vec<Node>, chunks: &[Chunk]) -> Self {
        let flat = Self::Flat(nodes.iter().map(|node| FlatNode::near(&node.place)).collect());
        if give_back(&flat, &nodes, chunks) {
            return flat;
        }
        Self::Any(nodes.into_boxed_slice())
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        match self {
            Self::Any(nodes) => nodes.len(),
            Self::Flat(nodes) => nodes.len(),
        }
    }
}

impl FlatNode {
    fn near(place: &Place) -> Self {
        let e7 = |deg: f64| (deg * 1e7).round_ties_even() as i32;
        Self { xyz: place.xyz, lat_e7: e7(place.lat_deg), lon_e7: e7(place.lon_deg) }
    }

    #[inline]
    fn place(&self) -> Place {
        let [lat_deg, lon_deg] = [self.lat_e7, self.lon_e7].map(|e7| f64::from(e7) / 1e7);
        Place { xyz: self.xyz, lat_deg, lon_deg }
    }
}

impl Nodes for Kept {
    #[inline]
    fn are_flat(&self) -> bool {
        matches!(self, Self::Flat(_))
    }

    #[inline]
    fn xyz(&self, node: usize) -> Xyz {
        match self {
            Self::Any(nodes) => nodes[node].place.xyz,
            Self::Flat(nodes) => nodes[node].xyz,
        }
    }

    #[inline]
    fn place(&self, node: usize) -> Place {
        match self {
            Self::Any(nodes) => nodes[node].place,
            Self::Flat(nodes) => nodes[node].place(),
        }
    }

    /// Worked out again for a flat one, which is rarely asked for.
    #[inline]
    fn bow_m(&self, node: usize) -> f64 {
        match self {
            Self::Any(nodes) => nodes[node].bow_m,
            Self::Flat(nodes) => bow_of(&nodes[node].place(), &nodes[node + 1].place()),
        }
    }
}
