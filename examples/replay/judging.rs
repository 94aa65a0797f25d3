//! The run itself: lines become records, records events, batch by batch.

use crate::summary::Summary;
use indicatif::ProgressBar;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_core::{Config, Engine, Ledger};
use wardline_examples::files::{Failure, Output, Reader};
use wardline_wire::jsonl::{Lines, event_value, write_event};

/// A batch is judged in one go, so that the clock is read twice for it and not for each fix.
const BATCH_RECORDS_MAX: usize = 1024;
/// Nor are the lines of a batch longer than this together, but for the last.
const BATCH_BYTES_MAX: u64 = 1 << 20;

/// How to run.
pub struct Run {
    /// The numbers that the engine judges by.
    pub config: Config,
    /// What shows how far the run is.
    pub progress: ProgressBar,
    /// Whether to keep the events for a map.
    pub keep_events: bool,
    /// Whether to keep the ledger.
    pub keep_ledger: bool,
}

/// What a run leaves.
#[derive(Default)]
pub struct Outcome {
    /// What was counted.
    pub summary: Summary,
    /// The events, if they were to be kept.
    pub events: Vec<Value>,
    /// The ledger, if it was to be kept.
    pub ledger: Ledger,
}

impl Run {
    /// Judges all lines and writes the events.
    pub fn judge(
        self,
        reader: Reader<'_>,
        input: &Path,
        out: &mut Output,
    ) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let mut engine = Engine::new(self.config.clone());
        let mut lines = Lines::new(reader);
        let mut outcome = Outcome::default();
        let (mut records, mut events) = (Vec::new(), Vec::new());
        loop {
            let read = read_batch(&mut lines, &mut records);
            let bytes = read.map_err(|error| Failure::new("cannot read", input, error))?;
            if records.is_empty() {
                break;
            }
            let judging = Instant::now();
            for record in &records {
                engine.apply(record, &mut |event| events.push(event));
            }
            outcome.summary.judging += judging.elapsed();
            outcome.summary.inputs += records.len() as u64;
            records.clear();
            self.tell(&events, &mut outcome, out)?;
            events.clear();
            self.progress.inc(bytes);
        }
        out.flush().map_err(|error| out.failure(error))?;
        self.progress.finish_and_clear();
        outcome.summary.counters = engine.counters();
        outcome.summary.whole = started.elapsed();
        Ok(outcome)
    }

    /// Writes the events, and keeps of them what is to be kept.
    pub fn tell(
        &self,
        events: &[Event],
        outcome: &mut Outcome,
        out: &mut Output,
    ) -> Result<(), Failure> {
        for event in events {
            write_event(event, out).map_err(|error| out.failure(error))?;
            outcome.summary.count(event);
            if self.keep_ledger {
                outcome.ledger.take(event);
            }
            if self.keep_events {
                outcome.events.push(event_value(event));
            }
        }
        Ok(())
    }
}

/// Reads records until the batch is full or the lines end, and gives the bytes read.
pub fn read_batch(
    lines: &mut Lines<Reader<'_>>,
    records: &mut Vec<Record>,
) -> std::io::Result<u64> {
    let mut bytes = 0;
    while records.len() < BATCH_RECORDS_MAX && bytes < BATCH_BYTES_MAX {
        let Some(line) = lines.next_line()? else {
            break;
        };
        bytes += line.length + 1;
        records.push(line.record());
    }
    Ok(bytes)
}
