//! Where batches wait for their numbers: in two lanes, of which one overtakes the other.

use super::batch::{Batch, overtakes};
use super::lock;
use super::shed::{Scales, Shedding};
use super::snapshots::Request;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use wardline_core::ids::DeviceId;

/// The lanes. Whoever submits puts batches in, the dispatcher takes them out.
pub(super) struct Intake {
    lanes: Mutex<Lanes>,
    /// Something came, or nothing will any more.
    work: Condvar,
    /// Something was taken.
    room: Condvar,
    in_order: bool,
    shedding: Shedding,
}

/// How many fixes of which devices were dropped.
pub(super) type Dropped = Vec<(DeviceId, usize)>;

/// What the dispatcher does next.
pub(super) enum Work {
    /// Numbers inputs and shares them out.
    Batch(Batch),
    /// Asks the shards for snapshots.
    Snapshots(Request),
}

struct Lanes {
    /// Whoever asks waits for the answer, so that there are no more than threads that ask.
    requests: Vec<Request>,
    urgent: Lane,
    bulk: Lane,
    scales: Scales,
    closed: bool,
}

/// Batches that wait, so many inputs at most, but always one batch.
struct Lane {
    batches: VecDeque<Batch>,
    records: usize,
    records_max: usize,
}

/// Why a batch was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refused {
    /// As many inputs wait as may.
    Full,
    /// The pipeline has been closed.
    Closed,
}

impl Intake {
    /// Two lanes for so many inputs each; only one is used if all is to stay in order.
    pub fn new(records_max: usize, batches: usize, in_order: bool, shedding: Shedding) -> Self {
        let lanes = Lanes {
            requests: Vec::new(),
            urgent: Lane::new(records_max, batches),
            bulk: Lane::new(records_max, batches),
            scales: Scales::default(),
            closed: false,
        };
        let (work, room) = (Condvar::new(), Condvar::new());
        Self { lanes: Mutex::new(lanes), work, room, in_order, shedding }
    }

    /// Adds the batch, or gives it back if there is no room and it shall not wait, or the pipeline
    /// has been closed. What overtakes the rest of it goes into a `spare` one. Gives what
    /// was dropped for it.
    pub fn put(
        &self,
        mut batch: Batch,
        spare: impl FnOnce() -> Batch,
        waits: bool,
    ) -> Result<Dropped, (Batch, Refused)> {
        let count = match self.in_order {
            true => 0,
            false => batch.records.iter().filter(|record| overtakes(record)).count(),
        };
        let mut lanes = lock(&self.lanes);
        loop {
            if lanes.closed {
                return Err((batch, Refused::Closed));
            }
            if lanes.urgent.has_room(count)
                && (lanes.bulk.has_room(batch.len() - count) || self.can_shed(&mut lanes, &batch))
            {
                break;
            }
            if !waits {
                return Err((batch, Refused::Full));
            }
            lanes = self.room.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
        if count == batch.len() {
            lanes.urgent.put(batch);
        } else {
            if count > 0 {
                let mut urgent = spare();
                (urgent.tag, urgent.submitted_ns) = (batch.tag, batch.submitted_ns);
                // It comes first to the log.
                urgent.heard.append(&mut batch.heard);
                urgent.records.extend(batch.records.extract_if(.., |record| overtakes(record)));
                lanes.urgent.put(urgent);
            }
            lanes.bulk.put(batch);
        }
        let dropped = lanes.shed();
        drop(lanes);
        self.work.notify_one();
        Ok(dropped)
    }

    /// Whether the bulk lane has room for the batch once fixes are dropped.
    fn can_shed(&self, lanes: &mut Lanes, batch: &Batch) -> bool {
        let Lanes { bulk, scales, .. } = lanes;
        let stays = batch.records.iter().filter(|record| self.in_order || !overtakes(record));
        let excess = (bulk.records + stays.count()).saturating_sub(bulk.records_max);
        self.shedding == Shedding::ByDevice
            && scales.weigh(bulk.batches.iter().chain(std::iter::once(batch)), excess)
    }

    /// Asks the shards for snapshots, as soon as the dispatcher comes to it. Those asked after the
    /// pipeline has been closed may get no answer.
    pub fn ask_for_snapshots(&self, request: Request) {
        let mut lanes = lock(&self.lanes);
        if !lanes.closed {
            lanes.requests.push(request);
            drop(lanes);
            self.work.notify_one();
        }
    }

    /// What is next, urgent inputs before others; waits for it. Nothing once the pipeline has been
    /// closed and all is taken.
    pub fn take(&self) -> Option<Work> {
        let mut lanes = lock(&self.lanes);
        loop {
            if let Some(request) = lanes.requests.pop() {
                return Some(Work::Snapshots(request));
            }
            if let Some(batch) = lanes.urgent.take().or_else(|| lanes.bulk.take()) {
                drop(lanes);
                self.room.notify_all();
                return Some(Work::Batch(batch));
            }
            if lanes.closed {
                return None;
            }
            lanes = self.work.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// From now on nothing is taken in.
    pub fn close(&self) {
        lock(&self.lanes).closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Whether nothing is taken in any more.
    pub fn is_closed(&self) -> bool {
        lock(&self.lanes).closed
    }

    /// How many inputs wait: urgent ones, and others.
    pub fn waiting(&self) -> (usize, usize) {
        let lanes = lock(&self.lanes);
        (lanes.urgent.records, lanes.bulk.records)
    }
}

impl Lanes {
    /// Drops what is too much, as it was weighed.
    fn shed(&mut self) -> Dropped {
        let excess = self.bulk.records.saturating_sub(self.bulk.records_max);
        // One batch alone may be longer than the lane.
        if excess == 0 || self.bulk.batches.len() == 1 {
            return Vec::new();
        }
        let dropped = self.scales.drop_from(self.bulk.batches.iter_mut(), excess);
        self.bulk.batches.retain(|batch| !batch.is_empty());
        self.bulk.records = self.bulk.batches.iter().map(Batch::len).sum();
        dropped
    }
}

impl Lane {
    fn new(records_max: usize, batches: usize) -> Self {
        Self { batches: VecDeque::with_capacity(batches), records: 0, records_max }
    }

    fn has_room(&self, records: usize) -> bool {
        records == 0 || self.records == 0 || self.records + records <= self.records_max
    }

    fn put(&mut self, batch: Batch) {
        self.records += batch.len();
        self.batches.push_back(batch);
    }

    fn take(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.records -= batch.len();
        Some(batch)
    }
}
