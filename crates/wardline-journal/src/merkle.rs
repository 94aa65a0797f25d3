//! Merkle trees as in RFC 6962: a head, proofs that a leaf is in a tree, and that one tree is the
//! beginning of another.
//!
//! A [`Tree`] is what a writer keeps: one hash for each set bit of the number of leaves. Proofs
//! need the hashes of complete subtrees, which a [`Nodes`] gives.

mod nodes;
mod proof;

pub use nodes::{Nodes, node_index};
pub use proof::{Consistency, Inclusion, ProofError, prove_consistency, prove_inclusion, root_of};

use crate::Hash;
use sha2::{Digest, Sha256};

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// The hash of a node over two others.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree that grows, with no more than it needs for its head.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The heads of its complete subtrees, the largest first.
    peaks: Vec<Hash>,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. `store` is given the hash of each subtree that is complete now, the leaf's own
    /// first: what [`Nodes`] keeps.
    pub fn push(&mut self, leaf: Hash, mut store: impl FnMut(Hash)) {
        store(leaf);
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
                store(hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The hash of the whole tree; that of no bytes if it is empty.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
            None => Sha256::digest([]).into(),
        }
    }
}
