//! The log and who waits for it: acceptance and events come after the commit, judgement does not.

use crate::support::{Barrier, Shared, fix, refused, wait_until};
use std::io;
use std::time::Duration;
use wardline::event::Event;
use wardline::pipeline::{Accepted, Batch, Log, Notice, Pipeline};
use wardline::{Config, Numbered};

/// A log that lets inputs wait for an hour, and whose commits pass a barrier.
struct LazyLog {
    barrier: Barrier,
    commits: Shared<usize>,
    waiting: usize,
}

impl Log for LazyLog {
    fn append(&mut self, inputs: &[Numbered]) -> io::Result<()> {
        self.waiting += inputs.len();
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        self.barrier.pass();
        self.commits.push(std::mem::take(&mut self.waiting));
        Ok(())
    }

    fn due_in(&self) -> Duration {
        Duration::from_secs(3_600)
    }
}

struct Run {
    pipeline: Pipeline,
    barrier: Barrier,
    commits: Shared<usize>,
    events: Shared<Event>,
    accepted: Shared<Accepted>,
}

fn run() -> Run {
    let (barrier, commits) = (Barrier::shut(), Shared::new());
    let (events, accepted) = (Shared::new(), Shared::new());
    let (told, kept) = (events.clone(), accepted.clone());
    let log = LazyLog { barrier: barrier.clone(), commits: commits.clone(), waiting: 0 };
    let pipeline = Pipeline::builder(Config::default())
        .log(log)
        .sink(move |event| told.push(event))
        .accepted(move |accepted| kept.push(accepted))
        .build()
        .expect("threads start");
    Run { pipeline, barrier, commits, events, accepted }
}

#[test]
fn no_event_and_no_acceptance_leaves_before_the_commit() {
    let run = run();
    (0..10).for_each(|value| run.pipeline.submit(refused(0, value)).expect("it is open"));
    wait_until("it is judged", || run.pipeline.metrics().judged() == 10);
    std::thread::sleep(Duration::from_millis(50));
    let before = (run.events.take().len(), run.accepted.take().len());
    run.barrier.open();
    assert_eq!(before, (0, 0));
    wait_until("the sink has the events", || run.pipeline.metrics().events == 10);
    let accepted: usize = run.accepted.take().iter().map(|accepted| accepted.inputs).sum();
    assert_eq!((run.events.take().len(), accepted), (10, 10));
    assert_eq!(run.pipeline.metrics().durable.count, 10);
}

/// Inputs without events wait as long as the log lets them; an event does not.
#[test]
fn an_event_brings_the_commit_on() {
    let run = run();
    run.barrier.open();
    run.pipeline.submit(fix(0, 7, 1)).expect("it is open");
    wait_until("the event of the stranger is told", || run.pipeline.metrics().events == 1);
    let commits = run.commits.take();
    let fixes: Vec<_> = (2..2_000).map(|seq| fix(seq, 7, seq as u64)).collect();
    run.pipeline.submit(Batch::from(fixes)).expect("it is open");
    wait_until("they are judged", || run.pipeline.metrics().judged() == 1_999);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!((commits, run.commits.take()), (vec![1], vec![]));
    run.pipeline.finish();
    assert_eq!(run.commits.take(), [1_998], "the end leaves nothing behind");
}

/// A log that has no room for a while.
struct FullLog(u32);

impl Log for FullLog {
    fn append(&mut self, _: &[Numbered]) -> io::Result<()> {
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Err(io::ErrorKind::StorageFull.into())
            }
            None => Ok(()),
        }
    }
}

#[test]
fn a_log_without_room_is_asked_again_and_told_of_once() {
    let (notices, accepted) = (Shared::new(), Shared::new());
    let (told, kept) = (notices.clone(), accepted.clone());
    let pipeline = Pipeline::builder(Config::default())
        .log(FullLog(9))
        .accepted(move |accepted| kept.push(accepted))
        .notices(move |notice| told.push(notice))
        .build()
        .expect("threads start");
    pipeline.submit(refused(0, 0)).expect("it is open");
    wait_until("there is room", || !accepted.take().is_empty());
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.events, metrics.log_full, metrics.log_failures), (1, 1, 0));
    assert!(matches!(notices.take()[..], [Notice::LogFull, Notice::LogHasRoom]));
}

/// At the end nobody waits for a disk for ever.
#[test]
fn a_log_that_never_has_room_fails_at_the_end() {
    let pipeline = Pipeline::builder(Config::default()).log(FullLog(u32::MAX));
    let pipeline = pipeline.build().expect("threads start");
    pipeline.submit(refused(0, 0)).expect("it is open");
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.log_failures, metrics.events_withheld, metrics.events), (1, 1, 0));
}
