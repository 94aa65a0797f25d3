//! The metrics of a pipeline through the `metrics` facade: what a recorder gets is what the text
//! for Prometheus says.

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit, with_local_recorder,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use wardline::pipeline::{Pipeline, prometheus};
use wardline::{Config, jsonl};

/// Values by name and labels.
#[derive(Clone, Default)]
struct Values(Arc<Mutex<BTreeMap<String, f64>>>);

/// One value.
struct Place(Values, String);

impl Place {
    fn set_to(&self, value: f64) {
        self.0.0.lock().expect("no panic").insert(self.1.clone(), value);
    }
}

impl CounterFn for Place {
    fn increment(&self, _: u64) {
        panic!("counts are handed over as they are");
    }

    fn absolute(&self, value: u64) {
        self.set_to(value as f64);
    }
}

impl GaugeFn for Place {
    fn increment(&self, _: f64) {
        panic!("values are handed over as they are");
    }

    fn decrement(&self, _: f64) {
        panic!("values are handed over as they are");
    }

    fn set(&self, value: f64) {
        self.set_to(value);
    }
}

impl Values {
    fn place(&self, key: &Key) -> Arc<Place> {
        let labels = key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value()));
        let labels = labels.collect::<Vec<_>>().join(",");
        let name = match labels.is_empty() {
            true => key.name().to_owned(),
            false => format!("{}{{{labels}}}", key.name()),
        };
        Arc::new(Place(self.clone(), name))
    }
}

impl Recorder for Values {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.place(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.place(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("no histogram was told of: {key}");
    }
}

#[test]
fn a_recorder_gets_what_prometheus_reads() {
    let pipeline = Pipeline::builder(Config::default()).shards(2).build().expect("threads start");
    let line = r#"{"type":"release_device","at":"2026-01-02T03:04:05.678Z","device":7}"#;
    pipeline.submit(jsonl::parse_line(line, 1)).expect("it is open");
    let metrics = pipeline.finish().metrics;
    let values = Values::default();
    with_local_recorder(&values, || metrics.publish());
    let published = std::mem::take(&mut *values.0.lock().expect("no panic"));
    let text = prometheus(&metrics);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let read: BTreeMap<_, f64> = lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect();
    assert_eq!(published, read);
    assert_eq!(published["wardline_submitted_total"], 1.0);
    assert_eq!(published["wardline_refused_total{shard=\"0\"}"], 1.0);
    assert!(published["wardline_stage_max_seconds{stage=\"judge\"}"] > 0.0);
}
