//! Verifying a log without reading what it says: checksums, chain, sequence, keys, checkpoints.

use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::error::{Fault, ReadError};
use crate::evidence::Checker;
use crate::frame::Entries;
use crate::frames::{Frames, Place, damage};
use crate::keys::Keys;
use crate::merkle::leaf_hash;
use crate::notes::Note;
use crate::{Hash, LogKind};
use std::sync::Arc;

/// What was verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// The segment that was read last, from 1.
    pub segment: u64,
    /// The frames.
    pub frames: u64,
    /// The entries with numbers.
    pub numbered: u64,
    /// The bytes of all frames.
    pub bytes: u64,
    /// The number of the next entry.
    pub next: u64,
    /// The chain of hashes over everything.
    pub chain: Hash,
    /// The head of the Merkle tree, of a log of evidence.
    pub root: Option<Hash>,
    /// The length of a torn write at the end, which a start would cut off.
    pub torn_bytes: u64,
}

/// Verifies a whole log. `against` are checkpoints whose signatures were checked, for a log of
/// evidence; `progress` is told before the first frame and after each.
///
/// # Errors
///
/// At the first damage, or the first checkpoint that says otherwise. What precedes can be read.
pub fn verify(
    disk: Arc<dyn Disk>,
    kind: LogKind,
    against: Vec<Checkpoint>,
    mut progress: impl FnMut(&Summary),
) -> Result<Summary, ReadError> {
    let mut frames = Frames::open(Arc::clone(&disk), kind, 0)?;
    let mut keys = match frames.is_empty() {
        true => Keys::none(),
        false => Keys::read(disk, kind, frames.log)?,
    };
    let mut checker = Checker::new(against);
    let Place { next, chain, .. } = frames.place;
    let mut summary = Summary { next, chain, ..Summary::default() };
    progress(&summary);
    loop {
        let place = frames.place;
        let Some((head, payload)) = frames.next()? else { break };
        let mut entries = Entries::new(payload);
        let mut numbered = 0;
        for (_, entry) in &mut entries {
            let is_note = Note::is_note(entry);
            if is_note {
                let note = Note::read(entry).map_err(|m| damage(place, Fault::Entry(m)))?;
                note.check_key(&mut keys, place)?;
            }
            if kind == LogKind::Evidence {
                checker.push(leaf_hash(entry), |_| {})?;
            }
            numbered += u32::from(kind == LogKind::Evidence || !is_note);
        }
        let whole = entries.is_at_end() && entries.given() == head.entries;
        if !whole || numbered != head.numbered {
            return Err(damage(place, Fault::Entries));
        }
        summary.frames += 1;
        summary.numbered += u64::from(numbered);
        summary.bytes += head.frame_bytes() as u64;
        summary.segment = place.segment;
        summary.next = head.first + u64::from(numbered);
        summary.chain = frames.place.chain;
        progress(&summary);
    }
    let tree = checker.finish()?;
    summary.root = (kind == LogKind::Evidence).then(|| tree.root());
    (summary.segment, summary.next) = (frames.place.segment, frames.place.next);
    summary.chain = frames.place.chain;
    summary.torn_bytes = frames.torn.map_or(0, |torn| torn.bytes);
    Ok(summary)
}
