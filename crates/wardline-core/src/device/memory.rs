//! What the hot path reads and changes of all devices.
//!
//! The lines of all devices lie side by side, so that they take few pages of memory; the slots of
//! their tracks, most of which no fix looks at, lie apart. (In one piece with its slots, a device's
//! lines cost a fifth of the speed at 100,000 devices.)

use super::{HotLine, hear};
use crate::engine::Config;
use crate::ids::DeviceId;
use crate::input::Fix;
use crate::time::{NEVER, Timestamp};
use crate::track::{Layout, Slots, Track, TrackHead, TrackMut};
use std::ops::Range;

/// Devices whose memory is looked for together. With 64 the waits at both ends of a batch cost a
/// twentieth; of 256 the memory still lies in the second cache when its turn comes.
pub(crate) const BATCH: usize = 256;

/// Of a cache line.
const LINE_BYTES: usize = 64;

/// The slot of no device.
pub(crate) const NOWHERE: usize = usize::MAX;

/// The hot lines and tracks of all devices, by dense slot.
pub(super) struct Memory {
    lines: Vec<Lines>,
    /// The slots of all tracks, `stride` bytes of each device.
    slabs: Vec<u8>,
    layout: Layout,
    stride: usize,
}

/// Two cache lines.
#[repr(align(128))]
struct Lines {
    hot: HotLine,
    track: TrackHead,
}

const _: () = assert!(size_of::<Lines>() == 128);

impl Lines {
    fn new(device: DeviceId) -> Self {
        Self { hot: HotLine::new(), track: TrackHead::new(device) }
    }
}

/// The line and track of one device, taken elsewhere.
pub(super) struct MemoryCopy {
    hot: HotLine,
    head: TrackHead,
    bytes: Vec<u8>,
}

impl Memory {
    pub fn new(config: &Config) -> Self {
        let layout = Layout::new(config);
        Self { lines: Vec::new(), slabs: Vec::new(), layout, stride: layout.bytes() }
    }

    /// Makes the slot a new device's; it is one that was, or the next.
    pub fn put(&mut self, slot: usize, device: DeviceId) {
        match self.lines.get_mut(slot) {
            Some(lines) => *lines = Lines::new(device),
            None => {
                self.lines.push(Lines::new(device));
                self.slabs.resize(self.lines.len() * self.stride, 0);
            }
        }
    }

    /// Reads what the hot path will need of each device, stage by stage in small loops, so that
    /// the waits for memory overlap.
    #[inline]
    pub fn touch(&self, devices: &[usize; BATCH]) -> u8 {
        let mut next = [0; BATCH];
        let mut sum = 0;
        for (next, device) in next.iter_mut().zip(devices) {
            let Some(lines) = self.lines.get(*device) else { continue };
            *next = device * self.stride + lines.track.next_block(self.layout);
            sum ^= u8::from(lines.hot.is_awake());
        }
        let last = self.layout.block_bytes() - 1;
        let byte = |index: usize| self.slabs.get(index).copied().unwrap_or_default();
        next.iter().fold(sum, |sum, first| sum ^ byte(*first) ^ byte(first + last))
    }

    /// Reads what late fixes need of their devices besides, likewise: where the newest fixes lie,
    /// which make room, and what is kept of other inputs.
    pub fn touch_late(&self, devices: &[usize; BATCH], fixes: &[Fix]) -> u8 {
        let (mut late, mut count) = ([NOWHERE; BATCH], 0);
        for (device, fix) in devices.iter().zip(fixes) {
            let newest = self.lines.get(*device).map_or(NEVER, |lines| lines.hot.newest);
            late[count] = *device;
            count += usize::from(fix.time < newest);
        }
        let late =
            late[..count].iter().filter_map(|device| Some((device, self.lines.get(*device)?)));
        let mut sum = 0;
        for (device, Lines { track, .. }) in late.clone() {
            let next = track.next_block(self.layout) + self.stride;
            let behind = |bytes: usize| device * self.stride + (next - bytes) % self.stride;
            let byte = |bytes| self.slabs.get(behind(bytes)).copied().unwrap_or_default();
            sum ^= byte(LINE_BYTES) ^ byte(2 * LINE_BYTES) ^ track.touch_rare();
        }
        late.fold(sum, |sum, (_, lines)| sum ^ lines.track.touch_others())
    }

    #[inline]
    fn bytes(&self, device: usize) -> Range<usize> {
        // No slot overflows: the slab is in memory. That of no device may, and lies outside.
        let start = device.wrapping_mul(self.stride);
        start..start.wrapping_add(self.stride)
    }

    pub fn copy(&self, device: usize) -> Option<MemoryCopy> {
        let (lines, bytes) = (self.lines.get(device)?, self.slabs.get(self.bytes(device))?);
        Some(MemoryCopy { hot: lines.hot, head: lines.track.clone(), bytes: bytes.to_vec() })
    }

    /// Writes a copy into the slot of the device, which is awake then. The copy comes from an
    /// engine with the same configuration, so that the tracks are laid out alike.
    pub fn adopt(&mut self, device: usize, copy: &MemoryCopy) {
        let bytes = self.bytes(device);
        let Some(lines) = self.lines.get_mut(device) else { return };
        *lines = Lines { hot: copy.hot, track: copy.head.clone() };
        lines.hot.wake();
        self.slabs[bytes].copy_from_slice(&copy.bytes);
    }

    pub fn hot(&self, device: usize) -> Option<&HotLine> {
        Some(&self.lines.get(device)?.hot)
    }

    pub fn hot_mut(&mut self, device: usize) -> Option<&mut HotLine> {
        Some(&mut self.lines.get_mut(device)?.hot)
    }

    pub fn head(&self, device: usize) -> Option<&TrackHead> {
        Some(&self.lines.get(device)?.track)
    }

    pub fn track<'a>(&'a self, device: usize, config: &'a Config) -> Option<Track<'a>> {
        let bytes = self.slabs.get(self.bytes(device))?;
        Some(Track {
            head: self.head(device)?,
            slots: Slots { layout: self.layout, bytes },
            config,
        })
    }

    /// Takes in the fix if the device's own memory says that it provably changes nothing.
    #[inline(always)]
    pub fn takes_within_slack(
        &mut self,
        device: usize,
        fix: &Fix,
        at: Timestamp,
        config: &Config,
    ) -> bool {
        let bytes = self.bytes(device);
        let Some(Lines { hot, track: head }) = self.lines.get_mut(device) else { return false };
        let Some(bytes) = self.slabs.get_mut(bytes) else { return false };
        let Some(sound) = hot.takes(fix, at, config) else { return false };
        let mut track = TrackMut { head, slots: Slots { layout: self.layout, bytes }, config };
        if !track.push_in_ring(&sound) {
            track.insert_sound(fix, at);
        }
        hear(hot, &mut track, at, true);
        true
    }

    #[inline]
    pub fn get_mut<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut HotLine, TrackMut<'a>)> {
        let bytes = self.bytes(device);
        let slots = Slots { layout: self.layout, bytes: self.slabs.get_mut(bytes)? };
        let Lines { hot, track: head } = self.lines.get_mut(device)?;
        Some((hot, TrackMut { head, slots, config }))
    }
}
