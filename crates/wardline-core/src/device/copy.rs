//! A device taken from one engine to another, without what orders make of it.

use super::memory::MemoryCopy;
use super::{Device, Devices, Rare};

/// A device without its watches, with its line and track.
pub(crate) struct DeviceCopy {
    device: Device,
    memory: MemoryCopy,
}

impl Device {
    /// A copy of it as if no order had ever named its person.
    fn without_orders(&self) -> Self {
        let rare = self.rare.as_ref().map(|rare| {
            Box::new(Rare {
                conditions: rare.conditions.clone(),
                no_order_noted: rare.no_order_noted,
                is_protected: false,
                anchored: None,
                switched_off: rare.switched_off,
            })
        });
        Self { watches: Box::default(), rare, ..*self }
    }
}

impl Devices {
    /// Copies all of a device but what orders make of it.
    pub fn copy(&self, device: usize) -> Option<DeviceCopy> {
        let memory = self.memory.copy(device)?;
        Some(DeviceCopy { device: self.get(device)?.without_orders(), memory })
    }

    /// Takes in a device that nobody has here, from an engine with the same configuration. Each of
    /// its fixes is judged until it rests again.
    pub fn adopt(&mut self, copy: &DeviceCopy) -> usize {
        let place = self.insert(copy.device.without_orders());
        self.memory.adopt(place, &copy.memory);
        place
    }
}
