//! Messages as the apps write them. The secretbox is that of another implementation: libsodium's,
//! kept as it came out.

use super::*;
use wardline_core::input::Fix;

const TOPIC: &str = "owntracks/jane/phone";
const PLAIN: &str = concat!(
    r#"{"_type":"location","acc":12,"alt":754,"batt":78,"bs":1,"cog":90,"conn":"w","#,
    r#""created_at":1790000003,"lat":42.8700001,"lon":74.59,"m":1,"tid":"ja","#,
    r#""tst":1790000000,"vac":4,"vel":36,"topic":"owntracks/jane/phone"}"#
);
const PASSPHRASE: &str = "correct horse battery staple";
/// `crypto_secretbox_easy` of [`PLAIN`] under [`PASSPHRASE`], the nonce 100 to 123 before it, in
/// base64.
const SEALED: &str = concat!(
    "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7rPmVrqsoPKd67RxSfnSrqfkTkbMwCiwIhRhwgMyVFLwZDe5a",
    "NN0fzdP1gkTnJ6QgrlQ4Os3rIkz/dKdGmXfvkEggAwokC/60C4+4n3EJb8DcRP8goj5VZrz7jLGDRPd8",
    "fRypnQXvOY8EOsVEdQZQ7zx3P9/m5iL5TDwnMrkYDHnYZBSpYG2adUZhvO5yfBabNUpcwtEzIGa5kg9X",
    "O+K9m9Oh1Rh6xaekoZYGoiuXPZVDXgMJ8xmkuuTZzpv/ek+tQjZO5dhuXFzLVewtL/gUmLk7uYiWnKF2",
    "Kw17Iz/hs1wFJ0o=",
);

fn receiver(channel: Channel, key: Option<Secret>) -> OwnTracks {
    let mut receiver = OwnTracks::new(channel);
    receiver.insert(TOPIC, device(), key);
    receiver
}

fn device() -> DeviceId {
    DeviceId::new(31).unwrap()
}

fn open(receiver: &mut OwnTracks, message: &[u8]) -> Result<(Opened, Input), Reason> {
    let mut framed = frame(TOPIC, message);
    let key = receiver.peek(&framed);
    let mut inputs = Vec::new();
    let now = Timestamp::from_ms(1_790_000_005_000);
    let opened = receiver.open(&mut framed, now, &mut |id, input| {
        assert_eq!(id, device());
        inputs.push(input);
    });
    let opened = opened.map_err(|refused| refused.reason)?;
    assert_eq!(key.unwrap().number(), 31);
    assert_eq!(inputs.len(), 1);
    Ok((opened, inputs.remove(0)))
}

fn fix(receiver: &mut OwnTracks, message: &[u8]) -> Fix {
    match open(receiver, message) {
        Ok((_, Input::Fix(fix))) => fix,
        other => panic!("{other:?}"),
    }
}

fn refused(message: &str, reason: Reason) {
    let mut receiver = receiver(Channel::Open, None);
    match open(&mut receiver, message.as_bytes()) {
        Ok((_, Input::Invalid(refusal))) => {
            assert_eq!(refusal.reason, reason.as_str(), "{message}")
        }
        Err(given) => assert_eq!(given, reason, "{message}"),
        other => panic!("{message}: {other:?}"),
    }
    assert_eq!((receiver.refusals().of(reason), receiver.refusals().total()), (1, 1));
}

#[test]
fn a_location_is_a_fix() {
    for (channel, assurance) in
        [(Channel::Open, Assurance::None), (Channel::Authenticated, Assurance::Channel)]
    {
        let fix = fix(&mut receiver(channel, None), PLAIN.as_bytes());
        assert_eq!(
            (fix.device, fix.seq, fix.time.ms()),
            (device(), 1_790_000_000, 1_790_000_000_000)
        );
        assert_eq!((fix.position.lat_e7(), fix.position.lon_e7()), (428_700_001, 745_900_000));
        assert_eq!(
            (fix.accuracy_m, fix.speed_mps, fix.course_deg),
            (Some(12.0), Some(10.0), Some(90.0))
        );
        assert_eq!(fix.assurance, assurance);
    }
}

#[test]
fn what_the_phone_does_not_know_is_not_made_up() {
    let bare = r#"{"_type":"location","lat":1,"lon":-180,"tst":1790000000}"#;
    let unknown = bare.replace("1,", r#"1,"acc":0,"vel":-1,"cog":-1,"#);
    let mut receiver = receiver(Channel::Open, None);
    let bare = fix(&mut receiver, bare.as_bytes());
    assert_eq!((bare.accuracy_m, bare.speed_mps, bare.course_deg), (None, None, None));
    assert_eq!(fix(&mut receiver, unknown.as_bytes()), bare);
}

#[test]
fn bad_messages_are_refused() {
    refused("", Reason::Malformed);
    refused("[]", Reason::Malformed);
    refused(&PLAIN[..PLAIN.len() - 1], Reason::Malformed);
    refused(&"[".repeat(60_000), Reason::Malformed);
    refused(r#"{"_type":"lwt","tst":1790000000}"#, Reason::UnknownMessage);
    refused(r#"{"_type":"encrypted","data":"AAAA"}"#, Reason::UnknownMessage);
    refused(&PLAIN.replace("\"lat\"", "\"latitude\""), Reason::Malformed);
    refused(&PLAIN.replace("42.8700001", "\"42\""), Reason::Malformed);
    refused(&PLAIN.replace("42.8700001", "1e999"), Reason::Malformed);
    refused(&PLAIN.replace("42.8700001", "90.1"), Reason::BadPosition);
    refused(&PLAIN.replace("74.59", "-180.0001"), Reason::BadPosition);
    refused(&PLAIN.replace("\"acc\":12", "\"acc\":-1"), Reason::BadAccuracy);
    refused(&PLAIN.replace("\"cog\":90", "\"cog\":361"), Reason::BadCourse);
    for time_s in ["0", "-1", "946684799", "253402300800", "9223372036854775807"] {
        refused(&PLAIN.replace("1790000000,", &format!("{time_s},")), Reason::BadTime);
    }
}

#[test]
fn a_message_has_a_limit_and_a_topic() {
    let mut receiver = receiver(Channel::Open, None);
    let room = MESSAGE_BYTES_MAX - TOPIC.len() - 1;
    let padded = |length: usize| format!("{PLAIN}{}", " ".repeat(length - PLAIN.len()));
    fix(&mut receiver, padded(room).as_bytes());
    let error = open(&mut receiver, padded(room + 1).as_bytes()).unwrap_err();
    assert_eq!(error, Reason::TooLong);
    let mut sink = |_, _| panic!("an input");
    let now = Timestamp::from_ms(0);
    for (framed, reason) in [
        (frame("owntracks/joe/phone", PLAIN.as_bytes()), Reason::UnknownDevice),
        (frame("", PLAIN.as_bytes()), Reason::UnknownDevice),
        (b"\xFF\xFE\n{}".to_vec(), Reason::UnknownDevice),
        (PLAIN.as_bytes().to_vec(), Reason::Malformed),
        (Vec::new(), Reason::Malformed),
    ] {
        let error = receiver.open(&mut framed.clone(), now, &mut sink).unwrap_err();
        assert_eq!((error.reason, receiver.peek(&framed)), (reason, Err(error)));
    }
    assert_eq!(receiver.remove(TOPIC), Some(device()));
}

#[test]
fn the_answer_is_an_empty_list() {
    let mut receiver = receiver(Channel::Open, None);
    let (opened, _) = open(&mut receiver, PLAIN.as_bytes()).unwrap();
    let (now, mut out) = (Timestamp::from_ms(0), [0; 4]);
    assert_eq!(receiver.ack(&opened, now, &mut out[..1]), 0);
    assert_eq!(receiver.ack(&opened, now, &mut out), 2);
    assert_eq!(&out, b"[]\0\0");
}

fn sealed(data: &str) -> String {
    format!(r#"{{"_type":"encrypted","data":"{data}"}}"#)
}

#[test]
fn a_box_of_libsodium_opens_and_vouches_for_the_device() {
    let mut receiver = receiver(Channel::Open, key_of_passphrase(PASSPHRASE));
    let (opened, input) = open(&mut receiver, sealed(SEALED).as_bytes()).unwrap();
    let Input::Fix(sealed) = input else { panic!("{input:?}") };
    let plain = fix(&mut super::tests::receiver(Channel::Open, None), PLAIN.as_bytes());
    assert_eq!(sealed, Fix { assurance: Assurance::Device, ..plain });
    assert!(opened.encrypted);
}

#[test]
fn with_a_key_nothing_else_is_taken() {
    let mut receiver = receiver(Channel::Authenticated, key_of_passphrase(PASSPHRASE));
    let mut check = |message: &str, reason| {
        assert_eq!(open(&mut receiver, message.as_bytes()).unwrap_err(), reason, "{message}");
    };
    check(PLAIN, Reason::NotEncrypted);
    check(r#"{"_type":"encrypted"}"#, Reason::Malformed);
    check(&sealed("?"), Reason::Malformed);
    for length in (0..=56).step_by(4) {
        let reason = if length < 56 { Reason::Malformed } else { Reason::Forged };
        check(&sealed(&SEALED[..length]), reason);
    }
    let bytes = STANDARD.decode(SEALED).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        check(&sealed(&STANDARD.encode(flipped)), Reason::Forged);
    }
    receiver.insert(TOPIC, device(), key_of_passphrase("another"));
    let error = open(&mut receiver, sealed(SEALED).as_bytes()).unwrap_err();
    assert_eq!(error, Reason::Forged);
}

#[test]
fn a_passphrase_has_1_to_32_bytes() {
    assert!(key_of_passphrase("").is_none() && key_of_passphrase(&"x".repeat(33)).is_none());
    assert!(key_of_passphrase(&"x".repeat(32)).is_some());
}
