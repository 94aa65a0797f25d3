//! A journal under a pipeline: a log of inputs, a log of evidence, and starting again from both.
//!
//! ```text
//! dispatcher ─► InputWriter ─► log of inputs      shards ─► EvidenceSink ─► your sink
//!                                                               └► log of evidence
//! ```
//!
//! [`Journal::open`] finds out what is there, [`Journal::attach`] gives it to a pipeline's builder,
//! [`Attached::save`] and [`Attached::close`] leave snapshots for the next start. What holds:
//!
//! - No event reaches the sink before the input that caused it is durable, and nobody is told that
//!   an input is accepted before the commit that holds it.
//! - An event that the evidence has is not given to the sink again; one that it has not, is. It is
//!   written there just after the sink has taken it, so a crash between the two gives it twice,
//!   with one id: input, order, index. Whoever must not act twice looks at the id.
//! - What must be known of the past is a snapshot and the rest of the log; without a snapshot that
//!   fits, the whole log. A snapshot is written only when the evidence has all that came of it.
//!
//! No thread is started here, and time is asked of a clock that is given.

mod act;
mod devices;
mod evidence;
mod found;
mod inputs;
mod start;
mod tail;

pub use evidence::EvidenceSink;
pub use found::{Found, Unused};
pub use inputs::InputWriter;
pub use start::StartError;
pub use wardline_journal::{
    CheckpointPolicy, CommitPolicy, Cut, EvidenceOptions, InputOptions, LogError, OpenError,
    ReadError, Recovery, SnapshotError, disk,
};

use crate::pipeline::{Builder, Restored, Sink, Snapshots};
use act::Standing;
use devices::{Devices, Follower};
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tail::Tail;
use wardline_core::Config;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;
use wardline_journal::disk::Disk;
use wardline_journal::{Durable, EvidenceLog, InputLog, SnapshotStore};
use wardline_wire::datagram::Checkpoint;

/// What tells the time of a journal's frames.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a journal is kept.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The log of inputs.
    pub inputs: InputOptions,
    /// The log of evidence.
    pub evidence: EvidenceOptions,
    /// How many snapshots are kept. Default 3: if the newest is damaged, there are two more.
    pub snapshots: usize,
    /// The name of the evidence on its checkpoints, if it is new: best a domain and a path.
    pub name: String,
    /// The clock.
    pub now: Now,
}

impl Settings {
    /// The defaults, with the machine's clock, for a log of this name.
    pub fn new(name: &str) -> Self {
        Self {
            inputs: InputOptions::default(),
            evidence: EvidenceOptions::default(),
            snapshots: 3,
            name: name.to_owned(),
            now: Arc::new(|| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }),
        }
    }
}

/// The number of the input, the order and the index: which event it is.
type EventId = (u64, u64, u32);

/// A journal that was opened, before a pipeline uses it.
pub struct Journal {
    disk: Arc<dyn Disk>,
    inputs: InputLog,
    evidence: EvidenceLog,
    snapshots: SnapshotStore,
    restored: Option<Restored>,
    told: HashSet<EventId>,
    acts: VecDeque<(u64, Record)>,
    standing: Standing,
    devices: Devices,
    device_files: SnapshotStore,
    found: Found,
    now: Now,
}

/// What the two threads that write share.
#[derive(Default)]
struct Shared {
    /// What of the log of inputs is durable.
    durable: Mutex<Option<Durable>>,
    /// Inputs that belong into the evidence before the events that they cause.
    acts: Mutex<VecDeque<(u64, Record)>>,
    /// Whether the evidence has all that came of the inputs, durably, at the end.
    is_complete: AtomicBool,
    /// How often somebody asked that the evidence be made durable with all that was judged before.
    asked: AtomicU64,
    /// Up to which of these it was.
    answered: AtomicU64,
    /// Whether the evidence can no longer be written.
    has_failed: AtomicBool,
    figures: Figures,
}

/// What was written since the start.
#[derive(Default)]
struct Figures {
    commits: AtomicU64,
    leaves: AtomicU64,
    known: AtomicU64,
    missing: AtomicU64,
    checkpoints: AtomicU64,
}

/// A reading of what a journal has written since its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Written {
    /// The inputs that are durable, those of earlier runs included.
    pub durable: u64,
    /// Commits of the log of inputs.
    pub commits: u64,
    /// Events, acts and heartbeats added to the evidence.
    pub leaves: u64,
    /// Events that came of the log again and were in the evidence.
    pub known: u64,
    /// Events that came of the log again, and were not told although the evidence was said to have
    /// all of their time: the engine judges otherwise than it did. They are not told now either.
    pub differing: u64,
    /// Checkpoints signed.
    pub checkpoints: u64,
}

impl Journal {
    /// What was found when it was opened.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Whether the last word of the journal on the zone, order or device is this input. Then it
    /// need not be submitted again after a start.
    pub fn stands(&self, input: &Input) -> bool {
        self.standing.has(input)
    }

    /// What must be known of the devices that were heard: their highest counters, key epochs and
    /// records. A table of devices goes on from it, before anything is received.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &Checkpoint)> {
        self.devices.states()
    }

    /// Shows inputs of the log from a number on, in order, up to where it was opened. Those whose
    /// keys were destroyed are left out.
    ///
    /// # Errors
    ///
    /// If the log is damaged there or cannot be read.
    pub fn read(&self, from: u64, mut visit: impl FnMut(u64, &Record)) -> Result<(), ReadError> {
        let mut tail = Tail::open(self.disk.clone(), from, self.found.next)?;
        let (mut inputs, mut is_more) = (Vec::new(), true);
        while is_more {
            is_more = tail.fill(&mut inputs)?;
            inputs.drain(..).for_each(|input| visit(input.number, &input.record));
        }
        Ok(())
    }

    /// Gives the journal to a pipeline that is to tell `sink`. What the log has after the snapshot
    /// is judged first; the pipeline says so by [`Notice::Replayed`](crate::pipeline::Notice).
    ///
    /// All wait for a sink that is too slow, whatever was chosen before: an event that is lost
    /// would be missing in the evidence.
    ///
    /// # Errors
    ///
    /// If the log cannot be read from where it is needed.
    pub fn attach(
        self,
        builder: Builder,
        sink: impl Sink + 'static,
    ) -> Result<(Builder, Attached), ReadError> {
        let Self { disk, inputs, evidence, found, now, devices, device_files, .. } = self;
        let shared = Arc::new(Shared::default());
        *lock(&shared.durable) = Some(inputs.durable());
        *lock(&shared.acts) = self.acts;
        let known = evidence::Known {
            told: self.told,
            complete_below: found.complete_below,
            replayed_below: found.next,
        };
        let writer = InputWriter::new(inputs, shared.clone(), now.clone());
        let sink = EvidenceSink::new(sink, evidence, known, shared.clone(), now);
        let mut builder = builder.log(writer).sink(sink);
        builder = builder.overflow(crate::pipeline::Overflow::Wait);
        if let Some(restored) = self.restored {
            builder = builder.resume(restored);
        }
        let follower = Follower::new(disk.clone(), device_files, devices, found.next);
        let mut tail = Tail::open(disk, found.from, found.next)?;
        let builder = builder
            .replay(found.next - 1, move |into| tail.fill(into).map_err(std::io::Error::other));
        let follower = Mutex::new(follower);
        Ok((builder, Attached { snapshots: self.snapshots, follower, shared }))
    }
}

/// How often the evidence is looked at by who waits for it.
const ASKED_EACH: Duration = Duration::from_millis(5);

/// The journal of a pipeline that runs.
pub struct Attached {
    snapshots: SnapshotStore,
    /// Reads on in the log to know the devices.
    follower: Mutex<Follower>,
    shared: Arc<Shared>,
}

impl Attached {
    /// What was written so far.
    pub fn written(&self) -> Written {
        let Figures { commits, leaves, known, missing, checkpoints } = &self.shared.figures;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Written {
            durable: lock(&self.shared.durable).map_or(0, |durable| durable.next - 1),
            commits: read(commits),
            leaves: read(leaves),
            known: read(known),
            differing: read(missing),
            checkpoints: read(checkpoints),
        }
    }

    /// Whether the evidence can no longer be written. Events still go to the sink, and those that
    /// the evidence lacks go there again after the next start, which should be soon.
    pub fn has_failed(&self) -> bool {
        self.shared.has_failed.load(Ordering::SeqCst)
    }

    /// Writes snapshots for the next start while the pipeline runs, so that what is in them need
    /// not be judged again. Waits for the evidence to have all that came of their inputs; gives
    /// their number, or nothing if that takes longer than `patience` or the inputs are not durable.
    ///
    /// # Errors
    ///
    /// If they cannot be written. Nothing is lost then: the logs have everything.
    pub fn save(
        &self,
        snapshots: &Snapshots,
        patience: Duration,
    ) -> Result<Option<u64>, SnapshotError> {
        let asked = self.shared.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let until = Instant::now() + patience;
        while self.shared.answered.load(Ordering::SeqCst) < asked {
            if Instant::now() >= until || self.has_failed() {
                return Ok(None);
            }
            std::thread::sleep(ASKED_EACH);
        }
        self.write(snapshots)
    }

    /// Writes snapshots for the next start once the pipeline has finished; as [`Attached::save`].
    ///
    /// # Errors
    ///
    /// If they cannot be written. Nothing is lost then: the logs have everything.
    pub fn close(&self, last: &Snapshots) -> Result<Option<u64>, SnapshotError> {
        match self.shared.is_complete.load(Ordering::SeqCst) {
            true => self.write(last),
            false => Ok(None),
        }
    }

    fn write(&self, snapshots: &Snapshots) -> Result<Option<u64>, SnapshotError> {
        let durable = *lock(&self.shared.durable);
        let Some(durable) = durable.filter(|durable| snapshots.next <= durable.next) else {
            return Ok(None);
        };
        lock(&self.follower).save(durable)?;
        self.snapshots.put(snapshots.next, durable.chain, &snapshots.to_bytes())?;
        Ok(Some(snapshots.next))
    }
}

/// Makes engines of a snapshot's bytes.
fn restore(bytes: &[u8], config: &Config, shards: usize) -> Result<Restored, String> {
    let snapshots = Snapshots::from_bytes(bytes).map_err(|error| error.to_string())?;
    snapshots.restore(config, shards).map_err(|error| error.to_string())
}

/// Locks; what a panic left behind is whole, since nothing that is locked here can be half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
