//! The one place that says when records are durable.
//!
//! They are when the pipeline says that they are accepted: it does so when they have their numbers
//! and the journal, if there is one, has committed them. Without a journal, "durable" means no more
//! than "taken in by this process".

use mio::Waker;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wardline::pipeline::Accepted;

use super::told::Told;

/// The high bits of a batch's tag are the number of the listener plus one; 0 is nobody's.
const LISTENER_SHIFT: u32 = 56;
const NS_MASK: u64 = (1 << LISTENER_SHIFT) - 1;

/// The tag of a batch that a listener received at an instant, in nanoseconds since the start; 2^56
/// of these are 2.3 years.
pub fn tag(listener: u8, received_ns: u64) -> u64 {
    (u64::from(listener) + 1) << LISTENER_SHIFT | received_ns & NS_MASK
}

/// Part of a batch is durable.
pub struct Settled {
    /// The tag of the batch.
    pub tag: u64,
    /// How many of its inputs.
    pub inputs: usize,
}

/// How a listener learns that its batches are durable.
pub struct Inbox {
    received: Receiver<Settled>,
    sleeps: Arc<AtomicBool>,
}

impl Inbox {
    /// What has become durable since it was last asked.
    pub fn settled(&self) -> impl Iterator<Item = Settled> + '_ {
        self.received.try_iter()
    }

    /// What becomes durable next, if that is within this time.
    pub fn wait(&self, longest: Duration) -> Option<Settled> {
        self.received.recv_timeout(longest).ok()
    }

    /// Before going to sleep; afterwards [`Self::settled`] must be asked once more.
    pub fn will_sleep(&self) {
        self.sleeps.store(true, Ordering::SeqCst);
    }

    /// After sleeping.
    pub fn is_awake(&self) {
        self.sleeps.store(false, Ordering::SeqCst);
    }
}

struct Outbox {
    settled: Sender<Settled>,
    sleeps: Arc<AtomicBool>,
    waker: Option<Arc<Waker>>,
}

/// Tells the listeners.
#[derive(Default)]
pub struct Durable {
    listeners: Mutex<Vec<Outbox>>,
}

impl Durable {
    /// A new listener's number and inbox; the waker ends its sleep, if it does not sleep on the
    /// inbox itself.
    pub fn register(&self, waker: Option<Arc<Waker>>) -> io::Result<(u8, Inbox)> {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let number = u8::try_from(listeners.len()).ok().filter(|number| *number < u8::MAX);
        let number = number.ok_or_else(|| io::Error::other("too many listeners"))?;
        let (settled, received) = channel();
        let sleeps = Arc::new(AtomicBool::new(false));
        listeners.push(Outbox { settled, sleeps: sleeps.clone(), waker });
        Ok((number, Inbox { received, sleeps }))
    }

    /// Called by the pipeline, on its thread.
    pub fn accepted(&self, accepted: &Accepted, told: &Told) {
        let Some(listener) = (accepted.tag >> LISTENER_SHIFT).checked_sub(1) else {
            return; // Orders, devices and ticks have nobody to be acknowledged to.
        };
        told.received(accepted.first, accepted.inputs, accepted.tag & NS_MASK);
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outbox) = listeners.get(listener as usize) else {
            return;
        };
        // A listener that has gone acknowledges nothing; its devices will send again. One that
        // cannot be woken wakes by itself, a second later.
        let _ = outbox.settled.send(Settled { tag: accepted.tag, inputs: accepted.inputs });
        if outbox.sleeps.swap(false, Ordering::SeqCst) {
            let _ = outbox.waker.as_ref().map(|waker| waker.wake());
        }
    }
}
