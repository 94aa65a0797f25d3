//! The part of a snapshot that holds the devices. They are written in the order of their ids:
//! where one lies in memory is of no consequence.

use super::{Device, Devices, HotLine};
use crate::condition::Conditions;
use crate::engine::Config;
use crate::key::Key;
use crate::order::Orders;
use crate::snapshot::{Read, Reader, Sink};
use crate::table::Places;
use crate::time::Timestamp;
use crate::watch::Watch;

/// Besides fixes and watches: what memory for a snapshot is reserved by.
const DEVICE_BYTES_ABOUT: usize = 128;
const FIX_BYTES_ABOUT: usize = 33;

impl Devices {
    pub fn len(&self) -> usize {
        self.devices.len() - self.free.len()
    }

    /// How many bytes the devices take, watches left out.
    pub fn bytes_about(&self, config: &Config) -> usize {
        let tracks = (0..self.devices.len()).filter_map(|device| self.track(device, config));
        tracks.map(|track| DEVICE_BYTES_ABOUT + FIX_BYTES_ABOUT * track.fixes_kept()).sum()
    }

    /// The devices with their places, in the order of their ids.
    fn sorted(&self) -> Vec<(&Device, usize)> {
        let places = (0..).zip(&self.devices);
        let mut devices: Vec<_> =
            places.filter_map(|(place, device)| Some((device.as_ref()?, place))).collect();
        devices.sort_unstable_by_key(|(device, _)| device.id);
        devices
    }

    pub fn write(&self, config: &Config, out: &mut impl Sink) {
        for (device, place) in self.sorted() {
            let (Some(track), Some(hot)) = (self.track(place, config), self.memory.hot(place))
            else {
                continue;
            };
            device.write(out);
            hot.write(out);
            track.write(out);
            device.conditions().write(out);
            out.option(self.switched_off(place), |out, time| time.write(out));
            out.count(device.watches.len());
            device.watches.iter().for_each(|watch| watch.write(out));
        }
    }

    pub fn read(from: &mut Reader<'_>, count: usize, orders: &Orders) -> Read<Self> {
        let config = from.config;
        let mut devices = Self::new(config);
        devices.places = Places::sparing(count);
        let mut last = None;
        for _ in 0..count {
            let offset = from.offset();
            let device = Device::read(from)?;
            let id = device.id;
            from.check(last < Some(id), offset, "the id of a device", id.number())?;
            last = Some(id);
            let place = devices.insert(device);
            let Some((device, hot, mut track)) = devices.get_mut(place, config) else { break };
            *hot = HotLine::read(from)?;
            track.read(from)?;
            let conditions = Conditions::read(from)?;
            if !conditions.is_empty() {
                *device.conditions_mut() = conditions;
            }
            let switched_off = |from: &mut Reader<'_>| {
                let offset = from.offset();
                let time = Timestamp::read(from, "when a device was switched off")?;
                let about = "when a device was switched off";
                from.check(time >= hot.newest, offset, about, time.ms() as u64)?;
                Ok(time)
            };
            if let Some(time) = from.option("whether a device is switched off", switched_off)? {
                device.switch_off(time);
            }
            device.watches = Watch::read_all(from, orders)?.into_boxed_slice();
        }
        Ok(devices)
    }
}

impl Device {
    fn write(&self, out: &mut impl Sink) {
        out.id(self.id);
        out.id(self.person);
        self.assigned_by().write_input(out);
        out.flag(self.is_no_order_noted());
        let anchored = self.rare.as_ref().and_then(|rare| rare.anchored);
        out.option(anchored, |out, time| time.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let (id, person) = (from.id("the id of a device")?, from.id("the person of a device")?);
        let mut device = Self::new(id, person, Key::read_input(from)?);
        if from.flag("whether no order was noted")? {
            device.note_no_order();
        }
        let time = |from: &mut Reader<'_>| Timestamp::read(from, "when a device came to rest");
        if let Some(time) = from.option("whether a party of a pair came to rest", time)? {
            device.note_anchor(time);
        }
        Ok(device)
    }
}
