//! What passes between a device and a table in the course of time.

use super::*;
use crate::datagram::{
    Checkpoint, EncodeError, Heard, InsertError, PREVIOUS_EPOCH_MS, RateLimit, peek,
};
use crate::protocol::{DeviceKey, DeviceProtocol};

#[test]
fn records_arrive_and_are_acknowledged() {
    for suite in SUITES {
        let mut pair = Pair::new(suite);
        let (opened, inputs) = pair.send(&[fix(1)]).unwrap();
        assert_eq!(seqs(&inputs), [1]);
        assert_eq!((opened.records, opened.fresh, opened.counter), (1, 1, 1));
        let all: Vec<_> = (2..=38).map(fix).collect();
        let datagram = pair.encode(&all);
        assert_eq!(datagram.len(), DATAGRAM_BYTES_MAX);
        let head = peek(&datagram).unwrap();
        assert_eq!((head.index, head.counter, head.records), (INDEX, 2, 37));
        let (opened, inputs) = pair.open(&datagram).unwrap();
        assert_eq!(seqs(&inputs), (2..=38).collect::<Vec<_>>());
        let ack = pair.ack(&opened);
        assert_eq!((ack.counter, ack.durable_through, ack.seen_through), (2, 38, 38));
        assert_eq!((ack.seen_bits, ack.server_time_ms), (0, NOW_MS as u64));
        assert_eq!(pair.table.refusals().total(), 0);
    }
}

#[test]
fn a_record_sent_again_is_acknowledged_and_not_handed_on() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    pair.send(&[fix(1), fix(2)]).unwrap();
    let (opened, inputs) = pair.send(&[fix(1), fix(2), fix(3), fix(3)]).unwrap();
    assert_eq!((seqs(&inputs), opened.records, opened.fresh), (vec![3], 4, 1));
    let (opened, inputs) = pair.send(&[fix(2)]).unwrap();
    assert_eq!((inputs.len(), opened.fresh), (0, 0));
    assert_eq!(pair.ack(&opened).durable_through, 3);
}

#[test]
fn only_what_is_durable_may_be_deleted() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let (first, _) = pair.send(&[fix(1)]).unwrap();
    let (second, _) = pair.send(&[fix(2), fix(4), fix(6)]).unwrap();
    let ack = pair.ack(&first);
    assert_eq!((ack.durable_through, ack.seen_through, ack.seen_bits), (1, 2, 0b1010));
    let ack = pair.ack(&second);
    assert_eq!((ack.durable_through, ack.seen_through, ack.seen_bits), (2, 2, 0b1010));
    let (third, _) = pair.send(&[fix(3), fix(5)]).unwrap();
    let ack = pair.ack(&third);
    assert_eq!((ack.durable_through, ack.seen_through, ack.seen_bits), (6, 6, 0));
}

#[test]
fn acknowledgements_carry_advice_and_are_not_taken_twice() {
    let mut pair = Pair::new(Suite::Aes128Gcm);
    let (opened, _) = pair.send(&[fix(1)]).unwrap();
    let mut out = [0; ACK_BYTES];
    let advice = Advice { retry_s: u16::MAX, rekey: true, raise_rate: false };
    assert_eq!(pair.table.ack(&opened, pair.now, advice, &mut out[..ACK_BYTES - 1]), 0);
    assert_eq!(pair.table.ack(&opened, pair.now, advice, &mut out), ACK_BYTES);
    let mut again = out;
    let ack = pair.device.open_ack(&mut out).unwrap();
    assert_eq!(ack.advice, Advice { retry_s: 16_383, ..advice });
    let refused = pair.device.open_ack(&mut again).unwrap_err();
    assert_eq!(refused.reason, Reason::StaleAck);
}

#[test]
fn no_two_acknowledgements_have_one_nonce() {
    let mut pair = Pair::new(Suite::Aes128Gcm);
    let (opened, _) = pair.send(&[fix(1)]).unwrap();
    let mut counters = Vec::new();
    for now_ms in [NOW_MS, NOW_MS, NOW_MS - 5, NOW_MS + 1, i64::MIN, i64::MAX, NOW_MS] {
        let mut out = [0; ACK_BYTES];
        let now = Timestamp::from_ms(now_ms);
        assert_eq!(pair.table.ack(&opened, now, Advice::default(), &mut out), ACK_BYTES);
        counters.push(u64::from_le_bytes(out[8..16].try_into().unwrap()));
    }
    assert!(counters.is_sorted_by(|a, b| a < b), "{counters:?}");
}

#[test]
fn who_did_not_ask_is_not_answered() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let length = pair.device.encode(&[fix(1)], false, &mut pair.buffer).unwrap();
    let datagram = pair.buffer[..length].to_vec();
    let (opened, _) = pair.open(&datagram).unwrap();
    let mut out = [0; ACK_BYTES];
    assert_eq!(pair.table.ack(&opened, pair.now, Advice::default(), &mut out), 0);
    assert_eq!(out, [0; ACK_BYTES]);
    let (opened, _) = pair.send(&[fix(2)]).unwrap();
    assert_eq!(pair.ack(&opened).durable_through, 2);
    assert_eq!(pair.table.remove(INDEX), Some(device_id()));
    assert_eq!(pair.table.ack(&opened, pair.now, Advice::default(), &mut out), 0);
}

#[test]
fn epochs_go_on_one_by_one_and_the_last_stays_for_seven_days() {
    for suite in SUITES {
        let mut pair = Pair::new(suite);
        let old = pair.encode(&[fix(1)]);
        let older = pair.encode(&[fix(2)]);
        pair.device.rotate();
        let rotated_ms = NOW_MS + 500;
        pair.now = Timestamp::from_ms(rotated_ms);
        let (opened, _) = pair.send(&[fix(3)]).unwrap();
        assert_eq!((opened.epoch, pair.ack(&opened).seen_bits), (1, 0b100));

        pair.now = Timestamp::from_ms(rotated_ms + PREVIOUS_EPOCH_MS);
        let (opened, inputs) = pair.open(&old).unwrap();
        assert_eq!((opened.epoch, seqs(&inputs)), (0, vec![1]));
        let mut out = [0; ACK_BYTES];
        assert_eq!(pair.table.ack(&opened, pair.now, Advice::default(), &mut out), ACK_BYTES);
        assert_eq!(out[1], 0, "answered in the epoch in which it was asked");
        pair.now = Timestamp::from_ms(rotated_ms + PREVIOUS_EPOCH_MS + 1);
        assert_eq!(pair.open(&older).unwrap_err(), Reason::ExpiredEpoch);

        for epoch in 2..600_u32 {
            pair.device.rotate();
            let (opened, _) = pair.send(&[fix(epoch + 10)]).unwrap();
            assert_eq!(u32::from(opened.epoch), epoch & 0xFF);
            pair.ack(&opened);
        }
        pair.device.rotate();
        pair.device.rotate();
        assert_eq!(pair.send(&[fix(2)]).unwrap_err(), Reason::WrongEpoch);
    }
}

#[test]
fn a_forged_epoch_changes_nothing() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let mut datagram = pair.encode(&[fix(1)]);
    for (epoch, reason) in [(1, Reason::Forged), (255, Reason::WrongEpoch), (2, Reason::WrongEpoch)]
    {
        datagram[1] = epoch;
        assert_eq!(pair.open(&datagram).unwrap_err(), reason);
    }
    datagram[1] = 0;
    pair.open(&datagram).unwrap();
}

#[test]
fn after_a_restart_the_log_tells_what_is_known() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    pair.device.rotate();
    let sent: Vec<_> = [1, 2, 4, 200].map(|n| pair.encode(&[fix(n)])).into();
    for datagram in &sent {
        pair.open(datagram).unwrap();
    }
    let checkpoint = pair.table.checkpoint(INDEX).unwrap();
    assert_eq!((checkpoint.counter, checkpoint.epoch), (4, 1));
    assert_eq!((checkpoint.seen_through, checkpoint.seen_bits), (2, 0b10));

    let mut by_log = Pair::new(Suite::ChaCha20Poly1305);
    let epoch = Checkpoint { epoch: 1, rotated_at: Some(pair.now), ..Checkpoint::default() };
    assert!(by_log.table.resume_from(INDEX, &epoch) && by_log.table.resume(INDEX, 4));
    for seq in [1, 2, 4, 200] {
        assert!(by_log.table.resume_record(INDEX, seq));
    }
    assert_eq!(by_log.table.checkpoint(INDEX), Some(checkpoint));

    let mut restored = Pair::new(Suite::ChaCha20Poly1305);
    assert!(restored.table.resume_from(INDEX, &checkpoint));
    for table in [by_log.table, restored.table] {
        pair.table = table;
        for datagram in &sent {
            assert_eq!(pair.open(datagram).unwrap_err(), Reason::Replayed);
        }
        let (opened, inputs) = pair.send(&[fix(1), fix(3), fix(4), fix(200)]).unwrap();
        assert_eq!(seqs(&inputs), [3]);
        assert_eq!(pair.ack(&opened).durable_through, 4);
    }
}

/// What the log has of a device: what was heard with each datagram, and its records.
fn logged(heard: &[Heard], seqs: &[u64]) -> Checkpoint {
    let mut checkpoint = Checkpoint::default();
    heard.iter().for_each(|heard| checkpoint.hear(heard));
    seqs.iter().for_each(|seq| assert!(checkpoint.mark(*seq)));
    checkpoint
}

#[test]
fn what_was_heard_is_enough_to_refuse_it_after_a_restart() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let (mut sent, mut heard, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for n in 1..=6 {
        if n % 3 == 0 {
            pair.device.rotate();
        }
        sent.push(pair.encode(&[fix(n), fix(n + 300)]));
        let (_, inputs) = pair.open(sent.last().unwrap()).unwrap();
        taken.extend(seqs(&inputs));
        pair.now = pair.now.plus_ms(1_000);
        heard.push(pair.table.heard(INDEX, pair.now).unwrap());
    }
    let known = pair.table.checkpoint(INDEX).unwrap();
    assert_eq!((known.epoch, known.counter), (2, 6));
    let last = Some(pair.now);
    // What overtook another input in the log, and what stands there twice, changes nothing.
    for order in [[0, 1, 2, 3, 4, 5], [5, 0, 1, 2, 3, 4], [3, 2, 2, 5, 4, 5]] {
        let checkpoint = logged(&order.map(|place| heard[place]), &taken);
        assert_eq!(checkpoint, Checkpoint { heard_at: last, ..known });
        let mut again = Pair::new(Suite::ChaCha20Poly1305);
        again.now = pair.now;
        assert!(again.table.resume_from(INDEX, &checkpoint));
        for (place, datagram) in sent.iter().enumerate() {
            let of_old_epoch = place < 2;
            let reason = if of_old_epoch { Reason::WrongEpoch } else { Reason::Replayed };
            assert_eq!(again.open(datagram).unwrap_err(), reason, "datagram {place}");
        }
    }
}

#[test]
fn a_device_with_another_secret_begins_anew_and_its_records_go_on() {
    let mut old = Pair::new(Suite::ChaCha20Poly1305);
    let sent = old.encode(&[fix(1)]);
    old.open(&sent).unwrap();
    let mut known = old.table.checkpoint(INDEX).unwrap();
    known.secret_name = known.secret_name.map(|name| name ^ 1);
    let mut new = Pair::new(Suite::ChaCha20Poly1305);
    assert!(!new.table.resume_from(INDEX, &known));
    let (_, inputs) = new.send(&[fix(1), fix(2)]).unwrap();
    assert_eq!(seqs(&inputs), [2]);
    let now = new.now.plus_ms(1_000);
    let heard = new.table.heard(INDEX, now).unwrap();
    // Its counters begin at 1 again, and are those that count from then on.
    known.counter = 1_000;
    known.heard_at = Some(new.now);
    known.hear(&heard);
    assert_eq!((known.counter, known.secret_name), (1, Some(heard.secret_name)));
}

#[test]
fn resuming_what_cannot_be_is_refused() {
    let mut table = Pair::new(Suite::ChaCha20Poly1305).table;
    let before = table.checkpoint(INDEX);
    assert!(!table.resume(INDEX + 1, 1) && !table.resume(u32::MAX, 1));
    assert!(!table.resume_record(INDEX, u64::MAX) && !table.resume_record(0, 1));
    let impossible = Checkpoint { seen_through: u64::MAX, ..Checkpoint::default() };
    assert!(!table.resume_from(INDEX, &impossible));
    assert!(!Checkpoint::default().mark(u64::MAX));
    assert_eq!(table.checkpoint(INDEX), before);
    assert_eq!(table.checkpoint(INDEX - 1), None);
}

#[test]
fn rec_seq_goes_on_beyond_32_bits() {
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let last = u64::from(u32::MAX);
    let checkpoint = Checkpoint { seen_through: last - 2, ..Checkpoint::default() };
    assert!(pair.table.resume_from(INDEX, &checkpoint));
    let (_, inputs) = pair.send(&[fix(u32::MAX - 1), fix(0), fix(1)]).unwrap();
    assert_eq!(seqs(&inputs), [last - 1, last + 1, last + 2]);
    let (opened, inputs) = pair.send(&[fix(u32::MAX), fix(1)]).unwrap();
    assert_eq!(seqs(&inputs), [last]);
    let ack = pair.ack(&opened);
    assert_eq!((ack.durable_through, ack.seen_through), (1, 1));
}

#[test]
fn a_device_that_sends_too_much_is_held_back() {
    let config = TableConfig { rate: RateLimit::new(10, 40), ..TableConfig::default() };
    let mut pair = Pair::with(Suite::ChaCha20Poly1305, config);
    let records: Vec<_> = (1..=37).map(fix).collect();
    pair.send(&records).unwrap();
    let datagram = pair.encode(&[fix(38), fix(39), fix(40), fix(41)]);
    assert_eq!(pair.open(&datagram).unwrap_err(), Reason::OverRate);
    assert_eq!(pair.open(&datagram).unwrap_err(), Reason::Replayed);
    pair.now = Timestamp::from_ms(NOW_MS + 100);
    let (opened, inputs) = pair.send(&[fix(38), fix(39), fix(40), fix(41)]).unwrap();
    assert_eq!((inputs.len(), pair.ack(&opened).durable_through), (4, 41));
    assert_eq!(pair.table.refusals().of(Reason::OverRate), 1);
}

#[test]
fn indexes_are_dense_and_taken_once() {
    let config = TableConfig { devices_max: 8, ..TableConfig::default() };
    let mut table = DeviceTable::new(config);
    let at = |index| KeyEntry { index, ..entry(Suite::Aes128Gcm) };
    table.insert(&at(7)).unwrap();
    assert_eq!(table.insert(&at(7)), Err(InsertError::IndexTaken { index: 7 }));
    assert_eq!(table.insert(&at(8)), Err(InsertError::IndexTooLarge { index: 8, index_max: 8 }));
    assert_eq!((table.device(7), table.device(6)), (Some(device_id()), None));
    assert_eq!(
        (table.remove(7), table.remove(7), table.remove(9)),
        (Some(device_id()), None, None)
    );
    table.insert(&at(7)).unwrap();
    table.touch(&[0, 7, 8, u32::MAX]);
}

#[test]
fn what_cannot_be_encoded_is_refused_and_costs_no_counter() {
    let mut device = Device::new(INDEX, Suite::ChaCha20Poly1305, &secret());
    let mut buffer = [0; DATAGRAM_BYTES_MAX];
    let mut encode = |records: &[Record], room| device.encode(records, true, &mut buffer[..room]);
    assert_eq!(encode(&[], 1216), Err(EncodeError::RecordCount { count: 0 }));
    assert_eq!(encode(&[fix(1); 38], 1216), Err(EncodeError::RecordCount { count: 38 }));
    assert_eq!(encode(&[fix(1)], 63), Err(EncodeError::Buffer { length: 64, given: 63 }));
    assert_eq!(encode(&[fix(1)], 64), Ok(64));
    assert_eq!(device.counter(), 1);
    device.resume(u64::MAX);
    assert_eq!(device.encode(&[fix(1)], true, &mut buffer), Err(EncodeError::Counter));
    assert_eq!(device.open_ack(&mut [0; 64]).unwrap_err().reason, Reason::UnknownType);
}

#[test]
fn the_table_is_a_protocol_like_others() {
    fn exchange<P: DeviceProtocol>(protocol: &mut P, datagram: &mut [u8], out: &mut [u8]) -> usize {
        let now = Timestamp::from_ms(NOW_MS);
        assert_eq!(protocol.peek(datagram), Ok(DeviceKey::new(u64::from(INDEX))));
        let mut count = 0;
        let opened = protocol.open(datagram, now, &mut |_, _| count += 1);
        let Ok(opened) = opened else { panic!("refused") };
        assert_eq!((count, protocol.refusals().total()), (2, 0));
        protocol.ack(&opened, now, out)
    }
    let mut pair = Pair::new(Suite::ChaCha20Poly1305);
    let mut datagram = pair.encode(&[fix(1), fix(2)]);
    let mut out = [0; ACK_BYTES];
    assert_eq!(exchange(&mut pair.table, &mut datagram, &mut out), ACK_BYTES);
    assert_eq!(pair.device.open_ack(&mut out).unwrap().durable_through, 2);
    let refused = DeviceProtocol::peek(&pair.table, &datagram[..63]).unwrap_err();
    assert_eq!(refused.reason, Reason::Length);
}

#[test]
fn limits_that_were_set_by_hand_are_taken_into_range() {
    let mut rate = RateLimit::default();
    (rate.records_per_s, rate.burst_records) = (u32::MAX, u32::MAX);
    let config = TableConfig { rate, ..TableConfig::default() };
    Pair::with(Suite::ChaCha20Poly1305, config).send(&[fix(1); 37]).unwrap();
    rate.burst_records = 0;
    let config = TableConfig { rate, ..TableConfig::default() };
    Pair::with(Suite::ChaCha20Poly1305, config).send(&[fix(1); 37]).unwrap();
}
