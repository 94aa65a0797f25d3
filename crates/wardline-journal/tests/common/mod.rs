//! What the tests of the journal share.
#![allow(dead_code, reason = "each test takes what it needs")]

pub mod forge;

use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};
use std::sync::Arc;
use wardline_core::event::Event;
use wardline_core::geometry::Position;
use wardline_core::ids::{DeviceId, PersonId};
use wardline_core::input::{AssignDevice, DeviceKind, Fix, Input, Record, Status, StatusReport};
use wardline_core::time::Timestamp;
use wardline_core::{Config, Engine};
use wardline_journal::checkpoint::Signer;
use wardline_journal::disk::{Disk, MemoryDisk};
use wardline_journal::{
    Entropy, EvidenceLog, EvidenceOptions, InputLog, InputOptions, InputReader, Logged, OpenError,
    ReadError, Recovery, Unsealed,
};
use wardline_sim::{Options, scenario};
use wardline_wire::jsonl;

pub const NOW: Timestamp = Timestamp::from_ms(1_780_000_000_000);

/// Randomness that is the same each time.
pub fn entropy(seed: u64) -> Box<dyn Entropy> {
    let mut rng = SmallRng::seed_from_u64(seed);
    Box::new(move |bytes: &mut [u8]| {
        rng.fill_bytes(bytes);
        Ok(())
    })
}

pub fn signer() -> Signer {
    Signer::new("example.org/wardline", &[7; 32]).unwrap()
}

/// The inputs of a scenario with rules of all kinds.
pub fn records(seed: u64) -> Vec<Record> {
    let text = scenario(seed, &Options::all_rules());
    (1..).zip(text.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
}

/// The events that they cause.
pub fn events(records: &[Record]) -> Vec<Event> {
    let mut engine = Engine::new(Config::default());
    let mut events = Vec::new();
    records.iter().for_each(|record| engine.apply(record, &mut |event| events.push(event)));
    events
}

pub fn device(number: u64) -> DeviceId {
    DeviceId::new(number).unwrap()
}

pub fn assign(number: u64) -> Record {
    let person = PersonId::new(number).unwrap();
    let assign = AssignDevice { device: device(number), person, kind: DeviceKind::Bracelet };
    Record { at: Some(NOW), input: Input::AssignDevice(assign) }
}

pub fn fix(number: u64, seq: u64) -> Record {
    let position = Position::from_e7(428_700_000 + seq as i32, 745_900_000 - number as i32);
    let fix = Fix {
        accuracy_m: Some(8.5),
        speed_mps: Some(1.25),
        moving: true,
        ..Fix::new(device(number), seq, NOW.plus_ms(seq as i64 * 1000 - 500), position.unwrap())
    };
    Record { at: Some(NOW.plus_ms(seq as i64 * 1000)), input: Input::Fix(fix) }
}

pub fn heartbeat(number: u64, seq: u64) -> Record {
    let status = Status::Heartbeat;
    let report = StatusReport { device: device(number), seq, time: NOW, status };
    Record { at: Some(NOW), input: Input::Status(report) }
}

/// Something that stands for a record in a comparison: records hold zones, which have no equality.
pub fn text(record: &Record) -> String {
    format!("{record:?}")
}

pub fn open(disk: &MemoryDisk, options: InputOptions) -> Result<(InputLog, Recovery), OpenError> {
    let seed = disk.operations();
    InputLog::open(Arc::new(disk.clone()), options, entropy(seed), NOW)
}

pub fn open_evidence(
    disk: &MemoryDisk,
    options: EvidenceOptions,
) -> Result<(EvidenceLog, Recovery), OpenError> {
    let seed = disk.operations();
    EvidenceLog::open(Arc::new(disk.clone()), options, signer(), entropy(seed), NOW)
}

/// Numbers records from `first` on.
pub fn numbered(first: u64, records: &[Record]) -> impl Iterator<Item = (u64, &Record)> + Clone {
    (first..).zip(records)
}

/// Reads a log of inputs to its end or its damage.
pub fn read_all(disk: &MemoryDisk, from: u64) -> (Vec<Logged>, Result<(), ReadError>) {
    let mut logged = Vec::new();
    let result = (|| {
        let mut reader = InputReader::open(Arc::new(disk.clone()), from)?;
        while reader.next_frame(&mut logged)? {}
        Ok(())
    })();
    (logged, result)
}

/// The inputs among what was read, with their numbers.
pub fn inputs(logged: &[Logged]) -> Vec<(u64, String)> {
    let input = |logged: &Logged| match logged {
        Logged::Input { number, record: Unsealed::Open(record) } => Some((*number, text(record))),
        Logged::Input { number, .. } => Some((*number, "sealed".to_owned())),
        _ => None,
    };
    logged.iter().filter_map(input).collect()
}

pub fn names(disk: &MemoryDisk) -> Vec<String> {
    disk.list().unwrap()
}
