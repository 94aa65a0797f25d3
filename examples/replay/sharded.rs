//! The run with several engines on threads. Events of one order come in their order, those of
//! different orders as the engines come to them; sorted by id they are those of one engine.

use crate::judging::{Outcome, Run, read_batch};
use std::io::Write;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;
use wardline::pipeline::{Pipeline, channel};
use wardline_examples::files::{Failure, Output, Reader};
use wardline_wire::jsonl::Lines;

/// Events that may wait to be written: about 20 MiB.
const EVENTS_MAX: usize = 1 << 16;

impl Run {
    /// Judges all lines with so many shards and writes the events.
    pub fn judge_with(
        self,
        shards: usize,
        reader: Reader<'_>,
        input: &Path,
        out: &mut Output,
    ) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let (sink, events) = channel(EVENTS_MAX);
        let builder = Pipeline::builder(self.config.clone()).shards(shards).in_order().sink(sink);
        let pipeline =
            builder.build().map_err(|error| Failure::new("cannot judge", input, error))?;
        let run = &self;
        let (read, written, report) = thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut outcome = Outcome::default();
                for event in events {
                    run.tell(&[event], &mut outcome, out)?;
                }
                out.flush().map_err(|error| out.failure(error))?;
                Ok::<_, Failure>(outcome)
            });
            let read = run.submit(reader, &pipeline, &writer);
            // Only when the sink is gone does the writer end.
            let report = pipeline.finish();
            let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (read, written, report)
        });
        self.progress.finish_and_clear();
        let mut outcome = written?;
        outcome.summary.inputs = read.map_err(|e| Failure::new("cannot read", input, e))?;
        if let Some(quarantined) = report.quarantined.first() {
            let (number, reason) = (quarantined.input.number, &quarantined.reason);
            let what = format!("an engine panicked on input {number}: {reason}");
            return Err(Failure::new("cannot judge", input, what));
        }
        outcome.summary.counters = report.metrics.counters();
        outcome.summary.whole = started.elapsed();
        // Reading and judging go on at the same time.
        outcome.summary.judging = outcome.summary.whole;
        Ok(outcome)
    }

    /// Submits all lines, as long as there is somebody to write. Gives how many there were.
    fn submit<T>(
        &self,
        reader: Reader<'_>,
        pipeline: &Pipeline,
        writer: &ScopedJoinHandle<'_, T>,
    ) -> std::io::Result<u64> {
        let (mut lines, mut records, mut inputs) = (Lines::new(reader), Vec::new(), 0);
        while !writer.is_finished() {
            let bytes = read_batch(&mut lines, &mut records)?;
            if records.is_empty() {
                break;
            }
            inputs += records.len() as u64;
            let mut batch = pipeline.batch();
            records.drain(..).for_each(|record| batch.push(record));
            pipeline.submit(batch).map_err(std::io::Error::other)?;
            self.progress.inc(bytes);
        }
        Ok(inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::ProgressBar;
    use std::fs;
    use std::path::PathBuf;
    use wardline_core::Config;
    use wardline_examples::files;

    /// The events of a run with so many shards, or of one engine without threads; and the summary.
    fn events(log: &Path, shards: Option<usize>) -> (Vec<String>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("events.jsonl");
        let run = Run {
            config: Config::default(),
            progress: ProgressBar::hidden(),
            keep_events: false,
            keep_ledger: false,
        };
        let mut out = Output::create(Some(&file), &[log]).expect("a file");
        let reader = files::open(log).expect("it is there");
        let outcome = match shards {
            Some(shards) => run.judge_with(shards, reader, log, &mut out),
            None => run.judge(reader, log, &mut out),
        };
        drop(out);
        let summary = outcome.expect("it runs").summary.to_string();
        let timeless = summary.lines().skip(2).collect::<Vec<_>>().join("\n");
        let text = fs::read_to_string(file).expect("it was written");
        (text.lines().map(str::to_owned).collect(), timeless)
    }

    /// The id of an event: sequence, order, index.
    fn id(line: &str) -> Vec<u64> {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let id = event["id"].as_str().expect("an id");
        id.split('.').map(|part| part.parse().expect("a number")).collect()
    }

    #[test]
    fn any_number_of_shards_writes_the_same_events() {
        let scenarios = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
        let files = fs::read_dir(scenarios).expect("scenarios").flatten().map(|file| file.path());
        let is_log = |file: &PathBuf| {
            let name = file.to_string_lossy();
            name.ends_with(".jsonl") && !name.ends_with(".events.jsonl")
        };
        let mut compared = 0;
        for log in files.filter(is_log) {
            let (mut expected, summary) = events(&log, None);
            expected.sort_by_cached_key(|line| id(line));
            for shards in [1, 2, 3, 8] {
                let (mut actual, of_shards) = events(&log, Some(shards));
                actual.sort_by_cached_key(|line| id(line));
                assert!(actual == expected, "{shards} shards: {}", log.display());
                assert_eq!(of_shards, summary, "{shards} shards: {}", log.display());
            }
            compared += expected.len();
        }
        assert!(compared > 100, "{compared} events compared");
    }
}
