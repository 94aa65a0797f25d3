//! Datagrams of people who have no key, and of those who have one and mean ill.

use super::*;
use crate::datagram::{HEADER_BYTES, RECORD_BYTES, RateLimit};

#[test]
fn no_bit_can_be_flipped() {
    for suite in SUITES {
        let mut pair = Pair::new(suite);
        let records: Vec<_> = (1..=3).map(fix).collect();
        let datagram = pair.encode(&records);
        for bit in 0..datagram.len() * 8 {
            let mut flipped = datagram.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            pair.open(&flipped).expect_err("opened with a bit flipped");
        }
        let counted = pair.table.refusals().total();
        assert_eq!(counted, datagram.len() as u64 * 8);
        assert_eq!(seqs(&pair.open(&datagram).unwrap().1), [1, 2, 3], "nothing has changed");
    }
}

#[test]
fn no_other_length_is_taken() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let records: Vec<_> = (1..=37).map(fix).collect();
    let mut longest = pair.encode(&records);
    longest.extend([0; 84]);
    for length in 0..=1_300 {
        let expected = match length {
            64..=1_215 if length % 32 == 0 => Err(Reason::Forged),
            1_216 => Ok(37),
            _ => Err(Reason::Length),
        };
        let opened = pair.open(&longest[..length]);
        assert_eq!(opened.map(|(_, inputs)| inputs.len()), expected, "{length}");
    }
}

#[test]
fn every_first_byte_but_two_is_unknown() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let mut datagram = pair.encode(&[fix(1)]);
    for kind in 0..=255 {
        datagram[0] = kind;
        let expected = match kind {
            0x41 => continue,
            0x51 => Reason::WrongSuite,
            _ => Reason::UnknownType,
        };
        assert_eq!(pair.open(&datagram).unwrap_err(), expected, "{kind:#x}");
    }
}

#[test]
fn a_datagram_opens_once() {
    let mut pair = Pair::new(Suite::Aes128Gcm);
    let sent: Vec<_> = (1..=70).map(|n| pair.encode(&[fix(n)])).collect();
    pair.open(&sent[69]).unwrap();
    assert_eq!(pair.open(&sent[5]).unwrap_err(), Reason::CounterTooOld);
    for datagram in &sent[6..69] {
        pair.open(datagram).unwrap();
        assert_eq!(pair.open(datagram).unwrap_err(), Reason::Replayed);
    }
    assert_eq!(pair.table.refusals().of(Reason::Replayed), 63);
}

#[test]
fn a_forgery_does_not_use_up_the_counter_of_the_genuine_one() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let genuine = pair.encode(&[fix(1)]);
    let mut forged = genuine.clone();
    forged[HEADER_BYTES + RECORD_BYTES] ^= 1;
    assert_eq!(pair.open(&forged).unwrap_err(), Reason::Forged);
    forged[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(pair.open(&forged).unwrap_err(), Reason::Forged);
    pair.open(&genuine).unwrap();
}

#[test]
fn the_key_of_one_device_opens_nothing_of_another() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let other = KeyEntry { index: INDEX + 1, ..entry(Suite::ChaCha20Poly1305) };
    pair.table.insert(&other).unwrap();
    let mut datagram = pair.encode(&[fix(1)]);
    datagram[4] += 1;
    assert_eq!(pair.open(&datagram).unwrap_err(), Reason::Forged, "the same secret, another index");
    datagram[4] += 1;
    assert_eq!(pair.open(&datagram).unwrap_err(), Reason::UnknownDevice);
}

#[test]
fn an_acknowledgement_is_no_datagram_and_cannot_be_changed() {
    for suite in SUITES {
        let mut pair = Pair::new(suite);
        let (opened, _) = pair.send(&[fix(1)]).unwrap();
        let mut ack = [0; ACK_BYTES];
        assert_eq!(pair.table.ack(&opened, pair.now, Advice::default(), &mut ack), ACK_BYTES);
        assert_eq!(pair.open(&ack).unwrap_err(), Reason::UnknownType);
        for bit in 0..ACK_BYTES * 8 {
            let mut flipped = ack;
            flipped[bit / 8] ^= 1 << (bit % 8);
            pair.device.open_ack(&mut flipped).expect_err("opened with a bit flipped");
        }
        for length in 0..=128 {
            let mut other: Vec<_> = ack.iter().copied().chain([0; 64]).take(length).collect();
            assert_eq!(pair.device.open_ack(&mut other).is_ok(), length == 64, "{length}");
        }
    }
}

#[test]
fn a_flood_of_one_device_is_cut_to_its_rate() {
    let config = TableConfig { rate: RateLimit::new(100, 1_000), ..TableConfig::default() };
    let mut pair = Pair::with(Suite::ChaCha20Poly1305, config);
    let mut taken = 0;
    for n in 0..20_000_u32 {
        pair.now = Timestamp::from_ms(NOW_MS + i64::from(n) / 2);
        taken += pair.send(&[fix(n + 1)]).map_or(0, |(_, inputs)| inputs.len());
    }
    // Ten seconds.
    assert_eq!(taken, 1_000 + 100 * 10 - 1);
    assert_eq!(pair.table.refusals().of(Reason::OverRate), 20_000 - taken as u64);
}

#[test]
fn ten_million_unknown_devices_leave_no_trace() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let mut datagram = pair.encode(&[fix(1)]);
    let capacity = pair.table.lines.capacity();
    for index in (0..10_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761) | 64) {
        datagram[4..8].copy_from_slice(&index.to_le_bytes());
        let opened = pair.table.open(&mut datagram, pair.now, |_, _| panic!("a record"));
        assert_eq!(opened.unwrap_err().reason, Reason::UnknownDevice);
    }
    assert_eq!(pair.table.lines.capacity(), capacity);
    assert_eq!(pair.table.refusals().of(Reason::UnknownDevice), 10_000_000);
}
