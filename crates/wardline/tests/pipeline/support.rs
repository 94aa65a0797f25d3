//! Logs, collectors and small inputs.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use wardline::event::Event;
use wardline::ids::OrderId;
use wardline::input::Record;
use wardline::pipeline::Log;
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
    let mut engine = Engine::new(Config::default());
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
