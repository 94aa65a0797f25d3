//! The run itself: lines become inputs, inputs events, on all cores.

use crate::summary::Summary;
use indicatif::ProgressBar;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;
use wardline::replay::{JsonLines, Replay, Stopped};
use wardline_core::event::Event;
use wardline_core::{Config, Ledger};
use wardline_examples::files::{Failure, Output, Reader};
use wardline_wire::jsonl::{event_value, write_event};

/// How to run.
pub struct Run {
    /// The numbers that the engine judges by.
    pub config: Config,
    /// How many engines there are.
    pub shards: usize,
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
        let threads = available_parallelism().map_or(1, usize::from);
        let mut replay = Replay::new(self.config.clone(), self.shards).threads(threads);
        let mut outcome = Outcome::default();
        let lines = JsonLines::new(self.progress.wrap_read(reader));
        let judged = replay.run(lines, |event| self.tell(&event, &mut outcome, out));
        judged.map_err(|stopped| match stopped {
            Stopped::Sink(failure) => failure,
            Stopped::Read(error) => Failure::new("cannot read", input, error),
            stopped => Failure::new("cannot judge", input, stopped.to_string()),
        })?;
        out.flush().map_err(|error| out.failure(error))?;
        self.progress.finish_and_clear();
        outcome.summary.inputs = replay.last_input();
        outcome.summary.counters = replay.counters();
        outcome.summary.whole = started.elapsed();
        Ok(outcome)
    }

    /// Writes an event, and keeps of it what is to be kept.
    fn tell(&self, event: &Event, outcome: &mut Outcome, out: &mut Output) -> Result<(), Failure> {
        write_event(event, out).map_err(|error| out.failure(error))?;
        outcome.summary.count(event);
        if self.keep_ledger {
            outcome.ledger.take(event);
        }
        if self.keep_events {
            outcome.events.push(event_value(event));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;
    use wardline_core::Engine;
    use wardline_examples::files;
    use wardline_wire::jsonl::Lines;

    /// What a run with so many engines writes.
    fn written(log: &Path, shards: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("events.jsonl");
        let run = Run {
            config: Config::default(),
            shards,
            progress: ProgressBar::hidden(),
            keep_events: false,
            keep_ledger: false,
        };
        let mut out = Output::create(Some(&file), &[log]).expect("a file");
        let reader = files::open(log).expect("it is there");
        run.judge(reader, log, &mut out).expect("it runs");
        drop(out);
        fs::read(file).expect("it was written")
    }

    /// What one engine says, without threads.
    fn expected(log: &Path) -> Vec<u8> {
        let mut lines = Lines::new(files::open(log).expect("it is there"));
        let (mut engine, mut out) = (Engine::new(Config::default()), Vec::new());
        while let Some(line) = lines.next_line().expect("it can be read") {
            engine.apply(&line.record(), &mut |event| {
                write_event(&event, &mut out).expect("memory can be written");
            });
        }
        out
    }

    #[test]
    fn any_number_of_shards_writes_the_same_bytes() {
        let scenarios = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
        let files = fs::read_dir(scenarios).expect("scenarios").flatten().map(|file| file.path());
        let is_log = |file: &PathBuf| {
            let name = file.to_string_lossy();
            name.ends_with(".jsonl") && !name.ends_with(".events.jsonl")
        };
        let mut compared = 0;
        for log in files.filter(is_log) {
            let expected = expected(&log);
            for shards in [1, 2, 3, 8] {
                assert!(written(&log, shards) == expected, "{shards} shards: {}", log.display());
            }
            compared += expected.len();
        }
        assert!(compared > 10_000, "{compared} bytes compared");
    }
}
