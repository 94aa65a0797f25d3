//! Any number of shards says what one engine says of the same log.

use crate::support::{Shared, by_order, records, replay};
use std::ops::Range;
use wardline::Config;
use wardline::event::Event;
use wardline::input::Record;
use wardline::pipeline::{Batch, Pipeline};
use wardline_sim::scenario::Options;

const SHARDS: [usize; 5] = [1, 2, 3, 8, 16];

fn seeds(default: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match (number("WARDLINE_SEED"), number("WARDLINE_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(default),
    }
}

/// Submits in batches of so many; nothing overtakes.
fn run_in_order(records: &[Record], shards: usize, batch: usize) -> Vec<Event> {
    let events = Shared::new();
    let sink = events.clone();
    let pipeline = Pipeline::builder(Config::default())
        .shards(shards)
        .in_order()
        .sink(move |event| sink.push(event))
        .build()
        .expect("threads start");
    for records in records.chunks(batch) {
        let mut batch: Batch = pipeline.batch();
        records.iter().for_each(|record| batch.push(record.clone()));
        pipeline.submit(batch).expect("it is open");
    }
    let metrics = pipeline.finish().metrics;
    assert_eq!(metrics.submitted, records.len() as u64);
    assert_eq!(metrics.judged(), metrics.submitted);
    let events = events.take();
    assert_eq!(metrics.events, events.len() as u64);
    events
}

fn check_in_order(seeds: Range<u64>) {
    let mut compared = 0;
    for seed in seeds {
        for options in [Options::default(), Options::all_rules()] {
            let records = records(seed, &options);
            let expected = by_order(replay(&records));
            for shards in SHARDS {
                let actual = by_order(run_in_order(&records, shards, 1 + seed as usize * 7 % 100));
                assert!(actual == expected, "seed {seed} (WARDLINE_SEED={seed}), {shards} shards");
            }
            compared += expected.values().map(Vec::len).sum::<usize>();
        }
    }
    assert!(compared > 0, "nothing was compared");
}

#[test]
fn events_do_not_depend_on_the_number_of_shards() {
    check_in_order(seeds(20));
}

#[test]
#[ignore = "minutes"]
fn events_do_not_depend_on_the_number_of_shards_at_length() {
    check_in_order(seeds(1_000));
}

/// What overtakes does so before the number is given, so that the log is all there is.
// J-TIME-1
#[test]
fn the_log_read_again_gives_the_same_events() {
    let mut overtaken = 0;
    for seed in seeds(20) {
        let records = records(seed, &Options::all_rules());
        for shards in SHARDS {
            let (events, log) = (Shared::new(), Shared::new());
            let sink = events.clone();
            let pipeline = Pipeline::builder(Config::default())
                .shards(shards)
                .log(log.clone())
                .sink(move |event| sink.push(event))
                .build()
                .expect("threads start");
            for records in records.chunks(40) {
                pipeline.submit(records.to_vec()).expect("it is open");
            }
            pipeline.finish();
            let log = log.take();
            assert_eq!(log.len(), records.len());
            assert!(log.iter().map(|input| input.number).eq(1..=log.len() as u64));
            let expected = by_order(replay(log.iter().map(|input| &input.record)));
            let actual = by_order(events.take());
            assert!(actual == expected, "seed {seed} (WARDLINE_SEED={seed}), {shards} shards");
            let kind = |record: &Record| std::mem::discriminant(&record.input);
            let both = log.iter().zip(&records);
            overtaken += both.filter(|(a, b)| kind(&a.record) != kind(b)).count();
        }
    }
    assert!(overtaken > 0, "nothing overtook");
}
