//! How a pipeline is set up.

use super::Pipeline;
use super::clock::{Clock, MonotonicClock};
use super::dispatcher::{Acceptance, Dispatcher, Replay, SHARE_INPUTS};
use super::durable::Durable;
use super::intake::Intake;
use super::keeper::{Keeper, Kept};
use super::log::{Accepted, Log};
use super::notice::{Listener, Notice, Quarantined};
use super::outlet::{Deliverer, Outlet};
use super::queue::Queue;
use super::recovery::{Checkpoints, Retained, Snapshots};
use super::router::{Router, SHARDS_MAX};
use super::shard::{Links, Trial, Worker};
use super::share::Share;
use super::shed::Shedding;
use super::sink::{Overflow, Sink};
use super::state::{Ends, Restored};
use super::stats::Stats;
use super::threads::Threads;
use super::watchdog::Watchdog;
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::sync::Parker;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wardline_core::input::Record;
use wardline_core::{Config, Engine, Numbered};

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
    pub(super) retained_max: usize,
    pub(super) checkpoints: Arc<dyn Checkpoints>,
    pub(super) stall_after: Duration,
    pub(super) sink: Option<Box<dyn Sink>>,
    pub(super) log: Option<Box<dyn Log>>,
    pub(super) accepted: Option<Acceptance>,
    pub(super) listener: Listener,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) trial: Option<Trial>,
    pub(super) router: Option<Router>,
    pub(super) engines: Option<Vec<Engine>>,
    pub(super) replay: Option<(u64, Replay)>,
    pub(super) keeps_state: bool,
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
            retained_max: 1 << 18,
            checkpoints: Arc::new(Snapshots),
            stall_after: Duration::from_secs(1),
            sink: None,
            log: None,
            accepted: None,
            listener: Arc::new(|_| ()),
            clock: Arc::new(MonotonicClock::default()),
            trial: None,
            router: None,
            engines: None,
            replay: None,
            keeps_state: false,
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

    /// Where inputs are written once they have their numbers. No event leaves the pipeline before
    /// its input is there.
    pub fn log(mut self, log: impl Log + 'static) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// Called when a batch has its numbers and is in the log, if there is one: only now may its
    /// senders forget it. On the thread that writes the log; must be quick.
    pub fn accepted(mut self, accepted: impl FnMut(Accepted) + Send + 'static) -> Self {
        self.accepted = Some(Box::new(accepted));
        self
    }

    /// Goes on from what the engines of another pipeline knew, which had as many shards.
    pub fn resume(mut self, restored: Restored) -> Self {
        (self.router, self.engines) = (Some(restored.router), Some(restored.engines));
        self
    }

    /// Judges these inputs before any others: what a log has after the state that the pipeline
    /// resumes, with the numbers that it has there. They are durable, up to the number `through`,
    /// after which numbers go on. `next` adds some inputs to a list and says whether there are more.
    pub fn replay(
        mut self,
        through: u64,
        next: impl FnMut(&mut Vec<Numbered>) -> io::Result<bool> + Send + 'static,
    ) -> Self {
        self.replay = Some((through, Box::new(next)));
        self
    }

    /// Leaves what the engines know at the end in [`Report::state`](super::Report::state).
    pub fn keep_state(mut self) -> Self {
        self.keeps_state = true;
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

    /// How many inputs each shard keeps to build its engine again after a panic, before it makes a
    /// checkpoint. Default 262,144: about 42 MiB.
    pub fn retained(mut self, inputs: usize) -> Self {
        self.retained_max = inputs.max(SHARE_INPUTS);
        self
    }

    /// How the state of an engine is kept, so that inputs need not be. Default: as a snapshot in
    /// memory. A shard whose checkpoint fails says so, and is lost if its engine panics.
    pub fn checkpoints(mut self, checkpoints: impl Checkpoints + 'static) -> Self {
        self.checkpoints = Arc::new(checkpoints);
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

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn build(mut self) -> io::Result<Pipeline> {
        self.shards = self.engines.as_ref().map_or(self.shards, Vec::len);
        let stats = Arc::new(Stats::new(self.shards));
        let lane_max = self.queue * SHARE_INPUTS;
        let intake = Arc::new(Intake::new(lane_max, self.queue, self.in_order, self.shedding));
        let quarantine = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::new(Ends::new(self.keeps_state, self.shards));
        let sink_parker = Parker::new();
        let outlet = Arc::new(Outlet {
            queue: Queue::new(self.event_queue, sink_parker.unparker().clone()),
            spare: ArrayQueue::new(self.event_queue + self.shards),
            overflow: self.overflow,
            stats: stats.clone(),
            listener: self.listener.clone(),
        });
        let parkers: Vec<_> = (0..self.shards).map(|_| Parker::new()).collect();
        let links = parkers.iter().map(|parker| self.links(parker, &outlet, &quarantine, &ends));
        let links: Vec<_> = links.collect();
        let (durable, keeper) = self.keeper(&sink_parker, &intake, &stats);
        let dispatcher = self.dispatcher(&links, &intake, &stats, &ends, keeper.as_ref());
        let mut pipeline = Pipeline {
            intake: intake.clone(),
            queues: dispatcher.queues.clone(),
            queries: links.iter().map(|links| links.queries.clone()).collect(),
            outlet: outlet.clone(),
            spare: dispatcher.spare_batches.clone(),
            kept: dispatcher.kept.clone(),
            quarantine,
            ends,
            clock: self.clock.clone(),
            lane_max,
            retained_max: self.retained_max,
            threads: Threads::default(),
        };
        let sink = self.sink.take().unwrap_or_else(|| Box::new(|_| ()));
        let deliverer = Deliverer { outlet, sink, durable, intake, clock: self.clock.clone() };
        let watchdog = Watchdog::new(stats, self.stall_after, self.listener.clone());
        // What was started before an error ends when the pipeline is dropped.
        pipeline.threads.start_sink(deliverer, sink_parker)?;
        if let Some((keeper, parker)) = keeper {
            pipeline.threads.start_keeper(keeper, parker)?;
        }
        let workers = self.workers(links);
        for (shard, (worker, parker)) in workers.into_iter().zip(parkers).enumerate() {
            pipeline.threads.start_worker(shard, (worker, parker))?;
        }
        pipeline.threads.start_watchdog(watchdog, self.clock)?;
        pipeline.threads.start_dispatcher(dispatcher)?;
        Ok(pipeline)
    }

    /// Who writes the log, if there is one, and how far it is durable.
    fn keeper(
        &mut self,
        sink: &Parker,
        intake: &Arc<Intake>,
        stats: &Arc<Stats>,
    ) -> (Arc<Durable>, Option<(Keeper, Parker)>) {
        let (parker, sink) = (Parker::new(), sink.unparker().clone());
        let Some(log) = self.log.take() else {
            return (Arc::new(Durable::always(parker.unparker().clone(), sink)), None);
        };
        let through = self.replay.as_ref().map_or(0, |(through, _)| *through);
        let durable = Arc::new(Durable::new(through, parker.unparker().clone(), sink));
        let keeper = Keeper {
            log,
            accepted: self.accepted.take(),
            queue: Arc::new(Queue::new(self.queue, parker.unparker().clone())),
            durable: durable.clone(),
            intake: intake.clone(),
            stats: stats.clone(),
            listener: self.listener.clone(),
            clock: self.clock.clone(),
            waiting: Vec::new(),
            has_failed: false,
        };
        (durable, Some((keeper, parker)))
    }

    fn dispatcher(
        &mut self,
        links: &[Links],
        intake: &Arc<Intake>,
        stats: &Arc<Stats>,
        ends: &Arc<Ends>,
        keeper: Option<&(Keeper, Parker)>,
    ) -> Dispatcher {
        let kept: Option<Arc<Queue<Kept>>> = keeper.map(|(keeper, _)| keeper.queue.clone());
        let router = self.router.take();
        Dispatcher {
            router: router.unwrap_or_else(|| Router::new(self.shards, &self.config)),
            intake: intake.clone(),
            kept,
            accepted: self.accepted.take(),
            queues: links.iter().map(|links| links.shares.clone()).collect(),
            spare: links.iter().map(|links| links.spare.clone()).collect(),
            spare_batches: Arc::new(ArrayQueue::new(self.queue + 2)),
            stats: stats.clone(),
            listener: self.listener.clone(),
            replay: self.replay.take().map(|(_, replay)| replay),
            ends: ends.clone(),
            clock: self.clock.clone(),
            shares: (0..self.shards).map(|_| Share::default()).collect(),
            lists: VecDeque::new(),
        }
    }

    /// What a shard is connected to, which sleeps on this.
    fn links(
        &self,
        parker: &Parker,
        outlet: &Arc<Outlet>,
        quarantine: &Arc<Mutex<Vec<Quarantined>>>,
        ends: &Arc<Ends>,
    ) -> Links {
        Links {
            shares: Arc::new(Queue::new(self.share_queue, parker.unparker().clone())),
            spare: Arc::new(ArrayQueue::new(self.share_queue + 2)),
            queries: Arc::new(Queue::new(QUERIES_MAX, parker.unparker().clone())),
            outlet: outlet.clone(),
            listener: self.listener.clone(),
            clock: self.clock.clone(),
            quarantine: quarantine.clone(),
            trial: self.trial.clone(),
            ends: ends.clone(),
        }
    }

    fn workers(&mut self, links: Vec<Links>) -> Vec<Worker> {
        let restored = self.engines.take().unwrap_or_default();
        let mut restored = restored.into_iter();
        let workers = links.into_iter().enumerate().map(|(shard, links)| {
            let (config, checkpoints) = (self.config.clone(), self.checkpoints.clone());
            let mut retained = Retained::new(config, checkpoints, self.retained_max);
            let engine = match restored.next() {
                Some(engine) => {
                    retained.begin_from(&engine);
                    engine
                }
                None => Engine::new(self.config.clone()),
            };
            Worker::new(shard, engine, retained, links)
        });
        workers.collect()
    }
}
