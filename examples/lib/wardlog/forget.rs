//! Destroying keys, so that what they sealed cannot be read by anybody any more.

use crate::files::Failure;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use wardline_core::time::Timestamp;
use wardline_journal::disk::Folder;
use wardline_journal::{
    EvidenceLog, EvidenceOptions, InputLog, InputOptions, KeyInfo, Subject, SystemEntropy,
    stored_signer, stored_verifier,
};

/// What is to be forgotten.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    /// What was said about these orders.
    pub orders: BTreeSet<u64>,
    /// The positions of these devices.
    pub devices: BTreeSet<u64>,
    /// The places of these zones.
    pub zones: BTreeSet<u64>,
    /// Only keys that were made before.
    pub made_before: Option<Timestamp>,
}

impl Forgotten {
    fn means(&self, key: &KeyInfo) -> bool {
        let is_meant = match key.subject {
            Subject::Order(id) => self.orders.contains(&id.number()),
            Subject::Device(id) => self.devices.contains(&id.number()),
            Subject::Zone(id) => self.zones.contains(&id.number()),
            Subject::Rest => false,
        };
        is_meant && self.made_before.is_none_or(|before| key.made < before)
    }
}

/// Destroys the keys, in both logs, and notes it there. Gives how many, of inputs and evidence.
///
/// # Errors
///
/// If the journal is in use, damaged, or cannot be written.
pub fn forget(folder: &Path, what: &Forgotten, now: Timestamp) -> Result<(usize, usize), Failure> {
    let failed =
        |e: Box<dyn std::error::Error + Send + Sync>| Failure::new("cannot forget in", folder, e);
    super::open(folder)?;
    let disk = Arc::new(Folder::open(folder).map_err(|e| failed(e.into()))?);
    let verifier = stored_verifier(disk.as_ref()).map_err(|e| failed(e.into()))?;
    let Some(verifier) = verifier else { return Err(failed("it has no evidence.public".into())) };
    let mut entropy = SystemEntropy::default();
    let signer = stored_signer(disk.as_ref(), verifier.name(), &mut entropy);
    let signer = signer.map_err(|e| failed(e.into()))?;
    let entropy = || Box::new(SystemEntropy::default());
    let inputs = InputLog::open(disk.clone(), InputOptions::default(), entropy(), now);
    let (mut inputs, _) = inputs.map_err(|e| failed(e.into()))?;
    let options = EvidenceOptions::default();
    let evidence = EvidenceLog::open(disk, options, signer, entropy(), now);
    let (mut evidence, _) = evidence.map_err(|e| failed(e.into()))?;
    let of_inputs = inputs.forget(now, |key| what.means(key)).map_err(|e| failed(e.into()))?;
    let of_evidence = evidence.forget(now, |key| what.means(key)).map_err(|e| failed(e.into()))?;
    evidence.beat_now(now, inputs.durable()).map_err(|e| failed(e.into()))?;
    evidence.checkpoint(now).map_err(|e| failed(e.into()))?;
    Ok((of_inputs.len(), of_evidence.len()))
}
