//! One line about how a server is doing, about once a second.

use super::alerts;
use super::counts::Counts;
use super::told::Told;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// Reasons that are named in the line; the others are summed up.
const REASONS_SHOWN: usize = 3;

/// Remembers what the line before said.
pub struct Live {
    started: Instant,
    before: (Instant, u64),
}

impl Live {
    /// Starts now.
    pub fn new() -> Self {
        Self { started: Instant::now(), before: (Instant::now(), 0) }
    }

    /// The next line.
    pub fn line(&mut self, counts: &[Arc<Counts>], told: &Told) -> String {
        let sum = |of: fn(&Counts) -> u64| counts.iter().map(|counts| of(counts)).sum::<u64>();
        let (since, before) = self.before;
        let records = sum(|counts| counts.records.value());
        let positions_per_s =
            (records - before) as f64 / since.elapsed().as_secs_f64().max(f64::EPSILON);
        self.before = (Instant::now(), records);
        let latency = told.latency_us();
        let mut line = format!(
            "{:4.0} s | {positions_per_s:6.0} positions/s | {} events | refused {} | receipt to \
             event p50 {:.0} p99 {:.0} p99.9 {:.0} µs | kernel dropped {}",
            self.started.elapsed().as_secs_f64(),
            told.events(),
            refusals(counts),
            latency.p50,
            latency.p99,
            latency.p999,
            sum(|counts| counts.kernel_dropped.value()),
        );
        let hidden = alerts::take_hidden();
        if hidden > 0 {
            // Writing to a String cannot fail.
            let _ = write!(line, " | {hidden} more alerts");
        }
        line
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

/// How many datagrams were refused, and for what most of all.
fn refusals(counts: &[Arc<Counts>]) -> String {
    let mut reasons: Vec<_> = counts.iter().flat_map(|counts| counts.refused()).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let total: u64 = reasons.iter().map(|(_, count)| count).sum();
    let shown = reasons.iter().take(REASONS_SHOWN);
    let shown: Vec<_> = shown.map(|(reason, count)| format!("{reason} {count}")).collect();
    match shown.is_empty() {
        true => "0".to_owned(),
        false => format!("{total} ({}, …)", shown.join(", ")),
    }
}
