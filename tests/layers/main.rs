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
    let (mut said, mut within_slack, mut fixes) = (0, 0, 0);
    for seed in seeds(SEEDS) {
        let mut world = World::new(seed);
        let mut brute = Brute::new(&world);
        let mut engine = Engine::new(config());
        for number in 0..world.length() {
            let record = world.next(number);
            let mut actual = Vec::new();
            engine.apply(&record, &mut |event| actual.extend(told(&event)));
            let expected = brute.take_in(&record);
            actual.sort();
            assert_eq!(actual, expected, "seed {seed} (WARDLINE_SEED={seed}), record {number}");
            said += expected.len();
        }
        let counters = engine.counters();
        assert_eq!(counters.refused, 0, "seed {seed}");
        within_slack += counters.fixes_within_slack;
        fixes += counters.fixes;
    }
    println!("{fixes} fixes, {within_slack} within slack, {said} events");
    assert!(said > 0, "nothing was compared");
    assert!(within_slack > 0 && within_slack < fixes, "{within_slack} of {fixes}");
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
