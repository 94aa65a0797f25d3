//! What a round of fixes costs the engine, by scenario, in worlds that are small enough to be
//! measured often. `cargo bench --bench engine`; for large ones there is `--bench scenarios`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;
use wardline_benches::{Plan, World};
use wardline_core::{Config, Engine};

const PEOPLE: u64 = 2_000;
/// More than the inputs that a device's repeat memory holds.
const WARM_UP_ROUNDS: u32 = 70;

fn benches(criterion: &mut Criterion) {
    let plans = [
        ("national", Plan::national(PEOPLE)),
        ("city", Plan::city(PEOPLE)),
        ("dense_city", Plan::dense_city(PEOPLE)),
        ("shared", Plan::shared(PEOPLE, 20_000)),
        ("border", Plan::border(PEOPLE)),
    ];
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(PEOPLE));
    for (name, plan) in plans {
        let mut world = World::new(1, plan);
        let mut engine = Engine::new(Config::default());
        world.set_up(&mut |record| engine.apply(&record, &mut |_| {}));
        let mut fixes = Vec::new();
        for _ in 0..WARM_UP_ROUNDS {
            let at = world.round(&mut fixes);
            engine.apply_fixes(at, &fixes, &mut |_| {});
        }
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let mut fixes = Vec::new();
                    (world.round(&mut fixes), fixes)
                },
                |(at, fixes)| engine.apply_fixes(at, &fixes, &mut |_| {}),
                // One at a time: what is made first must be judged first.
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = benches
}
criterion_main!(all);
