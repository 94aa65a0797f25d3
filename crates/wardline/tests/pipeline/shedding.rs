//! What is dropped when there is no room, and what never is.

use crate::support::{Barrier, Shared, assign, fix, refused, status, wait_until};
use std::collections::BTreeMap;
use wardline::Config;
use wardline::input::{Input, Record, Status};
use wardline::pipeline::{Notice, Pipeline, Refused, Shedding};

struct Flood {
    pipeline: Pipeline,
    barrier: Barrier,
    log: Shared<wardline::Numbered>,
    notices: Shared<Notice>,
    before: u64,
}

/// A pipeline with a lane of 1,024 inputs that nothing leaves for the time being.
fn flood(shedding: Shedding) -> Flood {
    let (barrier, log, notices) = (Barrier::shut(), Shared::new(), Shared::new());
    let (shut, told) = (barrier.clone(), notices.clone());
    let pipeline = Pipeline::builder(Config::default())
        .queue(1)
        .share_queue(1)
        .shedding(shedding)
        .log(log.clone())
        .notices(move |notice| told.push(notice))
        .trial(move |_, _| shut.pass())
        .build()
        .expect("threads start");
    for input in 0..3 {
        pipeline.submit(refused(0, input)).expect("it is open");
        wait_until("it has a number", || pipeline.metrics().numbered == input + 1);
        if input == 0 {
            wait_until("the shard is at it", || pipeline.metrics().shards[0].waiting.value == 0);
        }
    }
    Flood { pipeline, barrier, log, notices, before: 3 }
}

impl Flood {
    /// The fixes that were numbered, by device: how many, and the first and last.
    fn end(self) -> (BTreeMap<u64, (usize, u64, u64)>, u64) {
        let Self { pipeline, barrier, log, notices, before } = self;
        barrier.open();
        let metrics = pipeline.finish().metrics;
        assert_eq!(metrics.submitted, metrics.judged() + metrics.shed, "in = out + shed");
        let told = notices.take().into_iter().map(|notice| match notice {
            Notice::Shed { fixes, .. } => fixes as u64,
            other => panic!("{other:?}"),
        });
        assert_eq!(told.sum::<u64>(), metrics.shed, "all that was dropped is told");
        let mut fixes: BTreeMap<u64, (usize, u64, u64)> = BTreeMap::new();
        for input in log.take().into_iter().skip(before as usize) {
            if let Input::Fix(fix) = input.record.input {
                let entry = fixes.entry(fix.device.number()).or_insert((0, fix.seq, fix.seq));
                assert!(fix.seq >= entry.2, "the order of a device stays");
                *entry = (entry.0 + 1, entry.1, fix.seq);
            }
        }
        (fixes, metrics.shed)
    }
}

/// Device 99 sends ten times what the others send.
fn round(number: u64) -> Vec<Record> {
    let ms = number as i64;
    let flood = (0..10).map(|part| fix(ms, 99, number * 10 + part));
    flood.chain((1..=10).map(|device| fix(ms, device, number))).collect()
}

#[test]
fn a_device_that_floods_loses_its_own_fixes_only() {
    let flood = flood(Shedding::ByDevice);
    for number in 0..90 {
        flood.pipeline.try_submit(round(number)).expect("room is made");
    }
    assert_eq!(flood.pipeline.metrics().waiting.value, 1_024);
    let (fixes, shed) = flood.end();
    for device in 1..=10 {
        assert_eq!(fixes[&device], (90, 0, 89), "device {device}");
    }
    // 1,024 wait: 900 of the others, and the newest 124 of it.
    assert_eq!(fixes[&99], (124, 900 - 124, 899));
    assert_eq!(shed, 900 - 124);
}

#[test]
fn nothing_is_dropped_unless_that_was_chosen() {
    let flood = flood(Shedding::Never);
    let full = (0..90).find_map(|number| flood.pipeline.try_submit(round(number)).err());
    assert_eq!(full.expect("the lane is full").reason, Refused::Full);
    assert_eq!(flood.end().1, 0);
}

#[test]
fn only_fixes_are_dropped_and_no_device_loses_its_newest() {
    let flood = flood(Shedding::ByDevice);
    let others = |number: u64| {
        let ms = number as i64;
        [
            assign(ms, number + 1, 1),
            status(ms, 7, number, Status::Heartbeat),
            refused(ms, number),
            fix(ms, 7, number),
            fix(ms, number + 1_000, number),
        ]
    };
    let mut taken = 0;
    let full = loop {
        match flood.pipeline.try_submit(others(taken).to_vec()) {
            Ok(()) => taken += 1,
            Err(returned) => break returned,
        }
    };
    // All of the batch comes back, though device 7 could have spared a fix.
    assert_eq!((full.reason, full.batch.len()), (Refused::Full, 5));
    let (fixes, shed) = flood.end();
    assert_eq!(fixes[&7].2, taken - 1, "the newest stays");
    assert_eq!(fixes.values().filter(|fixes| fixes.0 == 1).count() as u64, taken);
    // Of 5 a batch 4 stay, and the newest of device 7: one batch more would leave it none.
    assert_eq!(taken, (1_024 - 1) / 4);
    assert_eq!(shed, 5 * taken - 1_024);
    assert_eq!(fixes[&7].0 as u64, taken - shed);
}

/// The urgent lane has a limit too, and nothing of it is dropped.
#[test]
fn what_overtakes_is_never_dropped() {
    let flood = flood(Shedding::ByDevice);
    let full = (0..).find_map(|seq| {
        flood.pipeline.try_submit(status(0, 7, seq, Status::StrapOpen)).err().map(|_| seq)
    });
    assert_eq!(full, Some(1_024));
    let before = flood.before;
    let submitted = flood.pipeline.metrics().submitted;
    assert_eq!(submitted, before + 1_024);
    assert_eq!(flood.end().1, 0);
}
