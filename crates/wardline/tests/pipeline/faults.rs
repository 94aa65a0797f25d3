//! Engines that panic, shards that stand still, logs that fail.

use crate::support::{
    Barrier, Shared, assign, by_order, fix, records, refused, replay, tick, wait_until,
};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wardline::input::{Input, Record};
use wardline::pipeline::{Batch, Clock, Log, Metrics, Notice, Pipeline, Recovery};
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
            let replaced = notices.take().into_iter();
            let replaced = replaced.filter(|notice| matches!(notice, Notice::Replaced { .. }));
            assert_eq!(replaced.count(), followers);
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

/// Feeds 6,000 fixes to a shard that may be 1,024 ahead of its standby, and panics on one of the
/// last.
fn overfed(recovery: Recovery) -> (Metrics, Vec<Notice>) {
    let notices = Shared::new();
    let told = notices.clone();
    let pipeline = Pipeline::builder(Config::default())
        .in_order()
        .stall_after(Duration::from_secs(60))
        .recovery(recovery)
        .retained(1_024)
        .notices(move |notice| told.push(notice))
        .trial(|_, record| {
            assert!(!matches!(&record.input, Input::Fix(fix) if fix.seq == 5_500), "poison");
        })
        .build()
        .expect("threads start");
    pipeline.submit(assign(0, 7, 1)).expect("it is open");
    for batch in 0..60 {
        let seqs = batch * 100..(batch + 1) * 100;
        let records: Vec<_> = seqs.map(|seq| fix(1 + seq as i64, 7, seq)).collect();
        pipeline.submit(records).expect("it is open");
    }
    (pipeline.finish().metrics, notices.take())
}

#[test]
fn a_standby_stands_for_all_before_it() {
    let (metrics, notices) = overfed(Recovery::Standby);
    assert_eq!((metrics.judged(), metrics.quarantined()), (6_000, 1));
    // The engine that took over knows all fixes but one, and the assignment.
    assert_eq!(metrics.shards[0].counters.fixes, 5_999);
    assert!(metrics.shards[0].retained.value <= 1_024);
    assert_eq!((metrics.shards[0].replaced, metrics.shards[0].standbys_lost), (1, 0));
    let [Notice::Quarantined(_), Notice::Replaced { shard: 0, inputs }] = notices[..] else {
        panic!("{notices:?}");
    };
    // Those of the share in question were not waiting yet.
    assert!(inputs <= 2 * 1_024);
}

#[test]
fn without_a_standby_a_shard_that_panics_is_lost() {
    let (metrics, notices) = overfed(Recovery::Never);
    assert_eq!((metrics.judged(), metrics.quarantined()), (1 + 5_500, 500));
    assert_eq!(metrics.shards[0].replaced, 0);
    let [Notice::Quarantined(_), Notice::ShardLost { shard: 0 }] = notices[..] else {
        panic!("{notices:?}");
    };
}

/// Submits fixes `seqs` of one device in batches of 512.
fn submit_fixes(pipeline: &Pipeline, seqs: Range<u64>) {
    for from in seqs.clone().step_by(512) {
        let seqs = from..seqs.end.min(from + 512);
        let records: Vec<_> = seqs.map(|seq| fix(1 + seq as i64, 7, seq)).collect();
        pipeline.submit(records).expect("it is open");
    }
}

#[test]
fn a_standby_that_is_too_far_behind_holds_up_its_shard() {
    let barrier = Barrier::shut();
    let shut = barrier.clone();
    let pipeline = Pipeline::builder(Config::default())
        .stall_after(Duration::from_secs(60))
        .retained(2_048)
        .standby_trial(move |_| shut.pass())
        .build()
        .expect("threads start");
    pipeline.submit(assign(0, 7, 1)).expect("it is open");
    submit_fixes(&pipeline, 0..10_000);
    wait_until("it waits", || pipeline.metrics().shards[0].standby_waits > 0);
    let shard = &pipeline.metrics().shards[0];
    assert!(shard.retained.value <= 2_048 && shard.judged < 10_000, "{shard:?}");
    assert_eq!((shard.standby_last, pipeline.metrics().shards[0].retained.limit), (0, 2_048));
    barrier.open();
    wait_until("all is judged", || pipeline.metrics().judged() == 10_001);
    wait_until("the standby has come after", || {
        let shard = &pipeline.metrics().shards[0];
        (shard.retained.value, shard.standby_last) == (0, 10_001)
    });
}

/// A standby that panics is made again of the engine, and stands in for it as if it never had.
#[test]
fn a_standby_that_panics_is_made_again() {
    let (notices, shares) = (Shared::new(), Arc::new(AtomicU64::new(0)));
    let told = notices.clone();
    let pipeline = Pipeline::builder(Config::default())
        .stall_after(Duration::from_secs(60))
        .notices(move |notice| told.push(notice))
        .standby_trial(move |_| {
            assert_ne!(shares.fetch_add(1, Ordering::SeqCst), 0, "the standby is ill");
        })
        .trial(|_, record| {
            assert!(!matches!(&record.input, Input::Fix(fix) if fix.seq == 5_500), "poison");
        })
        .build()
        .expect("threads start");
    pipeline.submit(assign(0, 7, 1)).expect("it is open");
    wait_until("it is lost", || pipeline.metrics().shards[0].standbys_lost == 1);
    submit_fixes(&pipeline, 0..6_000);
    let all = 1 + 6_000;
    wait_until("all is numbered", || pipeline.metrics().numbered == all);
    let (of_engine, of_standby) = states(&pipeline);
    assert!(of_engine == of_standby);
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.judged(), metrics.quarantined()), (6_000, 1));
    assert_eq!((metrics.shards[0].counters.fixes, metrics.shards[0].replaced), (5_999, 1));
    let notices = notices.take();
    let [
        Notice::StandbyLost { shard: 0, reason },
        Notice::Quarantined(_),
        Notice::Replaced { shard: 0, .. },
    ] = &notices[..]
    else {
        panic!("{notices:?}");
    };
    assert!(reason.contains("the standby is ill"), "{reason}");
}

/// The states of the engines, and those of their standbys; all inputs must have been submitted.
fn states(pipeline: &Pipeline) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let of_standbys = pipeline.snapshots().expect("all are well");
    let numbered = pipeline.metrics().numbered;
    assert_eq!(of_standbys.next - 1, numbered);
    let state = |engine: &Engine| {
        let mut bytes = Vec::new();
        engine.snapshot(&mut bytes);
        bytes
    };
    let of_engines = (0..pipeline.shards()).map(|shard| pipeline.query(shard, state));
    (of_engines.map(|state| state.expect("it is well")).collect(), of_standbys.shards)
}

/// Persons who are followed by one more shard move in standbys too, and quarantined inputs are in
/// neither.
#[test]
fn a_standby_is_as_its_engine_is() {
    let (mut quarantined, mut adopted) = (0, 0);
    for seed in 0..12 {
        let records = records(seed, &Options::all_rules());
        for (shards, is_ill) in [1, 2, 3, 8].into_iter().flat_map(|n| [(n, false), (n, true)]) {
            let is_poison = poison_of(&records);
            let pipeline = Pipeline::builder(Config::default())
                .shards(shards)
                .in_order()
                .stall_after(Duration::from_secs(60))
                .trial(move |_, record| assert!(!is_ill || !is_poison(record), "poison"))
                .build()
                .expect("threads start");
            for (number, records) in records.chunks(10 + 7 * shards).enumerate() {
                pipeline.submit(records.to_vec()).expect("it is open");
                if number % 8 == 3 {
                    // Judgement goes on while they are asked for.
                    assert_eq!(pipeline.snapshots().expect("all are well").shards.len(), shards);
                }
            }
            while pipeline.metrics().numbered < records.len() as u64 {
                std::thread::sleep(Duration::from_millis(1));
            }
            let (of_engines, of_standbys) = states(&pipeline);
            assert!(of_engines == of_standbys, "seed {seed}, {shards} shards, {is_ill}");
            let metrics = pipeline.finish().metrics;
            quarantined += metrics.quarantined();
            adopted +=
                metrics.shards.iter().map(|shard| shard.inputs).sum::<u64>() - metrics.submitted;
        }
    }
    assert!(quarantined > 0 && adopted > 0, "nothing was tried");
}

#[test]
fn snapshots_without_standbys_are_those_of_the_engines() {
    let pipeline = Pipeline::builder(Config::default())
        .shards(2)
        .recovery(Recovery::Never)
        .build()
        .expect("threads start");
    pipeline.submit(assign(0, 7, 1)).expect("it is open");
    submit_fixes(&pipeline, 0..100);
    let first = pipeline.snapshots().expect("all are well");
    assert!(first.shards.iter().all(|state| Engine::restore(Config::default(), state).is_ok()));
    wait_until("all is numbered", || pipeline.metrics().numbered == 101);
    let (of_engines, asked) = states(&pipeline);
    assert_eq!(of_engines, asked);
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
