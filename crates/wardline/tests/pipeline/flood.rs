//! One device sends ten times as much as a thousand others together; they must not notice.

use crate::support::{Shared, fix, person, refused};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wardline::Config;
use wardline::event::Event;
use wardline::input::Record;
use wardline::pipeline::{Metrics, Pipeline, Shedding, home};

const OTHERS: Range<u64> = 1..1_001;
const FLOODER: u64 = 1_001;
const PERIOD: Duration = Duration::from_millis(2);
/// Fixes of the others in each period: 25,000 a second together.
const FIXES: u64 = 50;
const PERIODS: u64 = 1_000;
/// Below this a noisy machine decides, not the pipeline.
const NOISE: Duration = Duration::from_millis(1);
const ATTEMPTS: usize = 5;

/// What one run found: the 99th percentile of the others' latencies, in periods with the flood
/// and in those without, and what was counted.
struct Found {
    calm: Duration,
    flooded: Duration,
    metrics: Metrics,
}

/// Every hundred periods the flood begins or ends, so that the machine's noise is in both.
fn is_flood(period: u64) -> bool {
    period / 100 % 2 == 1
}

fn run() -> Found {
    let heard = Shared::new();
    let sink = heard.clone();
    let pipeline = Pipeline::builder(Config::default())
        .shards(2)
        .queue(8)
        .shedding(Shedding::ByDevice)
        .sink(move |event: Event| sink.push((event, Instant::now())))
        .build()
        .expect("threads start");
    let devices: Vec<Record> =
        (OTHERS.start..=FLOODER).map(|number| crate::support::assign(0, number, number)).collect();
    pipeline.submit(devices).expect("it is open");
    let (started, is_over) = (Instant::now(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| flood(&pipeline, started, &is_over));
        for period in 0..PERIODS {
            let until = started + PERIOD * period as u32;
            thread::sleep(until.saturating_duration_since(Instant::now()));
            let first = period * FIXES;
            let of =
                |n: u64| fix(1 + (n / 1_000) as i64 * 1_000, OTHERS.start + n % 1_000, n / 1_000);
            let mut records: Vec<_> = (first..first + FIXES).map(of).collect();
            records.push(refused(period as i64, period));
            pipeline.submit(records).expect("it is open");
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let metrics = pipeline.finish().metrics;
    let (mut calm, mut flooded) = (Vec::new(), Vec::new());
    for (event, heard) in heard.take() {
        let Some(refusal) = event.refusal.filter(|refusal| refusal.reason == "a_test") else {
            continue;
        };
        let period: u64 = refusal.value.parse().expect("a period");
        let late = heard.saturating_duration_since(started + PERIOD * period as u32);
        if is_flood(period) { flooded.push(late) } else { calm.push(late) }
    }
    assert_eq!(calm.len() + flooded.len(), PERIODS as usize, "what is no fix is never shed");
    Found { calm: p99(calm), flooded: p99(flooded), metrics }
}

/// Ten times as many fixes in each period of a flood, all of one device.
fn flood(pipeline: &Pipeline, started: Instant, is_over: &AtomicBool) {
    let mut seqs = 0..;
    while !is_over.load(Ordering::SeqCst) {
        let period = (started.elapsed().as_nanos() / PERIOD.as_nanos()) as u64;
        if is_flood(period) {
            let fixes = seqs.by_ref().take(10 * FIXES as usize);
            let records: Vec<_> = fixes.map(|seq| fix(1 + seq as i64, FLOODER, seq)).collect();
            pipeline.submit(records).expect("it is open");
        }
        let next = started + PERIOD * (period as u32 + 1);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn p99(mut latencies: Vec<Duration>) -> Duration {
    latencies.sort_unstable();
    latencies[latencies.len() * 99 / 100]
}

#[test]
fn a_flood_from_one_device_does_not_slow_the_others() {
    // Whoever shares a shard with it notices first.
    let shared = OTHERS.filter(|other| home(person(*other), 2) == home(person(FLOODER), 2));
    assert!(shared.count() > 100);
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let Found { calm, flooded, metrics } = run();
        let all = metrics.judged() + metrics.quarantined() + metrics.shed;
        assert_eq!(metrics.submitted, all, "in = out + shed");
        assert!(metrics.submitted > 5 * FIXES * PERIODS / 2, "it was no flood");
        seen.push((calm, flooded));
        if flooded <= 2 * calm.max(NOISE) {
            println!("p99 {calm:?}, in the flood {flooded:?}");
            return;
        }
    }
    panic!("p99 without and with the flood: {seen:?}");
}
