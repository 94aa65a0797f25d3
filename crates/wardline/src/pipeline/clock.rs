//! The clock that latencies and stalls are measured by. It never decides anything.

use std::time::Instant;

/// A clock that never goes back.
pub trait Clock: Send + Sync {
    /// Nanoseconds since any fixed instant.
    fn now_ns(&self) -> u64;
}

/// The machine's monotonic clock.
pub struct MonotonicClock(Instant);

impl Default for MonotonicClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}
