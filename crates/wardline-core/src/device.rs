//! The assigned devices: who carries each, what it sent of late, and the line that the hot path
//! reads.

mod copy;
mod saved;

pub(crate) use copy::DeviceCopy;

use crate::condition::Conditions;
use crate::engine::Config;
use crate::geometry::{Position, Scale};
use crate::ids::{DeviceId, PersonId};
use crate::input::{Assurance, Fix};
use crate::key::Key;
use crate::table::Places;
use crate::time::{NEVER, Timestamp};
use crate::track::{Layout, Sample, Slots, Track, TrackHead, TrackMut};
use crate::watch::Watch;
use std::collections::VecDeque;

/// An assigned device: what the hot path does not read.
pub(crate) struct Device {
    pub id: DeviceId,
    pub person: PersonId,
    pub assigned: Timestamp,
    /// The input that assigned it.
    assigned_by: u64,
    pub watches: Box<[Watch]>,
    rare: Option<Box<Rare>>,
}

const _: () = assert!(size_of::<Option<Device>>() == 56);

/// What most devices do without.
#[derive(Default)]
struct Rare {
    conditions: Conditions,
    others: VecDeque<Other>,
    no_order_noted: bool,
    /// Some order protects its person by keep_away, or did.
    is_protected: bool,
    /// Of a party of a pair, the event time of the fix that it last came to rest at.
    anchored: Option<Timestamp>,
}

/// An input that was no fix newer than all before.
#[derive(Clone, Copy)]
struct Other {
    time: Timestamp,
    seq: u64,
    /// So many fixes, each the newest then, had come since the one before.
    fixes_before: u16,
}

const NO_CONDITIONS: &Conditions = &Conditions::new();

impl Device {
    pub fn new(id: DeviceId, person: PersonId, assigned_by: Key) -> Self {
        let (assigned, assigned_by) = (assigned_by.time, assigned_by.input());
        Self { id, person, assigned, assigned_by, watches: Box::default(), rare: None }
    }

    /// Where its assignment stands among all that happened.
    pub fn assigned_by(&self) -> Key {
        Key::configuration(self.assigned, self.assigned_by)
    }

    pub fn conditions(&self) -> &Conditions {
        self.rare.as_ref().map_or(NO_CONDITIONS, |rare| &rare.conditions)
    }

    /// What is watched of it, and the conditions to watch.
    pub fn watches_mut(&mut self) -> (&mut Box<[Watch]>, &Conditions) {
        let conditions = self.rare.as_ref().map_or(NO_CONDITIONS, |rare| &rare.conditions);
        (&mut self.watches, conditions)
    }

    pub fn conditions_mut(&mut self) -> &mut Conditions {
        &mut self.rare.get_or_insert_default().conditions
    }

    pub fn is_no_order_noted(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.no_order_noted)
    }

    pub fn note_no_order(&mut self) {
        self.rare.get_or_insert_default().no_order_noted = true;
    }

    pub fn is_protected(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.is_protected)
    }

    pub fn set_protected(&mut self, is_protected: bool) {
        if is_protected != self.is_protected() {
            self.rare.get_or_insert_default().is_protected = is_protected;
        }
    }

    /// Whether its person is a party of a keep_away rule, or was.
    pub fn has_pairs(&self) -> bool {
        self.is_protected() || self.watches.iter().any(Watch::is_of_pair)
    }

    /// The event time of the fix at which a party of a pair last came to rest.
    pub fn anchored(&self) -> Timestamp {
        self.rare.as_ref().and_then(|rare| rare.anchored).unwrap_or(Timestamp::FAR_FUTURE)
    }

    pub fn note_anchor(&mut self, time: Timestamp) {
        self.rare.get_or_insert_default().anchored = Some(time);
    }

    /// Whether an input with this number and time is among the last ones. The track knows those
    /// that were fixes in order, this device all others.
    // J-FIX-2
    pub fn is_repeat(&self, track: Track<'_>, seq: u64, time: Timestamp) -> bool {
        let others = self.rare.iter().flat_map(|rare| rare.others.iter());
        let is_other =
            |standing: &(Timestamp, u64)| others.clone().any(|o| o.standing() == *standing);
        let mut in_order = track.standings().filter(|standing| !is_other(standing));
        let (mut left, mut fixes) = (track.config.repeat_memory, track.in_order());
        for other in others.clone().rev().map(Some).chain([None]) {
            let run = left.min(fixes.into());
            if in_order.by_ref().take(run).any(|standing| standing == (time, seq)) {
                return true;
            }
            left -= run;
            let Some(other) = other.filter(|_| left > 0) else { return false };
            if other.standing() == (time, seq) {
                return true;
            }
            (left, fixes) = (left - 1, other.fixes_before);
        }
        false
    }

    /// Remembers an input that is no fix newer than all before.
    pub fn remember(&mut self, track: &mut TrackMut<'_>, seq: u64, time: Timestamp) {
        let others = &mut self.rare.get_or_insert_default().others;
        others.push_back(Other { time, seq, fixes_before: track.as_ref().in_order() });
        track.interrupt();
        // The oldest is forgotten when as many inputs as are remembered came after it.
        let since_oldest: usize =
            others.iter().skip(1).map(|other| usize::from(other.fixes_before) + 1).sum();
        if since_oldest >= track.config.repeat_memory {
            others.pop_front();
        }
    }
}

impl Other {
    fn standing(&self) -> (Timestamp, u64) {
        (self.time, self.seq)
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
    /// When the last input was received.
    heard_at: Timestamp,
    /// The last sound fix.
    sound_time: Timestamp,
    sound: Position,
    anchor: Position,
    /// The scale near the anchor.
    scale: Scale,
    /// Negative: each fix must be judged.
    slack_m: f32,
    /// The next fix must be later than `newest` by more than this, rounded up, or it may be too
    /// late for the history of another party.
    lead_s: u16,
    /// So many fixes more before one must be judged: meanwhile the history of a party cannot move
    /// on past the fixes of others.
    left: u16,
}

const _: () = assert!(size_of::<HotLine>() == 64);

/// Takes note that something of a device was received.
#[inline]
pub(crate) fn hear(hot: &mut HotLine, track: &mut TrackMut<'_>, at: Timestamp, is_sound_fix: bool) {
    hot.heard_at = at;
    if is_sound_fix {
        track.head.sound_heard_at = at;
    }
}

/// No slack is larger, so that the scale at the anchor holds wherever the fix may be.
pub(crate) const SLACK_M_MAX: f64 = 5_000.0;
/// As many fixes as come may stay unjudged.
pub(crate) const ENDLESS: u16 = u16::MAX;

impl HotLine {
    pub fn new() -> Self {
        Self {
            newest: NEVER,
            quiet_until: NEVER,
            heard_at: NEVER,
            sound_time: NEVER,
            sound: Position::default(),
            anchor: Position::default(),
            scale: Scale::default(),
            slack_m: -1.0,
            lead_s: 0,
            left: 0,
        }
    }

    /// Whether each fix must be judged.
    pub fn is_awake(&self) -> bool {
        self.slack_m < 0.0
    }

    /// From now on each fix must be judged, and boundaries looked for.
    pub fn wake(&mut self) {
        self.slack_m = -1.0;
        self.quiet_until = NEVER;
    }

    /// No boundary is reached before `until`, but each fix must be judged.
    pub fn stay_awake(&mut self, until: Timestamp) {
        self.slack_m = -1.0;
        self.quiet_until = until;
    }

    /// The next fix must be judged, since a party of a pair came nearer than was reckoned with.
    pub fn lose_slack(&mut self) {
        self.slack_m = -1.0;
    }

    /// While at rest, where it is: within so many metres of a position.
    pub fn region(&self) -> Option<(Position, f64)> {
        (!self.is_awake()).then(|| (self.anchor, f64::from(self.slack_m)))
    }

    /// How many fixes may come before one is judged.
    pub fn left(&self) -> u16 {
        if self.is_awake() { 0 } else { self.left }
    }

    /// The next fix must be later than this, or be judged.
    pub fn expect_after(&mut self, time: Timestamp) {
        let lead_s = (time.ms_since(self.newest).max(0) as u64).div_ceil(1000);
        match u16::try_from(lead_s) {
            Ok(lead_s) => self.lead_s = self.lead_s.max(lead_s),
            Err(_) => self.lose_slack(),
        }
    }

    /// No boundary is reached before `until`, and no verdict changes within `slack_m` of this
    /// sound fix, until `left` more have come.
    pub fn rest(&mut self, at: &Sample, slack_m: f64, until: Timestamp, left: u16) {
        self.stay_awake(until);
        let (at, time) = (at.position, at.time);
        (self.lead_s, self.left) = (0, left);
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
        let lead_ms = i64::from(self.lead_s) * 1000;
        if self.slack_m < 0.0
            || self.left == 0
            || time.ms_since(self.newest) <= lead_ms
            || at >= self.quiet_until
        {
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
        self.lead_s = 0;
        self.left -= u16::from(self.left != ENDLESS);
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
    fn new(device: DeviceId) -> Self {
        Self { hot: HotLine::new(), track: TrackHead::new(device) }
    }
}

/// Devices whose memory is looked for together.
pub(crate) const BATCH: usize = 64;

/// All assigned devices, found by id or dense slot.
pub(crate) struct Devices {
    devices: Vec<Option<Device>>,
    lines: Vec<Lines>,
    /// The slots of all tracks, `stride` bytes of each device.
    slabs: Vec<u8>,
    layout: Layout,
    stride: usize,
    free: Vec<usize>,
    places: Places<DeviceId>,
}

/// The tracks of all devices.
#[derive(Clone, Copy)]
pub(crate) struct Tracks<'a> {
    lines: &'a [Lines],
    slabs: &'a [u8],
    layout: Layout,
    stride: usize,
    config: &'a Config,
}

impl<'a> Tracks<'a> {
    pub fn get(&self, device: usize) -> Option<Track<'a>> {
        let first = device * self.stride;
        let bytes = self.slabs.get(first..first + self.stride)?;
        let slots = Slots { layout: self.layout, bytes };
        Some(Track { head: &self.lines.get(device)?.track, slots, config: self.config })
    }

    /// The tracks of these devices.
    pub fn of(self, devices: &'a [usize]) -> TracksOf<'a> {
        TracksOf { all: Some(self), devices }
    }
}

/// The tracks of some devices.
#[derive(Clone, Copy)]
pub(crate) struct TracksOf<'a> {
    all: Option<Tracks<'a>>,
    devices: &'a [usize],
}

impl<'a> TracksOf<'a> {
    pub fn none() -> Self {
        Self { all: None, devices: &[] }
    }

    pub fn get(&self, number: usize) -> Option<Track<'a>> {
        self.all?.get(*self.devices.get(number)?)
    }

    pub fn iter(self) -> impl Iterator<Item = Track<'a>> {
        self.devices.iter().filter_map(move |device| self.all?.get(*device))
    }
}

impl Devices {
    pub fn new(config: &Config) -> Self {
        let layout = Layout::new(config);
        Self {
            devices: Vec::new(),
            lines: Vec::new(),
            slabs: Vec::new(),
            layout,
            stride: layout.bytes(),
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
    pub fn touch(&self, devices: &[Option<usize>; BATCH]) -> u8 {
        let mut next = [(0, 0); BATCH];
        let mut sum = 0;
        for (next, device) in next.iter_mut().zip(devices) {
            let Some(device) = *device else { continue };
            let Some(lines) = self.lines.get(device) else { continue };
            let bytes = lines.track.next_bytes(self.layout);
            *next = (device * self.stride + bytes.start(), device * self.stride + bytes.end());
            sum ^= u8::from(lines.hot.is_awake());
        }
        let byte = |index: usize| self.slabs.get(index).copied().unwrap_or_default();
        next.iter().fold(sum, |sum, (first, last)| sum ^ byte(*first) ^ byte(*last))
    }

    #[inline]
    fn slots_of(&self, device: usize) -> Option<Slots<&[u8]>> {
        let first = device * self.stride;
        let bytes = self.slabs.get(first..first + self.stride)?;
        Some(Slots { layout: self.layout, bytes })
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
        let bytes = self.slabs.get_mut(first..first + self.stride)?;
        let slots = Slots { layout: self.layout, bytes };
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
        let tracks = Tracks {
            lines: &self.lines,
            slabs: &self.slabs,
            layout: self.layout,
            stride: self.stride,
            config,
        };
        Some((self.devices.get_mut(device)?.as_mut()?, tracks))
    }

    pub fn hot(&self, device: usize) -> Option<&HotLine> {
        Some(&self.lines.get(device)?.hot)
    }

    /// When the device was last heard of.
    pub fn heard(&self, device: usize) -> Option<Heard> {
        let Lines { hot, track } = self.lines.get(device)?;
        let known = |at: Timestamp| Some(at).filter(|at| *at > NEVER);
        Some(Heard { any: known(hot.heard_at), sound: known(track.sound_heard_at) })
    }

    /// What the hot path may change.
    #[inline]
    pub fn lines<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut HotLine, TrackMut<'a>)> {
        let first = device * self.stride;
        let bytes = self.slabs.get_mut(first..first + self.stride)?;
        let slots = Slots { layout: self.layout, bytes };
        let Lines { hot, track: head } = self.lines.get_mut(device)?;
        Some((hot, TrackMut { head, slots, config }))
    }

    pub fn insert(&mut self, device: Device) -> usize {
        let (id, lines) = (device.id, Lines::new(device.id));
        let place = self.free.pop().unwrap_or(self.devices.len());
        if place == self.devices.len() {
            self.devices.push(Some(device));
            self.lines.push(lines);
            self.slabs.resize((place + 1) * self.stride, 0);
        } else {
            self.devices[place] = Some(device);
            self.lines[place] = lines;
        }
        self.places.insert(id, place);
        place
    }

    pub fn remove(&mut self, id: DeviceId) -> Option<Device> {
        let place = self.slot(id)?;
        self.places.remove(id);
        self.free.push(place);
        self.devices.get_mut(place)?.take()
    }
}
