//! How far the parties of a pair may come nearer to each other.

use super::*;
use crate::ids::{DeviceId, RuleId};
use crate::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, PutOrder, Record, Rule,
};
use crate::time::Interval;
use crate::track::Trust;
use std::sync::Arc;

fn sample(position: Position) -> Sample {
    let time = Timestamp::from_ms(0);
    Sample {
        time,
        reported: time,
        seq: 1,
        position,
        accuracy_m: 8.0,
        reported_accuracy_m: Some(8.0),
        suspect: false,
        claims_motion: false,
        trust: Trust::default(),
    }
}

/// Though each distance be off by as much as it may, no rule reaches those who are free; and
/// little more than that is given away.
// J-GEO-2
#[test]
fn the_free_distance_allows_for_errors_and_for_no_more() {
    for north_e7 in [0, 10_000, 90_000, 1_000_000, 5_000_000] {
        for reach_m in [1.0, 50.0, 1_000.0, 20_000.0] {
            let here = Position::from_e7(428_760_000, 746_036_000).expect("a place");
            let there = Position::from_e7(428_760_000 + north_e7, 746_036_000).expect("a place");
            let sample = sample(here);
            let key = sample.key(DeviceId::NONE);
            let sight = Sight { sample: &sample, key, at: sample.time, reach_m };
            let (free_m, apart_m) = (sight.free_m(there), distance_m(here, there));
            let (least_m, most_m) = (apart_m * 0.999 - 0.1, reach_m * 1.001 + 0.1);
            assert!(free_m <= least_m - most_m + 1e-9, "{apart_m} {reach_m}: {free_m}");
            let given_m = apart_m - reach_m - free_m;
            let enough_m = apart_m * 0.002 + reach_m * 0.003 + 0.3;
            assert!(given_m <= enough_m, "{apart_m} {reach_m}: {free_m}");
        }
    }
}

/// Her, whom he is kept 500 metres away from, and him, so many metres north of her. They are seen
/// every 25 seconds, and both rest.
struct Couple {
    engine: Engine,
    seconds: i64,
}

impl Couple {
    fn apart_m(north_m: i32) -> Self {
        let mut couple = Self { engine: Engine::new(Config::default()), seconds: 0 };
        let [him, her] = [1, 2].map(|number| PersonId::new(number).expect("a person"));
        let until = Timestamp::from_ms(1_000_000_000);
        couple.apply(Input::PutOrder(Arc::new(PutOrder {
            order: OrderId::new(1).expect("an order"),
            kind: OrderKind::Supervision,
            person: him,
            term: Interval { from: Timestamp::from_ms(0), until },
            rules: vec![Rule {
                rule: RuleId::new(1).expect("a rule"),
                active: None,
                demand: Demand::KeepAway { person: her, distance_m: 500.0, warn_m: 0.0 },
            }],
            permits: Vec::new(),
        })));
        for (number, person) in (1..).zip([him, her]) {
            let device = DeviceId::new(number).expect("a device");
            let kind = DeviceKind::Bracelet;
            couple.apply(Input::AssignDevice(AssignDevice { device, person, kind }));
        }
        for _ in 0..3 {
            couple.seconds += 25;
            for (number, north_m) in [(1, north_m), (2, 0)] {
                couple.apply(Input::Fix(couple.fix(number, north_m)));
            }
        }
        couple
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_ms(self.seconds * 1_000)
    }

    fn apply(&mut self, input: Input) {
        self.engine.apply(&Record { at: Some(self.at()), input }, &mut |_| {});
    }

    fn fix(&self, number: u64, north_m: i32) -> Fix {
        let position = Position::from_e7(428_760_000 + north_m * 90, 746_036_000);
        let device = DeviceId::new(number).unwrap_or_default();
        let seq = self.seconds as u64;
        Fix {
            accuracy_m: Some(8.0),
            ..Fix::new(device, seq, self.at(), position.unwrap_or_default())
        }
    }

    /// Whether he passes unjudged when he is so many metres north of her 25 seconds later; and how
    /// far either of them may go then.
    fn passes(&mut self, north_m: i32) -> (bool, [Option<f64>; 2]) {
        self.seconds += 25;
        let (fix, at) = (self.fix(1, north_m), self.at());
        let slot = self.engine.devices.slot(fix.device).unwrap_or(NOWHERE);
        let passes = self.engine.takes_afar(slot, &fix, at);
        let regions = [1, 2].map(|number| {
            let slot = self.engine.devices.slot(DeviceId::new(number).unwrap_or_default())?;
            Some(self.engine.devices.hot(slot)?.region()?.1)
        });
        (passes, regions)
    }
}

/// J-PROX-1: half of the free distance is his, and what she may go still is hers.
#[test]
fn who_comes_nearer_passes_unjudged_as_long_as_both_stay_free() {
    let (passes, [his_m, her_m]) = Couple::apart_m(6_000).passes(5_000);
    let (his_m, her_m) = (his_m.expect("his slack"), her_m.expect("her slack"));
    assert!(passes && his_m > 1_000.0, "{his_m} {her_m}");
    assert!(his_m + her_m < 5_000.0 - 500.0, "{his_m} {her_m}");
}

/// Nor is she left at rest, where he may reach her.
#[test]
fn who_comes_within_reach_is_judged() {
    let (passes, [_, her_m]) = Couple::apart_m(2_000).passes(400);
    assert_eq!((passes, her_m), (false, None));
}
