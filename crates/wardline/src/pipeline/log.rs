//! Where numbered inputs are kept.

use std::io;
use std::time::Duration;
use wardline_core::Numbered;
use wardline_wire::datagram::Heard;

/// A log that inputs are written to once they have their numbers, on a thread of its own.
///
/// Judging the log again with one engine gives the events of the pipeline. The pipeline judges
/// while the log writes, but no event leaves it before the input that caused it is committed.
///
/// A log without room says so by an error of the kind [`io::ErrorKind::StorageFull`]: it is asked
/// again until it has room, and meanwhile nothing is taken in for long. After any other error the
/// pipeline is closed, since what was written is unknown then; a panic counts as such an error.
pub trait Log: Send {
    /// Adds inputs, all or none; their numbers go on from those before.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    fn append(&mut self, inputs: &[Numbered]) -> io::Result<()>;

    /// Adds what was heard of devices, before the inputs that came with it: so that a server
    /// refuses after a restart what it took in before. Default: nothing is kept of it, and after a
    /// restart only the numbers of records tell a repeat.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    fn append_heard(&mut self, heard: &[Heard]) -> io::Result<()> {
        let _ = heard;
        Ok(())
    }

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
