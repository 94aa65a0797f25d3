//! The recent fixes of a device, in the order in which they happened, and how far each is trusted.

use crate::engine::Config;
use crate::event::FixFacts;
use crate::geometry::{Position, distance_m};
use crate::ids::DeviceId;
use crate::input::{Assurance, Fix};
use crate::time::Timestamp;
use std::collections::VecDeque;

/// Where an item stands in event time: boundaries first, then configuration by input sequence,
/// then fixes and statuses by device and sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Key {
    pub time: Timestamp,
    class: Class,
    major: u64,
    minor: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Class {
    Boundary,
    Configuration,
    Fix,
}

impl Key {
    /// Before every item.
    pub const FIRST: Self = Self {
        time: Timestamp::from_ms(i64::MIN),
        class: Class::Boundary,
        major: 0,
        minor: 0,
    };

    pub const fn boundary(time: Timestamp) -> Self {
        Self {
            time,
            class: Class::Boundary,
            major: 0,
            minor: 0,
        }
    }

    pub const fn configuration(time: Timestamp, input: u64) -> Self {
        Self {
            time,
            class: Class::Configuration,
            major: input,
            minor: 0,
        }
    }

    pub const fn fix(time: Timestamp, device: DeviceId, seq: u64) -> Self {
        Self {
            time,
            class: Class::Fix,
            major: device.number(),
            minor: seq,
        }
    }

    pub fn is_boundary(self) -> bool {
        self.class == Class::Boundary
    }

    /// Just after every item at this instant.
    pub const fn end_of(time: Timestamp) -> Self {
        Self {
            time,
            class: Class::Fix,
            major: u64::MAX,
            minor: u64::MAX,
        }
    }
}

/// A fix as the engine keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Event time: the earlier of the reported time and the receipt.
    pub time: Timestamp,
    pub reported: Timestamp,
    pub seq: u64,
    pub position: Position,
    /// The accuracy that rules count with, in metres.
    pub accuracy_m: f64,
    /// NaN for none.
    reported_accuracy_m: f64,
    /// The fix itself gives reason for doubt (assurance, mock, clock).
    suspect: bool,
    /// It says that it moves.
    claims_motion: bool,
    pub trust: Trust,
}

/// What a fix is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Trust {
    pub coarse: bool,
    pub doubtful: bool,
    /// Doubtful because it is implausibly far from the last sound fix.
    pub implausible: bool,
}

impl Trust {
    pub fn sound(self) -> bool {
        !self.coarse && !self.doubtful
    }
}

impl Sample {
    // J-TIME-2, J-FIX-3, J-FIX-4
    pub fn new(fix: &Fix, at: Timestamp, config: &Config) -> Self {
        let time = fix.time.min(at);
        let reported = fix.accuracy_m;
        let accuracy_m =
            reported.map_or(config.accuracy_default_m, |a| a.max(config.accuracy_min_m));
        let suspect = fix.assurance == Assurance::None
            || fix.mock
            || fix.clock_unsynced
            || fix.time.ms_since(at) > config.clock_ahead_max_ms;
        let claims_motion = fix.moving
            || fix
                .speed_mps
                .is_some_and(|speed| speed > config.copied_speed_mps);
        let trust = Trust {
            coarse: accuracy_m > config.accuracy_coarse_m,
            doubtful: suspect,
            implausible: false,
        };
        Self {
            time,
            reported: fix.time,
            seq: fix.seq,
            position: fix.position,
            accuracy_m,
            reported_accuracy_m: reported.unwrap_or(f64::NAN),
            suspect,
            claims_motion,
            trust,
        }
    }

    pub fn key(&self, device: DeviceId) -> Key {
        Key::fix(self.time, device, self.seq)
    }

    pub fn facts(&self, device: DeviceId) -> FixFacts {
        FixFacts {
            device,
            seq: self.seq,
            time: self.reported,
            position: self.position,
            accuracy_m: (!self.reported_accuracy_m.is_nan()).then_some(self.reported_accuracy_m),
            sound: self.trust.sound(),
        }
    }

    /// J-FIX-5: no farther from `earlier` than one can get in the time, accuracies allowed for.
    fn is_plausible_from(&self, earlier: &Self, config: &Config) -> bool {
        let allowed_m = config.speed_max_mps * self.time.ms_since(earlier.time) as f64 / 1000.0;
        let apart_m = distance_m(self.position, earlier.position);
        apart_m - self.accuracy_m - earlier.accuracy_m <= allowed_m
    }
}

/// What the fixes before a place in the track leave behind.
#[derive(Clone, Copy, Default)]
pub(crate) struct Past {
    last_sound: Option<Sample>,
    newest: Option<Sample>,
    newest_not_coarse: Option<Sample>,
    /// An implausible fix has come since the last sound one.
    implausible_since_sound: bool,
    chain: Option<Chain>,
}

/// Implausible, otherwise sound fixes in a row, each plausible from the one before.
#[derive(Clone, Copy)]
struct Chain {
    first: Timestamp,
    length: u32,
}

impl Past {
    fn after_sound(sample: Sample) -> Self {
        let sample = Some(sample);
        Self {
            last_sound: sample,
            newest: sample,
            newest_not_coarse: sample,
            ..Self::default()
        }
    }

    /// Says how far the sample is trusted after this past, and takes it in.
    // J-FIX-4, J-FIX-5, J-FIX-6
    fn absorb(&mut self, sample: &mut Sample, config: &Config) {
        let copied = sample.claims_motion
            && self
                .newest
                .is_some_and(|previous| previous.position == sample.position);
        let doubtful = sample.suspect || copied;
        let far = self
            .last_sound
            .is_some_and(|sound| !sample.is_plausible_from(&sound, config));
        let mut implausible = far;
        if far && !doubtful && !sample.trust.coarse {
            let linked = self
                .newest
                .is_some_and(|last| sample.is_plausible_from(&last, config));
            let chain = match self.chain {
                Some(chain) if linked => Chain {
                    length: chain.length.saturating_add(1),
                    ..chain
                },
                _ => Chain {
                    first: sample.time,
                    length: 1,
                },
            };
            let long = sample.time.ms_since(chain.first) >= config.chain_span_ms;
            self.chain = Some(chain);
            if chain.length >= config.chain_fixes && long {
                implausible = false;
            }
        } else {
            self.chain = None;
        }
        sample.trust.implausible = implausible;
        sample.trust.doubtful = doubtful || implausible;
        self.keep(sample);
    }

    /// Takes in a sample of known trust.
    fn keep(&mut self, sample: &Sample) {
        self.newest = Some(*sample);
        if !sample.trust.coarse {
            self.newest_not_coarse = Some(*sample);
        }
        if sample.trust.sound() {
            self.last_sound = Some(*sample);
            self.implausible_since_sound = false;
            self.chain = None;
        } else {
            self.implausible_since_sound |= sample.trust.implausible;
        }
    }
}

/// The recent fixes of a device since its assignment.
pub(crate) struct Track {
    /// What the fixes that have left the history leave behind.
    base: Trace,
    /// What all fixes so far leave behind.
    now: Trace,
    samples: VecDeque<Sample>,
}

/// A past; after a sound fix there is nothing to it but that fix, and mostly there is one.
enum Trace {
    Sound(Sample),
    /// The newest sample of the history is sound.
    SoundNewest,
    Mixed(Box<Past>),
}

/// How a sample came into the track.
pub(crate) struct Inserted {
    /// Where it stands.
    pub index: usize,
    /// It is the first implausible fix since the last sound one.
    pub suspect_motion: bool,
    /// A sample has left the history for it.
    pub evicted: bool,
}

impl Track {
    pub fn new(config: &Config) -> Self {
        let nothing = || Trace::Mixed(Box::default());
        Self {
            base: nothing(),
            now: nothing(),
            samples: VecDeque::with_capacity(config.history_fixes.saturating_add(1)),
        }
    }

    fn base(&self) -> Past {
        self.past(&self.base)
    }

    fn past(&self, trace: &Trace) -> Past {
        match trace {
            Trace::Sound(sample) => Past::after_sound(*sample),
            Trace::SoundNewest => self
                .samples
                .back()
                .map_or_else(Past::default, |newest| Past::after_sound(*newest)),
            Trace::Mixed(past) => **past,
        }
    }

    pub fn samples(&self) -> &VecDeque<Sample> {
        &self.samples
    }

    /// The key of the oldest fix in the history.
    pub fn oldest(&self, device: DeviceId) -> Option<Key> {
        self.samples.front().map(|sample| sample.key(device))
    }

    /// Whether a fix with this key is too late for the history.
    pub fn is_beyond(&self, sample: &Sample, config: &Config) -> bool {
        self.samples.len() >= config.history_fixes
            && self
                .samples
                .front()
                .is_some_and(|o| (sample.time, sample.seq) < (o.time, o.seq))
    }

    /// Puts the sample where it belongs in event time.
    pub fn insert(&mut self, mut sample: Sample, config: &Config) -> Inserted {
        let place = (sample.time, sample.seq);
        let index = self.samples.iter().rposition(|s| (s.time, s.seq) <= place);
        let index = index.map_or(0, |before| before + 1);
        let suspect_motion;
        if index == self.samples.len() {
            let mut past = self.past(&self.now);
            let noted = past.implausible_since_sound;
            past.absorb(&mut sample, config);
            self.now = Trace::Mixed(Box::new(past));
            suspect_motion = sample.trust.implausible && !noted;
            self.samples.push_back(sample);
        } else {
            self.samples.insert(index, sample);
            suspect_motion = self.classify_again(index, config);
        }
        let evicted = self.shorten(config);
        Inserted {
            index: index - usize::from(evicted && index > 0),
            suspect_motion,
            evicted,
        }
    }

    /// Appends a sample that is known to be sound, plausible and newest; says whether another has
    /// left the history for it.
    pub fn append_sound(&mut self, mut sample: Sample, config: &Config) -> bool {
        sample.trust = Trust::default();
        self.now = Trace::SoundNewest;
        self.samples.push_back(sample);
        self.shorten(config)
    }

    fn shorten(&mut self, config: &Config) -> bool {
        if self.samples.len() <= config.history_fixes {
            return false;
        }
        if let Some(mut oldest) = self.samples.pop_front() {
            self.retire(&mut oldest, config);
        }
        true
    }

    fn retire(&mut self, oldest: &mut Sample, config: &Config) {
        if oldest.trust.sound() {
            self.base = Trace::Sound(*oldest);
        } else {
            let mut past = self.base();
            past.absorb(oldest, config);
            self.base = Trace::Mixed(Box::new(past));
        }
    }

    /// Works out anew how far each sample is trusted; says whether the one at `index` is the first
    /// implausible one since the last sound one.
    fn classify_again(&mut self, index: usize, config: &Config) -> bool {
        let mut past = self.base();
        let mut suspect_motion = false;
        for (place, sample) in self.samples.iter_mut().enumerate() {
            let noted = past.implausible_since_sound;
            past.absorb(sample, config);
            if place == index {
                suspect_motion = sample.trust.implausible && !noted;
            }
        }
        self.now = Trace::Mixed(Box::new(past));
        suspect_motion
    }

    /// The last sound fix before the sample at `index`.
    pub fn sound_before(&self, index: usize) -> Option<Sample> {
        let earlier = self.samples.iter().take(index).rev();
        earlier
            .copied()
            .find(|s| s.trust.sound())
            .or_else(|| self.base().last_sound)
    }

    /// J-FIX-7: the reference fix at the instant of the item with this key, of those before it.
    pub fn reference(&self, device: DeviceId, key: Key, config: &Config) -> Option<Sample> {
        let mut newest = None;
        for sample in self
            .samples
            .iter()
            .rev()
            .filter(|sample| sample.key(device) < key)
        {
            if !sample.trust.coarse {
                return self.fresh_or_newest(*sample, newest, key, config);
            }
            newest = newest.or(Some(*sample));
        }
        let base = self.base();
        newest = newest.or(base.newest);
        match base.newest_not_coarse {
            Some(sample) => self.fresh_or_newest(sample, newest, key, config),
            None => newest,
        }
    }

    fn fresh_or_newest(
        &self,
        not_coarse: Sample,
        newest: Option<Sample>,
        key: Key,
        config: &Config,
    ) -> Option<Sample> {
        if key.time.ms_since(not_coarse.time) <= config.reference_age_max_ms {
            Some(not_coarse)
        } else {
            newest.or(Some(not_coarse))
        }
    }
}
