//! Numbers of episodes that one step starts in several watches of a device.

use super::Engine;
use std::collections::BTreeSet;

impl Engine {
    /// Numbers what several watches start in one step as if one had told of all of it.
    // J-PAIR-5
    pub(super) fn number_by_start(&mut self) {
        let numbers = self.outbox.number_by_start();
        let devices: BTreeSet<_> = numbers.keys().map(|id| id.device).collect();
        for id in devices {
            let slot = self.devices.slot(id);
            let device = slot.and_then(|slot| self.devices.get_mut(slot, &self.config));
            // What was taken away in this step has no watches any more.
            let Some((device, ..)) = device else { continue };
            let (watches, _) = device.watches_mut();
            watches.iter_mut().for_each(|watch| watch.number_again(id, &numbers));
        }
    }
}
