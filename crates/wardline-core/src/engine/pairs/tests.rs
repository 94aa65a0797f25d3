//! How far the parties of a pair may come nearer to each other.

use super::*;
use crate::device::Receipt;
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

fn receipt(at: Timestamp) -> Receipt {
    Receipt::new(at, &Config::default())
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
            let band = Band { above_m: reach_m, up_to_m: f64::INFINITY };
            let sight = Sight { sample: &sample, key, at: sample.time, band };
            let (free_m, apart_m) = (sight.free_m(there), distance_m(here, there));
            let (least_m, most_m) = (apart_m * 0.999 - 0.1, reach_m * 1.001 + 0.1);
            assert!(free_m <= least_m - most_m + 1e-9, "{apart_m} {reach_m}: {free_m}");
            let given_m = apart_m - reach_m - free_m;
            let enough_m = apart_m * 0.002 + reach_m * 0.003 + 0.3;
            assert!(given_m <= enough_m, "{apart_m} {reach_m}: {free_m}");
        }
    }
}

/// Nor does one end while they are no farther apart than that.
#[test]
fn the_free_distance_ends_where_an_open_episode_may() {
    let here = Position::from_e7(428_760_000, 746_036_000).expect("a place");
    let cases = [(1_000, 30.0), (10_000, 520.0), (90_000, 1_020.0), (500_000, 20_020.0)];
    for (north_e7, up_to_m) in cases {
        let there = Position::from_e7(428_760_000 + north_e7, 746_036_000).expect("a place");
        let sample = sample(here);
        let key = sample.key(DeviceId::NONE);
        let band = Band { above_m: f64::NEG_INFINITY, up_to_m };
        let sight = Sight { sample: &sample, key, at: sample.time, band };
        let (free_m, apart_m) = (sight.free_m(there), distance_m(here, there));
        assert!(free_m <= up_to_m * 0.999 - 0.1 - (apart_m * 1.001 + 0.1) + 1e-9, "{free_m}");
        let enough_m = apart_m * 0.002 + up_to_m * 0.003 + 0.3;
        assert!(up_to_m - apart_m - free_m <= enough_m, "{free_m}");
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
        let passes = self.engine.takes_afar(slot, &fix, &receipt(at));
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

/// J-PROX-1, J-BREACH-3: both rest in a breach; who comes out of it is judged.
#[test]
fn an_open_breach_is_judged_only_where_it_may_end() {
    let mut couple = Couple::apart_m(200);
    let mut is_within_slack = |north_m| {
        couple.seconds += 25;
        let before = couple.engine.counters().fixes_within_slack;
        couple.apply(Input::Fix(couple.fix(1, north_m)));
        couple.engine.counters().fixes_within_slack > before
    };
    assert!(is_within_slack(250) && is_within_slack(150));
    assert!(!is_within_slack(600));
    assert_eq!(couple.passes(600).1[1], None);
}

/// Though she left at the same instant, and that was received first, he has come to her.
// J-PROX-1
#[test]
fn who_comes_at_the_same_instant_is_held_against_where_the_other_was() {
    for (north_m, passes) in [(400, false), (700, true), (1_400, true)] {
        let mut couple = Couple::apart_m(1_500);
        couple.seconds += 25;
        let (hers, his) = (couple.fix(2, -1_000), couple.fix(1, north_m));
        couple.apply(Input::Fix(hers));
        let slot = couple.engine.devices.slot(his.device).unwrap_or(NOWHERE);
        let receipt = receipt(couple.at());
        assert_eq!(couple.engine.takes_afar(slot, &his, &receipt), passes, "{north_m}");
    }
}
