//! What a forger with all keys of a journal would do: change a byte, and make everything within
//! the folder agree with it again.

#[path = "../../crates/wardline-journal/tests/common/forge.rs"]
#[allow(dead_code)] // What the journal's own tests need of it.
mod forge;

use forge::{Segment, entries};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wardline_journal::disk::{Disk, Folder};
use wardline_journal::merkle::{Tree, leaf_hash};
use wardline_journal::{EvidenceReader, InputReader, SystemEntropy, stored_signer};

/// Changes what an event says, and signs the new history.
pub fn rewrite_evidence(folder: &Path) {
    rewrite(&folder.join("evidence-0000000001.log"), |disk| {
        let mut leaves = Vec::new();
        let mut reader = EvidenceReader::open(disk, Vec::new()).expect("opened");
        loop {
            match reader.next_frame(&mut leaves) {
                Ok(true) => {}
                end => return end.is_ok(),
            }
        }
    });
    sign_again(folder);
}

/// Copies a journal without its heartbeats but the first, and signs it again.
pub fn without_later_heartbeats(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir(to).expect("made");
    for file in fs::read_dir(from).expect("listed") {
        let file = file.expect("listed");
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
    let file = to.join("evidence-0000000001.log");
    let mut segment = Segment::parse(&fs::read(&file).expect("there"));
    // The last frame has the heartbeat of the end, and nothing else.
    let last = segment.frames.pop().expect("a frame");
    assert!(entries(&last.payload).iter().all(|entry| entry[0] == 65), "it has more");
    fs::write(file, segment.forge()).expect("written");
    sign_again(to);
    to.to_owned()
}

fn sign_again(folder: &Path) {
    let segment = fs::read(folder.join("evidence-0000000001.log")).expect("there");
    let mut tree = Tree::new();
    for frame in Segment::parse(&segment).frames {
        entries(&frame.payload).into_iter().for_each(|leaf| tree.push(leaf_hash(leaf), |_| {}));
    }
    let disk = Folder::open(folder).expect("opened");
    let signer = stored_signer(&disk, "unused", &mut SystemEntropy::default()).expect("there");
    let note = signer.sign(tree.size(), tree.root());
    fs::write(folder.join("evidence.checkpoints"), format!("{note}\n")).expect("written");
}

/// Changes an input.
pub fn rewrite_inputs(folder: &Path) {
    rewrite(&folder.join("input-0000000001.log"), |disk| {
        let mut reader = InputReader::open(disk, 0).expect("opened");
        loop {
            match reader.visit_frame(|_| {}) {
                Ok(true) => {}
                end => return end.is_ok(),
            }
        }
    });
}

/// Changes a bit at the end of an entry, such that the log can still be read.
fn rewrite(file: &Path, is_readable: impl Fn(Arc<dyn Disk>) -> bool) {
    let folder = file.parent().expect("a folder");
    let whole = fs::read(file).expect("there");
    let segment = Segment::parse(&whole);
    for (index, frame) in segment.frames.iter().enumerate() {
        let mut end = 0;
        for entry in entries(&frame.payload) {
            end += entry.len() + if entry.len() < 0x80 { 1 } else { 2 };
            // Fixes and events.
            if !matches!(entry[0] & 0x7F, 7 | 64) {
                continue;
            }
            let mut forged = segment.clone();
            forged.frames[index].payload[end - 1] ^= 1;
            let forged = forged.forge();
            assert_ne!(forged, whole);
            fs::write(file, forged).expect("written");
            if is_readable(Arc::new(Folder::read_only(folder).expect("opened"))) {
                return;
            }
        }
    }
    panic!("no byte can be changed");
}
