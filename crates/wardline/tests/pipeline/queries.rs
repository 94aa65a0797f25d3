//! Questions while the pipeline runs.

use crate::support::{Barrier, Shared, assign, at, fix, person, records, refused, wait_until};
use std::sync::{Arc, Mutex};
use wardline::geometry::{Geometry, Position, Shape};
use wardline::ids::ZoneId;
use wardline::input::{Input, PutZone};
use wardline::pipeline::{Metrics, Pipeline, Role};
use wardline::{Config, Engine};
use wardline_sim::scenario::Options;

#[test]
fn questions_are_answered_while_inputs_come() {
    let pipeline = Pipeline::builder(Config::default()).shards(3).build().expect("threads start");
    let centre = Position::from_degrees(42.87, 74.6).expect("a position");
    let shape = Shape::new(&Geometry::Circle { centre, radius_m: 100.0 }).expect("a circle");
    let zone = ZoneId::new(5).expect("not 0");
    let put = PutZone { zone, layer: None, shape: Arc::new(shape) };
    pipeline.submit(crate::support::record(0, Input::PutZone(put))).expect("it is open");
    std::thread::scope(|scope| {
        let feeder = scope.spawn(|| {
            for seq in 0..20_000 {
                pipeline.submit(fix(seq, 7, seq as u64)).expect("it is open");
            }
        });
        let mut answers = 0;
        while !feeder.is_finished() {
            let last = pipeline.query(0, |engine| engine.last_input()).expect("an answer");
            assert!(last <= 20_001);
            answers += 1;
        }
        assert!(answers > 0);
    });
    assert_eq!(pipeline.zones_at(centre), Ok(vec![zone]));
    assert_eq!(pipeline.query(2, |engine| engine.zones_here(Position::default())), Ok(vec![]));
}

#[test]
fn a_question_overtakes_the_batches_that_wait() {
    let barrier = Barrier::shut();
    let shut = barrier.clone();
    let pipeline = Pipeline::builder(Config::default())
        .trial(move |_, _| shut.pass())
        .build()
        .expect("threads start");
    (0..5).for_each(|input| pipeline.submit(refused(0, input)).expect("it is open"));
    wait_until("the shard is at the first", || {
        let metrics = pipeline.metrics();
        metrics.numbered == 5 && metrics.shards[0].waiting.value == 4
    });
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| pipeline.query(0, |engine| engine.last_input()));
        wait_until("it is asked", || pipeline.waiting_questions(0) == 1);
        barrier.open();
        assert_eq!(asked.join().expect("no panic"), Ok(1));
    });
}

#[test]
fn a_question_that_panics_or_goes_nowhere_gets_no_answer() {
    let pipeline = Pipeline::builder(Config::default()).build().expect("threads start");
    assert!(pipeline.query(0, |_| panic!("asked wrongly")).is_err());
    assert_eq!(pipeline.query(1, |_| ()).expect_err("no such shard").shard, 1);
    pipeline.submit(assign(0, 7, 1)).expect("it is open");
    pipeline.submit(fix(1, 7, 1)).expect("it is open");
    wait_until("it is judged", || pipeline.metrics().judged() == 2);
    assert_eq!(pipeline.query(0, |engine| engine.counters().fixes), Ok(1));
}

/// Each thread says what it is before it works, whether who is told panics or not.
#[test]
fn each_thread_says_when_it_starts() {
    let roles = Arc::new(Mutex::new(Vec::new()));
    let heard = roles.clone();
    let pipeline = Pipeline::builder(Config::default()).shards(2).log(Shared::new());
    let pipeline = pipeline.on_thread_start(move |role| {
        let name = std::thread::current().name().map(str::to_owned);
        heard.lock().expect("no panic").push((role, name.unwrap_or_default()));
        assert!(role != Role::Standby(1), "on purpose");
    });
    let pipeline = pipeline.build().expect("threads start");
    pipeline.submit(refused(0, 1)).expect("it is open");
    assert_eq!(pipeline.finish().metrics.panics, 1, "of one who was told");
    let mut roles = roles.lock().expect("no panic").clone();
    roles.sort_by(|a, b| a.1.cmp(&b.1));
    let expected = [
        (Role::Shard(0), "wardline-0"),
        (Role::Standby(0), "wardline-0-standby"),
        (Role::Shard(1), "wardline-1"),
        (Role::Standby(1), "wardline-1-standby"),
        (Role::Intake, "wardline-intake"),
        (Role::Log, "wardline-log"),
        (Role::Sink, "wardline-sink"),
        (Role::Watchdog, "wardline-watchdog"),
    ];
    assert_eq!(roles, expected.map(|(role, name)| (role, name.to_owned())));
}

#[test]
fn latencies_begin_anew_when_told_to() {
    let pipeline = Pipeline::builder(Config::default()).shards(2).build().expect("threads start");
    let all_counts = |metrics: &Metrics| {
        let Metrics { receive, queue, judge, sink, whole, .. } = metrics;
        [receive, queue, judge, sink, whole].map(|latency| latency.count)
    };
    (0..3).for_each(|input| pipeline.submit(refused(0, input)).expect("it is open"));
    wait_until("all is timed", || all_counts(&pipeline.metrics()) == [3; 5]);
    pipeline.reset_latencies();
    let metrics = pipeline.metrics();
    assert_eq!((all_counts(&metrics), metrics.judge.max_ns), ([0; 5], 0));
    assert_eq!((metrics.submitted, metrics.judged(), metrics.events), (3, 3, 3));
    pipeline.submit(refused(0, 3)).expect("it is open");
    wait_until("one more is timed", || all_counts(&pipeline.metrics()) == [1; 5]);
}

/// At rest the shards together know what one engine knows.
#[test]
fn views_do_not_depend_on_the_number_of_shards() {
    for seed in 0..6 {
        let records = records(seed, &Options::all_rules());
        let mut engine = Engine::new(Config::default());
        records.iter().for_each(|record| engine.apply(record, &mut |_| ()));
        for shards in [1, 2, 8] {
            let pipeline = Pipeline::builder(Config::default())
                .shards(shards)
                .in_order()
                .build()
                .expect("threads start");
            pipeline.submit(records.clone()).expect("it is open");
            wait_until("all is judged", || {
                let metrics = pipeline.metrics();
                metrics.judged() == records.len() as u64
                    && metrics.shards.iter().all(|shard| shard.last > 0)
                    && metrics.shards.iter().all(|shard| shard.waiting.value == 0)
            });
            assert_eq!(pipeline.incidents(), Ok(engine.open_incidents()), "seed {seed}");
            for number in [1001, 1002, 1003, 1004, 2001, 2002] {
                let mut expected = engine.person(person(number));
                let mut actual = pipeline.person(person(number)).expect("an answer");
                // The instant is that of the last input that the shard took in.
                for view in [&mut expected, &mut actual].into_iter().flatten() {
                    view.now = at(0);
                    let lasts = view.devices.iter_mut().filter_map(|device| device.last.as_mut());
                    lasts.for_each(|last| last.age_ms = 0);
                }
                assert_eq!(actual, expected, "seed {seed}, {shards} shards, person {number}");
            }
        }
    }
}
