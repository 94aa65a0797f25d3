//! What is in a journal, in numbers.

use super::{CANNOT_READ, each_leaf};
use crate::files::Failure;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use wardline_core::input::Input;
use wardline_core::time::Timestamp;
use wardline_journal::disk::Disk;
use wardline_journal::{Evidence, InputReader, Keys, Logged, Unsealed};

/// What is in a journal, in numbers. No positions.
#[derive(Debug, Default)]
pub struct Stats {
    inputs: BTreeMap<&'static str, u64>,
    leaves: BTreeMap<String, u64>,
    received: Option<(Timestamp, Timestamp)>,
    keys: [(u64, u64); 2],
}

/// Counts what is in a journal.
///
/// # Errors
///
/// If it is damaged or cannot be read.
pub fn stats(folder: &Path, disk: &Arc<dyn Disk>) -> Result<Stats, Failure> {
    let failed = |e| Failure::new(CANNOT_READ, folder, e);
    let mut stats = Stats::default();
    let mut reader = InputReader::open(Arc::clone(disk), 0).map_err(failed)?;
    while reader.visit_frame(|logged| stats.take(&logged)).map_err(failed)? {}
    stats.keys[0] = keys(reader.keys());
    let reader = each_leaf(folder, disk, |leaf| {
        let word = match &leaf.evidence {
            Evidence::Event(event) => match event.as_ref() {
                Unsealed::Open(event) => {
                    format!("{} {}", event.kind.word(), event.phase.word())
                }
                Unsealed::Sealed { .. } => "forgotten event".to_owned(),
            },
            Evidence::Input { .. } => "act or configuration".to_owned(),
            Evidence::Heartbeat { .. } => "heartbeat".to_owned(),
            _ => "note of the log".to_owned(),
        };
        *stats.leaves.entry(word).or_default() += 1;
    })?;
    stats.keys[1] = keys(reader.keys());
    Ok(stats)
}

/// How many keys there are, and how many of them were forgotten.
fn keys(keys: &Keys) -> (u64, u64) {
    keys.infos().fold((0, 0), |(all, gone), key| (all + 1, gone + u64::from(key.is_forgotten)))
}

impl Stats {
    fn take(&mut self, logged: &Logged) {
        let (word, at) = match logged {
            Logged::Input { record: Unsealed::Open(record), .. } => {
                (kind(&record.input), record.at)
            }
            Logged::Input { record: Unsealed::Sealed { at, .. }, .. } => ("forgotten", *at),
            _ => ("note of the log", None),
        };
        *self.inputs.entry(word).or_default() += 1;
        if let Some(at) = at {
            let (first, last) = self.received.unwrap_or((at, at));
            self.received = Some((first.min(at), last.max(at)));
        }
    }
}

fn kind(input: &Input) -> &'static str {
    match input {
        Input::PutZone(_) => "put_zone",
        Input::RemoveZone(_) => "remove_zone",
        Input::PutOrder(_) => "put_order",
        Input::EndOrder(_) => "end_order",
        Input::AssignDevice(_) => "assign_device",
        Input::ReleaseDevice(_) => "release_device",
        Input::Fix(_) => "fix",
        Input::Status(_) => "status",
        Input::Operator(_) => "operator",
        Input::Tick => "tick",
        Input::Invalid(_) => "refused",
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "inputs")?;
        self.inputs.iter().try_for_each(|(word, n)| writeln!(f, "  {n:>12}  {word}"))?;
        if let Some((first, last)) = self.received {
            let time = |t: Timestamp| {
                let known = jiff::Timestamp::from_millisecond(t.ms());
                known.map_or("?".to_owned(), |t| format!("{t:.3}"))
            };
            writeln!(f, "  received from {} to {}", time(first), time(last))?;
        }
        writeln!(f, "evidence")?;
        self.leaves.iter().try_for_each(|(word, n)| writeln!(f, "  {n:>12}  {word}"))?;
        let [(inputs, inputs_gone), (evidence, evidence_gone)] = self.keys;
        writeln!(f, "keys")?;
        writeln!(f, "  {inputs:>12}  of inputs, {inputs_gone} forgotten")?;
        writeln!(f, "  {evidence:>12}  of evidence, {evidence_gone} forgotten")
    }
}
