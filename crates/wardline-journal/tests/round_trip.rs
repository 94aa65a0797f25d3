//! What is written is read again, whatever it is.

mod common;

use common::*;
use std::sync::Arc;
use wardline_core::geometry::Position;
use wardline_core::input::{Action, Fix, Input, OperatorAct, Record, Refusal};
use wardline_core::time::Timestamp;
use wardline_journal::disk::MemoryDisk;
use wardline_journal::{
    Evidence, EvidenceOptions, EvidenceReader, InputFrame, InputOptions, InputReader, LogKind,
    Logged, Opened, Subject, Unsealed, rewritten, verify,
};

#[test]
fn inputs_of_all_scenarios_come_back() {
    for seed in 0..60 {
        let records = records(seed);
        let disk = MemoryDisk::new();
        let mut options = InputOptions::default();
        options.segment_bytes = 4_000;
        let (mut log, recovery) = open(&disk, options).unwrap();
        assert!(recovery.is_new);
        for (first, batch) in (1..).step_by(37).zip(records.chunks(37)) {
            log.append(NOW, numbered(first, batch)).unwrap();
            assert_eq!(log.commit(NOW).unwrap().next, first + batch.len() as u64);
        }
        let (logged, result) = read_all(&disk, 1);
        result.unwrap();
        let expected: Vec<_> = (1..).zip(records.iter().map(text)).collect();
        assert_eq!(inputs(&logged), expected, "seed {seed}");
        let from = records.len() as u64 / 2;
        assert_eq!(inputs(&read_all(&disk, from).0), expected[from as usize - 1..], "seed {seed}");
        let verified = verify(Arc::new(disk), LogKind::Input, Vec::new(), |_| {}).unwrap();
        assert_eq!((verified.numbered, verified.chain), (from_len(&records), log.durable().chain));
        assert!(records.len() < 200 || verified.segment > 1, "all in one segment");
    }
}

/// A number in hundredths has no other form: else a record would have two.
#[test]
fn a_number_of_a_fix_has_one_form() {
    let entry = |accuracy_m: f64| {
        // Kind, key, device, counter, time, flags, forms (a double first), source, position.
        let mut entry = vec![7, 1, 1, 1, 0, 0, 2, 0];
        entry.extend([0; 8]);
        entry.extend(accuracy_m.to_bits().to_le_bytes());
        entry
    };
    assert_eq!(rewritten(&entry(8.123)), Ok(entry(8.123)));
    let malformed = rewritten(&entry(8.12)).expect_err("it has a shorter form");
    assert_eq!((malformed.offset, malformed.what), (24, "a number that has no shorter form"));
}

/// Fixes that were received together are given together, and all else alone, in order.
#[test]
fn a_frame_is_opened_in_rows() {
    let at = |at: Option<Timestamp>, mut record: Record| {
        record.at = at;
        record
    };
    let later = NOW.plus_ms(1);
    let mut records = vec![assign(1), assign(2)];
    records.extend((0..301).map(|seq| at(Some(NOW), fix(1 + seq % 2, seq))));
    records.extend((301..304).map(|seq| at(Some(later), fix(1, seq))));
    records.push(heartbeat(1, 304));
    records.extend([at(Some(later), fix(1, 305)), at(None, fix(1, 306))]);
    records.extend([at(Some(later), fix(2, 307)), at(Some(later), fix(1, 308))]);
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(1, &records)).unwrap();
    log.commit(NOW).unwrap();
    log.forget(NOW, |info| info.subject == Subject::Device(device(2))).unwrap();

    let (mut frames, mut opener) = InputReader::open(Arc::new(disk), 0).unwrap().split();
    let (mut frame, mut rows, mut opened) = (InputFrame::default(), Vec::new(), Vec::new());
    while frames.next(&mut frame).unwrap() {
        let visit = |row: Opened<'_>| match row {
            Opened::Fixes { first, at, fixes } => {
                rows.push(fixes.len());
                let record = |fix: &Fix| Record { at: Some(at), input: Input::Fix(*fix) };
                opened.extend((first..).zip(fixes.iter().map(record).map(|r| text(&r))));
            }
            Opened::Other(Logged::Input { number, record }) => {
                rows.push(0);
                opened.extend(record.open().map(|record| (number, text(&record))));
            }
            _ => {}
        };
        opener.visit(&frame, visit).unwrap();
    }
    let is_of_two = |record: &Record| match record.input {
        Input::Fix(fix) => fix.device == device(2),
        _ => false,
    };
    let known = (1..).zip(&records).filter(|(_, record)| !is_of_two(record));
    assert_eq!(opened, known.map(|(number, record)| (number, text(record))).collect::<Vec<_>>());
    // Of the first 300 each second one is forgotten.
    let expected: Vec<_> = [0, 0].into_iter().chain([1, 0].repeat(150)).collect();
    assert_eq!(rows[..302], expected);
    assert_eq!(rows[302..], [1, 3, 0, 1, 0, 0, 1]);
}

/// Of very many that were received together so many are given together as an engine takes in.
#[test]
fn a_row_of_fixes_has_an_end() {
    let of_one = |seq| Record { at: Some(NOW), ..fix(1, seq) };
    let records: Vec<_> = [assign(1)].into_iter().chain((0..600).map(of_one)).collect();
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(1, &records)).unwrap();
    log.commit(NOW).unwrap();
    let (mut frames, mut opener) = InputReader::open(Arc::new(disk), 100).unwrap().split();
    let (mut frame, mut rows) = (InputFrame::default(), Vec::new());
    while frames.next(&mut frame).unwrap() {
        let visit = |row: Opened<'_>| {
            if let Opened::Fixes { first, fixes, .. } = row {
                rows.push((first, fixes.len()));
            }
        };
        opener.visit(&frame, visit).unwrap();
    }
    assert_eq!(Opened::FIXES_MAX, 256);
    assert_eq!(rows, [(100, 256), (356, 246)]);
}

fn from_len(records: &[Record]) -> u64 {
    records.len() as u64
}

#[test]
fn events_of_all_scenarios_come_back() {
    let mut with_evidence = 0;
    for seed in 0..60 {
        let events = events(&records(seed));
        let disk = MemoryDisk::new();
        let (mut log, _) = open_evidence(&disk, EvidenceOptions::default()).unwrap();
        for batch in events.chunks(11) {
            batch.iter().for_each(|event| assert!(log.append_event(NOW, event).is_ok()));
            log.commit(NOW).unwrap();
        }
        let mut reader = EvidenceReader::open(Arc::new(disk), Vec::new()).unwrap();
        let mut leaves = Vec::new();
        while reader.next_frame(&mut leaves).unwrap() {}
        let read: Vec<_> = leaves
            .into_iter()
            .filter_map(|leaf| match leaf.evidence {
                Evidence::Event(event) => event.open(),
                _ => None,
            })
            .collect();
        assert_eq!(read, events, "seed {seed}");
        with_evidence += events.iter().filter(|event| event.evidence.is_some()).count();
        assert_eq!(reader.head(), log.head());
    }
    assert!(with_evidence > 1_000, "only {with_evidence} events had evidence");
}

#[test]
fn whatever_numbers_and_words_there_are_come_back() {
    let mut all = Vec::new();
    let numbers = [0.0, -0.0, 0.01, 0.015, 655.35, 655.36, 0.1 + 0.2, -1.0, f64::MAX, f64::NAN];
    let numbers = numbers.into_iter().chain([f64::INFINITY, f64::MIN_POSITIVE, 8.5]);
    for number in numbers {
        for (ms, seq) in [(i64::MIN, u64::MAX), (i64::MAX, 0), (0, 1 << 31), (-1, 1 << 32)] {
            let Input::Fix(fix) = fix(9, 1).input else { unreachable!() };
            let position = Position::from_e7(-900_000_000, 1_800_000_000).unwrap();
            let time = Timestamp::from_ms(ms);
            let odd = Fix { seq, time, position, speed_mps: Some(number), ..fix };
            let odd = Fix { accuracy_m: None, course_deg: Some(number), mock: true, ..odd };
            for at in [None, Some(NOW), Some(Timestamp::from_ms(i64::MAX))] {
                all.push(Record { at, input: Input::Fix(odd) });
            }
        }
    }
    for words in ["", "ü", "17.1.9001.breach.1", "\0\n", &"x".repeat(70_000)] {
        let act = OperatorAct {
            episode: words.to_owned(),
            action: Action::Resolve,
            by: words.to_owned(),
            note: Some(words.to_owned()),
        };
        all.push(Record { at: None, input: Input::Operator(act) });
        all.push(Record { at: None, input: Input::Invalid(Refusal::new(words, words)) });
    }
    let disk = MemoryDisk::new();
    let first = (1 << 63) - 5;
    let mut options = InputOptions::default();
    options.first = first;
    let (mut log, _) = open(&disk, options).unwrap();
    log.append(NOW, numbered(first, &all)).unwrap();
    log.commit(NOW).unwrap();
    let expected: Vec<_> = (first..).zip(all.iter().map(text)).collect();
    assert_eq!(inputs(&read_all(&disk, first).0), expected);
}

#[test]
fn an_entry_has_one_form() {
    let records = records(3);
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(1, &records)).unwrap();
    log.commit(NOW).unwrap();
    let segment = forge::Segment::parse(&disk.file("input-0000000001.log").unwrap());
    let (mut read, mut refused) = (0, 0);
    for entry in segment.frames.iter().flat_map(|frame| forge::entries(&frame.payload)) {
        for byte in 0..entry.len() {
            for bit in 0..8 {
                let mut changed = entry.to_vec();
                changed[byte] ^= 1 << bit;
                // What is sealed is read as it is, so much of this is refused; what is not, has
                // no second form.
                match rewritten(&changed) {
                    Ok(again) => {
                        read += 1;
                        assert_eq!(again, changed);
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(read > 10_000 && refused > 10_000, "{read} read, {refused} refused");
}

#[test]
fn a_reader_goes_on_where_a_writer_goes_on() {
    let disk = MemoryDisk::new();
    let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
    log.append(NOW, numbered(1, &[assign(1), fix(1, 1)])).unwrap();
    log.commit(NOW).unwrap();
    drop(log);
    let (mut log, recovery) = open(&disk, InputOptions::default()).unwrap();
    assert_eq!((recovery.is_new, recovery.next, recovery.cut), (false, 3, None));
    log.append(NOW, numbered(3, &[fix(1, 2)])).unwrap();
    log.commit(NOW).unwrap();
    assert_eq!(inputs(&read_all(&disk, 1).0).len(), 3);
    let nothing = read_all(&MemoryDisk::new(), 1);
    assert!(nothing.0.is_empty() && nothing.1.is_ok());
}

#[test]
fn a_reader_follows_a_writer_from_segment_to_segment() {
    let disk = MemoryDisk::new();
    let mut options = InputOptions::default();
    options.segment_bytes = 1_000;
    let (mut log, _) = open(&disk, options).unwrap();
    log.append(NOW, numbered(1, &[assign(1)])).unwrap();
    log.commit(NOW).unwrap();
    let mut reader = InputReader::open(Arc::new(disk.clone()), 1).unwrap();
    let mut logged = Vec::new();
    for number in 2..100 {
        while reader.next_frame(&mut logged).unwrap() {}
        assert_eq!(reader.durable(), log.durable());
        log.append(NOW, numbered(number, &[fix(1, number)])).unwrap();
        log.commit(NOW).unwrap();
    }
    assert_eq!(inputs(&logged).len(), 98);
    assert!(names(&disk).len() > 5);
}

#[test]
fn a_sealed_record_says_nothing_in_debug() {
    let shown = format!("{:?}", Unsealed::Open(fix(1, 1)));
    assert_eq!(shown, "Open(..)");
}
