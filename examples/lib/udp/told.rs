//! What the events came to: how many of each kind, how soon after receipt, and to whom they go on.

use super::clock::Clock;
use super::receipts::Receipts;
use crate::files::Output;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wardline::pipeline::Sink;
use wardline_core::event::{Event, EventKind};
use wardline_wire::jsonl::write_event;

/// Longer ones count as 100 s.
const LONGEST_NS: u64 = 100_000_000_000;

/// What is known of the events so far.
pub struct Told {
    receipts: Mutex<Receipts>,
    sums: Mutex<Sums>,
}

struct Sums {
    by_kind: BTreeMap<EventKind, u64>,
    latency: Histogram<u64>,
}

/// From the receipt of a datagram to the event being told, in microseconds, to 0.1 %. Receipt is
/// when
/// the listener woke for it, or took it from the kernel while it was awake; how long it waited in
/// the
/// kernel before is not in here.
#[derive(Clone, Copy, Debug, Default)]
pub struct LatencyUs {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    pub p999: f64,
}

impl Told {
    /// Nothing yet.
    pub fn new() -> Self {
        // The bounds are right for every histogram of three digits.
        let latency = Histogram::new_with_bounds(1, LONGEST_NS, 3);
        let latency = latency.unwrap_or_else(|error| unreachable!("{error}"));
        let sums = Mutex::new(Sums { by_kind: BTreeMap::new(), latency });
        Self { receipts: Mutex::default(), sums }
    }

    /// Inputs with these numbers were received at this instant.
    pub(super) fn received(&self, first: u64, inputs: usize, received_ns: u64) {
        lock(&self.receipts).push(first, inputs, received_ns);
    }

    /// How many events of each kind there were.
    pub fn by_kind(&self) -> BTreeMap<EventKind, u64> {
        lock(&self.sums).by_kind.clone()
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        lock(&self.sums).by_kind.values().sum()
    }

    /// How soon the events were told that a datagram caused.
    pub fn latency_us(&self) -> LatencyUs {
        let sums = lock(&self.sums);
        let at = |quantile| (sums.latency.value_at_quantile(quantile) / 100) as f64 / 10.0;
        LatencyUs { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
    }

    fn note(&self, events: &[Event], now_ns: u64) {
        let receipts = lock(&self.receipts);
        let mut sums = lock(&self.sums);
        for event in events {
            *sums.by_kind.entry(event.kind).or_default() += 1;
            if let Some(received_ns) = receipts.of(event.input) {
                sums.latency.saturating_record(now_ns.saturating_sub(received_ns).max(1));
            }
        }
    }
}

impl Default for Told {
    fn default() -> Self {
        Self::new()
    }
}

/// Who else is shown each event, on the sink's thread.
pub type Watcher = Box<dyn FnMut(&Event) + Send>;

/// The sink: writes, counts and shows.
pub(super) struct Teller {
    pub told: Arc<Told>,
    pub clock: Arc<Clock>,
    pub out: Option<Output>,
    pub watcher: Watcher,
}

impl Sink for Teller {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        if let Some(out) = &mut self.out {
            events.iter().try_for_each(|event| write_event(event, out))?;
        }
        self.told.note(events, self.clock.elapsed_ns());
        events.iter().for_each(&mut self.watcher);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Output::flush)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
