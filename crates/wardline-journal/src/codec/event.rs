//! Events of the engine.

use super::bytes::{Put, Read, Take};
use super::geometry::{put_position, take_position};
use super::order::{order, person, rule_id, zone};
use super::record::device;
use super::{Opener, Unsealed, kind, words};
use crate::Subject;
use crate::seal::Seal;
use wardline_core::event::{
    Amendment, DeskFacts, EpisodeFacts, EpisodeId, Event, Evidence, FixFacts,
};
use wardline_core::ids::OrderId;
use wardline_core::input::Refusal;
use wardline_core::time::Timestamp;

/// Whose key the sealed part of an event needs.
pub(crate) fn event_subject(event: &Event) -> Subject {
    match (event.order, event.device) {
        (OrderId::NONE, Some(device)) => Subject::Device(device),
        (OrderId::NONE, None) => Subject::Rest,
        (order, _) => Subject::Order(order),
    }
}

/// Which of the optional parts an event has; the bits of two bytes.
mod part {
    pub const LATE: u16 = 1;
    pub const DEVICE: u16 = 1 << 1;
    pub const EPISODE_ID: u16 = 1 << 2;
    pub const EPISODE: u16 = 1 << 3;
    pub const OTHER_PERSON: u16 = 1 << 4;
    pub const OTHER_DEVICE: u16 = 1 << 5;
    pub const EVIDENCE: u16 = 1 << 6;
    pub const REFUSAL: u16 = 1 << 7;
    pub const DESK: u16 = 1 << 8;
    pub const ALL: u16 = (1 << 9) - 1;
}

/// Writes an event, and says where in `out` the sealed part begins.
pub(crate) fn write_event(event: &Event, key: u64, out: &mut Vec<u8>) -> usize {
    out.u8(kind::EVENT);
    out.varint(key);
    out.varint(event.input);
    out.varint(u64::from(event.index));
    out.i64(event.at.ms());
    out.i64(event.time.ms());
    out.varint(event.order.number());
    out.varint(event.order_version);
    out.varint(event.rule.number());
    out.varint(event.person.number());
    words::put(out, event.kind);
    words::put(out, event.phase);
    out.u16(parts(event));
    if let Some(device) = event.device {
        out.varint(device.number());
    }
    if let Some(id) = event.episode_id {
        put_episode_id(out, id);
    }
    if let Some(facts) = &event.episode {
        put_facts(out, facts);
    }
    if let Some(person) = event.other_person {
        out.varint(person.number());
    }
    if let Some(device) = event.other_device {
        out.varint(device.number());
    }
    let sealed = out.len();
    put_sealed(event, out);
    sealed
}

fn parts(event: &Event) -> u16 {
    [
        (event.late, part::LATE),
        (event.device.is_some(), part::DEVICE),
        (event.episode_id.is_some(), part::EPISODE_ID),
        (event.episode.is_some(), part::EPISODE),
        (event.other_person.is_some(), part::OTHER_PERSON),
        (event.other_device.is_some(), part::OTHER_DEVICE),
        (event.evidence.is_some(), part::EVIDENCE),
        (event.refusal.is_some(), part::REFUSAL),
        (event.desk.is_some(), part::DESK),
    ]
    .into_iter()
    .filter(|(there, _)| *there)
    .fold(0, |bits, (_, bit)| bits | bit)
}

fn put_episode_id(out: &mut Vec<u8>, id: EpisodeId) {
    let EpisodeId { order, rule, device, kind, number } = id;
    out.varint(order.number());
    out.varint(rule.number());
    out.varint(device.number());
    words::put(out, kind);
    out.varint(number);
}

fn put_facts(out: &mut Vec<u8>, facts: &EpisodeFacts) {
    out.option(facts.zone, |out, (zone, version)| {
        out.varint(zone.number());
        out.varint(version);
    });
    out.option(facts.threshold_m, Put::f64);
    out.option(facts.certainty, words::put);
    words::put(out, facts.cause);
    out.u8(u8::from(facts.permitted));
    match facts.amendment {
        None => out.u8(0),
        Some(Amendment::Withdrawn) => out.u8(1),
        Some(Amendment::Span { start, end }) => {
            out.u8(2);
            out.i64(start.ms());
            out.option(end, |out, end| out.i64(end.ms()));
        }
    }
}

fn put_sealed(event: &Event, out: &mut Vec<u8>) {
    if let Some(evidence) = &event.evidence {
        out.option(evidence.distance_m, Put::f64);
        for fix in [evidence.fix, evidence.other_fix] {
            out.option(fix, put_fix);
        }
    }
    if let Some(Refusal { reason, value, line, device }) = &event.refusal {
        out.text(reason);
        out.text(value);
        out.option(*line, Put::varint);
        out.option(*device, |out, device| out.varint(device.number()));
    }
    match &event.desk {
        None => {}
        Some(DeskFacts::Act { by, note }) => {
            out.u8(1);
            out.text(by);
            out.option(note.as_deref(), Put::text);
        }
        Some(DeskFacts::Level(level)) => {
            out.u8(2);
            out.varint(u64::from(*level));
        }
        // What is added later needs a number here; 0 is refused when read.
        Some(_) => out.u8(0),
    }
}

fn put_fix(out: &mut Vec<u8>, (facts, age_ms): (FixFacts, i64)) {
    let FixFacts { device, seq, time, position, accuracy_m, sound, .. } = facts;
    out.varint(device.number());
    out.varint(seq);
    out.i64(time.ms());
    put_position(out, position);
    out.option(accuracy_m, Put::f64);
    out.u8(u8::from(sound));
    out.signed(age_ms);
}

/// Reads an event; `seal` is the place of the entry.
pub(crate) fn read_event(
    bytes: &[u8],
    seal: Seal,
    opener: &mut impl Opener,
) -> Read<Unsealed<Event>> {
    let mut from = Take::new(bytes);
    from.check(bytes.first() == Some(&kind::EVENT), "the kind of an entry")?;
    from.u8("the kind of an entry")?;
    let key = from.varint("a key")?;
    let (mut event, parts) = take_clear(&mut from)?;
    let subject = event_subject(&event);
    let clear = from.following(&[]);
    let mut room = from.rest().to_vec();
    if !opener.open(key, seal, &mut room) {
        let at = Some(event.at);
        return Ok(Unsealed::Sealed { key, subject: Some(subject), at });
    }
    let mut clear = clear.following(&room);
    take_sealed(&mut clear, parts, &mut event)?;
    clear.end()?;
    Ok(Unsealed::Open(event))
}

/// The id of an event, which is never sealed: input, order, index.
pub(crate) fn event_id(bytes: &[u8]) -> Option<(u64, u64, u32)> {
    let mut from = Take::new(bytes);
    if from.u8("").ok()? != kind::EVENT {
        return None;
    }
    from.varint("").ok()?;
    let (event, _) = take_clear(&mut from).ok()?;
    Some((event.input, event.order.number(), event.index))
}

fn take_clear(from: &mut Take<'_>) -> Read<(Event, u16)> {
    let (input, index) = (from.varint("an input")?, take_u32(from)?);
    let at = Timestamp::from_ms(from.i64("a time of receipt")?);
    let time = Timestamp::from_ms(from.i64("a time")?);
    let (order, order_version) = (order(from)?, from.varint("a version")?);
    let (rule, person_id) = (rule_id(from)?, person(from)?);
    let kind = words::take(from, "the kind of an event")?;
    let mut event = Event::new(kind, words::take(from, "a phase")?);
    let parts = from.u16("the parts of an event")?;
    from.check(parts & !part::ALL == 0, "the parts of an event")?;
    let has = |bit| parts & bit != 0;
    (event.input, event.index, event.at, event.time) = (input, index, at, time);
    (event.order, event.order_version, event.rule) = (order, order_version, rule);
    (event.person, event.late) = (person_id, has(part::LATE));
    event.device = has(part::DEVICE).then(|| device(from)).transpose()?;
    event.episode_id = has(part::EPISODE_ID).then(|| take_episode_id(from)).transpose()?;
    event.episode = has(part::EPISODE).then(|| take_facts(from)).transpose()?;
    event.other_person = has(part::OTHER_PERSON).then(|| person(from)).transpose()?;
    event.other_device = has(part::OTHER_DEVICE).then(|| device(from)).transpose()?;
    Ok((event, parts))
}

fn take_episode_id(from: &mut Take<'_>) -> Read<EpisodeId> {
    Ok(EpisodeId {
        order: order(from)?,
        rule: rule_id(from)?,
        device: device(from)?,
        kind: words::take(from, "the kind of an episode")?,
        number: from.varint("the number of an episode")?,
    })
}

fn take_facts(from: &mut Take<'_>) -> Read<EpisodeFacts> {
    let place = from.option("a flag", |from| Ok((zone(from)?, from.varint("a version")?)))?;
    let threshold_m = from.option("a flag", |from| from.f64("a threshold"))?;
    let certainty = from.option("a flag", |from| words::take(from, "a certainty"))?;
    let mut facts = EpisodeFacts::new(words::take(from, "a cause")?);
    (facts.zone, facts.threshold_m, facts.certainty) = (place, threshold_m, certainty);
    facts.permitted = from.flag("a flag")?;
    facts.amendment = match from.u8("an amendment")? {
        0 => None,
        1 => Some(Amendment::Withdrawn),
        2 => Some(Amendment::Span {
            start: Timestamp::from_ms(from.i64("a start")?),
            end: from.option("a flag", |from| from.i64("an end").map(Timestamp::from_ms))?,
        }),
        _ => return from.fault("an amendment"),
    };
    Ok(facts)
}

fn take_sealed(from: &mut Take<'_>, parts: u16, event: &mut Event) -> Read<()> {
    if parts & part::EVIDENCE != 0 {
        let mut evidence = Evidence::default();
        evidence.distance_m = from.option("a flag", |from| from.f64("a distance"))?;
        evidence.fix = from.option("a flag", take_fix)?;
        evidence.other_fix = from.option("a flag", take_fix)?;
        event.evidence = Some(evidence);
    }
    if parts & part::REFUSAL != 0 {
        event.refusal = Some(Refusal {
            reason: from.text("a reason")?,
            value: from.text("a value")?,
            line: from.option("a flag", |from| from.varint("a line"))?,
            device: from.option("a flag", device)?,
        });
    }
    if parts & part::DESK != 0 {
        event.desk = Some(match from.u8("what a desk did")? {
            1 => DeskFacts::Act {
                by: from.text("a name")?,
                note: from.option("a flag", |from| from.text("a note"))?,
            },
            2 => DeskFacts::Level(take_u32(from)?),
            _ => return from.fault("what a desk did"),
        });
    }
    Ok(())
}

fn take_fix(from: &mut Take<'_>) -> Read<(FixFacts, i64)> {
    let (device, seq) = (device(from)?, from.varint("a counter")?);
    let time = Timestamp::from_ms(from.i64("a time")?);
    let mut facts = FixFacts::new(device, seq, time, take_position(from)?);
    facts.accuracy_m = from.option("a flag", |from| from.f64("an accuracy"))?;
    facts.sound = from.flag("a flag")?;
    Ok((facts, from.signed("an age")?))
}

fn take_u32(from: &mut Take<'_>) -> Read<u32> {
    let number = u32::try_from(from.varint("a number")?);
    number.or_else(|_| from.fault("a number"))
}
