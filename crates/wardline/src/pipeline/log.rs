//! Where numbered inputs are kept.

use std::io;
use std::time::Duration;
use wardline_core::Numbered;

/// A log that inputs are written to once they have their numbers, on a thread of its own.
///
/// Judging the log again with one engine gives the events of the pipeline. The pipeline judges
/// while the log writes, but no event leaves it before the input that caused it is committed.
///
/// A log without room says so by an error of the kind [`io::ErrorKind::StorageFull`]: it is asked
/// again until it has room, and meanwhile nothing is taken in for long. After any other error the
/// pipeline is closed, since what was written is unknown then.
pub trait Log: Send {
    /// Adds inputs, all or none; their numbers go on from those before.
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

    /// How long what was appended may still wait for its commit. An event that waits for one of the
    /// inputs brings the commit on before. Default: not at all.
    fn due_in(&self) -> Duration {
        Duration::ZERO
    }
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
