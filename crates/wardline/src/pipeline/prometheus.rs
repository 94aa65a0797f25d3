//! Metrics as the text that Prometheus reads (exposition format 0.0.4), and through the `metrics`
//! facade where that feature is on.

use super::exposition::{Exposition, MetricKind as Kind};
use super::metrics::{Gauge, Latency, Metrics, ShardMetrics};

/// One metric: all its values, each with a label or none.
struct Family {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    values: Vec<(Option<(&'static str, String)>, f64)>,
}

/// The metrics as text for Prometheus. Latencies are in seconds.
///
/// ```
/// use wardline::Config;
/// use wardline::pipeline::{Pipeline, prometheus};
///
/// let pipeline = Pipeline::builder(Config::default()).build()?;
/// let text = prometheus(&pipeline.metrics());
/// assert!(text.contains("# TYPE wardline_submitted_total counter\nwardline_submitted_total 0\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn prometheus(metrics: &Metrics) -> String {
    let mut text = Exposition::default();
    for Family { name, help, kind, values } in families(metrics) {
        text.family(name, help, kind);
        for (label, value) in &values {
            let label = label.as_ref().map(|(label, of)| (*label, of.as_str()));
            text.sample(name, label.as_slice(), *value);
        }
    }
    text.into_text()
}

#[cfg(feature = "metrics")]
impl Metrics {
    /// Hands all values to the recorder that the program has set for the `metrics` crate.
    pub fn publish(&self) {
        for family in families(self) {
            for (label, value) in family.values {
                let labels: Vec<_> = label.into_iter().collect();
                match family.kind {
                    Kind::Counter => metrics::counter!(family.name, &labels).absolute(value as u64),
                    Kind::Gauge => metrics::gauge!(family.name, &labels).set(value),
                }
            }
        }
    }
}

fn families(metrics: &Metrics) -> Vec<Family> {
    let mut all = vec![
        counter("wardline_submitted_total", "Inputs taken in.", metrics.submitted),
        counter("wardline_numbered_total", "Inputs that got a number.", metrics.numbered),
        counter("wardline_shed_total", "Waiting fixes dropped to make room.", metrics.shed),
        counter(
            "wardline_clock_regressions_total",
            "Inputs with an invalid time of receipt or one smaller than before.",
            metrics.clock_regressions,
        ),
        counter("wardline_replayed_total", "Inputs judged again at the start.", metrics.replayed),
        counter("wardline_log_full_total", "Times that the log had no room.", metrics.log_full),
        counter("wardline_log_failures_total", "Times that the log failed.", metrics.log_failures),
        counter("wardline_events_total", "Events that the sink took.", metrics.events),
        counter("wardline_events_lost_total", "Events it did not take.", metrics.events_lost),
        counter(
            "wardline_events_withheld_total",
            "Events kept back since the log does not have their inputs.",
            metrics.events_withheld,
        ),
        counter(
            "wardline_sink_failures_total",
            "Times that the sink failed.",
            metrics.sink_failures,
        ),
        counter("wardline_panics_total", "Panics of the log and of callbacks.", metrics.panics),
    ];
    let waits = [
        ("urgent", metrics.waiting_urgent),
        ("bulk", metrics.waiting),
        ("events", metrics.waiting_events),
    ];
    all.extend(gauges(
        ["wardline_waiting", "wardline_waiting_limit"],
        "Inputs in the lanes, and batches of events.",
        waits.map(|(of, gauge)| (("lane", of.to_owned()), gauge)).to_vec(),
    ));
    all.extend(of_shards(&metrics.shards));
    all.extend(of_stages(metrics));
    all
}

fn of_shards(shards: &[ShardMetrics]) -> Vec<Family> {
    let label = |shard: usize| ("shard", shard.to_string());
    let family = |name, help, kind, value: &dyn Fn(&ShardMetrics) -> u64| {
        let values = shards.iter().enumerate();
        let values = values.map(|(shard, of)| (Some(label(shard)), value(of) as f64)).collect();
        Family { name, help, kind, values }
    };
    let counter =
        |name, help, value: &dyn Fn(&ShardMetrics) -> u64| family(name, help, Kind::Counter, value);
    let gauge_of = |gauge: &dyn Fn(&ShardMetrics) -> Gauge| {
        shards.iter().enumerate().map(|(shard, of)| (label(shard), gauge(of))).collect::<Vec<_>>()
    };
    let mut all = vec![
        counter("wardline_inputs_total", "Inputs taken in, copies included.", &|of| of.inputs),
        counter("wardline_judged_total", "Inputs judged, no copies.", &|of| of.judged),
        counter("wardline_quarantined_total", "Inputs an engine panicked on.", &|of| {
            of.quarantined + of.quarantined_copies
        }),
        counter("wardline_replaced_total", "Engines replaced by their standby.", &|of| of.replaced),
        counter("wardline_standbys_lost_total", "Standbys that panicked.", &|of| of.standbys_lost),
        counter("wardline_standby_waits_total", "Times a shard waited for its standby.", &|of| {
            of.standby_waits
        }),
        counter("wardline_refused_total", "Inputs refused.", &|of| of.counters.refused),
        counter("wardline_repeats_total", "Inputs received again.", &|of| of.counters.repeats),
        counter("wardline_unassigned_total", "Inputs of devices that nobody has.", &|of| {
            of.counters.unassigned
        }),
        family("wardline_stalled", "1 while the shard stands still.", Kind::Gauge, &|of| {
            u64::from(of.stalled)
        }),
        family("wardline_last_input", "The last input judged.", Kind::Gauge, &|of| of.last),
        family("wardline_standby_last_input", "The standby's last input.", Kind::Gauge, &|of| {
            of.standby_last
        }),
    ];
    all.extend(gauges(
        ["wardline_shard_waiting", "wardline_shard_waiting_limit"],
        "Batches that wait for the shard.",
        gauge_of(&|of| of.waiting),
    ));
    all.extend(gauges(
        ["wardline_retained", "wardline_retained_limit"],
        "Inputs that the standby has not taken in yet.",
        gauge_of(&|of| of.retained),
    ));
    all
}

fn of_stages(metrics: &Metrics) -> Vec<Family> {
    let stages = [
        ("receive", metrics.receive),
        ("queue", metrics.queue),
        ("judge", metrics.judge),
        ("sink", metrics.sink),
        ("whole", metrics.whole),
    ];
    let family = |name, help, kind, value: &dyn Fn(&Latency) -> f64| {
        let label = |stage: &str| Some(("stage", stage.to_owned()));
        let values = stages.iter().map(|(stage, of)| (label(stage), value(of))).collect();
        Family { name, help, kind, values }
    };
    let seconds = |name, help, value: &dyn Fn(&Latency) -> u64| {
        family(name, help, Kind::Gauge, &|of| value(of) as f64 * 1e-9)
    };
    vec![
        family("wardline_stage_total", "How often each stage was timed.", Kind::Counter, &|of| {
            of.count as f64
        }),
        seconds("wardline_stage_p50_seconds", "Its median.", &|of| of.p50_ns),
        seconds("wardline_stage_p99_seconds", "Its 99th percentile.", &|of| of.p99_ns),
        seconds("wardline_stage_p999_seconds", "Its 99.9th percentile.", &|of| of.p999_ns),
        seconds("wardline_stage_max_seconds", "Its longest.", &|of| of.max_ns),
    ]
}

fn counter(name: &'static str, help: &'static str, value: u64) -> Family {
    Family { name, help, kind: Kind::Counter, values: vec![(None, value as f64)] }
}

/// What there is of something, and how much there may be.
fn gauges(
    [name, limit]: [&'static str; 2],
    help: &'static str,
    gauges: Vec<((&'static str, String), Gauge)>,
) -> [Family; 2] {
    let family = |name, value: &dyn Fn(&Gauge) -> usize| {
        let values = gauges.iter().map(|(label, of)| (Some(label.clone()), value(of) as f64));
        Family { name, help, kind: Kind::Gauge, values: values.collect() }
    };
    [family(name, &|of| of.value), family(limit, &|of| of.limit)]
}
