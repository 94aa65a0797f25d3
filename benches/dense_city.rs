//! How many fixes a second the engine judges in a dense city, on one core, against a plain R-tree
//! with `geo::Contains` over all zones on the same fixes in the same run.
//!
//! `cargo bench --bench dense_city -- --people 100000 --rounds 40`. Not measured: parsing, queues,
//! sockets and the journal.

use clap::Parser;
use geo::{Contains, LineString, Point, Polygon};
use rstar::{AABB, RTree, RTreeObject};
use std::sync::Arc;
use std::time::Instant;
use wardline_benches::{City, Mode};
use wardline_core::geometry::Shape;
use wardline_core::ids::{PersonId, RuleId};
use wardline_core::input::{Demand, Fix, Input, Record, Rule};
use wardline_core::{Config, Engine};

/// More than the inputs that a device's repeat memory holds.
const WARM_UP_ROUNDS: u32 = 70;

#[derive(Parser)]
struct Arguments {
    /// People, each with four zones.
    #[arg(long, default_value_t = 10_000)]
    people: u64,
    /// Fixes of each person that are timed.
    #[arg(long, default_value_t = 40)]
    rounds: u32,
    /// The seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs, of which the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Fixes that the baseline judges.
    #[arg(long, default_value_t = 2_000)]
    baseline_fixes: usize,
    /// Every second person is kept away from the one before, 500 m, by one more rule.
    #[arg(long)]
    keep_away: bool,
    /// Each order has one more rule with timers: 20 minutes of silence, 30 without a fix.
    #[arg(long)]
    timers: bool,
    /// Judge each fix in full.
    #[arg(long)]
    no_slack: bool,
    #[command(flatten)]
    mode: Mode,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.rounds, arguments.runs) = (200, 3, 1);
    }
    let mut outcomes: Vec<Outcome> = (0..arguments.runs.max(1)).map(|_| run(&arguments)).collect();
    assert!(outcomes.iter().all(|o| o.hash == outcomes[0].hash), "runs gave different events");
    outcomes.sort_by(|a, b| a.fixes_per_s.total_cmp(&b.fixes_per_s));
    let (least, most) = (outcomes[0].fixes_per_s, outcomes[outcomes.len() - 1].fixes_per_s);
    let median = &outcomes[outcomes.len() / 2];
    let mut baselines: Vec<f64> = outcomes.iter().map(|o| o.baseline_fixes_per_s).collect();
    baselines.sort_by(f64::total_cmp);
    let baseline = baselines[baselines.len() / 2];
    println!(
        "dense_city people={} zones={} seed={} runs={} fixes/run={}: {:.2} M fixes/s \
         (median; {:.2} to {:.2}), {:.1} % within slack, events {} (hash {:016x}); rstar + \
         geo::Contains: {:.0} \
         fixes/s, ratio {:.0}",
        arguments.people,
        arguments.people * wardline_benches::ZONES_PER_PERSON,
        arguments.seed,
        outcomes.len(),
        median.fixes,
        median.fixes_per_s / 1e6,
        least / 1e6,
        most / 1e6,
        100.0 * median.slack_share,
        median.events,
        median.hash,
        baseline,
        median.fixes_per_s / baseline,
    );
}

struct Outcome {
    fixes: u64,
    fixes_per_s: f64,
    baseline_fixes_per_s: f64,
    slack_share: f64,
    events: u64,
    hash: u64,
}

fn run(arguments: &Arguments) -> Outcome {
    let (mut city, mut records) = City::new(arguments.seed, arguments.people);
    records.iter_mut().for_each(|record| add_rules(arguments, record));
    let mut config = Config::default();
    config.slack = !arguments.no_slack;
    let mut engine = Engine::new(config);
    let (mut events, mut hash) = (0, 0xCBF2_9CE4_8422_2325_u64);
    let mut sink = |event: wardline_core::event::Event| {
        events += 1;
        let words = [event.input, event.order.number(), event.time.ms().unsigned_abs()];
        hash = words.iter().fold(hash, |hash, w| (hash ^ w).wrapping_mul(0x0100_0000_01B3));
    };
    records.iter().for_each(|record| engine.apply(record, &mut sink));
    let mut fixes = Vec::new();
    // Until histories and repeat memories are full: the steady state is what counts.
    for _ in 0..if arguments.mode.test { 1 } else { WARM_UP_ROUNDS } {
        let at = city.round(&mut fixes);
        engine.apply_fixes(at, &fixes, &mut sink);
    }
    let before = engine.counters();
    let mut spent_s = 0.0;
    for _ in 0..arguments.rounds {
        let at = city.round(&mut fixes);
        let start = Instant::now();
        engine.apply_fixes(at, &fixes, &mut sink);
        spent_s += start.elapsed().as_secs_f64();
    }
    let after = engine.counters();
    let judged = after.fixes - before.fixes;
    let sample = &fixes[..fixes.len().min(arguments.baseline_fixes)];
    Outcome {
        fixes: judged,
        fixes_per_s: judged as f64 / spent_s,
        baseline_fixes_per_s: baseline(&records, sample),
        slack_share: (after.fixes_within_slack - before.fixes_within_slack) as f64 / judged as f64,
        events,
        hash,
    }
}

/// Adds the rules that the arguments ask for to an order.
fn add_rules(arguments: &Arguments, record: &mut Record) {
    let Input::PutOrder(put) = &mut record.input else { return };
    let put = Arc::make_mut(put);
    let other = PersonId::new(put.person.number() - 1).filter(|_| arguments.keep_away);
    let other = other.filter(|other| !other.number().is_multiple_of(2));
    let keep_away = other.map(|person| Demand::KeepAway { person, distance_m: 500.0, warn_m: 0.0 });
    let minutes = |minutes: i64| Some(minutes * 60_000);
    let report = Demand::Report { max_silence_ms: minutes(20), max_no_fix_ms: minutes(30) };
    let demands = keep_away.into_iter().chain(arguments.timers.then_some(report));
    for (number, demand) in (100..).zip(demands) {
        let rule = RuleId::new(number).unwrap_or_default();
        put.rules.push(Rule { rule, active: None, demand });
    }
}

struct Indexed {
    polygon: Polygon<f64>,
    envelope: AABB<[f64; 2]>,
}

impl RTreeObject for Indexed {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

/// Every zone in an R-tree (each as an octagon), `contains` for each hit.
fn baseline(records: &[Record], fixes: &[Fix]) -> f64 {
    let shapes = records.iter().filter_map(|record| match &record.input {
        Input::PutZone(put) => Some(indexed(&put.shape)),
        _ => None,
    });
    let tree = RTree::bulk_load(shapes.collect());
    let start = Instant::now();
    let mut hits = 0_u64;
    for fix in fixes {
        let (lat, lon) = (fix.position.lat_deg(), fix.position.lon_deg());
        let here = AABB::from_point([lon, lat]);
        let found = tree.locate_in_envelope_intersecting(&here);
        hits += found.filter(|zone| zone.polygon.contains(&Point::new(lon, lat))).count() as u64;
    }
    std::hint::black_box(hits);
    fixes.len() as f64 / start.elapsed().as_secs_f64()
}

/// An octagon in the zone's box: what `contains` costs depends on the corners, not on where they
/// are.
fn indexed(shape: &Shape) -> Indexed {
    let bounds = shape.bounds()[0];
    let west = f64::from(bounds.min_lon_e7) * 1e-7;
    let east = f64::from(bounds.max_lon_e7) * 1e-7;
    let south = f64::from(bounds.min_lat_e7) * 1e-7;
    let north = f64::from(bounds.max_lat_e7) * 1e-7;
    let corner = |corner: u32| {
        let angle = f64::from(corner) * std::f64::consts::TAU / 8.0;
        let x = (west + east) / 2.0 + angle.cos() * (east - west) / 2.0;
        (x, (south + north) / 2.0 + angle.sin() * (north - south) / 2.0)
    };
    let outer: LineString<f64> = (0..8).map(corner).collect();
    let envelope = AABB::from_corners([west, south], [east, north]);
    Indexed { polygon: Polygon::new(outer, Vec::new()), envelope }
}
