//! The log of evidence: checkpoints, heartbeats, proofs, and history rewritten in every way.

mod common;

use common::*;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use wardline_core::event::Event;
use wardline_core::input::{Action, Input, OperatorAct, Record};
use wardline_journal::checkpoint::{Checkpoint, NoteError, Signer, Verifier};
use wardline_journal::disk::MemoryDisk;
use wardline_journal::merkle::leaf_hash;
use wardline_journal::{
    Durable, Evidence, EvidenceLog, EvidenceOptions, EvidenceReader, InputOptions, Leaf, LogKind,
    OpenError, ReadError, Unsealed, stored_checkpoints, verify,
};

const SEGMENT: &str = "evidence-0000000001.log";

fn log(disk: &MemoryDisk) -> EvidenceLog {
    open_evidence(disk, EvidenceOptions::default()).unwrap().0
}

fn durable() -> Durable {
    open(&MemoryDisk::new(), InputOptions::default()).unwrap().0.durable()
}

fn leaves(disk: &MemoryDisk, against: Vec<Checkpoint>) -> Result<Vec<Leaf>, ReadError> {
    let mut reader = EvidenceReader::open(Arc::new(disk.clone()), against)?;
    let mut leaves = Vec::new();
    while reader.next_frame(&mut leaves)? {}
    Ok(leaves)
}

/// A log of events with a checkpoint that somebody else keeps, and some more events.
fn history() -> (MemoryDisk, Checkpoint) {
    let disk = MemoryDisk::new();
    let mut log = log(&disk);
    let events = events(&records(5));
    let (before, after) = events.split_at(events.len() / 2);
    before.iter().for_each(|event| assert!(log.append_event(NOW, event).is_ok()));
    let note = log.checkpoint(NOW).unwrap();
    for event in after {
        log.append_event(NOW, event).unwrap();
        log.commit(NOW).unwrap();
    }
    let kept = log.verifier().open(&note).unwrap();
    assert!(log.head().0 > kept.size);
    (disk, kept)
}

#[test]
fn one_byte_rewritten_shows_against_a_checkpoint_though_every_chain_was_recomputed() {
    let (disk, kept) = history();
    let honest = forge::Segment::parse(&disk.file(SEGMENT).unwrap());
    let mut tried = 0;
    let mut leaf = 0;
    for (index, frame) in honest.frames.iter().enumerate() {
        let mut at = 0;
        for entry in forge::entries(&frame.payload) {
            let place = frame.payload[at..].windows(entry.len()).position(|w| w == entry).unwrap();
            at += place + entry.len();
            leaf += 1;
            if leaf % 5 != 0 {
                continue;
            }
            // The last byte of an entry is within what is sealed, or a hash.
            let mut forged = honest.clone();
            forged.frames[index].payload[at - 1] ^= 1;
            let copy = disk.copy();
            copy.put(SEGMENT, &forged.forge());
            // He who has the key signs anew as well.
            copy.put("evidence.checkpoints", b"");
            // Alone, it cannot be told from an honest one, but for the hash of a key.
            let all = verify(Arc::new(copy.clone()), LogKind::Evidence, Vec::new(), |_| {});
            let is_key = entry[0] == 32;
            assert_eq!(all.is_ok(), !is_key, "leaf {leaf}: {all:?}");
            let against = vec![kept.clone()];
            let found = verify(Arc::new(copy.clone()), LogKind::Evidence, against, |_| {});
            tried += 1;
            if leaf <= kept.size {
                if is_key {
                    continue;
                }
                let Err(ReadError::Mismatch(mismatch)) = found else {
                    panic!("leaf {leaf} was rewritten, and nobody sees it");
                };
                assert_eq!((mismatch.size, mismatch.expected), (kept.size, kept.root));
                assert!(mismatch.found.is_some_and(|found| found != kept.root));
            } else {
                // What was signed is as it was; what came after was not signed.
                assert_eq!(found.is_ok(), !is_key);
            }
        }
    }
    assert!(tried > 20 && kept.size > 20, "{tried} tried, {} leaves", kept.size);
}

#[test]
fn a_log_that_is_not_what_its_own_checkpoint_says_is_not_opened() {
    let (disk, kept) = history();
    let mut forged = forge::Segment::parse(&disk.file(SEGMENT).unwrap());
    *forged.frames[0].payload.last_mut().unwrap() ^= 1;
    disk.put(SEGMENT, &forged.forge());
    let refused = open_evidence(&disk, EvidenceOptions::default());
    let Err(OpenError::Read(ReadError::Mismatch(mismatch))) = refused else { panic!() };
    assert_eq!(mismatch.size, kept.size);
}

#[test]
fn leaves_that_were_signed_cannot_be_cut_off_unseen() {
    let (disk, kept) = history();
    let mut forged = forge::Segment::parse(&disk.file(SEGMENT).unwrap());
    forged.frames.clear();
    disk.put(SEGMENT, &forged.forge());
    let refused = leaves(&disk, vec![kept.clone()]);
    let Err(ReadError::Mismatch(mismatch)) = refused else { panic!() };
    assert_eq!((mismatch.size, mismatch.found), (kept.size, None));
    assert!(open_evidence(&disk, EvidenceOptions::default()).is_err());
}

#[test]
fn each_leaf_is_proved_by_its_stored_bytes() {
    let (disk, kept) = history();
    let all = leaves(&disk, vec![kept.clone()]).unwrap();
    let mut log = log(&disk);
    let (size, root) = log.head();
    assert_eq!(size, all.len() as u64);
    for leaf in &all {
        assert_eq!(leaf.hash, leaf_hash(&leaf.stored));
        let proof = log.prove_inclusion(leaf.number, size).unwrap();
        proof.verify(&leaf.hash, &root).unwrap();
        if leaf.number < kept.size {
            let proof = log.prove_inclusion(leaf.number, kept.size).unwrap();
            proof.verify(&leaf.hash, &kept.root).unwrap();
        }
    }
    let proof = log.prove_consistency(kept.size, size).unwrap();
    proof.verify(&kept.root, &root).unwrap();
    assert!(log.prove_inclusion(0, size + 1).is_err());
}

#[test]
fn a_checkpoint_is_a_signed_note_as_c2sp_has_it() {
    let disk = MemoryDisk::new();
    let mut log = log(&disk);
    log.beat(NOW, durable()).unwrap();
    let note = log.checkpoint(NOW).unwrap();
    let lines: Vec<_> = note.split('\n').collect();
    let [origin, size, root, "", signature, ""] = lines[..] else { panic!("{note}") };
    assert_eq!((origin, size), ("example.org/wardline", "1"));
    assert_eq!(root.len(), 44);
    let base64 = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    };
    assert_eq!(base64(root), log.head().1);
    // The signature, checked by another implementation.
    let signature = base64(signature.strip_prefix("— example.org/wardline ").unwrap());
    let key = *log.verifier().key();
    let id = Sha256::digest([origin.as_bytes(), b"\n\x01", &key].concat());
    assert_eq!(signature[..4], id[..4]);
    let body = note.split_inclusive('\n').take(3).collect::<String>();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let signature = Signature::from_slice(&signature[4..]).unwrap();
    key.verify_strict(body.as_bytes(), &signature).unwrap();
}

#[test]
fn a_verifier_takes_the_example_of_the_signed_note_specification() {
    // From the documentation of golang.org/x/mod/sumdb/note.
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let verifier = Verifier::parse(key).unwrap();
    assert_eq!(verifier.to_string(), key);
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg\
                KvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    // The signature is right; the text is no checkpoint.
    assert_eq!(verifier.open(note), Err(NoteError::Form));
    assert_eq!(verifier.open(&note.replace("think", "thank")), Err(NoteError::Signature));
}

#[test]
fn what_is_no_checkpoint_of_this_key_is_refused() {
    let signer = signer();
    let verifier = signer.verifier();
    let note = signer.sign(17, [3; 32]);
    let expected =
        Checkpoint { origin: "example.org/wardline".to_owned(), size: 17, root: [3; 32] };
    assert_eq!(verifier.open(&note), Ok(expected));
    assert_eq!(verifier.open(&note.replace("17", "18")), Err(NoteError::Signature));
    assert_eq!(verifier.open(""), Err(NoteError::Form));
    let other = Signer::new("example.org/wardline", &[8; 32]).unwrap();
    assert_eq!(other.verifier().open(&note), Err(NoteError::Unsigned));
    // A witness beside it changes nothing.
    let witnessed = format!("{note}— witness.example {}\n", "AAAAAAAA");
    assert!(verifier.open(&witnessed).is_ok());
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(verifier.open(&changed).is_err(), "byte {at}");
        assert!(verifier.open(note.get(..at).unwrap_or_default()).is_err());
    }
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(Signer::new(name, &[1; 32]).is_err());
    }
    for key in ["", "a+b", "a+00000000+AQ==", "PeterNeumann+c74f20a4+ARpc2QcU"] {
        assert!(Verifier::parse(key).is_err());
    }
}

#[test]
fn checkpoints_come_by_number_and_age_and_heartbeats_by_the_minute() {
    let disk = MemoryDisk::new();
    let mut log = log(&disk);
    let event = &events(&records(2))[0];
    assert!(log.due() <= NOW);
    assert!(log.beat(NOW, durable()).unwrap());
    assert!(!log.beat(NOW.plus_ms(59_999), durable()).unwrap());
    assert_eq!(log.commit(NOW).unwrap(), None);
    assert_eq!(log.due(), NOW.plus_ms(10_000));
    assert_eq!(log.commit(NOW.plus_ms(9_999)).unwrap(), None);
    let note = log.commit(NOW.plus_ms(10_000)).unwrap().expect("it is old enough");
    assert_eq!(log.verifier().open(&note).unwrap().size, 1);
    // Nothing new, nothing to sign.
    assert_eq!(log.commit(NOW.plus_ms(50_000)).unwrap(), None);
    assert_eq!(log.due(), NOW.plus_ms(60_000));
    assert!(log.beat(NOW.plus_ms(60_000), durable()).unwrap());
    (0..997).for_each(|_| assert!(log.append_event(NOW.plus_ms(60_001), event).is_ok()));
    // With the heartbeat and the key: 999.
    assert_eq!(log.commit(NOW.plus_ms(60_001)).unwrap(), None);
    log.append_event(NOW.plus_ms(60_001), event).unwrap();
    let note = log.commit(NOW.plus_ms(60_001)).unwrap().expect("there are enough");
    assert_eq!(log.verifier().open(&note).unwrap().size, 1_001);
    let stored = stored_checkpoints(&disk, &log.verifier()).unwrap();
    assert_eq!(stored.iter().map(|c| c.size).collect::<Vec<_>>(), [1, 1_001]);
    let all = leaves(&disk, stored).unwrap();
    let beats = all.iter().filter(|leaf| matches!(leaf.evidence, Evidence::Heartbeat { .. }));
    assert_eq!(beats.count(), 2);
}

#[test]
fn acts_and_configuration_are_in_it() {
    let disk = MemoryDisk::new();
    let mut log = log(&disk);
    let act = OperatorAct {
        episode: "17.1.9001.breach.1".to_owned(),
        action: Action::Resolve,
        by: "operator 7".to_owned(),
        note: Some("false alarm".to_owned()),
    };
    let act = Record { at: Some(NOW), input: Input::Operator(act) };
    log.append_input(NOW, 40, &assign(3)).unwrap();
    log.append_input(NOW, 41, &act).unwrap();
    log.checkpoint(NOW).unwrap();
    let found: Vec<_> = leaves(&disk, Vec::new())
        .unwrap()
        .into_iter()
        .filter_map(|leaf| match leaf.evidence {
            Evidence::Input { number, record: Unsealed::Open(record) } => {
                Some((number, text(&record)))
            }
            _ => None,
        })
        .collect();
    assert_eq!(found, [(40, text(&assign(3))), (41, text(&act))]);
}

#[test]
fn checkpoints_that_a_crash_tore_are_written_over() {
    let (disk, kept) = history();
    let name = "evidence.checkpoints";
    let whole = disk.file(name).unwrap();
    let stored = |disk: &MemoryDisk| stored_checkpoints(disk, &signer().verifier()).unwrap();
    let before = stored(&disk).len();
    let torn = [&whole[..], &whole[..whole.len() / 2]].concat();
    disk.put(name, &torn);
    assert_eq!(stored(&disk).len(), before);
    let mut log = log(&disk);
    log.checkpoint(NOW).unwrap();
    let stored = stored(&disk);
    assert_eq!((stored.len(), &stored[0]), (before + 1, &kept));
}

#[test]
fn many_checkpoints_do_not_hide_the_last() {
    let disk = MemoryDisk::new();
    let mut log = log(&disk);
    for minute in 0..600 {
        let now = NOW.plus_ms(minute * 60_000);
        assert!(log.beat(now, durable()).unwrap());
        log.checkpoint(now).unwrap();
    }
    assert!(disk.file("evidence.checkpoints").unwrap().len() > 1 << 16);
    drop(log);
    let mut forged = forge::Segment::parse(&disk.file(SEGMENT).unwrap());
    forged.frames.pop();
    disk.put(SEGMENT, &forged.forge());
    let refused = open_evidence(&disk, EvidenceOptions::default());
    let Err(OpenError::Read(ReadError::Mismatch(mismatch))) = refused else { panic!() };
    assert_eq!((mismatch.size, mismatch.found), (600, None));
}

#[test]
fn an_event_can_be_read_alone() {
    let (disk, _) = history();
    let events: Vec<Event> = events(&records(5));
    let first = leaves(&disk, Vec::new()).unwrap().into_iter().find_map(|leaf| {
        let Evidence::Event(event) = leaf.evidence else { return None };
        event.open()
    });
    assert_eq!(first.as_ref(), events.first());
}
