//! A sink that panics under a journal: it is told, and the evidence goes on.

use crate::support::{evidence, id, judged, logged, records};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use wardline::Config;
use wardline::event::Event;
use wardline::journal::disk::MemoryDisk;
use wardline::journal::{Journal, Settings};
use wardline::pipeline::{Notice, Pipeline};

#[test]
fn a_sink_that_panics_loses_its_events_and_not_the_evidence() {
    let (records, disk) = (records(2), MemoryDisk::new());
    let (config, settings) = (Config::default(), Settings::new("example.org/test"));
    let shared = Arc::new(disk.clone());
    let journal = Journal::open(shared, settings, &config, 1).expect("a new journal");
    let (told, notices) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (tells, notes, calls) = (told.clone(), notices.clone(), AtomicU32::new(0));
    let sink = move |event: Event| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        assert!(call % 5 != 3, "it panics now and then");
        tells.lock().expect("not while it is locked").push(event);
    };
    let builder = Pipeline::builder(config)
        .in_order()
        .notices(move |notice| notes.lock().expect("no panic").push(notice));
    let (builder, attached) = journal.attach(builder, sink).expect("it is new");
    let pipeline = builder.build().expect("threads start");
    for batch in records.chunks(7) {
        pipeline.submit(batch.to_vec()).expect("it is open");
    }
    let metrics = pipeline.finish().metrics;
    assert!(!attached.has_failed());
    let expected = judged(&logged(&disk));
    let (events, _) = evidence(&disk);
    assert!(events.len() == expected.len() && events.iter().all(|e| expected[&id(e)] == *e));
    let notices = notices.lock().expect("no panic");
    let failed = notices.iter().filter(|n| matches!(n, Notice::SinkFailed { .. })).count() as u64;
    let lost: usize = notices
        .iter()
        .map(|notice| if let Notice::EventsLost { events } = notice { *events } else { 0 })
        .sum();
    assert!(failed >= 2, "{failed}");
    assert_eq!((metrics.sink_failures, metrics.events_lost), (failed, lost as u64));
    // Those that it took before it panicked on another of the same batch count as lost.
    let told = told.lock().expect("no panic");
    assert!(told.len() as u64 >= metrics.events && (told.len() as u64) < events.len() as u64);
    let ids: std::collections::BTreeSet<_> = told.iter().map(id).collect();
    assert_eq!(ids.len(), told.len(), "nothing is offered twice");
    assert_eq!(metrics.events + metrics.events_lost, events.len() as u64);
}
