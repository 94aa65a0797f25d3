//! Inputs of a log, frame after frame.

use std::sync::Arc;
use wardline_core::{Numbered, Part};
use wardline_journal::disk::Disk;
use wardline_journal::{InputReader, Logged, ReadError};

/// The rest of a log.
pub(super) struct Tail {
    reader: InputReader,
    until: u64,
}

impl Tail {
    /// Inputs from a number on, up to the one before `until`: of a log that a start has checked.
    pub fn open(disk: Arc<dyn Disk>, from: u64, until: u64) -> Result<Self, ReadError> {
        Ok(Self { reader: InputReader::open(disk, from)?.checked_before(), until })
    }

    /// Adds the inputs of the next frame that can be read, and says whether there are more.
    pub fn fill(&mut self, into: &mut Vec<Numbered>) -> Result<bool, ReadError> {
        let (until, mut is_more) = (self.until, true);
        let is_frame = self.reader.visit_frame(|logged| {
            let Logged::Input { number, record } = logged else { return };
            is_more &= number < until;
            if let Some(record) = record.open().filter(|_| is_more) {
                into.push(Numbered { number, record, part: Part::WHOLE });
            }
        })?;
        Ok(is_frame && is_more)
    }
}
