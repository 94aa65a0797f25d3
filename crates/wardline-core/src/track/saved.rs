//! The part of a snapshot that holds the track of a device: its fixes from the oldest to the
//! newest, those that only tell repeats by time and number, what those before the history left
//! behind where they do not say it themselves, and the last inputs that were no fixes in order.

use super::past::{Chain, Past};
use super::{Layout, Mixed, Others, Sample, Trace, Track, TrackMut};
use crate::snapshot::{Read, Reader, SAMPLE_BYTES_MIN, Sink};
use crate::time::Timestamp;

const TRACE_BYTES: usize = 16;
const OTHER_BYTES: usize = 18;

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
        let (ring, kept) = (&self.head.ring, self.fixes_kept());
        let traces = kept - kept.min(self.slots.layout.blocks.into());
        out.count(traces);
        for (time, seq) in (0..traces).filter_map(|index| ring.standing(self.slots, index)) {
            time.write(out);
            out.u64(seq);
        }
        out.count(kept - traces);
        let fixes = (traces..kept).filter_map(|index| ring.get(self.slots, index, self.config));
        fixes.for_each(|fix| fix.write(out));
        out.u16(self.head.in_order);
        self.head.sound_heard_at.write(out);
        if self.trace_before(self.first()) == Trace::Mixed {
            self.past_base().write(out);
        }
        if self.trace_before(kept) == Trace::Mixed {
            self.past_now().write(out);
        }
        self.write_others(out);
    }

    fn write_others(&self, out: &mut impl Sink) {
        let (in_order, memory) = (self.head.in_order, self.repeat_memory());
        let others = self.head.rare.as_ref().map(|rare| rare.others.counting(in_order, memory));
        let others = others.unwrap_or_default();
        out.count(others.len());
        for (time, seq, after) in others {
            time.write(out);
            out.u64(seq);
            out.u16(after);
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
        let Layout { blocks, layers, .. } = self.slots.layout;
        let (blocks, layers) = (usize::from(blocks), usize::from(layers));
        let offset = from.offset();
        let traces = from.count("old fixes of a device", TRACE_BYTES, blocks * (layers - 1))?;
        let mut last = None;
        for _ in 0..traces {
            let time = Timestamp::read(from, "the time of an old fix")?;
            let trace = Sample::trace(time, from.u64("the sequence number of an old fix")?);
            self.read_on(from, &mut last, &trace)?;
        }
        let count = from.count("fixes of a device", SAMPLE_BYTES_MIN, blocks)?;
        // Those are old that have made room for others.
        let is_room_used = traces == 0 || count == blocks;
        from.check(is_room_used, offset, "the number of old fixes", traces as u64)?;
        for _ in 0..count {
            let fix = Sample::read(from)?;
            self.read_on(from, &mut last, &fix)?;
        }
        self.head.in_order = from.u16("the fixes in order")?;
        self.head.sound_heard_at = Timestamp::read(from, "when a sound fix was heard")?;
        self.read_pasts(from)?;
        self.read_others(from)
    }

    fn read_others(&mut self, from: &mut Reader<'_>) -> Read<()> {
        let (in_order, memory) = (self.head.in_order, self.as_ref().repeat_memory());
        let mut others = Vec::new();
        let mut before = memory as u64;
        for _ in 0..from.count("other inputs of a device", OTHER_BYTES, memory)? {
            let time = Timestamp::read(from, "the time of another input")?;
            let seq = from.u64("the sequence number of another input")?;
            let offset = from.offset();
            let after = from.u16("the inputs after another input")?;
            let about = "the inputs after another input";
            from.check(u64::from(after) < before, offset, about, after.into())?;
            before = after.into();
            others.push((time, seq, after));
        }
        if let Some((.., after)) = others.last() {
            let is_last = *after == in_order;
            from.check(is_last, from.offset(), "the fixes in order", in_order.into())?;
            let others = Others::of(others.into_iter(), in_order);
            self.head.rare.get_or_insert_default().others = others;
        }
        Ok(())
    }

    /// Takes in a fix that comes after those so far.
    fn read_on(
        &mut self,
        from: &Reader<'_>,
        last: &mut Option<(Timestamp, u64)>,
        fix: &Sample,
    ) -> Read<()> {
        let place = Some((fix.time, fix.seq));
        from.check(*last <= place, from.offset(), "the time of a fix", fix.time.ms() as u64)?;
        *last = place;
        self.push(fix);
        Ok(())
    }

    fn read_pasts(&mut self, from: &mut Reader<'_>) -> Read<()> {
        let track = self.as_ref();
        let (base, now) =
            (track.trace_before(track.first()), track.trace_before(track.fixes_kept()));
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
            *self.head.mixed_mut() = mixed;
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
