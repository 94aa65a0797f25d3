//! What a run came to, for people to read.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use wardline_core::Counters;
use wardline_core::event::{Event, EventKind, Phase};

/// What was counted in a run.
#[derive(Default)]
pub struct Summary {
    /// Inputs taken in.
    pub inputs: u64,
    /// How long it all took, reading and writing included.
    pub whole: Duration,
    /// What the engine counted.
    pub counters: Counters,
    events: BTreeMap<(EventKind, Phase), u64>,
    refusals: BTreeMap<String, u64>,
}

impl Summary {
    /// Counts an event.
    pub fn count(&mut self, event: &Event) {
        *self.events.entry((event.kind, event.phase)).or_default() += 1;
        if let Some(refusal) = &event.refusal {
            *self.refusals.entry(refusal.reason.clone()).or_default() += 1;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counters { fixes, fixes_within_slack, repeats, clock_regressions, unassigned, .. } =
            self.counters;
        let rate = |count: u64, time: Duration| count as f64 / time.as_secs_f64().max(1e-9);
        let (inputs, whole) = (self.inputs, self.whole.as_secs_f64());
        let inputs_rate = rate(inputs, self.whole);
        writeln!(f, "{inputs} inputs in {whole:.2} s ({inputs_rate:.0} a second, files included)")?;
        let share = 100.0 * fixes_within_slack as f64 / fixes.max(1) as f64;
        writeln!(f, "{fixes} fixes judged; {share:.1} % needed no more than the slack test")?;
        for (count, what) in [
            (repeats, "repeats ignored"),
            (clock_regressions, "times of receipt invalid or going back"),
            (unassigned, "fixes and statuses of unassigned devices"),
        ] {
            if count > 0 {
                writeln!(f, "{count} {what}")?;
            }
        }
        writeln!(f, "{} events", self.events.values().sum::<u64>())?;
        for ((kind, phase), count) in &self.events {
            writeln!(f, "  {} {}: {count}", kind.word(), phase.word())?;
        }
        if !self.refusals.is_empty() {
            writeln!(f, "refusals by reason")?;
        }
        for (reason, count) in &self.refusals {
            writeln!(f, "  {reason}: {count}")?;
        }
        Ok(())
    }
}
