//! The evidence, read beside the judgement: so that no more of it is held than is out of order.

use super::compare::Comparison;
use super::{CANNOT_READ, each_leaf};
use crate::files::Failure;
use std::path::Path;
use std::sync::Arc;
use wardline_journal::disk::Disk;
use wardline_journal::{Evidence, EvidenceReader, Leaf, Unsealed, event_id};

/// What the evidence says, up to where it was read.
pub struct Said<'a> {
    folder: &'a Path,
    disk: &'a Arc<dyn Disk>,
    reader: EvidenceReader,
    leaves: Vec<Leaf>,
    /// The number of the newest input that an event so far is of.
    input: u64,
    is_there: bool,
    has_ended: bool,
}

impl<'a> Said<'a> {
    /// Opens the evidence.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn open(folder: &'a Path, disk: &'a Arc<dyn Disk>) -> Result<Self, Failure> {
        let reader = EvidenceReader::open(Arc::clone(disk), Vec::new());
        let reader = reader.map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
        let (leaves, input) = (Vec::new(), 0);
        Ok(Self { folder, disk, reader, leaves, input, is_there: false, has_ended: false })
    }

    /// Whether there is no evidence at all.
    pub fn is_empty(&self) -> bool {
        self.has_ended && !self.is_there
    }

    /// Lets the comparison expect what the evidence says, up to about this input: shards write in
    /// any order among each other, but none is far ahead.
    ///
    /// # Errors
    ///
    /// If the evidence is damaged or cannot be read.
    pub fn read_to(&mut self, input: u64, comparison: &mut Comparison) -> Result<(), Failure> {
        while self.input < input && !self.has_ended {
            let more = self.reader.next_frame(&mut self.leaves);
            self.has_ended = !more.map_err(|e| Failure::new(CANNOT_READ, self.folder, e))?;
            for leaf in self.leaves.drain(..) {
                self.is_there = true;
                let Evidence::Event(event) = leaf.evidence else { continue };
                let Some((input, order, index)) = event_id(&leaf.stored) else { continue };
                self.input = self.input.max(input);
                match *event {
                    Unsealed::Open(event) => comparison.expect(event),
                    Unsealed::Sealed { .. } => comparison.expect_forgotten(input, order, index),
                }
            }
        }
        Ok(())
    }

    /// The rest; and of what was not judged again, whether it stands there twice: then it was
    /// compared the first time.
    ///
    /// # Errors
    ///
    /// As [`Said::read_to`].
    pub fn finish(mut self, comparison: &mut Comparison) -> Result<(), Failure> {
        self.read_to(u64::MAX, comparison)?;
        if comparison.has_rest() {
            let mut counted = comparison.count_rest();
            each_leaf(self.folder, self.disk, |leaf| {
                if let Some(id) = event_id(&leaf.stored) {
                    counted.see(id);
                }
            })?;
            comparison.take_out_repeats(counted);
        }
        Ok(())
    }
}
