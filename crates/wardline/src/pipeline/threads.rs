//! The threads of a pipeline, started and joined.

use super::clock::Clock;
use super::dispatcher::Dispatcher;
use super::log_writer::LogWriter;
use super::outlet::Deliverer;
use super::shard::Worker;
use super::standby::Standby;
use super::watchdog::Watchdog;
use crossbeam_utils::sync::{Parker, Unparker};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// What a thread of a pipeline is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Role {
    /// Gives numbers and shares inputs out.
    Intake,
    /// Writes the log.
    Log,
    /// Judges, as the shard of this number.
    Shard(usize),
    /// Keeps a second engine for the shard of this number, in case that panics.
    Standby(usize),
    /// Gives events to the sink.
    Sink,
    /// Looks for shards that are stalled.
    Watchdog,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intake => f.write_str("intake"),
            Self::Log => f.write_str("log"),
            Self::Shard(shard) => write!(f, "{shard}"),
            Self::Standby(shard) => write!(f, "{shard}-standby"),
            Self::Sink => f.write_str("sink"),
            Self::Watchdog => f.write_str("watchdog"),
        }
    }
}

/// What a thread does first.
pub(super) type Beginning = Arc<dyn Fn(Role) + Send + Sync>;

/// The threads that run.
pub(super) struct Threads {
    beginning: Beginning,
    dispatcher: Option<JoinHandle<()>>,
    log_writer: Option<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
    standbys: Vec<JoinHandle<()>>,
    sink: Option<JoinHandle<()>>,
    watchdog: Option<(JoinHandle<()>, Unparker)>,
    stop: Arc<AtomicBool>,
}

impl Threads {
    pub fn new(beginning: Beginning) -> Self {
        Self {
            beginning,
            dispatcher: None,
            log_writer: None,
            workers: Vec::new(),
            standbys: Vec::new(),
            sink: None,
            watchdog: None,
            stop: Arc::default(),
        }
    }

    /// Starts a thread, which has its role in its name.
    fn spawn(&self, role: Role, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
        let beginning = self.beginning.clone();
        Builder::new().name(format!("wardline-{role}")).spawn(move || {
            beginning(role);
            run();
        })
    }

    pub fn start_sink(&mut self, mut deliverer: Deliverer, parker: Parker) -> io::Result<()> {
        self.sink = Some(self.spawn(Role::Sink, move || deliverer.run(&parker))?);
        Ok(())
    }

    pub fn start_log_writer(&mut self, mut writer: LogWriter, parker: Parker) -> io::Result<()> {
        self.log_writer = Some(self.spawn(Role::Log, move || writer.run(&parker))?);
        Ok(())
    }

    pub fn start_worker(
        &mut self,
        shard: usize,
        (mut worker, parker): (Worker, Parker),
    ) -> io::Result<()> {
        let run = move || worker.run(&parker);
        let worker = self.spawn(Role::Shard(shard), run)?;
        self.workers.push(worker);
        Ok(())
    }

    pub fn start_standby(
        &mut self,
        shard: usize,
        (standby, parker): (Arc<Standby>, Parker),
    ) -> io::Result<()> {
        let run = move || standby.run(&parker);
        let standby = self.spawn(Role::Standby(shard), run)?;
        self.standbys.push(standby);
        Ok(())
    }

    pub fn start_watchdog(&mut self, watchdog: Watchdog, clock: Arc<dyn Clock>) -> io::Result<()> {
        let (parker, stop) = (Parker::new(), self.stop.clone());
        let unparker = parker.unparker().clone();
        let run = move || {
            while !stop.load(Ordering::SeqCst) {
                watchdog.look(&*clock);
                parker.park_timeout(watchdog.pause());
            }
        };
        self.watchdog = Some((self.spawn(Role::Watchdog, run)?, unparker));
        Ok(())
    }

    pub fn start_dispatcher(&mut self, mut dispatcher: Dispatcher) -> io::Result<()> {
        self.dispatcher = Some(self.spawn(Role::Intake, move || dispatcher.run())?);
        Ok(())
    }

    /// Whether there is somebody to close the shards' queues.
    pub fn has_dispatcher(&self) -> bool {
        self.dispatcher.is_some()
    }

    /// Waits until the log and the shards have all that is on its way. If no dispatcher was
    /// started, somebody else must have closed the queues.
    pub fn join_shards(&mut self) {
        self.dispatcher.take().into_iter().for_each(join);
        self.log_writer.take().into_iter().for_each(join);
        self.workers.drain(..).for_each(join);
    }

    /// Waits for the standbys. What is retained for them must be closed.
    pub fn join_standbys(&mut self) {
        self.standbys.drain(..).for_each(join);
    }

    /// Waits until the sink has all events. The outlet must be closed.
    pub fn join_sink(&mut self) {
        self.sink.take().into_iter().for_each(join);
        self.stop.store(true, Ordering::SeqCst);
        if let Some((watchdog, unparker)) = self.watchdog.take() {
            unparker.unpark();
            join(watchdog);
        }
    }
}

/// A thread that panicked has said so; there is nothing to take from it.
fn join(thread: JoinHandle<()>) {
    let _ = thread.join();
}
