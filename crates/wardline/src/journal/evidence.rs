//! The sink that keeps evidence of each event that goes on to another sink.

use super::{EventId, Now, Shared, lock};
use crate::pipeline::{Sink, guard};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wardline_core::event::Event;
use wardline_core::time::Timestamp;
use wardline_journal::{EvidenceLog, LogError};

/// Appends each event to the log of evidence and gives it to the sink within, unless the evidence
/// had it before.
///
/// The sink gets it first and the disk after: what a crash makes of that is an event that is told
/// twice, not one that is never told.
pub struct EvidenceSink<S: Sink> {
    inner: S,
    log: EvidenceLog,
    known: Known,
    shared: Arc<Shared>,
    now: Now,
    /// Events that go on to the sink within.
    fresh: Vec<Event>,
    /// Why the log takes nothing any more, until it was told.
    failure: Option<io::Error>,
    /// There was no room for events, and they were not offered again yet.
    lacks: bool,
    /// The last question that was seen and not answered.
    seen: u64,
}

/// What the evidence has of what is judged again.
pub(super) struct Known {
    /// Events of the inputs that are judged again.
    pub told: HashSet<EventId>,
    /// It has all events of the inputs below this number.
    pub complete_below: u64,
    /// Inputs from this number on are new.
    pub replayed_below: u64,
}

enum Verdict {
    New,
    Told,
    Differs,
}

impl Known {
    fn judge(&mut self, event: &Event) -> Verdict {
        if event.input >= self.replayed_below {
            return Verdict::New;
        }
        match self.told.contains(&id_of(event)) {
            true => Verdict::Told,
            false if event.input < self.complete_below => Verdict::Differs,
            false => Verdict::New,
        }
    }
}

fn id_of(event: &Event) -> EventId {
    (event.input, event.order.number(), event.index)
}

impl<S: Sink> EvidenceSink<S> {
    pub(super) fn new(
        inner: S,
        log: EvidenceLog,
        known: Known,
        shared: Arc<Shared>,
        now: Now,
    ) -> Self {
        Self {
            inner,
            log,
            known,
            shared,
            now,
            fresh: Vec::new(),
            failure: None,
            lacks: false,
            seen: 0,
        }
    }

    /// Appends events and notes which of them are new, as far as there is room; gives how many.
    fn append(&mut self, events: &[Event], now: Timestamp) -> (usize, io::Result<()>) {
        let figures = &self.shared.figures;
        for (place, event) in events.iter().enumerate() {
            match self.known.judge(event) {
                Verdict::Told => {
                    figures.known.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Verdict::Differs => {
                    figures.missing.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Verdict::New => {}
            }
            if self.has_failed() {
                self.fresh.push(event.clone());
                continue;
            }
            if let Err(error) = self.log.append_event(now, event) {
                return (place, Err(error.into()));
            }
            figures.leaves.fetch_add(1, Ordering::Relaxed);
            self.fresh.push(event.clone());
        }
        (events.len(), Ok(()))
    }

    /// Appends the acts that are durable, so that they stand before the events that they cause.
    fn append_acts(&mut self, now: Timestamp) -> Result<(), LogError> {
        let mut acts = lock(&self.shared.acts);
        while let Some((number, record)) = acts.front() {
            self.log.append_input(now, *number, record)?;
            self.shared.figures.leaves.fetch_add(1, Ordering::Relaxed);
            acts.pop_front();
        }
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.shared.has_failed.load(Ordering::SeqCst)
    }

    /// Notes an error of the log that does not pass; gives back one that does.
    fn pass(&mut self, outcome: io::Result<()>) -> io::Result<()> {
        match outcome {
            Err(error) if error.kind() != io::ErrorKind::StorageFull => {
                self.shared.has_failed.store(true, Ordering::SeqCst);
                self.failure = Some(error);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Makes the evidence durable if somebody asked for it. What was judged before that may come
    /// after this is called, but not after it is called once more: no event waited in between.
    fn answer(&mut self) -> io::Result<()> {
        let (asked, answered) = (&self.shared.asked, &self.shared.answered);
        let last = asked.load(Ordering::SeqCst);
        if answered.load(Ordering::SeqCst) == last || self.has_failed() {
            return Ok(());
        }
        if std::mem::replace(&mut self.seen, last) == last {
            self.log.commit((self.now)())?;
            self.shared.answered.store(last, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Makes the evidence durable if that is due.
    fn commit(&mut self, now: Timestamp) -> io::Result<()> {
        if self.has_failed() {
            return Ok(());
        }
        self.append_acts(now)?;
        let figures = &self.shared.figures;
        if let Some(durable) = *lock(&self.shared.durable)
            && self.log.beat(now, durable)?
        {
            figures.leaves.fetch_add(1, Ordering::Relaxed);
        }
        if now >= self.log.due() && self.log.commit(now)?.is_some() {
            figures.checkpoints.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl<S: Sink> Sink for EvidenceSink<S> {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let now = (self.now)();
        if !self.has_failed() {
            let acts = self.append_acts(now).map_err(io::Error::from);
            self.pass(acts)?;
        }
        let (mut many, mut outcome) = self.append(events, now);
        if outcome.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::StorageFull) {
            outcome = self.pass(outcome);
            self.append(&events[many..], now).1?;
            many = events.len();
        }
        self.lacks = outcome.is_err();
        events.drain(..many);
        let mut taken = match self.fresh.is_empty() {
            true => Ok(()),
            // What panicked may have taken some of them, so none is offered again.
            false => guard(|| self.inner.take(&mut self.fresh)),
        };
        self.fresh.clear();
        if now >= self.log.due() {
            // What the sink only holds in memory must not be in the evidence for good.
            taken = taken.and_then(|()| guard(|| self.inner.flush()));
            // A full disk is no reason to keep events from the sink: they wait in memory, until
            // that is full too.
            let committed = self.commit(now);
            let _ = self.pass(committed);
        }
        outcome.and(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // However the sink fails, the evidence goes on.
        let flushed = guard(|| self.inner.flush());
        let committed = self.commit((self.now)()).and_then(|()| self.answer());
        self.pass(committed)?;
        self.failure.take().map_or(flushed, Err)
    }

    fn flush_in(&self) -> Option<Duration> {
        if self.seen > self.shared.answered.load(Ordering::SeqCst) {
            return Some(Duration::ZERO);
        }
        let due_in_ms = self.log.due().ms_since((self.now)());
        let due_in = Duration::from_millis(due_in_ms.clamp(1, FLUSH_MS_MAX).unsigned_abs());
        Some(self.inner.flush_in().map_or(due_in, |inner| inner.min(due_in)))
    }
}

/// The end: what is not durable yet is made so, under a checkpoint.
impl<S: Sink> Drop for EvidenceSink<S> {
    fn drop(&mut self) {
        let now = (self.now)();
        let committed = self.append_acts(now).and_then(|()| self.log.checkpoint(now));
        if !self.has_failed() && !self.lacks && committed.is_ok() {
            self.shared.figures.checkpoints.fetch_add(1, Ordering::Relaxed);
            self.shared.is_complete.store(true, Ordering::SeqCst);
        }
    }
}

/// However long nothing is due, a clock may be set.
const FLUSH_MS_MAX: i64 = 1_000;
