//! The assigned devices: who carries each, what it sent of late, and the line that the hot path
//! reads.

use crate::engine::Config;
use crate::geometry::{Position, Scale};
use crate::ids::{DeviceId, OrderId, PersonId};
use crate::input::{Assurance, Fix};
use crate::key::Key;
use crate::table::spread;
use crate::time::Timestamp;
use crate::track::Track;
use crate::watch::Watch;
use hashbrown::HashTable;
use std::collections::VecDeque;

/// An assigned device.
pub(crate) struct Device {
    pub id: DeviceId,
    pub person: PersonId,
    pub assigned: Timestamp,
    pub watches: Vec<Watch>,
    /// The newest boundary or configuration instant that its watches have passed.
    pub passed: Key,
    pub no_order_noted: bool,
    /// Sequence number and event time of its last inputs.
    recent: VecDeque<(u64, Timestamp)>,
}

impl Device {
    pub fn new(id: DeviceId, person: PersonId, assigned: Timestamp, config: &Config) -> Self {
        Self {
            id,
            person,
            assigned,
            watches: Vec::new(),
            passed: Key::FIRST,
            no_order_noted: false,
            recent: VecDeque::with_capacity(config.repeat_memory),
        }
    }

    // J-FIX-2
    pub fn is_repeat(&self, seq: u64, time: Timestamp) -> bool {
        self.recent.contains(&(seq, time))
    }

    pub fn remember(&mut self, seq: u64, time: Timestamp, config: &Config) {
        if self.recent.len() >= config.repeat_memory {
            self.recent.pop_front();
        }
        self.recent.push_back((seq, time));
    }

    /// Takes note of the fixes that the hot path only put into the track.
    pub fn settle(&mut self, track: &mut Track, config: &Config) {
        for (time, seq) in track.settle() {
            self.remember(seq, time, config);
        }
        if let Some(oldest) = track.horizon(self.id) {
            self.watches.iter_mut().for_each(|watch| watch.forget_before(oldest));
        }
    }

    pub fn watch_of(&mut self, order: OrderId) -> usize {
        match self.watches.binary_search_by_key(&order, |watch| watch.order) {
            Ok(index) => index,
            Err(index) => {
                self.watches.insert(index, Watch::new(order));
                index
            }
        }
    }
}

/// What the hot path needs of a device: one cache line.
///
/// While a device stays within `slack_m` of its anchor and the clock before `quiet_until`, no
/// rule's verdict can change, so a sound fix need not be judged.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct HotLine {
    /// The newest event time of the device's inputs.
    pub newest: Timestamp,
    /// Until then no boundary of an order of its person is reached.
    pub quiet_until: Timestamp,
    /// The last sound fix.
    sound_time: Timestamp,
    sound: Position,
    anchor: Position,
    /// The scale near the anchor.
    scale: Scale,
    /// Negative: each fix must be judged.
    slack_m: f32,
}

const _: () = assert!(size_of::<HotLine>() == 64);

/// No slack is larger, so that the scale at the anchor holds wherever the fix may be.
const SLACK_M_MAX: f64 = 5_000.0;

impl HotLine {
    pub fn new() -> Self {
        let never = Timestamp::from_ms(i64::MIN);
        Self {
            newest: never,
            quiet_until: never,
            sound_time: never,
            sound: Position::default(),
            anchor: Position::default(),
            scale: Scale::default(),
            slack_m: -1.0,
        }
    }

    /// From now on each fix must be judged, and boundaries looked for.
    pub fn wake(&mut self) {
        self.slack_m = -1.0;
        self.quiet_until = Timestamp::from_ms(i64::MIN);
    }

    /// No boundary is reached before `until`, but each fix must be judged.
    pub fn stay_awake(&mut self, until: Timestamp) {
        self.slack_m = -1.0;
        self.quiet_until = until;
    }

    /// No boundary is reached before `until`, and no verdict changes within `slack_m` of this
    /// sound fix.
    pub fn rest(&mut self, at: Position, time: Timestamp, slack_m: f64, until: Timestamp) {
        self.stay_awake(until);
        // The decimetre covers the error of distances (J-GEO-2), the ten-thousandth the rounding.
        let slack_m = slack_m.min(SLACK_M_MAX) * 0.9999 - 0.1;
        if let Some(scale) = Scale::near(at)
            && slack_m > 0.0
        {
            self.scale = scale;
            self.slack_m = slack_m as f32;
            self.anchor = at;
            self.sound = at;
            self.sound_time = time;
        }
    }

    /// Whether the fix is sound and cannot change a verdict; if so, it is the last sound one now.
    #[inline]
    pub fn takes(&mut self, fix: &Fix, at: Timestamp, config: &Config) -> bool {
        let time = fix.time.min(at);
        if self.slack_m < 0.0 || time <= self.newest || at >= self.quiet_until {
            return false;
        }
        let moved_m2 = self.scale.most_m2(fix.position, self.anchor);
        let slack_m = f64::from(self.slack_m);
        if moved_m2 > slack_m * slack_m || !is_plainly_sound(fix, at, config) {
            return false;
        }
        let claims_motion =
            fix.moving || fix.speed_mps.is_some_and(|speed| speed > config.copied_speed_mps);
        if claims_motion && fix.position == self.sound {
            return false;
        }
        let allowed_m = config.speed_max_mps * time.ms_since(self.sound_time) as f64 * 1e-3;
        if self.scale.most_m2(fix.position, self.sound) > allowed_m * allowed_m {
            return false;
        }
        self.newest = time;
        self.sound_time = time;
        self.sound = fix.position;
        true
    }
}

fn is_plainly_sound(fix: &Fix, at: Timestamp, config: &Config) -> bool {
    fix.assurance != Assurance::None
        && !fix.mock
        && !fix.clock_unsynced
        && fix.time.ms_since(at) <= config.clock_ahead_max_ms
        && fix.accuracy_m.unwrap_or(config.accuracy_default_m) <= config.accuracy_coarse_m
}

/// All assigned devices, found by id or dense slot.
#[derive(Default)]
pub(crate) struct Devices {
    slots: Vec<Option<Device>>,
    hot: Vec<HotLine>,
    tracks: Vec<Track>,
    free: Vec<usize>,
    index: HashTable<(DeviceId, usize)>,
}

impl Devices {
    #[inline]
    pub fn slot(&self, id: DeviceId) -> Option<usize> {
        self.index.find(spread(id), |(found, _)| *found == id).map(|(_, slot)| *slot)
    }

    /// Reads what the hot path will need of each device, so that the waits for memory overlap.
    #[inline]
    pub fn touch(&self, slots: &[Option<usize>]) -> i64 {
        let lines = slots.iter().flatten().filter_map(|slot| self.hot.get(*slot));
        let lines = lines.fold(0, |sum, line| sum ^ line.newest.ms());
        let tracks = slots.iter().flatten().filter_map(|slot| self.tracks.get(*slot));
        lines ^ i64::from(tracks.fold(0, |sum, track| sum ^ track.touch()))
    }

    pub fn get(&self, slot: usize) -> Option<&Device> {
        self.slots.get(slot)?.as_ref()
    }

    pub fn track(&self, slot: usize) -> Option<&Track> {
        self.tracks.get(slot)
    }

    pub fn get_mut(&mut self, slot: usize) -> Option<(&mut Device, &mut HotLine, &mut Track)> {
        let device = self.slots.get_mut(slot)?.as_mut()?;
        Some((device, self.hot.get_mut(slot)?, self.tracks.get_mut(slot)?))
    }

    /// A device to be changed, and the tracks of all to be read.
    pub fn among(&mut self, slot: usize) -> Option<(&mut Device, &[Track])> {
        Some((self.slots.get_mut(slot)?.as_mut()?, &self.tracks))
    }

    /// What the hot path may change.
    #[inline]
    pub fn lines(&mut self, slot: usize) -> Option<(&mut HotLine, &mut Track)> {
        Some((self.hot.get_mut(slot)?, self.tracks.get_mut(slot)?))
    }

    pub fn insert(&mut self, device: Device, track: Track) -> usize {
        let id = device.id;
        let slot = self.free.pop().unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(Some(device));
            self.hot.push(HotLine::new());
            self.tracks.push(track);
        } else {
            self.slots[slot] = Some(device);
            self.hot[slot] = HotLine::new();
            self.tracks[slot] = track;
        }
        self.index.insert_unique(spread(id), (id, slot), |(id, _)| spread(*id));
        slot
    }

    pub fn remove(&mut self, id: DeviceId) -> Option<Device> {
        let entry = self.index.find_entry(spread(id), |(found, _)| *found == id).ok()?;
        let ((_, slot), _) = entry.remove();
        self.free.push(slot);
        self.slots.get_mut(slot)?.take()
    }
}
