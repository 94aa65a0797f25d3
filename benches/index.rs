//! What it costs to put a zone into the engine, to ask which zones are here, and to remove one, by
//! how many there are.
//!
//! `cargo bench --bench index`. All through the engine, since its R-trees are nobody else's; so
//! that putting a zone includes its number, its version, and asking which orders name it.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use wardline_benches::{Plan, World};
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::ZoneId;
use wardline_core::input::{Input, PutZone, Record};
use wardline_core::{Config, Engine};

const SIZES: [u64; 3] = [1_000, 10_000, 100_000];

fn benches(criterion: &mut Criterion) {
    for zones in SIZES {
        let mut world = World::new(1, Plan { people: 1_000, ..Plan::with_zones(1_000, zones) });
        let mut config = Config::default();
        config.versions_max = usize::MAX;
        let mut engine = Engine::new(config);
        world.set_up(&mut |record| engine.apply(&record, &mut |_| {}));
        let mut fixes = Vec::new();
        let at = world.round(&mut fixes);
        let mut group = criterion.benchmark_group(format!("zones/{zones}"));
        let mut place = 0;
        let mut next = || {
            place = (place + 1) % fixes.len();
            fixes[place].position
        };
        group.bench_function("here", |bencher| {
            bencher.iter(|| black_box(engine.zones_here(next())));
        });
        // Ids that come again, so that the engine does not grow.
        let mut number = 0;
        let mut id = || {
            number = number % 1_000 + 1;
            ZoneId::new(10_000_000 + number).expect("not 0")
        };
        let mut apply = |input| engine.apply(&Record { at: Some(at), input }, &mut |_| {});
        group.bench_function("insert_and_remove", |bencher| {
            bencher.iter_batched(
                || (id(), circle(next())),
                |(zone, shape)| {
                    apply(Input::PutZone(PutZone { zone, layer: None, shape }));
                    apply(Input::RemoveZone(zone));
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

fn circle(centre: Position) -> Arc<Shape> {
    Arc::new(Shape::new(&Geometry::Circle { centre, radius_m: 300.0 }).expect("a zone"))
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = benches
}
criterion_main!(all);
