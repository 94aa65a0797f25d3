//! The threads of a pipeline, started and joined.

use super::clock::Clock;
use super::dispatcher::Dispatcher;
use super::log_writer::LogWriter;
use super::outlet::Deliverer;
use super::shard::Worker;
use super::standby::Standby;
use super::watchdog::Watchdog;
use crossbeam_utils::sync::{Parker, Unparker};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// The threads that run.
#[derive(Default)]
pub(super) struct Threads {
    dispatcher: Option<JoinHandle<()>>,
    log_writer: Option<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
    standbys: Vec<JoinHandle<()>>,
    sink: Option<JoinHandle<()>>,
    watchdog: Option<(JoinHandle<()>, Unparker)>,
    stop: Arc<AtomicBool>,
}

impl Threads {
    pub fn start_sink(&mut self, mut deliverer: Deliverer, parker: Parker) -> io::Result<()> {
        self.sink = Some(spawn("wardline-sink".into(), move || deliverer.run(&parker))?);
        Ok(())
    }

    pub fn start_log_writer(&mut self, mut writer: LogWriter, parker: Parker) -> io::Result<()> {
        self.log_writer = Some(spawn("wardline-log".into(), move || writer.run(&parker))?);
        Ok(())
    }

    pub fn start_worker(
        &mut self,
        shard: usize,
        (mut worker, parker): (Worker, Parker),
    ) -> io::Result<()> {
        let run = move || worker.run(&parker);
        self.workers.push(spawn(format!("wardline-{shard}"), run)?);
        Ok(())
    }

    pub fn start_standby(
        &mut self,
        shard: usize,
        (standby, parker): (Arc<Standby>, Parker),
    ) -> io::Result<()> {
        let run = move || standby.run(&parker);
        self.standbys.push(spawn(format!("wardline-{shard}-standby"), run)?);
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
        self.watchdog = Some((spawn("wardline-watchdog".into(), run)?, unparker));
        Ok(())
    }

    pub fn start_dispatcher(&mut self, mut dispatcher: Dispatcher) -> io::Result<()> {
        self.dispatcher = Some(spawn("wardline-intake".into(), move || dispatcher.run())?);
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

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name).spawn(run)
}

/// A thread that panicked has said so; there is nothing to take from it.
fn join(thread: JoinHandle<()>) {
    let _ = thread.join();
}
