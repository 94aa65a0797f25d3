//! Once warm, a fix that causes no event allocates nothing, whichever path it takes.

use allocation_counter::measure;
use std::sync::Arc;
use wardline_core::event::Event;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::{Config, Counters, Engine};

const START_MS: i64 = 1_780_000_000_000;
/// Longer than repeat memories, and than any timer of the rules.
const WARM_UP: i64 = 400;
const ROUNDS: i64 = 4_000;
/// No rule about places reaches so far.
const FAR_M: f64 = 20_000.0;

/// Where a person is in a round, in metres east and north, and how late the fix comes.
type Walk = fn(round: i64, device: u64) -> (f64, f64, i64);

/// At rest far from everything, all fixes but a few are within slack.
#[test]
fn who_stands_still_allocates_nothing() {
    let walk: Walk = |round, device| (device as f64 * 9_000.0, (round % 3) as f64, 200);
    check(walk, |counters| counters.fixes_within_slack * 10 > counters.fixes * 9);
}

/// In the country far from all zones, each fix beyond the slack that the other party leaves.
#[test]
fn who_passes_afar_allocates_nothing() {
    let walk: Walk = |round, device| {
        let (east_m, north_m, lag_ms) = near(round, device);
        (east_m, north_m + FAR_M, lag_ms)
    };
    check(walk, |counters| counters.fixes_within_slack == 0);
}

/// Just outside of the zones and of the reach of the others, just inside of home, each fix is
/// judged.
#[test]
fn who_is_near_allocates_nothing() {
    check(near, |counters| counters.fixes_within_slack == 0);
}

/// The same with fixes of the parties that overtake each other, so that judgements are made again.
#[test]
fn who_is_judged_again_allocates_nothing() {
    let walk: Walk = |round, device| {
        let (east_m, north_m, _) = near(round, device);
        (east_m, north_m, if device == 1 { 2_500 } else { 100 })
    };
    check(walk, |counters| counters.fixes_within_slack == 0);
}

/// To and fro between zones of all kinds that end half a metre beyond, 302 m from the other party.
fn near(round: i64, device: u64) -> (f64, f64, i64) {
    let step_m = if round % 2 == 0 { 0.0 } else { 1.6 };
    ((device - 1) as f64 * 302.0, 100.0 + step_m, 200)
}

/// Both ways of taking in fixes; two persons with two devices in all.
fn check(walk: Walk, took_its_path: impl Fn(Counters) -> bool) {
    for together in [false, true] {
        let mut engine = engine(walk);
        let run = |engine: &mut Engine, rounds: std::ops::Range<i64>| {
            let mut events = 0;
            let mut allocations = 0;
            for fixes in rounds.map(|round| fixes(round, walk)) {
                let at = Timestamp::from_ms(fixes[0].0);
                let batch = fixes.map(|(_, fix)| fix);
                let counted = measure(|| {
                    if together {
                        engine.apply_fixes(at, &batch, &mut |_: Event| events += 1);
                    } else {
                        for fix in batch {
                            let record = Record { at: Some(at), input: Input::Fix(fix) };
                            engine.apply(&record, &mut |_: Event| events += 1);
                        }
                    }
                });
                allocations += counted.count_total;
            }
            (allocations, events)
        };
        run(&mut engine, 0..WARM_UP);
        let before = engine.counters();
        assert_eq!(run(&mut engine, WARM_UP..WARM_UP + ROUNDS), (0, 0), "together: {together}");
        let mut counters = engine.counters();
        counters.fixes -= before.fixes;
        counters.fixes_within_slack -= before.fixes_within_slack;
        assert_eq!(counters.fixes, 2 * ROUNDS as u64);
        assert!(took_its_path(counters), "{counters:?}");
    }
}

fn fixes(round: i64, walk: Walk) -> [(i64, Fix); 2] {
    let at_ms = START_MS + 1_000 * round;
    [1, 2].map(|device| {
        let (east_m, north_m, lag_ms) = walk(round, device);
        (at_ms, fix(device, round, at_ms - lag_ms, place(east_m, north_m)))
    })
}

fn fix(device: u64, round: i64, time_ms: i64, position: Position) -> Fix {
    Fix {
        accuracy_m: Some(8.0),
        ..Fix::new(
            DeviceId::new(device).expect("not 0"),
            round as u64 + 1,
            Timestamp::from_ms(time_ms),
            position,
        )
    }
}

fn place(east_m: f64, north_m: f64) -> Position {
    let (lat_deg, lon_deg) = (42.87 + north_m / 111_080.0, 74.6 + east_m / 81_740.9);
    Position::from_degrees(lat_deg, lon_deg).expect("near the middle")
}

/// An engine with rules of all kinds for the first person, of which nothing is to tell: home is
/// wherever the walk goes.
fn engine(walk: Walk) -> Engine {
    let mut engine = Engine::new(Config::default());
    let mut put = |input| {
        let record = Record { at: Some(Timestamp::from_ms(START_MS - 10_000)), input };
        engine.apply(&record, &mut |event: Event| panic!("{event:?}"));
    };
    let home = walk(0, 1);
    // Who walks near the middle walks on the edge of his home.
    let home_m = if home.0 == 0.0 { 1.5 } else { 30_000.0 };
    let home_shape = Geometry::Circle { centre: place(home.0, home.1), radius_m: home_m };
    let circle = Geometry::Circle { centre: place(0.0, 201.6), radius_m: 99.5 };
    let line = [-50.0, 50.0].map(|east_m| place(east_m, 201.6)).to_vec();
    let corridor = Geometry::Corridor { line, half_width_m: 99.5 };
    let shapes = [square(), circle, home_shape, corridor];
    for (zone, geometry) in (1..).zip(shapes) {
        let shape = Shape::new(&geometry);
        let (zone, shape) = (ZoneId::new(zone).expect("not 0"), Arc::new(shape.expect("a zone")));
        let layer = if zone.number() % 2 == 0 { LayerId::new(7) } else { None };
        put(Input::PutZone(PutZone { zone, layer, shape }));
    }
    for number in [1, 2] {
        let device = DeviceId::new(number).expect("not 0");
        let person = PersonId::new(number).expect("not 0");
        put(Input::AssignDevice(AssignDevice { device, person, kind: DeviceKind::Bracelet }));
    }
    let order = |order: u64, demands: Vec<Demand>| {
        let rule = |(number, demand)| {
            let rule = RuleId::new(number).expect("not 0");
            let active = Interval { from: at(5), until: at(1_000_000) };
            Rule { rule, active: Some(vec![active]), demand }
        };
        Input::PutOrder(Arc::new(PutOrder {
            order: OrderId::new(order).expect("not 0"),
            kind: OrderKind::Supervision,
            person: PersonId::new(1).expect("not 0"),
            term: Interval { from: at(-20), until: at(1_000_000) },
            rules: (1..).zip(demands).map(rule).collect(),
            permits: Vec::new(),
        }))
    };
    let zone = |zone| Place::Zone(ZoneId::new(zone).expect("not 0"));
    let layer = Place::Layer(LayerId::new(7).expect("not 0"));
    let person = PersonId::new(2).expect("not 0");
    put(order(
        1,
        vec![
            Demand::KeepOut { place: zone(1), warn_m: 0.0, confirm_fixes: 0 },
            Demand::KeepAway { person, distance_m: 200.0, warn_m: 300.0 },
            Demand::Report { max_silence_ms: Some(60_000), max_no_fix_ms: Some(90_000) },
        ],
    ));
    // Under a layer or a home each fix beyond slack is judged in full.
    if home.1 < FAR_M {
        let zones = vec![ZoneId::new(3).expect("not 0")];
        put(order(
            2,
            vec![
                Demand::KeepOut { place: layer, warn_m: 1.0, confirm_fixes: 0 },
                Demand::StayIn { zones, grace_ms: 0 },
            ],
        ));
    }
    engine
}

/// A square of 199 m round the middle.
fn square() -> Geometry {
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
    let corner = |(east, north): (f64, f64)| place(99.5 * east, 99.5 * north);
    Geometry::Polygon(vec![corners.map(corner).to_vec()])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_ms(START_MS + 1_000 * second)
}
