//! Proving a case by itself: signature, proofs, keys, and that all of it says the same.

use super::case::{Case, CaseLeaf};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use wardline_core::event::Event;
use wardline_core::input::Input;
use wardline_journal::checkpoint::{Checkpoint, NoteError, Verifier};
use wardline_journal::merkle::leaf_hash;
use wardline_journal::{
    Evidence, Hash, Malformed, Note, Unsealed, input_to_bytes, key_hash, sealing_key,
};

/// Why a case proves nothing. It names no positions.
#[derive(Debug)]
#[non_exhaustive]
pub enum CaseError {
    /// A line is not as it must be.
    Line,
    /// An entry is not as it must be.
    Malformed(Malformed),
    /// The checkpoint is not signed by the key.
    Checkpoint(NoteError),
    /// The checkpoint is not the one that was kept elsewhere.
    OtherCheckpoint {
        /// How many leaves the one elsewhere has.
        size: u64,
    },
    /// The proof of a leaf does not lead to the checkpoint.
    Proof {
        /// The number of the leaf.
        leaf: u64,
    },
    /// A key is not the one that the log names, or the log's word on it is not in the case.
    Key {
        /// The number of the key.
        key: u64,
    },
    /// A leaf cannot be opened with the keys of the case.
    Sealed {
        /// The number of the leaf.
        leaf: u64,
    },
    /// An input is not what the signed evidence says.
    Input {
        /// Its number.
        number: u64,
    },
    /// Inputs or leaves are not in their order.
    Order,
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line => f.write_str("this is no line of a case"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::OtherCheckpoint { size } => write!(
                f,
                "its checkpoint is not the one given, of {size} leaves; a case is proved by one \
                 checkpoint, so ask for it with that one (--checkpoint)"
            ),
            Self::Proof { leaf } => write!(f, "leaf {leaf} is not in the signed tree"),
            Self::Key { key } => write!(f, "key {key} is not the one that the log names"),
            Self::Sealed { leaf } => write!(f, "leaf {leaf} cannot be opened"),
            Self::Input { number } => write!(f, "input {number} is not what the evidence says"),
            Self::Order => f.write_str("inputs or leaves are not in their order"),
        }
    }
}

impl std::error::Error for CaseError {}

/// What a case proves.
#[derive(Clone, Debug, Default)]
pub struct Proved {
    /// Leaves that are in the signed tree.
    pub leaves: usize,
    /// Events among them.
    pub events: usize,
    /// Inputs that are leaves themselves: zones, orders, assignments, acts.
    pub inputs_signed: usize,
    /// Fixes that stand in signed events.
    pub fixes_signed: usize,
    /// Other inputs: they are not signed one by one, but judged again they give the signed events.
    pub inputs_other: usize,
}

/// Proves a case. `against` are checkpoints kept elsewhere, already checked.
///
/// # Errors
///
/// At the first thing that proves nothing.
pub fn prove(
    case: &Case,
    verifier: &Verifier,
    against: &[Checkpoint],
) -> Result<Proved, CaseError> {
    let checkpoint = verifier.open(&case.checkpoint).map_err(CaseError::Checkpoint)?;
    if let Some(other) = against.iter().find(|other| **other != checkpoint) {
        return Err(CaseError::OtherCheckpoint { size: other.size });
    }
    let numbers = case.leaves.iter().map(|leaf| leaf.proof.leaf);
    if !numbers.is_sorted_by(|a, b| a < b) || !case.inputs.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(CaseError::Order);
    }
    let mut signed = Signed::default();
    for leaf in &case.leaves {
        if leaf.proof.size != checkpoint.size {
            return Err(CaseError::Proof { leaf: leaf.proof.leaf });
        }
        let proved = leaf.proof.verify(&leaf_hash(&leaf.stored), &checkpoint.root);
        proved.map_err(|_| CaseError::Proof { leaf: leaf.proof.leaf })?;
        signed.take(case, leaf)?;
    }
    for (number, key) in case.keys.keys() {
        if signed.keys.get(&number) != Some(&key_hash(key)) {
            return Err(CaseError::Key { key: number });
        }
    }
    let mut proved = signed.match_inputs(case)?;
    (proved.leaves, proved.events) = (case.leaves.len(), signed.events);
    Ok(proved)
}

/// What signed leaves say.
#[derive(Default)]
struct Signed {
    keys: BTreeMap<u64, Hash>,
    inputs: BTreeMap<u64, Vec<u8>>,
    /// Device, counter, time and position of fixes.
    fixes: BTreeSet<(u64, u64, i64, i32, i32)>,
    events: usize,
}

impl Signed {
    fn take(&mut self, case: &Case, leaf: &CaseLeaf) -> Result<(), CaseError> {
        let number = leaf.proof.leaf;
        let evidence = case.keys.read_leaf(&leaf.stored, leaf.salt, leaf.entry);
        match evidence.map_err(CaseError::Malformed)? {
            Evidence::Event(event) => match *event {
                Unsealed::Open(event) => self.take_event(&event),
                Unsealed::Sealed { .. } => return Err(CaseError::Sealed { leaf: number }),
            },
            Evidence::Input { number, record: Unsealed::Open(record) } => {
                self.inputs.insert(number, input_to_bytes(&record));
            }
            Evidence::Input { .. } => return Err(CaseError::Sealed { leaf: number }),
            Evidence::Note(Note::KeyMade { key, commitment, .. }) => {
                self.keys.insert(key, commitment);
            }
            _ => {}
        }
        // A key of the case that the log does not name would open nothing provably.
        match sealing_key(&leaf.stored).map_err(CaseError::Malformed)? {
            Some(key) if !self.keys.contains_key(&key) => Err(CaseError::Key { key }),
            _ => Ok(()),
        }
    }

    fn take_event(&mut self, event: &Event) {
        self.events += 1;
        let evidence = event.evidence.iter();
        let fixes = evidence.flat_map(|evidence| [evidence.fix, evidence.other_fix]);
        self.fixes.extend(fixes.flatten().map(|(fix, _)| {
            let place = (fix.position.lat_e7(), fix.position.lon_e7());
            (fix.device.number(), fix.seq, fix.time.ms(), place.0, place.1)
        }));
    }

    /// Compares the inputs of the case with what is signed.
    fn match_inputs(&self, case: &Case) -> Result<Proved, CaseError> {
        let mut proved = Proved::default();
        for (number, record) in &case.inputs {
            match (&record.input, self.inputs.get(number)) {
                (_, Some(signed)) if *signed == input_to_bytes(record) => proved.inputs_signed += 1,
                (_, Some(_)) => return Err(CaseError::Input { number: *number }),
                (Input::Fix(fix), None) => {
                    let time = fix.time.min(record.at.unwrap_or(fix.time)).ms();
                    let place = (fix.position.lat_e7(), fix.position.lon_e7());
                    let keys = [fix.time.ms(), time]
                        .map(|ms| (fix.device.number(), fix.seq, ms, place.0, place.1));
                    match keys.iter().any(|key| self.fixes.contains(key)) {
                        true => proved.fixes_signed += 1,
                        false => proved.inputs_other += 1,
                    }
                }
                (Input::Status(_) | Input::Tick, None) => proved.inputs_other += 1,
                // Whatever else there is must be a leaf.
                (_, None) => return Err(CaseError::Input { number: *number }),
            }
        }
        let left_out = self.inputs.keys().find(|number| {
            case.inputs.binary_search_by_key(*number, |(number, _)| *number).is_err()
        });
        match left_out {
            Some(number) => Err(CaseError::Input { number: *number }),
            None => Ok(proved),
        }
    }
}
