//! Nodes of the boundary of a polygon: their places are its vertices, which are kept anyway.

use super::super::earth::{Place, Xyz};
use super::super::position::Position;
use super::nodes::{Nodes, bow_of, give_back};
use super::{Chunk, Node, Path};

/// A path all of whose nodes are at vertices, without these; of flat pieces only, or with bows.
#[derive(Clone, Debug)]
pub(crate) struct Bare {
    nodes: BareNodes,
    chunks: Box<[Chunk]>,
}

#[derive(Clone, Debug)]
enum BareNodes {
    Bowed(Box<[(Xyz, f64)]>),
    Flat(Box<[Xyz]>),
}

/// Such nodes and the vertices.
struct AtVertices<'a> {
    nodes: &'a BareNodes,
    vertices: &'a [Position],
}

impl Bare {
    /// The path without the places of its nodes, if these are the vertices, exactly.
    pub fn of(nodes: &[Node], chunks: &[Chunk], vertices: &[Position]) -> Option<Self> {
        if nodes.len() != vertices.len() {
            return None;
        }
        let flat = BareNodes::Flat(nodes.iter().map(|node| node.place.xyz).collect());
        let bowed = || nodes.iter().map(|node| (node.place.xyz, node.bow_m)).collect();
        let gives_back =
            |bare: &BareNodes| give_back(&AtVertices { nodes: bare, vertices }, nodes, chunks);
        let bare = if gives_back(&flat) { flat } else { BareNodes::Bowed(bowed()) };
        gives_back(&bare).then(|| Self { nodes: bare, chunks: chunks.into() })
    }

    /// The distance to the path, as [`Path::distance_m`] gives it.
    pub fn distance_m(&self, vertices: &[Position], from: &Place, exact_m: f64) -> f64 {
        let nodes = AtVertices { nodes: &self.nodes, vertices };
        Path { nodes, chunks: &*self.chunks }.distance_m(from, exact_m)
    }
}

impl Nodes for AtVertices<'_> {
    #[inline]
    fn are_flat(&self) -> bool {
        matches!(self.nodes, BareNodes::Flat(_))
    }

    #[inline]
    fn xyz(&self, node: usize) -> Xyz {
        match self.nodes {
            BareNodes::Bowed(nodes) => nodes[node].0,
            BareNodes::Flat(nodes) => nodes[node],
        }
    }

    #[inline]
    fn place(&self, node: usize) -> Place {
        let vertex = self.vertices[node];
        Place { xyz: self.xyz(node), lat_deg: vertex.lat_deg(), lon_deg: vertex.lon_deg() }
    }

    #[inline]
    fn bow_m(&self, node: usize) -> f64 {
        match self.nodes {
            BareNodes::Bowed(nodes) => nodes[node].1,
            BareNodes::Flat(_) => bow_of(&self.place(node), &self.place(node + 1)),
        }
    }
}
