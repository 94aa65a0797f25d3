//! Who waits for whom before the numbers are given.

use crate::support::{
    Barrier, Shared, assign, fix, keep_away, order, refused, status, tick, wait_until,
};
use wardline::Config;
use wardline::input::{Input, Record, Status};
use wardline::pipeline::{Accepted, Batch, Pipeline, Refused};

/// A pipeline whose only shard is held up at its first input.
fn held_up(queue: usize, barrier: &Barrier, log: &Shared<wardline::Numbered>) -> Pipeline {
    let barrier = barrier.clone();
    Pipeline::builder(Config::default())
        .queue(queue)
        .share_queue(1)
        .log(log.clone())
        .trial(move |_, _| barrier.pass())
        .build()
        .expect("threads start")
}

/// Fills the way to the shard, so that all that comes later waits without a number.
fn fill(pipeline: &Pipeline) -> u64 {
    for input in 0..3 {
        pipeline.submit(refused(0, input)).expect("it is open");
        wait_until("it has a number", || pipeline.metrics().numbered == input + 1);
        if input == 0 {
            wait_until("the shard is at it", || pipeline.metrics().shards[0].waiting.value == 0);
        }
    }
    3
}

fn fixes(device: u64, seqs: std::ops::Range<u64>) -> Batch {
    seqs.map(|seq| fix(seq as i64, device, seq)).collect::<Vec<_>>().into()
}

/// C29: a million fixes wait, and a panic overtakes them all.
#[test]
fn a_panic_overtakes_a_million_fixes() {
    let (barrier, log) = (Barrier::shut(), Shared::new());
    let pipeline = held_up(1_000, &barrier, &log);
    let before = fill(&pipeline);
    for batch in 0..1_000 {
        pipeline.submit(fixes(7, batch * 1_000..(batch + 1) * 1_000)).expect("there is room");
    }
    pipeline.submit(status(5, 8, 1, Status::Panic)).expect("there is room");
    let metrics = pipeline.metrics();
    assert_eq!((metrics.waiting.value, metrics.waiting_urgent.value), (1_000_000, 1));
    assert_eq!(metrics.numbered, before);
    barrier.open();
    assert_eq!(pipeline.finish().metrics.judged(), before + 1_000_001);
    let log = log.take();
    let panic = log.iter().find(|input| matches!(input.record.input, Input::Status(_)));
    assert_eq!(panic.expect("it was numbered").number, before + 1);
}

#[test]
fn what_overtakes_stays_in_its_own_order_and_so_does_the_rest() {
    let (barrier, log) = (Barrier::shut(), Shared::new());
    let pipeline = held_up(4, &barrier, &log);
    let before = fill(&pipeline) as usize;
    let records = [
        assign(1, 7, 1),
        fix(2, 7, 1),
        status(3, 7, 2, Status::Heartbeat),
        order(4, 1, 1, keep_away(2)),
        refused(5, 1),
        status(6, 7, 3, Status::StrapOpen),
        tick(7),
        status(8, 7, 4, Status::BatteryLow),
    ];
    pipeline.submit(records.to_vec()).expect("there is room");
    barrier.open();
    pipeline.finish();
    let word = |record: &Record| match &record.input {
        Input::Status(status) => status.status.word(),
        Input::AssignDevice(_) => "assign",
        Input::PutOrder(_) => "order",
        Input::Fix(_) => "fix",
        Input::Tick => "tick",
        _ => "refused",
    };
    let log = log.take();
    let words: Vec<_> = log[before..].iter().map(|input| word(&input.record)).collect();
    let first = ["order", "strap_open", "tick", "battery_low"];
    assert_eq!(words[..4], first);
    assert_eq!(words[4..], ["assign", "fix", "heartbeat", "refused"]);
}

#[test]
fn a_full_pipeline_hands_the_same_batch_back_and_goes_on() {
    let (barrier, log) = (Barrier::shut(), Shared::new());
    let pipeline = held_up(1, &barrier, &log);
    let before = fill(&pipeline);
    pipeline.try_submit(fixes(7, 0..1_024)).expect("there is room");
    let mut batch = fixes(7, 1_024..1_030);
    batch.push(tick(9));
    batch.set_tag(5);
    let returned = pipeline.try_submit(batch).expect_err("the lane is full");
    assert_eq!(returned.reason, Refused::Full);
    let seqs = |batch: &Batch| -> Vec<_> {
        let seq = |record: &Record| match &record.input {
            Input::Fix(fix) => fix.seq,
            _ => 0,
        };
        batch.records().iter().map(seq).collect()
    };
    assert_eq!(seqs(&returned.batch), [1_024, 1_025, 1_026, 1_027, 1_028, 1_029, 0]);
    assert_eq!(pipeline.metrics().submitted, before + 1_024, "what came back does not count");
    pipeline.try_submit(tick(9)).expect("the other lane has room");
    barrier.open();
    wait_until("there is room", || pipeline.metrics().waiting.value == 0);
    pipeline.try_submit(returned.batch).expect("there is room");
    assert_eq!(pipeline.finish().metrics.judged(), before + 1_024 + 1 + 7);
}

#[test]
fn submit_waits_for_room() {
    let (barrier, log) = (Barrier::shut(), Shared::new());
    let pipeline = held_up(1, &barrier, &log);
    let before = fill(&pipeline);
    std::thread::scope(|scope| {
        let submitters: Vec<_> = (0..4)
            .map(|device| {
                let pipeline = &pipeline;
                scope.spawn(move || {
                    for batch in 0..5 {
                        let seqs = batch * 1_000..(batch + 1) * 1_000;
                        pipeline.submit(fixes(device + 1, seqs)).expect("it is open");
                    }
                })
            })
            .collect();
        wait_until("one is in", || pipeline.metrics().submitted == before + 1_000);
        barrier.open();
        submitters.into_iter().for_each(|submitter| submitter.join().expect("no panic"));
    });
    assert_eq!(pipeline.finish().metrics.judged(), before + 20_000);
    // Those of one submitter are numbered in order.
    let mut last = [0; 5];
    for input in log.take() {
        if let Input::Fix(fix) = input.record.input {
            let last = &mut last[fix.device.number() as usize];
            assert!(fix.seq >= *last);
            *last = fix.seq;
        }
    }
}

#[test]
fn who_submits_learns_what_is_in_the_log() {
    let accepted = Shared::new();
    let told = accepted.clone();
    let pipeline = Pipeline::builder(Config::default())
        .in_order()
        .accepted(move |accepted: Accepted| {
            told.push((accepted.tag, accepted.first, accepted.inputs));
        })
        .build()
        .expect("threads start");
    for (tag, many) in [(11, 3), (12, 1_500)] {
        let mut batch = fixes(7, 0..many);
        batch.set_tag(tag);
        pipeline.submit(batch).expect("it is open");
    }
    pipeline.finish();
    assert_eq!(accepted.take(), [(11, 1, 3), (12, 4, 1_024), (12, 1_028, 476)]);
}
