//! What becomes of each field of a record.

use super::*;
use crate::datagram::{Kind, flags};
use wardline_core::input::{Assurance, Fix, Source, Status};

fn only(record: Record) -> (Input, Reason) {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let (opened, mut inputs) = pair.send(&[record]).unwrap();
    assert_eq!((inputs.len(), pair.ack(&opened).durable_through), (1, 1));
    let mut reasons = pair.table.refusals().iter().filter(|(_, count)| *count > 0);
    let reason = reasons.next().map_or(Reason::Length, |(reason, _)| reason);
    (inputs.remove(0), reason)
}

fn judged(record: Record) -> Fix {
    match only(record) {
        (Input::Fix(fix), Reason::Length) => fix,
        other => panic!("{other:?}"),
    }
}

fn check_refused(record: Record, reason: Reason, value: &str) {
    let (Input::Invalid(refusal), counted) = only(record) else {
        panic!("not refused: {record:?}");
    };
    assert_eq!((counted, &*refusal.reason, &*refusal.value), (reason, reason.as_str(), value));
    assert_eq!((refusal.device, refusal.line), (Some(device_id()), None));
}

#[test]
fn every_field_of_a_fix_has_its_place_and_unit() {
    let record = Record {
        rec_seq: 1,
        flags: flags::MOVING | flags::BACKLOG | flags::CLOCK_UNSYNCED,
        fix_age_ds: 12,
        lat_e7: -900_000_000,
        lon_e7: 1_800_000_000,
        accuracy_mm: 4_500,
        speed_cmps: 123,
        course_cdeg: 36_000,
        ..fix(1)
    };
    let fix = judged(record.with_source(Source::Cell));
    assert_eq!((fix.device, fix.seq), (device_id(), 1));
    assert_eq!(fix.time.ms(), TIME_MS as i64 - 1_200);
    assert_eq!((fix.position.lat_deg(), fix.position.lon_deg()), (-90.0, 180.0));
    assert_eq!(
        (fix.accuracy_m, fix.speed_mps, fix.course_deg),
        (Some(4.5), Some(1.23), Some(360.0))
    );
    assert_eq!((fix.source, fix.assurance), (Source::Cell, Assurance::Device));
    assert!(fix.moving && fix.backlog && fix.clock_unsynced && !fix.mock);
}

#[test]
fn what_is_unknown_is_not_made_up() {
    let fix = judged(fix(1));
    assert_eq!((fix.accuracy_m, fix.speed_mps, fix.course_deg), (None, None, None));
    assert!(!fix.moving && !fix.backlog && !fix.clock_unsynced && !fix.mock);
    for flag in [flags::MOCK, flags::SPOOFING] {
        assert!(judged(Record { flags: flag, ..super::fix(1) }).mock);
    }
    for flag in [flags::JAMMING, flags::CHARGING, flags::STRAP_OPEN] {
        let other = judged(Record { flags: flag | 1, ..super::fix(1) });
        assert_eq!(other, fix, "such a flag is not judged");
    }
    for source in [Source::Unknown, Source::Gnss, Source::Wifi, Source::Cell, Source::Ble] {
        assert_eq!(judged(super::fix(1).with_source(source)).source, source);
    }
}

#[test]
fn absurd_fixes_are_refused_with_the_value() {
    let with = |change: fn(&mut Record)| {
        let mut record = fix(1);
        change(&mut record);
        record
    };
    let lat = "lat 900000001, lon 745900000 in 1e-7°";
    check_refused(with(|r| r.lat_e7 = 900_000_001), Reason::BadPosition, lat);
    let lon = "lat 428700001, lon -2147483648 in 1e-7°";
    check_refused(with(|r| r.lon_e7 = i32::MIN), Reason::BadPosition, lon);
    check_refused(with(|r| r.time_ms = 0), Reason::BadTime, "time 0 ms");
    check_refused(with(|r| r.time_ms = 946_684_799_999), Reason::BadTime, "time 946684799999 ms");
    let year_10000 = "time 253402300800000 ms";
    check_refused(with(|r| r.time_ms = 253_402_300_800_000), Reason::BadTime, year_10000);
    judged(with(|r| r.time_ms = 253_402_300_799_999));
    judged(with(|r| r.time_ms = 946_684_800_000));
    check_refused(with(|r| r.accuracy_mm = 0), Reason::BadAccuracy, "accuracy 0 mm");
    check_refused(with(|r| r.course_cdeg = 36_001), Reason::BadCourse, "course 36001 in 0.01°");
    for source in 5..8 {
        let value = format!("source {source}");
        check_refused(Record { flags: source, ..fix(1) }, Reason::UnknownSource, &value);
    }
    for bit in 11..16 {
        let flags = 1 << bit | 1;
        let value = format!("flags {flags:#06x}");
        check_refused(Record { flags, ..fix(1) }, Reason::UnknownFlag, &value);
    }
}

#[test]
fn kinds_are_judged_or_refused_by_name() {
    for kind in (0..=255).filter(|kind| Kind::of(*kind).is_none()) {
        check_refused(Record { kind, ..fix(1) }, Reason::UnknownKind, &format!("kind {kind}"));
    }
    let radio = Record { kind: Kind::RadioProximity.number(), ..fix(1) };
    check_refused(radio, Reason::UnjudgedKind, "kind 5");
    for kind in [2, 3] {
        let known = if kind == 2 { 1..=4 } else { 1..=8 };
        for code in (0..=255).filter(|code| !known.contains(code)) {
            let record = Record { kind, satellites_or_code: code, ..fix(1) };
            let value = format!("kind {kind}, status {code}");
            check_refused(record, Reason::UnknownStatus, &value);
        }
    }
}

#[test]
fn statuses_are_told_whatever_else_the_record_says() {
    let words = [
        Status::StrapOpen,
        Status::StrapClosed,
        Status::CaseOpen,
        Status::CaseClosed,
        Status::TetherLost,
        Status::TetherFound,
        Status::Jamming,
        Status::JammingOver,
        Status::BatteryLow,
        Status::BatteryOk,
        Status::PowerOff,
        Status::Panic,
        Status::Heartbeat,
    ];
    let receipt = NOW_MS;
    for status in words {
        let good = Record::status(1, TIME_MS, status);
        let absurd = Record { lat_e7: i32::MIN, accuracy_mm: 0, flags: 1 << 15, ..good };
        let unset = Record { flags: flags::CLOCK_UNSYNCED, ..good };
        let before = TIME_MS as i64;
        for (record, time_ms) in [
            (good, before),
            (absurd, before),
            (unset, receipt),
            (Record { time_ms: 0, ..good }, receipt),
            (Record { time_ms: (1 << 48) - 1, ..good }, receipt),
        ] {
            let (Input::Status(report), _) = only(record) else {
                panic!("{record:?}");
            };
            assert_eq!((report.device, report.seq, report.status), (device_id(), 1, status));
            assert_eq!(report.time.ms(), time_ms);
        }
    }
}

#[test]
fn a_record_survives_its_bytes() {
    let mut state = 9_u64;
    for _ in 0..10_000 {
        let bytes = std::array::from_fn(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        });
        assert_eq!(Record::read(&bytes).write(), bytes);
    }
}
