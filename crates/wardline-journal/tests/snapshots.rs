//! Snapshots: the newest that is sound is used, whatever else lies there.

mod common;

use common::names;
use std::sync::Arc;
use wardline_core::{Config, Engine};
use wardline_journal::SnapshotStore;
use wardline_journal::disk::{Disk, MemoryDisk};

fn store(disk: &MemoryDisk, keep: usize) -> SnapshotStore {
    SnapshotStore::open(Arc::new(disk.clone()), keep).unwrap()
}

fn name(next: u64) -> String {
    format!("snapshot-{next:020}.state")
}

#[test]
fn the_newest_are_kept() {
    let disk = MemoryDisk::new();
    let store = store(&disk, 3);
    assert_eq!(store.newest(|_, _| true, &mut Vec::new()).unwrap(), None);
    for next in [5, 100, u64::MAX - 1, 7, 1_000] {
        store.put(next, [next as u8; 32], &next.to_le_bytes()).unwrap();
    }
    assert_eq!(names(&disk), [name(100), name(1_000), name(u64::MAX - 1)]);
    let newest = store.newest(|next, _| next < 5_000, &mut Vec::new()).unwrap().unwrap();
    assert_eq!((newest.next, newest.chain), (1_000, [1_000_u64 as u8; 32]));
    assert_eq!(newest.state, 1_000_u64.to_le_bytes());
}

#[test]
fn damage_at_any_byte_is_refused_and_the_one_before_is_used() {
    let disk = MemoryDisk::new();
    let store = store(&disk, 3);
    store.put(1, [1; 32], &[1; 200]).unwrap();
    store.put(2, [2; 32], &[2; 200]).unwrap();
    let whole = disk.file(&name(2)).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        for bytes in [&flipped[..], &whole[..at]] {
            disk.put(&name(2), bytes);
            let mut refused = Vec::new();
            let used = store.newest(|_, _| true, &mut refused).unwrap().unwrap();
            assert_eq!((used.next, refused.len()), (1, 1), "byte {at}");
            assert_eq!(refused[0].name, name(2));
        }
    }
    disk.put(&name(2), &[&whole[..], &[0]].concat());
    assert_eq!(store.newest(|_, _| true, &mut Vec::new()).unwrap().unwrap().next, 1);
}

#[test]
fn one_that_was_rolled_back_or_is_of_another_log_is_refused() {
    let disk = MemoryDisk::new();
    let store = store(&disk, 5);
    store.put(1, [1; 32], &[1; 10]).unwrap();
    store.put(2, [2; 32], &[2; 10]).unwrap();
    store.put(3, [9; 32], &[3; 10]).unwrap();
    // An old state in the place of a newer one.
    disk.put(&name(4), &disk.file(&name(1)).unwrap());
    let mut refused = Vec::new();
    let chain_of = |next: u64| [next as u8; 32];
    let used = store.newest(|next, chain| chain_of(next) == *chain, &mut refused).unwrap();
    assert_eq!(used.unwrap().next, 2);
    let reasons: Vec<_> = refused.iter().map(|refused| refused.reason).collect();
    assert_eq!(
        reasons,
        ["it was put in the place of another", "it does not fit the log of inputs"]
    );
}

#[test]
fn what_a_crash_left_half_written_is_removed() {
    let disk = MemoryDisk::new();
    disk.put(&format!("{}.new", name(7)), b"half");
    disk.put("input-0000000001.log.new", b"of somebody else");
    assert_eq!(store(&disk, 1).newest(|_, _| true, &mut Vec::new()).unwrap(), None);
    assert_eq!(names(&disk), ["input-0000000001.log.new"]);
}

#[test]
fn an_engine_comes_back() {
    let records = common::records(4);
    let mut engine = Engine::new(Config::default());
    records.iter().for_each(|record| engine.apply(record, &mut |_| {}));
    let mut state = Vec::new();
    engine.snapshot(&mut state);
    let disk = MemoryDisk::new();
    let store = store(&disk, 1);
    store.put(records.len() as u64 + 1, [0; 32], &state).unwrap();
    let read = store.newest(|_, _| true, &mut Vec::new()).unwrap().unwrap();
    let restored = Engine::restore(Config::default(), &read.state).unwrap();
    assert_eq!(restored.fingerprint(), engine.fingerprint());
    assert!(disk.list().unwrap().len() == 1);
}
