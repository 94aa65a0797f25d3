//! How large the nodes of the zones' R-tree should be: inserts, queries and removals at several
//! sizes. `cargo bench --bench zone_tree` prints nanoseconds each; only the ratios count.

use clap::Parser;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rstar::{AABB, InsertionStrategy, RStarInsertionStrategy, RTree, RTreeObject, RTreeParams};
use std::hint::black_box;
use std::time::Instant;
use wardline_benches::Mode;

/// A box as the engine keeps it: corners in 1e-7 degree, and a zone; but for the rounding outwards.
#[derive(Clone, PartialEq)]
struct ZoneBox {
    corners: [i32; 4],
    zone: u64,
}

impl RTreeObject for ZoneBox {
    type Envelope = AABB<[f32; 2]>;

    fn envelope(&self) -> Self::Envelope {
        let [west, south, east, north] = self.corners.map(|e7| e7 as f32);
        AABB::from_corners([west, south], [east, north])
    }
}

macro_rules! sizes {
    ($($name:ident $max:literal $min:literal $reinserted:literal),* $(,)?) => {
        $(struct $name;
        impl RTreeParams for $name {
            const MIN_SIZE: usize = $min;
            const MAX_SIZE: usize = $max;
            const REINSERTION_COUNT: usize = $reinserted;
            type DefaultInsertionStrategy = RStarInsertionStrategy;
        })*

        fn measure_all(boxes: &[ZoneBox], places: &[[f32; 2]]) {
            $(measure::<$name>(boxes, places);)*
        }
    };
}

// The least and the reinserted are 40 and 30 hundredths of the most, as the R*-tree's paper has it.
sizes! {
    Six 6 3 2,
    Eight 8 3 2,
    Twelve 12 5 4,
    Fifteen 15 6 4,
    Sixteen 16 6 5,
    TwentyFour 24 10 7,
    ThirtyTwo 32 13 10,
}

/// Degrees of a city's or country's side, so that about four boxes hold a place.
fn world(zones: usize) -> (Vec<ZoneBox>, Vec<[f32; 2]>) {
    let mut rng = SmallRng::seed_from_u64(7);
    let side_e7 = ((zones as f64 / 4.0).sqrt() * 50_000.0) as i32;
    let place = |rng: &mut SmallRng| -> [i32; 2] {
        [rng.random_range(0..side_e7), rng.random_range(0..side_e7)]
    };
    let boxes = (0..zones as u64).map(|zone| {
        let [west, south] = place(&mut rng);
        let [wide, high] = [rng.random_range(10_000..90_000), rng.random_range(10_000..90_000)];
        ZoneBox { corners: [west, south, west + wide, south + high], zone }
    });
    let boxes = boxes.collect();
    let places = (0..200_000).map(|_| place(&mut rng).map(|e7| e7 as f32)).collect();
    (boxes, places)
}

fn measure<P: RTreeParams>(boxes: &[ZoneBox], places: &[[f32; 2]])
where
    P::DefaultInsertionStrategy: InsertionStrategy,
{
    let each_ns = |since: Instant, count: usize| since.elapsed().as_nanos() / count as u128;
    let mut tree: RTree<ZoneBox, P> = RTree::new_with_params();
    let started = Instant::now();
    boxes.iter().for_each(|zone| tree.insert(zone.clone()));
    let insert_ns = each_ns(started, boxes.len());
    let started = Instant::now();
    let mut found = 0;
    for place in places {
        found += tree.locate_in_envelope_intersecting(&AABB::from_point(*place)).count();
    }
    let query_ns = each_ns(started, places.len());
    let some = &boxes[..boxes.len().min(10_000)];
    let started = Instant::now();
    for zone in some {
        black_box(tree.remove(zone));
        tree.insert(zone.clone());
    }
    let replace_ns = each_ns(started, some.len());
    let hits = found as f64 / places.len() as f64;
    println!(
        "{:>9} zones, {:>2} a node: insert {insert_ns:>6} ns, query {query_ns:>5} ns \
         ({hits:.1} hits), replace {replace_ns:>6} ns",
        boxes.len(),
        P::MAX_SIZE,
    );
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    mode: Mode,
}

fn main() {
    let is_test = Arguments::parse().mode.test;
    let (sizes, rounds) = if is_test { (&[1_000][..], 1) } else { (&[10_000, 1_000_000][..], 2) };
    for zones in sizes {
        let (boxes, places) = world(*zones);
        for _ in 0..rounds {
            measure_all(&boxes, &places);
        }
    }
}
