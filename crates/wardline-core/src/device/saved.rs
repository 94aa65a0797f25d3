//! The part of a snapshot that holds the devices. They are written in the order of their ids:
//! where one lies in memory is of no consequence.

use super::{Device, Devices, HotLine, Other, SLACK_M_MAX};
use crate::condition::Conditions;
use crate::engine::Config;
use crate::geometry::{Position, Scale};
use crate::key::Key;
use crate::order::Orders;
use crate::snapshot::{Read, Reader, Sink};
use crate::table::Places;
use crate::time::Timestamp;
use crate::watch::Watch;
use std::collections::VecDeque;

const OTHER_BYTES: usize = 18;
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
            let (Some(track), Some(lines)) = (self.track(place, config), self.lines.get(place))
            else {
                continue;
            };
            device.write(out);
            lines.hot.write(out);
            track.write(out);
            let others = device.rare.as_ref().map(|rare| &rare.others);
            out.count(others.map_or(0, VecDeque::len));
            for other in others.into_iter().flatten() {
                other.time.write(out);
                out.u64(other.seq);
                out.u16(other.fixes_before);
            }
            device.conditions().write(out);
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
            let others = read_others(from)?;
            if !others.is_empty() {
                device.rare.get_or_insert_default().others = others;
            }
            let conditions = Conditions::read(from)?;
            if !conditions.is_empty() {
                *device.conditions_mut() = conditions;
            }
            device.watches = Watch::read_all(from, orders)?.into_boxed_slice();
        }
        Ok(devices)
    }
}

fn read_others(from: &mut Reader<'_>) -> Read<VecDeque<Other>> {
    let count = from.count("other inputs of a device", OTHER_BYTES, from.config.repeat_memory)?;
    let mut others = VecDeque::with_capacity(count);
    for _ in 0..count {
        others.push_back(Other {
            time: Timestamp::read(from, "the time of another input")?,
            seq: from.u64("the sequence number of another input")?,
            fixes_before: from.u16("the fixes before another input")?,
        });
    }
    Ok(others)
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

impl HotLine {
    /// While each fix must be judged, the anchor is of no consequence.
    fn write(&self, out: &mut impl Sink) {
        self.newest.write(out);
        self.quiet_until.write(out);
        self.heard_at.write(out);
        out.flag(!self.is_awake());
        if !self.is_awake() {
            self.sound_time.write(out);
            self.sound.write(out);
            self.anchor.write(out);
            out.u32(self.slack_m.to_bits());
            out.u16(self.lead_s);
            out.u16(self.left);
        }
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let mut hot = Self::new();
        hot.newest = Timestamp::read(from, "the newest time of a device")?;
        hot.quiet_until = Timestamp::read(from, "the quiet time of a device")?;
        hot.heard_at = Timestamp::read(from, "when a device was heard")?;
        if !from.flag("whether a device rests")? {
            return Ok(hot);
        }
        hot.sound_time = Timestamp::read(from, "the time of the last sound fix")?;
        hot.sound = Position::read(from)?;
        let offset = from.offset();
        hot.anchor = Position::read(from)?;
        let scale = Scale::near(hot.anchor);
        let lat_e7 = hot.anchor.lat_e7() as u64;
        from.check(scale.is_some(), offset, "the latitude of an anchor", lat_e7)?;
        hot.scale = scale.unwrap_or_default();
        let offset = from.offset();
        let bits = from.u32("the slack of a device")?;
        hot.slack_m = f32::from_bits(bits);
        let is_slack = hot.slack_m.is_sign_positive() && f64::from(hot.slack_m) <= SLACK_M_MAX;
        from.check(is_slack, offset, "the slack of a device", u64::from(bits))?;
        hot.lead_s = from.u16("how much later the next fix of a device must be")?;
        hot.left = from.u16("how many fixes of a device may pass")?;
        Ok(hot)
    }
}
