//! A device taken from one engine to another, without what orders make of it.

use super::{Device, Devices, HotLine, Lines, Rare};
use crate::track::TrackHead;

/// A device without its watches, with its line and track.
pub(crate) struct DeviceCopy {
    device: Device,
    hot: HotLine,
    head: TrackHead,
    bytes: Vec<u8>,
}

impl Device {
    /// A copy of it as if no order had ever named its person.
    fn without_orders(&self) -> Self {
        let rare = self.rare.as_ref().map(|rare| {
            Box::new(Rare {
                conditions: rare.conditions.clone(),
                others: rare.others.clone(),
                no_order_noted: rare.no_order_noted,
                is_protected: false,
                anchored: None,
            })
        });
        Self { watches: Box::default(), rare, ..*self }
    }
}

impl Devices {
    /// Copies all of a device but what orders make of it.
    pub fn copy(&self, device: usize) -> Option<DeviceCopy> {
        let (lines, bytes) = (self.lines.get(device)?, self.slots_of(device)?.bytes.to_vec());
        let device = self.get(device)?.without_orders();
        Some(DeviceCopy { device, hot: lines.hot, head: lines.track.clone(), bytes })
    }

    /// Takes in a device that nobody has here, from an engine with the same configuration. Each of
    /// its fixes is judged until it rests again.
    pub fn adopt(&mut self, copy: &DeviceCopy) -> usize {
        let place = self.insert(copy.device.without_orders());
        self.lines[place] = Lines { hot: copy.hot, track: copy.head.clone() };
        self.lines[place].hot.wake();
        let first = place * self.stride;
        self.slabs[first..first + self.stride].copy_from_slice(&copy.bytes);
        place
    }
}
