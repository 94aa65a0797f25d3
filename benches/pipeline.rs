//! How many fixes a second go through the pipeline, with one shard and with more, and how long it
//! takes from the submission of an input to its event while fixes come at a fixed rate.
//!
//! `cargo bench --bench pipeline -- --people 20000 --fixes-per-s 1000000`. Latencies count from the
//! instant at which an input was due, not from when the submitter came to it, so that a pipeline
//! that holds up the submitter does not hide it; they are taken once each person has moved for a
//! while. How late a submitter wakes who submits nothing is measured beside them: no pipeline can
//! be better than that. Not measured: parsing, sockets and the journal. On a machine with fewer
//! cores than the threads that work (shards, standbys, intake, sink, submitter) this measures the
//! scheduler too, and on a virtual machine how late the host wakes a processor that has halted:
//! let it poll instead (`haltpoll`'s `guest_halt_poll_ns`) where that can be set.

use clap::Parser;
use hdrhistogram::Histogram;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use wardline::event::Event;
use wardline::input::{Input, Record, Refusal};
use wardline::pipeline::{Batch, Pipeline, Recovery};
use wardline_benches::{Mode, Plan, World};
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
    #[arg(long, default_value_t = 3_000_000)]
    fixes: usize,
    /// How many of these come before latencies are measured.
    #[arg(long, default_value_t = 1_000_000)]
    warm_up: usize,
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
struct Workload {
    records: Vec<Record>,
    batches: Vec<Vec<Record>>,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.fixes, arguments.runs) = (200, 20_000, 1);
        arguments.warm_up = 5_000;
    }
    let world = Workload::new(&arguments);
    for (shards, recovery) in
        [1, arguments.shards].into_iter().flat_map(|n| RECOVERIES.map(|recovery| (n, recovery)))
    {
        let rates = (0..arguments.runs).map(|_| throughput(&world, shards, recovery));
        let mut rates: Vec<_> = rates.collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "pipeline closed loop, shards={shards} recovery={recovery:?} people={} seed={} \
             fixes={} batch={}: {:.2} M fixes/s (median of {}; {:.2} to {:.2})",
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
    report("submitter alone", &arguments, || lateness(&world, &arguments));
    for recovery in RECOVERIES {
        let what = format!("open loop, shards={} recovery={recovery:?}", arguments.shards);
        report(&what, &arguments, || latency(&world, &arguments, recovery));
    }
}

const RECOVERIES: [Recovery; 2] = [Recovery::Never, Recovery::Standby];

/// Prints the median of each percentile over the runs, and the range of the highest.
fn report(what: &str, arguments: &Arguments, run: impl Fn() -> Histogram<u64>) {
    let runs: Vec<_> = (0..arguments.runs).map(|_| run()).collect();
    let over_runs = |of: &dyn Fn(&Histogram<u64>) -> u64| {
        let mut values_us: Vec<_> = runs.iter().map(|run| of(run) / 1_000).collect();
        values_us.sort_unstable();
        values_us
    };
    let [p50, p99, p999] =
        [0.5, 0.99, 0.999].map(|quantile| over_runs(&|run| run.value_at_quantile(quantile)));
    let max = over_runs(&|run| run.max());
    let middle = runs.len() / 2;
    println!(
        "pipeline {what} fixes/s={}: p50 {} us, p99 {} us, p99.9 {} us ({} to {}), max {} us after \
         it was due (medians of {} runs of {} batches)",
        arguments.fixes_per_s,
        p50[middle],
        p99[middle],
        p999[middle],
        p999[0],
        p999[runs.len() - 1],
        max[middle],
        runs.len(),
        runs[0].len(),
    );
}

impl Workload {
    fn new(arguments: &Arguments) -> Self {
        let mut city = World::new(arguments.seed, Plan::city(arguments.people));
        let mut records = Vec::new();
        city.set_up(&mut |record| records.push(record));
        let all = city.records(arguments.fixes);
        let batches = all.chunks(arguments.batch).zip(0_u64..);
        let batches = batches.map(|(fixes, number)| {
            let probe = Input::Invalid(Refusal::new(PROBE, number));
            let at = fixes.last().and_then(|record| record.at);
            fixes.iter().cloned().chain([Record { at, input: probe }]).collect()
        });
        Self { records, batches: batches.collect() }
    }

    /// A pipeline that knows the world, with nothing on its way.
    fn start(
        &self,
        shards: usize,
        recovery: Recovery,
        sink: impl FnMut(Event) + Send + 'static,
    ) -> Pipeline {
        let builder = Pipeline::builder(Config::default()).shards(shards).recovery(recovery);
        let pipeline = builder.sink(sink).build().expect("starts");
        // What overtakes does so here too: zones and orders first, then who wears what.
        for records in self.records.chunks(1_000) {
            pipeline.submit(records.to_vec()).expect("it is open");
        }
        wait(&pipeline, self.records.len());
        pipeline
    }

    /// The batches whose latencies are measured.
    fn measured(&self, arguments: &Arguments) -> &[Vec<Record>] {
        &self.batches[(arguments.warm_up / arguments.batch).min(self.batches.len() - 1)..]
    }

    fn batch(&self, pipeline: &Pipeline, number: usize) -> Batch {
        let mut batch = pipeline.batch();
        self.batches[number].iter().for_each(|record| batch.push(record.clone()));
        batch
    }
}

const PROBE: &str = "probe";

/// Waits until so many inputs are judged, and standbys have come after.
fn wait(pipeline: &Pipeline, inputs: usize) {
    let is_done = || {
        let metrics = pipeline.metrics();
        let waits: usize = metrics.shards.iter().map(|shard| shard.retained.value).sum();
        metrics.judged() == inputs as u64 && waits == 0
    };
    while !is_done() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Fixes a second, with as many submitted as the pipeline takes.
fn throughput(world: &Workload, shards: usize, recovery: Recovery) -> f64 {
    let pipeline = world.start(shards, recovery, |_| ());
    let started = Instant::now();
    for number in 0..world.batches.len() {
        pipeline.submit(world.batch(&pipeline, number)).expect("it is open");
    }
    let inputs = world.batches.iter().map(Vec::len).sum::<usize>();
    wait(&pipeline, world.records.len() + inputs);
    let elapsed_s = started.elapsed().as_secs_f64();
    (inputs - world.batches.len()) as f64 / elapsed_s
}

/// Until each batch is due, one after another.
struct Schedule {
    started: Instant,
    period: Duration,
}

impl Schedule {
    fn new(arguments: &Arguments) -> Self {
        let period_ns = 1_000_000_000 * arguments.batch as u64 / arguments.fixes_per_s;
        Self { started: Instant::now(), period: Duration::from_nanos(period_ns) }
    }

    fn sleep(&self, number: usize) {
        // Short sleeps are coarse, and a spinner would take the core of a shard.
        if let Some(early) = (self.period * number as u32).checked_sub(self.started.elapsed()) {
            std::thread::sleep(early);
        }
    }

    fn late_ns(&self, number: usize) -> u64 {
        let late = self.started.elapsed().saturating_sub(self.period * number as u32);
        late.as_nanos().max(1) as u64
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 100_000_000_000, 3).expect("right bounds")
}

/// How late a submitter is who makes the batches and submits none, in nanoseconds.
fn lateness(world: &Workload, arguments: &Arguments) -> Histogram<u64> {
    let (mut timed, mut batch) = (histogram(), Vec::new());
    let schedule = Schedule::new(arguments);
    for (number, records) in world.measured(arguments).iter().enumerate() {
        batch.clone_from(records);
        schedule.sleep(number);
        timed.saturating_record(schedule.late_ns(number));
    }
    timed
}

/// From the instant at which the last input of each batch is due to its event, in nanoseconds.
fn latency(world: &Workload, arguments: &Arguments, recovery: Recovery) -> Histogram<u64> {
    let timed = Arc::new(Mutex::new(histogram()));
    let schedule: Arc<OnceLock<Schedule>> = Arc::default();
    let (noted, runs) = (timed.clone(), schedule.clone());
    let first = world.batches.len() - world.measured(arguments).len();
    let pipeline = world.start(arguments.shards, recovery, move |event: Event| {
        let Some(refusal) = event.refusal.filter(|refusal| refusal.reason == PROBE) else { return };
        let number: usize = refusal.value.parse().expect("the number of a batch");
        // An event of the warm-up may come after the last input of it was judged.
        if let (Some(schedule), Some(number)) = (runs.get(), number.checked_sub(first)) {
            let late_ns = schedule.late_ns(number);
            noted.lock().expect("no panic").saturating_record(late_ns);
        }
    });
    (0..first).for_each(|n| pipeline.submit(world.batch(&pipeline, n)).expect("it is open"));
    let inputs = world.batches[..first].iter().map(Vec::len).sum::<usize>();
    wait(&pipeline, world.records.len() + inputs);
    let schedule = schedule.get_or_init(|| Schedule::new(arguments));
    for number in first..world.batches.len() {
        let batch = world.batch(&pipeline, number);
        schedule.sleep(number - first);
        pipeline.submit(batch).expect("it is open");
    }
    pipeline.finish();
    let timed = timed.lock().expect("no panic").clone();
    assert_eq!(timed.len(), (world.batches.len() - first) as u64, "each batch had its event");
    timed
}
