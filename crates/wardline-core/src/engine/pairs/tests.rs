//! How far the parties of a pair may come nearer to each other.

use super::*;
use crate::ids::DeviceId;
use crate::track::Trust;

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
