//! Zones, vertices, orders and devices take as much memory as `docs/defaults.md` says.

use allocation_counter::measure;
use std::collections::BTreeMap;
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::{Config, Engine};

const START_MS: i64 = 1_780_000_000_000;
/// Of each thing: so many that the lists of all, which double as they grow, are full. Lists by id
/// have a place for 0 besides.
const MANY: u64 = 4_095;

/// More than the inputs that a device's repeat memory holds.
const ROUNDS: u64 = 80;

/// Bytes that an engine keeps for each of [`MANY`] inputs.
fn bytes_each_at(engine: &mut Engine, at_ms: i64, make: impl Fn(u64) -> Input) -> f64 {
    let counted = measure(|| {
        for number in 1..=MANY {
            let record = Record { at: Some(Timestamp::from_ms(at_ms)), input: make(number) };
            engine.apply(&record, &mut |event| panic!("{event:?}"));
        }
    });
    counted.bytes_current as f64 / MANY as f64
}

fn bytes_each(engine: &mut Engine, make: impl Fn(u64) -> Input) -> f64 {
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

/// The figures of `docs/defaults.md`, to a hundredth.
#[test]
fn things_take_as_much_memory_as_is_documented() {
    let mut figures = Vec::new();
    let mut engine = Engine::new(Config::default());
    let circle = bytes_each(&mut engine, |number| zone(number, 0));
    figures.push(("circle", circle));
    let [few, many] = [8, 108].map(|corners| {
        bytes_each(&mut Engine::new(Config::default()), |number| zone(number, corners))
    });
    figures.push(("polygon of 8 vertices", few));
    figures.push(("each vertex more", (many - few) / 100.0));
    let one = bytes_each(&mut engine, |number| order(number, 1));
    figures.push(("order with one rule", one));
    let mut engine = Engine::new(Config::default());
    bytes_each(&mut engine, |number| zone(number, 0));
    let four = bytes_each(&mut engine, |number| order(number, 4));
    figures.push(("each rule more", (four - one) / 3.0));
    let [watched_by_one, watched_by_four] = [1, 4].map(watch_bytes);
    let watched_rule = (watched_by_four - watched_by_one) / 3.0;
    figures.push(("watch of a device under an order of one rule", watched_by_one));
    figures.push(("each rule more that is watched", watched_rule));
    figures.push(("device", devices(&mut engine) - watched_by_four));
    let documented = documented();
    for (name, bytes) in figures {
        let said = documented.get(name).unwrap_or_else(|| panic!("{name} is not documented"));
        assert!((bytes / said - 1.0).abs() < 0.01, "{name} takes {bytes} bytes, not {said}");
    }
}

/// What a second order takes more if there are devices that it is watched by.
fn watch_bytes(rules: u64) -> f64 {
    let [unwatched, watched] = [false, true].map(|has_devices| {
        let mut engine = Engine::new(Config::default());
        bytes_each(&mut engine, |number| zone(number, 0));
        bytes_each(&mut engine, |number| order(number, 1));
        if has_devices {
            devices(&mut engine);
        }
        let second = |number| match order(number, rules) {
            Input::PutOrder(put) => {
                let order = OrderId::new(MANY + number).expect("not 0");
                Input::PutOrder(Arc::new(PutOrder { order, ..PutOrder::clone(&put) }))
            }
            input => input,
        };
        let put_ms = START_MS + 1_000 * ROUNDS as i64;
        let bytes = bytes_each_at(&mut engine, put_ms, second);
        bytes + if has_devices { fixes(&mut engine, ROUNDS + 1) } else { 0.0 }
    });
    watched - unwatched
}

/// Of devices that have sent more than they remember.
fn devices(engine: &mut Engine) -> f64 {
    let mut bytes = bytes_each(engine, device);
    for round in 1..=ROUNDS {
        bytes += fixes(engine, round);
    }
    bytes
}

/// Of a fix of each device.
fn fixes(engine: &mut Engine, round: u64) -> f64 {
    let at_ms = START_MS + 1_000 * round as i64;
    bytes_each_at(engine, at_ms, |number| {
        let position = Position::from_degrees(50.0, 10.0 + number as f64 * 1e-3);
        let time = Timestamp::from_ms(at_ms);
        let device = DeviceId::new(number).expect("not 0");
        let plain = Fix::new(device, round, time, position.expect("a place"));
        Input::Fix(Fix { accuracy_m: Some(8.0), ..plain })
    })
}

/// The table: what it is, and how many bytes it takes.
fn documented() -> BTreeMap<String, f64> {
    let text = include_str!("../docs/defaults.md");
    let (_, section) = text.split_once("## Memory").expect("a section on memory");
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let (name, bytes) = (cells.next()?, cells.next()?.replace(',', ""));
        Some((name.to_owned(), bytes.parse().ok()?))
    };
    section.lines().filter_map(row).collect()
}
