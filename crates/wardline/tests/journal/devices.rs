//! After a start a server knows what its devices sent before: it refuses that, and no epoch goes
//! back; and it knows nothing that a crash took away.

use crate::support::{Run, logged};
use std::collections::BTreeSet;
use wardline::Config;
use wardline::datagram::{
    DATAGRAM_BYTES_MAX, Device, DeviceTable, KeyEntry, Record, Secret, Suite, TableConfig,
};
use wardline::ids::DeviceId;
use wardline::input::{Input, Record as Logged};
use wardline::journal::disk::{Disk, MemoryDisk};
use wardline::journal::{Journal, Settings};
use wardline::pipeline::Batch;
use wardline::refusal::Reason;
use wardline::time::Timestamp;

const DEVICES: u32 = 3;
const NOW_MS: i64 = 1_790_000_000_000;

fn secret(index: u32) -> Secret {
    Secret::new([index as u8 + 1; 32])
}

/// A server's table after a start, and the devices that the journal knew.
fn table(disk: &MemoryDisk, shards: usize) -> (DeviceTable, usize) {
    let settings = Settings::new("example.org/test");
    let disk = std::sync::Arc::new(disk.clone());
    let journal = Journal::open(disk, settings, &Config::default(), shards).expect("it is sound");
    let mut table = DeviceTable::new(TableConfig::default());
    for index in 0..DEVICES {
        let id = DeviceId::new(u64::from(index) + 1).expect("an id");
        let entry = KeyEntry::new(id, index, secret(index), Suite::ChaCha20Poly1305);
        table.insert(&entry).expect("a free index");
    }
    let mut known = 0;
    for (device, state) in journal.devices() {
        assert!(table.resume_from(device.number() as u32 - 1, state), "the secret is the same");
        known += 1;
    }
    (table, known)
}

/// Datagrams that were sent, each with its device and records.
struct Sent {
    bytes: Vec<u8>,
    index: u32,
    seqs: Vec<u64>,
}

struct Field {
    devices: Vec<Device>,
    made: u32,
    sent: Vec<Sent>,
    now: Timestamp,
    state: u64,
}

impl Field {
    fn new(seed: u64) -> Self {
        let device = |index| Device::new(index, Suite::ChaCha20Poly1305, &secret(index));
        let (devices, now) = ((0..DEVICES).map(device).collect(), Timestamp::from_ms(NOW_MS));
        Self { devices, made: 0, sent: Vec::new(), now, state: seed }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) % below
    }

    /// A device sends its newest records, some of them again; now and then under a new key.
    fn send(&mut self) -> Sent {
        let index = self.draw(DEVICES.into()) as u32;
        if self.draw(12) == 0 {
            self.devices[index as usize].rotate();
        }
        self.made += 1;
        self.now = self.now.plus_ms(self.draw(2) as i64);
        let first = self.made.saturating_sub(self.draw(4) as u32).max(1);
        let urgent = self.draw(5) == 0;
        let record = |seq| match urgent && seq == self.made {
            true => Record::status(seq, NOW_MS as u64, wardline::input::Status::Panic),
            false => Record::fix(seq, NOW_MS as u64 + u64::from(seq), 428_700_000, 745_900_000),
        };
        let records: Vec<_> = (first..=self.made).map(record).collect();
        let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
        let length = self.devices[index as usize].encode(&records, true, &mut bytes);
        bytes.truncate(length.expect("there is room"));
        Sent { bytes, index, seqs: (first..=self.made).map(u64::from).collect() }
    }

    /// Sends so many datagrams to a server, which may lose its disk at any time.
    fn send_to(&mut self, run: &Run, table: &mut DeviceTable, many: usize) {
        for _ in 0..many {
            let sent = self.send();
            let (mut batch, now) = (Batch::new(), self.now);
            let sink = |_, input| batch.push(Logged { at: Some(now), input });
            let opened = table.open(&mut sent.bytes.clone(), now, sink).expect("it is new");
            batch.hear(table.heard(opened.index, now).expect("it is known"));
            self.sent.push(sent);
            if run.pipeline.submit(batch).is_err() {
                return;
            }
        }
    }
}

/// Which records of which devices the log has.
fn records(disk: &MemoryDisk) -> BTreeSet<(u32, u64)> {
    let of = |record: Logged| match record.input {
        Input::Fix(fix) => Some((fix.device.number() as u32 - 1, fix.seq)),
        Input::Status(status) => Some((status.device.number() as u32 - 1, status.seq)),
        _ => None,
    };
    logged(disk).into_iter().filter_map(of).collect()
}

/// Whatever was captured and brought anything into the log is refused; what brought nothing brings
/// it now.
fn check(disk: &MemoryDisk, shards: usize, field: &Field) -> (u32, u32) {
    let (mut refused, mut taken) = (0, 0);
    let has = records(disk);
    for sent in &field.sent {
        // Each is replayed to a server of its own, so that none depends on another.
        let (mut table, _) = table(disk, shards);
        let mut fresh = Vec::new();
        let mut sink = |_, input: Input| match input {
            Input::Fix(fix) => fresh.push(fix.seq),
            Input::Status(status) => fresh.push(status.seq),
            _ => panic!("nothing else was sent"),
        };
        let opened = table.open(&mut sent.bytes.clone(), field.now, &mut sink);
        match opened {
            Err(error) => {
                let reasons = [Reason::Replayed, Reason::CounterTooOld, Reason::WrongEpoch];
                assert!(reasons.contains(&error.reason), "{error:?}");
                refused += 1;
            }
            Ok(_) => {
                let known = |seq: &u64| has.contains(&(sent.index, *seq));
                assert!(!fresh.iter().any(known), "a record comes twice: {fresh:?}");
                let rest = sent.seqs.iter().filter(|seq| !known(seq));
                assert!(fresh.iter().eq(rest), "a record that is not in the log is refused");
                assert!(!fresh.is_empty(), "what brought all its records is taken again");
                taken += 1;
            }
        }
    }
    (refused, taken)
}

#[test]
fn what_was_taken_in_is_refused_after_any_crash_and_what_was_lost_is_not_known() {
    let (mut refused, mut taken) = (0, 0);
    for seed in 0..12 {
        let (disk, shards) = (MemoryDisk::new(), 1 + seed as usize % 2);
        let mut field = Field::new(seed);
        for life in 0..4 {
            let (mut table, _) = table(&disk, shards);
            let run = Run::start(&disk, shards);
            if life % 2 == 1 {
                field.send_to(&run, &mut table, 5);
                let last = run.pipeline.snapshots().expect("no shard is lost");
                let patience = std::time::Duration::from_secs(20);
                run.attached.save(&last, patience).expect("there is room");
            }
            disk.lose_power_after(2 + (seed * 7 + life * 5) % 25);
            field.send_to(&run, &mut table, 12);
            run.pipeline.finish();
            disk.restart(seed * 31 + life);
            let (no, yes) = check(&disk, shards, &field);
            (refused, taken) = (refused + no, taken + yes);
        }
    }
    assert!(refused > 500 && taken > 0, "{refused} refused, {taken} taken in");
}

/// The files of states only save reading: with none, or with damaged ones, the same is known.
#[test]
fn the_log_alone_knows_the_same_as_the_files() {
    let (disk, mut field) = (MemoryDisk::new(), Field::new(77));
    for _ in 0..5 {
        let (mut table, _) = table(&disk, 2);
        let run = Run::start(&disk, 2);
        field.send_to(&run, &mut table, 30);
        assert!(run.finish());
    }
    let names = || -> Vec<String> {
        let names = disk.list().expect("listed");
        names.into_iter().filter(|name| name.starts_with("devices-")).collect()
    };
    assert_eq!(names().len(), 3, "no more are kept");
    let checkpoints = || -> Vec<_> {
        let (table, known) = table(&disk, 2);
        assert_eq!(known, DEVICES as usize);
        (0..DEVICES).map(|index| table.checkpoint(index).expect("it is known")).collect()
    };
    let known = checkpoints();
    assert!(known.iter().any(|state| state.epoch > 0 && state.rotated_at.is_some()));
    for (turn, name) in names().into_iter().rev().enumerate() {
        let mut bytes = disk.file(&name).expect("it is there");
        match turn {
            0 => bytes[70] ^= 1,
            1 => bytes.truncate(90),
            _ => bytes = b"no file of devices".to_vec(),
        }
        disk.put(&name, &bytes);
        assert_eq!(checkpoints(), known, "{name}");
    }
    assert_eq!(check(&disk, 2, &field).1, 0, "nothing that was sent is taken in again");
}

/// A device that was given another secret: its counters begin again, and those of the old one are
/// nothing to it.
#[test]
fn a_new_secret_begins_anew() {
    let (disk, mut field) = (MemoryDisk::new(), Field::new(5));
    let (mut first, _) = table(&disk, 1);
    let run = Run::start(&disk, 1);
    field.send_to(&run, &mut first, 40);
    assert!(run.finish());
    let settings = Settings::new("example.org/test");
    let shared = std::sync::Arc::new(disk);
    let journal = Journal::open(shared, settings, &Config::default(), 1).expect("it is sound");
    let mut table = DeviceTable::new(TableConfig::default());
    let id = DeviceId::new(1).expect("an id");
    let entry = KeyEntry::new(id, 0, secret(9), Suite::ChaCha20Poly1305);
    table.insert(&entry).expect("a free index");
    let (_, state) = journal.devices().find(|(device, _)| *device == id).expect("it was heard");
    assert!(!table.resume_from(0, state));
    let mut device = Device::new(0, Suite::ChaCha20Poly1305, &secret(9));
    let mut bytes = [0; DATAGRAM_BYTES_MAX];
    let seq = field.made + 1;
    let record = Record::fix(seq, NOW_MS as u64, 428_700_000, 745_900_000);
    let length = device.encode(&[record], true, &mut bytes).expect("there is room");
    let opened = table.open(&mut bytes[..length], field.now, |_, _| ()).expect("counter 1 is new");
    assert_eq!((opened.counter, opened.fresh), (1, 1));
}
