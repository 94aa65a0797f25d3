//! Fixes, which are nearly all that a log holds.
//!
//! A reader takes the heads of several before it opens them, so that their keys are at hand.

use super::bytes::{Put, Read, Take};
use super::geometry::{put_position, take_position};
use super::record::device;
use super::{Opener, Unsealed, kind, words};
use crate::Subject;
use crate::seal::Seal;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Assurance, Fix, Input, Record, Source};
use wardline_core::time::Timestamp;

/// Writes what follows the time of receipt, and says where the sealed part begins.
pub(super) fn write_fix(fix: &Fix, at: Timestamp, key: u64, out: &mut Vec<u8>) -> usize {
    let Fix { device, seq, time, position, accuracy_m, speed_mps, course_deg, .. } = fix;
    let Fix { source, assurance, mock, clock_unsynced, moving, backlog, .. } = fix;
    let flags = [mock, clock_unsynced, moving, backlog];
    let flags = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(**flag));
    let numbers = [*accuracy_m, *speed_mps, *course_deg].map(Form::of);
    let forms = numbers.iter().rev().fold(0, |bits, form| bits << 2 | form.code());
    let mut short = Short { bytes: [0; FIX_BYTES_MAX], length: 0 };
    short.varint(key);
    short.varint(device.number());
    short.varint(*seq);
    // Whatever the two are, they come back: both ways are modulo 2^64.
    short.signed(time.ms().wrapping_sub(at.ms()));
    short.u8(flags | words::Word::code(*assurance) << 4);
    short.u8(forms | words::Word::code(*source) << 6 & 0xC0);
    short.u8(words::Word::code(*source) >> 2);
    let sealed = out.len() + short.length;
    put_position(&mut short, *position);
    numbers.iter().for_each(|form| form.put(&mut short));
    out.raw(&short.bytes[..short.length]);
    sealed
}

/// What a fix is written to first: its length stays in a register, that of a list does not.
struct Short {
    bytes: [u8; FIX_BYTES_MAX],
    length: usize,
}

impl Put for Short {
    #[inline]
    fn raw(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }
}

/// How a number is written.
enum Form {
    Not,
    Hundredths(u16),
    Double(f64),
}

impl Form {
    fn of(number: Option<f64>) -> Self {
        let Some(number) = number else { return Self::Not };
        hundredths(number).map_or(Self::Double(number), Self::Hundredths)
    }

    fn code(&self) -> u8 {
        match self {
            Self::Not => 0,
            Self::Hundredths(_) => 1,
            Self::Double(_) => 2,
        }
    }

    fn put(&self, out: &mut Short) {
        match self {
            Self::Not => {}
            Self::Hundredths(hundredths) => out.u16(*hundredths),
            Self::Double(number) => out.f64(*number),
        }
    }
}

/// The number in hundredths, if it is exactly that.
fn hundredths(number: f64) -> Option<u16> {
    // Saturates, and makes 0 of what is no number; the comparison sorts them out.
    let rounded = (number * 100.0 + 0.5) as u16;
    let same = (f64::from(rounded) / 100.0).to_bits() == number.to_bits();
    same.then_some(rounded)
}

/// What anybody may read of a fix.
#[derive(Clone, Copy)]
pub(crate) struct FixHead<'a> {
    at: Option<Timestamp>,
    /// The number of the key of the rest.
    pub key: u64,
    pub device: DeviceId,
    pub seq: u64,
    time: Timestamp,
    source: Source,
    assurance: Assurance,
    flags: u8,
    forms: u8,
    offset: usize,
    /// The rest, sealed.
    pub sealed: &'a [u8],
}

impl<'a> FixHead<'a> {
    /// Reads the head of an entry; nothing if it is no fix.
    pub fn read(entry: &'a [u8]) -> Read<Option<Self>> {
        let mut from = Take::new(entry);
        let first = from.u8("the kind of an entry")?;
        if first & !kind::AT != kind::FIX {
            return Ok(None);
        }
        let at = match first & kind::AT {
            0 => None,
            _ => Some(Timestamp::from_ms(from.i64("a time of receipt")?)),
        };
        Self::take(from, at).map(Some)
    }

    /// Reads what follows the time of receipt.
    pub(super) fn take(mut from: Take<'a>, at: Option<Timestamp>) -> Read<Self> {
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
        from.check(from.left() <= FIX_SEALED_BYTES_MAX, "the end of the entry")?;
        let time = Timestamp::from_ms(at.unwrap_or_default().ms().wrapping_add(since_ms));
        let (offset, sealed) = (from.offset(), from.rest());
        Ok(Self { at, key, device, seq, time, source, assurance, flags, forms, offset, sealed })
    }

    /// The fix, if its key is there.
    pub(super) fn open(&self, seal: Seal, opener: &mut impl Opener) -> Read<Unsealed<Record>> {
        let mut room = [0; FIX_SEALED_BYTES_MAX];
        let room = &mut room[..self.sealed.len()];
        room.copy_from_slice(self.sealed);
        match opener.open(self.key, seal, room) {
            true => self.finish(room).map(Unsealed::Open),
            false => Ok(self.without_key()),
        }
    }

    /// What is known of it without its key.
    pub fn without_key(&self) -> Unsealed<Record> {
        Unsealed::Sealed { key: self.key, subject: Some(Subject::Device(self.device)), at: self.at }
    }

    /// The fix with its rest in clear.
    #[inline]
    pub fn finish(&self, clear: &[u8]) -> Read<Record> {
        let Self { at, device, seq, time, source, assurance, flags, forms, .. } = *self;
        let mut clear = Take::new(clear).at(self.offset);
        let fix = Fix {
            device,
            seq,
            time,
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
        Ok(Record { at, input: Input::Fix(fix) })
    }
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

pub(crate) const FIX_SEALED_BYTES_MAX: usize = 32;
/// Four varints, three bytes of flags, and what is sealed.
const FIX_BYTES_MAX: usize = 4 * 10 + 3 + FIX_SEALED_BYTES_MAX;
