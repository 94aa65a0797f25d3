//! Bodies of the targets that read what devices send, and what servers answer.

use nom_teltonika::decoder::take_datagram;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Assurance, Input};
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{
    ACK_BYTES, Advice, DATAGRAM_BYTES_MAX, Device, DeviceTable, KeyEntry, RECORD_BYTES,
    RECORDS_MAX, Record, Secret, Suite, TableConfig,
};
use wardline_wire::owntracks::{OwnTracks, frame, key_of_passphrase};
use wardline_wire::protocol::{Channel, DeviceProtocol};
use wardline_wire::teltonika::{Imei, Teltonika};

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const IMEI: &[u8; 15] = b"352093086403655";
const SUITES: [Suite; 2] = [Suite::ChaCha20Poly1305, Suite::Aes128Gcm];

/// A table with a device of each suite, at index 0 and 1, and these devices.
fn world() -> (DeviceTable, [Device; 2]) {
    let secret = Secret::new([0x5A; 32]);
    let mut table = DeviceTable::new(TableConfig::default());
    for (index, suite) in (0..).zip(SUITES) {
        let entry = KeyEntry::new(device(u64::from(index) + 1), index, secret.clone(), suite);
        assert_eq!(table.insert(&entry), Ok(()));
    }
    let [first, second] = SUITES;
    (table, [Device::new(0, first, &secret), Device::new(1, second, &secret)])
}

fn device(number: u64) -> DeviceId {
    DeviceId::new(number).unwrap_or(DeviceId::MAX)
}

/// A genuine first datagram of a device, with so many records that all say the same.
fn genuine(device: &mut Device, count: usize) -> Vec<u8> {
    let mut out = [0; DATAGRAM_BYTES_MAX];
    let record = Record::heartbeat(1, 1_790_000_000_000);
    let records = vec![record; count.clamp(1, RECORDS_MAX)];
    let length = device.encode(&records, true, &mut out).unwrap_or_default();
    out[..length].to_vec()
}

/// Bytes of somebody without the key, as they are, with a good header, and laid over a genuine
/// datagram: no record is ever yielded.
pub fn wire_open(data: &[u8]) {
    let (mut table, mut devices) = world();
    let mut refuse = |mut datagram: Vec<u8>| {
        // The fuzzer watches comparisons, and in time it finds out a genuine datagram.
        let count = (datagram.len() / RECORD_BYTES).saturating_sub(1);
        if world().1.iter_mut().any(|device| genuine(device, count) == datagram) {
            return;
        }
        let before = table.refusals().total();
        let opened = table.open(&mut datagram, NOW, |_, input| panic!("{input:?}"));
        assert!(opened.is_err());
        assert_eq!(table.refusals().total(), before + 1);
    };
    refuse(data.to_vec());
    for device in &mut devices {
        let whole = genuine(device, data.len() / RECORD_BYTES);
        let mut headed = data.to_vec();
        headed.iter_mut().zip(&whole[..16]).for_each(|(byte, good)| *byte = *good);
        refuse(headed);
        let mut changed = whole.clone();
        changed.iter_mut().zip(data).for_each(|(byte, xor)| *byte ^= xor);
        refuse(changed);
    }
}

/// Records of any content under the right key: never a panic, and what is handed on is in range.
pub fn wire_plaintext(data: &[u8]) {
    let (mut table, mut devices) = world();
    let Some((mode, data)) = data.split_first() else {
        return;
    };
    let device = &mut devices[usize::from(mode & 1)];
    let (chunks, _) = data.as_chunks::<RECORD_BYTES>();
    let records: Vec<_> = chunks.iter().map(Record::read).collect();
    for records in records.chunks(usize::from(mode >> 2).clamp(1, RECORDS_MAX)) {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        let length = device.encode(records, true, &mut buffer).unwrap_or_default();
        let mut handed_on = 0;
        let opened = table.open(&mut buffer[..length], NOW, |_, input| {
            check(&input, Assurance::Device);
            handed_on += 1;
        });
        let Ok(opened) = opened else { panic!("{opened:?}") };
        assert_eq!((opened.records as usize, opened.fresh), (records.len(), handed_on));
        let mut ack = [0; ACK_BYTES];
        assert_eq!(table.ack(&opened, NOW, Advice::default(), &mut ack), ACK_BYTES);
        let ack = device.open_ack(&mut ack);
        let Ok(ack) = ack else { panic!("{ack:?}") };
        assert_eq!(ack.durable_through, ack.seen_through);
        assert_eq!(ack.seen_bits & 1, 0);
        if mode & 2 == 2 {
            device.rotate();
        }
    }
}

/// What no input may be, whoever sent it.
fn check(input: &Input, assurance: Assurance) {
    let in_years = |time: Timestamp| (946_684_774_500..=253_402_300_799_999).contains(&time.ms());
    let is_good = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value >= 0.0);
    match input {
        Input::Fix(fix) => {
            assert!(fix.position.lat_e7().abs() <= 900_000_000, "{fix:?}");
            assert!(fix.position.lon_e7().abs() <= 1_800_000_000, "{fix:?}");
            assert!(in_years(fix.time), "{fix:?}");
            assert!(fix.accuracy_m.is_none_or(|accuracy_m| accuracy_m > 0.0), "{fix:?}");
            assert!(is_good(fix.accuracy_m) && is_good(fix.speed_mps), "{fix:?}");
            assert!(is_good(fix.course_deg) && fix.course_deg <= Some(360.0), "{fix:?}");
            assert_eq!(fix.assurance, assurance);
        }
        Input::Status(report) => assert!(in_years(report.time), "{report:?}"),
        Input::Invalid(refusal) => assert!(!refusal.value.is_empty() && refusal.device.is_some()),
        other => panic!("{other:?}"),
    }
}

/// Bytes as they are and laid over a genuine acknowledgement: none is opened.
pub fn ack_decode(data: &[u8]) {
    let (mut table, devices) = world();
    for mut device in devices {
        let mut sent = genuine(&mut device, 1);
        let opened = table.open(&mut sent, NOW, |_, _| ());
        let mut ack = [0; ACK_BYTES];
        if let Ok(opened) = opened {
            assert_eq!(table.ack(&opened, NOW, Advice::default(), &mut ack), ACK_BYTES);
        }
        assert!(device.open_ack(&mut data.to_vec()).is_err());
        let mut changed = ack;
        changed.iter_mut().zip(data).for_each(|(byte, xor)| *byte ^= xor);
        assert_eq!(device.open_ack(&mut changed).is_ok(), data.iter().take(64).all(|b| *b == 0));
    }
}

/// Packets as they are and behind a good head: in range, whole or not at all, and read if another
/// reader can read them too.
pub fn teltonika(data: &[u8]) {
    let mut receiver = Teltonika::new(Channel::Open);
    receiver.insert(Imei::new(IMEI).unwrap_or_else(|| panic!("15 digits")), device(1));
    let length = (21 + data.len()) as u16;
    let head = [&length.to_be_bytes()[..], &[0xCA, 0xFE, 1, 5, 0, 15], IMEI].concat();
    for packet in [data.to_vec(), [&head, data].concat()] {
        let mut handed_on = 0;
        let opened = receiver.open(&mut packet.clone(), NOW, &mut |_, input| {
            check(&input, Assurance::None);
            handed_on += 1;
        });
        match opened {
            Ok(opened) => assert!(handed_on >= u32::from(opened.accepted)),
            Err(_) => assert_eq!(handed_on, 0),
        }
        let theirs = take_datagram(&mut &packet[..]);
        if packet.starts_with(&head) && !format!("{theirs:?}").contains("InvalidPriority") {
            let is_codec_16 = packet.get(head.len()) == Some(&0x10);
            assert_eq!(opened.is_ok(), theirs.is_ok() && !is_codec_16, "{theirs:?}");
        }
    }
}

/// Messages in the clear and as if encrypted: in range, and nothing in the clear once there is a
/// key.
pub fn owntracks(data: &[u8]) {
    let mut receiver = OwnTracks::new(Channel::Authenticated);
    receiver.insert("plain", device(1), None);
    receiver.insert("sealed", device(2), key_of_passphrase("secret"));
    for framed in [data.to_vec(), frame("plain", data)] {
        let sink = &mut |_, input| check(&input, Assurance::Channel);
        let _ = receiver.open(&mut framed.clone(), NOW, sink);
    }
    let none = &mut |_, input| panic!("{input:?}");
    let opened = receiver.open(&mut frame("sealed", data), NOW, none);
    assert!(opened.is_err());
}
