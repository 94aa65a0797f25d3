//! The numbers of the judgement that are no definitions, with their defaults.

use crate::event::EventKind;

/// The numbers that the rules count with. The defaults are those of the specification.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The sequence number of the first input. Default 1.
    pub first_input: u64,
    /// Accuracy of a fix that reports none, in metres. Default 50: what a phone indoors has.
    pub accuracy_default_m: f64,
    /// No fix counts as more accurate than this, in metres. Default 5.
    pub accuracy_min_m: f64,
    /// A fix less accurate than this, in metres, is coarse. Default 150: cell towers and worse.
    pub accuracy_coarse_m: f64,
    /// An episode closes only this far beyond its threshold, in metres. Default 20.
    pub exit_margin_m: f64,
    /// A fix from farther ahead of its receipt, in milliseconds, is doubtful. Default 120,000.
    pub clock_ahead_max_ms: i64,
    /// Nobody moves faster, in metres per second. Default 70.
    pub speed_max_mps: f64,
    /// Who reports a higher speed, in metres per second, cannot stand still. Default 1.
    pub copied_speed_mps: f64,
    /// So many implausible fixes in a row are plausible after all. Default 3.
    pub chain_fixes: u32,
    /// They must span this long, in milliseconds. Default 60,000.
    pub chain_span_ms: i64,
    /// An older reference fix is not judged at a boundary, in milliseconds. Default 180,000.
    pub reference_age_max_ms: i64,
    /// Fixes farther apart in time, in milliseconds, show no crossing. Default 300,000.
    pub crossing_gap_max_ms: i64,
    /// Fixes kept for each device to put late ones in their place, 2 to 65,000. Default 32.
    pub history_fixes: usize,
    /// Inputs of each device that are remembered to know repeats. Default 64.
    pub repeat_memory: usize,
    /// Words about its conditions kept for each device to put late ones in their place. Default 32.
    pub history_words: usize,
    /// An incident that nobody acknowledges is escalated each time this has passed, in
    /// milliseconds. Default 120,000.
    pub escalation_ms: i64,
    /// The same for a breach or panic. Default 30,000.
    pub escalation_grave_ms: i64,
    /// Unassigned devices that are remembered, so that each is told of once. Default 4,096
    /// (32 KiB of ids); beyond it they are only counted.
    pub strangers_max: usize,
    /// Zone and order ids that are kept, those ended or removed included. Default 16,777,216.
    pub ids_max: usize,
    /// Versions of one zone and of one order that are kept; a put beyond is refused
    /// (`too_many_versions`). Late fixes and statuses may ask for any of them, so none is ever
    /// forgotten. Default 4,096: eleven a day for a year. Measured: a version of an order with one
    /// rule takes about 250 bytes, so 1 MiB; one of a circle 400 bytes, so 1.6 MiB; one of a
    /// polygon of 100 vertices 9.5 KB, so 38 MiB.
    pub versions_max: usize,
    /// Unresolved incidents of one order that are kept; of one beyond, the events are told, with a
    /// refusal (`too_many_incidents`), but it is neither escalated nor can it be acted upon.
    /// Counted by order, so that several engines that share a log say what one says. Default
    /// 4,096, of about 256 bytes: 1 MiB. Of panics that concern no order, `strangers_max` are
    /// kept.
    pub incidents_max: usize,
    /// Whether fixes that provably change nothing are stopped by the slack test. Default true; the
    /// events are the same without it.
    pub slack: bool,
}

impl Config {
    // J-DESK-3
    pub(crate) fn escalation_ms(&self, kind: EventKind) -> i64 {
        match kind {
            EventKind::Breach | EventKind::Panic => self.escalation_grave_ms,
            _ => self.escalation_ms,
        }
    }

    /// The accuracy that rules count with.
    // J-FIX-4
    pub(crate) fn accuracy_m(&self, reported_m: Option<f64>) -> f64 {
        reported_m.map_or(self.accuracy_default_m, |m| m.max(self.accuracy_min_m))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_input: 1,
            accuracy_default_m: 50.0,
            accuracy_min_m: 5.0,
            accuracy_coarse_m: 150.0,
            exit_margin_m: 20.0,
            clock_ahead_max_ms: 120_000,
            speed_max_mps: 70.0,
            copied_speed_mps: 1.0,
            chain_fixes: 3,
            chain_span_ms: 60_000,
            reference_age_max_ms: 180_000,
            crossing_gap_max_ms: 300_000,
            history_fixes: 32,
            repeat_memory: 64,
            history_words: 32,
            escalation_ms: 120_000,
            escalation_grave_ms: 30_000,
            strangers_max: 4_096,
            ids_max: 1 << 24,
            versions_max: 4_096,
            incidents_max: 4_096,
            slack: true,
        }
    }
}
