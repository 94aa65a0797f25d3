//! A pipeline judges a world: from the first submission until the sink has the last event, with as
//! many submitted as it takes.

use super::Failure;
use super::cases::{Case, Kind};
use super::feed::Feed;
use super::hash::EventsHash;
use super::judge::config;
use super::outcome::Outcome;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wardline::pipeline::{Metrics, Pipeline, Sink};
use wardline_core::event::Event;
use wardline_core::input::Record;

/// Inputs of a batch.
const BATCH: usize = 1_000;
/// Inputs that are made before a stretch is timed: 400 MiB of them.
const INPUTS_MAX: u64 = 2_500_000;

/// A pipeline that knows the world, with nothing on its way.
pub fn start(feed: &Feed, shards: usize, sink: impl Sink + 'static) -> Result<Pipeline, Failure> {
    let pipeline = Pipeline::builder(config()).shards(shards).sink(sink).build()?;
    set_up(&pipeline, feed)?;
    wait(&pipeline);
    Ok(pipeline)
}

/// Submits what sets up the world.
pub fn set_up(pipeline: &Pipeline, feed: &Feed) -> Result<(), Failure> {
    let (mut batch, mut failed) = (pipeline.batch(), None);
    let mut submit = |record: Option<Record>| {
        let is_last = record.is_none();
        record.into_iter().for_each(|record| batch.push(record));
        if is_last || batch.len() >= BATCH {
            let full = std::mem::replace(&mut batch, pipeline.batch());
            failed = failed.take().or(pipeline.submit(full).err());
        }
    };
    feed.world.set_up(&mut |record| submit(Some(record)));
    submit(None);
    Ok(failed.map_or(Ok(()), Err)?)
}

/// Judges the rounds of all runs.
pub fn run(case: &Case) -> Result<Outcome, Failure> {
    let mut feed = Feed::new(case);
    let hash = Arc::new(Mutex::new(EventsHash::default()));
    let sum = hash.clone();
    let sink = move |event: Event| sum.lock().expect("nobody panics with it").add(&event);
    let pipeline = start(&feed, case.shards.unwrap_or(1), sink)?;
    for _ in 0..case.warm_up() {
        submit(&pipeline, [made(&mut feed)].into_iter().flatten())?;
        wait(&pipeline);
    }
    let before = pipeline.metrics();
    let (mut times_s, mut fixes) = (Vec::new(), 0);
    for _ in 0..case.runs {
        let (mut left, mut spent_s) = (case.rounds(), 0.0);
        while left > 0 {
            let rounds = left.min((INPUTS_MAX / feed.world.plan().people).max(1));
            left -= rounds;
            let batches: Vec<_> = (0..rounds).flat_map(|_| made(&mut feed)).collect();
            fixes += batches.iter().map(Vec::len).sum::<usize>() as u64;
            let start = Instant::now();
            submit(&pipeline, batches.into_iter())?;
            wait(&pipeline);
            spent_s += start.elapsed().as_secs_f64();
        }
        times_s.push(spent_s);
    }
    let (fixes_before, within_before) = fixes_of(&before);
    let (fixes_after, within_after) = fixes_of(&pipeline.finish().metrics);
    let mut outcome = Outcome::new(case, fixes / case.runs as u64, &times_s);
    outcome.slack_share =
        (within_after - within_before) as f64 / (fixes_after - fixes_before) as f64;
    // Where orders overtake fixes, which number an input has is not always the same.
    if !matches!(case.kind, Kind::Churn) {
        outcome.events_hash = hash.lock().expect("nobody panics with it").text();
    }
    Ok(outcome)
}

/// The records of a round in batches.
pub fn made(feed: &mut Feed) -> Vec<Vec<Record>> {
    let records: Vec<_> = feed.round().into_records().collect();
    records.chunks(BATCH).map(<[Record]>::to_vec).collect()
}

/// Submits batches one after another.
pub fn submit(
    pipeline: &Pipeline,
    batches: impl Iterator<Item = Vec<Record>>,
) -> Result<(), Failure> {
    for records in batches {
        pipeline.submit(records)?;
    }
    Ok(())
}

/// Until all is judged and the sink has all events.
pub fn wait(pipeline: &Pipeline) {
    loop {
        let metrics = pipeline.metrics();
        let told: u64 = metrics.shards.iter().map(|shard| shard.counters.events).sum();
        if metrics.judged() == metrics.submitted && metrics.events >= told {
            return;
        }
        // Asking costs some of what is measured.
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Fixes that were judged, and those within slack of them.
pub fn fixes_of(metrics: &Metrics) -> (u64, u64) {
    metrics.shards.iter().fold((0, 0), |(fixes, within), shard| {
        (fixes + shard.counters.fixes, within + shard.counters.fixes_within_slack)
    })
}
