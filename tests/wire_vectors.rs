//! The datagrams of another implementation: `vectors/wire.jsonl` is made by a Python program from
//! docs/wire.md alone. Both ends must agree with it byte by byte.

use serde_json::Value;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Status};
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{
    ACCURACY_UNKNOWN, ACK_BYTES, Advice, BATTERY_UNKNOWN, COURSE_UNKNOWN, Checkpoint,
    DATAGRAM_BYTES_MAX, Device, DeviceTable, KeyEntry, Record, SPEED_UNKNOWN, Secret, Suite,
    TableConfig, peek,
};

const VECTORS: &str = include_str!("vectors/wire.jsonl");
const DOCUMENT: &str = include_str!("../docs/wire.md");

fn vectors(kind: &str) -> Vec<Value> {
    let all = VECTORS.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_kind: Vec<_> = all.filter(|vector| vector["type"] == kind).collect();
    assert!(of_kind.len() >= 4, "{} vectors of {kind}", of_kind.len());
    of_kind
}

fn number(vector: &Value, name: &str) -> u64 {
    vector[name].as_u64().unwrap_or_else(|| panic!("{name} of {vector}"))
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector[name].as_str().unwrap_or_else(|| panic!("{name} of {vector}"))
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    let (pairs, _) = text(vector, name).as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
    pairs.iter().map(|pair| byte(pair).unwrap()).collect()
}

/// The device of a vector, in its epoch; its next counter is this one.
fn device(vector: &Value, counter: u64) -> Device {
    let secret = Secret::from_hex(text(vector, "secret")).unwrap();
    let suite = Suite::from_word(text(vector, "suite")).unwrap();
    let mut device = Device::new(number(vector, "index") as u32, suite, &secret);
    (0..number(vector, "epoch")).for_each(|_| device.rotate());
    device.resume(counter - 1);
    device
}

/// A table that knows the device of a vector, in its epoch.
fn table(vector: &Value, checkpoint: Checkpoint) -> DeviceTable {
    let index = number(vector, "index") as u32;
    let secret = Secret::from_hex(text(vector, "secret")).unwrap();
    let suite = Suite::from_word(text(vector, "suite")).unwrap();
    let mut config = TableConfig::default();
    config.devices_max = 100;
    let mut table = DeviceTable::new(config);
    table.insert(&KeyEntry::new(DeviceId::new(9).unwrap(), index, secret, suite)).unwrap();
    assert!(table.resume_from(index, &checkpoint));
    table
}

fn in_epoch(vector: &Value) -> Checkpoint {
    let mut checkpoint = Checkpoint::default();
    checkpoint.epoch = number(vector, "epoch") as u8;
    checkpoint
}

fn record(fields: &Value) -> Record {
    let field = |name: &str, otherwise: u64| fields[name].as_u64().unwrap_or(otherwise);
    let degrees = |name: &str| fields[name].as_i64().unwrap_or(0) as i32;
    Record {
        rec_seq: field("rec_seq", 0) as u32,
        kind: field("kind", 0) as u8,
        battery_percent: field("battery", BATTERY_UNKNOWN.into()) as u8,
        flags: field("flags", 0) as u16,
        time_ms: field("time_ms", 0),
        satellites_or_code: field("code", 0) as u8,
        fix_age_ds: field("fix_age_ds", 0) as u8,
        lat_e7: degrees("lat_e7"),
        lon_e7: degrees("lon_e7"),
        accuracy_mm: field("accuracy_mm", ACCURACY_UNKNOWN.into()) as u32,
        speed_cmps: field("speed_cmps", SPEED_UNKNOWN.into()) as u16,
        course_cdeg: field("course_cdeg", COURSE_UNKNOWN.into()) as u16,
    }
}

fn records(vector: &Value) -> Vec<Record> {
    vector["records"].as_array().unwrap().iter().map(record).collect()
}

#[test]
fn the_device_makes_the_same_datagrams() {
    for vector in vectors("data") {
        let (name, expected) = (text(&vector, "name"), bytes(&vector, "datagram"));
        let mut records = records(&vector);
        if vector["backlog"] == true {
            records.iter_mut().for_each(|record| record.flags |= 1 << 10);
            assert_eq!(records, self::records(&vector), "{name}: its records are marked too");
        }
        let mut out = [0; DATAGRAM_BYTES_MAX];
        let mut device = device(&vector, number(&vector, "counter"));
        let ack_wanted = vector["ack_wanted"] == true;
        let length = device.encode(&records, ack_wanted, &mut out).unwrap();
        assert_eq!(out[..length], expected, "{name}");
    }
}

#[test]
fn the_table_opens_them() {
    for vector in vectors("data") {
        let (name, mut datagram) = (text(&vector, "name"), bytes(&vector, "datagram"));
        let head = peek(&datagram).unwrap();
        assert_eq!(u64::from(head.index), number(&vector, "index"), "{name}");
        assert_eq!(head.counter, number(&vector, "counter"), "{name}");
        if head.index >= 100 {
            continue; // That it is allowed is a matter of memory, not of the format.
        }
        let mut table = table(&vector, in_epoch(&vector));
        let mut inputs = Vec::new();
        let now = Timestamp::from_ms(1_790_000_001_000);
        let opened = table.open(&mut datagram, now, |_, input| inputs.push(input)).unwrap();
        assert_eq!(vector["ack_wanted"] == true, opened.ack_wanted, "{name}");
        assert_eq!(vector["backlog"] == true, opened.backlog, "{name}");
        let heard = table.heard(head.index, now).unwrap();
        assert_eq!(u64::from(heard.secret_name), number(&vector, "secret_name"), "{name}");
        assert_eq!(inputs.len(), records(&vector).len(), "{name}");
        for (input, record) in inputs.iter().zip(records(&vector)) {
            let Input::Fix(fix) = input else { panic!("{name}: {input:?}") };
            assert_eq!(fix.seq, u64::from(record.rec_seq));
            assert_eq!(fix.position.lat_e7(), record.lat_e7);
            assert_eq!(fix.position.lon_e7(), record.lon_e7);
        }
    }
}

#[test]
fn the_codes_of_statuses_are_those_of_the_document() {
    let vectors = vectors("data");
    let statuses = vectors.iter().find(|v| text(v, "name").ends_with("statuses")).unwrap();
    let time_ms = 1_790_000_000_000;
    let made = [
        Record::status(2, time_ms + 1, Status::Panic),
        Record { flags: 1 << 8, ..Record::status(3, time_ms + 2, Status::StrapOpen) },
        Record::heartbeat(4, time_ms + 3),
    ];
    assert_eq!(records(statuses), made);
}

#[test]
fn the_device_opens_the_same_acknowledgements() {
    for vector in vectors("ack") {
        let name = text(&vector, "name");
        let mut device = device(&vector, number(&vector, "answers"));
        let record = Record::heartbeat(1, 1_790_000_000_000);
        device.encode(&[record], true, &mut [0; DATAGRAM_BYTES_MAX]).unwrap();
        let ack = device.open_ack(&mut bytes(&vector, "datagram")).unwrap();
        assert_eq!(ack.counter, number(&vector, "answers"), "{name}");
        assert_eq!(u64::from(ack.durable_through), number(&vector, "durable_through"), "{name}");
        assert_eq!(u64::from(ack.seen_through), number(&vector, "seen_through"), "{name}");
        assert_eq!(ack.seen_bits, number(&vector, "bits"), "{name}");
        assert_eq!(ack.server_time_ms, number(&vector, "server_time_ms"), "{name}");
        assert_eq!(ack.advice, advice(&vector), "{name}");
    }
}

#[test]
fn the_table_makes_the_same_acknowledgement() {
    let vectors = vectors("ack");
    let small = vectors.iter().filter(|vector| number(vector, "index") < 100);
    assert_eq!(small.clone().count(), 2, "one of each suite");
    for vector in small {
        let mut checkpoint = in_epoch(vector);
        checkpoint.seen_through = number(vector, "seen_through");
        checkpoint.seen_bits = number(vector, "bits");
        let mut table = table(vector, checkpoint);
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        let record = Record::heartbeat(1, 1_790_000_000_000);
        let mut device = device(vector, number(vector, "answers"));
        let length = device.encode(&[record], true, &mut datagram).unwrap();
        let now = Timestamp::from_ms(number(vector, "server_time_ms") as i64);
        let none = |_, _| panic!("a record that was seen before");
        let opened = table.open(&mut datagram[..length], now, none).unwrap();
        let mut out = [0; ACK_BYTES];
        assert_eq!(table.ack(&opened, now, advice(vector), &mut out), ACK_BYTES);
        assert_eq!(out[..], bytes(vector, "datagram"), "{}", text(vector, "name"));
    }
}

fn advice(vector: &Value) -> Advice {
    let mut advice = Advice::default();
    advice.retry_s = number(vector, "retry_s") as u16;
    advice.rekey = vector["rekey"] == true;
    advice.raise_rate = vector["raise_rate"] == true;
    advice
}

#[test]
fn the_document_shows_the_first_vector() {
    let vector = &vectors("data")[0];
    let datagram = text(vector, "datagram");
    let (key, iv) = text(vector, "key_iv").split_at(64);
    let parts = [&datagram[..32], &datagram[32..96], &datagram[96..]];
    for part in parts.into_iter().chain([key, iv, text(vector, "nonce"), text(vector, "plain")]) {
        assert!(DOCUMENT.contains(&format!(" {part}\n")), "{part} is not in docs/wire.md");
    }
}
