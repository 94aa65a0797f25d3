//! Judging a journal or a case again, and comparing with what was said.
//!
//! One thread reads and checks the log, another opens what is in it and judges, so that an input
//! stays in one core's caches from its decoding to its verdict. Each says how long it was busy, so
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
use wardline_core::{Config, Engine, Numbered, OutOfSequence, Part};
use wardline_journal::disk::Disk;
use wardline_journal::{
    Evidence, InputFrame, InputFrames, InputOpener, InputReader, Logged, Opened, ReadError,
    Unsealed,
};
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
    /// How long the log was read and checked.
    pub reading: Duration,
    /// How long it was opened, judged and compared.
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
    let failed = |error| Failure::new(CANNOT_READ, folder, error);
    let mut said = Said::open(folder, disk)?;
    let reader = InputReader::open(Arc::clone(disk), 0).map_err(failed)?;
    let (frames, mut opener) = reader.split();
    let mut judge = Judge::new(config, Some(Comparison::default()), events);
    let read = thread::scope(|scope| {
        let (full, filled) = sync_channel(QUEUE);
        let (empty, emptied) = sync_channel(QUEUE + 2);
        let reading = scope.spawn(move || read(frames, &full, &emptied));
        while let Ok(frame) = filled.recv() {
            let judging = Instant::now();
            judge.take_frame(&mut opener, &frame).map_err(|stop| match stop {
                Stop::Damaged(error) => failed(error),
                Stop::Failed(failure) => failure,
            })?;
            if let Some(comparison) = &mut judge.comparison {
                said.read_to(judge.engine.last_input(), comparison)?;
            }
            if said.is_empty() {
                judge.comparison = None;
            }
            judge.result.judging += judging.elapsed();
            told(judge.result.inputs);
            // The reader may have ended.
            let _ = empty.try_send(frame);
        }
        Ok(reading.join())
    })?;
    let read = read.map_err(|_| Failure::new(CANNOT_READ, folder, "reading it panicked"))?;
    let reading = read.map_err(failed)?;
    if let Some(comparison) = &mut judge.comparison {
        said.finish(comparison)?;
    }
    let mut result = judge.finish()?;
    result.reading = reading;
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
    result.judging = result.whole;
    Ok(result)
}

/// Reads all frames, and says how long that took beside waiting.
fn read(
    mut frames: InputFrames,
    full: &SyncSender<InputFrame>,
    emptied: &Receiver<InputFrame>,
) -> Result<Duration, ReadError> {
    let mut busy = Duration::ZERO;
    loop {
        let mut frame = emptied.try_recv().unwrap_or_default();
        let reading = Instant::now();
        let is_more = frames.next(&mut frame)?;
        busy += reading.elapsed();
        // If nobody judges any more, that thread says why.
        if !is_more || full.send(frame).is_err() {
            return Ok(busy);
        }
    }
}

/// Why nothing more is judged.
enum Stop {
    Damaged(ReadError),
    Failed(Failure),
}

struct Judge<'c> {
    engine: Engine,
    comparison: Option<Comparison>,
    /// The case that alone is compared.
    scope: Option<&'c Case>,
    /// Events that were said: empty, to be used again.
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

    /// Opens what a frame holds and judges it.
    fn take_frame(&mut self, opener: &mut InputOpener, frame: &InputFrame) -> Result<(), Stop> {
        let mut taken = Ok(());
        let opened = opener.visit(frame, |opened| {
            if taken.is_ok() {
                taken = self.take_opened(opened);
            }
        });
        // What precedes damage is judged.
        taken.map_err(Stop::Failed)?;
        opened.map_err(Stop::Damaged)
    }

    fn take_opened(&mut self, opened: Opened<'_>) -> Result<(), Failure> {
        let (number, record) = match opened {
            Opened::Fixes { first, at, fixes } => {
                let events = &mut self.events;
                let mut sink = |event| events.push(event);
                let taken = self.engine.apply_numbered_fixes(first, at, fixes, &mut sink);
                return self.note(fixes.len(), taken);
            }
            Opened::Other(Logged::Input { number, record }) => (number, record),
            _ => return Ok(()),
        };
        let record = match record {
            Unsealed::Open(record) => record,
            // It moved the time on, whatever it was.
            Unsealed::Sealed { at, .. } => {
                self.result.forgotten += 1;
                Record { at, input: Input::Tick }
            }
        };
        self.take(&[Numbered { number, record, part: Part::WHOLE }])
    }

    fn take(&mut self, batch: &[Numbered]) -> Result<(), Failure> {
        let events = &mut self.events;
        let taken = self.engine.apply_numbered(batch, &mut |event| events.push(event));
        self.note(batch.len(), taken)
    }

    /// Counts inputs that were taken in, and compares and writes what was said of them.
    fn note(&mut self, inputs: usize, taken: Result<(), OutOfSequence>) -> Result<(), Failure> {
        self.result.inputs += inputs as u64;
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

/// Frames that may wait.
const QUEUE: usize = 4;
