//! What a server knows of the time before its start, from its journal.

use crate::files::Failure;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use wardline::Config;
use wardline::journal::disk::Folder;
use wardline::journal::{Journal, Settings};
use wardline_core::ids::DeviceId;
use wardline_core::input::Record;
use wardline_wire::datagram::DeviceTable;

/// The name of the evidence of this server, if nobody gave it a better one before.
const NAME: &str = "localhost/wardline";

/// Opens the journal in a folder, or makes a new one there.
///
/// # Errors
///
/// If another process writes it, it is damaged elsewhere than at its end, or cannot be read.
pub fn open(folder: &Path, config: &Config, shards: usize) -> Result<Journal, Failure> {
    let failure = |error: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new("cannot use the journal", folder, error)
    };
    let disk = Folder::open(folder).map_err(|error| failure(error.into()))?;
    let opened = Journal::open(Arc::new(disk), Settings::new(NAME), config, shards);
    opened.map_err(|error| failure(error.to_string().into()))
}

/// What a table of devices took over from a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Resumed {
    /// Devices of which something is known: what they sent before is refused.
    pub devices: usize,
    /// Those among them that have another secret now: only their records are known.
    pub new_secrets: usize,
}

/// Lets a table know what its devices sent before: counters, key epochs and records, so that
/// nothing is taken in twice.
///
/// The numbers of records that were refused as absurd are not in the journal: a device that lacks
/// the acknowledgement of such a one sends it again, or a heartbeat in its place.
pub fn resume(journal: &Journal, table: &mut DeviceTable) -> Resumed {
    let indexes: HashMap<DeviceId, u32> =
        table.indexes().map(|(index, device)| (device, index)).collect();
    let mut resumed = Resumed::default();
    for (device, state) in journal.devices() {
        if let Some(index) = indexes.get(&device) {
            resumed.devices += 1;
            resumed.new_secrets += usize::from(!table.resume_from(*index, state));
        }
    }
    resumed
}

/// Takes out what the journal has the last word of: orders, zones and assignments that have not
/// changed since they were given to the server before.
pub fn only_new(journal: &Journal, records: &mut Vec<Record>) {
    records.retain(|record| !journal.stands(&record.input));
}
