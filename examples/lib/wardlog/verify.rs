//! Verifying a journal: both logs, the checkpoints, and that the one log is what the other says.

use super::CANNOT_READ;
use crate::files::Failure;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use wardline_journal::checkpoint::{Checkpoint, Verifier};
use wardline_journal::disk::Disk;
use wardline_journal::{
    Evidence, EvidenceReader, Hash, LogKind, Summary, stored_checkpoints, verify as verify_log,
};

/// What was verified.
#[derive(Debug)]
pub struct Verified {
    /// The log of inputs.
    pub inputs: Summary,
    /// The log of evidence.
    pub evidence: Summary,
    /// Checkpoints that it agrees with: its own, and those given.
    pub checkpoints: (usize, usize),
    /// Heartbeats that the log of inputs agrees with.
    pub heartbeats: usize,
    /// Keys that were forgotten, of inputs and evidence.
    pub forgotten: (usize, usize),
}

/// Verifies a journal. `told` is given each frame's bytes.
///
/// # Errors
///
/// At the first damage, named by log, segment, byte and sequence number, or the first checkpoint
/// or heartbeat that the logs do not agree with.
pub fn verify(
    folder: &Path,
    disk: &Arc<dyn Disk>,
    verifier: &Verifier,
    against: Vec<Checkpoint>,
    mut told: impl FnMut(u64),
) -> Result<Verified, Failure> {
    let failed = |act, e| Failure::new(act, folder, e);
    let own = stored_checkpoints(disk.as_ref(), verifier)
        .map_err(|e| failed("the checkpoints are not sound in", e))?;
    let checkpoints = (own.len(), against.len());
    let all: Vec<_> = own.into_iter().chain(against).collect();
    let mut done = 0;
    let evidence = verify_log(Arc::clone(disk), LogKind::Evidence, all, |summary| {
        told(summary.bytes - done);
        done = summary.bytes;
    });
    let evidence = evidence.map_err(|e| failed("the evidence is not sound in", e))?;
    let (mut beats, evidence_gone) = heartbeats(folder, disk)?;
    let heartbeats = beats.values().map(Vec::len).sum();
    done = 0;
    let inputs = verify_log(Arc::clone(disk), LogKind::Input, Vec::new(), |summary| {
        told(summary.bytes - done);
        done = summary.bytes;
        agree(&mut beats, summary.next, &summary.chain);
    });
    let inputs = inputs.map_err(|e| failed("the inputs are not sound in", e))?;
    if let Some((next, _)) = beats.into_iter().next() {
        let error = format!(
            "the evidence says that they were otherwise up to sequence {next}: they were \
             rewritten or cut off"
        );
        return Err(Failure::new("the inputs are not sound in", folder, error));
    }
    let forgotten = (forgotten_inputs(folder, disk)?, evidence_gone);
    Ok(Verified { inputs, evidence, checkpoints, heartbeats, forgotten })
}

/// Takes out what agrees. Frames without inputs have the same number and other chains.
fn agree(beats: &mut BTreeMap<u64, Vec<Hash>>, next: u64, chain: &Hash) {
    if let Some(chains) = beats.get_mut(&next) {
        chains.retain(|said| said != chain);
        if chains.is_empty() {
            beats.remove(&next);
        }
    }
}

/// How far the log of inputs was, as heartbeats say, and its chains there; and how many keys of
/// the evidence were forgotten.
fn heartbeats(
    folder: &Path,
    disk: &Arc<dyn Disk>,
) -> Result<(BTreeMap<u64, Vec<Hash>>, usize), Failure> {
    let failed = |e| Failure::new(CANNOT_READ, folder, e);
    let mut beats: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
    let mut reader = EvidenceReader::open(Arc::clone(disk), Vec::new()).map_err(failed)?;
    let mut leaves = Vec::new();
    while reader.next_frame(&mut leaves).map_err(failed)? {
        for leaf in leaves.drain(..) {
            let Evidence::Heartbeat { inputs, .. } = leaf.evidence else { continue };
            // Before the first frame there is a chain that no frame ends with.
            let chains = beats.entry(inputs.next).or_default();
            if !chains.contains(&inputs.chain) {
                chains.push(inputs.chain);
            }
        }
    }
    Ok((beats, reader.keys().infos().filter(|key| key.is_forgotten).count()))
}

fn forgotten_inputs(folder: &Path, disk: &Arc<dyn Disk>) -> Result<usize, Failure> {
    let reader = wardline_journal::InputReader::open(Arc::clone(disk), u64::MAX);
    let reader = reader.map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
    Ok(reader.keys().infos().filter(|key| key.is_forgotten).count())
}
