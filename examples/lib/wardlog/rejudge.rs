//! Judging a journal or a case again, and comparing with what was said.
//!
//! One thread reads, checks and opens the log, another judges; each says how long it was busy, so
//! that the sum is what one core would need.

use super::CANNOT_READ;
use super::case::Case;
use super::compare::{Compared, Comparison};
use super::said::Said;
use crate::files::{Failure, Output};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use wardline_core::event::Event;
use wardline_core::input::{Input, Record};
use wardline_core::{Config, Engine, Numbered, Part};
use wardline_journal::disk::Disk;
use wardline_journal::{Evidence, InputReader, Logged, ReadError, Unsealed};
use wardline_wire::jsonl::write_event;

/// What was judged again.
#[derive(Default)]
pub struct Rejudged {
    /// Inputs judged.
    pub inputs: u64,
    /// Inputs whose content was forgotten; they count as ticks.
    pub forgotten: u64,
    /// Events said again.
    pub events: u64,
    /// How long the log was read, opened and decoded.
    pub reading: Duration,
    /// How long the engine judged.
    pub judging: Duration,
    /// How long it all took.
    pub whole: Duration,
    /// What the comparison found; nothing if there is no evidence to compare with.
    pub compared: Option<Compared>,
}

impl Rejudged {
    /// Inputs a second, if one core had done it all.
    pub fn per_core(&self) -> f64 {
        self.inputs as f64 / (self.reading + self.judging).as_secs_f64().max(1e-9)
    }
}

/// Judges a journal again. `told` is given how many inputs are done.
///
/// # Errors
///
/// If the journal is damaged or cannot be read, or the events cannot be written.
pub fn rejudge(
    folder: &Path,
    disk: &Arc<dyn Disk>,
    config: Config,
    events: Option<Output>,
    mut told: impl FnMut(u64),
) -> Result<Rejudged, Failure> {
    let started = Instant::now();
    let mut said = Said::open(folder, disk)?;
    let reader = InputReader::open(Arc::clone(disk), 0);
    let reader = reader.map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
    let mut judge = Judge::new(config, Some(Comparison::default()), events);
    let read = thread::scope(|scope| {
        let (full, filled) = sync_channel(QUEUE);
        let (empty, emptied) = sync_channel(QUEUE + 2);
        let reading = scope.spawn(move || read(reader, &full, &emptied));
        while let Ok(mut batch) = filled.recv() {
            judge.take(&batch)?;
            if let (Some(last), Some(comparison)) = (batch.last(), &mut judge.comparison) {
                said.read_to(last.number, comparison)?;
            }
            if said.is_empty() {
                judge.comparison = None;
            }
            told(judge.result.inputs);
            batch.clear();
            // The reader may have ended.
            let _ = empty.try_send(batch);
        }
        Ok(reading.join())
    })?;
    let read = read.map_err(|_| Failure::new(CANNOT_READ, folder, "reading it panicked"))?;
    let (reading, forgotten) = read.map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
    if let Some(comparison) = &mut judge.comparison {
        said.finish(comparison)?;
    }
    let mut result = judge.finish()?;
    (result.reading, result.forgotten) = (reading, forgotten);
    result.whole = started.elapsed();
    Ok(result)
}

/// Judges a case again, as far as it concerns its orders.
///
/// # Errors
///
/// If its leaves are none, or its inputs are out of order.
pub fn rejudge_case(case: &Case, config: Config) -> Result<Rejudged, Failure> {
    let started = Instant::now();
    let mut comparison = Comparison::default();
    for leaf in case.read_leaves()? {
        if let Evidence::Event(event) = leaf
            && let Unsealed::Open(event) = *event
            && case.scope.compares(&event)
        {
            comparison.expect(event);
        }
    }
    let mut judge = Judge::new(config, Some(comparison), None);
    judge.scope = Some(case);
    let numbered = |(number, record): &(u64, Record)| Numbered {
        number: *number,
        record: record.clone(),
        part: Part::WHOLE,
    };
    judge.take(&case.inputs.iter().map(numbered).collect::<Vec<_>>())?;
    let mut result = judge.finish()?;
    result.whole = started.elapsed();
    Ok(result)
}

type Batch = Vec<Numbered>;

/// Reads all inputs, and says how long that took beside waiting, and how many were forgotten.
fn read(
    mut reader: InputReader,
    full: &SyncSender<Batch>,
    emptied: &Receiver<Batch>,
) -> Result<(Duration, u64), ReadError> {
    let started = Instant::now();
    let (mut waited, mut forgotten) = (Duration::ZERO, 0);
    let mut batch = Batch::with_capacity(BATCH);
    let mut send = |batch: &mut Batch| {
        let next = emptied.try_recv().unwrap_or_else(|_| Batch::with_capacity(BATCH));
        let waiting = Instant::now();
        // If nobody judges any more, that thread says why.
        let _ = full.send(std::mem::replace(batch, next));
        waited += waiting.elapsed();
    };
    let read = (|| {
        while reader.visit_frame(|logged| {
            let Logged::Input { number, record } = logged else { return };
            let record = match record {
                Unsealed::Open(record) => record,
                // It moved the time on, whatever it was.
                Unsealed::Sealed { at, .. } => {
                    forgotten += 1;
                    Record { at, input: Input::Tick }
                }
            };
            batch.push(Numbered { number, record, part: Part::WHOLE });
            if batch.len() == BATCH {
                send(&mut batch);
            }
        })? {}
        Ok(())
    })();
    send(&mut batch);
    read.map(|()| (started.elapsed().saturating_sub(waited), forgotten))
}

struct Judge<'c> {
    engine: Engine,
    comparison: Option<Comparison>,
    /// The case that alone is compared.
    scope: Option<&'c Case>,
    events: Vec<Event>,
    out: Option<Output>,
    result: Rejudged,
}

impl Judge<'_> {
    fn new(config: Config, comparison: Option<Comparison>, out: Option<Output>) -> Self {
        let engine = Engine::new(config);
        let (events, result) = (Vec::new(), Rejudged::default());
        Self { engine, comparison, scope: None, events, out, result }
    }

    fn take(&mut self, batch: &[Numbered]) -> Result<(), Failure> {
        let started = Instant::now();
        let events = &mut self.events;
        let taken = self.engine.apply_numbered(batch, &mut |event| events.push(event));
        self.result.judging += started.elapsed();
        self.result.inputs += batch.len() as u64;
        taken.map_err(|e| Failure::new("cannot judge", Path::new("the inputs"), e))?;
        for event in self.events.drain(..) {
            if self.scope.is_some_and(|case| !case.scope.compares(&event)) {
                continue;
            }
            self.result.events += 1;
            if let Some(comparison) = &mut self.comparison {
                comparison.take(&event);
            }
            if let Some(out) = &mut self.out {
                write_event(&event, out).map_err(|error| out.failure(error))?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Rejudged, Failure> {
        if let Some(out) = &mut self.out {
            std::io::Write::flush(out).map_err(|error| out.failure(error))?;
        }
        self.result.compared = self.comparison.map(Comparison::finish);
        Ok(self.result)
    }
}

/// Inputs that go from one thread to the other at once: 160 kB, which the caches hold.
const BATCH: usize = 1024;
/// Batches that may wait.
const QUEUE: usize = 8;
