//! Against `nom-teltonika`, which is of other hands: what it encodes is read here, and what is read
//! here it reads alike.

use super::*;
use nom_teltonika::decoder::take_datagram;
use nom_teltonika::encoder::{
    AvlRecordFields, DatagramHeaderFields, encode_avl_datagram, encode_udp_ack,
};
use nom_teltonika::protocol::{AvlCodec, AvlTimestamp, GpsElement, ImeiView, IoId, Priority};
use wardline_core::input::Assurance;

const IMEI: &str = "352093086403655";
const TIME_MS: u64 = 1_790_000_000_000;

fn receiver(channel: Channel) -> Teltonika {
    let mut receiver = Teltonika::new(channel);
    receiver.insert(Imei::new(IMEI.as_bytes()).unwrap(), device());
    receiver
}

fn device() -> DeviceId {
    DeviceId::new(77).unwrap()
}

fn open(receiver: &mut Teltonika, packet: &[u8]) -> Result<(Opened, Vec<Input>), Reason> {
    let mut inputs = Vec::new();
    let now = Timestamp::from_ms(TIME_MS as i64 + 5_000);
    let opened = receiver.open(&mut packet.to_vec(), now, &mut |id, input| {
        assert_eq!(id, device());
        inputs.push(input);
    });
    opened.map(|opened| (opened, inputs)).map_err(|refused| refused.reason)
}

fn gps(n: i32) -> GpsElement {
    GpsElement {
        longitude_raw: 745_900_000 + n,
        latitude_raw: -428_700_000,
        altitude_meters: 760,
        angle_degrees: 275,
        satellites: 9,
        speed_kph: 36,
    }
}

fn encode(codec: AvlCodec, records: &[AvlRecordFields<'_>]) -> Vec<u8> {
    let header = DatagramHeaderFields {
        packet_id: 0xCAFE,
        avl_packet_id: 5,
        imei: ImeiView::try_from(IMEI).unwrap(),
    };
    encode_avl_datagram(header, codec, records).unwrap()
}

fn record(n: i32, priority: Priority) -> AvlRecordFields<'static> {
    AvlRecordFields::new(AvlTimestamp::from(TIME_MS + n as u64), priority, gps(n))
}

#[test]
fn what_another_encoder_writes_is_read() {
    let (bytes, words) = ([(IoId::from(239), 1)], [(IoId::from(66), 12_000)]);
    let (longs, wides) = ([(IoId::from(16), 5)], [(IoId::from(78), 9), (IoId::from(79), 8)]);
    let text: [(IoId, &[u8]); 1] = [(IoId::from(385), b"beacon")];
    for codec in [AvlCodec::Codec8, AvlCodec::Codec8Extended] {
        let records: Vec<_> = (0..20)
            .map(|n| {
                let record = record(n, Priority::Low).with_io_u8(&bytes).with_io_u16(&words);
                let record = record.with_io_u32(&longs).with_io_u64(&wides);
                let is_extended = codec == AvlCodec::Codec8Extended;
                if is_extended { record.with_io_bytes(&text) } else { record }
            })
            .collect();
        let packet = encode(codec, &records);
        let mut receiver = receiver(Channel::Authenticated);
        let (opened, inputs) = open(&mut receiver, &packet).unwrap();
        assert_eq!(inputs.len(), 20);
        for (n, input) in (0..).zip(&inputs) {
            let Input::Fix(fix) = input else { panic!("{input:?}") };
            assert_eq!((fix.seq, fix.time.ms()), (2 * (TIME_MS + n), (TIME_MS + n) as i64));
            assert_eq!(fix.position.lon_e7(), 745_900_000 + n as i32);
            assert_eq!(fix.position.lat_e7(), -428_700_000);
            assert_eq!((fix.speed_mps, fix.course_deg), (Some(10.0), Some(275.0)));
            assert_eq!((fix.accuracy_m, fix.source), (None, Source::Gnss));
            assert_eq!(fix.assurance, Assurance::Channel);
        }
        let key = receiver.peek(&packet).unwrap();
        assert_eq!(key.number().to_string(), IMEI);

        let mut answer = [0; 16];
        let length = receiver.ack(&opened, Timestamp::from_ms(0), &mut answer);
        let ids = take_datagram(&mut &packet[..]).unwrap().ids();
        assert_eq!(answer[..length], encode_udp_ack(ids, 20), "the other one's answer");
        assert_eq!(receiver.ack(&opened, Timestamp::from_ms(0), &mut answer[..6]), 0);
    }
}

#[test]
fn nothing_is_authenticated_on_an_open_channel() {
    let packet = encode(AvlCodec::Codec8, &[record(0, Priority::Low)]);
    let (_, inputs) = open(&mut receiver(Channel::Open), &packet).unwrap();
    assert!(matches!(&inputs[..], [Input::Fix(fix)] if fix.assurance == Assurance::None));
}

#[test]
fn no_satellites_are_no_fix_and_priority_two_is_a_panic() {
    let blind = GpsElement { satellites: 0, ..gps(1) };
    let records = [
        AvlRecordFields::new(AvlTimestamp::from(TIME_MS), Priority::Low, blind),
        record(1, Priority::Panic),
        AvlRecordFields::new(AvlTimestamp::from(5), Priority::Panic, blind),
    ];
    let packet = encode(AvlCodec::Codec8, &records);
    let (opened, inputs) = open(&mut receiver(Channel::Open), &packet).unwrap();
    assert_eq!(opened.accepted, 3);
    let told: Vec<_> = inputs
        .iter()
        .map(|input| match input {
            Input::Fix(fix) => ("fix", fix.seq, fix.time.ms()),
            Input::Status(report) => (report.status.word(), report.seq, report.time.ms()),
            other => panic!("{other:?}"),
        })
        .collect();
    let (time_ms, now_ms) = (TIME_MS as i64, TIME_MS as i64 + 5_000);
    assert_eq!(
        told,
        [
            ("heartbeat", 2 * TIME_MS, time_ms),
            ("fix", 2 * TIME_MS + 2, time_ms + 1),
            ("panic", 2 * TIME_MS + 3, time_ms + 1),
            ("heartbeat", 10, now_ms),
            ("panic", 11, now_ms),
        ]
    );
}

#[test]
fn absurd_records_are_refused_one_by_one() {
    let at = |time_ms, gps| AvlRecordFields::new(AvlTimestamp::from(time_ms), Priority::Low, gps);
    let records = [
        at(0, gps(0)),
        at(TIME_MS, GpsElement { latitude_raw: 900_000_001, ..gps(0) }),
        at(TIME_MS, GpsElement { angle_degrees: 361, ..gps(0) }),
        at(u64::MAX, gps(0)),
        at(TIME_MS, gps(0)),
    ];
    let mut receiver = receiver(Channel::Open);
    let (opened, inputs) = open(&mut receiver, &encode(AvlCodec::Codec8, &records)).unwrap();
    assert_eq!(opened.accepted, 5);
    let reasons: Vec<_> = inputs
        .iter()
        .map(|input| match input {
            Input::Invalid(refusal) => &*refusal.reason,
            _ => "ok",
        })
        .collect();
    assert_eq!(reasons, ["bad_time", "bad_position", "bad_course", "bad_time", "ok"]);
    assert_eq!(receiver.refusals().of(Reason::BadTime), 2);
}

#[test]
fn a_packet_is_taken_whole_or_not_at_all() {
    let records = [record(0, Priority::Low), record(1, Priority::Low)];
    let packet = encode(AvlCodec::Codec8, &records);
    let mut receiver = receiver(Channel::Open);
    for length in 0..packet.len() {
        let mut cut = packet[..length].to_vec();
        assert_eq!(open(&mut receiver, &cut).unwrap_err(), Reason::Length);
        if let [high, low, rest @ ..] = &mut cut[..] {
            [*high, *low] = (rest.len() as u16).to_be_bytes();
            assert!(open(&mut receiver, &cut).is_err(), "{length}");
        }
    }
    let change = |place: usize, to: u8| {
        let mut packet = packet.clone();
        packet[place] = to;
        packet
    };
    let end = packet.len() - 1;
    for (place, to, reason) in [
        (7, 14, Reason::Malformed),
        (8, b'x', Reason::Malformed),
        (8, b'9', Reason::UnknownDevice),
        (23, 0x10, Reason::UnknownMessage),
        (24, 1, Reason::Malformed),
        (24, 3, Reason::Malformed),
        (end, 3, Reason::Malformed),
    ] {
        let changed = change(place, to);
        assert_eq!(open(&mut receiver, &changed).unwrap_err(), reason, "{place} {to}");
    }
    let empty = [&[0, 24], &packet[2..24], &[0, 0]].concat();
    assert_eq!(open(&mut receiver, &empty).unwrap_err(), Reason::Malformed);
    receiver.remove(Imei::new(IMEI.as_bytes()).unwrap());
    assert_eq!(open(&mut receiver, &packet).unwrap_err(), Reason::UnknownDevice);
}

#[test]
fn both_readers_agree_on_damaged_packets() {
    let io = [(IoId::from(1), 1)];
    let text: [(IoId, &[u8]); 2] = [(IoId::from(2), b""), (IoId::from(3), b"abc")];
    let record = record(0, Priority::High).with_io_u8(&io).with_io_bytes(&text);
    let packet = encode(AvlCodec::Codec8Extended, &[record, record]);
    let mut receiver = receiver(Channel::Open);
    let mut counts = [0, 0];
    for place in 25..packet.len() {
        for xor in 1..=255_u8 {
            let mut damaged = packet.clone();
            damaged[place] ^= xor;
            let theirs = take_datagram(&mut &damaged[..]);
            if format!("{theirs:?}").contains("InvalidPriority") {
                continue; // The position is good all the same.
            }
            let ours = open(&mut receiver, &damaged);
            counts[usize::from(ours.is_ok())] += 1;
            assert_eq!(ours.is_ok(), theirs.is_ok(), "byte {place} ^ {xor}: {theirs:?}");
        }
    }
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");
}
