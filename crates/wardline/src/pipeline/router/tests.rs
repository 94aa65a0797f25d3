//! Shards without threads, against one engine.

use super::super::spare::Reuse;
use super::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use wardline_core::event::Event;
use wardline_core::{Counters, Engine};
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl::parse_line;

const SEEDS: u64 = 60;

fn records(seed: u64, options: &Options) -> Vec<Record> {
    let text = scenario(seed, options);
    (1..).zip(text.lines()).map(|(number, line)| parse_line(line, number)).collect()
}

/// What one engine says, by order, and what it counts.
fn whole(records: &[Record], config: &Config) -> (BTreeMap<OrderId, Vec<Event>>, Counters) {
    let mut engine = Engine::new(config.clone());
    let mut events = BTreeMap::new();
    for record in records {
        engine.apply(record, &mut |event| keep(&mut events, event));
    }
    (events, engine.counters())
}

fn keep(events: &mut BTreeMap<OrderId, Vec<Event>>, event: Event) {
    events.entry(event.order).or_default().push(event);
}

/// The same of so many shards, which take in one input after another, or batches in any order.
fn shared(
    records: &[Record],
    config: &Config,
    shards: usize,
    batch: usize,
) -> (BTreeMap<OrderId, Vec<Event>>, Counters) {
    let mut router = Router::new(shards, config);
    let mut engines: Vec<_> = (0..shards).map(|_| Engine::new(config.clone())).collect();
    let mut shares: Vec<_> = (0..shards).map(|_| Share::default()).collect();
    let mut events = BTreeMap::new();
    for (chunk, records) in records.chunks(batch).enumerate() {
        for record in records {
            let input = router.number(record.clone());
            router.route(input, &mut shares);
        }
        take_in(&mut engines, &mut shares, &mut |event| keep(&mut events, event));
        // A shard may be built again from a snapshot at any time.
        let restored = again(&engines[chunk % shards], config);
        engines[chunk % shards] = restored;
    }
    // A fact may come from any shard; one input's come from one.
    if let Some(facts) = events.get_mut(&OrderId::NONE) {
        facts.sort_by_key(|event| event.input);
    }
    let mut counters = Counters::default();
    for engine in &engines {
        let of = engine.counters();
        counters.fixes += of.fixes;
        counters.fixes_within_slack += of.fixes_within_slack;
        counters.repeats += of.repeats;
        counters.refused += of.refused;
        counters.unassigned += of.unassigned;
        counters.events += of.events;
    }
    counters.clock_regressions = router.clock_regressions();
    (events, counters)
}

fn again(engine: &Engine, config: &Config) -> Engine {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    let restored = Engine::restore(config.clone(), &bytes).expect("a snapshot");
    assert_eq!(restored.fingerprint(), engine.fingerprint());
    restored
}

/// Lets each engine go on until it must wait for another, round and round.
fn take_in(engines: &mut [Engine], shares: &mut [Share], sink: &mut impl FnMut(Event)) {
    let mut done = vec![0; engines.len()];
    while shares.iter().any(|share| !share.is_empty()) {
        for (shard, share) in shares.iter_mut().enumerate() {
            loop {
                let until = share.moves.first().map_or(share.inputs.len(), |(place, _)| *place);
                let inputs = &share.inputs[done[shard]..until];
                engines[shard].apply_numbered(inputs, sink).expect("in sequence");
                done[shard] = until;
                match share.moves.first() {
                    Some((_, Move::Lend(person, to))) => {
                        let copy = Arc::new(engines[shard].copy_person(*person));
                        to.send(copy).expect("somebody waits");
                    }
                    Some((_, Move::Adopt(_, from))) => match from.try_recv() {
                        Ok(copy) => engines[shard].adopt_person(&copy),
                        Err(_) => break,
                    },
                    Some((_, Move::Snapshot(_))) => unreachable!("nobody asks"),
                    None => {
                        share.clear();
                        done[shard] = 0;
                        break;
                    }
                }
                share.moves.remove(0);
            }
        }
    }
}

/// Gives how many events say that there are too many incidents.
fn check(seeds: std::ops::Range<u64>, config: &Config) -> usize {
    let (mut compared, mut moved, mut too_many) = (0, 0, 0);
    for seed in seeds {
        for options in [Options::default(), Options::all_rules()] {
            let records = records(seed, &options);
            let (expected, counted) = whole(&records, config);
            too_many += expected.values().flatten().filter(|event| is_of_too_many(event)).count();
            for shards in [1, 2, 3, 8, 16] {
                let (actual, mut counters) =
                    shared(&records, config, shards, 1 + seed as usize % 50);
                // How far slack reaches depends on which orders a shard knows.
                counters.fixes_within_slack = counted.fixes_within_slack;
                assert_eq!(counters, counted, "seed {seed}, {shards} shards");
                let orders: Vec<_> = expected.keys().collect();
                assert_eq!(actual.keys().collect::<Vec<_>>(), orders, "seed {seed}");
                for (order, expected) in &expected {
                    let actual = &actual[order];
                    let both = expected.iter().zip(actual);
                    for (expected, actual) in both {
                        assert_eq!(actual, expected, "seed {seed}, {shards} shards");
                    }
                    assert_eq!(actual.len(), expected.len(), "seed {seed}, {shards} shards");
                    compared += expected.len();
                }
                moved += usize::from(shards > 1);
            }
        }
    }
    assert!(compared > 0 && moved > 0, "nothing was compared");
    println!("{compared} events compared");
    too_many
}

fn is_of_too_many(event: &Event) -> bool {
    event.refusal.as_ref().is_some_and(|refusal| refusal.reason == "too_many_incidents")
}

#[test]
fn any_number_of_shards_says_what_one_engine_says() {
    assert_eq!(check(0..SEEDS, &Config::default()), 0);
}

/// Limits of incidents and of strangers are those of one engine too.
// J-DESK-6
#[test]
fn too_many_incidents_are_the_same_for_any_number_of_shards() {
    let mut config = Config::default();
    (config.incidents_max, config.strangers_max) = (1, 1);
    assert!(check(0..SEEDS, &config) > 0);
}

/// What strangers send never grows what the router remembers, but for those with an incident.
#[test]
fn strangers_that_panic_are_forgotten_beyond_a_limit() {
    let mut config = Config::default();
    config.strangers_max = 10;
    let mut router = Router::new(2, &config);
    let mut shares = [Share::default(), Share::default()];
    for device in 1..=1_000 {
        let line = format!(
            r#"{{"type":"status","at":"2026-03-01T08:00:00.000Z","device":{device},"seq":1,
            "time":"2026-03-01T08:00:00.000Z","status":"panic"}}"#
        );
        let input = router.number(parse_line(&line, 1));
        assert_eq!(router.route(input, &mut shares), FIRST);
    }
    assert_eq!((router.panicked.len(), router.strangers), (10, 10));
    assert!(router.devices.is_empty() && router.people.is_empty() && router.homes.is_empty());
}

/// Her order is judged elsewhere; where she is at home her device rests until it is over.
// J-FIX-13
#[test]
fn an_order_that_runs_out_elsewhere_is_noticed_at_home() {
    let line = |second: u32, what: &str| {
        let text = format!(
            r#"{{"at":"2026-03-01T08:{:02}:{:02}.000Z",{what}}}"#,
            second / 60,
            second % 60
        );
        parse_line(&text, 1)
    };
    let mut records = vec![
        line(0, r#""type":"assign_device","device":7,"person":2001,"kind":"phone""#),
        line(
            1,
            r#""type":"put_order","order":1,"kind":"temporary","person":1001,
            "from":"2026-03-01T08:00:00.000Z","until":"2026-03-01T08:02:00.000Z",
            "rules":[{"rule":1,"kind":"keep_away","person":2001,"distance_m":100}]"#,
        ),
    ];
    for seq in 1..20 {
        let (second, time) = (seq * 10, format!("{:02}:{:02}", seq / 6, seq % 6 * 10));
        records.push(line(
            second,
            &format!(
                r#""type":"fix","device":7,"seq":{seq},"time":"2026-03-01T08:{time}.000Z",
            "lat":42.87,"lon":74.6,"accuracy_m":8"#
            ),
        ));
    }
    let config = Config::default();
    let (expected, _) = whole(&records, &config);
    let told: Vec<_> = expected[&OrderId::NONE].iter().map(|e| (e.input, e.kind)).collect();
    assert_eq!(told, [(14, wardline_core::event::EventKind::NoOrder)]);
    let apart: Vec<_> = (2..=SHARDS_MAX)
        .filter(|shards| {
            let of = |number| home(PersonId::new(number).expect("not 0"), *shards);
            of(1001) != of(2001)
        })
        .collect();
    assert!(apart.len() > 10);
    for shards in apart {
        assert_eq!(shared(&records, &config, shards, 4).0, expected, "{shards} shards");
    }
}

/// The homes of persons are part of what a journal of many machines relies on.
#[test]
fn homes_do_not_change_and_are_spread() {
    let of = |number, shards| home(PersonId::new(number).expect("not 0"), shards);
    let homes: Vec<_> = (1..=12).map(|number| of(number, 8)).collect();
    assert_eq!(homes, [1, 6, 5, 2, 2, 0, 7, 6, 4, 2, 5, 3]);
    let mut persons = [0_u32; 8];
    (1..=80_000).for_each(|number| persons[of(number, 8)] += 1);
    assert!(persons.iter().all(|persons| persons.abs_diff(10_000) < 400), "{persons:?}");
}

#[test]
#[ignore = "minutes; run it after a change of the router or of what engines share"]
fn any_number_of_shards_says_what_one_engine_says_at_length() {
    let seeds = std::env::var("WARDLINE_SEEDS").ok().and_then(|text| text.parse().ok());
    assert_eq!(check(0..seeds.unwrap_or(4_000), &Config::default()), 0);
}
