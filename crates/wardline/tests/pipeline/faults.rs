//! Engines that panic, shards that stand still, logs that fail.

use crate::support::{
    Barrier, Shared, assign, by_order, fix, records, refused, replay, tick, wait_until,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wardline::input::{Input, Record};
use wardline::pipeline::{Batch, Checkpoints, Clock, Log, Metrics, Notice, Pipeline};
use wardline::{Config, Engine, Numbered};
use wardline_sim::scenario::Options;

/// A fix of the scenario, which the engine of every shard panics on.
fn poison(records: &[Record]) -> (usize, impl Fn(&Record) -> bool + Clone + Send + use<>) {
    let is_fix = |record: &&Record| matches!(record.input, Input::Fix(_));
    let place = records.iter().enumerate().filter(|(_, record)| is_fix(record)).nth(40);
    let (place, record) = place.expect("the scenario has fixes");
    let Input::Fix(poison) = record.input else { unreachable!("it is a fix") };
    (place, move |record: &Record| matches!(&record.input, Input::Fix(fix) if *fix == poison))
}

/// What is left after a panic is what would be without the input.
#[test]
fn an_engine_that_panics_is_built_again_without_the_input() {
    for seed in 0..8 {
        let records = records(seed, &Options::all_rules());
        let (place, is_poison) = poison(&records);
        let repeats = records.iter().filter(|record| is_poison(record)).count();
        for shards in [1, 2, 8] {
            let (events, notices) = (Shared::new(), Shared::new());
            let (sink, told, is_poison) = (events.clone(), notices.clone(), is_poison.clone());
            let pipeline = Pipeline::builder(Config::default())
                .shards(shards)
                .in_order()
                .stall_after(Duration::from_secs(60))
                .sink(move |event| sink.push(event))
                .notices(move |notice| told.push(notice))
                .trial(move |_, record| assert!(!is_poison(record), "poison"))
                .build()
                .expect("threads start");
            for records in records.chunks(20) {
                pipeline.submit(records.to_vec()).expect("it is open");
            }
            let report = pipeline.finish();
            let metrics = report.metrics;
            assert_eq!(metrics.quarantined(), repeats as u64);
            assert_eq!(metrics.submitted, metrics.judged() + metrics.quarantined());
            let followers = report.quarantined.len();
            assert!((repeats..=repeats * shards).contains(&followers));
            assert!(report.quarantined.iter().any(|q| q.input.number == place as u64 + 1));
            assert!(report.quarantined.iter().all(|q| q.reason == "poison"));
            let rebuilt = notices.take().into_iter();
            let rebuilt = rebuilt.filter(|notice| matches!(notice, Notice::Rebuilt { .. }));
            assert_eq!(rebuilt.count(), followers);
            // Something invalid stands in for the input, so that numbers stay.
            let is_poison = poison_of(&records);
            let without: Vec<_> = records
                .iter()
                .map(|record| match is_poison(record) {
                    true => Record { at: record.at, input: Input::Invalid(nothing()) },
                    false => record.clone(),
                })
                .collect();
            let mut expected = replay(&without);
            expected.retain(|event| event.refusal.as_ref() != Some(&nothing()));
            let (expected, actual) = (by_order(expected), by_order(events.take()));
            assert!(actual == expected, "seed {seed}, {shards} shards");
        }
    }
}

fn poison_of(records: &[Record]) -> impl Fn(&Record) -> bool + use<> {
    poison(records).1
}

fn nothing() -> wardline::input::Refusal {
    wardline::input::Refusal::new("nothing", 0)
}

/// One shard panics again and again; the others do not notice.
#[test]
fn other_shards_go_on() {
    let events = Shared::new();
    let sink = events.clone();
    let pipeline = Pipeline::builder(Config::default())
        .shards(4)
        .sink(move |event| sink.push(event))
        .trial(|shard, record| {
            assert!(shard != 2 || !matches!(record.input, Input::Tick), "shard 2 is ill");
        })
        .build()
        .expect("threads start");
    for ms in 0..50 {
        pipeline.submit(tick(ms)).expect("it is open");
        pipeline.submit(refused(ms, 0)).expect("it is open");
    }
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.judged(), metrics.quarantined()), (100, 0));
    let copies: Vec<_> = metrics.shards.iter().map(|shard| shard.quarantined_copies).collect();
    assert_eq!(copies, [0, 0, 50, 0]);
    assert_eq!(events.take().len(), 50);
}

/// Checkpoints that never succeed.
struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn save(&self, _: &Engine, _: &mut Vec<u8>) -> bool {
        false
    }

    fn restore(&self, _: &Config, _: &[u8]) -> Option<Engine> {
        None
    }
}

/// Feeds 6,000 fixes to a shard that keeps 1,024, and panics on one of the last.
fn overfed(checkpoints: bool) -> (Metrics, Vec<Notice>) {
    let notices = Shared::new();
    let told = notices.clone();
    let mut builder = Pipeline::builder(Config::default())
        .in_order()
        .stall_after(Duration::from_secs(60))
        .retained(1_024)
        .notices(move |notice| told.push(notice))
        .trial(|_, record| {
            assert!(!matches!(&record.input, Input::Fix(fix) if fix.seq == 5_500), "poison");
        });
    if !checkpoints {
        builder = builder.checkpoints(NoCheckpoints);
    }
    let pipeline = builder.build().expect("threads start");
    pipeline.submit(assign(0, 7, 1)).expect("it is open");
    for batch in 0..60 {
        let seqs = batch * 100..(batch + 1) * 100;
        let records: Vec<_> = seqs.map(|seq| fix(1 + seq as i64, 7, seq)).collect();
        pipeline.submit(records).expect("it is open");
    }
    (pipeline.finish().metrics, notices.take())
}

#[test]
fn a_checkpoint_stands_for_all_before_it() {
    let (metrics, notices) = overfed(true);
    assert_eq!((metrics.judged(), metrics.quarantined()), (6_000, 1));
    // The engine that was built again knows all fixes but one, and the assignment.
    assert_eq!(metrics.shards[0].counters.fixes, 5_999);
    assert!(metrics.shards[0].retained.value <= 1_024);
    let [Notice::Quarantined(_), Notice::Rebuilt { shard: 0, inputs }] = notices[..] else {
        panic!("{notices:?}");
    };
    assert!(inputs <= 1_024);
}

#[test]
fn without_one_a_shard_says_in_time_that_it_cannot_be_saved() {
    let (metrics, notices) = overfed(false);
    assert_eq!((metrics.judged(), metrics.quarantined()), (1 + 5_500, 500));
    let [
        Notice::NotRetained { shard: 0, inputs_max: 1_024 },
        Notice::Quarantined(_),
        Notice::ShardLost { shard: 0 },
    ] = notices[..]
    else {
        panic!("{notices:?}");
    };
}

#[derive(Clone, Default)]
struct HandClock(Arc<AtomicU64>);

impl Clock for HandClock {
    fn now_ns(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_shard_that_stands_still_is_told_of_and_so_is_its_going_on() {
    let (barrier, notices, clock) = (Barrier::shut(), Shared::new(), HandClock::default());
    let (shut, told) = (barrier.clone(), notices.clone());
    clock.0.store(1, Ordering::SeqCst);
    let pipeline = Pipeline::builder(Config::default())
        .shards(2)
        .stall_after(Duration::from_millis(4))
        .clock(clock.clone())
        .notices(move |notice| told.push(notice))
        .trial(move |shard, record| {
            if shard == 0 && matches!(record.input, Input::Invalid(_)) {
                shut.pass();
            }
        })
        .build()
        .expect("threads start");
    pipeline.submit(tick(0)).expect("it is open");
    wait_until("both have judged it", || pipeline.metrics().shards.iter().all(|s| s.last == 1));
    pipeline.submit(refused(1, 0)).expect("it is open");
    // Time stands still, and so nothing is stalled however long it takes.
    std::thread::sleep(Duration::from_millis(30));
    assert!(notices.take().is_empty());
    clock.0.fetch_add(4_000_000, Ordering::SeqCst);
    wait_until("it is stalled", || pipeline.metrics().shards[0].stalled);
    let stalled = notices.take();
    assert!(
        matches!(stalled[..], [Notice::Stalled { shard: 0, last: 1, for_ns: 4_000_000 }]),
        "{stalled:?}"
    );
    barrier.open();
    wait_until("it goes on", || !pipeline.metrics().shards[0].stalled);
    assert!(matches!(notices.take()[..], [Notice::Resumed { shard: 0 }]));
    assert!(!pipeline.metrics().shards[1].stalled);
}

struct BrokenLog;

impl Log for BrokenLog {
    fn append(&mut self, _: &[Numbered]) -> io::Result<()> {
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        Err(io::Error::other("the disk is gone"))
    }
}

/// Who is not told that an input is kept sends it again; what was judged of it is told then.
#[test]
fn a_log_that_fails_accepts_and_tells_nothing() {
    let (accepted, notices) = (Shared::new(), Shared::new());
    let (kept, told) = (accepted.clone(), notices.clone());
    let pipeline = Pipeline::builder(Config::default())
        .log(BrokenLog)
        .accepted(move |accepted| kept.push(accepted))
        .notices(move |notice| told.push(notice))
        .build()
        .expect("threads start");
    pipeline.submit(refused(0, 0)).expect("it is open");
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.judged(), metrics.events, metrics.log_failures), (1, 0, 1));
    assert_eq!((metrics.events_withheld, metrics.events_lost), (1, 0));
    assert!(accepted.take().is_empty());
    let notices = notices.take();
    assert!(matches!(&notices[..], [
        Notice::LogFailed { reason },
        Notice::EventsWithheld { events: 1 },
    ] if reason == "the disk is gone"));
}

#[test]
fn finish_judges_all_that_was_submitted() {
    let pipeline = Pipeline::builder(Config::default()).shards(2).build().expect("threads start");
    for batch in 0..200 {
        let records: Vec<_> = (0..100).map(|seq| fix(batch, 7, seq)).collect();
        pipeline.submit(Batch::from(records)).expect("it is open");
    }
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.submitted, metrics.numbered, metrics.judged()), (20_000, 20_000, 20_000));
    assert_eq!(metrics.whole.count, metrics.events);
    assert_eq!((metrics.receive.count, metrics.judge.count), (20_000, 20_000));
    assert_eq!((metrics.waiting.value, metrics.waiting_urgent.value), (0, 0));
}
