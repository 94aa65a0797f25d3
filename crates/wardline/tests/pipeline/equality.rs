//! Any number of shards says what one engine says of the same log.

use crate::support::{
    Shared, assign, by_order, fix, keep_away, order, record, records, replay, replay_with,
};
use std::ops::Range;
use wardline::Config;
use wardline::event::{Event, EventKind};
use wardline::ids::OrderId;
use wardline::input::{Input, Record};
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
fn run_in_order(config: &Config, records: &[Record], shards: usize, batch: usize) -> Vec<Event> {
    let events = Shared::new();
    let sink = events.clone();
    let pipeline = Pipeline::builder(config.clone())
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
                let batch = 1 + seed as usize * 7 % 100;
                let actual = by_order(run_in_order(&Config::default(), &records, shards, batch));
                assert!(actual == expected, "seed {seed} (WARDLINE_SEED={seed}), {shards} shards");
            }
            compared += expected.values().map(Vec::len).sum::<usize>();
        }
    }
    assert!(compared > 0, "nothing was compared");
}

/// Orders that are judged elsewhere end, are put again and count towards limits everywhere.
#[test]
fn orders_elsewhere_are_known_everywhere() {
    let mut config = Config::default();
    (config.ids_max, config.versions_max) = (8, 3);
    let mut records = Vec::new();
    // She is protected from eight, whose orders are at home in different shards.
    records.push(assign(0, 9, 2001));
    records.extend((1..=8).map(|n| assign(0, 100 + n, 3000 + n)));
    records.extend((1..=8).map(|n| order(1, n, 1000 + n, keep_away(2001))));
    let end = |ms, number| {
        let order = OrderId::new(number).expect("not 0");
        record(ms, Input::EndOrder(order))
    };
    for n in 1..=8 {
        let ms = 10 * n as i64;
        let put = |ms| order(ms, n, 1000 + n, keep_away(2001));
        // Each put is a new version; the third of these is one too many, and binds nobody.
        let refused = order(ms + 5, n, 1000 + n, keep_away(3000 + n));
        let puts = [put(ms + 3), put(ms + 4), refused, fix(ms + 5, 100 + n, 1)];
        records.extend([end(ms, n), end(ms + 1, n), fix(ms + 2, 9, n)]);
        records.extend(puts.into_iter().chain([fix(ms + 6, 9, 10 + n), end(ms + 7, n)]));
    }
    records.push(order(91, 9, 1009, keep_away(2001)));
    records.push(fix(92, 9, 100));
    let expected = by_order(replay_with(&config, &records));
    let told = &expected[&OrderId::NONE];
    let reasons = |word: &str| {
        let refusals = told.iter().filter_map(|event| event.refusal.as_ref());
        refusals.filter(|refusal| refusal.reason == word).count()
    };
    assert_eq!(reasons("order_already_ended"), 8);
    assert_eq!(reasons("too_many_versions"), 8);
    assert_eq!(reasons("too_many_orders"), 1);
    let unbound = told.iter().filter(|event| event.kind == EventKind::NoOrder);
    assert_eq!(unbound.count(), 9, "she, when the last order has ended, and the eight others");
    for shards in SHARDS {
        let actual = by_order(run_in_order(&config, &records, shards, 1));
        assert!(actual == expected, "{shards} shards");
    }
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
