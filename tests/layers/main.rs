//! The search of layers against brute force: whatever a device's knowledge of the zones round it
//! is, the engine judges each fix as if it had looked at every zone.
//!
//! `WARDLINE_SEEDS=N` tries N seeds, `WARDLINE_SEED=K` that one only.

mod brute;
#[path = "../seeds/mod.rs"]
mod seeds;
mod world;

use brute::Brute;
use seeds::seeds;
use wardline_core::event::{Event, EventKind};
use wardline_core::{Config, Engine};
use world::World;

const SEEDS: u64 = 120;

// J-TIME-3, J-BREACH-1, J-BREACH-2, J-BREACH-3, J-CROSS-1, J-GEO-3
#[test]
fn no_zone_of_a_layer_is_missed_whatever_is_known_of_those_round_a_device() {
    let mut all = Tally::default();
    seeds(SEEDS).for_each(|seed| compare(seed, World::new(seed), &mut all));
    println!("{all:?}");
    assert!(all.said > 0, "nothing was compared");
    assert!(all.within_slack > 0 && all.within_slack < all.fixes, "{all:?}");
}

// J-TIME-3, J-BREACH-1, J-BREACH-2
#[test]
fn no_zone_of_a_layer_is_missed_among_more_than_are_kept() {
    let mut all = Tally::default();
    compare(0, World::crowded(0), &mut all);
    assert!(all.said > 1_000, "{all:?}");
}

#[derive(Default, Debug)]
struct Tally {
    fixes: u64,
    within_slack: u64,
    said: usize,
}

/// Each record judged by the engine and by brute force.
fn compare(seed: u64, mut world: World, all: &mut Tally) {
    let mut brute = Brute::new(&world);
    let mut engine = Engine::new(config());
    for number in 0..world.length() {
        let record = world.next(number);
        let mut actual = Vec::new();
        engine.apply(&record, &mut |event| actual.extend(told(&event)));
        let expected = brute.take_in(&record);
        actual.sort();
        assert_eq!(actual, expected, "seed {seed} (WARDLINE_SEED={seed}), record {number}");
        all.said += expected.len();
    }
    let counters = engine.counters();
    assert_eq!(counters.refused, 0, "seed {seed}");
    all.within_slack += counters.fixes_within_slack;
    all.fixes += counters.fixes;
}

/// What is compared of an event of a place: rule, kind, zone, phase and certainty.
fn told(event: &Event) -> Option<String> {
    let is_of_place = matches!(event.kind, EventKind::Breach | EventKind::Warning);
    assert!(is_of_place || event.kind == EventKind::Escalated, "{event:?}");
    let facts = event.episode.as_ref().filter(|_| is_of_place)?;
    let (zone, _) = facts.zone?;
    let certainty = facts.certainty?;
    let (rule, kind, phase) = (event.rule.number(), event.kind, event.phase);
    Some(format!("{rule} {kind:?} {} {phase:?} {certainty:?}", zone.number()))
}

/// Nobody resolves incidents here.
fn config() -> Config {
    let mut config = Config::default();
    config.incidents_max = 1 << 24;
    config
}
