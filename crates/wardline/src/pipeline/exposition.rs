//! The text that Prometheus reads (exposition format 0.0.4), family by family.

use std::fmt::Write;

/// What a value means over time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Metrics as text for Prometheus.
///
/// ```
/// use wardline::pipeline::{Exposition, MetricKind};
///
/// let mut text = Exposition::default();
/// text.family("doors_total", "Doors opened.", MetricKind::Counter);
/// text.sample("doors_total", &[("house", "7")], 3.0);
/// assert_eq!(
///     text.into_text(),
///     "# HELP doors_total Doors opened.\n# TYPE doors_total counter\ndoors_total{house=\"7\"} 3\n"
/// );
/// ```
#[derive(Default, Debug)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a metric, whose samples must come next.
    pub fn family(&mut self, name: &str, help: &str, kind: MetricKind) {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        };
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Adds a value of the metric of this name, with its labels.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (place, (label, of)) in labels.iter().enumerate() {
            self.0.push(if place == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            for symbol in of.chars() {
                match symbol {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    _ => self.0.push(symbol),
                }
            }
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_label_is_escaped() {
        let mut text = Exposition::default();
        text.sample("m", &[("a", "x\"y\\z\nw"), ("b", "")], 0.5);
        text.sample("m", &[], 1e9);
        assert_eq!(text.into_text(), "m{a=\"x\\\"y\\\\z\\nw\",b=\"\"} 0.5\nm 1000000000\n");
    }
}
