//! The clocks of a server: the time of receipt, and a monotonic one for durations.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use wardline_core::time::Timestamp;

/// Both clocks.
pub struct Clock {
    start: Instant,
    latest_ms: AtomicI64,
}

impl Clock {
    /// Starts them.
    pub fn new() -> Self {
        Self { start: Instant::now(), latest_ms: AtomicI64::new(0) }
    }

    /// The time of the machine, but never earlier than it was before: acknowledgements need it so.
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_ms(now_ms.max(self.latest_ms.fetch_max(now_ms, Ordering::Relaxed)))
    }

    /// Nanoseconds since the start.
    pub fn elapsed_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
