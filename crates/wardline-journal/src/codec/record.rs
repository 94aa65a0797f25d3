//! Inputs and when they were received.

use super::bytes::{Put, Read, Take};
use super::geometry::{put_position, put_shape, take_position, take_shape};
use super::order::{layer, order, person, put_order, take_order, zone};
use super::{Opener, Unsealed, kind, words};
use crate::Subject;
use crate::seal::Seal;
use std::sync::Arc;
use wardline_core::event::EpisodeId;
use wardline_core::ids::DeviceId;
use wardline_core::input::{
    AssignDevice, Fix, Input, OperatorAct, PutZone, Record, Refusal, StatusReport,
};
use wardline_core::time::Timestamp;

/// Whose key the sealed part of an input needs; nothing if it has none.
pub(crate) fn record_subject(record: &Record) -> Option<Subject> {
    match &record.input {
        Input::Fix(fix) => Some(Subject::Device(fix.device)),
        Input::PutZone(put) => Some(Subject::Zone(put.zone)),
        Input::Operator(act) => {
            let episode = EpisodeId::parse(&act.episode);
            Some(episode.map_or(Subject::Rest, |episode| Subject::Order(episode.order)))
        }
        Input::Invalid(refusal) => Some(refusal.device.map_or(Subject::Rest, Subject::Device)),
        Input::RemoveZone(_)
        | Input::PutOrder(_)
        | Input::EndOrder(_)
        | Input::AssignDevice(_)
        | Input::ReleaseDevice(_)
        | Input::Status(_)
        | Input::Tick => None,
    }
}

/// Writes an input, and says where in `out` the sealed part begins.
pub(crate) fn write_record(record: &Record, key: u64, out: &mut Vec<u8>) -> usize {
    let Record { at, input } = record;
    let mut head = |kind| {
        out.u8(kind | if at.is_some() { kind::AT } else { 0 });
        if let Some(at) = at {
            out.i64(at.ms());
        }
    };
    match input {
        Input::PutZone(PutZone { zone, layer, shape }) => {
            head(kind::PUT_ZONE);
            out.varint(key);
            out.varint(zone.number());
            out.option(*layer, |out, layer| out.varint(layer.number()));
            let sealed = out.len();
            put_shape(out, shape);
            return sealed;
        }
        Input::Fix(fix) => {
            head(kind::FIX);
            return write_fix(fix, at.unwrap_or_default(), key, out);
        }
        Input::Operator(act) => {
            head(kind::OPERATOR);
            return write_act(act, key, out);
        }
        Input::Invalid(refusal) => {
            head(kind::INVALID);
            return write_refusal(refusal, key, out);
        }
        Input::RemoveZone(zone) => {
            head(kind::REMOVE_ZONE);
            out.varint(zone.number());
        }
        Input::PutOrder(put) => {
            head(kind::PUT_ORDER);
            put_order(out, put);
        }
        Input::EndOrder(order) => {
            head(kind::END_ORDER);
            out.varint(order.number());
        }
        Input::AssignDevice(AssignDevice { device, person, kind }) => {
            head(kind::ASSIGN_DEVICE);
            out.varint(device.number());
            out.varint(person.number());
            words::put(out, *kind);
        }
        Input::ReleaseDevice(device) => {
            head(kind::RELEASE_DEVICE);
            out.varint(device.number());
        }
        Input::Status(StatusReport { device, seq, time, status }) => {
            head(kind::STATUS);
            out.varint(device.number());
            out.varint(*seq);
            out.i64(time.ms());
            words::put(out, *status);
        }
        Input::Tick => head(kind::TICK),
    }
    out.len()
}

fn write_fix(fix: &Fix, at: Timestamp, key: u64, out: &mut Vec<u8>) -> usize {
    let Fix { device, seq, time, position, accuracy_m, speed_mps, course_deg, .. } = fix;
    let Fix { source, assurance, mock, clock_unsynced, moving, backlog, .. } = fix;
    let flags = [mock, clock_unsynced, moving, backlog];
    let flags = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(**flag));
    let numbers = [*accuracy_m, *speed_mps, *course_deg];
    let forms = numbers.iter().rev().fold(0, |bits, number| bits << 2 | form(*number));
    out.varint(key);
    out.varint(device.number());
    out.varint(*seq);
    // Whatever the two are, they come back: both ways are modulo 2^64.
    out.signed(time.ms().wrapping_sub(at.ms()));
    out.u8(flags | words::Word::code(*assurance) << 4);
    out.u8(forms | words::Word::code(*source) << 6 & 0xC0);
    out.u8(words::Word::code(*source) >> 2);
    let sealed = out.len();
    put_position(out, *position);
    numbers.iter().for_each(|number| put_number(out, *number));
    sealed
}

/// How a number is written: 0 not at all, 1 as hundredths in two bytes, 2 as a double.
fn form(number: Option<f64>) -> u8 {
    match number {
        None => 0,
        Some(number) if hundredths(number).is_some() => 1,
        Some(_) => 2,
    }
}

fn put_number(out: &mut Vec<u8>, number: Option<f64>) {
    let Some(number) = number else { return };
    match hundredths(number) {
        Some(hundredths) => out.u16(hundredths),
        None => out.f64(number),
    }
}

/// The number in hundredths, if it is exactly that.
fn hundredths(number: f64) -> Option<u16> {
    // Saturates, and makes 0 of what is no number; the comparison sorts them out.
    let rounded = (number * 100.0 + 0.5) as u16;
    let same = (f64::from(rounded) / 100.0).to_bits() == number.to_bits();
    same.then_some(rounded)
}

fn write_act(act: &OperatorAct, key: u64, out: &mut Vec<u8>) -> usize {
    let OperatorAct { episode, action, by, note } = act;
    out.varint(key);
    words::put(out, *action);
    let sealed = out.len();
    out.text(episode);
    out.text(by);
    out.option(note.as_deref(), Put::text);
    sealed
}

fn write_refusal(refusal: &Refusal, key: u64, out: &mut Vec<u8>) -> usize {
    let Refusal { reason, value, line, device } = refusal;
    out.varint(key);
    out.option(*line, Put::varint);
    out.option(*device, |out, device| out.varint(device.number()));
    let sealed = out.len();
    out.text(reason);
    out.text(value);
    sealed
}

/// Reads an input; `seal` is the place of the entry.
pub(crate) fn read_record(
    bytes: &[u8],
    seal: Seal,
    opener: &mut impl Opener,
) -> Read<Unsealed<Record>> {
    let mut from = Take::new(bytes);
    let first = from.u8("the kind of an entry")?;
    let has_at = first & kind::AT != 0;
    let at = if has_at { Some(Timestamp::from_ms(from.i64("a time of receipt")?)) } else { None };
    let mut sealed = Sealed { seal, opener, scratch: Vec::new() };
    let input = match first & !kind::AT {
        kind::PUT_ZONE => return read_zone(from, at, sealed),
        kind::FIX => return read_fix(from, at, sealed),
        kind::OPERATOR => return read_act(from, at, &mut sealed),
        kind::INVALID => return read_refusal(from, at, &mut sealed),
        kind::REMOVE_ZONE => Input::RemoveZone(zone(&mut from)?),
        kind::PUT_ORDER => Input::PutOrder(Arc::new(take_order(&mut from)?)),
        kind::END_ORDER => Input::EndOrder(order(&mut from)?),
        kind::ASSIGN_DEVICE => Input::AssignDevice(AssignDevice {
            device: device(&mut from)?,
            person: person(&mut from)?,
            kind: words::take(&mut from, "the kind of a device")?,
        }),
        kind::RELEASE_DEVICE => Input::ReleaseDevice(device(&mut from)?),
        kind::STATUS => Input::Status(StatusReport {
            device: device(&mut from)?,
            seq: from.varint("a counter")?,
            time: Timestamp::from_ms(from.i64("a time")?),
            status: words::take(&mut from, "a status")?,
        }),
        kind::TICK => Input::Tick,
        _ => return from.fault("the kind of an entry"),
    };
    from.end()?;
    Ok(Unsealed::Open(Record { at, input }))
}

/// Reads the sealed part of an entry.
struct Sealed<'a, O> {
    seal: Seal,
    opener: &'a mut O,
    scratch: Vec<u8>,
}

impl<O: Opener> Sealed<'_, O> {
    /// The rest of the entry in clear, if the key is there.
    fn open(&mut self, key: u64, from: &mut Take<'_>) -> Option<Take<'_>> {
        self.scratch.clear();
        let clear = from.following(&[]);
        self.scratch.extend_from_slice(from.rest());
        let there = self.opener.open(key, self.seal, &mut self.scratch);
        there.then(|| clear.following(&self.scratch))
    }
}

fn without_key(key: u64, subject: Subject) -> Unsealed<Record> {
    Unsealed::Sealed { key, subject: Some(subject) }
}

fn read_zone(
    mut from: Take<'_>,
    at: Option<Timestamp>,
    mut sealed: Sealed<'_, impl Opener>,
) -> Read<Unsealed<Record>> {
    let key = from.varint("a key")?;
    let zone = zone(&mut from)?;
    let layer = from.option("a flag", layer)?;
    let Some(mut clear) = sealed.open(key, &mut from) else {
        return Ok(without_key(key, Subject::Zone(zone)));
    };
    let shape = take_shape(&mut clear)?;
    clear.end()?;
    let input = Input::PutZone(PutZone { zone, layer, shape });
    Ok(Unsealed::Open(Record { at, input }))
}

fn read_fix(
    mut from: Take<'_>,
    at: Option<Timestamp>,
    sealed: Sealed<'_, impl Opener>,
) -> Read<Unsealed<Record>> {
    let key = from.varint("a key")?;
    let device = device(&mut from)?;
    let seq = from.varint("a counter")?;
    let since_ms = from.signed("a time")?;
    let [flags, forms, source] = from.array("the flags of a fix")?;
    from.check(source <= 1, "a source")?;
    let source = words::Word::of_code(source << 2 | forms >> 6);
    let assurance = words::Word::of_code(flags >> 4);
    let (Some(source), Some(assurance)) = (source, assurance) else {
        return from.fault("a source or assurance");
    };
    // Three doubles and a position; what is longer is no fix.
    let mut room = [0; FIX_SEALED_BYTES_MAX];
    let clear = from.following(&[]);
    let bytes = from.rest();
    let Some(room) = room.get_mut(..bytes.len()) else {
        return clear.fault("the end of the entry");
    };
    room.copy_from_slice(bytes);
    if !sealed.opener.open(key, sealed.seal, room) {
        return Ok(without_key(key, Subject::Device(device)));
    }
    let mut clear = clear.following(room);
    let fix = Fix {
        device,
        seq,
        time: Timestamp::from_ms(at.unwrap_or_default().ms().wrapping_add(since_ms)),
        position: take_position(&mut clear)?,
        accuracy_m: take_number(&mut clear, forms)?,
        speed_mps: take_number(&mut clear, forms >> 2)?,
        course_deg: take_number(&mut clear, forms >> 4)?,
        source,
        assurance,
        mock: flags & 1 != 0,
        clock_unsynced: flags & 2 != 0,
        moving: flags & 4 != 0,
        backlog: flags & 8 != 0,
    };
    clear.end()?;
    Ok(Unsealed::Open(Record { at, input: Input::Fix(fix) }))
}

fn take_number(from: &mut Take<'_>, form: u8) -> Read<Option<f64>> {
    match form & 3 {
        0 => Ok(None),
        1 => from.u16("a number").map(|number| Some(f64::from(number) / 100.0)),
        2 => {
            let number = from.f64("a number")?;
            from.check(hundredths(number).is_none(), "a number that has no shorter form")?;
            Ok(Some(number))
        }
        _ => from.fault("the form of a number"),
    }
}

fn read_act(
    mut from: Take<'_>,
    at: Option<Timestamp>,
    sealed: &mut Sealed<'_, impl Opener>,
) -> Read<Unsealed<Record>> {
    let key = from.varint("a key")?;
    let action = words::take(&mut from, "an action")?;
    let Some(mut clear) = sealed.open(key, &mut from) else {
        return Ok(Unsealed::Sealed { key, subject: None });
    };
    let episode = clear.text("an episode")?;
    let by = clear.text("a name")?;
    let note = clear.option("a flag", |clear| clear.text("a note"))?;
    clear.end()?;
    let input = Input::Operator(OperatorAct { episode, action, by, note });
    Ok(Unsealed::Open(Record { at, input }))
}

fn read_refusal(
    mut from: Take<'_>,
    at: Option<Timestamp>,
    sealed: &mut Sealed<'_, impl Opener>,
) -> Read<Unsealed<Record>> {
    let key = from.varint("a key")?;
    let line = from.option("a flag", |from| from.varint("a line"))?;
    let device = from.option("a flag", device)?;
    let Some(mut clear) = sealed.open(key, &mut from) else {
        let subject = device.map_or(Subject::Rest, Subject::Device);
        return Ok(without_key(key, subject));
    };
    let (reason, value) = (clear.text("a reason")?, clear.text("a value")?);
    clear.end()?;
    let input = Input::Invalid(Refusal { reason, value, line, device });
    Ok(Unsealed::Open(Record { at, input }))
}

pub(super) fn device(from: &mut Take<'_>) -> Read<DeviceId> {
    from.varint("a device").map(|number| DeviceId::new(number).unwrap_or_default())
}

const FIX_SEALED_BYTES_MAX: usize = 32;
