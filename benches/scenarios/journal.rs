//! A pipeline with a journal judges the city: from the first submission until all is judged and
//! durable and the sink has the last event. As baselines the same without a journal, what a start
//! after a crash judges of that log until the sink has its events, and how fast one core verifies
//! the log and judges it again.
//!
//! Then fixes come at a fixed rate: how long judgement takes, with a journal and without.
//!
//! The journal is where temporary files are; reading comes from the system's cache.

use super::Failure;
use super::cases::Case;
use super::feed::Feed;
use super::hash::EventsHash;
use super::judge::config;
use super::outcome::{Outcome, median};
use super::sharded::{fixes_of, made, set_up, submit, wait};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wardline::journal::disk::{Disk, Folder};
use wardline::journal::{Attached, Journal, Settings};
use wardline::pipeline::{Latency, Metrics, Pipeline};
use wardline_core::event::Event;
use wardline_examples::priority::make_room;
use wardline_examples::wardlog::rejudge::rejudge;
use wardline_journal::{LogKind, verify};

/// How long a snapshot may wait for the evidence.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fixes of a stretch in which 200,000 come a second, and of a batch of these.
const PACED_FIXES: usize = 2_000_000;
const PACED_BATCH: usize = 500;
const PERIOD: Duration = Duration::from_micros(2_500);

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
    outcome.events_hash.clone_from(&journaled.hash);
    let baselines = [
        ("without_it", Outcome::new(case, each, &plain.times_s).fixes_per_s),
        ("start_from_the_log", started_again(case, &folder.0)?),
        ("verify", verified(&folder.0)?),
        ("rejudge_one_core", rejudged(&folder.0)?),
    ];
    outcome.baselines = baselines.map(|(name, rate)| (name.to_owned(), rate)).into();
    let latency_us = [
        ("p50", journaled.judge_us(|of| of.p50_ns)),
        ("p99", journaled.judge_us(|of| of.p99_ns)),
        ("p999", journaled.judge_us(|of| of.p999_ns)),
        ("p999_without_it", plain.judge_us(|of| of.p999_ns)),
    ];
    outcome.latency_us = Some(latency_us.map(|(name, us)| (name.to_owned(), us)).into());
    Ok(outcome)
}

/// What a pipeline gave.
struct Judged {
    times_s: Vec<f64>,
    fixes: u64,
    slack_share: f64,
    hash: String,
    /// How long judgement took, of each stretch in which fixes came at a fixed rate.
    judge: Vec<Latency>,
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
        let [fixes, within] = since(&before, &line.pipeline.metrics());
        let judge = (0..case.runs).map(|_| line.paced(&mut feed, case));
        let judge = judge.collect::<Result<_, _>>()?;
        line.pipeline.finish();
        let hash = hash.lock().expect("nobody panics with it").text();
        Ok(Self { times_s, fixes, slack_share: within as f64 / fixes as f64, hash, judge })
    }

    /// The median of the stretches.
    fn judge_us(&self, of: impl Fn(&Latency) -> u64) -> f64 {
        median(&self.judge.iter().map(|latency| of(latency) as f64 / 1e3).collect::<Vec<_>>())
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
        let builder = Pipeline::builder(config.clone()).shards(shards).on_thread_start(make_room);
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

    /// How long judgement takes while fixes come at a fixed rate.
    fn paced(&self, feed: &mut Feed, case: &Case) -> Result<Latency, Failure> {
        let fixes_min = if case.is_test { 2_000 } else { PACED_FIXES };
        let mut records = Vec::with_capacity(fixes_min);
        while records.len() < fixes_min {
            records.extend(feed.round().into_records());
        }
        self.pipeline.reset_latencies();
        let started = Instant::now();
        for (number, batch) in (0..).zip(records.chunks(PACED_BATCH)) {
            if let Some(early) = (PERIOD * number).checked_sub(started.elapsed()) {
                std::thread::sleep(early);
            }
            self.pipeline.submit(batch.to_vec())?;
        }
        self.wait();
        Ok(self.pipeline.metrics().judge)
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

/// Inputs a second of which one thread verifies the log.
fn verified(folder: &Path) -> Result<f64, Failure> {
    let (disk, start) = (Arc::new(Folder::open(folder)?), Instant::now());
    let summary = verify(disk, LogKind::Input, Vec::new(), |_| {})?;
    Ok(summary.numbered as f64 / start.elapsed().as_secs_f64())
}

/// Inputs a second that `wardlog rejudge` judges again from the first, if one core does it all.
fn rejudged(folder: &Path) -> Result<f64, Failure> {
    let disk: Arc<dyn Disk> = Arc::new(Folder::open(folder)?);
    let rejudged = rejudge(folder, &disk, config(), None, |_| {})?;
    let is_same = rejudged.compared.as_ref().is_some_and(|found| found.differences.is_empty());
    assert!(is_same, "judged again otherwise");
    Ok(rejudged.per_core())
}
