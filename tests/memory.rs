//! How much memory things take, which `docs/defaults.md` tells: each zone, each vertex, each order,
//! each device with a full history.

use allocation_counter::measure;
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::{Config, Engine};

const START_MS: i64 = 1_780_000_000_000;
/// Of each thing, so that what doubles as it grows has done so often.
const MANY: u64 = 3_000;

/// Bytes that an engine keeps for each of [`MANY`] inputs, and at most takes for each meanwhile.
fn bytes_each_at(engine: &mut Engine, at_ms: i64, make: impl Fn(u64) -> Input) -> [f64; 2] {
    let counted = measure(|| {
        for number in 1..=MANY {
            let record = Record { at: Some(Timestamp::from_ms(at_ms)), input: make(number) };
            engine.apply(&record, &mut |event| panic!("{event:?}"));
        }
    });
    [counted.bytes_current as f64, counted.bytes_max as f64].map(|bytes| bytes / MANY as f64)
}

fn bytes_each(engine: &mut Engine, make: impl Fn(u64) -> Input) -> [f64; 2] {
    bytes_each_at(engine, START_MS, make)
}

fn zone(number: u64, corners: u32) -> Input {
    let lat_deg = 40.0 + (number % 60) as f64 * 0.05;
    let lon_deg = 70.0 + (number / 60) as f64 * 0.05;
    let position = |lat_deg, lon_deg| Position::from_degrees(lat_deg, lon_deg).expect("a place");
    let geometry = if corners == 0 {
        Geometry::Circle { centre: position(lat_deg, lon_deg), radius_m: 300.0 }
    } else {
        let corner = |corner: u32| {
            let angle = f64::from(corner % corners) / f64::from(corners) * std::f64::consts::TAU;
            position(lat_deg + 0.01 * angle.sin(), lon_deg + 0.01 * angle.cos())
        };
        Geometry::Polygon(vec![(0..=corners).map(corner).collect()])
    };
    let shape = Arc::new(Shape::new(&geometry).expect("a zone"));
    Input::PutZone(PutZone { zone: ZoneId::new(number).expect("not 0"), layer: None, shape })
}

fn order(number: u64, rules: u64) -> Input {
    let rule = |rule| {
        let place = Place::Zone(ZoneId::new(1 + (number + rule) % MANY).expect("not 0"));
        let demand = Demand::KeepOut { place, warn_m: 0.0, confirm_fixes: 0 };
        Rule { rule: RuleId::new(rule).expect("not 0"), active: None, demand }
    };
    Input::PutOrder(Arc::new(PutOrder {
        order: OrderId::new(number).expect("not 0"),
        kind: OrderKind::Supervision,
        person: PersonId::new(number).expect("not 0"),
        term: Interval {
            from: Timestamp::from_ms(START_MS),
            until: Timestamp::from_ms(START_MS + 86_400_000),
        },
        rules: (1..=rules).map(rule).collect(),
        permits: Vec::new(),
    }))
}

fn device(number: u64) -> Input {
    Input::AssignDevice(AssignDevice {
        device: DeviceId::new(number).expect("not 0"),
        person: PersonId::new(number).expect("not 0"),
        kind: DeviceKind::Bracelet,
    })
}

#[test]
fn probe() {
    for corners in [0, 8, 100, 1000] {
        let mut engine = Engine::new(Config::default());
        println!("zone of {corners}: {:?}", bytes_each(&mut engine, |n| zone(n, corners)));
    }
    for rules in [1, 4] {
        let mut engine = Engine::new(Config::default());
        bytes_each(&mut engine, |n| zone(n, 0));
        println!("order of {rules}: {:?}", bytes_each(&mut engine, |n| order(n, rules)));
        println!("device: {:?}", bytes_each(&mut engine, device));
        for round in 0..80 {
            let x = bytes_each_at(&mut engine, START_MS + round * 1000, |n| {
                let p = Position::from_degrees(50.0, 10.0 + n as f64 * 1e-3).expect("p");
                let t = Timestamp::from_ms(START_MS + round * 1000);
                Input::Fix(Fix { accuracy_m: Some(8.0), ..Fix::new(DeviceId::new(n).unwrap(), round as u64 + 1, t, p) })
            });
            if x[0] != 0.0 || x[1] != 0.0 { println!("fix {round}: {x:?}"); }
        }
    }
}
