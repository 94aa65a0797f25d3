//! Proofs, made as section 2.1 of RFC 6962 says and checked as RFC 9162 says (2.1.3.2, 2.1.4.2).

use super::node_hash;
use super::nodes::{Nodes, complete};
use crate::Hash;
use std::fmt;
use std::io;

/// A proof that a leaf is in a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inclusion {
    /// The number of the leaf, from 0.
    pub leaf: u64,
    /// The number of leaves of the tree.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root.
    pub path: Vec<Hash>,
}

/// A proof that a tree is the beginning of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consistency {
    /// The number of leaves of the smaller tree.
    pub old_size: u64,
    /// That of the greater one.
    pub size: u64,
    /// The hashes from which both roots follow.
    pub path: Vec<Hash>,
}

/// Why there is no proof, or it proves nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProofError {
    /// There is no such leaf or smaller tree in a tree of this size.
    OutOfRange {
        /// The leaf, or the size of the smaller tree.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof does not lead to the root.
    Wrong,
    /// The stored hashes could not be read.
    Io(io::Error),
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { index, size } => {
                write!(f, "{index} is not within a tree of {size} leaves")
            }
            Self::Wrong => f.write_str("the proof does not lead to the root"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProofError {}

impl From<io::Error> for ProofError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
///
/// If a stored hash cannot be read.
pub fn root_of(nodes: &mut impl Nodes, size: u64) -> Result<Hash, ProofError> {
    if size == 0 {
        return Ok(super::Tree::new().root());
    }
    Ok(range(nodes, 0, size)?)
}

/// Proves that a leaf is in the tree of the first `size` leaves.
///
/// # Errors
///
/// If it is not, or a stored hash cannot be read.
pub fn prove_inclusion(
    nodes: &mut impl Nodes,
    leaf: u64,
    size: u64,
) -> Result<Inclusion, ProofError> {
    if leaf >= size {
        return Err(ProofError::OutOfRange { index: leaf, size });
    }
    let (mut from, mut until, mut path) = (0, size, Vec::new());
    // From the root down; the path is from the leaf up.
    while until - from > 1 {
        let middle = from + split(until - from);
        if leaf < middle {
            path.push(range(nodes, middle, until)?);
            until = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(Inclusion { leaf, size, path })
}

/// Proves that the tree of the first `old_size` leaves is the beginning of that of the first
/// `size`.
///
/// # Errors
///
/// If it is not smaller, or a stored hash cannot be read.
pub fn prove_consistency(
    nodes: &mut impl Nodes,
    old_size: u64,
    size: u64,
) -> Result<Consistency, ProofError> {
    if old_size == 0 || old_size > size {
        return Err(ProofError::OutOfRange { index: old_size, size });
    }
    let (mut from, mut until, mut path) = (0, size, Vec::new());
    while until != old_size {
        let middle = from + split(until - from);
        if old_size <= middle {
            path.push(range(nodes, middle, until)?);
            until = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    // The whole old tree is known to whoever checks, so its root is not in the proof.
    if from != 0 {
        path.push(range(nodes, from, until)?);
    }
    path.reverse();
    Ok(Consistency { old_size, size, path })
}

/// The hash over the leaves in `from..until`, of which `from` begins a complete subtree.
fn range(nodes: &mut impl Nodes, from: u64, until: u64) -> io::Result<Hash> {
    let length = until - from;
    if length.is_power_of_two() {
        let level = length.trailing_zeros();
        return complete(nodes, level, from >> level);
    }
    let middle = from + split(length);
    let left = range(nodes, from, middle)?;
    Ok(node_hash(&left, &range(nodes, middle, until)?))
}

/// The greatest power of two below the length, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

impl Inclusion {
    /// Checks the proof.
    ///
    /// # Errors
    ///
    /// If it does not lead from the hash of the leaf to the root.
    pub fn verify(&self, leaf_hash: &Hash, root: &Hash) -> Result<(), ProofError> {
        if self.leaf >= self.size {
            return Err(ProofError::OutOfRange { index: self.leaf, size: self.size });
        }
        let (mut place, mut last, mut hash) = (self.leaf, self.size - 1, *leaf_hash);
        for beside in &self.path {
            if last == 0 {
                return Err(ProofError::Wrong);
            }
            if place & 1 == 1 || place == last {
                hash = node_hash(beside, &hash);
                while place & 1 == 0 && place != 0 {
                    (place, last) = (place >> 1, last >> 1);
                }
            } else {
                hash = node_hash(&hash, beside);
            }
            (place, last) = (place >> 1, last >> 1);
        }
        if last == 0 && hash == *root { Ok(()) } else { Err(ProofError::Wrong) }
    }
}

impl Consistency {
    /// Checks the proof.
    ///
    /// # Errors
    ///
    /// If it does not lead to both roots.
    pub fn verify(&self, old_root: &Hash, root: &Hash) -> Result<(), ProofError> {
        let Self { old_size, size, path } = self;
        if *old_size == 0 || old_size > size {
            return Err(ProofError::OutOfRange { index: *old_size, size: *size });
        }
        if old_size == size {
            let same = path.is_empty() && old_root == root;
            return if same { Ok(()) } else { Err(ProofError::Wrong) };
        }
        let mut path = path.iter();
        let seed = if old_size.is_power_of_two() { Some(old_root) } else { path.next() };
        let seed = seed.ok_or(ProofError::Wrong)?;
        let shared = (old_size - 1).trailing_ones();
        let (mut place, mut last) = ((old_size - 1) >> shared, (size - 1) >> shared);
        let (mut old_hash, mut hash) = (*seed, *seed);
        for beside in path {
            if last == 0 {
                return Err(ProofError::Wrong);
            }
            if place & 1 == 1 || place == last {
                old_hash = node_hash(beside, &old_hash);
                hash = node_hash(beside, &hash);
                while place & 1 == 0 && place != 0 {
                    (place, last) = (place >> 1, last >> 1);
                }
            } else {
                hash = node_hash(&hash, beside);
            }
            (place, last) = (place >> 1, last >> 1);
        }
        let leads = last == 0 && old_hash == *old_root && hash == *root;
        if leads { Ok(()) } else { Err(ProofError::Wrong) }
    }
}
