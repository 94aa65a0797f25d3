//! How many fixes a second go through the pipeline, with one shard and with more, and how long it
//! takes from the submission of an input to its event while fixes come at a fixed rate.
//!
//! `cargo bench --bench pipeline -- --people 20000 --fixes-per-s 1000000`. Latencies count from the
//! instant at which an input was due, not from when the submitter came to it, so that a pipeline
//! that holds up the submitter does not hide it. Not measured: parsing, sockets and the journal.
//! On a machine with fewer cores than the threads that work (shards, intake, sink, submitter) this
//! measures the scheduler too.

use clap::Parser;
use hdrhistogram::Histogram;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wardline::event::Event;
use wardline::input::{Input, Record, Refusal};
use wardline::pipeline::{Batch, Pipeline};
use wardline_benches::{City, Mode};
use wardline_core::Config;

#[derive(Parser)]
struct Arguments {
    /// People, each with four zones.
    #[arg(long, default_value_t = 20_000)]
    people: u64,
    /// The shards that are measured against one.
    #[arg(long, default_value_t = 2)]
    shards: usize,
    /// The rate at which fixes come where latencies are measured.
    #[arg(long, default_value_t = 1_000_000)]
    fixes_per_s: u64,
    /// Fixes of each run.
    #[arg(long, default_value_t = 2_000_000)]
    fixes: usize,
    /// Fixes of a batch; each has one more input, whose event is timed.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Runs of each kind, of which the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    mode: Mode,
}

/// The inputs that set up the world, and the batches of fixes.
struct World {
    records: Vec<Record>,
    batches: Vec<Vec<Record>>,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.fixes, arguments.runs) = (200, 20_000, 1);
    }
    let world = World::new(&arguments);
    for shards in [1, arguments.shards] {
        let mut rates: Vec<_> = (0..arguments.runs).map(|_| throughput(&world, shards)).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "pipeline closed loop, shards={shards} people={} seed={} fixes={} batch={}: {:.2} M \
             fixes/s (median of {}; {:.2} to {:.2})",
            arguments.people,
            arguments.seed,
            arguments.fixes,
            arguments.batch,
            rates[rates.len() / 2] / 1e6,
            rates.len(),
            rates[0] / 1e6,
            rates[rates.len() - 1] / 1e6,
        );
    }
    let mut runs: Vec<_> = (0..arguments.runs).map(|_| latency(&world, &arguments)).collect();
    runs.sort_by_key(|run| run.value_at_quantile(0.99));
    let median = &runs[runs.len() / 2];
    let us = |quantile: f64| median.value_at_quantile(quantile) / 1_000;
    println!(
        "pipeline open loop, shards={} fixes/s={}: from due to event p50 {} us, p99 {} us, p99.9 \
         {} us, max {} us ({} events; the run with the median p99 of {})",
        arguments.shards,
        arguments.fixes_per_s,
        us(0.5),
        us(0.99),
        us(0.999),
        median.max() / 1_000,
        median.len(),
        runs.len(),
    );
}

impl World {
    fn new(arguments: &Arguments) -> Self {
        let (mut city, records) = City::new(arguments.seed, arguments.people);
        let (mut fixes, mut all) = (Vec::new(), Vec::with_capacity(arguments.fixes));
        while all.len() < arguments.fixes {
            let at = city.round(&mut fixes);
            all.extend(fixes.iter().map(|fix| Record { at: Some(at), input: Input::Fix(*fix) }));
        }
        all.truncate(arguments.fixes);
        let batches = all.chunks(arguments.batch).zip(0_u64..);
        let batches = batches.map(|(fixes, number)| {
            let probe = Input::Invalid(Refusal::new(PROBE, number));
            let at = fixes.last().and_then(|record| record.at);
            fixes.iter().cloned().chain([Record { at, input: probe }]).collect()
        });
        Self { records, batches: batches.collect() }
    }

    /// A pipeline that knows the world, with nothing on its way.
    fn start(&self, shards: usize, sink: impl FnMut(Event) + Send + 'static) -> Pipeline {
        let pipeline =
            Pipeline::builder(Config::default()).shards(shards).sink(sink).build().expect("starts");
        // What overtakes does so here too: zones and orders first, then who wears what.
        for records in self.records.chunks(1_000) {
            pipeline.submit(records.to_vec()).expect("it is open");
        }
        while pipeline.metrics().judged() < self.records.len() as u64 {
            std::thread::sleep(Duration::from_millis(1));
        }
        pipeline
    }

    fn batch(&self, pipeline: &Pipeline, number: usize) -> Batch {
        let mut batch = pipeline.batch();
        self.batches[number].iter().for_each(|record| batch.push(record.clone()));
        batch
    }
}

const PROBE: &str = "probe";

/// Fixes a second, with as many submitted as the pipeline takes.
fn throughput(world: &World, shards: usize) -> f64 {
    let pipeline = world.start(shards, |_| ());
    let started = Instant::now();
    for number in 0..world.batches.len() {
        pipeline.submit(world.batch(&pipeline, number)).expect("it is open");
    }
    let metrics = pipeline.finish().metrics;
    let elapsed_s = started.elapsed().as_secs_f64();
    let fixes = world.batches.iter().map(|batch| batch.len() - 1).sum::<usize>();
    assert_eq!(metrics.judged(), (world.records.len() + fixes + world.batches.len()) as u64);
    fixes as f64 / elapsed_s
}

/// From the instant at which the last input of each batch is due to its event, in nanoseconds.
fn latency(world: &World, arguments: &Arguments) -> Histogram<u64> {
    let timed =
        Arc::new(Mutex::new(Histogram::new_with_bounds(1, 100_000_000_000, 3).expect("ok")));
    let start: Arc<Mutex<Option<Instant>>> = Arc::default();
    let (noted, from) = (timed.clone(), start.clone());
    let period =
        Duration::from_nanos(1_000_000_000 * arguments.batch as u64 / arguments.fixes_per_s);
    let pipeline = world.start(arguments.shards, move |event: Event| {
        let Some(refusal) = event.refusal.filter(|refusal| refusal.reason == PROBE) else { return };
        let number: u32 = refusal.value.parse().expect("the number of a batch");
        let from = from.lock().expect("no panic").expect("it has started");
        let late = from.elapsed().saturating_sub(period * number);
        noted.lock().expect("no panic").saturating_record(late.as_nanos().max(1) as u64);
    });
    let started = Instant::now();
    *start.lock().expect("no panic") = Some(started);
    for number in 0..world.batches.len() {
        let batch = world.batch(&pipeline, number);
        let due = period * number as u32;
        // Short sleeps are coarse, and a spinner would take the core of a shard.
        if let Some(early) = due.checked_sub(started.elapsed()) {
            std::thread::sleep(early);
        }
        pipeline.submit(batch).expect("it is open");
    }
    pipeline.finish();
    let timed = timed.lock().expect("no panic").clone();
    assert_eq!(timed.len(), world.batches.len() as u64, "each batch had its event");
    timed
}
