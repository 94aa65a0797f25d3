//! Logs, collectors and small inputs.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use wardline::event::Event;
use wardline::geometry::Position;
use wardline::ids::{DeviceId, OrderId, PersonId, RuleId};
use wardline::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, PutOrder, Record, Refusal, Rule,
    Status, StatusReport,
};
use wardline::pipeline::Log;
use wardline::time::{Interval, Timestamp};
use wardline::{Config, Engine, Numbered, jsonl};
use wardline_sim::scenario::{Options, scenario};

/// A list that several threads add to.
pub struct Shared<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Shared<T> {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    pub fn push(&self, item: T) {
        self.0.lock().expect("no panic").push(item);
    }

    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

/// A log in memory.
impl Log for Shared<Numbered> {
    fn append(&mut self, inputs: &[Numbered]) -> io::Result<()> {
        inputs.iter().for_each(|input| self.push(input.clone()));
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub type ByOrder = BTreeMap<OrderId, Vec<Event>>;

/// The events of each order in the order of their coming; what concerns none, by its input.
pub fn by_order(events: impl IntoIterator<Item = Event>) -> ByOrder {
    let mut orders = ByOrder::new();
    events.into_iter().for_each(|event| orders.entry(event.order).or_default().push(event));
    if let Some(facts) = orders.get_mut(&OrderId::NONE) {
        facts.sort_by_key(|event| event.input);
    }
    orders
}

/// What one engine says.
pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Event> {
    replay_with(&Config::default(), records)
}

pub fn replay_with<'a>(
    config: &Config,
    records: impl IntoIterator<Item = &'a Record>,
) -> Vec<Event> {
    let mut engine = Engine::new(config.clone());
    let mut events = Vec::new();
    for record in records {
        engine.apply(record, &mut |event| events.push(event));
    }
    events
}

pub fn records(seed: u64, options: &Options) -> Vec<Record> {
    let text = scenario(seed, options);
    (1..).zip(text.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
}

/// Something that stops whoever passes while it is shut.
#[derive(Clone)]
pub struct Barrier(Arc<(Mutex<bool>, Condvar)>);

impl Barrier {
    pub fn shut() -> Self {
        Self(Arc::new((Mutex::new(true), Condvar::new())))
    }

    pub fn pass(&self) {
        let mut is_shut = self.0.0.lock().expect("no panic");
        while *is_shut {
            is_shut = self.0.1.wait(is_shut).expect("no panic");
        }
    }

    pub fn open(&self) {
        *self.0.0.lock().expect("no panic") = false;
        self.0.1.notify_all();
    }
}

/// Waits until it is so, up to 20 s.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "not in 20 s: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The instant so many milliseconds after the start of 2026.
pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_767_225_600_000 + ms)
}

pub fn device(number: u64) -> DeviceId {
    DeviceId::new(number).expect("not 0")
}

pub fn person(number: u64) -> PersonId {
    PersonId::new(number).expect("not 0")
}

pub fn record(ms: i64, input: Input) -> Record {
    Record { at: Some(at(ms)), input }
}

pub fn assign(ms: i64, number: u64, to: u64) -> Record {
    let (device, person, kind) = (device(number), person(to), DeviceKind::Phone);
    record(ms, Input::AssignDevice(AssignDevice { device, person, kind }))
}

pub fn fix(ms: i64, number: u64, seq: u64) -> Record {
    let position = Position::from_degrees(42.87, 74.6).expect("a position");
    let fix = Fix { accuracy_m: Some(8.0), ..Fix::new(device(number), seq, at(ms), position) };
    record(ms, Input::Fix(fix))
}

pub fn status(ms: i64, number: u64, seq: u64, status: Status) -> Record {
    let (device, time) = (device(number), at(ms));
    record(ms, Input::Status(StatusReport { device, seq, time, status }))
}

pub fn tick(ms: i64) -> Record {
    record(ms, Input::Tick)
}

/// An input that is answered by one event at once.
pub fn refused(ms: i64, value: u64) -> Record {
    record(ms, Input::Invalid(Refusal::new("a_test", value)))
}

/// An order of one rule, in force for an hour.
pub fn order(ms: i64, number: u64, of: u64, demand: Demand) -> Record {
    let put = PutOrder {
        order: OrderId::new(number).expect("not 0"),
        kind: OrderKind::Supervision,
        person: person(of),
        term: Interval { from: at(ms), until: at(ms + 3_600_000) },
        rules: vec![Rule { rule: RuleId::new(1).expect("not 0"), active: None, demand }],
        permits: Vec::new(),
    };
    record(ms, Input::PutOrder(Arc::new(put)))
}

pub fn keep_away(from: u64) -> Demand {
    Demand::KeepAway { person: person(from), distance_m: 500.0, warn_m: 0.0 }
}
