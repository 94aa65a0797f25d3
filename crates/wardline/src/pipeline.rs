//! Engines on threads, behind one entry: inputs are submitted, events come out.
//!
//! ```text
//! submit ─► lanes ─► dispatcher: number, route ─► queue ─► shard: engine ─► queue ─► sink
//!                             └► queue ─► writer: log ─► durable through … ─────────┘
//! ```
//!
//! Whatever number of shards there is, the events are those that one engine gives of the same log,
//! with the same ids; those of one order come in the same order. An input gets its number before
//! it is shared out, and what overtakes (orders, zones, statuses, acts, ticks) overtakes before
//! that, so that the log knows no lanes.
//!
//! Nothing ticks by itself: whoever embeds a pipeline submits an
//! [`Input::Tick`](crate::input::Input::Tick) every second or so, or silence is not noticed.
//!
//! ```
//! use std::sync::mpsc;
//! use wardline::pipeline::Pipeline;
//! use wardline::{Config, jsonl};
//!
//! let (events, received) = mpsc::channel();
//! let pipeline = Pipeline::builder(Config::default())
//!     .shards(2)
//!     .sink(move |event| events.send(event).expect("somebody receives"))
//!     .build()?;
//! let line = r#"{"type":"release_device","at":"2026-01-02T03:04:05.678Z","device":7}"#;
//! pipeline.submit(jsonl::parse_line(line, 1))?;
//! let report = pipeline.finish();
//! assert_eq!(report.metrics.judged(), 1);
//! let event = received.recv()?;
//! assert_eq!(event.refusal.expect("nobody has it").reason, "unknown_device");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assembly;
mod batch;
mod builder;
mod clock;
mod dispatcher;
mod durable;
mod exposition;
mod intake;
mod log;
mod log_writer;
mod metrics;
pub(crate) mod notice;
mod outlet;
mod prometheus;
mod questions;
mod queue;
mod retained;
pub(crate) mod router;
mod shard;
pub(crate) mod share;
mod shed;
mod sink;
mod snapshots;
mod spare;
mod standby;
mod stats;
mod threads;
mod watchdog;

pub use batch::Batch;
pub use builder::Builder;
pub use clock::{Clock, MonotonicClock};
pub use exposition::{Exposition, MetricKind};
pub use intake::Refused;
pub use log::{Accepted, Log};
pub use metrics::{Gauge, Latency, Metrics, ShardMetrics};
pub use notice::{Notice, Quarantined};
pub use prometheus::prometheus;
pub use router::{SHARDS_MAX, home};
pub use shed::Shedding;
pub use sink::{ChannelSink, JsonLines, Overflow, Sink, channel};
pub use snapshots::{Restored, Snapshots, SnapshotsError};
pub use standby::Recovery;
pub use threads::Role;

pub(crate) use outlet::guard;

use intake::Intake;
use log_writer::Unwritten;
use outlet::Outlet;
use queue::Queue;
use shard::Query;
use share::Share;
use spare::Spare;
use standby::Standby;
use std::error::Error;
use std::fmt;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use threads::Threads;
use wardline_core::ids::PersonId;
use wardline_core::{Config, Engine};

/// How long a log or sink without room is left alone before it is asked again.
const ROOM_PAUSE: Duration = Duration::from_millis(20);
/// How often it is asked once the pipeline is closed: two seconds.
const ROOM_TRIES_LAST: u32 = 100;

/// Engines on threads. See the [module](self).
///
/// Dropping it is like [`Pipeline::finish`].
pub struct Pipeline {
    intake: Arc<Intake>,
    ends: Vec<Ends>,
    outlet: Arc<Outlet>,
    spare: Arc<Spare<Batch>>,
    unwritten: Option<Arc<Queue<Unwritten>>>,
    quarantine: Arc<Mutex<Vec<Quarantined>>>,
    clock: Arc<dyn Clock>,
    lane_max: usize,
    retained_max: usize,
    threads: Threads,
}

/// A shard as the pipeline sees it.
struct Ends {
    shares: Arc<Queue<Share>>,
    queries: Arc<Queue<Query>>,
    standby: Option<Arc<Standby>>,
}

/// A batch that was not taken in, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct Returned {
    /// The batch, as it was submitted.
    pub batch: Batch,
    /// Why.
    pub reason: Refused,
}

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Refused::Full => "as many inputs wait as may",
            Refused::Closed => "the pipeline is closed",
        };
        write!(f, "{} inputs were not taken in: {reason}", self.batch.len())
    }
}

impl Error for Returned {}

/// A shard gave no answer: there is no such shard, its engine is lost, or the question panicked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NoAnswer {
    /// The shard.
    pub shard: usize,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {} gave no answer", self.shard)
    }
}

impl Error for NoAnswer {}

/// What a pipeline leaves.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// All that was counted.
    pub metrics: Metrics,
    /// Inputs that engines panicked on, the first 1,024.
    pub quarantined: Vec<Quarantined>,
}

impl Pipeline {
    /// Sets up a pipeline whose engines judge by these numbers.
    pub fn builder(config: Config) -> Builder {
        Builder::new(config)
    }

    /// An empty batch, of memory that was used before if there is any.
    pub fn batch(&self) -> Batch {
        self.spare.take()
    }

    /// Takes in inputs, and waits while as many wait as may.
    ///
    /// # Errors
    ///
    /// If the pipeline is closed; the batch is given back.
    pub fn submit(&self, batch: impl Into<Batch>) -> Result<(), Returned> {
        self.put(batch.into(), true)
    }

    /// Takes in inputs, or gives them back at once.
    ///
    /// # Errors
    ///
    /// If as many inputs wait as may, or the pipeline is closed; the batch is given back.
    pub fn try_submit(&self, batch: impl Into<Batch>) -> Result<(), Returned> {
        self.put(batch.into(), false)
    }

    fn put(&self, mut batch: Batch, waits: bool) -> Result<(), Returned> {
        let many = batch.len();
        if many == 0 {
            return Ok(());
        }
        batch.submitted_ns = self.clock.now_ns();
        let outcome = self.intake.put(batch, || self.batch(), waits);
        let dropped = outcome.map_err(|(batch, reason)| Returned { batch, reason })?;
        self.outlet.stats.submitted.add(many);
        for (device, fixes) in dropped {
            self.outlet.stats.shed.add(fixes);
            (self.outlet.listener)(Notice::Shed { device, fixes });
        }
        Ok(())
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.ends.len()
    }

    /// Asks the engine of a shard, between two batches of inputs. See [`home`] for which shard
    /// knows a person.
    ///
    /// # Errors
    ///
    /// If the shard gives no answer.
    pub fn query<R: Send + 'static>(
        &self,
        shard: usize,
        question: impl FnOnce(&Engine) -> R + Send + 'static,
    ) -> Result<R, NoAnswer> {
        let (answer, answered) = sync_channel(1);
        let query: Query = Box::new(move |engine| {
            // Who asks waits, and is there until it was answered.
            let _ = answer.send(question(engine));
        });
        self.ends.get(shard).ok_or(NoAnswer { shard })?.queries.push(query);
        answered.recv().map_err(|_| NoAnswer { shard })
    }

    /// The shard that knows all of a person's devices.
    pub fn home(&self, person: PersonId) -> usize {
        home(person, self.shards())
    }

    /// A reading of all counters, gauges and latencies.
    pub fn metrics(&self) -> Metrics {
        let (urgent, bulk) = self.intake.waiting();
        let events = Gauge::new(self.outlet.queue.len(), self.outlet.queue.capacity());
        let lanes = (Gauge::new(urgent, self.lane_max), Gauge::new(bulk, self.lane_max));
        Metrics::read(&self.outlet.stats, lanes, events, &self.ends, self.retained_max)
    }

    /// Lets the latencies of [`Pipeline::metrics`] begin anew, so that the next reading tells of
    /// what came since. Counters and gauges stay. What is on its way meanwhile may count on either
    /// side.
    pub fn reset_latencies(&self) {
        self.outlet.stats.reset_timers();
    }

    /// Takes in nothing more, waits until all is judged and the sink has all events, and reports.
    pub fn finish(mut self) -> Report {
        self.drain();
        let quarantined = std::mem::take(&mut *lock(&self.quarantine));
        Report { metrics: self.metrics(), quarantined }
    }

    fn drain(&mut self) {
        self.intake.close();
        if !self.threads.has_dispatcher() {
            self.ends.iter().for_each(|ends| ends.shares.close());
            self.unwritten.iter().for_each(|queue| queue.close());
        }
        self.threads.join_shards();
        let standbys = self.ends.iter().filter_map(|ends| ends.standby.as_ref());
        standbys.for_each(|standby| standby.retained.close());
        self.threads.join_standbys();
        self.outlet.queue.close();
        self.threads.join_sink();
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.drain();
    }
}

/// Locks; what a panic left behind is whole, since nothing that is locked here can be half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
