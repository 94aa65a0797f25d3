//! Inputs and when they were received.

use super::bytes::{Put, Read, Take};
use super::fix::{FixStart, write_fix};
use super::geometry::{put_shape, take_shape};
use super::order::{layer, order, person, put_order, take_order, zone};
use super::{Opener, Unsealed, kind, words};
use crate::Subject;
use crate::seal::Seal;
use std::sync::Arc;
use wardline_core::event::EpisodeId;
use wardline_core::ids::DeviceId;
use wardline_core::input::{
    AssignDevice, Input, OperatorAct, PutZone, Record, Refusal, StatusReport,
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
        kind::FIX => return FixStart::take(from, at)?.head()?.open(sealed.seal, sealed.opener),
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

/// The device of a status, and the device's number for it.
pub(crate) fn take_status(entry: &[u8]) -> Read<(DeviceId, u64)> {
    let mut from = Take::new(entry);
    let first = from.u8("the kind of an entry")?;
    if first & kind::AT != 0 {
        from.i64("a time of receipt")?;
    }
    Ok((device(&mut from)?, from.varint("a counter")?))
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

fn without_key(key: u64, subject: Subject, at: Option<Timestamp>) -> Unsealed<Record> {
    Unsealed::Sealed { key, subject: Some(subject), at }
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
        return Ok(without_key(key, Subject::Zone(zone), at));
    };
    let shape = take_shape(&mut clear)?;
    clear.end()?;
    let input = Input::PutZone(PutZone { zone, layer, shape });
    Ok(Unsealed::Open(Record { at, input }))
}

fn read_act(
    mut from: Take<'_>,
    at: Option<Timestamp>,
    sealed: &mut Sealed<'_, impl Opener>,
) -> Read<Unsealed<Record>> {
    let key = from.varint("a key")?;
    let action = words::take(&mut from, "an action")?;
    let Some(mut clear) = sealed.open(key, &mut from) else {
        return Ok(Unsealed::Sealed { key, subject: None, at });
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
        return Ok(without_key(key, subject, at));
    };
    let (reason, value) = (clear.text("a reason")?, clear.text("a value")?);
    clear.end()?;
    let input = Input::Invalid(Refusal { reason, value, line, device });
    Ok(Unsealed::Open(Record { at, input }))
}

#[inline]
pub(crate) fn device(from: &mut Take<'_>) -> Read<DeviceId> {
    from.varint("a device").map(|number| DeviceId::new(number).unwrap_or_default())
}
