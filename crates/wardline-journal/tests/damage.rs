//! Truncation and bit flips at every byte of a log: nothing panics, what precedes the damage
//! survives, and the damage is told of.

mod common;

use common::*;
use std::sync::Arc;
use wardline_core::input::Record;
use wardline_journal::disk::{Disk, MemoryDisk};
use wardline_journal::{
    EvidenceOptions, Fault, InputLog, InputOptions, InputReader, LogKind, Logged, Note, OpenError,
    ReadError, verify,
};

const SEGMENT: &str = "input-0000000001.log";

/// A log of one segment of `bytes` or a little more, and where each frame of it ends.
fn log_of(bytes: usize) -> (MemoryDisk, Vec<(usize, u64)>) {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    let (mut ends, mut number) = (vec![(forge::HEAD, 1)], 1);
    while disk.file(SEGMENT).unwrap().len() < bytes {
        let batch: Vec<Record> = match number {
            1 => (1..=20).map(assign).collect(),
            _ => (0..60).map(|n| fix(n % 20 + 1, number + n)).collect(),
        };
        log.append(NOW, numbered(number, &batch)).unwrap();
        number = log.commit(NOW).unwrap().next;
        ends.push((disk.file(SEGMENT).unwrap().len(), number));
    }
    (disk, ends)
}

/// The numbers read, in order without a gap, up to this one.
fn check_read(disk: &MemoryDisk, next: u64, at: usize) -> Result<(), ReadError> {
    let (logged, result) = read_all(disk, 1);
    let numbers = logged.iter().filter_map(|logged| match logged {
        Logged::Input { number, .. } => Some(*number),
        _ => None,
    });
    assert!(numbers.eq(1..next), "byte {at}: {} read, {next} expected", logged.len());
    result
}

#[test]
fn a_log_cut_off_anywhere_is_what_was_committed_before() {
    let (disk, ends) = log_of(64 << 10);
    let whole = disk.file(SEGMENT).unwrap();
    for length in 0..whole.len() {
        let disk = disk.copy();
        disk.put(SEGMENT, &whole[..length]);
        let before = ends.iter().rev().find(|(end, _)| *end <= length);
        let Some((end, next)) = before.copied() else {
            // A segment has its head before it has its name.
            assert_damage(&disk, 1, 0, 0, |fault| fault == Fault::SegmentHead, length);
            continue;
        };
        assert!(check_read(&disk, next, length).is_ok());
        let (log, recovery) = open(&disk, InputOptions::default()).unwrap();
        assert_eq!((log.next(), recovery.next), (next, next), "byte {length}");
        let cut = recovery.cut.map(|cut| (cut.offset, cut.bytes));
        let expected = (end < length).then_some((end as u64, (length - end) as u64));
        assert_eq!(cut, expected, "byte {length}");
    }
}

fn assert_damage(
    disk: &MemoryDisk,
    segment: u64,
    offset: u64,
    sequence: u64,
    expected: impl Fn(Fault) -> bool,
    at: usize,
) {
    let before = disk.file(SEGMENT);
    match open(disk, InputOptions::default()) {
        Err(OpenError::Read(ReadError::Damage(damage))) => {
            let place = (damage.segment, damage.offset, damage.sequence);
            assert_eq!(place, (segment, offset, sequence), "byte {at}: {damage}");
            assert!(expected(damage.fault), "byte {at}: {damage}");
        }
        other => panic!("byte {at}: {other:?}"),
    }
    assert_eq!(disk.file(SEGMENT), before, "byte {at}: a damaged log was changed");
}

#[test]
fn a_bit_flipped_anywhere_is_damage_or_at_the_end_a_torn_write() {
    let (disk, ends) = log_of(64 << 10);
    let whole = disk.file(SEGMENT).unwrap();
    let last = ends[ends.len() - 2].0;
    for at in 0..whole.len() {
        let disk = disk.copy();
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        disk.put(SEGMENT, &flipped);
        let before = ends.iter().rev().find(|(end, _)| *end <= at).copied();
        let Some((end, next)) = before else {
            assert_damage(&disk, 1, 0, 0, |fault| fault == Fault::SegmentHead, at);
            continue;
        };
        if at >= last {
            assert!(check_read(&disk, next, at).is_ok());
            let (_, recovery) = open(&disk, InputOptions::default()).unwrap();
            let cut = recovery.cut.expect("the last frame is cut off");
            assert_eq!((cut.offset, cut.bytes), (end as u64, (whole.len() - end) as u64));
        } else {
            assert!(matches!(check_read(&disk, next, at), Err(ReadError::Damage(_))), "byte {at}");
            let by_flip = |fault| matches!(fault, Fault::FrameHead | Fault::Checksum);
            assert_damage(&disk, 1, end as u64, next, by_flip, at);
        }
    }
}

#[test]
fn what_is_cut_off_is_noted_and_kept() {
    let (disk, ends) = log_of(8 << 10);
    let whole = disk.file(SEGMENT).unwrap();
    let (end, _) = ends[ends.len() - 2];
    disk.put(SEGMENT, &whole[..whole.len() - 1]);
    let (mut log, recovery) = open(&disk, InputOptions::default()).unwrap();
    let cut = recovery.cut.unwrap();
    log.commit(NOW).unwrap();
    let notes: Vec<_> = read_all(&disk, 1).0;
    let noted = notes.iter().any(|logged| match logged {
        Logged::Note(Note::Cut { segment, offset, bytes, hash }) => {
            (*segment, *offset, *bytes, *hash) == (1, cut.offset, cut.bytes, cut.hash)
        }
        _ => false,
    });
    assert!(noted);
    let kept = disk.file(&format!("{SEGMENT}.cut-{end}")).unwrap();
    assert_eq!(kept, whole[end..whole.len() - 1]);
    // And the log goes on.
    assert_eq!(open(&disk, InputOptions::default()).unwrap().1.cut, None);
}

/// A log of several segments.
fn segments() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut options = InputOptions::default();
    options.segment_bytes = 3_000;
    let (seed, shared) = (entropy(99), Arc::new(disk.clone()));
    let (mut log, _) = InputLog::open(shared, options, seed, NOW).unwrap();
    log.append(NOW, numbered(1, &[assign(1)])).unwrap();
    for number in 2..200 {
        log.append(NOW, numbered(number, &[fix(1, number)])).unwrap();
        log.commit(NOW).unwrap();
    }
    assert!(names(&disk).len() > 4);
    disk
}

#[test]
fn damage_in_any_segment_but_the_last_is_never_a_torn_write() {
    let disk = segments();
    let name = "input-0000000002.log";
    let whole = disk.file(name).unwrap();
    for length in 0..whole.len() {
        let disk = disk.copy();
        disk.put(name, &whole[..length]);
        let Err(ReadError::Damage(damage)) = read_all(&disk, 1).1 else {
            panic!("cut to {length} bytes, and nothing is said");
        };
        let between = length >= forge::HEAD && damage.fault == Fault::Sequence;
        assert!(damage.segment == if between { 3 } else { 2 }, "{length}: {damage}");
        assert!(open(&disk, InputOptions::default()).is_err());
    }
}

#[test]
fn a_missing_or_exchanged_segment_is_damage() {
    for missing in [1, 2, 3] {
        let disk = segments();
        let name = format!("input-{missing:010}.log");
        disk.remove(&name).unwrap();
        let Err(ReadError::Damage(damage)) = read_all(&disk, 1).1 else { panic!() };
        assert_eq!((damage.segment, damage.fault), (missing, Fault::SegmentMissing));
    }
    let disk = segments();
    disk.put("input-0000000002.log", &disk.file("input-0000000003.log").unwrap());
    let Err(ReadError::Damage(damage)) = read_all(&disk, 1).1 else { panic!() };
    assert_eq!((damage.segment, damage.fault), (2, Fault::SegmentHead));
    let other = segments();
    let (disk, _) = log_of(3_000);
    disk.put("input-0000000002.log", &other.file("input-0000000002.log").unwrap());
    let Err(ReadError::Damage(damage)) = read_all(&disk, 1).1 else { panic!() };
    assert_eq!((damage.segment, damage.fault), (2, Fault::SegmentHead));
}

#[test]
fn what_was_changed_with_its_checksum_breaks_the_chain() {
    let (disk, ends) = log_of(8 << 10);
    let mut segment = forge::Segment::parse(&disk.file(SEGMENT).unwrap());
    let frames = segment.frames.len();
    for (index, (end, next)) in ends.iter().enumerate().take(frames) {
        let before = segment.clone();
        // The kind of a device, or a speed: whatever it is then, it can be read.
        *segment.frames[index].payload.last_mut().unwrap() ^= 1;
        let forged = segment.forge();
        // Only this frame is exchanged; those after it still go on from the old one.
        let mut mixed = before.forge();
        let until = ends[index + 1].0;
        mixed[*end..until].copy_from_slice(&forged[*end..until]);
        segment = before;
        let copy = disk.copy();
        copy.put(SEGMENT, &mixed);
        if index + 1 < frames {
            let Err(ReadError::Damage(damage)) = read_all(&copy, 1).1 else { panic!() };
            assert_eq!((damage.offset, damage.fault), (until as u64, Fault::Chain));
            assert!(damage.sequence > *next);
        }
        // Nothing in the log itself tells a log that was forged to its end.
        copy.put(SEGMENT, &forged);
        assert!(verify(Arc::new(copy), LogKind::Input, Vec::new(), |_| {}).is_ok());
    }
}

#[test]
fn whoever_checked_the_chain_before_still_finds_what_checksums_find() {
    let (disk, ends) = log_of(8 << 10);
    let mut bytes = disk.file(SEGMENT).unwrap();
    let (end, next) = ends[ends.len() / 2];
    bytes[end + 60] ^= 1;
    disk.put(SEGMENT, &bytes);
    let mut reader = InputReader::open(Arc::new(disk), 1).unwrap().checked_before();
    let (mut logged, mut is_more) = (Vec::new(), Ok(true));
    while let Ok(true) = is_more {
        is_more = reader.next_frame(&mut logged);
    }
    let Err(ReadError::Damage(damage)) = is_more else { panic!("{is_more:?}") };
    let place = (damage.offset, damage.sequence, damage.fault);
    assert_eq!(place, (end as u64, next, Fault::Checksum));
}

#[test]
fn evidence_cut_off_or_flipped_never_panics_and_is_told_of() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open_evidence(&disk, EvidenceOptions::default()).unwrap();
    let mut signed = Vec::new();
    for batch in events(&records(5)).chunks(40) {
        batch.iter().for_each(|event| assert!(log.append_event(NOW, event).is_ok()));
        signed.push(log.checkpoint(NOW).unwrap());
    }
    let against = log.verifier().open(signed.last().unwrap()).unwrap();
    drop(log);
    let name = "evidence-0000000001.log";
    let whole = disk.file(name).unwrap();
    assert!(whole.len() > 10_000);
    for at in (0..whole.len()).step_by(7) {
        for flips in [true, false] {
            let disk = disk.copy();
            let mut changed = whole.clone();
            match flips {
                true => changed[at] ^= 1 << (at % 8),
                false => changed.truncate(at),
            }
            disk.put(name, &changed);
            // Even at the end: so many leaves were signed.
            assert!(open_evidence(&disk, EvidenceOptions::default()).is_err(), "byte {at}");
            let against = vec![against.clone()];
            let verified = verify(Arc::new(disk), LogKind::Evidence, against, |_| {});
            assert!(verified.is_err(), "byte {at}");
        }
    }
}
