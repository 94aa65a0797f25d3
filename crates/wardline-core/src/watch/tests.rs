//! A watch by itself: what it keeps.

use super::*;
use crate::geometry::{Geometry, Position, Shape};
use crate::input::{Demand, Fix, OrderKind, Place, PutOrder, PutZone, Rule};
use crate::time::Interval;
use crate::track::{Layout, Slots, TrackHead, TrackMut};
use std::sync::Arc;

const DEVICE: DeviceId = DeviceId::new(9001).unwrap();
const PERSON: PersonId = PersonId::new(1001).unwrap();
const ZONE: ZoneId = ZoneId::new(5).unwrap();
const RULE: RuleId = RuleId::new(1).unwrap();
const ORDER: OrderId = OrderId::new(17).unwrap();
const PUT: Key = Key::configuration(Timestamp::from_ms(0), 1);

fn zones() -> Zones {
    let centre = Position::from_degrees(0.0, 0.0).unwrap_or_default();
    let shape = Shape::new(&Geometry::Circle { centre, radius_m: 100.0 }).expect("a circle");
    let mut zones = Zones::default();
    zones.put(&PutZone { zone: ZONE, layer: None, shape: Arc::new(shape) }, PUT);
    zones
}

fn order() -> Order {
    let demand = Demand::KeepOut { place: Place::Zone(ZONE), warn_m: 0.0, confirm_fixes: 0 };
    let put = PutOrder {
        order: ORDER,
        kind: OrderKind::Supervision,
        person: PERSON,
        term: Interval { from: Timestamp::from_ms(0), until: Timestamp::FAR_FUTURE },
        rules: vec![Rule { rule: RULE, active: None, demand }],
        permits: Vec::new(),
    };
    let mut order = Order::new();
    order.versions.push(OrderVersion::new(&put, 1, PUT, None, |_| true));
    order
}

/// A fix each minute, in the zone and out of it by turns.
fn fix(minute: u64) -> Fix {
    Fix {
        accuracy_m: Some(8.0),
        ..Fix::new(
            DEVICE,
            minute,
            Timestamp::from_ms(minute as i64 * 60_000),
            Position::from_degrees(0.0, (minute % 2) as f64 * 0.005).unwrap_or_default(),
        )
    }
}

/// Whatever the number of fixes, no more is kept than the history can need again.
#[test]
fn what_no_late_fix_can_reach_is_forgotten() {
    let (config, zones, order) = (&Config::default(), &zones(), &order());
    let (mut head, layout) = (TrackHead::new(DEVICE), Layout::new(config));
    let mut bytes = vec![0; layout.bytes()];
    let mut watch = Watch::new(ORDER, About::Places, Key::FIRST);
    for minute in 1..=200 {
        let fix = fix(minute);
        let sample = Sample::new(&fix, fix.time, config);
        let slots = Slots { layout, bytes: &mut bytes[..], start: 0 };
        let mut track = TrackMut { head: &mut head, slots, config };
        let index = track.insert(sample).index;
        let track = track.as_ref();
        let scene = Scene {
            config,
            zones,
            order,
            device: DEVICE,
            person: PERSON,
            assigned: PUT,
            track,
            others: TracksOf::none(),
            conditions: &Conditions::default(),
        };
        if minute == 1 {
            watch.pass(scene, PUT, None);
        }
        watch.forget_before(watch.horizon(scene));
        watch.take(scene, sample.key(DEVICE), Item::Own(index));
    }
    // Of 32 fixes each is a checkpoint, after that of the state before them.
    assert_eq!(watch.checkpoints.all().count(), config.history_fixes + 1);
    assert_eq!(watch.episodes.len(), config.history_fixes / 2 + 1);
}
