//! Disks that are full, write half, or fail, under a pipeline that runs.

use crate::support::{Run, check, check_accepted, logged, records};
use std::time::{Duration, Instant};
use wardline::journal::disk::MemoryDisk;
use wardline::pipeline::Notice;

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "not in 20 s: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// C: a full disk holds up whoever submits; when there is room all goes on, and nothing is lost.
#[test]
fn a_full_disk_is_waited_for() {
    let (records, disk) = (records(1), MemoryDisk::new());
    let run = Run::start(&disk, 2);
    let half = records.len() / 2;
    assert!(run.submit(&records[..half], 0));
    wait_until("half is durable", || run.attached.written().durable == half as u64);
    disk.limit(Some(0));
    assert!(run.submit(&records, half - half % 7));
    let is_told = |run: &Run, full: bool| {
        run.notices.lock().expect("no panic").iter().any(|notice| match full {
            true => matches!(notice, Notice::LogFull),
            false => matches!(notice, Notice::LogHasRoom),
        })
    };
    wait_until("it is told", || is_told(&run, true));
    let accepted = run.accepted.lock().expect("no panic").len();
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(run.accepted.lock().expect("no panic").len(), accepted, "nothing is accepted");
    assert!(!is_told(&run, false));
    disk.limit(None);
    wait_until("it goes on", || is_told(&run, false));
    let (told, accepts) = (run.told.clone(), run.accepted.clone());
    assert!(run.finish());
    let accepted: usize = accepts.lock().expect("no panic").iter().map(|a| a.inputs).sum();
    assert_eq!(accepted, logged(&disk).len());
    check(&disk, &told.lock().expect("no panic"));
}

/// A sync that fails is the end of this run: nothing is accepted or told any more. The next start
/// goes on with what is there.
#[test]
fn a_failed_sync_is_the_end_of_the_run() {
    let (records, disk) = (records(2), MemoryDisk::new());
    let run = Run::start(&disk, 2);
    let (told, accepts) = (run.told.clone(), run.accepted.clone());
    let half = records.len() / 14 * 7;
    assert!(run.submit(&records[..half], 0));
    wait_until("half is durable", || run.attached.written().durable == half as u64);
    disk.fail_syncs(u32::MAX);
    // How much is taken in before the failure shows is a matter of time.
    run.submit(&records, half);
    wait_until("it is closed", || run.pipeline.submit(records[0].clone()).is_err());
    let notices = run.notices.clone();
    let last = run.pipeline.snapshots().ok();
    let report = run.pipeline.finish();
    assert_eq!(report.metrics.log_failures, 1);
    assert!(last.is_none(), "it is closed");
    let failures = notices.lock().expect("no panic");
    let failures = failures.iter().filter(|notice| matches!(notice, Notice::LogFailed { .. }));
    assert_eq!(failures.count(), 1);
    assert!(accepts.lock().expect("no panic").iter().all(|a| a.first <= half as u64));
    disk.restart(9);
    check_accepted(&disk, &records, &accepts.lock().expect("no panic"));
    let mut told = std::mem::take(&mut *told.lock().expect("no panic"));
    let run = Run::start(&disk, 2);
    assert!(run.submit(&records, half));
    let tells = run.told.clone();
    assert!(run.finish());
    told.append(&mut tells.lock().expect("no panic"));
    check(&disk, &told);
}

#[test]
fn writes_that_take_a_few_bytes_are_gone_on_with() {
    let (records, disk) = (records(4), MemoryDisk::new());
    disk.shorten_writes(Some(97));
    let run = Run::start(&disk, 2);
    assert!(run.submit(&records, 0));
    let told = run.told.clone();
    assert!(run.finish());
    assert_eq!(logged(&disk).len(), records.len());
    check(&disk, &told.lock().expect("no panic"));
}
