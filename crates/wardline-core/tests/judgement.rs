//! Judgement at exact values that a scenario in decimals cannot name.

use std::sync::Arc;

use wardline_core::event::{Event, EventKind, Phase};
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::{Config, Engine};

const DEVICE: DeviceId = DeviceId::new(9001).unwrap();
const ZONE: ZoneId = ZoneId::new(5).unwrap();
const PERSON: PersonId = PersonId::new(1001).unwrap();
const ORDER: OrderId = OrderId::new(17).unwrap();
const RULE: RuleId = RuleId::new(1).unwrap();

/// An engine with one circle of 100 m, one order that forbids it, and one device.
fn watched() -> Engine {
    let mut engine = Engine::new(Config::default());
    let centre = at(42.876, 74.6036);
    let shape = Shape::new(&Geometry::Circle { centre, radius_m: 100.0 }).expect("a circle");
    let shape = Arc::new(shape);
    apply(&mut engine, 0, Input::PutZone(PutZone { zone: ZONE, layer: None, shape }));
    let demand = Demand::KeepOut { place: Place::Zone(ZONE), warn_m: 0.0, confirm_fixes: 0 };
    let order = PutOrder {
        order: ORDER,
        kind: OrderKind::Temporary,
        person: PERSON,
        term: Interval { from: Timestamp::from_ms(0), until: Timestamp::from_ms(86_400_000) },
        rules: vec![Rule { rule: RULE, active: None, demand }],
        permits: Vec::new(),
    };
    apply(&mut engine, 0, Input::PutOrder(Arc::new(order)));
    let assign = AssignDevice { device: DEVICE, person: PERSON, kind: DeviceKind::Bracelet };
    apply(&mut engine, 0, Input::AssignDevice(assign));
    engine
}

fn at(lat: f64, lon: f64) -> Position {
    Position::from_degrees(lat, lon).expect("a position")
}

fn apply(engine: &mut Engine, at_ms: i64, input: Input) -> Vec<Event> {
    let mut events = Vec::new();
    let record = Record { at: Some(Timestamp::from_ms(at_ms)), input };
    engine.apply(&record, &mut |event| events.push(event));
    events
}

/// A fix every minute.
fn fix(engine: &mut Engine, minute: u64, position: Position, accuracy_m: f64) -> Vec<Event> {
    let at_ms = minute as i64 * 60_000;
    let fix = Fix {
        accuracy_m: Some(accuracy_m),
        ..Fix::new(DEVICE, minute, Timestamp::from_ms(at_ms), position)
    };
    let mut events = apply(engine, at_ms, Input::Fix(fix));
    // The incidents that nobody acknowledges here are not the matter.
    events.retain(|event| event.kind != EventKind::Escalated);
    events
}

fn is(events: &[Event], phase: Phase) -> bool {
    events.iter().any(|event| (event.kind, event.phase) == (EventKind::Breach, phase))
}

/// J-BREACH-3: a breach closes beyond the accuracy, not at it.
#[test]
fn a_breach_closes_only_beyond_the_accuracy() {
    let (inside, outside) = (at(42.876, 74.6036), at(42.876, 74.6054));
    let mut engine = watched();
    assert!(is(&fix(&mut engine, 1, inside, 8.0), Phase::Started));
    let closing = fix(&mut engine, 2, outside, 8.0);
    assert!(is(&closing, Phase::Ended));
    let gap_m = closing[0].evidence.and_then(|evidence| evidence.distance_m).expect("a distance");
    assert!(gap_m > 20.0, "{gap_m}");

    let mut engine = watched();
    assert!(is(&fix(&mut engine, 1, inside, 8.0), Phase::Started));
    assert!(fix(&mut engine, 2, outside, gap_m).is_empty());
    assert!(is(&fix(&mut engine, 3, outside, gap_m.next_down()), Phase::Ended));
}
