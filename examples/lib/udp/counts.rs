//! What is counted of datagrams. Each is counted once: as refused for one reason, or as accepted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use wardline_wire::refusal::Reason;

/// The reason for datagrams that are in order, but bring no record that is new: what a device sends
/// again since no acknowledgement reached it.
pub const REPEATED: &str = "repeated";

/// The counters of one socket.
pub struct Counts {
    /// Datagrams that the kernel handed out.
    pub received: Count,
    /// Datagrams that brought at least one new record.
    pub accepted: Count,
    /// Datagrams of [`REPEATED`] records.
    pub repeated: Count,
    /// Records handed on, those that the engine will answer with a refusal included.
    pub records: Count,
    /// Acknowledgements sent.
    pub acks: Count,
    /// Acknowledgements that could not be sent; the devices will send again.
    pub acks_failed: Count,
    /// Datagrams that the kernel dropped.
    pub kernel_dropped: Count,
    refused: Vec<Count>,
}

impl Counts {
    /// All at 0.
    pub fn new() -> Self {
        Self {
            received: Count::default(),
            accepted: Count::default(),
            repeated: Count::default(),
            records: Count::default(),
            acks: Count::default(),
            acks_failed: Count::default(),
            kernel_dropped: Count::default(),
            refused: Reason::ALL.iter().map(|_| Count::default()).collect(),
        }
    }

    /// Counts a datagram that was refused as a whole.
    pub fn refuse(&self, reason: Reason) {
        if let Some(count) = self.refused.get(reason as usize) {
            count.add(1);
        }
    }

    /// Refused datagrams by reason, those without any left out, repeated ones included.
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        let reasons = Reason::ALL.iter().map(|reason| reason.as_str()).zip(&self.refused);
        let all = reasons.chain([(REPEATED, &self.repeated)]);
        all.map(|(reason, count)| (reason, count.value())).filter(|(_, n)| *n > 0).collect()
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self::new()
    }
}

/// A number that one thread writes and others read.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Sets it to what was counted elsewhere.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Its value.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
