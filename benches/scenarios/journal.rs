//! A pipeline with a journal judges the city: from the first submission until all is judged and
//! durable and the sink has the last event. As baselines the same without a journal, and what a
//! start after a crash judges of that log until the sink has its events.
//!
//! The journal is where temporary files are; reading comes from the system's cache.

use super::Failure;
use super::cases::Case;
use super::feed::Feed;
use super::hash::EventsHash;
use super::judge::config;
use super::outcome::Outcome;
use super::sharded::{fixes_of, made, set_up, submit, wait};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wardline::journal::disk::Folder;
use wardline::journal::{Attached, Journal, Settings};
use wardline::pipeline::{Metrics, Pipeline};
use wardline_core::event::Event;

/// How long a snapshot may wait for the evidence.
const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary folder, which goes when this does.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Whatever is left of it is where temporary files are.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn run(case: &Case) -> Result<Outcome, Failure> {
    let folder = std::env::temp_dir().join(format!("wardline-scenario-{}", std::process::id()));
    let folder = Temporary(folder);
    let plain = Judged::run(case, None)?;
    let journaled = Judged::run(case, Some(&folder.0))?;
    assert_eq!(journaled.hash, plain.hash, "with a journal it is judged otherwise");
    let each = journaled.fixes / case.runs as u64;
    let mut outcome = Outcome::new(case, each, &journaled.times_s);
    outcome.slack_share = journaled.slack_share;
    outcome.events_hash = journaled.hash;
    let baselines = [
        ("without_it", Outcome::new(case, each, &plain.times_s).fixes_per_s),
        ("start_from_the_log", started_again(case, &folder.0)?),
    ];
    outcome.baselines = baselines.map(|(name, rate)| (name.to_owned(), rate)).into();
    Ok(outcome)
}

/// What a pipeline gave.
struct Judged {
    times_s: Vec<f64>,
    fixes: u64,
    slack_share: f64,
    hash: String,
}

impl Judged {
    /// Judges the rounds of all runs, with a journal in a folder or without one.
    fn run(case: &Case, folder: Option<&Path>) -> Result<Self, Failure> {
        let mut feed = Feed::new(case);
        let hash = Arc::new(Mutex::new(EventsHash::default()));
        let line = Line::start(case, folder, &hash)?;
        set_up(&line.pipeline, &feed)?;
        for _ in 0..case.warm_up() {
            submit(&line.pipeline, [made(&mut feed)].into_iter().flatten())?;
        }
        line.wait();
        line.save()?;
        let before = line.pipeline.metrics();
        let mut times_s = Vec::new();
        for _ in 0..case.runs {
            let batches: Vec<_> = (0..case.rounds()).flat_map(|_| made(&mut feed)).collect();
            let start = Instant::now();
            submit(&line.pipeline, batches.into_iter())?;
            line.wait();
            times_s.push(start.elapsed().as_secs_f64());
        }
        let [fixes, within] = since(&before, &line.pipeline.finish().metrics);
        let hash = hash.lock().expect("nobody panics with it").text();
        Ok(Self { times_s, fixes, slack_share: within as f64 / fixes as f64, hash })
    }
}

/// Fixes, and those within slack of them.
fn since(before: &Metrics, after: &Metrics) -> [u64; 2] {
    let ((fixes, within), (fixes_after, within_after)) = (fixes_of(before), fixes_of(after));
    [fixes_after - fixes, within_after - within]
}

/// A pipeline, and its journal if it has one.
struct Line {
    pipeline: Pipeline,
    journal: Option<Attached>,
}

impl Line {
    fn start(
        case: &Case,
        folder: Option<&Path>,
        hash: &Arc<Mutex<EventsHash>>,
    ) -> Result<Self, Failure> {
        let (config, shards, sum) = (config(), case.shards.unwrap_or(1), hash.clone());
        let sink = move |event: Event| sum.lock().expect("nobody panics with it").add(&event);
        let builder = Pipeline::builder(config.clone()).shards(shards);
        let Some(folder) = folder else {
            return Ok(Self { pipeline: builder.sink(sink).build()?, journal: None });
        };
        let settings = Settings::new("localhost/scenario");
        let journal = Journal::open(Arc::new(Folder::open(folder)?), settings, &config, shards)?;
        let (builder, journal) = journal.attach(builder, sink)?;
        Ok(Self { pipeline: builder.build()?, journal: Some(journal) })
    }

    /// Until all is judged, durable and told.
    fn wait(&self) {
        wait(&self.pipeline);
        let Some(journal) = &self.journal else { return };
        while journal.written().durable < self.pipeline.metrics().submitted {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Leaves a snapshot from which the next start goes on.
    fn save(&self) -> Result<(), Failure> {
        if let Some(journal) = &self.journal {
            let saved = journal.save(&self.pipeline.snapshots()?, PATIENCE)?;
            saved.ok_or("the evidence did not come in time")?;
        }
        Ok(())
    }
}

/// Inputs a second that a start judges of the log, from the snapshot on.
fn started_again(case: &Case, folder: &Path) -> Result<f64, Failure> {
    let Line { pipeline, journal } = Line::start(case, Some(folder), &Arc::default())?;
    let start = Instant::now();
    let metrics = pipeline.finish().metrics;
    let spent_s = start.elapsed().as_secs_f64();
    let written = journal.map(|journal| journal.written()).unwrap_or_default();
    assert_eq!((written.differing, metrics.events), (0, written.known), "judged otherwise");
    Ok(metrics.replayed as f64 / spent_s)
}
