//! Runs of a pipeline with a journal on a disk in memory, and what must hold after them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use wardline::event::Event;
use wardline::input::Record;
use wardline::journal::disk::MemoryDisk;
use wardline::journal::{Attached, Found, Journal, Settings};
use wardline::pipeline::{Accepted, Notice, Pipeline};
use wardline::{Config, Engine, jsonl};
use wardline_journal::{
    Evidence, EvidenceReader, InputReader, LogKind, Logged, Unsealed, input_to_bytes,
    stored_checkpoints, stored_verifier, verify,
};
use wardline_sim::scenario::{Options, scenario};

/// A list that several threads add to.
pub type List<T> = Arc<Mutex<Vec<T>>>;

pub type EventId = (u64, u64, u32);

pub fn records(seed: u64) -> Vec<Record> {
    let text = scenario(seed, &Options::all_rules());
    (1..).zip(text.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
}

/// A pipeline on the disk, and what it says.
pub struct Run {
    pub pipeline: Pipeline,
    pub attached: Attached,
    pub found: Found,
    pub told: List<Event>,
    pub accepted: List<Accepted>,
    pub notices: List<Notice>,
}

impl Run {
    pub fn start(disk: &MemoryDisk, shards: usize) -> Self {
        let config = Config::default();
        let settings = Settings::new("example.org/test");
        let opened = Journal::open(Arc::new(disk.clone()), settings, &config, shards);
        let journal = opened.expect("the journal is sound");
        let found = journal.found().clone();
        let (told, accepted) = (List::default(), List::default());
        let notices: List<Notice> = List::default();
        let (tells, accepts, notes): (List<Event>, List<Accepted>, _) =
            (Arc::clone(&told), Arc::clone(&accepted), Arc::clone(&notices));
        let builder = Pipeline::builder(config)
            .shards(shards)
            .in_order()
            .accepted(move |batch| accepts.lock().expect("no panic").push(batch))
            .notices(move |notice| notes.lock().expect("no panic").push(notice));
        let sink = move |event| tells.lock().expect("no panic").push(event);
        let (builder, attached) = journal.attach(builder, sink).expect("the log is readable");
        let pipeline = builder.build().expect("threads start");
        Self { pipeline, attached, found, told, accepted, notices }
    }

    /// Submits records in batches, each with the place of its first as its tag.
    pub fn submit(&self, records: &[Record], from: usize) -> bool {
        let starts = (from..records.len()).step_by(BATCH);
        starts.into_iter().all(|start| {
            let end = (start + BATCH).min(records.len());
            let mut batch = wardline::pipeline::Batch::from(records[start..end].to_vec());
            batch.set_tag(start as u64);
            self.pipeline.submit(batch).is_ok()
        })
    }

    /// Ends in order; gives whether a snapshot was left.
    pub fn finish(self) -> bool {
        let is_judged = || {
            let metrics = self.pipeline.metrics();
            metrics.judged() == metrics.submitted + metrics.replayed
        };
        while !is_judged() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let last = self.pipeline.snapshots().expect("no shard is lost");
        self.pipeline.finish();
        self.attached.close(&last).expect("it can be written").is_some()
    }
}

pub const BATCH: usize = 7;

/// What the log of inputs has.
pub fn logged(disk: &MemoryDisk) -> Vec<Record> {
    let mut reader = InputReader::open(Arc::new(disk.clone()), 1).expect("readable");
    let mut logged = Vec::new();
    while reader.next_frame(&mut logged).expect("sound") {}
    let records = logged.into_iter().filter_map(|logged| match logged {
        Logged::Input { record, .. } => Some(record.open().expect("nothing was forgotten")),
        _ => None,
    });
    records.collect()
}

/// The events that the evidence has, and the numbers of the acts, in its order.
pub fn evidence(disk: &MemoryDisk) -> (Vec<Event>, Vec<u64>) {
    let verifier = stored_verifier(disk).expect("readable").expect("there");
    let against = stored_checkpoints(disk, &verifier).expect("signed");
    let disk: Arc<MemoryDisk> = Arc::new(disk.clone());
    verify(disk.clone(), LogKind::Input, Vec::new(), |_| ()).expect("the inputs verify");
    let mut reader = EvidenceReader::open(disk, against).expect("readable");
    let (mut leaves, mut events, mut acts) = (Vec::new(), Vec::new(), Vec::new());
    while reader.next_frame(&mut leaves).expect("the evidence verifies") {}
    for leaf in leaves {
        match leaf.evidence {
            Evidence::Event(event) => match *event {
                Unsealed::Open(event) => events.push(event),
                _ => panic!("nothing was forgotten"),
            },
            Evidence::Input { number, .. } => acts.push(number),
            _ => {}
        }
    }
    (events, acts)
}

pub fn id(event: &Event) -> EventId {
    (event.input, event.order.number(), event.index)
}

/// What one engine says of the log.
pub fn judged(records: &[Record]) -> BTreeMap<EventId, Event> {
    let mut engine = Engine::new(Config::default());
    let mut events = BTreeMap::new();
    for record in records {
        engine.apply(record, &mut |event| assert!(events.insert(id(&event), event).is_none()));
    }
    events
}

/// The evidence has each event of the log once and nothing else, each act once and before what it
/// caused; whatever was told is in it, and all of it was told.
pub fn check(disk: &MemoryDisk, told: &[Event]) {
    let records = logged(disk);
    let expected = judged(&records);
    let (events, acts) = evidence(disk);
    let known: BTreeMap<_, _> = events.iter().map(|event| (id(event), event.clone())).collect();
    assert_eq!(known.len(), events.len(), "each once");
    assert!(known == expected, "{} events where {} must be", known.len(), expected.len());
    let told: BTreeSet<_> = told.iter().map(id).collect();
    assert!(told.iter().eq(known.keys()), "{} told of {}", told.len(), known.len());
    assert!(acts.is_sorted() && acts.windows(2).all(|pair| pair[0] < pair[1]), "each act once");
}

/// All that was accepted is in the log, under the numbers that were said.
pub fn check_accepted(disk: &MemoryDisk, records: &[Record], accepted: &[Accepted]) {
    let logged = logged(disk);
    for Accepted { tag, first, inputs, .. } in accepted {
        for place in 0..*inputs {
            let (sent, kept) =
                (&records[*tag as usize + place], &logged[*first as usize - 1 + place]);
            let sent = Record { at: kept.at, input: sent.input.clone() };
            assert!(input_to_bytes(&sent) == input_to_bytes(kept), "input {first} + {place}");
        }
    }
}
