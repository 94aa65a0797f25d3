//! What others would do with the same fixes: say which zones hold each of them. No history, no
//! time, no events, which the engine has besides.
//!
//! Coordinates are whole numbers of 1e-7 degree, which `f64` holds exactly, and circles are
//! polygons of 32 corners. Of zones that are polygons the answers must be those of the engine.

use super::cases::Case;
use super::gather;
use super::outcome::median;
use geo::{Contains, LineString, Point, Polygon};
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree as PackedTree, RTreeBuilder, RTreeIndex};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use std::collections::BTreeMap;
use std::time::Instant;
use wardline_benches::World;
use wardline_core::Engine;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::PersonId;
use wardline_core::input::Fix;

const CIRCLE_CORNERS: u32 = 32;
const RUNS: usize = 3;

/// A zone as others have it.
struct Plain {
    polygon: Polygon<f64>,
    /// West, south, east, north.
    sides: [f64; 4],
    is_circle: bool,
}

/// Each with its fixes a second. The engine is only asked, and dropped to make room.
pub fn measure(world: &World, engine: Engine, fixes: &[Fix], case: &Case) -> BTreeMap<String, f64> {
    let answers: Vec<Vec<u64>> = fixes.iter().map(|fix| here(&engine, fix.position)).collect();
    drop(engine);
    let mut zones = Vec::new();
    world.zones(&mut |_, _, shape| zones.push(Plain::new(&shape)));
    let bench = Bench { world, zones: &zones, fixes, answers: &answers, seconds: seconds(case) };
    let mut rates = BTreeMap::new();
    rates.insert("rstar_geo_contains".to_owned(), bench.rstar());
    rates.insert("geo_index_geo_contains".to_owned(), bench.geo_index());
    rates.insert("list_geo_contains".to_owned(), bench.list());
    rates.insert("gather_limit".to_owned(), gather::per_s(world.plan().people, case));
    rates
}

/// How long a baseline runs at least.
fn seconds(case: &Case) -> f64 {
    if case.is_test { 0.01 } else { 0.3 }
}

fn here(engine: &Engine, position: Position) -> Vec<u64> {
    engine.zones_here(position).into_iter().map(u64::from).collect()
}

struct Bench<'a> {
    world: &'a World,
    /// That with id 1 first.
    zones: &'a [Plain],
    fixes: &'a [Fix],
    /// The engine's, for each fix.
    answers: &'a [Vec<u64>],
    seconds: f64,
}

impl Bench<'_> {
    /// All zones in an R-tree, and `contains` for each hit.
    fn rstar(&self) -> f64 {
        let leaf = |(zone, id): (&Plain, u64)| {
            let [west, south, east, north] = zone.sides;
            GeomWithData::new(Rectangle::from_corners([west, south], [east, north]), id)
        };
        let tree = RTree::bulk_load(self.zones.iter().zip(1..).map(leaf).collect());
        self.rate(true, |fix, found| {
            let [x, y] = place(fix);
            let hits = tree.locate_in_envelope_intersecting(&AABB::from_point([x, y]));
            found.extend(hits.map(|hit| hit.data).filter(|id| self.contains(*id, [x, y])));
        })
    }

    /// The same with an R-tree that is packed and never changes.
    fn geo_index(&self) -> f64 {
        if self.zones.is_empty() {
            return 0.0;
        }
        let mut builder = RTreeBuilder::<f64>::new(self.zones.len() as u32);
        for zone in self.zones {
            let [west, south, east, north] = zone.sides;
            builder.add(west, south, east, north);
        }
        let tree: PackedTree<f64> = builder.finish::<HilbertSort>();
        self.rate(true, |fix, found| {
            let [x, y] = place(fix);
            let hits = tree.search(x, y, x, y).into_iter().map(|hit| u64::from(hit) + 1);
            found.extend(hits.filter(|id| self.contains(*id, [x, y])));
        })
    }

    /// Only the zones that the person is kept out of, one after another.
    fn list(&self) -> f64 {
        self.rate(false, |fix, found| {
            let person = person(fix);
            let ids = self.world.own_zones(person).chain(self.world.shared_zones(person));
            let place = place(fix);
            found.extend(ids.filter(|id| self.contains(*id, place)));
        })
    }

    fn contains(&self, id: u64, [x, y]: [f64; 2]) -> bool {
        self.zones[id as usize - 1].polygon.contains(&Point::new(x, y))
    }

    /// Fixes a second of whoever finds zones; the median of some runs, the first one checked.
    fn rate(&self, of_others: bool, find: impl Fn(&Fix, &mut Vec<u64>)) -> f64 {
        let mut found = Vec::new();
        let mut rates = Vec::new();
        for run in 0..RUNS {
            let (start, mut many) = (Instant::now(), 0_u64);
            let mut spent_s = 0.0;
            while spent_s < self.seconds {
                let number = many as usize % self.fixes.len();
                found.clear();
                find(&self.fixes[number], &mut found);
                std::hint::black_box(&found);
                many += 1;
                if run == 0 && many <= self.fixes.len() as u64 {
                    self.check(number, of_others, &mut found);
                }
                // The clock is slower than some of the answers.
                if many.is_multiple_of(16) || many < 16 {
                    spent_s = start.elapsed().as_secs_f64();
                }
            }
            // The first one checks as well.
            if run > 0 {
                rates.push(many as f64 / spent_s);
            }
        }
        median(&rates)
    }

    /// Of polygons, the answer is the engine's.
    fn check(&self, number: usize, of_others: bool, found: &mut Vec<u64>) {
        let person = person(&self.fixes[number]);
        let (own, shared) = (self.world.own_zones(person), self.world.shared_zones(person));
        let counts = |id: &u64| {
            let is_circle = self.zones[*id as usize - 1].is_circle;
            !is_circle && (of_others || own.contains(id) || shared.contains(id))
        };
        let expected: Vec<u64> = self.answers[number].iter().copied().filter(counts).collect();
        found.retain(counts);
        found.sort_unstable();
        assert_eq!(*found, expected, "{:?}", self.fixes[number]);
    }
}

/// Who wears the device: in these worlds it has the person's number.
fn person(fix: &Fix) -> PersonId {
    PersonId::new(fix.device.number()).unwrap_or_default()
}

fn place(fix: &Fix) -> [f64; 2] {
    [f64::from(fix.position.lon_e7()), f64::from(fix.position.lat_e7())]
}

impl Plain {
    fn new(shape: &Shape) -> Self {
        let bounds = shape.bounds()[0];
        let sides = [bounds.min_lon_e7, bounds.min_lat_e7, bounds.max_lon_e7, bounds.max_lat_e7];
        let sides = sides.map(f64::from);
        let (ring, is_circle): (LineString<f64>, bool) = match &shape.geometry() {
            Geometry::Polygon(rings) => {
                let corner = |p: &Position| (f64::from(p.lon_e7()), f64::from(p.lat_e7()));
                (rings[0].iter().map(corner).collect(), false)
            }
            _ => (round(sides).collect(), true),
        };
        Self { polygon: Polygon::new(ring, Vec::new()), sides, is_circle }
    }
}

/// The corners of what fills a box like a circle.
fn round([west, south, east, north]: [f64; 4]) -> impl Iterator<Item = (f64, f64)> {
    (0..CIRCLE_CORNERS).map(move |corner| {
        let angle = f64::from(corner) * std::f64::consts::TAU / f64::from(CIRCLE_CORNERS);
        let x = f64::midpoint(west, east) + angle.cos() * (east - west) / 2.0;
        (x, f64::midpoint(south, north) + angle.sin() * (north - south) / 2.0)
    })
}
