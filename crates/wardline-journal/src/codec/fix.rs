//! Fixes, which are nearly all that a log holds.
//!
//! A reader takes the starts of several before it opens them, so that their keys are at hand.

use super::bytes::{Malformed, Put, Read, Take};
use super::geometry::put_position;
use super::record::device;
use super::{Opener, Unsealed, kind, words};
use crate::Subject;
use crate::seal::Seal;
use wardline_core::geometry::Position;
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

/// A fix, read as far as the number of its key.
#[derive(Clone, Copy)]
pub(crate) struct FixStart<'a> {
    at: Option<Timestamp>,
    /// The number of the key of what is sealed.
    pub key: u64,
    rest: Take<'a>,
}

impl<'a> FixStart<'a> {
    /// Reads the start of an entry; nothing if it is no fix.
    #[inline(always)]
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
    #[inline(always)]
    pub(super) fn take(mut rest: Take<'a>, at: Option<Timestamp>) -> Read<Self> {
        let key = rest.varint("a key")?;
        Ok(Self { at, key, rest })
    }

    /// Reads on, up to what is sealed.
    #[inline(always)]
    pub fn head(self) -> Read<FixHead<'a>> {
        let Self { at, key, rest: mut from } = self;
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
        Ok(FixHead { at, key, device, seq, time, source, assurance, flags, forms, sealed: from })
    }
}

/// What anybody may read of a fix.
#[derive(Clone, Copy)]
pub(crate) struct FixHead<'a> {
    pub at: Option<Timestamp>,
    key: u64,
    pub device: DeviceId,
    pub seq: u64,
    time: Timestamp,
    source: Source,
    assurance: Assurance,
    flags: u8,
    forms: u8,
    /// The rest.
    sealed: Take<'a>,
}

impl FixHead<'_> {
    /// The fix, if its key is there.
    pub(super) fn open(&self, seal: Seal, opener: &mut impl Opener) -> Read<Unsealed<Record>> {
        // Nothing, sealed, is what the rest was combined with.
        let mut mask = [0; FIX_SEALED_BYTES_MAX];
        match opener.open(self.key, seal, &mut mask[..self.sealed_bytes()]) {
            true => self.finish(&mask).map(|fix| Unsealed::Open(self.record(fix))),
            false => Ok(self.without_key()),
        }
    }

    /// How long the rest is.
    #[inline]
    pub fn sealed_bytes(&self) -> usize {
        self.sealed.left()
    }

    /// What is known of it without its key.
    pub fn without_key(&self) -> Unsealed<Record> {
        Unsealed::Sealed { key: self.key, subject: Some(Subject::Device(self.device)), at: self.at }
    }

    /// The fix as an input.
    pub fn record(&self, fix: Fix) -> Record {
        Record { at: self.at, input: Input::Fix(fix) }
    }

    /// The fix, with what the rest was combined with.
    #[inline(always)]
    pub fn finish(&self, mask: &[u8; FIX_SEALED_BYTES_MAX]) -> Read<Fix> {
        let Self { device, seq, time, source, assurance, flags, forms, .. } = *self;
        let mut rest = Masked { sealed: self.sealed, mask };
        let fix = Fix {
            device,
            seq,
            time,
            position: rest.position()?,
            accuracy_m: rest.number(forms)?,
            speed_mps: rest.number(forms >> 2)?,
            course_deg: rest.number(forms >> 4)?,
            source,
            assurance,
            mock: flags & 1 != 0,
            clock_unsynced: flags & 2 != 0,
            moving: flags & 4 != 0,
            backlog: flags & 8 != 0,
        };
        rest.sealed.end()?;
        Ok(fix)
    }
}

/// What is sealed, and what it was combined with.
struct Masked<'a> {
    sealed: Take<'a>,
    /// At least as long.
    mask: &'a [u8],
}

impl Masked<'_> {
    #[inline(always)]
    fn u16(&mut self, what: &'static str) -> Read<u16> {
        let sealed = self.sealed.u16(what)?;
        Ok(sealed ^ self.mask().map_or(0, u16::from_le_bytes))
    }

    #[inline(always)]
    fn u64(&mut self, what: &'static str) -> Read<u64> {
        let sealed = self.sealed.u64(what)?;
        Ok(sealed ^ self.mask().map_or(0, u64::from_le_bytes))
    }

    #[inline(always)]
    fn mask<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (mask, rest) = self.mask.split_first_chunk()?;
        self.mask = rest;
        Some(*mask)
    }

    #[inline(always)]
    fn position(&mut self) -> Read<Position> {
        let offset = self.sealed.offset();
        let both = self.u64("a position")?;
        let position = Position::from_e7(both as i32, (both >> 32) as i32);
        position.map_err(|_| Malformed { offset, what: "a position" })
    }

    #[inline(always)]
    fn number(&mut self, form: u8) -> Read<Option<f64>> {
        match form & 3 {
            0 => Ok(None),
            1 => self.u16("a number").map(|hundredths| Some(f64::from(hundredths) / 100.0)),
            2 => {
                let number = f64::from_bits(self.u64("a number")?);
                self.sealed
                    .check(hundredths(number).is_none(), "a number that has no shorter form")?;
                Ok(Some(number))
            }
            _ => self.sealed.fault("the form of a number"),
        }
    }
}

pub(crate) const FIX_SEALED_BYTES_MAX: usize = 32;
/// Four varints, three bytes of flags, and what is sealed.
const FIX_BYTES_MAX: usize = 4 * 10 + 3 + FIX_SEALED_BYTES_MAX;
