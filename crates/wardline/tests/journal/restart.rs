//! What is known after a start is what was known before.

use crate::support::{BATCH, Run, check, check_accepted, evidence, records};
use wardline::journal::disk::{Disk, MemoryDisk};
use wardline::pipeline::Notice;

/// Pipelines that end in order, one after another, with another number of shards each.
#[test]
fn a_log_goes_on_over_many_starts() {
    for seed in 0..6 {
        let (records, disk) = (records(seed), MemoryDisk::new());
        let part = records.len() / 5 + 1;
        let mut told = Vec::new();
        for (turn, (part, shards)) in records.chunks(part).zip([2, 2, 3, 3, 1]).enumerate() {
            let run = Run::start(&disk, shards);
            let resumes = turn == 1 || turn == 3;
            let again = if resumes { 0 } else { run.found.next - 1 };
            assert_eq!(run.found.next - run.found.from, again, "turn {turn}");
            assert!(run.submit(part, 0));
            let (tells, notices) = (run.told.clone(), run.notices.clone());
            assert!(run.finish());
            told.append(&mut tells.lock().expect("no panic"));
            let notices = notices.lock().expect("no panic");
            assert!(
                matches!(notices[..], [Notice::Replayed { inputs }] if inputs as u64 == again),
                "{notices:?}"
            );
        }
        let ids: Vec<_> = told.iter().map(crate::support::id).collect();
        let once: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "nothing was told twice");
        check(&disk, &told);
    }
}

/// The power goes at some operation of the disk, again and again; whoever sends sends again what
/// was not accepted.
#[test]
fn nothing_accepted_is_lost_and_nothing_is_in_the_evidence_twice() {
    let mut losses = 0;
    for seed in 0..40 {
        let (records, disk) = (records(seed % 8), MemoryDisk::new());
        let (mut told, mut accepted, mut from) = (Vec::new(), Vec::new(), 0);
        for life in 0.. {
            let run = Run::start(&disk, 1 + seed as usize % 3);
            let operations = if life < 4 { 3 + (seed * 7 + life * 13) % 40 } else { u64::MAX };
            disk.lose_power_after(operations);
            let has_all = run.submit(&records, from);
            let (tells, accepts) = (run.told.clone(), run.accepted.clone());
            // What cannot be written at the end is written after the next start.
            let last = run.pipeline.snapshots();
            let report = run.pipeline.finish();
            let _ = last.map(|last| run.attached.close(&last));
            disk.restart(seed * 31 + life);
            told.append(&mut tells.lock().expect("no panic"));
            let mut batches = accepts.lock().expect("no panic");
            check_accepted(&disk, &records, &batches);
            from = batches.last().map_or(from, |last| last.tag as usize + BATCH);
            accepted.append(&mut batches);
            if has_all && report.metrics.log_failures == 0 && life >= 4 {
                break;
            }
            losses += 1;
        }
        check(&disk, &told);
        check_accepted(&disk, &records, &accepted);
    }
    assert!(losses >= 160, "{losses}");
}

/// Of several snapshots the newest one that is sound is used, or none.
#[test]
fn a_damaged_or_foreign_snapshot_is_not_used() {
    let (records, disk) = (records(3), MemoryDisk::new());
    let third = records.len() / 3;
    let mut told = Vec::new();
    for part in records.chunks(third) {
        let run = Run::start(&disk, 2);
        run.submit(part, 0);
        let tells = run.told.clone();
        assert!(run.finish());
        told.append(&mut tells.lock().expect("no panic"));
    }
    let names = || -> Vec<String> {
        let mut names = disk.list().expect("listed");
        names.retain(|name| name.starts_with("snapshot-"));
        names
    };
    let mut froms = Vec::new();
    for turn in 0..names().len() + 1 {
        let run = Run::start(&disk, 2);
        froms.push(run.found.from);
        assert_eq!(run.found.unused.len(), turn, "{:?}", run.found.unused);
        let (tells, attached) = (run.told.clone(), run.attached);
        let metrics = run.pipeline.finish().metrics;
        assert_eq!(metrics.replayed, run.found.next - run.found.from);
        assert_eq!(attached.written().differing, 0);
        assert!(tells.lock().expect("no panic").is_empty(), "nothing is told again");
        // Each in its turn, from the newest on, is damaged in another way.
        let Some(name) = names().into_iter().rev().nth(turn) else { break };
        let mut bytes = disk.file(&name).expect("it is there");
        match turn {
            0 => bytes[200] ^= 1,
            1 => bytes.truncate(100),
            _ => bytes = b"no snapshot".to_vec(),
        }
        disk.put(&name, &bytes);
    }
    assert!(froms.is_sorted_by(|a, b| a > b), "{froms:?}");
    assert_eq!(froms.last(), Some(&1));
    check(&disk, &told);
}

/// A log that was cut back behind a snapshot: the snapshot knows what the log does not.
#[test]
fn a_snapshot_beyond_the_log_is_not_used() {
    let (records, disk) = (records(5), MemoryDisk::new());
    let run = Run::start(&disk, 1);
    run.submit(&records[..records.len() / 2], 0);
    run.finish();
    let log = disk.file("input-0000000001.log").expect("it is there");
    let run = Run::start(&disk, 1);
    run.submit(&records[records.len() / 2..], 0);
    run.finish();
    let after = evidence(&disk).0.len();
    disk.put("input-0000000001.log", &log);
    let run = Run::start(&disk, 1);
    // Nor is what was known of the devices then.
    assert_eq!(run.found.unused.len(), 2, "{:?}", run.found.unused);
    assert_eq!(run.found.from, run.found.next, "the older one is used");
    run.pipeline.finish();
    assert!(after >= evidence(&disk).0.len());
}
