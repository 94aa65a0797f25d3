//! A disk that takes half of what it is given, is full, or fails.

mod common;

use common::*;
use std::sync::Arc;
use wardline_core::input::{Input, Record, Refusal};
use wardline_journal::disk::MemoryDisk;
use wardline_journal::{EvidenceOptions, InputLog, InputOptions, LogError, SnapshotStore};

fn log(disk: &MemoryDisk) -> InputLog {
    let (mut log, _) = open(disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(1, &[assign(1), fix(1, 1)])).unwrap();
    log.commit(NOW).unwrap();
    log
}

fn count(disk: &MemoryDisk) -> usize {
    let (logged, result) = read_all(disk, 1);
    result.unwrap();
    inputs(&logged).len()
}

#[test]
fn short_writes_are_gone_on_with() {
    for bytes_max in [1, 3, 100] {
        let disk = MemoryDisk::new();
        disk.shorten_writes(Some(bytes_max));
        let mut log = log(&disk);
        log.append(NOW, numbered(3, &[fix(1, 2), fix(1, 3)])).unwrap();
        log.commit(NOW).unwrap();
        assert_eq!(count(&disk), 4);
    }
}

#[test]
fn a_full_disk_is_an_error_that_passes() {
    // The disk runs full at every possible byte of two commits.
    let whole = {
        let disk = MemoryDisk::new();
        let mut log = log(&disk);
        log.append(NOW, numbered(3, &[assign(2), fix(2, 2)])).unwrap();
        log.commit(NOW).unwrap();
        size(&disk)
    };
    let mut full = 0;
    let empty = size(&{
        let disk = MemoryDisk::new();
        log(&disk);
        disk
    });
    for capacity in empty..whole {
        let disk = MemoryDisk::new();
        let mut log = log(&disk);
        let before = disk.file("input-0000000001.log").unwrap();
        disk.limit(Some(capacity));
        log.append(NOW, numbered(3, &[assign(2), fix(2, 2)])).unwrap();
        let Err(LogError::Full { waiting_bytes }) = log.commit(NOW) else {
            panic!("{capacity} bytes were enough, though {whole} are needed");
        };
        full += 1;
        assert!(waiting_bytes > 0);
        assert_eq!(disk.file("input-0000000001.log").unwrap(), before, "the log was changed");
        assert_eq!((log.durable().next, log.is_poisoned()), (3, false));
        assert_eq!(count(&disk), 2);
        // More comes while there is no room, then there is.
        log.append(NOW, numbered(5, &[fix(2, 3)])).unwrap();
        assert!(log.commit(NOW).is_err());
        disk.limit(None);
        assert_eq!(log.commit(NOW).unwrap().next, 6);
        assert_eq!(count(&disk), 5);
        drop(log);
        assert_eq!(open(&disk, InputOptions::default()).unwrap().1.cut, None);
    }
    assert!(full > 100, "only {full} places");
}

fn size(disk: &MemoryDisk) -> usize {
    names(disk).iter().map(|name| disk.file(name).unwrap().len()).sum()
}

#[test]
fn a_full_disk_while_a_segment_begins_passes_too() {
    let mut refused = 0;
    for capacity in (1_000..6_000).step_by(13) {
        let disk = MemoryDisk::new();
        let mut options = InputOptions::default();
        options.segment_bytes = 700;
        let (mut log, _) = open(&disk, options).unwrap();
        disk.limit(Some(capacity));
        for number in 1..60 {
            log.append(NOW, numbered(number, &[heartbeat(1, number)])).unwrap();
            if log.commit(NOW).is_err() {
                refused += 1;
                assert!(!log.is_poisoned());
            }
        }
        disk.limit(None);
        assert_eq!(log.commit(NOW).unwrap().next, 60);
        assert_eq!(count(&disk), 59, "{capacity}");
        let (logged, result) = read_all(&disk, 1);
        assert!(result.is_ok() && logged.len() == 59);
    }
    assert!(refused > 100, "only {refused}");
}

#[test]
fn what_waits_has_a_limit() {
    let disk = MemoryDisk::new();
    let mut options = InputOptions::default();
    options.waiting_bytes_max = 3_000;
    let (mut log, _) = open(&disk, options).unwrap();
    disk.limit(Some(100));
    let mut number = 1;
    let refused = loop {
        match log.append(NOW, numbered(number, &[heartbeat(1, number)])) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, LogError::Full { waiting_bytes } if waiting_bytes >= 3_000));
    assert!((50..300).contains(&number));
    disk.limit(None);
    log.commit(NOW).unwrap();
    log.append(NOW, numbered(number, &[heartbeat(1, number)])).unwrap();
    assert_eq!(log.commit(NOW).unwrap().next, number + 1);
}

#[test]
fn a_failed_sync_poisons_for_good() {
    for (fails, write) in [(1, false), (0, true)] {
        let disk = MemoryDisk::new();
        let mut log = log(&disk);
        log.append(NOW, numbered(3, &[fix(1, 2)])).unwrap();
        disk.fail_syncs(fails);
        disk.fail_writes(u32::from(write));
        assert!(matches!(log.commit(NOW), Err(LogError::Poisoned { .. })));
        // The disk is well again, the log is not: nobody knows what the disk has.
        assert!(matches!(log.commit(NOW), Err(LogError::Poisoned { .. })));
        let again = log.append(NOW, numbered(4, &[fix(1, 3)]));
        assert!(matches!(again, Err(LogError::Poisoned { .. })));
        assert!(matches!(log.forget(NOW, |_| true), Err(LogError::Poisoned { .. })));
        assert!(log.is_poisoned());
        assert_eq!(log.durable().next, 3);
        drop(log);
        disk.restart(1);
        let (log, recovery) = open(&disk, InputOptions::default()).unwrap();
        assert!(recovery.next >= 3 && !log.is_poisoned());
    }
}

#[test]
fn a_sync_of_the_folder_or_the_keys_that_fails_poisons_too() {
    let disk = MemoryDisk::new();
    let mut options = InputOptions::default();
    options.segment_bytes = 300;
    let (mut log, _) = open(&disk, options).unwrap();
    for number in 1..5 {
        log.append(NOW, numbered(number, &[heartbeat(1, number)])).unwrap();
        log.commit(NOW).unwrap();
    }
    // The next commit begins a segment: its file is synced, then the folder.
    log.append(NOW, numbered(5, &[heartbeat(1, 5)])).unwrap();
    disk.fail_syncs(2);
    assert!(log.commit(NOW).is_err() && log.is_poisoned());

    let disk = MemoryDisk::new();
    let mut log = self::log(&disk);
    log.append(NOW, numbered(3, &[assign(2), fix(2, 1)])).unwrap();
    // The keys are synced first.
    disk.fail_syncs(1);
    assert!(log.commit(NOW).is_err() && log.is_poisoned());
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    let disk = MemoryDisk::new();
    let mut log = log(&disk);
    let long = Refusal::new("unreadable", "x".repeat(2 << 20));
    let batch = [fix(1, 2), Record { at: None, input: Input::Invalid(long) }];
    let refused = log.append(NOW, numbered(3, &batch));
    assert!(matches!(refused, Err(LogError::TooLong { number: 4, bytes: 2_000_000.. })));
    let gap = log.append(NOW, numbered(4, &[fix(1, 2)]));
    assert!(matches!(gap, Err(LogError::Sequence { number: 4, expected: 3 })));
    assert_eq!(log.next(), 3);
    log.append(NOW, numbered(3, &[fix(1, 7)])).unwrap();
    log.commit(NOW).unwrap();
    let (logged, result) = read_all(&disk, 1);
    result.unwrap();
    assert_eq!(inputs(&logged)[2..], [(3, text(&fix(1, 7)))]);
}

#[test]
fn no_randomness_is_an_error_and_no_weak_key() {
    let disk = Arc::new(MemoryDisk::new());
    let mut left = 3;
    let entropy = move |bytes: &mut [u8]| {
        left -= 1;
        bytes.fill(left);
        if left == 0 { Err(std::io::Error::other("none")) } else { Ok(()) }
    };
    let opened = InputLog::open(disk, InputOptions::default(), Box::new(entropy), NOW);
    let (mut log, _) = opened.unwrap();
    let refused = log.append(NOW, numbered(1, &[fix(1, 1)]));
    assert!(matches!(refused, Err(LogError::Entropy(_))));
    assert_eq!(log.next(), 1);
}

#[test]
fn a_commit_is_due_by_number_or_age() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    assert_eq!(log.due(), None);
    log.append(NOW, numbered(1, &[heartbeat(1, 1)])).unwrap();
    assert_eq!(log.due(), Some(NOW.plus_ms(10)));
    log.append(NOW.plus_ms(4), numbered(2, &[heartbeat(1, 2)])).unwrap();
    assert_eq!(log.due(), Some(NOW.plus_ms(10)));
    log.commit(NOW).unwrap();
    assert_eq!(log.due(), None);
    let many: Vec<_> = (0..8_192).map(|n| heartbeat(1, n)).collect();
    log.append(NOW, numbered(3, &many[1..])).unwrap();
    assert_eq!(log.due(), Some(NOW.plus_ms(10)));
    log.append(NOW, numbered(8_194, &many[..1])).unwrap();
    assert_eq!(log.due(), Some(NOW));
}

#[test]
fn evidence_waits_for_room_and_is_poisoned_alike() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open_evidence(&disk, EvidenceOptions::default()).unwrap();
    let events = events(&records(2));
    log.append_event(NOW, &events[0]).unwrap();
    log.checkpoint(NOW).unwrap();
    let head = log.head();
    disk.limit(Some(size(&disk)));
    log.append_event(NOW, &events[1]).unwrap();
    assert!(matches!(log.checkpoint(NOW), Err(LogError::Full { .. })));
    assert_eq!(log.head(), head);
    disk.limit(None);
    log.checkpoint(NOW).unwrap();
    assert!(log.head().0 > head.0);
    log.append_event(NOW, &events[2]).unwrap();
    disk.fail_syncs(1);
    assert!(log.commit(NOW).is_err() && log.is_poisoned());
    drop(log);
    disk.restart(3);
    open_evidence(&disk, EvidenceOptions::default()).unwrap();
}

#[test]
fn a_snapshot_that_cannot_be_written_leaves_those_before() {
    let disk = MemoryDisk::new();
    let store = SnapshotStore::open(Arc::new(disk.clone()), 2).unwrap();
    store.put(10, [1; 32], &[1; 1000]).unwrap();
    disk.limit(Some(size(&disk) + 500));
    assert!(store.put(20, [2; 32], &[2; 1000]).is_err());
    let newest = store.newest(|_, _| true, &mut Vec::new()).unwrap().unwrap();
    assert_eq!(newest.next, 10);
    assert_eq!(names(&disk).len(), 1, "the temporary file is gone");
}
