//! Which waiting fixes are dropped when there is no room, where the integrator chose so.
//!
//! Devices that have the most fixes waiting lose their oldest ones, down to an equal level, and
//! never their newest one. Nothing but fixes is ever dropped.

use super::batch::Batch;
use hashbrown::HashMap;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Record};

/// What happens when no more inputs may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Shedding {
    /// Whoever submits waits, or gets the batch back.
    #[default]
    Never,
    /// The oldest waiting fixes of the devices that have the most are dropped, counted and told as
    /// [`Notice::Shed`](super::Notice::Shed). If that is not enough, as with `Never`.
    ByDevice,
}

/// How many waiting fixes each device has, and must lose.
#[derive(Default)]
pub(super) struct Scales {
    fixes: HashMap<DeviceId, usize>,
}

impl Scales {
    /// Weighs all fixes. False if not so many can be spared; else what each device must lose.
    pub fn weigh<'a>(&mut self, batches: impl Iterator<Item = &'a Batch>, excess: usize) -> bool {
        self.fixes.clear();
        for device in batches.flat_map(|batch| &batch.records).filter_map(device_of) {
            *self.fixes.entry(device).or_default() += 1;
        }
        let spared = |level: usize| -> usize {
            self.fixes.values().map(|fixes| fixes.saturating_sub(level)).sum()
        };
        if spared(1) < excess {
            return false;
        }
        // The highest level at which enough is spared: low always is, high is not.
        let (mut low, mut high) = (1, self.fixes.values().copied().max().unwrap_or(1) + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if spared(middle) >= excess { low = middle } else { high = middle }
        }
        self.fixes.values_mut().for_each(|fixes| *fixes = fixes.saturating_sub(low));
        self.fixes.retain(|_, fixes| *fixes > 0);
        true
    }

    /// Drops the oldest of what [`Scales::weigh`] found, so many in all. Gives how many of which
    /// device, by device.
    pub fn drop_from<'a>(
        &mut self,
        batches: impl Iterator<Item = &'a mut Batch>,
        mut excess: usize,
    ) -> Vec<(DeviceId, usize)> {
        let mut dropped: HashMap<DeviceId, usize> = HashMap::new();
        for batch in batches {
            batch.records.retain(|record| {
                let Some(device) = device_of(record).filter(|_| excess > 0) else { return true };
                let Some(left) = self.fixes.get_mut(&device).filter(|left| **left > 0) else {
                    return true;
                };
                (*left, excess) = (*left - 1, excess - 1);
                *dropped.entry(device).or_default() += 1;
                false
            });
        }
        let mut dropped: Vec<_> = dropped.into_iter().collect();
        dropped.sort_unstable();
        dropped
    }
}

fn device_of(record: &Record) -> Option<DeviceId> {
    match &record.input {
        Input::Fix(fix) => Some(fix.device),
        _ => None,
    }
}
