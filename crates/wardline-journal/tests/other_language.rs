//! The journal is read by a program in another language that was written from docs/journal.md.

mod common;

use common::*;
use std::process::Command;
use std::sync::Arc;
use wardline_core::input::Input;
use wardline_journal::disk::Folder;
use wardline_journal::{
    EvidenceLog, EvidenceOptions, Heard, InputLog, InputOptions, Subject, SystemEntropy,
};

fn heard(number: u64) -> Heard {
    Heard {
        device: device(number),
        at: NOW.plus_ms(number as i64),
        counter: number << 20,
        epoch: number as u8,
        secret_name: 0xFEDC_BA98,
        rotated_at: (number % 40 == 1).then_some(NOW),
    }
}

#[test]
fn python_reads_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Folder::open(folder.path()).unwrap());
    let records = records(9);
    let mut options = InputOptions::default();
    options.segment_bytes = 5_000;
    let entropy = || Box::new(SystemEntropy::default());
    let (mut log, _) = InputLog::open(disk.clone(), options, entropy(), NOW).unwrap();
    for (first, batch) in (1..).step_by(20).zip(records.chunks(20)) {
        log.append_heard(NOW, [heard(first)]).unwrap();
        log.append(NOW, numbered(first, batch)).unwrap();
        log.commit(NOW).unwrap();
    }
    let forgotten = records.iter().find_map(|record| match &record.input {
        Input::Fix(fix) => Some(fix.device),
        _ => None,
    });
    let forgotten = forgotten.unwrap();
    log.forget(NOW, |info| info.subject == Subject::Device(forgotten)).unwrap();

    let options = EvidenceOptions::default();
    let (mut evidence, _) = EvidenceLog::open(disk, options, signer(), entropy(), NOW).unwrap();
    for event in events(&records) {
        evidence.append_event(NOW, &event).unwrap();
    }
    evidence.checkpoint(NOW).unwrap();

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_journal.py");
    let output = Command::new("python3").arg(script).arg(folder.path()).output();
    let output = output.expect("python3 is needed");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut expected = String::new();
    for (number, record) in (1..).zip(&records) {
        if number % 20 == 1 {
            let Heard { device, at, counter, epoch, secret_name, rotated_at } = heard(number);
            let rotated = rotated_at.map_or(String::new(), |at| format!(" {}", at.ms()));
            let (device, at) = (device.number(), at.ms());
            expected += &format!("heard {device} {at} {counter} {epoch} {secret_name}{rotated}\n");
        }
        let Input::Fix(fix) = &record.input else { continue };
        let (device, seq, time) = (fix.device.number(), fix.seq, fix.time.ms());
        let (lat, lon) = (fix.position.lat_e7(), fix.position.lon_e7());
        let place = match fix.device == forgotten && printed.contains("forgotten") {
            true => "forgotten".to_owned(),
            false => format!("{lat} {lon}"),
        };
        expected += &format!("fix {number} {device} {seq} {time} {place}\n");
    }
    let (size, root) = evidence.head();
    let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
    expected += &format!("evidence {size} {root}\ncheckpoint {size} agrees\n");
    assert_eq!(printed, expected);
    assert!(printed.contains("forgotten"));
}
