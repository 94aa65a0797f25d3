//! Where numbered inputs are kept before they are judged.

use std::io;
use wardline_core::Numbered;

/// A log that inputs are written to once they have their numbers, before any shard sees them.
///
/// Judging the log again with one engine gives the events of the pipeline.
pub trait Log: Send {
    /// Adds inputs; their numbers go on from those before.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    fn append(&mut self, inputs: &[Numbered]) -> io::Result<()>;

    /// Makes all that was appended durable.
    ///
    /// # Errors
    ///
    /// If that fails.
    fn commit(&mut self) -> io::Result<()>;
}

/// A batch, or the part of it that went by one lane, has its numbers and is in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// The batch's tag.
    pub tag: u64,
    /// The number of its first input.
    pub first: u64,
    /// How many inputs it is.
    pub inputs: usize,
}
