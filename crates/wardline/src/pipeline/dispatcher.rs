//! Numbers the batches that wait, writes them to the log and shares them out.

use super::batch::Batch;
use super::clock::Clock;
use super::intake::{Intake, Work};
use super::log::{Accepted, Log};
use super::notice::{Listener, Notice};
use super::queue::Queue;
use super::router::Router;
use super::share::{Move, Share};
use super::snapshots::Request;
use super::spare::Spare;
use super::stats::Stats;
use std::sync::Arc;
use wardline_core::Numbered;

/// Who is told of batches that are in the log.
pub(super) type Acceptance = Box<dyn FnMut(Accepted) + Send>;

/// The only thread that gives numbers.
pub(super) struct Dispatcher {
    pub router: Router,
    pub intake: Arc<Intake>,
    pub log: Option<Box<dyn Log>>,
    pub accepted: Option<Acceptance>,
    pub queues: Vec<Arc<Queue<Share>>>,
    pub spare: Vec<Arc<Spare<Share>>>,
    pub spare_batches: Arc<Spare<Batch>>,
    pub stats: Arc<Stats>,
    pub listener: Listener,
    pub clock: Arc<dyn Clock>,
    pub shares: Vec<Share>,
    pub numbered: Vec<Numbered>,
}

/// So many inputs go to the shards at once.
pub(super) const SHARE_INPUTS: usize = 1_024;

impl Dispatcher {
    /// Works until the intake is closed and empty, then closes the queues.
    pub fn run(&mut self) {
        while let Some(work) = self.intake.take() {
            match work {
                Work::Batch(batch) => self.take(batch),
                Work::Snapshots(request) => self.ask_for_snapshots(&request),
            }
        }
        self.queues.iter().for_each(|queue| queue.close());
    }

    fn take(&mut self, mut batch: Batch) {
        let (tag, submitted_ns) = (batch.tag, batch.submitted_ns);
        while !batch.records.is_empty() {
            let many = batch.records.len().min(SHARE_INPUTS);
            let now_ns = self.clock.now_ns();
            self.stats.receive.note(submitted_ns, now_ns, many);
            let router = &mut self.router;
            self.numbered.extend(batch.records.drain(..many).map(|r| router.number(r)));
            self.stats.numbered.add(many);
            self.stats.clock_regressions.set(self.router.clock_regressions());
            self.keep(tag);
            self.share_out(submitted_ns, now_ns);
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
        let _ = request.send((self.router.last(), answers.collect()));
        let now_ns = self.clock.now_ns();
        self.share_out(now_ns, now_ns);
    }

    /// Writes the numbered inputs to the log, and says so.
    fn keep(&mut self, tag: u64) {
        if let Some(log) = &mut self.log {
            let kept = log.append(&self.numbered).and_then(|()| log.commit());
            if let Err(error) = kept {
                self.stats.log_failures.add(1);
                (self.listener)(Notice::LogFailed { reason: error.to_string() });
                return;
            }
        }
        if let (Some(accepted), Some(first)) = (&mut self.accepted, self.numbered.first()) {
            accepted(Accepted { tag, first: first.number, inputs: self.numbered.len() });
        }
    }

    fn share_out(&mut self, submitted_ns: u64, numbered_ns: u64) {
        for input in self.numbered.drain(..) {
            self.router.route(input, &mut self.shares);
        }
        for (shard, share) in self.shares.iter_mut().enumerate().filter(|(_, s)| !s.is_empty()) {
            (share.submitted_ns, share.numbered_ns) = (submitted_ns, numbered_ns);
            let next = self.spare[shard].take();
            self.queues[shard].push(std::mem::replace(share, next));
        }
    }
}
