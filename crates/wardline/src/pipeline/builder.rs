//! How a pipeline is set up.

use super::backlog::Backlog;
use super::clock::{Clock, MonotonicClock};
use super::dispatcher::{Acceptance, Dispatcher, SHARE_INPUTS};
use super::intake::Intake;
use super::log::{Accepted, Log};
use super::notice::{Listener, Notice, Quarantined};
use super::outlet::Outlet;
use super::queue::Queue;
use super::router::{Router, SHARDS_MAX};
use super::shard::{Links, Trial, Worker};
use super::share::Share;
use super::shed::Shedding;
use super::sink::{Overflow, Sink};
use super::spare::Spare;
use super::standby::{Recovery, Standby, StandbyTrial, State};
use super::stats::Stats;
use super::threads::Threads;
use super::watchdog::Watchdog;
use super::{Ends, Pipeline};
use crossbeam_utils::sync::Parker;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wardline_core::input::Record;
use wardline_core::{Config, Engine};

/// Questions that may wait for a shard; who asks more waits.
const QUERIES_MAX: usize = 64;

/// Sets up a [`Pipeline`].
pub struct Builder {
    pub(super) config: Config,
    pub(super) shards: usize,
    pub(super) queue: usize,
    pub(super) share_queue: usize,
    pub(super) event_queue: usize,
    pub(super) in_order: bool,
    pub(super) overflow: Overflow,
    pub(super) shedding: Shedding,
    pub(super) recovery: Recovery,
    pub(super) retained_max: usize,
    pub(super) stall_after: Duration,
    pub(super) sink: Option<Box<dyn Sink>>,
    pub(super) log: Option<Box<dyn Log>>,
    pub(super) accepted: Option<Acceptance>,
    pub(super) listener: Listener,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) trial: Option<Trial>,
    pub(super) standby_trial: Option<StandbyTrial>,
}

impl Builder {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            shards: 1,
            queue: 64,
            share_queue: 8,
            event_queue: 64,
            in_order: false,
            overflow: Overflow::Wait,
            shedding: Shedding::Never,
            recovery: Recovery::Standby,
            retained_max: 1 << 18,
            stall_after: Duration::from_secs(1),
            sink: None,
            log: None,
            accepted: None,
            listener: Arc::new(|_| ()),
            clock: Arc::new(MonotonicClock::default()),
            trial: None,
            standby_trial: None,
        }
    }

    /// How many shards judge, each with a thread; from 1 to [`SHARDS_MAX`]. Default 1.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards.clamp(1, SHARDS_MAX);
        self
    }

    /// How many batches of 1,024 inputs may wait in each lane. Default 64: 65,536 inputs, about
    /// 10 MiB.
    pub fn queue(mut self, batches: usize) -> Self {
        self.queue = batches.max(1);
        self
    }

    /// How many batches of 1,024 inputs may wait for each shard with their numbers given; nothing
    /// overtakes these. Default 8.
    pub fn share_queue(mut self, batches: usize) -> Self {
        self.share_queue = batches.max(1);
        self
    }

    /// How many batches of events may wait for the sink. Default 64.
    pub fn event_queue(mut self, batches: usize) -> Self {
        self.event_queue = batches.max(1);
        self
    }

    /// Inputs are numbered in the order in which they are submitted, and none overtakes; for a log
    /// that is read again.
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// What happens when no more inputs may wait. Default: whoever submits waits.
    pub fn shedding(mut self, shedding: Shedding) -> Self {
        self.shedding = shedding;
        self
    }

    /// Where the events go. Without a sink they are only counted.
    pub fn sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sink = Some(Box::new(sink));
        self
    }

    /// What happens to events when the sink is too slow. Default: all wait for it.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Where inputs are written once they have their numbers, before they are judged.
    pub fn log(mut self, log: impl Log + 'static) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// Called on the dispatcher's thread when a batch has its numbers and is in the log, if there
    /// is one: only now may its senders forget it.
    pub fn accepted(mut self, accepted: impl FnMut(Accepted) + Send + 'static) -> Self {
        self.accepted = Some(Box::new(accepted));
        self
    }

    /// Who is told what the pipeline says of itself. Called on its threads; must be quick.
    pub fn notices(mut self, listener: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        // What the listener does wrong must not be put down to an engine.
        self.listener = Arc::new(move |notice| {
            let _ = catch_unwind(AssertUnwindSafe(|| listener(notice)));
        });
        self
    }

    /// What is left of a shard whose engine panics. Default: a standby takes its place.
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// How many judged inputs of a shard may wait for its standby; when there are more, the shard
    /// waits. Default 262,144: about 42 MiB, and more than a second's inputs.
    pub fn retained(mut self, inputs: usize) -> Self {
        self.retained_max = inputs.max(SHARE_INPUTS);
        self
    }

    /// How long a shard may be at the same inputs before it counts as stalled. Default 1 s: a
    /// batch takes about a millisecond.
    pub fn stall_after(mut self, stall_after: Duration) -> Self {
        self.stall_after = stall_after;
        self
    }

    /// The clock that latencies and stalls are measured by. Default: the machine's monotonic one.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Called before each input is judged; may panic or take long.
    #[doc(hidden)]
    pub fn trial(mut self, trial: impl Fn(usize, &Record) + Send + Sync + 'static) -> Self {
        self.trial = Some(Arc::new(trial));
        self
    }

    /// Called before each share that a standby takes in; may panic or take long.
    #[doc(hidden)]
    pub fn standby_trial(mut self, trial: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.standby_trial = Some(Arc::new(trial));
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn build(mut self) -> io::Result<Pipeline> {
        let stats = Arc::new(Stats::new(self.shards));
        let lane_max = self.queue * SHARE_INPUTS;
        let intake = Arc::new(Intake::new(lane_max, self.queue, self.in_order, self.shedding));
        let quarantine = Arc::new(Mutex::new(Vec::new()));
        let sink_parker = Parker::new();
        let outlet = Arc::new(Outlet {
            queue: Queue::new(self.event_queue, sink_parker.unparker().clone()),
            spare: Spare::new(self.event_queue + self.shards),
            overflow: self.overflow,
            stats: stats.clone(),
            listener: self.listener.clone(),
        });
        let spare = Arc::new(Spare::new(self.queue + 2));
        let shards = (0..self.shards).map(|shard| self.shard(shard, &outlet, &quarantine));
        let shards: Vec<_> = shards.collect();
        let links = || shards.iter().map(|shard| &shard.worker.0.links);
        let dispatcher = Dispatcher {
            router: Router::new(self.shards, &self.config),
            intake: intake.clone(),
            log: self.log.take(),
            accepted: self.accepted.take(),
            queues: links().map(|links| links.shares.clone()).collect(),
            spare: links().map(|links| links.spare.clone()).collect(),
            spare_batches: spare.clone(),
            stats: stats.clone(),
            listener: self.listener.clone(),
            clock: self.clock.clone(),
            shares: (0..self.shards).map(|_| Share::default()).collect(),
            numbered: Vec::with_capacity(SHARE_INPUTS),
        };
        let mut pipeline = Pipeline {
            intake,
            ends: shards.iter().map(Shard::ends).collect(),
            outlet: outlet.clone(),
            spare,
            quarantine,
            clock: self.clock.clone(),
            lane_max,
            retained_max: self.retained_max,
            threads: Threads::default(),
        };
        let sink = self.sink.take().unwrap_or_else(|| Box::new(|_| ()));
        let watchdog = Watchdog::new(stats, self.stall_after, self.listener.clone());
        // What was started before an error ends when the pipeline is dropped.
        let threads = &mut pipeline.threads;
        threads.start_sink(outlet, sink, sink_parker, self.clock.clone())?;
        for (number, shard) in shards.into_iter().enumerate() {
            if let Some(standby) = shard.standby {
                threads.start_standby(number, standby)?;
            }
            threads.start_worker(number, shard.worker)?;
        }
        threads.start_watchdog(watchdog, self.clock)?;
        threads.start_dispatcher(dispatcher)?;
        Ok(pipeline)
    }

    /// A shard and its standby, each with what its thread sleeps on.
    fn shard(
        &self,
        shard: usize,
        outlet: &Arc<Outlet>,
        quarantine: &Arc<Mutex<Vec<Quarantined>>>,
    ) -> Shard {
        let parker = Parker::new();
        let (queue, retained) = (self.share_queue, self.retained_max / SHARE_INPUTS);
        let links = Links {
            shares: Arc::new(Queue::new(queue, parker.unparker().clone())),
            spare: Arc::new(Spare::new(queue + 2 + retained)),
            queries: Arc::new(Queue::new(QUERIES_MAX, parker.unparker().clone())),
            outlet: outlet.clone(),
            listener: self.listener.clone(),
            clock: self.clock.clone(),
            quarantine: quarantine.clone(),
            trial: self.trial.clone(),
        };
        let standby = match self.recovery {
            Recovery::Standby => Some(self.standby(shard, &links)),
            Recovery::Never => None,
        };
        let engine = Engine::new(self.config.clone());
        let of = standby.as_ref().map(|(standby, _)| standby.clone());
        Shard { worker: (Worker::new(shard, engine, of, links), parker), standby }
    }

    fn standby(&self, shard: usize, links: &Links) -> (Arc<Standby>, Parker) {
        let parker = Parker::new();
        let standby = Standby {
            shard,
            config: self.config.clone(),
            state: Mutex::new(State::Ready(Box::new(Engine::new(self.config.clone())))),
            is_lost: AtomicBool::new(false),
            backlog: Backlog::new(self.retained_max, parker.unparker().clone()),
            spare: links.spare.clone(),
            stats: links.outlet.stats.clone(),
            listener: self.listener.clone(),
            trial: self.standby_trial.clone(),
        };
        (Arc::new(standby), parker)
    }
}

/// A shard whose threads are not started yet.
struct Shard {
    worker: (Worker, Parker),
    standby: Option<(Arc<Standby>, Parker)>,
}

impl Shard {
    fn ends(&self) -> Ends {
        let links = &self.worker.0.links;
        Ends {
            shares: links.shares.clone(),
            queries: links.queries.clone(),
            standby: self.standby.as_ref().map(|(standby, _)| standby.clone()),
        }
    }
}
