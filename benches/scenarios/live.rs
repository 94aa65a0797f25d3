//! Fixes come at a fixed rate, whether the pipeline keeps up or not; how long from when each batch
//! was due until its last input had its event.
//!
//! A pipeline that holds up whoever submits does not hide it, since latencies count from the
//! instant at which a batch was due: that is what coordinated omission would leave out.

use super::Failure;
use super::cases::Case;
use super::feed::Feed;
use super::hash::EventsHash;
use super::outcome::{Outcome, median};
use super::sharded;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wardline_core::event::Event;
use wardline_core::input::{Input, Record, Refusal};

const FIXES_PER_S: u64 = 1_000_000;
const BATCH: usize = 500;
const PERIOD: Duration = Duration::from_micros(500);
/// The reason of an input that is refused and so has an event at once.
const PROBE: &str = "probe";
/// What is kept of a histogram, by name, in percent.
const PERCENTILES: [(&str, f64); 11] = [
    ("p0", 0.0),
    ("p25", 25.0),
    ("p50", 50.0),
    ("p75", 75.0),
    ("p90", 90.0),
    ("p95", 95.0),
    ("p99", 99.0),
    ("p999", 99.9),
    ("p9999", 99.99),
    ("p99999", 99.999),
    ("max", 100.0),
];

/// What the sink notes.
struct Notes {
    started: Option<Instant>,
    latency_ns: Histogram<u64>,
    hash: EventsHash,
}

/// Runs the pipeline; the histogram is that of the run with the median 99th percentile.
pub fn run(case: &Case) -> Result<Outcome, Failure> {
    let runs: Result<Vec<_>, _> = (0..case.runs).map(|_| stretch(case)).collect();
    let mut runs = runs?;
    let times_s: Vec<_> = runs.iter().map(|run| run.spent_s).collect();
    let mut outcome = Outcome::new(case, runs[0].fixes, &times_s);
    outcome.shards = shards(case);
    outcome.events_hash = runs[0].hash.text();
    outcome.slack_share = median(&runs.iter().map(|run| run.slack_share).collect::<Vec<_>>());
    runs.sort_by_key(|run| run.latency_ns.value_at_quantile(0.99));
    outcome.latency_us = Some(percentiles(&runs[runs.len() / 2].latency_ns));
    Ok(outcome)
}

/// In microseconds, by name.
fn percentiles(latency_ns: &Histogram<u64>) -> BTreeMap<String, f64> {
    let us = |percent| latency_ns.value_at_percentile(percent) as f64 / 1e3;
    PERCENTILES.iter().map(|(name, percent)| ((*name).to_owned(), us(*percent))).collect()
}

/// What of a hundred is below the percentile of that name.
pub fn percent(name: &str) -> Option<f64> {
    PERCENTILES.iter().find(|(known, _)| *known == name).map(|(_, percent)| *percent)
}

fn shards(case: &Case) -> usize {
    case.shards.unwrap_or(2)
}

struct Stretch {
    fixes: u64,
    spent_s: f64,
    slack_share: f64,
    latency_ns: Histogram<u64>,
    hash: EventsHash,
}

fn stretch(case: &Case) -> Result<Stretch, Failure> {
    let mut feed = Feed::new(case);
    let latency_ns = Histogram::new_with_bounds(1, 100_000_000_000, 3)?;
    let notes =
        Arc::new(Mutex::new(Notes { started: None, latency_ns, hash: EventsHash::default() }));
    let noted = notes.clone();
    let pipeline = sharded::start(&feed, shards(case), move |event: Event| {
        noted.lock().expect("nobody panics with it").take(&event);
    })?;
    // Else all devices would send their first fix, which nothing is known before, in no time.
    for _ in 0..case.warm_up() {
        sharded::submit(&pipeline, sharded::made(&mut feed).into_iter())?;
        sharded::wait(&pipeline);
    }
    let before = sharded::fixes_of(&pipeline.metrics());
    let batches = batches(&mut feed, case);
    let started = Instant::now();
    notes.lock().expect("nobody panics with it").started = Some(started);
    for (batch, number) in batches.iter().zip(0_u32..) {
        let mut waiting = pipeline.batch();
        batch.iter().for_each(|record| waiting.push(record.clone()));
        // Short sleeps are coarse, and a spinner would take the core of a shard.
        if let Some(early) = (PERIOD * number).checked_sub(started.elapsed()) {
            std::thread::sleep(early);
        }
        pipeline.submit(waiting)?;
    }
    let metrics = pipeline.finish().metrics;
    let spent_s = started.elapsed().as_secs_f64();
    let after = sharded::fixes_of(&metrics);
    let notes = notes.lock().expect("nobody panics with it");
    assert_eq!(notes.latency_ns.len(), batches.len() as u64, "each batch had its event");
    Ok(Stretch {
        fixes: (batches.len() * BATCH) as u64,
        spent_s,
        slack_share: (after.1 - before.1) as f64 / (after.0 - before.0) as f64,
        latency_ns: notes.latency_ns.clone(),
        hash: notes.hash,
    })
}

/// All that comes, made before: 150 MiB for each second.
fn batches(feed: &mut Feed, case: &Case) -> Vec<Vec<Record>> {
    let fixes_max = if case.is_test { 20_000 } else { FIXES_PER_S * case.seconds } as usize;
    let mut records = Vec::with_capacity(fixes_max);
    while records.len() < fixes_max {
        records.extend(feed.round().into_records());
    }
    records.truncate(fixes_max);
    let batch = |(records, number): (&[Record], u64)| {
        let at = records.last().and_then(|record| record.at);
        let probe = Record { at, input: Input::Invalid(Refusal::new(PROBE, number)) };
        records.iter().cloned().chain([probe]).collect()
    };
    records.chunks(BATCH).zip(0..).map(batch).collect()
}

impl Notes {
    fn take(&mut self, event: &Event) {
        self.hash.add(event);
        let probe = event.refusal.as_ref().filter(|refusal| refusal.reason == PROBE);
        let number = probe.and_then(|refusal| refusal.value.parse::<u32>().ok());
        if let (Some(number), Some(started)) = (number, self.started) {
            let late = started.elapsed().saturating_sub(PERIOD * number);
            self.latency_ns.saturating_record(late.as_nanos().max(1) as u64);
        }
    }
}
