//! The parts of a pipeline, put together and started.

use super::builder::{Builder, QUERIES_MAX};
use super::dispatcher::{Acceptance, Dispatcher, SHARE_INPUTS};
use super::durable::Durable;
use super::intake::Intake;
use super::log_writer::{LISTS_MAX, LogWriter};
use super::notice::{Notice, Quarantined, words_of};
use super::outlet::{Deliverer, Outlet};
use super::queue::Queue;
use super::retained::Retained;
use super::router::Router;
use super::shard::{Links, Worker};
use super::share::Share;
use super::snapshots::Restored;
use super::spare::Spare;
use super::standby::{Recovery, Standby, State};
use super::stats::Stats;
use super::threads::Threads;
use super::watchdog::Watchdog;
use super::{Ends, Pipeline};
use crossbeam_utils::sync::Parker;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use wardline_core::Engine;

impl Builder {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn build(mut self) -> io::Result<Pipeline> {
        self.shards = self.restored.as_ref().map_or(self.shards, Restored::shards);
        let stats = Arc::new(Stats::new(self.shards, self.panics.clone()));
        self.accepted = self.accepted.take().map(|accepted| self.guarded(accepted));
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
        let (router, engines) = match self.restored.take() {
            Some(restored) => (restored.router, restored.engines),
            None => (Router::new(self.shards, &self.config), Vec::new()),
        };
        let shards = self.all_shards(engines, &outlet, &quarantine);
        let (durable, writer) = self.log_writer(&sink_parker, &intake, &stats);
        let dispatcher =
            self.dispatcher(router, &shards, &intake, &stats, (&durable, writer.as_ref()));
        let mut pipeline = Pipeline {
            intake: intake.clone(),
            ends: shards.iter().map(Shard::ends).collect(),
            outlet: outlet.clone(),
            spare: dispatcher.spare_batches.clone(),
            unwritten: dispatcher.unwritten.clone(),
            quarantine,
            clock: self.clock.clone(),
            lane_max,
            retained_max: self.retained_max,
            threads: Threads::new(self.beginning),
        };
        let sink = self.sink.take().unwrap_or_else(|| Box::new(|_| ()));
        let deliverer = Deliverer { outlet, sink, durable, intake, clock: self.clock.clone() };
        let watchdog = Watchdog::new(stats, self.stall_after, self.listener.clone());
        // What was started before an error ends when the pipeline is dropped.
        let threads = &mut pipeline.threads;
        threads.start_sink(deliverer, sink_parker)?;
        if let Some((writer, parker)) = writer {
            threads.start_log_writer(writer, parker)?;
        }
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

    fn dispatcher(
        &mut self,
        router: Router,
        shards: &[Shard],
        intake: &Arc<Intake>,
        stats: &Arc<Stats>,
        (durable, writer): (&Arc<Durable>, Option<&(LogWriter, Parker)>),
    ) -> Dispatcher {
        let links = || shards.iter().map(|shard| &shard.worker.0.links);
        Dispatcher {
            router,
            intake: intake.clone(),
            unwritten: writer.map(|(writer, _)| writer.queue.clone()),
            durable: durable.clone(),
            accepted: self.accepted.take(),
            queues: links().map(|links| links.shares.clone()).collect(),
            spare: links().map(|links| links.spare.clone()).collect(),
            spare_batches: Arc::new(Spare::new(self.queue + 2)),
            stats: stats.clone(),
            listener: self.listener.clone(),
            clock: self.clock.clone(),
            shares: (0..self.shards).map(|_| Share::default()).collect(),
            lists: VecDeque::new(),
            replay: self.replay.take().map(|(_, replay)| replay),
        }
    }

    /// All shards, with the engines that were restored, or new ones.
    fn all_shards(
        &self,
        engines: Vec<(Engine, Vec<u8>)>,
        outlet: &Arc<Outlet>,
        quarantine: &Arc<Mutex<Vec<Quarantined>>>,
    ) -> Vec<Shard> {
        let mut engines = engines.into_iter();
        let shard = |shard| self.shard(shard, engines.next(), outlet, quarantine);
        (0..self.shards).map(shard).collect()
    }

    /// What the callback does wrong must not end the thread that calls it.
    fn guarded(&self, mut accepted: Acceptance) -> Acceptance {
        let (panics, listener) = (self.panics.clone(), self.listener.clone());
        Box::new(move |batch| {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| accepted(batch))) {
                panics.add(1);
                let (first, reason) = (batch.first, words_of(&*panic));
                listener(Notice::AcceptedPanicked { first, reason });
            }
        })
    }

    /// Who writes the log, if there is one, and how far it is durable.
    fn log_writer(
        &mut self,
        sink: &Parker,
        intake: &Arc<Intake>,
        stats: &Arc<Stats>,
    ) -> (Arc<Durable>, Option<(LogWriter, Parker)>) {
        let (parker, sink) = (Parker::new(), sink.unparker().clone());
        let Some(log) = self.log.take() else {
            return (Arc::new(Durable::always(parker.unparker().clone(), sink)), None);
        };
        let through = self.replay.as_ref().map_or(0, |(through, _)| *through);
        let durable = Arc::new(Durable::new(through, parker.unparker().clone(), sink));
        let writer = LogWriter {
            log,
            accepted: self.accepted.take(),
            queue: Arc::new(Queue::new(LISTS_MAX, parker.unparker().clone())),
            durable: durable.clone(),
            intake: intake.clone(),
            stats: stats.clone(),
            listener: self.listener.clone(),
            clock: self.clock.clone(),
            waiting: Vec::new(),
            has_failed: false,
        };
        (durable, Some((writer, parker)))
    }

    /// A shard and its standby, each with what its thread sleeps on.
    fn shard(
        &self,
        shard: usize,
        restored: Option<(Engine, Vec<u8>)>,
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
        let new = || Engine::new(self.config.clone());
        let (engine, state) = match restored {
            Some((engine, saved)) => (engine, State::Saved(saved)),
            None => (new(), State::Ready(Box::new(new()))),
        };
        let standby = match self.recovery {
            Recovery::Standby => Some(self.standby(shard, state, &links)),
            Recovery::Never => None,
        };
        let of = standby.as_ref().map(|(standby, _)| standby.clone());
        Shard { worker: (Worker::new(shard, engine, of, links), parker), standby }
    }

    fn standby(&self, shard: usize, state: State, links: &Links) -> (Arc<Standby>, Parker) {
        let parker = Parker::new();
        let standby = Standby {
            shard,
            config: self.config.clone(),
            state: Mutex::new(state),
            is_lost: AtomicBool::new(false),
            retained: Retained::new(self.retained_max, parker.unparker().clone()),
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
