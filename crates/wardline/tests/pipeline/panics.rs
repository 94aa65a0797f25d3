//! Callbacks that panic: it is told and counted, and no thread is lost.

use crate::support::{Shared, refused};
use std::io;
use std::time::Duration;
use wardline::event::Event;
use wardline::pipeline::{Batch, Log, Notice, Pipeline, Sink};
use wardline::{Config, Numbered};

/// A log that panics where it is told to.
#[derive(Default)]
struct Panics {
    append: bool,
    commit: bool,
    due: bool,
}

impl Log for Panics {
    fn append(&mut self, _: &[Numbered]) -> io::Result<()> {
        assert!(!self.append, "append");
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        assert!(!self.commit, "commit");
        Ok(())
    }

    fn due_in(&self) -> Duration {
        assert!(!self.due, "due");
        Duration::ZERO
    }
}

/// As one that fails: nothing is accepted, nothing is told, the pipeline is closed, and ends.
#[test]
fn a_log_that_panics_is_a_log_that_failed() {
    let kinds = [
        Panics { append: true, ..Panics::default() },
        Panics { commit: true, ..Panics::default() },
        Panics { due: true, ..Panics::default() },
    ];
    for (log, word) in kinds.into_iter().zip(["append", "commit", "due"]) {
        let (accepted, notices) = (Shared::new(), Shared::new());
        let (accepts, told) = (accepted.clone(), notices.clone());
        let pipeline = Pipeline::builder(Config::default())
            .log(log)
            .accepted(move |batch| accepts.push(batch))
            .notices(move |notice| told.push(notice))
            .build()
            .expect("threads start");
        // More than the log's queue holds: whoever submits must not wait for a thread that is gone.
        let submitted = (0..20_000).take_while(|n| pipeline.submit(refused(0, *n)).is_ok()).count();
        assert!(submitted < 20_000, "{word}: it was never closed");
        let metrics = pipeline.finish().metrics;
        assert_eq!((metrics.log_failures, metrics.panics), (1, 1), "{word}");
        assert_eq!(metrics.judged(), submitted as u64);
        assert_eq!((metrics.events, metrics.events_withheld), (0, submitted as u64), "{word}");
        assert!(accepted.take().is_empty());
        let failed = notices.take().into_iter().filter_map(|notice| match notice {
            Notice::LogFailed { reason } => Some(reason),
            _ => None,
        });
        assert_eq!(failed.collect::<Vec<_>>(), [word]);
    }
}

/// What was accepted is in the log; who was not told of it is told of what comes later.
#[test]
fn who_is_told_of_acceptances_may_panic() {
    for logs in [false, true] {
        let (accepted, notices) = (Shared::new(), Shared::new());
        let (accepts, told) = (accepted.clone(), notices.clone());
        let builder = Pipeline::builder(Config::default())
            .in_order()
            .accepted(move |batch| {
                assert!(batch.tag != 3, "tag 3");
                accepts.push(batch.tag);
            })
            .notices(move |notice| told.push(notice));
        let builder = if logs { builder.log(Panics::default()) } else { builder };
        let pipeline = builder.build().expect("threads start");
        for tag in 0..6 {
            let mut batch = Batch::from(refused(0, tag));
            batch.set_tag(tag);
            pipeline.submit(batch).expect("it is open");
        }
        let metrics = pipeline.finish().metrics;
        assert_eq!((metrics.judged(), metrics.events, metrics.panics), (6, 6, 1));
        assert_eq!(accepted.take(), [0, 1, 2, 4, 5]);
        let notices = notices.take();
        assert!(
            matches!(&notices[..], [Notice::AcceptedPanicked { first: 4, reason }]
                if reason == "tag 3"),
            "{notices:?}"
        );
    }
}

/// There is nobody to tell of it, so that it is counted.
#[test]
fn who_is_told_of_notices_may_panic() {
    let pipeline = Pipeline::builder(Config::default())
        .accepted(|_| panic!("not now"))
        .notices(|_| panic!("nor now"))
        .build()
        .expect("threads start");
    pipeline.submit(refused(0, 1)).expect("it is open");
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.judged(), metrics.panics), (1, 2));
}

/// A log that cannot be read again.
#[test]
fn a_replay_that_panics_is_a_replay_that_failed() {
    let notices = Shared::new();
    let told = notices.clone();
    let pipeline = Pipeline::builder(Config::default())
        .replay(9, |_| panic!("unreadable"))
        .notices(move |notice| told.push(notice))
        .build()
        .expect("threads start");
    while pipeline.submit(refused(0, 1)).is_ok() {
        std::thread::sleep(Duration::from_millis(1));
    }
    pipeline.finish();
    let notices = notices.take();
    assert!(
        matches!(&notices[..], [Notice::ReplayFailed { reason }] if reason == "unreadable"),
        "{notices:?}"
    );
}

struct NeverDue;

impl Sink for NeverDue {
    fn take(&mut self, _: &mut Vec<Event>) -> io::Result<()> {
        Ok(())
    }

    fn flush_in(&self) -> Option<Duration> {
        panic!("no answer")
    }
}

#[test]
fn a_sink_that_panics_when_it_is_asked_goes_on() {
    let pipeline =
        Pipeline::builder(Config::default()).sink(NeverDue).build().expect("threads start");
    while pipeline.metrics().sink_failures == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    pipeline.submit(refused(0, 1)).expect("it is open");
    assert_eq!(pipeline.finish().metrics.events, 1);
}
