//! What a pipeline tells of its load, its losses and its speed.

use super::Ends;
use super::stats::{ShardStats, Stats, Timer};
use hdrhistogram::Histogram;
use std::sync::atomic::Ordering;
use wardline_core::Counters;

/// A reading of all counters, gauges and latencies.
///
/// At rest, `submitted` + `replayed` = `judged` + `quarantined` of all shards + `shed`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metrics {
    /// Inputs taken in by `submit` and `try_submit`.
    pub submitted: u64,
    /// Inputs that got a number.
    pub numbered: u64,
    /// Inputs that were read from the log at the start, and had their numbers.
    pub replayed: u64,
    /// Waiting fixes that were dropped to make room.
    pub shed: u64,
    /// Inputs whose time of receipt was invalid or smaller than one before.
    pub clock_regressions: u64,
    /// Times that the log failed.
    pub log_failures: u64,
    /// Times that the log had no room.
    pub log_full: u64,
    /// Events that the sink took.
    pub events: u64,
    /// Events that it did not take.
    pub events_lost: u64,
    /// Events kept back since the log failed before it had their inputs.
    pub events_withheld: u64,
    /// Times that the sink failed.
    pub sink_failures: u64,
    /// Panics of the log, of who is told of acceptances, notices or the start of threads, and of
    /// the thread that gives numbers. Those of the sink count as its failures, those of engines as
    /// quarantined.
    pub panics: u64,
    /// Inputs that wait in the lane that overtakes.
    pub waiting_urgent: Gauge,
    /// Inputs that wait in the other lane.
    pub waiting: Gauge,
    /// Batches of events that wait for the sink.
    pub waiting_events: Gauge,
    /// The shards.
    pub shards: Vec<ShardMetrics>,
    /// From submission to numbering, of each input.
    pub receive: Latency,
    /// From numbering until the log has it, of each input; nothing without a log.
    pub durable: Latency,
    /// From numbering until the shard takes it up, of each input a shard takes in.
    pub queue: Latency,
    /// How long the shard is at it, with the rest of its batch.
    pub judge: Latency,
    /// From the judgement until the sink has taken it, of each event.
    pub sink: Latency,
    /// From the submission of the input until the sink has taken it, of each event.
    pub whole: Latency,
}

/// Those of a shard.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShardMetrics {
    /// Inputs taken in, those that other shards take in too included.
    pub inputs: u64,
    /// Inputs judged, each counted in one shard only.
    pub judged: u64,
    /// Inputs left out since the engine panicked on them, each counted in one shard only.
    pub quarantined: u64,
    /// The same of inputs that another shard counts.
    pub quarantined_copies: u64,
    /// Times that the standby took the engine's place.
    pub replaced: u64,
    /// Standbys that panicked.
    pub standbys_lost: u64,
    /// Times that the shard waited, since its standby was too far behind.
    pub standby_waits: u64,
    /// The number of the last input that the standby took in.
    pub standby_last: u64,
    /// Whether it is stalled now.
    pub stalled: bool,
    /// The number of the last input that it judged.
    pub last: u64,
    /// Batches that wait for it.
    pub waiting: Gauge,
    /// Inputs that the standby has not taken in yet.
    pub retained: Gauge,
    /// What its engine counted.
    pub counters: Counters,
}

/// How much there is of something that has a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Gauge {
    /// How much there is.
    pub value: usize,
    /// How much there may be.
    pub limit: usize,
}

/// How long something took, in nanoseconds, to 1 %: of all since the start, or since
/// [`Pipeline::reset_latencies`](super::Pipeline::reset_latencies).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Latency {
    /// How often.
    pub count: u64,
    /// The median.
    pub p50_ns: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
    /// The 99.9th percentile.
    pub p999_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            count: histogram.len(),
            p50_ns: histogram.value_at_quantile(0.5),
            p99_ns: histogram.value_at_quantile(0.99),
            p999_ns: histogram.value_at_quantile(0.999),
            max_ns: histogram.max(),
        }
    }
}

impl Gauge {
    pub(super) fn new(value: usize, limit: usize) -> Self {
        Self { value, limit }
    }
}

impl Metrics {
    pub(super) fn read(
        stats: &Stats,
        (urgent, bulk): (Gauge, Gauge),
        waiting_events: Gauge,
        shards: &[Ends],
        retained_max: usize,
    ) -> Self {
        let shards = stats.shards.iter().zip(shards);
        Self {
            submitted: stats.submitted.value(),
            numbered: stats.numbered.value(),
            replayed: stats.replayed.value(),
            shed: stats.shed.value(),
            clock_regressions: stats.clock_regressions.value(),
            log_failures: stats.log_failures.value(),
            log_full: stats.log_full.value(),
            events: stats.events.value(),
            events_lost: stats.events_lost.value(),
            events_withheld: stats.events_withheld.value(),
            sink_failures: stats.sink_failures.value(),
            panics: stats.panics.value(),
            waiting_urgent: urgent,
            waiting: bulk,
            waiting_events,
            shards: shards.map(|(s, ends)| ShardMetrics::read(s, ends, retained_max)).collect(),
            receive: Timer::together(std::iter::once(&stats.receive)),
            durable: Timer::together(std::iter::once(&stats.durable)),
            queue: Timer::together(stats.shards.iter().map(|shard| &shard.queue)),
            judge: Timer::together(stats.shards.iter().map(|shard| &shard.judge)),
            sink: Timer::together(std::iter::once(&stats.sink)),
            whole: Timer::together(std::iter::once(&stats.whole)),
        }
    }

    /// Inputs judged, over all shards.
    pub fn judged(&self) -> u64 {
        self.shards.iter().map(|shard| shard.judged).sum()
    }

    /// What the engines counted, all together; of clocks that go back, what the pipeline counted.
    ///
    /// How many fixes stay within slack depends on which orders a shard knows, and so on the number
    /// of shards; nothing else does.
    pub fn counters(&self) -> Counters {
        let mut all = Counters::default();
        for shard in &self.shards {
            let of = shard.counters;
            all.fixes += of.fixes;
            all.fixes_within_slack += of.fixes_within_slack;
            all.repeats += of.repeats;
            all.refused += of.refused;
            all.unassigned += of.unassigned;
            all.events += of.events;
        }
        all.clock_regressions = self.clock_regressions;
        all
    }

    /// Inputs left out since an engine panicked on them, over all shards.
    pub fn quarantined(&self) -> u64 {
        self.shards.iter().map(|shard| shard.quarantined).sum()
    }
}

impl ShardMetrics {
    fn read(stats: &ShardStats, ends: &Ends, retained_max: usize) -> Self {
        let retained = ends.standby.as_ref().map_or(0, |standby| standby.retained.len());
        Self {
            inputs: stats.inputs.value(),
            judged: stats.judged.value(),
            quarantined: stats.quarantined.value(),
            quarantined_copies: stats.quarantined_copies.value(),
            replaced: stats.replaced.value(),
            standbys_lost: stats.standbys_lost.value(),
            standby_waits: stats.standby_waits.value(),
            standby_last: stats.standby_last.load(Ordering::Relaxed),
            stalled: stats.stalled.load(Ordering::Relaxed),
            last: stats.last.load(Ordering::Relaxed),
            waiting: Gauge::new(ends.shares.len(), ends.shares.capacity()),
            retained: Gauge::new(retained, retained_max),
            counters: *super::lock(&stats.counters),
        }
    }
}
