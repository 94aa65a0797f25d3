//! What a scenario gave, as it is printed and kept.

use super::cases::Case;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a scenario gave.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Outcome {
    pub scenario: String,
    pub people: u64,
    pub zones: u64,
    pub shards: usize,
    /// That were timed, of all runs.
    pub fixes: u64,
    /// The median of the runs.
    pub fixes_per_s: f64,
    /// Of each run, in the order in which they ran.
    pub runs: Vec<f64>,
    /// By percentile; nothing where no latency was measured.
    pub latency_us: Option<BTreeMap<String, f64>>,
    /// How long zones, orders and devices took to load, the making of them left out; nothing where
    /// it was not timed.
    #[serde(default)]
    pub loading_s: Option<f64>,
    /// The most memory of the engine at a time, set-up included; nothing where it was not counted.
    pub bytes_per_device: Option<f64>,
    /// Of all events, whatever their order.
    pub events_hash: String,
    /// Of the fixes that were timed.
    pub slack_share: f64,
    /// Fixes a second of others with the same fixes, by name.
    pub baselines: BTreeMap<String, f64>,
}

impl Outcome {
    /// One whose fixes took these times.
    pub fn new(case: &Case, fixes_per_run: u64, times_s: &[f64]) -> Self {
        let runs: Vec<f64> = times_s.iter().map(|s| fixes_per_run as f64 / s).collect();
        let plan = case.plan();
        Self {
            scenario: case.name.to_owned(),
            people: plan.people,
            zones: plan.zones(),
            shards: case.shards.unwrap_or(1),
            fixes: fixes_per_run * times_s.len() as u64,
            fixes_per_s: median(&runs),
            runs,
            latency_us: None,
            loading_s: None,
            bytes_per_device: None,
            events_hash: String::new(),
            slack_share: 0.0,
            baselines: BTreeMap::new(),
        }
    }

    /// One line for whoever waits.
    pub fn line(&self) -> String {
        let [least, most] = self.spread();
        let mut line = format!(
            "{} people={} zones={} shards={} fixes={}: {:.2} M fixes/s (median of {}; {:.2} to \
             {:.2}), {:.1} % within slack, events {}",
            self.scenario,
            self.people,
            self.zones,
            self.shards,
            self.fixes,
            self.fixes_per_s / 1e6,
            self.runs.len(),
            least / 1e6,
            most / 1e6,
            100.0 * self.slack_share,
            self.events_hash,
        );
        if let Some(loading_s) = self.loading_s {
            line += &format!(", loaded in {loading_s:.1} s");
        }
        if let Some(bytes) = self.bytes_per_device {
            line += &format!(", {bytes:.0} bytes per device");
        }
        for (name, rate) in &self.baselines {
            line += &format!("; {name} {} ({}×)", short(*rate), ratio(self.fixes_per_s / rate));
        }
        for (percentile, us) in self.latency_us.iter().flatten() {
            line += &format!("; {percentile} {us:.0} us");
        }
        line
    }

    pub fn spread(&self) -> [f64; 2] {
        let least = self.runs.iter().copied().fold(f64::INFINITY, f64::min);
        [least, self.runs.iter().copied().fold(0.0, f64::max)]
    }
}

/// The middle one; of an even number, the greater of the two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Fixes a second in few characters.
pub fn short(per_s: f64) -> String {
    match per_s {
        r if r >= 1e6 => format!("{:.2} M/s", r / 1e6),
        r if r >= 1e3 => format!("{:.1} k/s", r / 1e3),
        r => format!("{r:.0} /s"),
    }
}

/// A ratio with as many digits as mean something.
pub fn ratio(ratio: f64) -> String {
    match ratio {
        r if r >= 10.0 => format!("{r:.0}"),
        r if r >= 0.1 => format!("{r:.2}"),
        r => format!("{r:.4}"),
    }
}
