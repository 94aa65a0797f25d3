//! What the threads of a pipeline count and time.

use super::lock;
use super::metrics::Latency;
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use wardline_core::Counters;

/// Counts and times of the whole pipeline.
pub(super) struct Stats {
    pub submitted: Count,
    pub numbered: Count,
    pub replayed: Count,
    pub shed: Count,
    pub clock_regressions: Count,
    pub log_failures: Count,
    pub log_full: Count,
    pub events: Count,
    pub events_lost: Count,
    pub events_withheld: Count,
    pub sink_failures: Count,
    pub panics: Arc<Count>,
    pub receive: Timer,
    pub durable: Timer,
    pub sink: Timer,
    pub whole: Timer,
    pub shards: Vec<ShardStats>,
}

/// Those of one shard.
#[derive(Default)]
pub(super) struct ShardStats {
    /// Inputs taken in, those that other shards take in too included.
    pub inputs: Count,
    /// Inputs judged, each counted in one shard only.
    pub judged: Count,
    /// Inputs left out since the engine panicked on them, each counted in one shard only.
    pub quarantined: Count,
    /// The same of inputs that another shard counts.
    pub quarantined_copies: Count,
    /// Times that the standby took the engine's place.
    pub replaced: Count,
    /// Standbys that panicked.
    pub standbys_lost: Count,
    /// Times that the shard waited for its standby.
    pub standby_waits: Count,
    /// The number of the last input that the standby took in.
    pub standby_last: AtomicU64,
    pub stalled: AtomicBool,
    /// The number of the last input judged.
    pub last: AtomicU64,
    /// Since when the shard has been at the same inputs; 0 while it is at none.
    pub busy_since_ns: AtomicU64,
    pub counters: Mutex<Counters>,
    pub queue: Timer,
    pub judge: Timer,
}

impl Stats {
    pub fn new(shards: usize, panics: Arc<Count>) -> Self {
        Self {
            submitted: Count::default(),
            numbered: Count::default(),
            replayed: Count::default(),
            shed: Count::default(),
            clock_regressions: Count::default(),
            log_failures: Count::default(),
            log_full: Count::default(),
            events: Count::default(),
            events_lost: Count::default(),
            events_withheld: Count::default(),
            sink_failures: Count::default(),
            panics,
            receive: Timer::default(),
            durable: Timer::default(),
            sink: Timer::default(),
            whole: Timer::default(),
            shards: (0..shards).map(|_| ShardStats::default()).collect(),
        }
    }

    /// Forgets all durations noted so far.
    pub fn reset_timers(&self) {
        let shards = self.shards.iter().flat_map(|shard| [&shard.queue, &shard.judge]);
        let timers = [&self.receive, &self.durable, &self.sink, &self.whole];
        timers.into_iter().chain(shards).for_each(Timer::reset);
    }
}

/// A number that only grows.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Durations by how often they occurred, to 1 %, from 1 ns to 100 s; longer ones count as 100 s.
pub(super) struct Timer(Mutex<Histogram<u64>>);

const LONGEST_NS: u64 = 100_000_000_000;

impl Default for Timer {
    fn default() -> Self {
        // The bounds are right for every histogram of two digits.
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, 2);
        Self(Mutex::new(histogram.unwrap_or_else(|error| unreachable!("{error}"))))
    }
}

impl Timer {
    /// Notes a duration that so many inputs or events shared.
    pub fn note(&self, from_ns: u64, until_ns: u64, many: usize) {
        let duration_ns = until_ns.saturating_sub(from_ns).max(1);
        lock(&self.0).saturating_record_n(duration_ns, many as u64);
    }

    /// Forgets what it has noted.
    fn reset(&self) {
        lock(&self.0).reset();
    }

    /// What several timers have noted together.
    pub fn together<'a>(timers: impl Iterator<Item = &'a Self>) -> Latency {
        let whole = Self::default();
        let mut sum = lock(&whole.0);
        // All have the same bounds, so that no value is out of range.
        timers.for_each(|timer| sum.add(&*lock(&timer.0)).unwrap_or_default());
        Latency::of(&sum)
    }
}
