//! How a pipeline is set up.

use super::clock::{Clock, MonotonicClock};
use super::dispatcher::{Acceptance, Replay, SHARE_INPUTS};
use super::log::{Accepted, Log};
use super::notice::{Listener, Notice};
use super::router::SHARDS_MAX;
use super::shard::Trial;
use super::shed::Shedding;
use super::sink::{Overflow, Sink};
use super::snapshots::Restored;
use super::standby::{Recovery, StandbyTrial};
use super::stats::Count;
use super::threads::{Beginning, Role};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use wardline_core::input::Record;
use wardline_core::{Config, Numbered};

/// Questions that may wait for a shard; who asks more waits.
pub(super) const QUERIES_MAX: usize = 64;

/// A batch has an event or two, nearly always: room for seconds of them.
const EVENT_QUEUE_WITH_LOG: usize = 1_024;

/// Sets up a [`Pipeline`](super::Pipeline).
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
    /// Panics that were caught outside of engines and sink.
    pub(super) panics: Arc<Count>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) beginning: Beginning,
    pub(super) trial: Option<Trial>,
    pub(super) standby_trial: Option<StandbyTrial>,
    pub(super) restored: Option<Restored>,
    pub(super) replay: Option<(u64, Replay)>,
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
            panics: Arc::default(),
            clock: Arc::new(MonotonicClock::default()),
            beginning: Arc::new(|_| ()),
            trial: None,
            standby_trial: None,
            restored: None,
            replay: None,
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
    /// its input is there. So that a slow disk does not hold up judgement, at least 1,024 batches
    /// of events may wait for the sink then.
    pub fn log(mut self, log: impl Log + 'static) -> Self {
        self.event_queue = self.event_queue.max(EVENT_QUEUE_WITH_LOG);
        self.log = Some(Box::new(log));
        self
    }

    /// Called when a batch has its numbers and is in the log, if there is one: only now may its
    /// senders forget it. On the thread that writes the log; must be quick. If it panics, that is
    /// told as [`Notice::AcceptedPanicked`](super::Notice::AcceptedPanicked).
    pub fn accepted(mut self, accepted: impl FnMut(Accepted) + Send + 'static) -> Self {
        self.accepted = Some(Box::new(accepted));
        self
    }

    /// Goes on from what the engines of another pipeline knew, with as many shards as that had.
    pub fn resume(mut self, restored: Restored) -> Self {
        self.restored = Some(restored);
        self
    }

    /// Judges these inputs before any others: what a log has after the snapshots that the pipeline
    /// resumes, with the numbers that it has there. They are durable, up to the number `through`,
    /// after which numbers go on. `next` adds some inputs to a list and says whether there are
    /// more.
    pub fn replay(
        mut self,
        through: u64,
        next: impl FnMut(&mut Vec<Numbered>) -> io::Result<bool> + Send + 'static,
    ) -> Self {
        self.replay = Some((through, Box::new(next)));
        self
    }

    /// Who is told what the pipeline says of itself. Called on its threads; must be quick.
    pub fn notices(mut self, listener: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(counting_panics(self.panics.clone(), listener));
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

    /// Called by each thread before anything else, to say on which processor it runs and what goes
    /// before it. Where threads are more than processors, judgement is held up least if
    /// [`Role::Log`] makes room for it. A panic is counted, and the thread goes on.
    pub fn on_thread_start(mut self, begin: impl Fn(Role) + Send + Sync + 'static) -> Self {
        self.beginning = Arc::new(counting_panics(self.panics.clone(), begin));
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
}

/// What a callback does wrong must not be put down to an engine, nor end a thread. There is nobody
/// else to be told of it, so that it is only counted.
fn counting_panics<T>(panics: Arc<Count>, callback: impl Fn(T)) -> impl Fn(T) {
    move |told| {
        let outcome = catch_unwind(AssertUnwindSafe(|| callback(told)));
        panics.add(usize::from(outcome.is_err()));
    }
}
