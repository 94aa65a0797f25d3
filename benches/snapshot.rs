//! What a snapshot of a dense city costs: its length, and the times of taking it, of working out
//! the fingerprint, and of restoring it, on one core.
//!
//! `cargo bench --bench snapshot -- --people 100000`. Not measured: writing it to a disk.

use clap::Parser;
use std::time::Instant;
use wardline_benches::{Mode, Plan, World};
use wardline_core::{Config, Engine};

/// More than the inputs that a device's repeat memory holds.
const ROUNDS: u32 = 70;

#[derive(Parser)]
struct Arguments {
    /// People, each with a device and four zones.
    #[arg(long, default_value_t = 10_000)]
    people: u64,
    /// The seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs, of which the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    #[command(flatten)]
    mode: Mode,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.runs) = (200, 1);
    }
    let engine = city(&arguments);
    let mut times_ns = [Vec::new(), Vec::new(), Vec::new()];
    let mut bytes = Vec::new();
    for _ in 0..arguments.runs.max(1) {
        bytes = Vec::new();
        let start = Instant::now();
        engine.snapshot(&mut bytes);
        times_ns[0].push(start.elapsed().as_nanos());
        let start = Instant::now();
        let fingerprint = engine.fingerprint();
        times_ns[1].push(start.elapsed().as_nanos());
        let start = Instant::now();
        let restored = Engine::restore(Config::default(), &bytes).expect("a snapshot");
        times_ns[2].push(start.elapsed().as_nanos());
        assert_eq!(restored.fingerprint(), fingerprint, "the restored engine is another");
    }
    let [snapshot_ns, fingerprint_ns, restore_ns] = times_ns.map(|mut times_ns| {
        times_ns.sort_unstable();
        times_ns[times_ns.len() / 2] as f64 / arguments.people as f64
    });
    println!(
        "snapshot people={} seed={} runs={}: {} bytes, of each device and its zones {:.0} bytes, \
         snapshot {snapshot_ns:.0} ns, fingerprint {fingerprint_ns:.0} ns, restore {restore_ns:.0} \
         ns (medians)",
        arguments.people,
        arguments.seed,
        arguments.runs.max(1),
        bytes.len(),
        bytes.len() as f64 / arguments.people as f64,
    );
}

fn city(arguments: &Arguments) -> Engine {
    let mut city = World::new(arguments.seed, Plan::city(arguments.people));
    let mut engine = Engine::new(Config::default());
    city.set_up(&mut |record| engine.apply(&record, &mut |_| {}));
    let mut fixes = Vec::new();
    for _ in 0..ROUNDS {
        let at = city.round(&mut fixes);
        engine.apply_fixes(at, &fixes, &mut |_| {});
    }
    engine
}
