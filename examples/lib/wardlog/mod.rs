//! What the program `wardlog` does with journals and cases.
//!
//! A *journal* is the folder that a server writes. A *case* is what of it concerns some orders, in
//! a form that proves itself without the rest; a *bundle* is the case of one incident. A folder
//! that was imported or bundled has a case in place of a journal, and is verified and judged again
//! by the same commands.

pub mod bundle;
pub mod case;
pub mod compare;
pub mod config;
pub mod forget;
pub mod leaves;
pub mod pack;
pub mod proof;
pub mod record;
pub mod rejudge;
pub mod said;
pub mod scope;
pub mod select;
pub mod stats;
pub mod verify;

use crate::files::Failure;
use std::path::Path;
use std::sync::Arc;
use wardline_journal::checkpoint::{Checkpoint, Verifier};
use wardline_journal::disk::{Disk, Folder};
use wardline_journal::{EvidenceReader, Leaf, stored_verifier};

/// What a failure to read a folder is called.
pub const CANNOT_READ: &str = "cannot read";

/// Opens the folder of a journal to read it.
///
/// # Errors
///
/// If it is no folder or has no journal.
pub fn open(folder: &Path) -> Result<Arc<dyn Disk>, Failure> {
    let opened = Folder::read_only(folder).map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
    let names = opened.list().map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
    match names.iter().any(|name| name.starts_with("input-")) {
        true => Ok(Arc::new(opened)),
        false => Err(Failure::new(CANNOT_READ, folder, "there is no journal or case in it")),
    }
}

/// The key to check checkpoints with: the one that is given, or else what the folder says.
///
/// # Errors
///
/// If the text is no key, or the folder has none.
pub fn verifier(folder: &Path, disk: &dyn Disk, given: Option<&str>) -> Result<Verifier, Failure> {
    if let Some(text) = given {
        let parsed = Verifier::parse(text.trim());
        return parsed.map_err(|e| Failure::new("cannot use the key for", folder, e));
    }
    let stored = stored_verifier(disk).map_err(|e| Failure::new(CANNOT_READ, folder, e))?;
    let none = || Failure::new(CANNOT_READ, folder, "it has no evidence.public; give --key");
    stored.ok_or_else(none)
}

/// Reads a checkpoint from a file and checks its signature.
///
/// # Errors
///
/// If it cannot be read or the key did not sign it.
pub fn checkpoint(file: &Path, verifier: &Verifier) -> Result<Checkpoint, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::new(CANNOT_READ, file, e))?;
    verifier.open(&text).map_err(|e| Failure::new("cannot use the checkpoint", file, e))
}

/// Gives each leaf of the evidence to `visit`.
///
/// # Errors
///
/// If the evidence is damaged or cannot be read.
pub fn each_leaf(
    folder: &Path,
    disk: &Arc<dyn Disk>,
    mut visit: impl FnMut(Leaf),
) -> Result<EvidenceReader, Failure> {
    let failed = |e| Failure::new(CANNOT_READ, folder, e);
    let mut reader = EvidenceReader::open(Arc::clone(disk), Vec::new()).map_err(failed)?;
    let mut leaves = Vec::new();
    while reader.next_frame(&mut leaves).map_err(failed)? {
        leaves.drain(..).for_each(&mut visit);
    }
    Ok(reader)
}
