//! Inputs of a log, one after another.

use std::collections::VecDeque;
use std::sync::Arc;
use wardline_core::input::Record;
use wardline_core::{Numbered, Part};
use wardline_journal::disk::Disk;
use wardline_journal::{InputReader, Logged, ReadError};

/// The rest of a log, input by input.
pub(super) struct Tail {
    reader: InputReader,
    logged: VecDeque<Logged>,
    until: u64,
}

impl Tail {
    /// Inputs from a number on, up to the one before `until`.
    pub fn open(disk: Arc<dyn Disk>, from: u64, until: u64) -> Result<Self, ReadError> {
        Ok(Self { reader: InputReader::open(disk, from)?, logged: VecDeque::new(), until })
    }

    /// The next input that can be read.
    pub fn next(&mut self) -> Result<Option<(u64, Record)>, ReadError> {
        loop {
            match self.logged.pop_front() {
                Some(Logged::Input { number, .. }) if number >= self.until => return Ok(None),
                Some(Logged::Input { number, record }) => {
                    if let Some(record) = record.open() {
                        return Ok(Some((number, record)));
                    }
                }
                Some(_) => {}
                None => {
                    let mut logged = std::mem::take(&mut self.logged).into();
                    let is_more = self.reader.next_frame(&mut logged)?;
                    self.logged = logged.into();
                    if !is_more {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Adds some inputs, and says whether there are more.
    pub fn fill(&mut self, into: &mut Vec<Numbered>) -> Result<bool, ReadError> {
        while into.len() < REPLAYED_AT_ONCE {
            let Some((number, record)) = self.next()? else { return Ok(false) };
            let part = Part::WHOLE;
            into.push(Numbered { number, record, part });
        }
        Ok(true)
    }
}

/// As many as the dispatcher shares out at once.
const REPLAYED_AT_ONCE: usize = 1_024;
