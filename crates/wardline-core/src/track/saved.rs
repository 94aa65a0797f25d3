//! The part of a snapshot that holds the track of a device: its fixes from the oldest to the
//! newest, and what those before them left behind where they do not say it themselves.

use super::past::{Chain, Past};
use super::{Mixed, Sample, Trace, Track, TrackMut};
use crate::snapshot::{Read, Reader, SAMPLE_BYTES_MIN, Sink};
use crate::time::Timestamp;

const LAST_SOUND: u8 = 1;
const NOT_COARSE: u8 = 2;
const IMPLAUSIBLE_SINCE_SOUND: u8 = 4;
const CHAIN: u8 = 8;

impl Track<'_> {
    /// How many fixes are kept, those included that only tell repeats.
    pub fn fixes_kept(&self) -> usize {
        self.head.ring.len()
    }

    pub fn write(&self, out: &mut impl Sink) {
        let kept = self.fixes_kept();
        out.count(kept);
        let fixes = (0..kept).filter_map(|i| self.head.ring.get(self.slots, i, self.config));
        fixes.for_each(|fix| fix.write(out));
        out.count(self.last_inputs().len());
        if self.trace_before(self.first()) == Trace::Mixed {
            self.past_base().write(out);
        }
        if self.trace_before(kept) == Trace::Mixed {
            self.past_now().write(out);
        }
    }

    /// Where the past before this place in the ring is found: a sound fix just before says it all.
    fn trace_before(&self, place: usize) -> Trace {
        match place.checked_sub(1) {
            None => Trace::Nothing,
            Some(last) if self.head.ring.is_sound(self.slots, last) => Trace::Sound,
            Some(_) => Trace::Mixed,
        }
    }
}

impl TrackMut<'_> {
    /// Fills an empty track.
    pub fn read(&mut self, from: &mut Reader<'_>) -> Read<()> {
        let count = from.count("fixes of a device", SAMPLE_BYTES_MIN, self.slots.len())?;
        let mut last = None;
        for _ in 0..count {
            let offset = from.offset();
            let fix = Sample::read(from)?;
            let follows = last <= Some((fix.time, fix.seq));
            from.check(follows, offset, "the time of a fix", fix.time.ms() as u64)?;
            last = Some((fix.time, fix.seq));
            self.push(&fix);
        }
        let offset = from.offset();
        let in_order = from.u32("the fixes in order")?;
        let in_order_max = count.min(self.config.repeat_memory);
        let what = "the fixes in order";
        from.check(in_order as usize <= in_order_max, offset, what, u64::from(in_order))?;
        self.head.in_order = in_order as u16;
        let track = self.as_ref();
        let (base, now) = (track.trace_before(track.first()), track.trace_before(count));
        let before_first = track.first().checked_sub(1);
        let newest = before_first.and_then(|i| track.head.ring.get(track.slots, i, track.config));
        let mut mixed = Mixed::default();
        if base == Trace::Mixed {
            mixed.base = Past::read(from, newest)?;
        }
        if now == Trace::Mixed {
            mixed.now = Past::read(from, track.newest())?;
        }
        (self.head.base, self.head.now) = (base, now);
        if [base, now].contains(&Trace::Mixed) {
            self.head.mixed = Some(Box::new(mixed));
        }
        Ok(())
    }
}

impl Past {
    fn write(&self, out: &mut impl Sink) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.u8(flag(self.last_sound.is_some(), LAST_SOUND)
            | flag(self.newest_not_coarse.is_some(), NOT_COARSE)
            | flag(self.implausible_since_sound, IMPLAUSIBLE_SINCE_SOUND)
            | flag(self.chain.is_some(), CHAIN));
        self.last_sound.iter().chain(&self.newest_not_coarse).for_each(|fix| fix.write(out));
        if let Some(chain) = self.chain {
            chain.first.write(out);
            out.u32(chain.length);
        }
    }

    /// The past after this newest fix.
    fn read(from: &mut Reader<'_>, newest: Option<Sample>) -> Read<Self> {
        let flags = from.code("the flags of a past", 2 * usize::from(CHAIN))? as u8;
        let has = |flag: u8| flags & flag != 0;
        let mut past = Self { newest, ..Self::default() };
        if has(LAST_SOUND) {
            past.last_sound = Some(Sample::read(from)?);
        }
        if has(NOT_COARSE) {
            past.newest_not_coarse = Some(Sample::read(from)?);
        }
        past.implausible_since_sound = has(IMPLAUSIBLE_SINCE_SOUND);
        if has(CHAIN) {
            let first = Timestamp::read(from, "the start of a chain")?;
            past.chain = Some(Chain { first, length: from.u32("the length of a chain")? });
        }
        Ok(past)
    }
}
