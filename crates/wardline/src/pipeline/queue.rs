//! A bounded queue with one reader, who sleeps while it is empty; writers wait while it is full.

use super::lock;
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::sync::Unparker;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, PoisonError};

/// The queue. Its reader parks on the other half of `reader` when there is nothing to pop.
pub(super) struct Queue<T> {
    items: ArrayQueue<T>,
    reader: Unparker,
    closed: AtomicBool,
    /// Writers who wait for room, or are about to.
    waiting: AtomicUsize,
    lock: Mutex<()>,
    room: Condvar,
}

impl<T> Queue<T> {
    /// A queue for so many items, at least one.
    pub fn new(capacity: usize, reader: Unparker) -> Self {
        Self {
            items: ArrayQueue::new(capacity.max(1)),
            reader,
            closed: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            lock: Mutex::new(()),
            room: Condvar::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn capacity(&self) -> usize {
        self.items.capacity()
    }

    /// Adds the item, or gives it back if the queue is full.
    pub fn try_push(&self, item: T) -> Result<(), T> {
        self.items.push(item)?;
        self.reader.unpark();
        Ok(())
    }

    /// Adds the item, and waits for room if there is none.
    pub fn push(&self, mut item: T) {
        while let Err(back) = self.try_push(item) {
            item = back;
            self.wait_for_room();
        }
    }

    fn wait_for_room(&self) {
        // Either the reader sees this writer waiting after it popped, or this writer sees the room.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let guard = lock(&self.lock);
        if self.items.is_full() {
            drop(self.room.wait(guard).unwrap_or_else(PoisonError::into_inner));
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Takes the oldest item, if there is one.
    pub fn pop(&self) -> Option<T> {
        let item = self.items.pop()?;
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let _guard = lock(&self.lock);
            self.room.notify_all();
        }
        Some(item)
    }

    /// Nothing more comes; the reader is woken to see it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.reader.unpark();
    }

    /// Whether nothing more comes. What was pushed before may still be there.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}
