//! What it costs to ask whether a position is in a zone, and how far it is from its boundary, by
//! shape and number of vertices, beside what other crates take for the same questions.
//!
//! `cargo bench --bench containment`. Polygons are stars of 8 to 4,096 vertices and the countries
//! of `data/countries.tsv`; positions are drawn from the polygon's box. All answers are compared
//! before anything is timed: positions exactly on a boundary, on which these crates differ, aside.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use geo::relate::{PreparedGeometry, Relate};
use geo::{Contains, Coord, Intersects, LineString, MonotonicPolygons, Point, Polygon};
use geometry_rs::{Point as IndexedPoint, Polygon as IndexedPolygon, PolygonBuildOptions};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;
use wardline_core::geometry::{Geometry, Position, Shape};

/// More than a branch predictor learns by heart, so that asking again is like asking anew.
const POSITIONS: usize = 16_384;
const VERTICES: [u32; 7] = [8, 16, 32, 64, 256, 1_024, 4_096];

/// A polygon and positions about it.
struct Question {
    name: String,
    rings: Vec<Vec<Position>>,
    positions: Vec<Position>,
}

fn benches(criterion: &mut Criterion) {
    let mut questions: Vec<_> = VERTICES.map(star).into();
    questions.extend(countries());
    for question in &questions {
        polygon(criterion, question);
    }
    others(criterion);
}

/// A star whose rays are of different lengths, about a kilometre across.
fn star(vertices: u32) -> Question {
    let mut rng = SmallRng::seed_from_u64(u64::from(vertices));
    let mut ring: Vec<_> = (0..vertices)
        .map(|vertex| {
            let angle = f64::from(vertex) / f64::from(vertices) * std::f64::consts::TAU;
            let ray_e7 = rng.random_range(25_000.0..50_000.0);
            let lat_e7 = 428_700_000 + (ray_e7 * angle.sin()) as i32;
            position(lat_e7, 745_900_000 + (1.36 * ray_e7 * angle.cos()) as i32)
        })
        .collect();
    ring.push(ring[0]);
    Question::new(format!("star_{vertices:04}"), vec![ring])
}

fn countries() -> Vec<Question> {
    let lines = include_str!("data/countries.tsv").lines();
    let country = |line: &str| {
        let mut parts = line.split('\t');
        let name = parts.next()?.to_lowercase().replace(' ', "_");
        Some(Question::new(name, parts.map(ring).collect()))
    };
    lines.filter_map(country).collect()
}

/// A ring that was written as differences.
fn ring(text: &str) -> Vec<Position> {
    let numbers: Vec<i32> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
    let (mut lat_e7, mut lon_e7) = (0, 0);
    let steps = numbers.chunks_exact(2).map(|step| {
        lon_e7 += step[0];
        lat_e7 += step[1];
        position(lat_e7, lon_e7)
    });
    steps.collect()
}

fn position(lat_e7: i32, lon_e7: i32) -> Position {
    Position::from_e7(lat_e7, lon_e7).expect("on earth")
}

impl Question {
    fn new(name: String, rings: Vec<Vec<Position>>) -> Self {
        let shape = Shape::new(&Geometry::Polygon(rings.clone())).expect("a zone");
        let bounds = shape.bounds()[0];
        let mut rng = SmallRng::seed_from_u64(1);
        let mut draw = || {
            let lat_e7 = rng.random_range(bounds.min_lat_e7..=bounds.max_lat_e7);
            position(lat_e7, rng.random_range(bounds.min_lon_e7..=bounds.max_lon_e7))
        };
        let positions = (0..POSITIONS).map(|_| draw()).collect();
        Self { name: format!("{name}_{}", shape.vertex_count()), rings, positions }
    }

    /// As `geo` has it, in whole numbers of 1e-7 degree.
    fn polygon(&self) -> Polygon<f64> {
        let mut rings = self.rings.iter().map(|ring| {
            ring.iter().map(|p| Coord::from((x(*p), y(*p)))).collect::<LineString<f64>>()
        });
        Polygon::new(rings.next().expect("an outer ring"), rings.collect())
    }

    /// As `geometry-rs` has it, with one of its indexes.
    fn indexed(&self, enable_y_stripes: bool) -> IndexedPolygon {
        let mut rings = self.rings.iter().map(|ring| {
            ring.iter().map(|p| IndexedPoint { x: x(*p), y: y(*p) }).collect::<Vec<_>>()
        });
        let outer = rings.next().expect("an outer ring");
        let enable_compressed_quad = !enable_y_stripes;
        let options = PolygonBuildOptions {
            enable_compressed_quad,
            enable_y_stripes,
            ..PolygonBuildOptions::default()
        };
        IndexedPolygon::new(outer, rings.collect(), Some(options))
    }
}

fn x(p: Position) -> f64 {
    f64::from(p.lon_e7())
}

fn y(p: Position) -> f64 {
    f64::from(p.lat_e7())
}

fn polygon(criterion: &mut Criterion, question: &Question) {
    let shape = Shape::new(&Geometry::Polygon(question.rings.clone())).expect("a zone");
    let polygon = question.polygon();
    let [quads, stripes] = [false, true].map(|stripes| question.indexed(stripes));
    let prepared: PreparedGeometry<'_, _, f64> = PreparedGeometry::from(&polygon);
    let monotonic = MonotonicPolygons::from(polygon.clone());
    let expected: Vec<bool> = question.positions.iter().map(|p| shape.contains(*p)).collect();
    let off_boundary = |p: &Position| shape.signed_distance_m(*p) != 0.0;
    let mut group = criterion.benchmark_group(format!("contains/{}", question.name));
    let mut bench = |name: &str, contains: &dyn Fn(Position) -> bool| {
        for (position, expected) in question.positions.iter().zip(&expected) {
            let agrees = contains(*position) == *expected || !off_boundary(position);
            assert!(agrees, "{name} of {} at {position}", question.name);
        }
        each(&mut group, name, &question.positions, contains);
    };
    bench("wardline", &|p| shape.contains(p));
    bench("geo", &|p| polygon.contains(&Point::new(x(p), y(p))));
    bench("geo_monotonic", &|p| monotonic.intersects(&Coord { x: x(p), y: y(p) }));
    bench("geometry_rs_quads", &|p| quads.contains_point(IndexedPoint { x: x(p), y: y(p) }));
    bench("geometry_rs_stripes", &|p| stripes.contains_point(IndexedPoint { x: x(p), y: y(p) }));
    // Relating takes microseconds, for a thousand vertices a thousandth of a second.
    if shape.vertex_count() <= 1_024 {
        bench("geo_prepared", &|p| prepared.relate(&Point::new(x(p), y(p))).is_contains());
    }
    group.finish();
    let mut group = criterion.benchmark_group(format!("distance/{}", question.name));
    each(&mut group, "wardline", &question.positions, &|p| shape.signed_distance_m(p));
    group.finish();
}

/// Circles and corridors, which others do not have.
fn others(criterion: &mut Criterion) {
    let centre = position(428_700_000, 745_900_000);
    let line = |bends: i32| (0..=bends).map(|n| position(428_700_000 + n % 2 * 9_000, n * 10_000));
    let shapes = [
        ("circle", Geometry::Circle { centre, radius_m: 500.0 }),
        ("corridor_8", Geometry::Corridor { line: line(7).collect(), half_width_m: 100.0 }),
        ("corridor_64", Geometry::Corridor { line: line(63).collect(), half_width_m: 100.0 }),
    ];
    for (name, geometry) in shapes {
        let shape = Shape::new(&geometry).expect("a zone");
        let bounds = shape.bounds()[0];
        let mut rng = SmallRng::seed_from_u64(1);
        let mut draw = |low: i32, high: i32| rng.random_range(low..=high);
        let positions: Vec<_> = (0..POSITIONS)
            .map(|_| {
                let lat_e7 = draw(bounds.min_lat_e7, bounds.max_lat_e7);
                position(lat_e7, draw(bounds.min_lon_e7, bounds.max_lon_e7))
            })
            .collect();
        let mut group = criterion.benchmark_group(format!("contains/{name}"));
        each(&mut group, "wardline", &positions, &|p| shape.contains(p));
        group.finish();
        let mut group = criterion.benchmark_group(format!("distance/{name}"));
        each(&mut group, "wardline", &positions, &|p| shape.signed_distance_m(p));
        group.finish();
    }
}

/// Asks about one position after another; a call through a pointer is in each figure.
fn each<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    positions: &[Position],
    ask: &dyn Fn(Position) -> T,
) {
    let mut number = 0;
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            number = (number + 1) % positions.len();
            black_box(ask(positions[number]))
        });
    });
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(100))
        .measurement_time(std::time::Duration::from_millis(400));
    targets = benches
}
criterion_main!(all);
