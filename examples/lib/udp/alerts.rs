//! Breaches as they start, for people to read: who and where by number, never a coordinate.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wardline_core::event::{Event, EventKind, Phase};

/// Alerts that are shown each second.
pub const SHOWN_PER_S: u32 = 5;

/// Shows a few alerts each second and counts the others.
pub struct Alerts {
    second: Instant,
    shown: u32,
}

/// Alerts that were not shown, in this process.
static HIDDEN: AtomicU64 = AtomicU64::new(0);

impl Alerts {
    /// None so far.
    pub fn new() -> Self {
        Self { second: Instant::now(), shown: 0 }
    }

    /// The line for an event, if it is an alert that is to be shown.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        let is_alert = event.kind == EventKind::Breach && event.phase == Phase::Started;
        if !is_alert || event.episode.is_some_and(|episode| episode.permitted) {
            return None;
        }
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.second, self.shown) = (Instant::now(), 0);
        }
        if self.shown == SHOWN_PER_S {
            HIDDEN.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.shown += 1;
        Some(words(event))
    }
}

impl Default for Alerts {
    fn default() -> Self {
        Self::new()
    }
}

/// How many alerts were not shown since this was last asked.
pub fn take_hidden() -> u64 {
    HIDDEN.swap(0, Ordering::Relaxed)
}

fn words(event: &Event) -> String {
    let (person, order) = (event.person.number(), event.order.number());
    let mut line = format!("  BREACH person {person}, order {order}");
    if let Some((zone, _)) = event.episode.and_then(|episode| episode.zone) {
        // Writing to a String cannot fail.
        let _ = write!(line, ", zone {}", zone.number());
    }
    if let Some(other) = event.other_person {
        let _ = write!(line, ", near person {}", other.number());
    }
    if let Some(certainty) = event.episode.and_then(|episode| episode.certainty) {
        let _ = write!(line, " ({})", certainty.word());
    }
    line
}
