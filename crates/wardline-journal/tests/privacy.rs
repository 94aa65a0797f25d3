//! What is forgotten is gone, the rest is there, and nothing shows coordinates.

mod common;

use common::*;
use std::sync::Arc;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Record, Refusal};
use wardline_journal::disk::{Disk, MemoryDisk};
use wardline_journal::{
    Evidence, EvidenceOptions, EvidenceReader, Fault, InputOptions, LogKind, Logged, Note,
    OpenError, ReadError, Subject, Unsealed, verify,
};

fn of(number: u64) -> Subject {
    Subject::Device(DeviceId::new(number).unwrap())
}

/// Two devices with three fixes each.
fn log() -> (MemoryDisk, wardline_journal::InputLog) {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(1, &[assign(1), assign(2)])).unwrap();
    let fixes: Vec<_> = (1..=3).flat_map(|seq| [fix(1, seq), fix(2, seq)]).collect();
    log.append(NOW, numbered(3, &fixes)).unwrap();
    log.commit(NOW).unwrap();
    (disk, log)
}

fn sealed(disk: &MemoryDisk) -> Vec<u64> {
    let (logged, result) = read_all(disk, 1);
    result.unwrap();
    let sealed = |logged| match logged {
        Logged::Input { number, record: Unsealed::Sealed { .. } } => Some(number),
        _ => None,
    };
    logged.into_iter().filter_map(sealed).collect()
}

#[test]
fn what_is_forgotten_is_unreadable_and_the_chain_still_verifies() {
    let (disk, mut log) = log();
    assert!(sealed(&disk).is_empty());
    let before = disk.file("input-0000000001.log").unwrap();
    let keys = disk.file("input.keys").unwrap();
    assert_eq!(log.forget(NOW, |info| info.subject == of(1)).unwrap().len(), 1);
    assert_eq!(sealed(&disk), [3, 5, 7]);
    // What was written is as it was, with a note after it.
    assert!(disk.file("input-0000000001.log").unwrap().starts_with(&before));
    let verified = verify(Arc::new(disk.clone()), LogKind::Input, Vec::new(), |_| {}).unwrap();
    assert_eq!(verified.chain, log.durable().chain);
    let noted = read_all(&disk, 1)
        .0
        .into_iter()
        .filter(|logged| matches!(logged, Logged::Note(Note::KeyForgotten { .. })));
    assert_eq!(noted.count(), 1);
    // The key is nowhere any more.
    let lines = keys[28..].chunks(62).map(|line| line[26..58].to_vec());
    let gone = lines.filter(|key| {
        !names(&disk)
            .iter()
            .any(|name| disk.file(name).unwrap().windows(32).any(|window| window == key))
    });
    assert_eq!(gone.count(), 1);
    assert!(log.forget(NOW, |info| info.subject == of(1)).unwrap().is_empty());
}

#[test]
fn whoever_was_forgotten_goes_on_under_a_new_key() {
    let (disk, mut log) = log();
    log.forget(NOW, |info| info.subject == of(1)).unwrap();
    log.append(NOW, numbered(9, &[fix(1, 9)])).unwrap();
    log.commit(NOW).unwrap();
    assert_eq!(sealed(&disk), [3, 5, 7]);
    drop(log);
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(10, &[fix(1, 10), fix(2, 10)])).unwrap();
    log.commit(NOW).unwrap();
    assert_eq!(sealed(&disk), [3, 5, 7]);
    log.forget(NOW, |info| info.subject == of(1)).unwrap();
    assert_eq!(sealed(&disk), [3, 5, 7, 9, 10]);
}

#[test]
fn keys_change_with_time_with_the_person_and_on_demand() {
    let (disk, mut log) = log();
    let month_ms = 30 * 24 * 60 * 60 * 1000;
    let later = NOW.plus_ms(month_ms);
    log.append(later, numbered(9, &[fix(1, 9)])).unwrap();
    log.append(later, numbered(10, &[assign(1), fix(1, 11)])).unwrap();
    log.renew_key(of(1));
    log.append(later, numbered(12, &[fix(1, 12)])).unwrap();
    log.commit(later).unwrap();
    log.forget(later, |info| info.made < later && info.subject == of(1)).unwrap();
    assert_eq!(sealed(&disk), [3, 5, 7]);
    let reader = wardline_journal::InputReader::open(Arc::new(disk.clone()), 1).unwrap();
    let keys: Vec<_> = reader.keys().infos().filter(|info| info.subject == of(1)).collect();
    assert_eq!(
        keys.iter().map(|info| info.is_forgotten).collect::<Vec<_>>(),
        [true, false, false, false]
    );
    log.forget(later, |info| info.key == keys[1].key).unwrap();
    assert_eq!(sealed(&disk), [3, 5, 7, 9]);
    log.forget(later, |info| info.key == keys[2].key).unwrap();
    assert_eq!(sealed(&disk), [3, 5, 7, 9, 11]);
}

#[test]
fn strangers_share_one_key() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    let strangers: Vec<_> = (1..=1000).map(|number| fix(number, 1)).collect();
    log.append(NOW, numbered(1, &strangers)).unwrap();
    log.commit(NOW).unwrap();
    let reader = wardline_journal::InputReader::open(Arc::new(disk.clone()), 1).unwrap();
    let subjects: Vec<_> = reader.keys().infos().map(|info| info.subject).collect();
    assert_eq!(subjects, [Subject::Rest]);
    assert!(sealed(&disk).is_empty());
}

#[test]
fn without_the_keys_a_log_verifies_and_says_no_positions() {
    let (disk, log) = log();
    drop(log);
    disk.remove("input.keys").unwrap();
    assert_eq!(sealed(&disk), [3, 4, 5, 6, 7, 8]);
    verify(Arc::new(disk.clone()), LogKind::Input, Vec::new(), |_| {}).unwrap();
    // But nobody goes on with it.
    let refused = open(&disk, InputOptions::default());
    assert!(matches!(refused, Err(OpenError::Read(ReadError::Keys))));
}

#[test]
fn another_key_in_the_place_of_one_shows() {
    let (disk, log) = log();
    drop(log);
    let mut keys = disk.file("input.keys").unwrap();
    let line = 28..28 + 62;
    keys[line.start + 26] ^= 1;
    let id = disk.file("input-0000000001.log").unwrap()[16..32].to_vec();
    let body = line.start..line.end - 4;
    let sum = forge::crc32c(&[&id[..], &keys[body]].concat());
    keys[line.end - 4..line.end].copy_from_slice(&sum.to_le_bytes());
    disk.put("input.keys", &keys);
    let found = verify(Arc::new(disk), LogKind::Input, Vec::new(), |_| {});
    let Err(ReadError::Damage(damage)) = found else { panic!("{found:?}") };
    assert_eq!(damage.fault, Fault::Key);
}

#[test]
fn damage_to_the_file_of_keys_is_told_of() {
    let (disk, log) = log();
    drop(log);
    let whole = disk.file("input.keys").unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        disk.put("input.keys", &changed);
        match read_all(&disk, 1).1 {
            Err(ReadError::Keys) => assert!(at < 28, "byte {at}"),
            Err(ReadError::Damage(damage)) => {
                assert!(at >= 28 && damage.fault == Fault::Key, "byte {at}: {damage}");
            }
            other => panic!("byte {at}: {other:?}"),
        }
        let refused = open(&disk, InputOptions::default());
        assert!(matches!(refused, Err(OpenError::Read(ReadError::Keys))), "byte {at}");
    }
}

#[test]
fn a_reader_learns_of_keys_that_are_made_meanwhile() {
    let (disk, mut log) = log();
    let mut reader = wardline_journal::InputReader::open(Arc::new(disk), 1).unwrap();
    log.append(NOW, numbered(9, &[assign(3), fix(3, 1)])).unwrap();
    log.commit(NOW).unwrap();
    let mut logged = Vec::new();
    while reader.next_frame(&mut logged).unwrap() {}
    assert_eq!(inputs(&logged).last(), Some(&(10, text(&fix(3, 1)))));
    log.append(NOW, numbered(11, &[fix(3, 2)])).unwrap();
    log.commit(NOW).unwrap();
    assert!(reader.next_frame(&mut logged).unwrap());
    assert_eq!(inputs(&logged).last(), Some(&(11, text(&fix(3, 2)))));
}

#[test]
fn coordinates_are_in_no_file_and_no_debug_output() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    let text = "42.8712345,74.5812345";
    let refusal = Refusal::new("unreadable", text);
    let mut batch = records(7);
    batch.push(Record { at: None, input: Input::Invalid(refusal) });
    log.append(NOW, numbered(1, &batch)).unwrap();
    log.commit(NOW).unwrap();
    let (mut evidence, _) = open_evidence(&disk, EvidenceOptions::default()).unwrap();
    for event in events(&batch) {
        evidence.append_event(NOW, &event).unwrap();
    }
    evidence.checkpoint(NOW).unwrap();
    let files: Vec<_> = names(&disk).iter().map(|name| disk.file(name).unwrap()).collect();
    let is_in_a_file = |bytes: &[u8]| {
        files.iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
    };
    assert!(!is_in_a_file(text.as_bytes()));
    let mut fixes = 0;
    for record in &batch {
        let Input::Fix(fix) = &record.input else { continue };
        let (lat, lon) = (fix.position.lat_e7(), fix.position.lon_e7());
        let bytes = [lat.to_le_bytes(), lon.to_le_bytes()].concat();
        assert!(!is_in_a_file(&bytes));
        fixes += 1;
    }
    assert!(fixes > 50);

    let (logged, _) = read_all(&disk, 1);
    let mut shown = format!("{logged:?}{log:?}{evidence:?}");
    let mut reader = EvidenceReader::open(Arc::new(disk.clone()), Vec::new()).unwrap();
    let mut leaves = Vec::new();
    while reader.next_frame(&mut leaves).unwrap() {}
    leaves.iter_mut().for_each(|leaf| leaf.stored.clear());
    assert!(leaves.iter().any(|leaf| matches!(leaf.evidence, Evidence::Event(_))));
    shown += &format!("{leaves:?}{reader:?}");
    assert!(!shown.contains("Position") && !shown.contains("lat") && !shown.contains(text));
}

#[test]
fn events_of_an_order_are_forgotten_and_proofs_stay() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open_evidence(&disk, EvidenceOptions::default()).unwrap();
    let events = events(&records(5));
    for event in &events {
        log.append_event(NOW, event).unwrap();
    }
    let note = log.checkpoint(NOW).unwrap();
    let kept = log.verifier().open(&note).unwrap();
    let order = events.iter().find(|event| event.evidence.is_some()).unwrap().order;
    log.forget(NOW, |info| info.subject == Subject::Order(order)).unwrap();
    let mut reader = EvidenceReader::open(Arc::new(disk.clone()), vec![kept.clone()]).unwrap();
    let mut leaves = Vec::new();
    while reader.next_frame(&mut leaves).unwrap() {}
    let (mut open, mut closed) = (0, 0);
    for leaf in &leaves {
        let Evidence::Event(event) = &leaf.evidence else { continue };
        match event.as_ref() {
            Unsealed::Open(event) => {
                assert_ne!(event.order, order);
                open += 1;
            }
            Unsealed::Sealed { subject, .. } => {
                assert_eq!(*subject, Some(Subject::Order(order)));
                closed += 1;
            }
        }
        let proof = log.prove_inclusion(leaf.number, kept.size).unwrap();
        proof.verify(&leaf.hash, &kept.root).unwrap();
    }
    let of_order = events.iter().filter(|event| event.order == order).count();
    assert_eq!((closed, open), (of_order, events.len() - of_order));
    assert!(closed > 0 && open > 0);
}
