//! What a journal costs a pipeline: fixes a second until they are judged and durable, how long a
//! start takes to judge all of them again, and how long judgement and its event take while fixes
//! come at a fixed rate, with a journal and without, in turns.
//!
//! `cargo bench --bench durable -- --folder DIR`, on the disk that is meant; group commit as by
//! default. Beside the rate of the whole stands what each thread took of a processor's time for a
//! fix (Linux), whatever else shares the machine. `--recovery never` does without standbys, each of
//! which judges everything a second time.

use clap::Parser;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wardline::event::Event;
use wardline::input::{Input, Record, Refusal};
use wardline::journal::disk::Folder;
use wardline::journal::{Attached, Journal, Settings};
use wardline::pipeline::{Latency, Metrics, Pipeline, Recovery};
use wardline_benches::{Mode, Plan, World};
use wardline_core::Config;
use wardline_examples::priority::make_room;

#[derive(Parser)]
struct Arguments {
    /// Where the journals are; they are removed again.
    #[arg(long, default_value = "target/durable-bench")]
    folder: PathBuf,
    /// People, each with four zones.
    #[arg(long, default_value_t = 20_000)]
    people: u64,
    /// Fixes of each run.
    #[arg(long, default_value_t = 4_000_000)]
    fixes: usize,
    /// The rate at which fixes come where latencies are measured.
    #[arg(long, default_value_t = 200_000)]
    fixes_per_s: u64,
    /// Fixes of a batch; each has one more input, which causes an event.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Runs with and without a journal, in turns, of which latencies are the median; 0 for none.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// What is left of a shard whose engine panics.
    #[arg(long, value_enum, default_value = "standby")]
    recovery: Left,
    /// Let no thread go before another; else who writes the log makes room for judgement, as in the
    /// server of `udp_ingest` (Linux).
    #[arg(long)]
    alike: bool,
    /// The seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    mode: Mode,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Left {
    Standby,
    Never,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.fixes, arguments.fixes_per_s) = (200, 20_000, 1_000_000);
        arguments.runs = 1;
    }
    let (setup, batches) = world(&arguments);
    for journals in [false, true] {
        let run = Run::start(&arguments, journals, &setup);
        let (started, before) = (Instant::now(), busy());
        batches.iter().for_each(|batch| run.pipeline.submit(batch.clone()).expect("it is open"));
        run.wait(setup.len() + arguments.fixes + batches.len());
        let rate = arguments.fixes as f64 / started.elapsed().as_secs_f64();
        println!("closed loop, journal={journals}: {:.2} M fixes/s", rate / 1e6);
        report_threads(&before, &busy(), arguments.fixes);
        run.stop();
        if journals {
            start_again(&arguments, arguments.fixes + batches.len());
        }
    }
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for number in 1..=arguments.runs {
        without.push(paced(&arguments, false, &setup, &batches));
        with.push(paced(&arguments, true, &setup, &batches));
        eprintln!("open loop: {number} of {} runs", arguments.runs);
    }
    if without.is_empty() {
        return;
    }
    report(&arguments, false, &without);
    report(&arguments, true, &with);
    let [without, with] = [&without, &with].map(|runs| median(runs, |of| of.judge.p999_ns));
    println!("p99.9 of judgement, with the journal against without: {:.2}", with / without);
}

/// What the stages take while the batches come at a fixed rate.
fn paced(
    arguments: &Arguments,
    journals: bool,
    setup: &[Record],
    batches: &[Vec<Record>],
) -> Metrics {
    let run = Run::start(arguments, journals, setup);
    // Of a hundred batches one or two are those of the world, which take the longest.
    run.pipeline.reset_latencies();
    let period_ns = 1_000_000_000 * arguments.batch as u64 / arguments.fixes_per_s;
    let started = Instant::now();
    for (number, batch) in batches.iter().enumerate() {
        let due = Duration::from_nanos(period_ns) * number as u32;
        if let Some(early) = due.checked_sub(started.elapsed()) {
            std::thread::sleep(early);
        }
        run.pipeline.submit(batch.clone()).expect("it is open");
    }
    run.end()
}

/// The median of what the runs say.
fn median(runs: &[Metrics], of: impl Fn(&Metrics) -> u64) -> f64 {
    let mut all: Vec<_> = runs.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2] as f64
}

/// Opens the journal that a run has left, with a snapshot from before its fixes, and judges them.
fn start_again(arguments: &Arguments, inputs: usize) {
    let (started, before) = (Instant::now(), busy());
    let run = Run::open(arguments, true);
    let opened_s = started.elapsed().as_secs_f64();
    run.wait(inputs);
    let whole_s = started.elapsed().as_secs_f64();
    println!("start from the log: {whole_s:.2} s, {opened_s:.2} s of them to open it");
    report_threads(&before, &busy(), arguments.fixes);
    run.end();
}

/// A latency among the metrics.
type Stage = fn(&Metrics) -> Latency;

/// Prints the median of each percentile over the runs, and of the last the range.
fn report(arguments: &Arguments, journals: bool, runs: &[Metrics]) {
    println!(
        "open loop, fixes/s={} journal={journals}, medians of {} runs:",
        arguments.fixes_per_s,
        runs.len()
    );
    let stages = [
        ("from numbering to the shard", (|of| of.queue) as Stage),
        ("judged, with its batch", |of| of.judge),
        ("from numbering to durable", |of| of.durable),
        ("from submission to the event", |of| of.whole),
    ];
    for (what, stage) in stages {
        let us = |of: fn(Latency) -> u64| median(runs, |run| of(stage(run))) / 1e3;
        let (p50, p99, p999) = (us(|of| of.p50_ns), us(|of| of.p99_ns), us(|of| of.p999_ns));
        let all = runs.iter().map(|run| stage(run).p999_ns / 1_000);
        let (least, most) = (all.clone().min().unwrap_or(0), all.max().unwrap_or(0));
        println!(
            "  {what:<30} p50 {p50:.0} us, p99 {p99:.0} us, p99.9 {p999:.0} us ({least} to {most})"
        );
    }
}

/// The inputs that set up the world, and the batches of fixes.
fn world(arguments: &Arguments) -> (Vec<Record>, Vec<Vec<Record>>) {
    let mut city = World::new(arguments.seed, Plan::city(arguments.people));
    let mut setup = Vec::new();
    city.set_up(&mut |record| setup.push(record));
    let all = city.records(arguments.fixes);
    let batch = |fixes: &[Record]| {
        let at = fixes.last().and_then(|record| record.at);
        let probe = Record { at, input: Input::Invalid(Refusal::new("probe", 0)) };
        fixes.iter().cloned().chain([probe]).collect()
    };
    (setup, all.chunks(arguments.batch).map(batch).collect())
}

struct Run<'a> {
    pipeline: Pipeline,
    journal: Option<Attached>,
    folder: &'a Path,
}

impl<'a> Run<'a> {
    /// A pipeline of one shard, with what its journal has if there is any.
    fn open(arguments: &'a Arguments, journals: bool) -> Self {
        let (config, folder) = (Config::default(), arguments.folder.as_path());
        let recovery = match arguments.recovery {
            Left::Standby => Recovery::Standby,
            Left::Never => Recovery::Never,
        };
        let builder = Pipeline::builder(config.clone()).recovery(recovery);
        let builder = match arguments.alike {
            true => builder,
            false => builder.on_thread_start(make_room),
        };
        let (builder, journal) = match journals {
            true => {
                let disk = Arc::new(Folder::open(folder).expect("a folder"));
                let settings = Settings::new("localhost/bench");
                let journal = Journal::open(disk, settings, &config, 1).expect("a journal");
                let (builder, attached) =
                    journal.attach(builder, |_: Event| ()).expect("it can be read");
                (builder, Some(attached))
            }
            false => (builder.sink(|_: Event| ()), None),
        };
        Self { pipeline: builder.build().expect("threads"), journal, folder }
    }

    /// The same, and it knows the world, with nothing on its way and a snapshot for the next.
    fn start(arguments: &'a Arguments, journals: bool, setup: &[Record]) -> Self {
        let run = Self::open(arguments, journals);
        for records in setup.chunks(1_000) {
            run.pipeline.submit(records.to_vec()).expect("it is open");
        }
        run.wait(setup.len());
        if let Some(journal) = &run.journal {
            let snapshots = run.pipeline.snapshots().expect("all shards are there");
            journal.save(&snapshots, PATIENCE).expect("it can be written");
        }
        run
    }

    /// Until so many inputs are judged, and what was submitted is durable if there is a journal.
    fn wait(&self, inputs: usize) {
        loop {
            let metrics = self.pipeline.metrics();
            let durable = self.journal.as_ref().map(|journal| journal.written().durable);
            if metrics.judged() >= inputs as u64
                && metrics.events >= metrics.counters().events
                && durable.is_none_or(|durable| durable >= metrics.submitted)
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Leaves its journal.
    fn stop(self) -> Metrics {
        self.pipeline.finish().metrics
    }

    fn end(self) -> Metrics {
        let (folder, journals) = (self.folder, self.journal.is_some());
        let metrics = self.stop();
        if journals {
            std::fs::remove_dir_all(folder).expect("it can be removed");
        }
        metrics
    }
}

/// How long a snapshot may wait for the evidence.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long each thread was on a processor, by its name.
type Busy = BTreeMap<String, Duration>;

/// Nothing where the system does not say.
fn busy() -> Busy {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let read = |task: std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let spent = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        let spent_ns = spent.split(' ').next()?.parse().ok()?;
        Some((name.trim().to_owned(), Duration::from_nanos(spent_ns)))
    };
    tasks.filter_map(read).collect()
}

/// Prints what each thread took for a fix, and what one core would do if it had to do it all.
fn report_threads(before: &Busy, after: &Busy, fixes: usize) {
    let mut all_ns = 0.0;
    for (name, busy) in after {
        let spent = busy.saturating_sub(before.get(name).copied().unwrap_or_default());
        let spent_ns = spent.as_nanos() as f64 / fixes as f64;
        // Whoever submits is not of the pipeline: what it takes is to copy what was made before.
        if name.starts_with("wardline-") {
            all_ns += spent_ns;
        }
        println!("  {name:<20} {spent_ns:.0} ns a fix");
    }
    if all_ns > 0.0 {
        println!("  one core for all of the pipeline: {:.2} M fixes/s", 1e3 / all_ns);
    }
}
