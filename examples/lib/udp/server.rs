//! A pipeline with its ticker, its listeners and what they count.

use super::clock::Clock;
use super::counts::Counts;
use super::durable::Durable;
use super::listener::{Common, Front, Listener, poll_of};
use super::phones;
use super::saver::Saver;
use super::socket::Bound;
use super::ticker::Ticker;
use super::told::{Teller, Told, Watcher};
use crate::files::Output;
use crate::priority::make_room;
use mio::Waker;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use wardline::Config;
use wardline::journal::{Attached, Journal, Written};
use wardline::pipeline::{self, Batch, Notice, Pipeline, Snapshots};
use wardline_core::input::Record;
use wardline_core::time::Timestamp;
use wardline_wire::owntracks::OwnTracks;

/// How to serve.
pub struct Setup {
    /// The numbers that the engines judge by.
    pub config: Config,
    /// How many engines judge.
    pub shards: usize,
    /// How long to wait before receiving, so that more is received at once.
    pub nap: Duration,
    /// Where inputs and evidence are kept; without it, a server forgets all when it ends.
    pub journal: Option<Journal>,
    /// After so many inputs a snapshot is written there.
    pub snapshot_inputs: u64,
    /// Where events are written.
    pub events: Option<Output>,
    /// Who else is shown them.
    pub watcher: Watcher,
}

/// A server that runs.
pub struct Server {
    pipeline: Arc<Pipeline>,
    clock: Arc<Clock>,
    told: Arc<Told>,
    durable: Arc<Durable>,
    ticker: Ticker,
    listeners: Vec<Running>,
    common: Common,
    journal: Option<(Arc<Attached>, Saver)>,
}

struct Running {
    name: String,
    counts: Arc<Counts>,
    waker: Option<Arc<Waker>>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

/// What a server leaves.
pub struct Report {
    /// What the pipeline says; nothing if its threads did not end.
    pub pipeline: Option<pipeline::Report>,
    /// What its journal has.
    pub written: Option<Written>,
    /// What the listeners did wrong, if anything.
    pub errors: Vec<String>,
}

impl Server {
    /// Starts the pipeline and the ticker.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn start(setup: Setup) -> io::Result<Self> {
        let (clock, told) = (Arc::new(Clock::new()), Arc::new(Told::new()));
        let durable = Arc::new(Durable::default());
        let failed = Arc::new(AtomicBool::new(false));
        let teller = Teller {
            told: told.clone(),
            clock: clock.clone(),
            out: setup.events,
            watcher: setup.watcher,
        };
        let (accepts, tells, fails) = (durable.clone(), told.clone(), failed.clone());
        let builder = Pipeline::builder(setup.config)
            .shards(setup.shards)
            .on_thread_start(make_room)
            .accepted(move |accepted| accepts.accepted(&accepted, &tells))
            .notices(move |notice| {
                let ends = matches!(
                    notice,
                    Notice::LogFailed { .. }
                        | Notice::ReplayFailed { .. }
                        | Notice::IntakeFailed { .. }
                );
                if ends {
                    fails.store(true, Ordering::SeqCst);
                }
                eprintln!("{}", words(&notice));
            });
        let (builder, journal) = match setup.journal {
            Some(journal) => {
                let attached = journal.attach(builder, teller);
                let (builder, attached) = attached.map_err(io::Error::other)?;
                (builder, Some(attached))
            }
            None => (builder.sink(teller), None),
        };
        let pipeline = Arc::new(builder.build()?);
        let journal = journal.map(|attached| {
            let attached = Arc::new(attached);
            let inputs = setup.snapshot_inputs;
            Saver::start(pipeline.clone(), attached.clone(), inputs).map(|saver| (attached, saver))
        });
        let journal = journal.transpose()?;
        let ticker = Ticker::start(pipeline.clone(), clock.clone())?;
        let stop = Arc::new(AtomicBool::new(false));
        let common = Common {
            pipeline: pipeline.clone(),
            clock: clock.clone(),
            nap: setup.nap,
            stop,
            failed,
        };
        Ok(Self { pipeline, clock, told, durable, ticker, listeners: Vec::new(), common, journal })
    }

    /// Takes in inputs that no device sent: zones, orders, assignments.
    ///
    /// # Errors
    ///
    /// If the pipeline is closed.
    pub fn submit(&self, records: Vec<Record>) -> io::Result<()> {
        self.pipeline.submit(Batch::from(records)).map_err(io::Error::other)
    }

    /// Receives on a socket from now on. Gives what is counted there.
    ///
    /// # Errors
    ///
    /// If the socket cannot be watched or the thread not be started.
    pub fn listen(
        &mut self,
        name: &str,
        protocol: impl Front,
        bound: Bound,
    ) -> io::Result<(SocketAddr, Arc<Counts>)> {
        let address = bound.socket.local_addr()?;
        let counts = Arc::new(Counts::new());
        let (poll, waker) = poll_of(&bound.socket)?;
        let place = self.durable.register(Some(waker.clone()))?;
        let common = self.common.clone();
        let listener = Listener::new(protocol, bound.socket, poll, place, common, counts.clone());
        let thread = Builder::new().name(format!("receive-{name}")).spawn(|| listener.run())?;
        let name = name.to_owned();
        let running =
            Running { name, counts: counts.clone(), waker: Some(waker), threads: vec![thread] };
        self.listeners.push(running);
        Ok((address, counts))
    }

    /// Takes messages of OwnTracks by HTTP from now on. Gives what is counted there.
    ///
    /// # Errors
    ///
    /// If the listener fails or a thread cannot be started.
    pub fn listen_to_phones(
        &mut self,
        protocol: OwnTracks,
        listener: TcpListener,
    ) -> io::Result<(SocketAddr, Arc<Counts>)> {
        listener.set_nonblocking(true)?;
        let (address, counts) = (listener.local_addr()?, Arc::new(Counts::new()));
        let protocol = Arc::new(Mutex::new(protocol));
        let mut threads = Vec::new();
        for _ in 0..phones::WORKERS {
            let worker = phones::Worker {
                listener: listener.try_clone()?,
                protocol: protocol.clone(),
                place: self.durable.register(None)?,
                common: self.common.clone(),
                counts: counts.clone(),
                last_ns: 0,
            };
            threads.push(Builder::new().name("phones".into()).spawn(|| worker.run())?);
        }
        let name = "owntracks".to_owned();
        self.listeners.push(Running { name, counts: counts.clone(), waker: None, threads });
        Ok((address, counts))
    }

    /// The names of the sockets, and what is counted there.
    pub fn counts(&self) -> Vec<(String, Arc<Counts>)> {
        self.listeners.iter().map(|l| (l.name.clone(), l.counts.clone())).collect()
    }

    /// What is known of the events.
    pub fn told(&self) -> Arc<Told> {
        self.told.clone()
    }

    /// The time of receipt, as the server's clock has it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A reading of the pipeline.
    pub fn metrics(&self) -> impl Fn() -> pipeline::Metrics + Send + Sync + use<> {
        let pipeline = Arc::downgrade(&self.pipeline);
        let last = Mutex::new(self.pipeline.metrics());
        move || {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(pipeline) = pipeline.upgrade() {
                *last = pipeline.metrics();
            }
            last.clone()
        }
    }

    /// Whether a listener has ended by itself, or the evidence can no longer be written.
    pub fn has_failed(&self) -> bool {
        self.journal.as_ref().is_some_and(|(journal, _)| journal.has_failed())
            || self.listeners.iter().flat_map(|l| &l.threads).any(JoinHandle::is_finished)
    }

    /// Receives and acknowledges what has come, judges it, tells it, and ends.
    pub fn stop(self) -> Report {
        self.common.stop.store(true, Ordering::SeqCst);
        let mut errors = Vec::new();
        for listener in self.listeners {
            // One that cannot be woken looks by itself, a second later.
            let _ = listener.waker.map(|waker| waker.wake());
            for thread in listener.threads {
                match thread.join() {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => errors.push(format!("{}: {error}", listener.name)),
                    Err(_) => errors.push(format!("{}: a thread panicked", listener.name)),
                }
            }
        }
        self.ticker.stop();
        drop(self.common);
        let journal = self.journal.map(|(journal, saver)| {
            saver.stop();
            // Without an answer a shard is lost, or the pipeline closed itself; both were told.
            (journal, self.pipeline.snapshots().ok())
        });
        let pipeline = last_of(self.pipeline).map(Pipeline::finish);
        let written = journal.as_ref().map(|(journal, _)| journal.written());
        if let Some((journal, Some(last))) = journal {
            errors.extend(close(&journal, &last));
        }
        Report { pipeline, written, errors }
    }
}

/// Leaves snapshots; gives what went wrong.
fn close(journal: &Attached, last: &Snapshots) -> Option<String> {
    match journal.close(last) {
        Ok(Some(_)) => None,
        Ok(None) => Some("the evidence lacks events; they are told after the next start".into()),
        Err(error) => Some(format!("no snapshot could be written: {error}")),
    }
}

/// The pipeline, once nobody else holds it; metrics hold it for moments only.
fn last_of(mut pipeline: Arc<Pipeline>) -> Option<Pipeline> {
    for _ in 0..1_000 {
        match Arc::try_unwrap(pipeline) {
            Ok(last) => return Some(last),
            Err(shared) => pipeline = shared,
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    None
}

/// A notice for people to read; without what a device sent.
fn words(notice: &Notice) -> String {
    match notice {
        Notice::Quarantined(quarantined) => format!(
            "shard {} left out input {}: its engine panicked: {}",
            quarantined.shard, quarantined.input.number, quarantined.reason
        ),
        Notice::LogFull => "the disk is full: nothing is acknowledged until there is room".into(),
        Notice::LogHasRoom => "the disk has room again".into(),
        Notice::Replayed { inputs } => format!("{inputs} inputs of the journal judged again"),
        other => format!("{other:?}"),
    }
}
