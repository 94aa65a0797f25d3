//! Sees shards that have been at the same inputs for too long.

use super::clock::Clock;
use super::notice::{Listener, Notice};
use super::stats::Stats;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Looks at the heartbeats of all shards.
pub(super) struct Watchdog {
    stats: Arc<Stats>,
    stall_after: Duration,
    listener: Listener,
}

impl Watchdog {
    pub fn new(stats: Arc<Stats>, stall_after: Duration, listener: Listener) -> Self {
        Self { stats, stall_after, listener }
    }

    /// How long to sleep between two looks.
    pub fn pause(&self) -> Duration {
        (self.stall_after / 4).max(Duration::from_millis(1))
    }

    /// Tells of shards that have stalled or go on since the last look.
    pub fn look(&self, clock: &dyn Clock) {
        let now_ns = clock.now_ns();
        for (shard, stats) in self.stats.shards.iter().enumerate() {
            let since_ns = stats.busy_since_ns.load(Ordering::SeqCst);
            let for_ns = if since_ns == 0 { 0 } else { now_ns.saturating_sub(since_ns) };
            let is_stalled = u128::from(for_ns) >= self.stall_after.as_nanos().max(1);
            let was_stalled = stats.stalled.swap(is_stalled, Ordering::Relaxed);
            let last = stats.last.load(Ordering::Relaxed);
            match (was_stalled, is_stalled) {
                (false, true) => (self.listener)(Notice::Stalled { shard, last, for_ns }),
                (true, false) => (self.listener)(Notice::Resumed { shard }),
                _ => {}
            }
        }
    }
}
