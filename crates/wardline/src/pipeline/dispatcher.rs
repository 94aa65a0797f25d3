//! Numbers the batches that wait, hands them to the log and shares them out.

use super::batch::Batch;
use super::clock::Clock;
use super::durable::Durable;
use super::intake::{Intake, Work};
use super::log::Accepted;
use super::log_writer::{INPUTS_MAX, Unwritten};
use super::notice::{Listener, Notice, words_of};
use super::queue::Queue;
use super::router::Router;
use super::share::{Inputs, Move, Share};
use super::snapshots::{Asked, Request};
use super::spare::Spare;
use super::stats::Stats;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use wardline_core::Numbered;
use wardline_wire::datagram::Heard;

/// Who is told of batches that are in the log.
pub(super) type Acceptance = Box<dyn FnMut(Accepted) + Send>;

/// Adds the next inputs of a log, and says whether there are more.
pub(super) type Replay = Box<dyn FnMut(&mut Vec<Numbered>) -> io::Result<bool> + Send>;

/// The only thread that gives numbers.
pub(super) struct Dispatcher {
    pub router: Router,
    pub intake: Arc<Intake>,
    /// To whoever writes the log, if there is one.
    pub unwritten: Option<Arc<Queue<Unwritten>>>,
    pub durable: Arc<Durable>,
    /// Told here if there is no log.
    pub accepted: Option<Acceptance>,
    pub queues: Vec<Arc<Queue<Share>>>,
    pub spare: Vec<Arc<Spare<Share>>>,
    pub spare_batches: Arc<Spare<Batch>>,
    pub stats: Arc<Stats>,
    pub listener: Listener,
    pub clock: Arc<dyn Clock>,
    pub shares: Vec<Share>,
    /// Lists that were handed on, to be used again once the log has let them go.
    pub lists: VecDeque<Arc<Vec<Numbered>>>,
    /// What is judged first.
    pub replay: Option<Replay>,
}

/// Lists that are kept to be used again: 64 × 1,024 inputs are 10 MiB.
const SPARE_LISTS_MAX: usize = 64;
/// Between two looks at a log that is far behind.
const PAUSE: Duration = Duration::from_micros(200);
/// So many inputs go to the shards at once.
pub(super) const SHARE_INPUTS: usize = 1_024;

impl Dispatcher {
    /// Works until the intake is closed and empty, then closes the queues.
    pub fn run(&mut self) {
        // Whoever submits must not wait for a thread that is gone.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work())) {
            self.intake.close();
            self.stats.panics.add(1);
            (self.listener)(Notice::IntakeFailed { reason: words_of(&*panic) });
        }
        self.queues.iter().for_each(|queue| queue.close());
        self.unwritten.iter().for_each(|queue| queue.close());
    }

    fn work(&mut self) {
        self.replay();
        while let Some(work) = self.intake.take() {
            match work {
                Work::Batch(batch) => self.take(batch),
                Work::Snapshots(request) => self.ask_for_snapshots(&request),
            }
        }
    }

    fn take(&mut self, mut batch: Batch) {
        let (tag, submitted_ns) = (batch.tag, batch.submitted_ns);
        while !batch.records.is_empty() {
            let many = batch.records.len().min(SHARE_INPUTS);
            let now_ns = self.clock.now_ns();
            self.stats.receive.note(submitted_ns, now_ns, many);
            let (mut list, router) = (self.list(), &mut self.router);
            list.extend(batch.records.drain(..many).map(|record| router.number(record)));
            let list = Arc::new(list);
            self.stats.numbered.add(many);
            self.stats.clock_regressions.set(self.router.clock_regressions());
            self.write(&list, std::mem::take(&mut batch.heard), tag, now_ns);
            self.share_out(list);
            self.hand_out(submitted_ns, now_ns);
        }
        self.spare_batches.put(batch);
    }

    /// Each shard shall give a snapshot of itself as it is after the last input that has a number.
    fn ask_for_snapshots(&mut self, request: &Request) {
        let answers = self.shares.iter_mut().map(|share| {
            let (half, answer) = Move::snapshot();
            share.add_move(half);
            answer
        });
        // Who asked may have gone; then nobody takes the answers either.
        let (next, routes) = self.router.save();
        let _ = request.send(Asked { next, routes, answers: answers.collect() });
        let now_ns = self.clock.now_ns();
        self.hand_out(now_ns, now_ns);
    }

    /// Lets the shards judge what the log has, before anything new.
    fn replay(&mut self) {
        let Some(mut inputs) = self.replay.take() else { return };
        let mut replayed = 0;
        loop {
            let mut list = self.list();
            let read = catch_unwind(AssertUnwindSafe(|| inputs(&mut list)))
                .unwrap_or_else(|panic| Err(io::Error::other(words_of(&*panic))));
            let now_ns = self.clock.now_ns();
            replayed += list.len();
            self.stats.replayed.add(list.len());
            list.iter().for_each(|input| self.router.go_on_from(input));
            self.share_out(Arc::new(list));
            self.hand_out(now_ns, now_ns);
            match read {
                Ok(true) => {}
                Ok(false) => return (self.listener)(Notice::Replayed { inputs: replayed }),
                Err(error) => {
                    self.intake.close();
                    let reason = error.to_string();
                    return (self.listener)(Notice::ReplayFailed { reason });
                }
            }
        }
    }

    /// An empty list, of memory that was used before if nobody else holds it any more.
    fn list(&mut self) -> Vec<Numbered> {
        if let [share] = &mut *self.shares {
            return std::mem::take(share.inputs.own());
        }
        let oldest = self.lists.pop_front().map(Arc::try_unwrap);
        match oldest {
            Some(Ok(mut list)) => {
                list.clear();
                list
            }
            // The log has not come to the oldest yet, nor to any other.
            Some(Err(list)) => {
                self.lists.push_front(list);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Keeps a list to use it again, if there are not enough.
    fn put_back(&mut self, list: Arc<Vec<Numbered>>) {
        if self.lists.len() < SPARE_LISTS_MAX {
            self.lists.push_back(list);
        }
    }

    /// Hands the numbered inputs to the log. Before the shards get them: the sink waits for the log
    /// with their events, and must not wait for what the log never gets.
    fn write(&mut self, list: &Arc<Vec<Numbered>>, heard: Vec<Heard>, tag: u64, numbered_ns: u64) {
        if let Some(queue) = &self.unwritten {
            let last = list.last().map_or(0, |input| input.number);
            while self.durable.queued(last) > INPUTS_MAX {
                std::thread::sleep(PAUSE);
            }
            queue.push(Unwritten { inputs: list.clone(), heard, tag, numbered_ns });
        } else if let (Some(accepted), Some(first)) = (&mut self.accepted, list.first()) {
            accepted(Accepted { tag, first: first.number, inputs: list.len() });
        }
    }

    /// Shares out inputs. A single shard reads them where the log does; of others each gets its
    /// own, moved if nobody else holds them.
    fn share_out(&mut self, mut list: Arc<Vec<Numbered>>) {
        let (router, shares) = (&mut self.router, &mut self.shares);
        if let [share] = &mut **shares {
            list.iter().for_each(|input| router.note(&input.record.input));
            share.inputs = Inputs::Shared(list);
            return;
        }
        match Arc::get_mut(&mut list) {
            Some(numbered) => numbered.drain(..).for_each(|input| {
                router.route(input, shares);
            }),
            None => list.iter().for_each(|input| {
                router.route(input.clone(), shares);
            }),
        }
        self.put_back(list);
    }

    fn hand_out(&mut self, submitted_ns: u64, numbered_ns: u64) {
        for (shard, share) in self.shares.iter_mut().enumerate().filter(|(_, s)| !s.is_empty()) {
            (share.submitted_ns, share.numbered_ns) = (submitted_ns, numbered_ns);
            let next = self.spare[shard].take();
            self.queues[shard].push(std::mem::replace(share, next));
        }
    }
}
