//! Who moves along the boundary of a zone, now and then across it: whatever quick look spares a
//! judgement, the engine says what it says when it judges each fix.
//!
//! `WARDLINE_SEEDS=N` tries N seeds, `WARDLINE_SEED=K` that one only.

mod seeds;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use seeds::seeds;
use std::f64::consts::TAU;
use std::sync::Arc;
use wardline_core::event::Event;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::{Config, Engine};

const SEEDS: u64 = 60;
const FIXES: usize = 300;
const START_MS: i64 = 1_772_438_400_000;
const DEVICE: DeviceId = DeviceId::new(9001).unwrap();
const PERSON: PersonId = PersonId::new(1001).unwrap();
const NEAR: ZoneId = ZoneId::new(5).unwrap();
const FAR: ZoneId = ZoneId::new(6).unwrap();
/// How far the middle of each zone is from its boundary.
const RADIUS_M: f64 = 400.0;
const HALF_WIDTH_M: f64 = 40.0;

// J-TIME-3, J-BREACH-1, J-BREACH-3, J-BREACH-4, J-CROSS-1, J-GEO-3
#[test]
fn a_look_at_the_zone_itself_changes_no_event() {
    let (mut told, mut passed, mut fixes) = (0, 0, 0);
    for seed in seeds(SEEDS) {
        let (mut with, mut without) = (engine(true), engine(false));
        for (number, record) in world(&mut SmallRng::seed_from_u64(seed)).iter().enumerate() {
            let events = apply(&mut without, record);
            let context = format!("seed {seed} (WARDLINE_SEED={seed}), record {number}");
            assert_eq!(apply(&mut with, record), events, "{context}: {record:?}");
            told += events.len();
        }
        assert_eq!(with.counters().refused, 0, "seed {seed}");
        passed += with.counters().fixes_within_slack;
        fixes += with.counters().fixes;
    }
    println!("{fixes} fixes, {passed} within slack, {told} events");
    assert!(told > 0 && passed > 0 && passed < fixes, "{told} {passed} {fixes}");
}

fn engine(slack: bool) -> Engine {
    let mut config = Config::default();
    config.slack = slack;
    Engine::new(config)
}

fn apply(engine: &mut Engine, record: &Record) -> Vec<Event> {
    let mut events = Vec::new();
    engine.apply(record, &mut |event| events.push(event));
    events
}

/// A person, two zones and an order; then fixes, between which zones and orders change.
fn world(rng: &mut SmallRng) -> Vec<Record> {
    let lats = [0.0, 42.87, -33.4, 65.0, 79.97, -80.02];
    let lons = [74.59, 0.0, 179.999, -179.996];
    let centre = [lats[rng.random_range(0..lats.len())], lons[rng.random_range(0..lons.len())]];
    let mut walker = Walker::new(rng, centre);
    let (device, person) = (DEVICE, PERSON);
    let mut records = vec![
        record(0, zone(rng, NEAR, centre)),
        record(0, zone(rng, FAR, shifted(centre, [300.0, 200.0]))),
        record(0, order(rng)),
        record(0, Input::AssignDevice(AssignDevice { device, person, kind: DeviceKind::Phone })),
    ];
    for _ in 0..FIXES {
        let fix = walker.step(rng);
        match rng.random_range(0..150) {
            0 => records.push(record(walker.now_ms, zone(rng, NEAR, centre))),
            1 => records.push(record(walker.now_ms, order(rng))),
            2 => records.push(record(walker.now_ms, Input::Tick)),
            _ => {}
        }
        records.push(record(walker.now_ms, Input::Fix(fix)));
    }
    records
}

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_ms(START_MS + after_ms)
}

fn record(after_ms: i64, input: Input) -> Record {
    Record { at: Some(at(after_ms)), input }
}

fn order(rng: &mut SmallRng) -> Input {
    let warn_m = [0.0, 0.5, 15.0, 300.0][rng.random_range(0..4)];
    let confirm_fixes = [0, 0, 0, 2][rng.random_range(0..4)];
    let mut demands = vec![Demand::KeepOut { place: Place::Zone(NEAR), warn_m, confirm_fixes }];
    if rng.random_bool(0.4) {
        let place = Place::Zone(FAR);
        demands.push(Demand::KeepOut { place, warn_m: 0.0, confirm_fixes: 0 });
    }
    let rule = |(number, demand)| {
        let rule = RuleId::new(number).expect("not 0");
        Rule { rule, active: None, demand }
    };
    Input::PutOrder(Arc::new(PutOrder {
        order: OrderId::new(17).expect("not 0"),
        kind: OrderKind::Supervision,
        person: PERSON,
        term: Interval { from: at(0), until: at(30 * 86_400_000) },
        rules: (1..).zip(demands).map(rule).collect(),
        permits: Vec::new(),
    }))
}

/// A zone whose boundary runs round the centre, all or part of the way.
fn zone(rng: &mut SmallRng, zone: ZoneId, centre: [f64; 2]) -> Input {
    let turn = |radius_m: f64, share: f64| {
        let (sin, cos) = (TAU * share).sin_cos();
        position(shifted(centre, [radius_m * cos, radius_m * sin]))
    };
    let corners = [3, 8, 40, 150][rng.random_range(0..4)];
    let ring = |radius_m: f64| -> Vec<Position> {
        let share = |corner: u32| f64::from(corner % corners) / f64::from(corners);
        (0..=corners).map(|corner| turn(radius_m, share(corner))).collect()
    };
    let is_split = shifted(centre, [0.0, -RADIUS_M])[1] > shifted(centre, [0.0, RADIUS_M])[1];
    let geometry = match rng.random_range(0..4) {
        0 if !is_split => Geometry::Polygon(vec![ring(RADIUS_M)]),
        1 if !is_split => Geometry::Polygon(vec![ring(RADIUS_M), ring(RADIUS_M / 3.0)]),
        2 => Geometry::Corridor {
            line: (0..20).map(|k| turn(RADIUS_M - HALF_WIDTH_M, f64::from(k) / 40.0)).collect(),
            half_width_m: HALF_WIDTH_M,
        },
        _ => Geometry::Circle { centre: position(centre), radius_m: RADIUS_M },
    };
    let shape = Arc::new(Shape::new(&geometry).expect("a zone"));
    Input::PutZone(PutZone { zone, layer: None, shape })
}

fn position([lat, lon]: [f64; 2]) -> Position {
    Position::from_degrees(lat, lon).expect("a position")
}

/// A place so many metres north and east of another.
fn shifted([lat, lon]: [f64; 2], [north_m, east_m]: [f64; 2]) -> [f64; 2] {
    let lon = lon + east_m / (111_320.0 * lat.to_radians().cos());
    [lat + north_m / 111_200.0, lon - 360.0 * (lon / 360.0).round()]
}

/// Somebody on the way round the zones.
struct Walker {
    centre: [f64; 2],
    /// From the boundary, outwards.
    off_m: f64,
    noise_m: f64,
    step_m: f64,
    angle: f64,
    now_ms: i64,
    seq: u64,
}

impl Walker {
    fn new(rng: &mut SmallRng, centre: [f64; 2]) -> Self {
        Self {
            centre,
            off_m: [1.5, 4.0, 12.0, 40.0, 310.0][rng.random_range(0..5)],
            noise_m: [0.5, 3.0, 10.0, 60.0][rng.random_range(0..4)],
            step_m: [0.5, 5.0, 30.0, 400.0][rng.random_range(0..4)],
            angle: rng.random_range(0.0..TAU),
            now_ms: 60_000,
            seq: 0,
        }
    }

    fn step(&mut self, rng: &mut SmallRng) -> Fix {
        self.now_ms += 15_000;
        self.seq += 1;
        self.angle += rng.random_range(0.0..2.0) * self.step_m / RADIUS_M;
        let radius_m = RADIUS_M + self.off_m;
        let (sin, cos) = self.angle.sin_cos();
        let mut noise_m = || rng.random_range(-self.noise_m..=self.noise_m);
        let off_m = [radius_m * cos + noise_m(), radius_m * sin + noise_m()];
        let position = position(shifted(self.centre, off_m));
        let late_ms = if rng.random_bool(0.03) { 40_000 } else { 500 };
        let time = at(self.now_ms - late_ms);
        let plain = Fix::new(DEVICE, self.seq, time, position);
        let accuracy_m = [3.0, 8.0, 30.0, 200.0][rng.random_range(0..40) / 12];
        Fix { accuracy_m: Some(accuracy_m), mock: rng.random_bool(0.02), ..plain }
    }
}
