//! C16: a slow sink holds the rest up or loses counted events, as was chosen.

use crate::support::{Barrier, Shared, refused, wait_until};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wardline::event::Event;
use wardline::pipeline::{JsonLines, Metrics, Notice, Overflow, Pipeline, Refused, Sink, channel};
use wardline::{Config, jsonl};

/// A pipeline with little room, whose sink stands still.
fn slow(overflow: Overflow, barrier: &Barrier) -> (Pipeline, Shared<Event>, Shared<Notice>) {
    let (events, notices) = (Shared::new(), Shared::new());
    let (taken, told, barrier) = (events.clone(), notices.clone(), barrier.clone());
    let pipeline = Pipeline::builder(Config::default())
        .queue(1)
        .share_queue(1)
        .event_queue(2)
        .overflow(overflow)
        .sink(move |event| {
            barrier.pass();
            taken.push(event);
        })
        .notices(move |notice| told.push(notice))
        .build()
        .expect("threads start");
    (pipeline, events, notices)
}

#[test]
fn a_slow_sink_holds_up_whoever_submits() {
    let barrier = Barrier::shut();
    let (pipeline, events, notices) = slow(Overflow::Wait, &barrier);
    let mut submitted = 0;
    // Each input gives an event; a batch at a time, until all on the way is full.
    let stopped = wait_for_full(&pipeline, &mut submitted);
    assert_eq!(stopped, Refused::Full);
    let metrics = pipeline.metrics();
    assert_eq!(metrics.waiting_events.value, metrics.waiting_events.limit);
    barrier.open();
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.events, metrics.events_lost), (submitted, 0));
    let inputs: Vec<_> = events.take().into_iter().map(|event| event.input).collect();
    assert!(inputs.into_iter().eq(1..=submitted), "all, in order");
    assert!(notices.take().is_empty());
}

/// Submits until it has been refused for a while.
fn wait_for_full(pipeline: &Pipeline, submitted: &mut u64) -> Refused {
    let mut refusals = 0;
    loop {
        match pipeline.try_submit(refused(0, *submitted)) {
            Ok(()) => (*submitted, refusals) = (*submitted + 1, 0),
            Err(returned) if refusals == 50 => return returned.reason,
            Err(_) => refusals += 1,
        }
        if refusals > 0 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

#[test]
fn or_events_are_lost_and_counted() {
    let barrier = Barrier::shut();
    let (pipeline, events, notices) = slow(Overflow::Lose, &barrier);
    for input in 0..10_000 {
        pipeline.submit(refused(0, input)).expect("it is open");
    }
    let judged = |metrics: &Metrics| metrics.judged();
    wait_until("all is judged", || judged(&pipeline.metrics()) == 10_000);
    let lost = pipeline.metrics().events_lost;
    assert!(lost > 9_000, "the judgement went on: {lost}");
    barrier.open();
    let metrics = pipeline.finish().metrics;
    assert_eq!(metrics.events + metrics.events_lost, 10_000);
    assert_eq!(metrics.events, events.take().len() as u64);
    let told = notices.take().into_iter().map(|notice| match notice {
        Notice::EventsLost { events } => events as u64,
        other => panic!("{other:?}"),
    });
    assert_eq!(told.sum::<u64>(), metrics.events_lost, "each loss is told");
}

#[test]
fn a_channel_hands_events_on() {
    let (sink, received) = channel(4);
    let pipeline = Pipeline::builder(Config::default()).sink(sink).build().expect("threads start");
    let reader = std::thread::spawn(move || received.iter().count());
    (0..500).for_each(|input| pipeline.submit(refused(0, input)).expect("it is open"));
    let metrics = pipeline.finish().metrics;
    assert_eq!(reader.join().expect("no panic"), 500);
    assert_eq!((metrics.events, metrics.events_lost), (500, 0));
}

#[test]
fn a_receiver_that_is_gone_is_told_of() {
    let (sink, received) = channel(4);
    drop(received);
    let pipeline = Pipeline::builder(Config::default()).sink(sink).build().expect("threads start");
    pipeline.submit(refused(0, 1)).expect("it is open");
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.events, metrics.events_lost, metrics.sink_failures), (0, 1, 1));
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn json_lines_are_those_of_the_wire() {
    let buffer = Buffer::default();
    let lines = JsonLines::new(io::BufWriter::new(buffer.clone()));
    let pipeline = Pipeline::builder(Config::default()).sink(lines).build().expect("threads start");
    pipeline.submit(refused(0, 1)).expect("it is open");
    pipeline.submit(refused(5, 2)).expect("it is open");
    wait_until("idle lines are flushed", || {
        buffer.0.lock().expect("no panic").iter().filter(|byte| **byte == b'\n').count() == 2
    });
    pipeline.finish();
    let mut expected = Vec::new();
    for event in crate::support::replay(&[refused(0, 1), refused(5, 2)]) {
        jsonl::write_event(&event, &mut expected).expect("memory");
    }
    assert_eq!(*buffer.0.lock().expect("no panic"), expected);
}

/// Fails at every second list, by an error or a panic.
struct Broken {
    turns: u32,
    panics: bool,
}

impl Sink for Broken {
    fn take(&mut self, _: &mut Vec<Event>) -> io::Result<()> {
        self.turns += 1;
        match (self.turns % 2, self.panics) {
            (1, _) => Ok(()),
            (_, true) => panic!("the sink is broken"),
            (_, false) => Err(io::Error::other("the sink is broken")),
        }
    }
}

/// Takes everything, and panics over all other questions.
struct Restless(Shared<Event>);

impl Sink for Restless {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        events.drain(..).for_each(|event| self.0.push(event));
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("it cannot be flushed")
    }

    fn flush_in(&self) -> Option<Duration> {
        panic!("it does not know when")
    }
}

#[test]
fn a_sink_that_panics_between_events_is_told_of_and_gets_all_of_them() {
    let (taken, notices) = (Shared::new(), Shared::new());
    let told = notices.clone();
    let pipeline = Pipeline::builder(Config::default())
        .sink(Restless(taken.clone()))
        .notices(move |notice| told.push(notice))
        .build()
        .expect("threads start");
    let mut seen = Vec::new();
    for input in 0..10 {
        pipeline.submit(refused(0, input)).expect("it is open");
        wait_until("the event comes", || {
            seen.extend(taken.take());
            seen.len() as u64 == input + 1
        });
    }
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.events, metrics.events_lost), (10, 0));
    let reasons: Vec<_> = notices.take().into_iter().filter_map(reason_of_sink).collect();
    assert_eq!(metrics.sink_failures, reasons.len() as u64);
    for reason in ["it cannot be flushed", "it does not know when"] {
        assert!(reasons.iter().any(|told| told == reason), "{reason}: {reasons:?}");
    }
}

/// A listener that panics loses notices, which is counted, and ends nothing.
#[test]
fn a_listener_that_panics_is_counted() {
    let pipeline = Pipeline::builder(Config::default())
        .sink(Broken { turns: 1, panics: true })
        .notices(|_| panic!("the listener is broken"))
        .build()
        .expect("threads start");
    (0..10).for_each(|input| pipeline.submit(refused(0, input)).expect("it is open"));
    let metrics = pipeline.finish().metrics;
    assert_eq!((metrics.events, metrics.events_lost, metrics.sink_failures), (5, 5, 5));
    // Each loss is told, and each failure.
    assert_eq!(metrics.panics, 10);
    assert_eq!(metrics.judged(), 10);
}

fn reason_of_sink(notice: Notice) -> Option<String> {
    match notice {
        Notice::SinkFailed { reason } => Some(reason),
        _ => None,
    }
}

#[test]
fn a_sink_that_fails_loses_counted_events_and_nothing_stops() {
    for panics in [false, true] {
        let notices = Shared::new();
        let told = notices.clone();
        let pipeline = Pipeline::builder(Config::default())
            .sink(Broken { turns: 0, panics })
            .notices(move |notice| told.push(notice))
            .build()
            .expect("threads start");
        (0..10).for_each(|input| pipeline.submit(refused(0, input)).expect("it is open"));
        let metrics = pipeline.finish().metrics;
        assert_eq!((metrics.events, metrics.events_lost), (5, 5));
        let reasons = notices.take().into_iter().filter_map(reason_of_sink);
        assert_eq!(reasons.collect::<Vec<_>>(), vec!["the sink is broken"; 5]);
    }
}
