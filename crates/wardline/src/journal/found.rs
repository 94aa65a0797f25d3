//! What a start finds in a journal.

use std::fmt;
use wardline_journal::{Recovery, Refused};

/// What was found in a journal when it was opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The log of inputs, and what was cut off its end.
    pub inputs: Recovery,
    /// The log of evidence.
    pub evidence: Recovery,
    /// The number of the next input.
    pub next: u64,
    /// The first input that must be judged again; all before are in the snapshot.
    pub from: u64,
    /// The evidence has all events of the inputs below this number.
    pub complete_below: u64,
    /// Snapshots that were not used, and why.
    pub unused: Vec<Unused>,
    /// Events of inputs to be judged again that the evidence has already.
    pub told: usize,
}

/// A snapshot, or file of states of devices, that was not used.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Unused {
    /// Its name.
    pub snapshot: String,
    /// Why.
    pub reason: String,
}

impl From<Refused> for Unused {
    fn from(Refused { name, reason, .. }: Refused) -> Self {
        Self { snapshot: name, reason: reason.to_owned() }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, evidence, next, from, told, .. } = self;
        if inputs.is_new {
            f.write_str("new")?;
        } else {
            let (all, again) = (next - 1, next - from);
            write!(f, "{all} inputs, {again} of them to be judged again, {told} events known")?;
        }
        for (log, cut) in [("inputs", inputs.cut), ("evidence", evidence.cut)] {
            if let Some(cut) = cut {
                write!(f, "; a torn write of {} bytes was cut off the {log}", cut.bytes)?;
            }
        }
        for Unused { snapshot, reason } in &self.unused {
            write!(f, "; {snapshot} was not used: {reason}")?;
        }
        Ok(())
    }
}
