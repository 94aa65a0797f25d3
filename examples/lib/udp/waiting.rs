//! Datagrams whose records are not yet durable, in the order in which they were received.
//!
//! An acknowledgement covers all records of the device before it, so none may overtake: a batch is
//! released when it and all before it are durable, even if a part of it got there earlier.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// The batches that wait, each of up to 64 datagrams.
pub struct Waiting<O> {
    batches: VecDeque<Batch<O>>,
    spare: Vec<Vec<(O, SocketAddr)>>,
}

struct Batch<O> {
    tag: u64,
    /// Inputs that are not yet durable.
    inputs: usize,
    datagrams: Vec<(O, SocketAddr)>,
}

impl<O> Waiting<O> {
    /// When so many batches wait, nothing more is to be received.
    pub const BATCHES_MAX: usize = 4_096;

    /// Nothing waits.
    pub fn new() -> Self {
        Self { batches: VecDeque::new(), spare: Vec::new() }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether as many batches wait as may.
    pub fn is_full(&self) -> bool {
        self.batches.len() >= Self::BATCHES_MAX
    }

    /// An empty list for the datagrams of a batch.
    pub fn list(&mut self) -> Vec<(O, SocketAddr)> {
        self.spare.pop().unwrap_or_default()
    }

    /// A batch of so many inputs has been received.
    pub fn push(&mut self, tag: u64, inputs: usize, datagrams: Vec<(O, SocketAddr)>) {
        self.batches.push_back(Batch { tag, inputs, datagrams });
    }

    /// So many inputs of the batch are durable now.
    pub fn settle(&mut self, tag: u64, inputs: usize) {
        // Tags grow.
        if let Ok(place) = self.batches.binary_search_by_key(&tag, |batch| batch.tag) {
            let batch = &mut self.batches[place];
            batch.inputs = batch.inputs.saturating_sub(inputs);
        }
    }

    /// Gives the datagrams that may be acknowledged to `release`.
    pub fn release(&mut self, mut release: impl FnMut(&O, SocketAddr)) {
        while self.batches.front().is_some_and(|batch| batch.inputs == 0) {
            let Some(mut batch) = self.batches.pop_front() else {
                return;
            };
            batch.datagrams.iter().for_each(|(opened, from)| release(opened, *from));
            batch.datagrams.clear();
            if self.spare.len() < 64 {
                self.spare.push(batch.datagrams);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_released_before_all_that_came_earlier() {
        let from = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut waiting = Waiting::new();
        for (tag, inputs) in [(10, 2), (11, 0), (15, 3), (20, 1)] {
            let mut list = waiting.list();
            list.push((tag, from));
            waiting.push(tag, inputs, list);
        }
        let released = |waiting: &mut Waiting<u64>| {
            let mut tags = Vec::new();
            waiting.release(|tag, _| tags.push(*tag));
            tags
        };
        waiting.settle(20, 1);
        waiting.settle(10, 1);
        waiting.settle(99, 1);
        assert!(released(&mut waiting).is_empty());
        waiting.settle(10, 1);
        assert_eq!(released(&mut waiting), [10, 11]);
        waiting.settle(15, 3);
        assert_eq!(released(&mut waiting), [15, 20]);
        assert!(waiting.is_empty());
    }
}
