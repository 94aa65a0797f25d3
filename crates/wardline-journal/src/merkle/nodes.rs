//! The hashes of complete subtrees, in the order in which they become complete.

use crate::Hash;
use std::io;

/// Where the hashes of complete subtrees are kept.
pub trait Nodes {
    /// The hash at an index of [`node_index`].
    ///
    /// # Errors
    ///
    /// If it is not there or cannot be read.
    fn node(&mut self, index: u64) -> io::Result<Hash>;
}

impl Nodes for &[Hash] {
    fn node(&mut self, index: u64) -> io::Result<Hash> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.get(index).copied().ok_or(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Where the head of the `number`th complete subtree of 2^`level` leaves is kept.
///
/// The leaf that completes it has the number (`number` + 1) · 2^`level` − 1; before leaf n there
/// are n + ⌊n / 2⌋ + ⌊n / 4⌋ … hashes, and the leaf's own comes first of those it completes.
pub fn node_index(level: u32, number: u64) -> u64 {
    let leaf = ((u128::from(number) + 1) << level) - 1;
    let before: u128 = (0..64).map(|shift| leaf >> shift).sum();
    u64::try_from(before + u128::from(level)).unwrap_or(u64::MAX)
}

/// The head of a complete subtree.
pub(super) fn complete(nodes: &mut impl Nodes, level: u32, number: u64) -> io::Result<Hash> {
    nodes.node(node_index(level, number))
}
