//! The assigned devices: who carries each, what it sent of late, and the line that the hot path
//! reads.

use crate::condition::Conditions;
use crate::engine::Config;
use crate::geometry::{Position, Scale};
use crate::ids::{DeviceId, PersonId};
use crate::input::{Assurance, Fix};
use crate::key::Key;
use crate::table::Places;
use crate::time::Timestamp;
use crate::track::{Slot, Track, TrackHead, TrackMut, slots_per_device};
use crate::watch::Watch;
use std::collections::VecDeque;

/// An assigned device.
pub(crate) struct Device {
    pub id: DeviceId,
    pub person: PersonId,
    pub assigned: Timestamp,
    /// The input that assigned it.
    pub assigned_by: Key,
    pub watches: Vec<Watch>,
    pub conditions: Conditions,
    pub no_order_noted: bool,
    /// Some order protects its person by keep_away, or did.
    pub is_protected: bool,
    /// When its last input was received, of those that the hot line does not know.
    heard_at: Option<Timestamp>,
    /// The same of the last fix that was sound when it came in.
    sound_at: Option<Timestamp>,
    /// Event time and sequence number of its last inputs, without those that came after them and
    /// were fixes in order: the track knows these.
    recent: VecDeque<(Timestamp, u64)>,
}

impl Device {
    pub fn new(id: DeviceId, person: PersonId, assigned_by: Key) -> Self {
        Self {
            id,
            person,
            assigned: assigned_by.time,
            assigned_by,
            watches: Vec::new(),
            conditions: Conditions::default(),
            no_order_noted: false,
            is_protected: false,
            heard_at: None,
            sound_at: None,
            recent: VecDeque::new(),
        }
    }

    /// A copy of it as if no order had ever named its person.
    fn without_orders(&self) -> Self {
        Self {
            watches: Vec::new(),
            conditions: self.conditions.clone(),
            is_protected: false,
            recent: self.recent.clone(),
            ..*self
        }
    }

    // J-FIX-2
    pub fn is_repeat(&self, track: Track<'_>, seq: u64, time: Timestamp) -> bool {
        let mut in_order = track.last_inputs();
        let before = track.config.repeat_memory - in_order.len();
        in_order.any(|input| input == (time, seq))
            || self.recent.iter().rev().take(before).any(|input| *input == (time, seq))
    }

    /// Remembers an input that is not the newest fix.
    pub fn remember(&mut self, track: &mut TrackMut<'_>, seq: u64, time: Timestamp) {
        self.recent.extend(track.as_ref().last_inputs());
        self.recent.push_back((time, seq));
        let surplus = self.recent.len().saturating_sub(track.config.repeat_memory);
        self.recent.drain(..surplus);
        track.interrupt();
    }

    /// Takes note that something was heard.
    pub fn hear(&mut self, at: Timestamp, is_sound_fix: bool) {
        self.heard_at = Some(at);
        if is_sound_fix {
            self.sound_at = Some(at);
        }
    }
}

/// When a device was last heard of.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    pub any: Option<Timestamp>,
    pub sound: Option<Timestamp>,
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
    /// When the last fix within slack was received.
    heard_at: Timestamp,
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
            heard_at: never,
            sound_time: never,
            sound: Position::default(),
            anchor: Position::default(),
            scale: Scale::default(),
            slack_m: -1.0,
        }
    }

    /// Whether each fix must be judged.
    pub fn is_awake(&self) -> bool {
        self.slack_m < 0.0
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
        self.heard_at = at;
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

/// What the hot path reads and changes of a device, side by side: two cache lines of one page.
#[repr(align(128))]
pub(crate) struct Lines {
    pub hot: HotLine,
    pub track: TrackHead,
}

const _: () = assert!(size_of::<Lines>() == 128);

impl Lines {
    fn new(device: DeviceId, assigned: Timestamp) -> Self {
        Self { hot: HotLine::new(), track: TrackHead::new(device, assigned) }
    }
}

/// Devices whose memory is looked for together.
pub(crate) const BATCH: usize = 64;

/// A device without its watches, with its lines and track, to be taken elsewhere.
pub(crate) struct DeviceCopy {
    device: Device,
    hot: HotLine,
    head: TrackHead,
    slots: Vec<Slot>,
}

/// All assigned devices, found by id or dense slot.
pub(crate) struct Devices {
    devices: Vec<Option<Device>>,
    lines: Vec<Lines>,
    /// The slots of all tracks, `stride` of each device.
    slabs: Vec<Slot>,
    stride: usize,
    free: Vec<usize>,
    places: Places<DeviceId>,
}

/// The tracks of all devices.
#[derive(Clone, Copy)]
pub(crate) struct Tracks<'a> {
    lines: &'a [Lines],
    slabs: &'a [Slot],
    stride: usize,
    config: &'a Config,
}

impl<'a> Tracks<'a> {
    pub fn get(&self, device: usize) -> Option<Track<'a>> {
        let first = device * self.stride;
        let slots = self.slabs.get(first..first + self.stride)?;
        Some(Track { head: &self.lines.get(device)?.track, slots, config: self.config })
    }
}

impl Devices {
    pub fn new(config: &Config) -> Self {
        Self {
            devices: Vec::new(),
            lines: Vec::new(),
            slabs: Vec::new(),
            stride: slots_per_device(config),
            free: Vec::new(),
            places: Places::new(),
        }
    }

    #[inline]
    pub fn slot(&self, id: DeviceId) -> Option<usize> {
        self.places.get(id)
    }

    /// Reads what the hot path will need of each device, stage by stage in small loops, so that
    /// the waits for memory overlap.
    #[inline]
    pub fn touch(&self, devices: &[Option<usize>; BATCH]) -> u32 {
        let mut next = [0; BATCH];
        let mut sum = 0;
        for (next, device) in next.iter_mut().zip(devices) {
            let Some(device) = *device else { continue };
            let Some(lines) = self.lines.get(device) else { continue };
            *next = device * self.stride + lines.track.next_slot(self.stride);
            sum ^= u32::from(lines.hot.is_awake());
        }
        next.iter()
            .filter_map(|next| self.slabs.get(*next))
            .fold(sum, |sum, slot| sum ^ slot.ends())
    }

    #[inline]
    fn slots_of(&self, device: usize) -> Option<&[Slot]> {
        let first = device * self.stride;
        self.slabs.get(first..first + self.stride)
    }

    pub fn get(&self, device: usize) -> Option<&Device> {
        self.devices.get(device)?.as_ref()
    }

    pub fn track<'a>(&'a self, device: usize, config: &'a Config) -> Option<Track<'a>> {
        let head = &self.lines.get(device)?.track;
        Some(Track { head, slots: self.slots_of(device)?, config })
    }

    /// A device with its lines.
    pub fn get_mut<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut Device, &'a mut HotLine, TrackMut<'a>)> {
        let first = device * self.stride;
        let slots = self.slabs.get_mut(first..first + self.stride)?;
        let Lines { hot, track: head } = self.lines.get_mut(device)?;
        let device = self.devices.get_mut(device)?.as_mut()?;
        Some((device, hot, TrackMut { head, slots, config }))
    }

    /// A device to be changed, and the tracks of all to be read.
    pub fn among<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut Device, Tracks<'a>)> {
        let tracks = Tracks { lines: &self.lines, slabs: &self.slabs, stride: self.stride, config };
        Some((self.devices.get_mut(device)?.as_mut()?, tracks))
    }

    /// When the device was last heard of.
    pub fn heard(&self, device: usize) -> Option<Heard> {
        let hot = &self.lines.get(device)?.hot;
        let device = self.devices.get(device)?.as_ref()?;
        let quiet = Some(hot.heard_at).filter(|at| *at >= device.assigned);
        Some(Heard { any: device.heard_at.max(quiet), sound: device.sound_at.max(quiet) })
    }

    /// What the hot path may change.
    #[inline]
    pub fn lines<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut HotLine, TrackMut<'a>)> {
        let first = device * self.stride;
        let slots = self.slabs.get_mut(first..first + self.stride)?;
        let Lines { hot, track: head } = self.lines.get_mut(device)?;
        Some((hot, TrackMut { head, slots, config }))
    }

    pub fn insert(&mut self, device: Device) -> usize {
        let (id, lines) = (device.id, Lines::new(device.id, device.assigned));
        let place = self.free.pop().unwrap_or(self.devices.len());
        if place == self.devices.len() {
            self.devices.push(Some(device));
            self.lines.push(lines);
            self.slabs.resize((place + 1) * self.stride, Slot::default());
        } else {
            self.devices[place] = Some(device);
            self.lines[place] = lines;
        }
        self.places.insert(id, place);
        place
    }

    /// Copies all of a device but what orders make of it.
    pub fn copy(&self, device: usize) -> Option<DeviceCopy> {
        let (lines, slots) = (self.lines.get(device)?, self.slots_of(device)?.to_vec());
        let device = self.get(device)?.without_orders();
        Some(DeviceCopy { device, hot: lines.hot, head: lines.track.clone(), slots })
    }

    /// Takes in a device that nobody has here, from an engine with the same configuration. Each of
    /// its fixes is judged until it rests again.
    pub fn adopt(&mut self, copy: &DeviceCopy) -> usize {
        let place = self.insert(copy.device.without_orders());
        self.lines[place] = Lines { hot: copy.hot, track: copy.head.clone() };
        self.lines[place].hot.wake();
        let first = place * self.stride;
        self.slabs[first..first + self.stride].copy_from_slice(&copy.slots);
        place
    }

    pub fn remove(&mut self, id: DeviceId) -> Option<Device> {
        let place = self.slot(id)?;
        self.places.remove(id);
        self.free.push(place);
        self.devices.get_mut(place)?.take()
    }
}
