//! Parties of keep_away rules who move quietly: what the slack test spares them, and that it
//! changes nothing.
//!
//! `WARDLINE_SEEDS=N` tries N seeds (default 300), `WARDLINE_SEED=K` that one only.

mod pauses;
#[path = "../seeds/mod.rs"]
mod seeds;
mod walks;

use seeds::seeds;
use std::collections::BTreeMap;
use walks::{World, id, place};
use wardline_core::event::{Event, EventKind};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, PutOrder, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};
use wardline_core::{Config, Counters, Engine};

const SEEDS: u64 = 300;
const INPUTS: usize = 3_000;
const START_MS: i64 = 1_780_000_000_000;

/// Whatever the walks and however the fixes come, and with histories of any length.
// J-PROX-1, J-PROX-4, J-STALE-1
#[test]
fn the_slack_of_pairs_changes_nothing() {
    let mut kinds = BTreeMap::new();
    let (mut fixes, mut within_slack) = (0, 0);
    for seed in seeds(SEEDS) {
        let log = World::log(seed, INPUTS);
        let history_fixes = [2, 3, 6, 32][seed as usize % 4];
        let (expected, _) = replay(&log, history_fixes, false);
        let (actual, counters) = replay(&log, history_fixes, true);
        let differs = expected.iter().zip(&actual).position(|(a, b)| a != b);
        let first = differs.or((expected.len() != actual.len()).then_some(usize::MAX));
        assert_eq!(first, None, "seed {seed} (WARDLINE_SEED={seed}): {}", {
            let at = first.unwrap_or(0).min(expected.len().min(actual.len()));
            format!("{:#?} instead of {:#?}", actual.get(at), expected.get(at))
        });
        fixes += counters.fixes;
        within_slack += counters.fixes_within_slack;
        actual.iter().for_each(|event| *kinds.entry(event.kind).or_insert(0) += 1);
    }
    println!("{within_slack} of {fixes} fixes within slack; {kinds:?}");
    assert!(within_slack * 4 > fixes, "{within_slack} of {fixes}");
    let told = [EventKind::Breach, EventKind::Warning, EventKind::Degraded, EventKind::Unjudged];
    assert!(told.iter().all(|kind| kinds.contains_key(kind)), "{kinds:?}");
}

/// Two who walk kilometres apart, each with a fix every so many milliseconds that takes so long.
///
/// What is left is who walked out of the slack; neither the histories nor the rule's timers ask for
/// a judgement.
#[test]
fn who_is_far_is_hardly_ever_judged() {
    let check = |every_ms: [i64; 2], lag_ms: [i64; 2], least: f64| {
        let counters = walk_far(every_ms, lag_ms);
        let share = counters.fixes_within_slack as f64 / counters.fixes as f64;
        println!("every {every_ms:?} ms, lag {lag_ms:?} ms: {:.1} % within slack", share * 100.0);
        assert!(share >= least, "{every_ms:?} {lag_ms:?}: {counters:?}");
        assert_eq!(counters.events, 0);
    };
    check([1_000, 1_000], [0, 0], 0.99);
    check([1_000, 1_000], [200, 3_000], 0.99);
    check([1_000, 15_000], [0, 500], 0.99);
    check([15_000, 1_000], [0, 500], 0.99);
    check([15_000, 15_000], [2_000, 0], 0.99);
}

/// Four hours of walking to and fro on the far sides of a town.
fn walk_far(every_ms: [i64; 2], lag_ms: [i64; 2]) -> Counters {
    let mut engine = Engine::new(Config::default());
    let mut apply = |at_ms: i64, input| {
        let record = Record { at: Some(Timestamp::from_ms(at_ms)), input };
        engine.apply(&record, &mut |event: Event| panic!("{event:?}"));
        engine.counters()
    };
    for device in [1, 2] {
        let (device, person) = (id(DeviceId::new, device), id(PersonId::new, device));
        let assign = AssignDevice { device, person, kind: DeviceKind::Phone };
        apply(START_MS, Input::AssignDevice(assign));
    }
    // Active from the second minute on, when both have been heard of.
    let instant = |ms| Timestamp::from_ms(START_MS + ms);
    let term = Interval { from: instant(0), until: instant(86_400_000) };
    let active = Some(vec![Interval { from: instant(60_000), ..term }]);
    let person = id(PersonId::new, 2);
    let demand = Demand::KeepAway { person, distance_m: 500.0, warn_m: 1_000.0 };
    let put = PutOrder {
        order: id(OrderId::new, 1),
        kind: OrderKind::Supervision,
        person: id(PersonId::new, 1),
        term,
        rules: vec![Rule { rule: id(RuleId::new, 1), active, demand }],
        permits: Vec::new(),
    };
    apply(START_MS, Input::PutOrder(std::sync::Arc::new(put)));
    let mut fixes = Vec::new();
    for party in 0..2 {
        let times = (START_MS..START_MS + 4 * 3_600_000).step_by(every_ms[party] as usize);
        for (seq, time_ms) in (1..).zip(times) {
            // To and fro over two kilometres in the north, at 1.4 metres a second.
            let walked_m = (time_ms - START_MS) as f64 * 1.4e-3 % 4_000.0;
            let north_m = if walked_m < 2_000.0 { walked_m } else { 4_000.0 - walked_m };
            let position = place(party as f64 * 5_000.0, north_m);
            fixes.push((time_ms + lag_ms[party], fix(party as u64 + 1, seq, time_ms, position)));
        }
    }
    fixes.sort_by_key(|(at_ms, fix)| (*at_ms, fix.device));
    let mut counters = Counters::default();
    for (at_ms, fix) in fixes {
        counters = apply(at_ms, Input::Fix(fix));
    }
    counters
}

fn fix(device: u64, seq: u64, time_ms: i64, position: wardline_core::geometry::Position) -> Fix {
    Fix {
        accuracy_m: Some(8.0),
        speed_mps: Some(1.4),
        ..Fix::new(id(DeviceId::new, device), seq, Timestamp::from_ms(time_ms), position)
    }
}

fn replay(log: &[Record], history_fixes: usize, slack: bool) -> (Vec<Event>, Counters) {
    let mut config = Config::default();
    (config.history_fixes, config.slack) = (history_fixes, slack);
    let mut engine = Engine::new(config);
    let mut events = Vec::new();
    log.iter().for_each(|record| engine.apply(record, &mut |event| events.push(event)));
    (events, engine.counters())
}
