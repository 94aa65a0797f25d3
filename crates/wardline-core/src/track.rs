//! The recent fixes of a device, in the order in which they happened, and how far each is trusted.

mod past;
mod ring;
mod sample;

pub(crate) use sample::{Sample, Trust};

use crate::engine::Config;
use crate::ids::DeviceId;
use crate::key::Key;
use crate::time::Timestamp;
use past::Past;
use ring::Ring;

/// The recent fixes of a device since its assignment: one cache line, and a ring beside it.
#[repr(align(64))]
pub(crate) struct Track {
    ring: Ring,
    /// What the fixes that have left the history leave behind.
    base: Trace,
    /// What all fixes so far leave behind.
    now: Trace,
    /// Fixes appended within slack that the rest of the device does not know of yet.
    unsettled: u16,
    mixed: Option<Box<Mixed>>,
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

#[derive(Default)]
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
}

impl Track {
    pub fn new(config: &Config, assigned: Timestamp) -> Self {
        Self {
            ring: Ring::new(config.history_fixes, assigned),
            base: Trace::Nothing,
            now: Trace::Nothing,
            unsettled: 0,
            mixed: None,
        }
    }

    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// The sample at this place in the order of event time.
    pub fn get(&self, index: usize, config: &Config) -> Option<Sample> {
        self.ring.get(index, config)
    }

    pub fn newest(&self, config: &Config) -> Option<Sample> {
        self.ring.get(self.len().checked_sub(1)?, config)
    }

    /// The key of a fix in the history.
    pub fn key(&self, index: usize, device: DeviceId) -> Option<Key> {
        let (time, seq) = self.ring.standing(index)?;
        Some(Key::fix(time, device, seq))
    }

    /// The key of the oldest fix of a full history; nothing older can be put in its place.
    pub fn horizon(&self, device: DeviceId) -> Option<Key> {
        self.ring.is_full().then(|| self.key(0, device)).flatten()
    }

    /// Whether a fix is too late for the history.
    pub fn is_beyond(&self, sample: &Sample) -> bool {
        let oldest = self.ring.standing(0).filter(|_| self.ring.is_full());
        oldest.is_some_and(|oldest| (sample.time, sample.seq) < oldest)
    }

    /// Reads what the hot path will need, so that the waits for memory overlap.
    #[inline]
    pub fn touch(&self) -> u32 {
        self.ring.touch()
    }

    /// Appends a sample that is known to be sound, plausible and newest, if nothing but the ring
    /// need change.
    #[inline]
    pub fn append_in_ring(&mut self, sample: &Sample) -> bool {
        let full = self.ring.is_full();
        let plain = self.ring.is_plain() && (!full || self.ring.first_is_sound());
        if !plain || usize::from(self.unsettled) + 1 >= self.ring.len() {
            return false;
        }
        if full {
            self.ring.drop_first();
            self.base = Trace::Sound;
        }
        self.ring.push(sample);
        self.now = Trace::Sound;
        self.unsettled += 1;
        true
    }

    /// The fixes that [`Track::append_in_ring`] took in since this was called last: event time and
    /// sequence number of each.
    pub fn settle(&mut self) -> impl Iterator<Item = (Timestamp, u64)> {
        let first = self.len() - usize::from(std::mem::take(&mut self.unsettled));
        let ring = &self.ring;
        (first..ring.len()).filter_map(|index| ring.standing(index))
    }

    /// Puts the sample where it belongs in event time.
    pub fn insert(&mut self, mut sample: Sample, config: &Config) -> Inserted {
        debug_assert!(self.unsettled == 0, "a track is settled before it changes");
        if self.ring.is_full() {
            self.retire(config);
        }
        let place = (sample.time, sample.seq);
        let later = (0..self.len()).rev().take_while(|index| {
            self.ring.standing(*index).is_some_and(|standing| standing > place)
        });
        let index = self.len() - later.count();
        if index < self.len() {
            self.ring.insert(index, &sample);
            let suspect_motion = self.classify_again(index, config);
            return Inserted { index, suspect_motion };
        }
        let mut past = self.past_now(config);
        let noted = past.implausible_since_sound;
        past.absorb(&mut sample, config);
        self.ring.push(&sample);
        self.set_now(past);
        Inserted { index, suspect_motion: sample.trust.implausible && !noted }
    }

    fn set_now(&mut self, past: Past) {
        self.now = match past.is_after_sound() {
            true => Trace::Sound,
            false => Trace::Mixed,
        };
        if self.now == Trace::Mixed {
            self.mixed.get_or_insert_default().now = past;
        }
    }

    fn past_now(&self, config: &Config) -> Past {
        match (self.now, &self.mixed) {
            (Trace::Sound, _) => self.newest(config).map_or_else(Past::default, Past::after_sound),
            (Trace::Mixed, Some(mixed)) => mixed.now,
            _ => Past::default(),
        }
    }

    fn past_base(&self, config: &Config) -> Past {
        match (self.base, &self.mixed) {
            (Trace::Sound, _) => Past::after_sound(self.ring.before_first(config)),
            (Trace::Mixed, Some(mixed)) => mixed.base,
            _ => Past::default(),
        }
    }

    /// The oldest fix leaves the history.
    fn retire(&mut self, config: &Config) {
        if self.ring.first_is_sound() {
            self.base = Trace::Sound;
        } else if let Some(mut oldest) = self.ring.get(0, config) {
            let mut past = self.past_base(config);
            past.absorb(&mut oldest, config);
            self.base = Trace::Mixed;
            self.mixed.get_or_insert_default().base = past;
        }
        self.ring.drop_first();
    }

    /// Works out anew how far each sample is trusted; says whether the one at `index` is the first
    /// implausible one since the last sound one.
    fn classify_again(&mut self, index: usize, config: &Config) -> bool {
        let mut past = self.past_base(config);
        let mut suspect_motion = false;
        for place in 0..self.len() {
            let Some(mut sample) = self.ring.get(place, config) else {
                continue;
            };
            let noted = past.implausible_since_sound;
            past.absorb(&mut sample, config);
            self.ring.set_trust(place, sample.trust);
            if place == index {
                suspect_motion = sample.trust.implausible && !noted;
            }
        }
        self.set_now(past);
        suspect_motion
    }

    /// The last sound fix before the sample at `index`.
    pub fn sound_before(&self, index: usize, config: &Config) -> Option<Sample> {
        let mut earlier = (0..index).rev().filter_map(|index| self.get(index, config));
        earlier.find(|sample| sample.trust.sound()).or_else(|| self.past_base(config).last_sound)
    }

    /// J-FIX-7: the reference fix at the instant of the item with this key, of those before it.
    pub fn reference(&self, device: DeviceId, key: Key, config: &Config) -> Option<Sample> {
        let mut newest = None;
        for index in (0..self.len()).rev() {
            if self.key(index, device).is_none_or(|later| later >= key) {
                continue;
            }
            let Some(sample) = self.get(index, config) else {
                continue;
            };
            if !sample.trust.coarse {
                return fresh_or_newest(sample, newest, key, config);
            }
            newest = newest.or(Some(sample));
        }
        let base = self.past_base(config);
        newest = newest.or(base.newest);
        match base.newest_not_coarse {
            Some(sample) => fresh_or_newest(sample, newest, key, config),
            None => newest,
        }
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
