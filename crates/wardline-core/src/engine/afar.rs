//! Fixes that have left the slack, far from all that the orders of the device's person forbid.

use super::Engine;
use crate::device::{Receipt, hear};
use crate::geometry::Scale;
use crate::input::Fix;
use crate::track::{Sample, SoundFix};
use crate::watch::{Glance, Watch};
use crate::zones::Zones;

impl Engine {
    /// Whether the fix, of a device that rested, is far from all that is forbidden. If so it is
    /// taken in as [`Engine::take_fix`] would, by less, and the device rests there.
    pub(super) fn takes_afar(&mut self, slot: usize, fix: &Fix, receipt: &Receipt) -> bool {
        let lines = self.devices.get_mut(slot, &self.config).filter(|_| self.config.slack);
        let Some((device, hot, mut track)) = lines else { return false };
        let glance = hot.last_sound().and_then(|last| Glance::new(fix.position, Some(last)));
        let Some(glance) = glance else { return false };
        let Some(sound) = hot.meets(fix, receipt, glance.step_m()) else { return false };
        let slack_m = slack_afar_m(&mut device.watches, &glance, &self.zones);
        let Some(slack_m) = slack_m else { return false };
        if hot.is_of_pair() {
            return self.takes_apart(slot, fix, &sound, receipt, glance.scale(), slack_m);
        }
        hot.move_to(&sound, receipt, glance.scale(), slack_m);
        track.push_sound(&sound, fix, receipt.at);
        hear(hot, &mut track, receipt.at, true);
        self.counters.fixes += self.part.count();
        true
    }

    /// The same for a party of pairs that may go so far but for the other parties.
    #[inline(never)]
    fn takes_apart(
        &mut self,
        slot: usize,
        fix: &Fix,
        sound: &SoundFix,
        receipt: &Receipt,
        scale: Scale,
        slack_m: f64,
    ) -> bool {
        let at = receipt.at;
        let mut pairs = std::mem::take(&mut self.pairs_at_hand);
        self.add_pairs(slot, &mut pairs);
        let sample = Sample::new(fix, at, &self.config);
        let slack_m = self.keep_apart(slot, &pairs, &sample, at, Some(slack_m));
        pairs.clear();
        self.pairs_at_hand = pairs;
        let lines = self.devices.get_mut(slot, &self.config);
        let Some((slack_m, (device, hot, mut track))) = slack_m.zip(lines) else { return false };
        hot.move_to(sound, receipt, scale, slack_m);
        track.push_sound(sound, fix, at);
        hear(hot, &mut track, at, true);
        device.note_anchor(sample.time);
        self.counters.fixes += self.part.count();
        true
    }
}

/// How far one may go from there before a verdict of any place can change; nothing if the fix must
/// be judged in full.
pub(super) fn slack_afar_m(watches: &mut [Watch], glance: &Glance, zones: &Zones) -> Option<f64> {
    watches.iter_mut().try_fold(f64::INFINITY, |slack_m, watch| {
        Some(watch.slack_afar_m(glance, zones)?.min(slack_m))
    })
}
