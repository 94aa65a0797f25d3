//! The last fixes of a device in a circle, in the order of event time.
//!
//! What cannot be packed (an accuracy in ten-thousandths of a metre, a clock that runs seconds
//! ahead, a sequence number far from all others) lies in a list beside.

use super::slots::{Base, Body, Layout, Place, Slots, Standing};
use super::{Sample, SoundFix, Trust};
use crate::engine::Config;
use crate::geometry::Position;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Where the fixes lie in the memory of a track; the memory itself comes with each call, since
/// those of all devices lie side by side.
#[derive(Clone)]
pub(super) struct Ring {
    /// Where the next fix goes.
    next: Place,
    len: u32,
    base: Base,
    /// The fixes that could not be packed, by ticket.
    #[expect(clippy::box_collection, reason = "8 bytes where there are none, as mostly")]
    odd: Option<Box<BTreeMap<u32, Sample>>>,
}

/// Where in the ring a fix comes between two others.
pub(crate) struct Gap {
    /// So many fixes are newer.
    pub later: usize,
    pub before: Passed,
    pub after: Passed,
}

/// Where the device was, and when.
pub(crate) struct Passed {
    pub time: Timestamp,
    pub position: Position,
    /// It said that it moved.
    pub claims_motion: bool,
}

/// What is kept of a sound fix.
pub(crate) struct Packed {
    standing: Standing,
    body: Body,
}

type Read<'a> = Slots<&'a [u8]>;
type Write<'a> = Slots<&'a mut [u8]>;

impl Ring {
    pub fn new() -> Self {
        let base = Base { time: Timestamp::from_ms(0), seq: 0 };
        Self { next: Place::default(), len: 0, base, odd: None }
    }

    /// The fixes whose times and numbers are known; only the newest of them are known whole.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    fn place(&self, slots: Read<'_>, index: usize) -> Place {
        slots.layout.before(self.next, self.len() - index)
    }

    /// Where the block starts that the next fix goes to.
    #[inline]
    pub fn next_block(&self, layout: Layout) -> usize {
        layout.block(self.next)
    }

    /// A fix, if it is still known whole.
    pub fn get(&self, slots: Read<'_>, index: usize, config: &Config) -> Option<Sample> {
        let is_whole = index < self.len() && self.len() - index <= slots.layout.blocks.into();
        let place = is_whole.then(|| self.place(slots, index))?;
        let standing = slots.standing(place);
        match standing.ticket() {
            Some(ticket) => self.beside(ticket),
            None => Some(slots.body(place).unpack(standing.unpack(self.base), config)),
        }
    }

    #[inline]
    pub fn is_sound(&self, slots: Read<'_>, index: usize) -> bool {
        slots.body(self.place(slots, index)).is_sound()
    }

    /// Event time and sequence number of a fix, which say where it stands.
    pub fn standing(&self, slots: Read<'_>, index: usize) -> Option<(Timestamp, u64)> {
        let place = (index < self.len()).then(|| self.place(slots, index))?;
        let standing = slots.standing(place);
        match standing.ticket() {
            Some(ticket) => self.beside(ticket).map(|sample| (sample.time, sample.seq)),
            None => Some(standing.unpack(self.base)),
        }
    }

    /// Between which of the newest fixes, of no more than so many, one comes that is older than the
    /// newest; nothing if any has the same time.
    pub fn gap(&self, slots: Read<'_>, time: Timestamp, among: usize) -> Option<Gap> {
        let mut after = self.next;
        for later in 0..among.min(self.len()) {
            let before = slots.layout.previous(after);
            let time_before = self.time(slots, before)?;
            if time_before <= time {
                let (before, after) = (self.passed(slots, before)?, self.passed(slots, after)?);
                return (later > 0 && time_before < time).then_some(Gap { later, before, after });
            }
            after = before;
        }
        None
    }

    #[inline]
    fn time(&self, slots: Read<'_>, place: Place) -> Option<Timestamp> {
        let standing = slots.standing(place);
        match standing.ticket() {
            Some(ticket) => self.beside(ticket).map(|sample| sample.time),
            None => Some(standing.unpack(self.base).0),
        }
    }

    fn passed(&self, slots: Read<'_>, place: Place) -> Option<Passed> {
        let (time, body) = (self.time(slots, place)?, slots.body(place));
        Some(Passed { time, position: body.position(), claims_motion: body.claims_motion() })
    }

    /// Appends a sound fix that was packed.
    #[inline(always)]
    pub fn push_sound(&mut self, slots: &mut Write<'_>, packed: Packed) {
        slots.put(self.next, packed.standing, packed.body);
        self.step(slots.layout);
    }

    /// Inserts one before the newest `later`, likewise.
    pub fn insert_sound(&mut self, slots: &mut Write<'_>, later: usize, fix: &SoundFix) -> bool {
        let Some(Packed { standing, body }) = self.packed(fix) else { return false };
        let mut free = self.next;
        for _ in 0..later {
            let before = slots.layout.previous(free);
            slots.put(free, slots.standing(before), slots.body(before));
            free = before;
        }
        slots.put(free, standing, body);
        self.step(slots.layout);
        true
    }

    /// A sound fix in few bytes, if it can be packed and no other lies beside.
    #[inline(always)]
    pub fn packed(&self, fix: &SoundFix) -> Option<Packed> {
        let standing = Standing::new(fix.time, fix.seq, self.base)?;
        let body = Body::of_sound(fix)?;
        self.odd.is_none().then_some(Packed { standing, body })
    }

    /// Another fix has come.
    #[inline(always)]
    fn step(&mut self, layout: Layout) {
        self.next = layout.after(self.next);
        if self.len() < layout.places() {
            self.len += 1;
        }
    }

    /// Appends a fix; in a full ring the oldest makes room.
    pub fn push(&mut self, slots: &mut Write<'_>, sample: &Sample, config: &Config) {
        if self.len() == slots.layout.places() {
            self.len -= 1;
            if let Some(ticket) = slots.as_ref().standing(self.next).ticket() {
                self.forget_beside(ticket);
            }
        }
        let standing = Standing::new(sample.time, sample.seq, self.base);
        match (standing, Body::new(sample)) {
            (Some(standing), Some(body)) => slots.put(self.next, standing, body),
            _ => self.push_odd(slots, sample, config),
        }
        self.next = slots.layout.after(self.next);
        self.len += 1;
    }

    /// Puts a fix at the next place that does not fit the base or cannot be packed.
    #[cold]
    fn push_odd(&mut self, slots: &mut Write<'_>, sample: &Sample, config: &Config) {
        if Standing::new(sample.time, sample.seq, self.base).is_none() {
            self.rebase(slots, Base::around(sample.time, sample.seq), config);
        }
        let standing = Standing::new(sample.time, sample.seq, self.base);
        let packed = standing.zip(Body::new(sample));
        let (standing, body) =
            packed.unwrap_or_else(|| (self.put_beside(sample), Body::marks_of(sample)));
        slots.put(self.next, standing, body);
    }

    /// Counts times and numbers from another base.
    fn rebase(&mut self, slots: &mut Write<'_>, base: Base, config: &Config) {
        for index in 0..self.len() {
            let place = self.place(slots.as_ref(), index);
            let old = slots.standing(place);
            if old.ticket().is_some() {
                continue;
            }
            let (time, seq) = old.unpack(self.base);
            let new = Standing::new(time, seq, base).unwrap_or_else(|| {
                let whole = self.get(slots.as_ref(), index, config);
                self.put_beside(&whole.unwrap_or_else(|| Sample::trace(time, seq)))
            });
            slots.put_standing(place, new);
        }
        self.base = base;
    }

    /// Inserts a fix before the newest `later` ones; in a full ring the oldest makes room.
    pub fn insert(
        &mut self,
        slots: &mut Write<'_>,
        later: usize,
        sample: &Sample,
        config: &Config,
    ) {
        self.push(slots, sample, config);
        for index in (self.len() - later..self.len()).rev() {
            let (place, before) =
                (self.place(slots.as_ref(), index), self.place(slots.as_ref(), index - 1));
            let (standing, body) = (slots.standing(place), slots.body(place));
            slots.put(place, slots.standing(before), slots.body(before));
            slots.put(before, standing, body);
        }
    }

    pub fn set_trust(&mut self, slots: &mut Write<'_>, index: usize, trust: Trust) {
        let place = self.place(slots.as_ref(), index);
        let mut body = slots.body(place);
        body.set_trust(trust);
        slots.put_body(place, body);
        let ticket = slots.standing(place).ticket();
        let mut odd = ticket.zip(self.odd.as_mut());
        if let Some(sample) = odd.as_mut().and_then(|(ticket, odd)| odd.get_mut(ticket)) {
            sample.trust = trust;
        }
    }

    fn beside(&self, ticket: u32) -> Option<Sample> {
        self.odd.as_ref()?.get(&ticket).copied()
    }

    fn put_beside(&mut self, sample: &Sample) -> Standing {
        let odd = self.odd.get_or_insert_default();
        let next = odd.last_key_value().map_or(Some(0), |(last, _)| last.checked_add(1));
        let unused = || (0..).find(|ticket| !odd.contains_key(ticket));
        let ticket = next.or_else(unused).unwrap_or_default();
        odd.insert(ticket, *sample);
        Standing::beside(ticket)
    }

    #[cold]
    fn forget_beside(&mut self, ticket: u32) {
        if let Some(odd) = &mut self.odd {
            odd.remove(&ticket);
        }
        self.odd.take_if(|odd| odd.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    fn sample(seq: u64, time_ms: i64, accuracy_m: Option<f64>) -> Sample {
        Sample {
            time: Timestamp::from_ms(time_ms),
            reported: Timestamp::from_ms(time_ms),
            seq,
            position: Position::from_e7(1, -1).unwrap_or_default(),
            accuracy_m: Config::default().accuracy_m(accuracy_m),
            reported_accuracy_m: accuracy_m,
            suspect: false,
            claims_motion: true,
            trust: Trust { coarse: false, doubtful: true, implausible: true },
        }
    }

    /// A ring, its memory, and the same fixes in a plain list.
    struct Both {
        ring: Ring,
        layout: Layout,
        bytes: Vec<u8>,
        plain: Vec<Sample>,
        config: Config,
    }

    impl Both {
        fn new(blocks: u16, layers: u16) -> Self {
            let layout = Layout::of(blocks, layers);
            let bytes = vec![0; layout.bytes()];
            Self { ring: Ring::new(), layout, bytes, plain: Vec::new(), config: Config::default() }
        }

        fn insert(&mut self, later: usize, sample: Sample) {
            let mut slots = Slots { layout: self.layout, bytes: &mut self.bytes[..], start: 0 };
            self.ring.insert(&mut slots, later, &sample, &self.config);
            self.plain.insert(self.plain.len() - later, sample);
            if self.plain.len() > self.layout.places() {
                self.plain.remove(0);
            }
        }

        fn set_trust(&mut self, behind: usize, trust: Trust) {
            let index = self.plain.len() - 1 - behind;
            let mut slots = Slots { layout: self.layout, bytes: &mut self.bytes[..], start: 0 };
            self.ring.set_trust(&mut slots, index, trust);
            self.plain[index].trust = trust;
        }

        /// The ring gives back what was put in.
        fn compare(&self, context: &str) {
            let slots = Slots { layout: self.layout, bytes: &self.bytes[..], start: 0 };
            assert_eq!(self.ring.len(), self.plain.len(), "{context}");
            for (index, given) in self.plain.iter().enumerate() {
                let standing = self.ring.standing(slots, index);
                assert_eq!(standing, Some((given.time, given.seq)), "{context}, {index}");
                let is_whole = self.plain.len() - index <= self.layout.blocks.into();
                let whole = self.ring.get(slots, index, &self.config);
                assert_eq!(whole, is_whole.then_some(*given), "{context}, {index}");
                if is_whole {
                    let sound = self.ring.is_sound(slots, index);
                    assert_eq!(sound, given.trust.sound(), "{context}, {index}");
                }
            }
        }
    }

    fn any_sample(rng: &mut SmallRng, time_ms: i64, seq: u64) -> Sample {
        let accuracies = [None, Some(8.0), Some(1.0 / 3.0), Some(12.345), Some(0.0), Some(1e9)];
        let mut sample = sample(seq, time_ms, accuracies[rng.random_range(0..6)]);
        let ahead_ms = [0, 0, 0, 1, 2_047, 2_048, 90_000][rng.random_range(0..7)];
        sample.reported = Timestamp::from_ms(time_ms + ahead_ms);
        sample.suspect = rng.random_bool(0.2);
        sample.claims_motion = rng.random_bool(0.5);
        let (lat, lon) = (rng.random_range(-900_000_000..=900_000_000), rng.random());
        sample.position = Position::from_e7(lat, lon).unwrap_or_default();
        sample.trust = any_trust(rng);
        sample
    }

    fn any_trust(rng: &mut SmallRng) -> Trust {
        let mut any = || rng.random_bool(0.3);
        Trust { coarse: any(), doubtful: any(), implausible: any() }
    }

    #[test]
    fn a_ring_is_a_list_that_forgets() {
        for seed in 0..60 {
            let rng = &mut SmallRng::seed_from_u64(seed);
            let (blocks, layers) = [(3, 1), (3, 4), (5, 2), (33, 2)][rng.random_range(0..4)];
            let mut both = Both::new(blocks, layers);
            let (mut time_ms, mut seq) = (rng.random_range(0..1 << 40), rng.random());
            // Most devices count on and report plain values; some are wild.
            let wild = if rng.random_bool(0.5) { 0.02 } else { 0.5 };
            for step in 0..400 {
                let far_ms = [1_000, 1 << 31, 1 << 33, -(1 << 34)][rng.random_range(0..4)];
                let is_wild = rng.random_bool(wild);
                time_ms += if is_wild { far_ms } else { 15_000 };
                seq = if is_wild { rng.random() } else { u64::wrapping_add(seq, 1) };
                let later = both.plain.len().min(usize::from(blocks) - 1);
                let later = if rng.random_bool(0.3) { rng.random_range(0..=later) } else { 0 };
                let plain = sample(seq, time_ms, Some(8.0));
                let new = if is_wild { any_sample(rng, time_ms, seq) } else { plain };
                both.insert(later, new);
                let behind = rng.random_range(0..both.plain.len().min(blocks.into()));
                both.set_trust(behind, any_trust(rng));
                both.compare(&format!("seed {seed}, step {step}"));
            }
        }
    }

    /// A device that counts on for years stays packed.
    #[test]
    fn what_only_counts_on_is_never_odd() {
        let mut both = Both::new(33, 2);
        for count in 0..200_000_u64 {
            let seq = u64::wrapping_add(u64::MAX - 70_000, count);
            both.insert(0, sample(seq, count as i64 * 600_000, Some(8.0)));
            assert!(both.ring.odd.is_none(), "{count}");
        }
        both.compare("at the end");
    }

    #[test]
    fn the_list_beside_never_outgrows_the_ring_and_goes_with_its_last_fix() {
        let mut both = Both::new(3, 2);
        for seq in 1..100 {
            both.insert(0, sample(seq, seq as i64, Some(1.0 / 3.0)));
            assert!(both.ring.odd.as_ref().is_some_and(|odd| odd.len() <= 6));
        }
        for seq in 100..107 {
            both.insert(0, sample(seq, seq as i64, Some(8.0)));
        }
        assert!(both.ring.odd.is_none());
        both.compare("at the end");
    }
}
