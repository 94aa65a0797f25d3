//! People who walk into zones and out again, for journals of any length.

use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_wire::jsonl::input_value;

const START_MS: i64 = 1_780_000_000_000;
const TERM_MS: i64 = 20 * 86_400_000;
const PERIOD_MS: i64 = 60_000;
const FAR_NORTH_DEG: f64 = 0.01;

/// A log of so many people, each with an order to keep out of a zone of her own. The first is in
/// hers in the third round only, the others in each second one.
pub fn log(people: u64, rounds: i64) -> String {
    let mut lines = String::new();
    let mut add = |at_ms: i64, input: Input| {
        let record = Record { at: Some(Timestamp::from_ms(at_ms)), input };
        lines += &format!("{}\n", input_value(&record).expect("it has a line"));
    };
    for person in 1..=people {
        set_up(person).into_iter().for_each(|input| add(START_MS, input));
    }
    for round in 1..=rounds {
        for person in 1..=people {
            let is_inside = if person == 1 { round == 3 } else { round % 2 == 1 };
            let time_ms = START_MS + round * PERIOD_MS;
            add(time_ms + 500, Input::Fix(fix(person, round, is_inside)));
        }
    }
    lines
}

fn set_up(person: u64) -> [Input; 3] {
    let centre = place(person, 0.0);
    let shape = Shape::new(&Geometry::Circle { centre, radius_m: 100.0 }).expect("a zone");
    let zone = ZoneId::new(person).expect("not 0");
    let demand = Demand::KeepOut { place: Place::Zone(zone), warn_m: 0.0, confirm_fixes: 0 };
    let from = Timestamp::from_ms(START_MS);
    let who = PersonId::new(person).expect("not 0");
    [
        Input::PutZone(PutZone { zone, layer: None, shape: Arc::new(shape) }),
        Input::PutOrder(Arc::new(PutOrder {
            order: OrderId::new(person).expect("not 0"),
            kind: OrderKind::Temporary,
            person: who,
            term: Interval { from, until: from.plus_ms(TERM_MS) },
            rules: vec![Rule { rule: RuleId::new(1).expect("not 0"), active: None, demand }],
            permits: Vec::new(),
        })),
        Input::AssignDevice(AssignDevice {
            device: device(person),
            person: who,
            kind: DeviceKind::Bracelet,
        }),
    ]
}

fn fix(person: u64, round: i64, is_inside: bool) -> Fix {
    let north_deg = if is_inside { 0.0 } else { FAR_NORTH_DEG };
    let time = Timestamp::from_ms(START_MS + round * PERIOD_MS);
    let fix = Fix::new(device(person), round.unsigned_abs(), time, place(person, north_deg));
    Fix { accuracy_m: Some(8.0), ..fix }
}

fn device(person: u64) -> DeviceId {
    DeviceId::new(person).expect("not 0")
}

fn place(person: u64, north_deg: f64) -> Position {
    Position::from_degrees(40.0 + north_deg, 70.0 + 0.1 * person as f64).expect("a place")
}
