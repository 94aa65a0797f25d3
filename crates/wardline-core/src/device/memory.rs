//! What the hot path reads and changes of all devices.
//!
//! The lines of all devices lie side by side, so that they take few pages of memory; the slots of
//! their tracks, most of which no fix looks at, lie apart. (In one piece with its slots, a device's
//! lines cost a fifth of the speed at 100,000 devices.)

use super::{HotLine, Receipt, hear};
use crate::engine::Config;
use crate::ids::DeviceId;
use crate::input::Fix;
use crate::time::NEVER;
use crate::track::{Layout, Slots, Track, TrackHead, TrackMut};
use std::ops::Range;

/// Devices whose memory is looked for together. With 64 the waits at both ends of a batch cost a
/// twentieth; of 256 the memory still lies in the second cache when its turn comes.
pub(crate) const BATCH: usize = 256;

/// Of a cache line.
const LINE_BYTES: usize = 64;

/// The slot of no device.
pub(crate) const NOWHERE: usize = crate::table::NOWHERE as usize;

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
            *next = self.lines.get(*device).map_or(0, |lines| {
                sum ^= lines.hot.touch();
                self.start(*device) + lines.track.next_block(self.layout)
            });
        }
        let last = self.layout.block_bytes() - 1;
        let byte = |index: usize| self.slabs.get(index).copied().unwrap_or_default();
        next.iter().fold(sum, |sum, first| sum ^ byte(*first) ^ byte(first.wrapping_add(last)))
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

    /// Where the slots of a device start.
    #[inline]
    fn start(&self, device: usize) -> usize {
        // That of no device may overflow; nobody has lines there.
        device.wrapping_mul(self.stride)
    }

    fn bytes(&self, device: usize) -> Range<usize> {
        let start = self.start(device);
        start..start + self.stride
    }

    pub fn copy(&self, device: usize) -> Option<MemoryCopy> {
        let lines = self.lines.get(device)?;
        let bytes = self.slabs[self.bytes(device)].to_vec();
        Some(MemoryCopy { hot: lines.hot, head: lines.track.clone(), bytes })
    }

    /// Writes a copy into the slot of the device, which is awake then. The copy comes from an
    /// engine with the same configuration, so that the tracks are laid out alike.
    pub fn adopt(&mut self, device: usize, copy: &MemoryCopy) {
        let Some(lines) = self.lines.get_mut(device) else { return };
        *lines = Lines { hot: copy.hot, track: copy.head.clone() };
        lines.hot.wake();
        let bytes = self.bytes(device);
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
        let (bytes, start) = (&self.slabs[..], self.start(device));
        let slots = Slots { layout: self.layout, bytes, start };
        Some(Track { head: self.head(device)?, slots, config })
    }

    /// The hot path: takes in fixes up to the first that may change something, or that is not kept
    /// like most. Gives how many.
    #[inline(never)]
    pub fn take_row(
        &mut self,
        devices: &[usize],
        fixes: &[Fix],
        receipt: &Receipt,
        config: &Config,
    ) -> usize {
        let row = devices.iter().zip(fixes);
        row.take_while(|(device, fix)| self.takes(**device, fix, receipt, config)).count()
    }

    #[inline(always)]
    fn takes(&mut self, device: usize, fix: &Fix, receipt: &Receipt, config: &Config) -> bool {
        let start = self.start(device);
        let Some(Lines { hot, track: head }) = self.lines.get_mut(device) else { return false };
        let Some(sound) = hot.holds(fix, receipt) else { return false };
        let slots = Slots { layout: self.layout, bytes: &mut self.slabs[..], start };
        let mut track = TrackMut { head, slots, config };
        let Some(packed) = track.packed(&sound) else { return false };
        hot.take(&sound, receipt);
        track.push_in_ring(packed);
        hear(hot, &mut track, receipt.at, true);
        true
    }

    #[inline]
    pub fn get_mut<'a>(
        &'a mut self,
        device: usize,
        config: &'a Config,
    ) -> Option<(&'a mut HotLine, TrackMut<'a>)> {
        let start = self.start(device);
        let slots = Slots { layout: self.layout, bytes: &mut self.slabs[..], start };
        let Lines { hot, track: head } = self.lines.get_mut(device)?;
        Some((hot, TrackMut { head, slots, config }))
    }
}
