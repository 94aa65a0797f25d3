//! The recent fixes of a device, in the order in which they happened, and how far each is trusted.

mod past;
mod repeats;
mod ring;
mod sample;
mod saved;
mod slots;
#[cfg(test)]
mod tests;

pub(crate) use sample::{Sample, SoundFix, Trust};

use crate::engine::Config;
use crate::ids::DeviceId;
use crate::input::Fix;
use crate::key::Key;
use crate::time::{NEVER, Timestamp};
use past::Past;
use repeats::Others;
pub(crate) use ring::Gap;
use ring::{Packed, Ring};
pub(crate) use slots::{Layout, Slots};

/// The recent fixes of a device since its assignment: what is one of, beside its slots.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct TrackHead {
    device: DeviceId,
    ring: Ring,
    /// What the fixes that have left the history leave behind.
    base: Trace,
    /// What all fixes so far leave behind.
    now: Trace,
    /// So many of the newest fixes were also the device's last inputs, in this order.
    in_order: u16,
    /// So many of the newest fixes, and maybe more, are sound.
    sound: u16,
    rare: Option<Box<Rare>>,
    /// When the last fix was received that was sound then.
    pub sound_heard_at: Timestamp,
}

const _: () = assert!(size_of::<TrackHead>() == 64);

/// A track to be read.
#[derive(Clone, Copy)]
pub(crate) struct Track<'a> {
    pub head: &'a TrackHead,
    pub slots: Slots<&'a [u8]>,
    pub config: &'a Config,
}

/// A track to be changed.
pub(crate) struct TrackMut<'a> {
    pub head: &'a mut TrackHead,
    pub slots: Slots<&'a mut [u8]>,
    pub config: &'a Config,
}

/// Where a past is found: after a sound fix there is nothing to it but that fix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trace {
    Nothing,
    /// In the ring: the fix before the oldest (base), or the newest (now).
    Sound,
    /// In the box.
    Mixed,
}

/// What many tracks do without.
#[derive(Clone, Default)]
struct Rare {
    others: Others,
    mixed: Option<Box<Mixed>>,
}

#[derive(Clone, Default)]
struct Mixed {
    base: Past,
    now: Past,
}

/// How a sample came into the track.
pub(crate) struct Inserted {
    /// Where it stands.
    pub index: usize,
    /// It is the first implausible fix since the last sound one.
    pub suspect_motion: bool,
    /// Every other fix is trusted as before.
    pub others_stand: bool,
}

impl TrackHead {
    /// An empty track.
    pub fn new(device: DeviceId) -> Self {
        Self {
            device,
            ring: Ring::new(),
            base: Trace::Nothing,
            now: Trace::Nothing,
            in_order: 0,
            sound: 0,
            rare: None,
            sound_heard_at: NEVER,
        }
    }

    /// Where in the device's slots the block starts that the next fix goes to.
    #[inline]
    pub fn next_block(&self, layout: Layout) -> usize {
        self.ring.next_block(layout)
    }

    /// Reads where it is said where other inputs than fixes in order are kept.
    pub fn touch_rare(&self) -> u8 {
        self.rare.as_ref().map_or(0, |rare| rare.others.len() as u8)
    }

    /// Reads where the next of them goes.
    pub fn touch_others(&self) -> u8 {
        self.rare.as_ref().map_or(0, |rare| rare.others.touch_last())
    }

    fn mixed(&self) -> Option<&Mixed> {
        self.rare.as_ref()?.mixed.as_deref()
    }

    fn mixed_mut(&mut self) -> &mut Mixed {
        self.rare.get_or_insert_default().mixed.get_or_insert_default()
    }
}

impl Track<'_> {
    /// Fixes of the history; before them the ring may hold more, which tell repeats.
    pub fn len(&self) -> usize {
        self.head.ring.len().min(self.limit())
    }

    /// Where the history starts in the ring.
    fn first(&self) -> usize {
        self.head.ring.len() - self.len()
    }

    fn is_full(&self) -> bool {
        self.head.ring.len() >= self.limit()
    }

    /// The sample at this place in the order of event time.
    pub fn get(&self, index: usize) -> Option<Sample> {
        self.head.ring.get(self.slots, self.first() + index, self.config)
    }

    pub fn newest(&self) -> Option<Sample> {
        self.get(self.len().checked_sub(1)?)
    }

    pub fn device(&self) -> DeviceId {
        self.head.device
    }

    /// The key of a fix in the history.
    pub fn key(&self, index: usize) -> Option<Key> {
        let (time, seq) = self.standing(index)?;
        Some(Key::fix(time, self.head.device, seq))
    }

    pub fn newest_key(&self) -> Option<Key> {
        self.key(self.len().checked_sub(1)?)
    }

    fn standing(&self, index: usize) -> Option<(Timestamp, u64)> {
        self.head.ring.standing(self.slots, self.first() + index)
    }

    /// Whether a fix would be the newest.
    pub fn appends(&self, time: Timestamp, seq: u64) -> bool {
        let newest = self.len().checked_sub(1).and_then(|newest| self.standing(newest));
        newest.is_none_or(|newest| newest <= (time, seq))
    }

    /// The key of the oldest fix of a full history; nothing older can be put in its place.
    pub fn horizon(&self) -> Option<Key> {
        self.is_full().then(|| self.key(0)).flatten()
    }

    /// Whether nothing later than this is too late once `more` fixes have come, fewer than a
    /// history holds.
    pub fn reaches_back(&self, more: usize, time: Timestamp) -> bool {
        let oldest = (self.len() + more).checked_sub(self.limit());
        oldest.and_then(|oldest| self.standing(oldest)).is_none_or(|oldest| oldest.0 <= time)
    }

    /// How many fixes may come so that still nothing later than this is too late, about, and at
    /// most three quarters of a history, and all but two of its fixes.
    pub fn fixes_to_spare(&self, time: Timestamp) -> u16 {
        let most = (self.limit() * 3 / 4).min(self.limit().saturating_sub(2));
        let mut halves = std::iter::successors(Some(most), |more| Some(more / 2));
        let more = halves.find(|more| *more == 0 || self.reaches_back(*more, time));
        more.unwrap_or_default() as u16
    }

    /// Between which of the newest fixes, of no more than so many, one comes that is older than the
    /// newest; nothing if any has the same time.
    pub fn gap(&self, time: Timestamp, among: usize) -> Option<Gap> {
        self.head.ring.gap(self.slots, time, among.min(self.limit()))
    }

    /// How many fixes a history holds.
    pub fn limit(&self) -> usize {
        usize::from(self.slots.layout.blocks) - 1
    }

    /// Whether a fix is too late for the history.
    pub fn is_beyond(&self, sample: &Sample) -> bool {
        let oldest = self.standing(0).filter(|_| self.is_full());
        oldest.is_some_and(|oldest| (sample.time, sample.seq) < oldest)
    }

    fn past_now(&self) -> Past {
        match (self.head.now, self.head.mixed()) {
            (Trace::Sound, _) => self.newest().map_or_else(Past::default, Past::after_sound),
            (Trace::Mixed, Some(mixed)) => mixed.now,
            _ => Past::default(),
        }
    }

    fn past_base(&self) -> Past {
        match (self.head.base, self.head.mixed()) {
            (Trace::Sound, _) => {
                let before = self.first().checked_sub(1);
                let sample = before.and_then(|i| self.head.ring.get(self.slots, i, self.config));
                sample.map_or_else(Past::default, Past::after_sound)
            }
            (Trace::Mixed, Some(mixed)) => mixed.base,
            _ => Past::default(),
        }
    }

    /// The last sound fix before the sample at `index`.
    pub fn sound_before(&self, index: usize) -> Option<Sample> {
        let mut earlier = (0..index).rev().filter_map(|index| self.get(index));
        earlier.find(|sample| sample.trust.sound()).or_else(|| self.past_base().last_sound)
    }

    /// J-FIX-7: the reference fix at the instant of the item with this key, of those before it that
    /// count.
    pub fn reference_of(&self, key: Key, counts: impl Fn(Key) -> bool) -> Option<Sample> {
        let mut newest = None;
        for index in (0..self.len()).rev() {
            if self.key(index).is_none_or(|own| own >= key || !counts(own)) {
                continue;
            }
            let Some(sample) = self.get(index) else { continue };
            if !sample.trust.coarse {
                return fresh_or_newest(sample, newest, key, self.config);
            }
            newest = newest.or(Some(sample));
        }
        let base = self.past_base();
        let earlier = |sample: &Sample| sample.key(self.head.device) < key;
        newest = newest.or(base.newest.filter(earlier));
        match base.newest_not_coarse.filter(earlier) {
            Some(sample) => fresh_or_newest(sample, newest, key, self.config),
            None => newest,
        }
    }

    /// The event time of the newest sound fix.
    pub fn newest_sound(&self) -> Option<Timestamp> {
        self.sound_before(self.len()).map(|sample| sample.time)
    }
}

impl TrackMut<'_> {
    pub fn as_ref(&self) -> Track<'_> {
        Track { head: self.head, slots: self.slots.as_ref(), config: self.config }
    }

    /// What the ring is to keep of a sound fix, if nothing else need change for it.
    #[inline(always)]
    pub fn packed(&self, fix: &SoundFix) -> Option<Packed> {
        self.head.ring.packed(fix).filter(|_| self.evicts_sound())
    }

    /// Appends a sound fix that was packed.
    #[inline(always)]
    pub fn push_in_ring(&mut self, packed: Packed) {
        self.head.ring.push_sound(&mut self.slots, packed);
        // Before the traces beside them are written: else the processor waits.
        self.head.sound = self.head.sound.saturating_add(1);
        self.head.in_order = self.head.in_order.saturating_add(1);
        self.note_sound_push();
    }

    /// Appends a fix that is known to be sound.
    #[inline(always)]
    pub fn push_sound(&mut self, fix: &SoundFix, raw: &Fix, at: Timestamp) {
        match self.packed(fix) {
            Some(packed) => self.push_in_ring(packed),
            None => self.insert_sound(raw, at),
        }
    }

    /// Inserts one before the newest `later`, likewise.
    pub fn insert_in_ring(&mut self, later: usize, fix: &SoundFix) -> bool {
        if !(self.evicts_sound() && self.head.ring.insert_sound(&mut self.slots, later, fix)) {
            return false;
        }
        let is_in_row = later <= usize::from(self.head.sound);
        self.head.sound = self.head.sound.saturating_add(u16::from(is_in_row));
        self.note_sound_push();
        true
    }

    /// Takes in a fix that is known to be sound, though the ring alone cannot.
    #[cold]
    pub fn insert_sound(&mut self, fix: &Fix, at: Timestamp) {
        let mut sample = Sample::new(fix, at, self.config);
        sample.trust = Trust::default();
        self.insert(sample);
    }

    /// Whether no fix must leave the history for another, or only one that is sound.
    #[inline(always)]
    fn evicts_sound(&self) -> bool {
        let track = self.as_ref();
        usize::from(self.head.sound) + 1 >= usize::from(track.slots.layout.blocks)
            || !track.is_full()
            || self.head.ring.is_sound(track.slots, track.first())
    }

    /// A sound fix has come into the ring, and nothing but a sound one has left it.
    #[inline(always)]
    fn note_sound_push(&mut self) {
        (self.head.base, self.head.now) = (Trace::Sound, Trace::Sound);
    }

    #[inline]
    fn push(&mut self, sample: &Sample) {
        self.head.ring.push(&mut self.slots, sample, self.config);
        let sound = self.head.sound.saturating_add(1);
        self.head.sound = if sample.trust.sound() { sound } else { 0 };
        self.head.in_order = self.head.in_order.saturating_add(1);
    }

    /// Puts the sample where it belongs in event time.
    pub fn insert(&mut self, mut sample: Sample) -> Inserted {
        if self.as_ref().is_full() {
            self.retire();
        }
        let (track, place) = (self.as_ref(), (sample.time, sample.seq));
        let is_later = |index: &usize| track.standing(*index) > Some(place);
        let later = (0..track.len()).rev().take_while(is_later).count();
        if later > 0 {
            self.head.ring.insert(&mut self.slots, later, &sample, self.config);
            let index = self.as_ref().len() - later - 1;
            let sound = usize::from(std::mem::take(&mut self.head.sound));
            let inserted = self.classify_again(index);
            if inserted.others_stand && self.is_sound(index) {
                self.head.sound = (sound + usize::from(later <= sound)) as u16;
            }
            return inserted;
        }
        let mut past = track.past_now();
        let noted = past.implausible_since_sound;
        past.absorb(&mut sample, self.config);
        self.push(&sample);
        self.set_now(past);
        let suspect_motion = sample.trust.implausible && !noted;
        Inserted { index: self.as_ref().len() - 1, suspect_motion, others_stand: true }
    }

    fn set_now(&mut self, past: Past) {
        if past.is_after_sound() {
            self.head.now = Trace::Sound;
        } else {
            self.head.now = Trace::Mixed;
            self.head.mixed_mut().now = past;
        }
    }

    /// The oldest fix is to leave the history.
    fn retire(&mut self) {
        let (track, sound) = (self.as_ref(), usize::from(self.head.sound));
        if sound >= track.len() || self.head.ring.is_sound(track.slots, track.first()) {
            self.head.base = Trace::Sound;
        } else if let Some(mut oldest) = track.get(0) {
            let mut past = self.as_ref().past_base();
            past.absorb(&mut oldest, self.config);
            self.head.base = Trace::Mixed;
            self.head.mixed_mut().base = past;
        }
    }

    fn is_sound(&self, index: usize) -> bool {
        let track = self.as_ref();
        self.head.ring.is_sound(track.slots, track.first() + index)
    }

    /// Works out anew how far the sample at `index`, which is new there, and those after it are
    /// trusted. Sound ones bound what must be looked at, since they are all that they leave behind.
    fn classify_again(&mut self, index: usize) -> Inserted {
        let before = (0..index).rev().find(|place| self.is_sound(*place));
        let sound = before.and_then(|place| self.as_ref().get(place));
        let mut past = sound.map_or_else(|| self.as_ref().past_base(), Past::after_sound);
        let mut inserted = Inserted { index, suspect_motion: false, others_stand: true };
        let first = self.as_ref().first();
        for place in before.map_or(0, |place| place + 1)..self.as_ref().len() {
            let Some(mut sample) = self.as_ref().get(place) else { continue };
            let (was, noted) = (sample.trust, past.implausible_since_sound);
            past.absorb(&mut sample, self.config);
            self.head.ring.set_trust(&mut self.slots, first + place, sample.trust);
            if place == index {
                inserted.suspect_motion = sample.trust.implausible && !noted;
                continue;
            }
            inserted.others_stand &= was == sample.trust;
            if place > index && was.sound() && sample.trust.sound() {
                return inserted;
            }
        }
        self.set_now(past);
        inserted
    }
}

fn fresh_or_newest(
    not_coarse: Sample,
    newest: Option<Sample>,
    key: Key,
    config: &Config,
) -> Option<Sample> {
    match key.time.ms_since(not_coarse.time) <= config.reference_age_max_ms {
        true => Some(not_coarse),
        false => newest.or(Some(not_coarse)),
    }
}
