//! Inputs that are submitted together.

use super::spare::Reuse;
use wardline_core::input::{Input, Record, Status};
use wardline_wire::datagram::Heard;

/// Inputs that are submitted together, in the order in which they were received.
///
/// Take one from [`Pipeline::batch`](super::Pipeline::batch) to use memory again.
#[derive(Default, Debug)]
pub struct Batch {
    pub(super) records: Vec<Record>,
    /// What was heard of devices with these inputs.
    pub(super) heard: Vec<Heard>,
    pub(super) tag: u64,
    pub(super) submitted_ns: u64,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Adds what was heard of a device with inputs of the batch. The log has it no later than the
    /// first of them; if the batch holds none, it is left out.
    pub fn hear(&mut self, heard: Heard) {
        self.heard.push(heard);
    }

    /// Its inputs.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many inputs it holds.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds no input.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Marks the batch with a number of the submitter's, which comes back in
    /// [`Accepted`](super::Accepted). Default 0.
    pub fn set_tag(&mut self, tag: u64) {
        self.tag = tag;
    }
}

impl Reuse for Batch {
    fn clear(&mut self) {
        self.records.clear();
        self.heard.clear();
        self.tag = 0;
    }
}

impl From<Vec<Record>> for Batch {
    fn from(records: Vec<Record>) -> Self {
        Self { records, ..Self::default() }
    }
}

impl From<Record> for Batch {
    fn from(record: Record) -> Self {
        vec![record].into()
    }
}

/// Whether an input may overtake fixes that wait for their numbers: zones, orders, operators' acts,
/// ticks, and all statuses but heartbeats.
///
/// Assignments may not, since a fix that waits belongs to whoever wore the device when it came. Nor
/// may what is invalid.
pub(super) fn overtakes(record: &Record) -> bool {
    match &record.input {
        Input::Status(status) => status.status != Status::Heartbeat,
        Input::PutZone(_)
        | Input::RemoveZone(_)
        | Input::PutOrder(_)
        | Input::EndOrder(_)
        | Input::Operator(_)
        | Input::Tick => true,
        Input::Fix(_) | Input::AssignDevice(_) | Input::ReleaseDevice(_) | Input::Invalid(_) => {
            false
        }
    }
}
