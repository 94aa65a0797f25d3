//! What a shard's engine has judged and its standby has not taken in yet; a bounded number of
//! inputs. The shard waits while there is no room.

use super::dispatcher::SHARE_INPUTS;
use super::lock;
use super::share::Share;
use crossbeam_utils::sync::Unparker;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// The shares that wait. The standby's thread parks on the other half of `standby`.
pub(super) struct Retained {
    waiting: Mutex<Waiting>,
    room: Condvar,
    standby: Unparker,
    closed: AtomicBool,
    inputs_max: usize,
}

/// So many inputs are small enough to be copied.
const SMALL_INPUTS: usize = SHARE_INPUTS / 4;

#[derive(Default)]
struct Waiting {
    shares: VecDeque<Share>,
    inputs: usize,
}

impl Retained {
    /// Room for so many inputs, but always for one share.
    pub fn new(inputs_max: usize, standby: Unparker) -> Self {
        Self {
            waiting: Mutex::default(),
            room: Condvar::new(),
            standby,
            closed: AtomicBool::new(false),
            inputs_max,
        }
    }

    /// How many inputs wait.
    pub fn len(&self) -> usize {
        lock(&self.waiting).inputs
    }

    /// Adds a share, and waits for room if there is none, which it says by `waits`. Small ones are
    /// put together, so that what waits takes no more memory than its inputs need; then the memory
    /// of this one is given back. What is shared stays where it is unless it is small.
    pub fn push(&self, mut share: Share, waits: impl FnOnce()) -> Option<Share> {
        let mut waiting = lock(&self.waiting);
        if !waiting.has_room(share.len(), self.inputs_max) {
            waits();
        }
        while !waiting.has_room(share.len(), self.inputs_max) {
            waiting = self.room.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.inputs += share.len();
        let is_movable = share.inputs.is_own() || share.inputs.len() <= SMALL_INPUTS;
        let left = match waiting.shares.back_mut() {
            Some(last)
                if is_movable
                    && last.inputs.is_own()
                    && last.inputs.len() + share.len() <= SHARE_INPUTS =>
            {
                last.append(&mut share);
                Some(share)
            }
            _ => {
                if is_movable {
                    share.inputs.own();
                }
                waiting.shares.push_back(share);
                None
            }
        };
        drop(waiting);
        self.standby.unpark();
        left
    }

    /// Takes the oldest share, if there is one.
    pub fn pop(&self) -> Option<Share> {
        let mut waiting = lock(&self.waiting);
        let share = waiting.shares.pop_front()?;
        waiting.inputs -= share.len();
        drop(waiting);
        self.room.notify_one();
        Some(share)
    }

    /// Nothing more comes, and what waits is of no use any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.standby.unpark();
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

impl Waiting {
    fn has_room(&self, inputs: usize, inputs_max: usize) -> bool {
        self.inputs == 0 || self.inputs + inputs <= inputs_max
    }
}
