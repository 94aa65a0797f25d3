//! What a server knows of the time before its start, from its journal.

use crate::files::Failure;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use wardline::Config;
use wardline::journal::disk::Folder;
use wardline::journal::{Journal, ReadError, Settings};
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Record};
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

/// Lets a table know which records are in the journal, so that none is taken in twice. Gives how
/// many these are.
///
/// Counters and epochs of devices are not in the journal, nor are the numbers of records that were
/// refused as absurd: a device that lacks the acknowledgement of such a one sends it again, or a
/// heartbeat in its place.
///
/// # Errors
///
/// If the journal cannot be read.
pub fn resume(journal: &Journal, table: &mut DeviceTable) -> Result<u64, ReadError> {
    let indexes: HashMap<DeviceId, u32> =
        table.indexes().map(|(index, device)| (device, index)).collect();
    let mut resumed = 0;
    journal.read(1, |_, record| {
        let (device, seq) = match &record.input {
            Input::Fix(fix) => (fix.device, fix.seq),
            Input::Status(status) => (status.device, status.seq),
            _ => return,
        };
        if let Some(index) = indexes.get(&device) {
            resumed += u64::from(table.resume_record(*index, seq));
        }
    })?;
    Ok(resumed)
}

/// Takes out what the journal has the last word of: orders, zones and assignments that have not
/// changed since they were given to the server before.
pub fn only_new(journal: &Journal, records: &mut Vec<Record>) {
    records.retain(|record| !journal.stands(&record.input));
}
