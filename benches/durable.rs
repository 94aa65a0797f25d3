//! What a journal costs a pipeline: fixes a second until they are judged and durable, and how long
//! judgement and its event take while fixes come at a fixed rate, with a journal and without.
//!
//! `cargo bench --bench durable -- --folder DIR`, on the disk that is meant; group commit as by
//! default. Beside the rate of the whole stands that of the thread that writes the log, by its
//! processor's time (Linux): it is what one core can log, whatever else shares the machine.

use clap::Parser;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wardline::event::Event;
use wardline::input::{Input, Record, Refusal};
use wardline::journal::disk::Folder;
use wardline::journal::{Attached, Journal, Settings};
use wardline::pipeline::{Metrics, Pipeline};
use wardline_benches::{Mode, Plan, World};
use wardline_core::Config;

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
    /// The seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    mode: Mode,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.fixes, arguments.fixes_per_s) = (200, 20_000, 1_000_000);
    }
    let (setup, batches) = world(&arguments);
    for journals in [false, true] {
        let run = Run::start(&arguments, journals, &setup);
        let (started, cpu) = (Instant::now(), log_cpu());
        batches.iter().for_each(|batch| run.pipeline.submit(batch.clone()).expect("it is open"));
        run.wait(setup.len() + arguments.fixes + batches.len());
        let rate = arguments.fixes as f64 / started.elapsed().as_secs_f64();
        println!("closed loop, journal={journals}: {:.2} M fixes/s", rate / 1e6);
        if let (Some(before), Some(after)) = (cpu, log_cpu()) {
            let rate = arguments.fixes as f64 / (after - before).as_secs_f64();
            println!("  the log's thread: {:.2} M fixes/s of its time", rate / 1e6);
        }
        run.end();
    }
    for journals in [false, true] {
        let run = Run::start(&arguments, journals, &setup);
        let period_ns = 1_000_000_000 * arguments.batch as u64 / arguments.fixes_per_s;
        let started = Instant::now();
        for (number, batch) in batches.iter().enumerate() {
            let due = Duration::from_nanos(period_ns) * number as u32;
            if let Some(early) = due.checked_sub(started.elapsed()) {
                std::thread::sleep(early);
            }
            run.pipeline.submit(batch.clone()).expect("it is open");
        }
        report(&arguments, journals, &run.end());
    }
}

fn report(arguments: &Arguments, journals: bool, metrics: &Metrics) {
    println!("open loop, fixes/s={} journal={journals}:", arguments.fixes_per_s);
    let stages = [
        ("from numbering to the shard", metrics.queue),
        ("judged, with its batch", metrics.judge),
        ("from numbering to durable", metrics.durable),
        ("from submission to the event", metrics.whole),
    ];
    for (what, of) in stages {
        let us = |ns: u64| ns / 1_000;
        let (p50, p99, p999) = (us(of.p50_ns), us(of.p99_ns), us(of.p999_ns));
        println!("  {what:<30} p50 {p50} us, p99 {p99} us, p99.9 {p999} us");
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
    /// A pipeline of one shard that knows the world, with nothing on its way.
    fn start(arguments: &'a Arguments, journals: bool, setup: &[Record]) -> Self {
        let (config, folder) = (Config::default(), arguments.folder.as_path());
        let builder = Pipeline::builder(config.clone());
        let (builder, journal) = match journals {
            true => {
                let disk = Arc::new(Folder::open(folder).expect("a folder"));
                let settings = Settings::new("localhost/bench");
                let journal = Journal::open(disk, settings, &config, 1).expect("a new journal");
                let (builder, attached) =
                    journal.attach(builder, |_: Event| ()).expect("it is new");
                (builder, Some(attached))
            }
            false => (builder.sink(|_: Event| ()), None),
        };
        let run = Self { pipeline: builder.build().expect("threads"), journal, folder };
        for records in setup.chunks(1_000) {
            run.pipeline.submit(records.to_vec()).expect("it is open");
        }
        run.wait(setup.len());
        run
    }

    /// Until so many inputs are judged, and durable if there is a journal.
    fn wait(&self, inputs: usize) {
        let is_durable = || match &self.journal {
            Some(journal) => journal.written().durable == inputs as u64,
            None => true,
        };
        while self.pipeline.metrics().judged() < inputs as u64 || !is_durable() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(self) -> Metrics {
        let metrics = self.pipeline.finish().metrics;
        if self.journal.is_some() {
            std::fs::remove_dir_all(self.folder).expect("it can be removed");
        }
        metrics
    }
}

/// The processor's time of the thread that writes the log.
fn log_cpu() -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let stats =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let ticks = stats.filter(|stat| stat.contains("(wardline-log)")).map(|stat| {
        // After the name come the state and ten other fields, then user's and system's time.
        let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>()
    });
    let ticks = ticks.reduce(u64::max)?;
    // Linux counts in hundredths of a second.
    Some(Duration::from_millis(10 * ticks))
}
