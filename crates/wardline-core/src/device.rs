//! The assigned devices: who carries each, what it sent of late, and the line that the hot path
//! reads.

mod copy;
mod hot;
mod memory;
mod receipt;
mod saved;

pub(crate) use copy::DeviceCopy;

use crate::condition::Conditions;
use crate::engine::Config;
use crate::ids::{DeviceId, PersonId};
use crate::input::Fix;
use crate::key::Key;
use crate::table::Places;
use crate::time::{NEVER, Timestamp};
use crate::track::{Track, TrackMut};
use crate::watch::Watch;
use memory::Memory;

pub(crate) use hot::{ENDLESS, HotLine, LAG_MS_MAX, SLACK_M_MAX, hear};
pub(crate) use memory::{BATCH, NOWHERE};
pub(crate) use receipt::Receipt;

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
    no_order_noted: bool,
    /// Some order protects its person by keep_away, or did.
    is_protected: bool,
    /// Of a party of a pair, the event time of the fix that it last came to rest at.
    anchored: Option<Timestamp>,
    /// When it was last being switched off, in event time.
    switched_off: Option<Timestamp>,
}

/// All that a device at rest waits for, if that is the next boundary and the timers of one order
/// whose parties have one device each and no other order. Not kept in snapshots: without it the
/// same is found by looking at the order.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    /// The place of the restrained person's device.
    pub restrained: usize,
    /// That of the protected person's, if there is one.
    pub protected: Option<usize>,
    /// When the order's next boundary comes.
    pub boundary: Timestamp,
    /// How long after a sound fix of his an alarm comes if nothing more does: who rests sends
    /// nothing else that counts.
    pub patience_ms: Option<i64>,
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

    /// Takes note that it was being switched off then, in event time.
    pub fn switch_off(&mut self, time: Timestamp) {
        let rare = self.rare.get_or_insert_default();
        rare.switched_off = rare.switched_off.max(Some(time));
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
}

/// When a device was last heard of.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    pub any: Option<Timestamp>,
    pub sound: Option<Timestamp>,
}

/// All assigned devices, found by id or dense slot.
pub(crate) struct Devices {
    devices: Vec<Option<Device>>,
    memory: Memory,
    /// What devices wait for, as far as it is noted. They lie side by side, since who waits is
    /// looked at every few fixes, and nothing else of the device then.
    waits: Vec<Option<Wait>>,
    free: Vec<usize>,
    places: Places<DeviceId>,
}

/// The tracks of all devices.
#[derive(Clone, Copy)]
pub(crate) struct Tracks<'a> {
    memory: &'a Memory,
    config: &'a Config,
}

impl<'a> Tracks<'a> {
    pub fn get(&self, device: usize) -> Option<Track<'a>> {
        self.memory.track(device, self.config)
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
        let memory = Memory::new(config);
        let (waits, places) = (Vec::new(), Places::new());
        Self { devices: Vec::new(), memory, waits, free: Vec::new(), places }
    }

    #[inline]
    pub fn slot(&self, id: DeviceId) -> Option<usize> {
        self.places.get(id)
    }

    /// Reads what the hot path will need of each device.
    #[inline(never)]
    pub fn touch(&self, devices: &[usize; BATCH]) -> u8 {
        self.memory.touch(devices)
    }

    /// Reads what is needed besides by those of the fixes that leave the slack of their devices.
    #[inline(never)]
    pub fn touch_leaving(&self, devices: &[usize; BATCH], fixes: &[Fix]) -> u32 {
        let is_leaving = |device: &usize, fix: &Fix| {
            self.memory.hot(*device).is_some_and(|hot| !hot.has_within_slack(fix.position))
        };
        let leaving = devices.iter().zip(fixes).filter(|(device, fix)| is_leaving(device, fix));
        let watches = leaving.filter_map(|(device, _)| self.get(*device)).map(|d| &d.watches);
        watches.flatten().fold(0, |sum, watch| sum ^ watch.touch())
    }

    /// Reads what late fixes will need of their devices besides.
    #[inline(never)]
    pub fn touch_late(&self, devices: &[usize; BATCH], fixes: &[Fix]) -> u8 {
        self.memory.touch_late(devices, fixes)
    }

    pub fn get(&self, device: usize) -> Option<&Device> {
        self.devices.get(device)?.as_ref()
    }

    pub fn track<'a>(&'a self, device: usize, config: &'a Config) -> Option<Track<'a>> {
        self.memory.track(device, config)
    }

    /// A device with what the hot path changes of it.
    pub fn get_mut<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut Device, &'a mut HotLine, TrackMut<'a>)> {
        let (hot, track) = self.memory.get_mut(device, config)?;
        Some((self.devices.get_mut(device)?.as_mut()?, hot, track))
    }

    /// A device to be changed, and the tracks of all to be read.
    pub fn among<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut Device, Tracks<'a>)> {
        let tracks = Tracks { memory: &self.memory, config };
        Some((self.devices.get_mut(device)?.as_mut()?, tracks))
    }

    pub fn hot(&self, device: usize) -> Option<&HotLine> {
        self.memory.hot(device)
    }

    pub fn hot_mut(&mut self, device: usize) -> Option<&mut HotLine> {
        self.memory.hot_mut(device)
    }

    /// Noted when it was last looked when anything is due, if nothing has changed since.
    pub fn wait(&self, device: usize) -> Option<&Wait> {
        self.waits.get(device)?.as_ref()
    }

    pub fn note_wait(&mut self, device: usize, wait: Wait) {
        if self.waits.len() <= device {
            self.waits.resize(device + 1, None);
        }
        self.waits[device] = Some(wait);
    }

    pub fn forget_wait(&mut self, device: usize) {
        if let Some(wait) = self.waits.get_mut(device) {
            *wait = None;
        }
    }

    /// When the device was last heard of.
    pub fn heard(&self, device: usize) -> Option<Heard> {
        let (hot, track) = (self.memory.hot(device)?, self.memory.head(device)?);
        let known = |at: Timestamp| Some(at).filter(|at| *at > NEVER);
        Some(Heard { any: known(hot.heard_at), sound: known(track.sound_heard_at) })
    }

    /// The event time of the newest sound fix.
    pub fn newest_sound(&self, device: usize, config: &Config) -> Option<Timestamp> {
        let at_rest = self.memory.hot(device)?.newest_sound();
        at_rest.or_else(|| self.track(device, config)?.newest_sound())
    }

    /// When the device was switched off, unless something from later has come.
    pub fn switched_off(&self, device: usize) -> Option<Timestamp> {
        let newest = self.memory.hot(device)?.newest;
        let rare = self.get(device)?.rare.as_ref()?;
        rare.switched_off.filter(|off| *off >= newest)
    }

    /// The hot path: takes in fixes up to the first that may change something, or that is not kept
    /// like most. Gives how many.
    #[inline(always)]
    pub fn take_row(
        &mut self,
        devices: &[usize],
        fixes: &[Fix],
        receipt: &Receipt,
        config: &Config,
    ) -> usize {
        self.memory.take_row(devices, fixes, receipt, config)
    }

    /// What the hot path may change.
    pub fn lines<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut HotLine, TrackMut<'a>)> {
        self.memory.get_mut(device, config)
    }

    pub fn insert(&mut self, device: Device) -> usize {
        let id = device.id;
        let place = self.free.pop().unwrap_or(self.devices.len());
        self.memory.put(place, id);
        self.forget_wait(place);
        match self.devices.get_mut(place) {
            Some(free) => *free = Some(device),
            None => self.devices.push(Some(device)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_device_does_not_wait_for_what_the_last_at_its_place_did() {
        let config = &Config::default();
        let mut devices = Devices::new(config);
        let insert = |devices: &mut Devices, number| {
            let id = DeviceId::new(number).unwrap_or_default();
            devices.insert(Device::new(id, PersonId::NONE, Key::FIRST))
        };
        let first = insert(&mut devices, 1);
        let boundary = Timestamp::FAR_FUTURE;
        let wait = Wait { restrained: first, protected: None, boundary, patience_ms: None };
        devices.note_wait(first, wait);
        assert!(devices.wait(first).is_some());
        devices.remove(DeviceId::new(1).unwrap_or_default());
        assert_eq!(insert(&mut devices, 2), first);
        assert!(devices.wait(first).is_none());
    }
}
