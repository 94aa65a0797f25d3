//! Numbers the batches that wait, hands them to the log and shares them out.

use super::batch::Batch;
use super::clock::Clock;
use super::intake::Intake;
use super::keeper::Kept;
use super::log::Accepted;
use super::notice::{Listener, Notice};
use super::queue::Queue;
use super::router::Router;
use super::share::Share;
use super::state::Ends;
use super::stats::Stats;
use crossbeam_queue::ArrayQueue;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use wardline_core::Numbered;

/// Who is told of batches that are in the log.
pub(super) type Acceptance = Box<dyn FnMut(Accepted) + Send>;

/// Adds the next inputs of a log, and says whether there are more.
pub(super) type Replay = Box<dyn FnMut(&mut Vec<Numbered>) -> io::Result<bool> + Send>;

/// The only thread that gives numbers.
pub(super) struct Dispatcher {
    pub router: Router,
    pub intake: Arc<Intake>,
    /// To whoever writes the log, if there is one.
    pub kept: Option<Arc<Queue<Kept>>>,
    /// Told here if there is no log.
    pub accepted: Option<Acceptance>,
    pub queues: Vec<Arc<Queue<Share>>>,
    pub spare: Vec<Arc<ArrayQueue<Share>>>,
    pub spare_batches: Arc<ArrayQueue<Batch>>,
    pub stats: Arc<Stats>,
    pub listener: Listener,
    /// What is judged first.
    pub replay: Option<Replay>,
    pub ends: Arc<Ends>,
    pub clock: Arc<dyn Clock>,
    pub shares: Vec<Share>,
    /// Lists that were handed on, to be used again once the log has let them go.
    pub lists: VecDeque<Arc<Vec<Numbered>>>,
}

/// So many inputs go to the shards at once.
pub(super) const SHARE_INPUTS: usize = 1_024;

impl Dispatcher {
    /// Works until the intake is closed and empty, then closes the queues.
    pub fn run(&mut self) {
        self.replay();
        while let Some(mut batch) = self.intake.take() {
            let (tag, submitted_ns) = (batch.tag, batch.submitted_ns);
            while !batch.records.is_empty() {
                let many = batch.records.len().min(SHARE_INPUTS);
                let now_ns = self.clock.now_ns();
                self.stats.receive.note(submitted_ns, now_ns, many);
                let mut list = self.list();
                if let Some(numbered) = Arc::get_mut(&mut list) {
                    let router = &mut self.router;
                    numbered.extend(batch.records.drain(..many).map(|r| router.number(r)));
                }
                self.stats.numbered.add(many);
                self.stats.clock_regressions.set(self.router.clock_regressions());
                self.keep(&list, tag, now_ns);
                self.share_out(&list, submitted_ns, now_ns);
                self.lists.push_back(list);
            }
            batch.tag = 0;
            // Where there are spare ones enough, this one is let go.
            let _ = self.spare_batches.push(batch);
        }
        self.ends.leave_routes(&self.router);
        self.queues.iter().for_each(|queue| queue.close());
        self.kept.iter().for_each(|queue| queue.close());
    }

    /// Lets the shards judge what the log has, before anything new.
    fn replay(&mut self) {
        let Some(mut inputs) = self.replay.take() else { return };
        let (mut list, mut replayed) = (Vec::with_capacity(SHARE_INPUTS), 0);
        loop {
            let read = inputs(&mut list);
            let now_ns = self.clock.now_ns();
            list.iter().for_each(|input| self.router.go_on_from(input));
            self.share_out(&list, now_ns, now_ns);
            replayed += list.len();
            self.stats.replayed.add(list.len());
            list.clear();
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

    /// An empty list that nobody else holds.
    fn list(&mut self) -> Arc<Vec<Numbered>> {
        let mut list = self.lists.pop_front().unwrap_or_default();
        match Arc::get_mut(&mut list) {
            Some(numbered) => {
                numbered.clear();
                list
            }
            // The log has not come to the oldest yet, nor to any other.
            None => {
                self.lists.push_front(list);
                Arc::new(Vec::with_capacity(SHARE_INPUTS))
            }
        }
    }

    /// Hands the numbered inputs to the log. Before the shards get them: the sink waits for the log
    /// with their events, and must not wait for what the log never gets.
    fn keep(&mut self, list: &Arc<Vec<Numbered>>, tag: u64, numbered_ns: u64) {
        if let Some(queue) = &self.kept {
            queue.push(Kept { inputs: list.clone(), tag, numbered_ns });
        } else if let (Some(accepted), Some(first)) = (&mut self.accepted, list.first()) {
            accepted(Accepted { tag, first: first.number, inputs: list.len() });
        }
    }

    fn share_out(&mut self, numbered: &[Numbered], submitted_ns: u64, numbered_ns: u64) {
        for input in numbered {
            self.router.route(input, &mut self.shares);
        }
        for (shard, share) in self.shares.iter_mut().enumerate().filter(|(_, s)| !s.is_empty()) {
            (share.submitted_ns, share.numbered_ns) = (submitted_ns, numbered_ns);
            let next = self.spare[shard].pop().unwrap_or_default();
            self.queues[shard].push(std::mem::replace(share, next));
        }
    }
}
