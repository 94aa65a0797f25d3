//! keep_away rules: the fixes of the parties judged against each other, and how far each party may
//! go unjudged.
//!
//! A party at rest keeps within a region, a circle round its anchor. While it does, its fixes
//! change no verdict, because everything of the other side that they may be judged against is
//! farther from the region than any rule reaches, or, while an episode is open, not so far that it
//! may end: the other's region, if that is at rest too; else its newest fix and its reference fix.
//! This is set up when the party comes to rest. Later fixes of the other side are either within a
//! region that was kept apart then, or judged: then whoever they come too near to, or too far from,
//! rests no more, nor does anybody after an episode began or ended. A fix that is not the newest of
//! its device may change what was judged against it before, so after one nobody rests. One that
//! comes before another party's, as when both are of the same instant, is held against all from
//! there on.
//!
//! A fix may also be too late for the history of another party, which moves on with each fix of
//! that one. No quiet fix is: it was received within [`LAG_MS_MAX`] after it happened, and whoever
//! rests keeps in its history what happened within that. Who cannot (by fixes that come too fast
//! for its history) does not rest, and neither do the others.
//!
//! The free distance between two parties is divided by halves: who comes to rest takes no more
//! than half, so that a third is left to the other; if less than a third is left, the other has
//! to share anew at its next fix.

#[cfg(test)]
mod tests;

use super::Engine;
use super::observation::Scope;
use crate::device::{Devices, LAG_MS_MAX, NOWHERE, SLACK_M_MAX};
use crate::engine::Config;
use crate::event::Cause;
use crate::geometry::{Position, distance_m};
use crate::ids::{OrderId, PersonId, RuleId};
use crate::key::Key;
use crate::order::KeepAway;
use crate::time::Timestamp;
use crate::track::{Sample, Track};
use crate::watch::{About, Band, Watch};

/// A device that is kept away from a person by an order, or was.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    order: OrderId,
    /// The place of the device.
    restrained: usize,
    protected: PersonId,
}

/// A fix of a party, seen by others.
#[derive(Clone, Copy)]
struct Sight<'a> {
    sample: &'a Sample,
    key: Key,
    /// When it was received.
    at: Timestamp,
    /// At which distances no verdict changes.
    band: Band,
}

/// Computed distances are off by less than this share of them and this many metres (J-GEO-2).
const ERROR_SHARE: f64 = 1e-3;
const ERROR_M: f64 = 0.1;
/// Who would get less than this share of the free distance makes the other share anew.
const SHARE_LEAST: f64 = 1.0 / 3.0;

impl Engine {
    /// The pairs that a device is a party of, the restrained or the protected one.
    pub(super) fn add_pairs(&self, slot: usize, pairs: &mut Vec<Pair>) {
        let Some(device) = self.devices.get(slot) else { return };
        let Some(party) = self.people.get(device.person) else { return };
        for id in &party.restrained_by {
            let protected = self.orders.by_id.get(*id).into_iter().flat_map(|o| &o.protected);
            let pair =
                |person: &PersonId| Pair { order: *id, restrained: slot, protected: *person };
            pairs.extend(protected.map(pair));
        }
        for id in &party.protected_by {
            let pair = |slot| Pair { order: *id, restrained: slot, protected: device.person };
            pairs.extend(self.restrained_devices(*id).map(pair));
        }
    }

    /// Judges how near the parties of keep_away rules are, the device's person being either. A fix
    /// without a place in the history is told as unjudged.
    // J-PROX-1
    pub(super) fn observe_pairs(
        &mut self,
        slot: usize,
        pairs: &[Pair],
        index: Option<usize>,
        sample: &Sample,
        at: Timestamp,
    ) {
        let Some(id) = self.devices.get(slot).map(|device| device.id) else { return };
        let key = sample.key(id);
        for Pair { order, restrained, protected } in pairs.iter().copied() {
            let (about, cause) = (About::Person(protected), Some(Cause::Fix));
            let scope = Scope { order, about, at, time: sample.time, cause };
            let judged = index.and_then(|index| {
                self.observe(restrained, scope, |watch, scene| {
                    let item = scene.item(id, index)?;
                    if key < watch.horizon(scene) {
                        watch.hide(scene, key, at);
                        return None;
                    }
                    watch.take(scene, key, item);
                    Some(())
                })
            });
            if judged.flatten().is_none() {
                self.note_pair_unjudged((restrained, order, protected), id, sample, at);
            }
        }
    }

    /// How far a party may go from its newest fix, of `slack_m` or, without that, nowhere; nothing
    /// if its next fix must be judged. Parties that the fix comes too near to rest no more.
    pub(super) fn keep_apart(
        &mut self,
        slot: usize,
        pairs: &[Pair],
        sample: &Sample,
        at: Timestamp,
        slack_m: Option<f64>,
    ) -> Option<f64> {
        let id = self.devices.get(slot)?.id;
        let key = sample.key(id);
        let mut slack_m = slack_m.map(|slack_m| slack_m.min(SLACK_M_MAX));
        // A fix that lags may be too late for the histories of others.
        if !pairs.is_empty() && at.ms_since(sample.time) >= LAG_MS_MAX {
            slack_m = None;
        }
        // Its history may have moved on past fixes of others that are still to come.
        if !pairs.is_empty() && !reaches_back(&self.devices, slot, &self.config, at) {
            self.rouse_others(slot, pairs);
            slack_m = None;
        }
        for pair in pairs {
            let Some(rules) = self.rules_of(pair, key) else { continue };
            let watch = self.watch_of_pair(pair);
            let band = watch.and_then(|w| w.band_from(key, rules, self.config.exit_margin_m));
            if band.is_none() || watch.is_some_and(|watch| watch.has_turned_from(key)) {
                self.rouse(pair);
            }
            let Some(band) = band else {
                slack_m = None;
                continue;
            };
            let sight = Sight { sample, key, at, band };
            let is_restrained = slot == pair.restrained;
            let protected = self.people.get(pair.protected);
            for hers in protected.into_iter().flat_map(|person| &person.devices).copied() {
                if is_restrained {
                    slack_m = keep_off(&mut self.devices, hers, &self.config, &sight, slack_m);
                } else if hers != slot {
                    // Her fixes may be too late for the history of another device of hers, too.
                    slack_m =
                        slack_m.filter(|_| reaches_back(&self.devices, hers, &self.config, at));
                }
            }
            if !is_restrained {
                let his = pair.restrained;
                slack_m = keep_off(&mut self.devices, his, &self.config, &sight, slack_m);
            }
        }
        slack_m
    }

    /// Nobody who is judged with the device rests any more.
    pub(super) fn rouse_others(&mut self, slot: usize, pairs: &[Pair]) {
        for pair in pairs {
            let protected = self.people.get(pair.protected);
            let hers = protected.into_iter().flat_map(|person| &person.devices);
            let parties = std::iter::once(&pair.restrained).chain(hers);
            for other in parties.filter(|other| **other != slot) {
                lose_slack(&mut self.devices, *other);
            }
        }
    }

    /// No party of the pair rests any more.
    fn rouse(&mut self, pair: &Pair) {
        self.rouse_others(NOWHERE, std::slice::from_ref(pair));
    }

    /// The rules about a pair that count from the item with this key on, if there are any.
    fn rules_of(
        &self,
        pair: &Pair,
        key: Key,
    ) -> Option<impl Iterator<Item = (RuleId, KeepAway)> + Clone> {
        let order = self.orders.by_id.get(pair.order)?;
        let person = self.devices.get(pair.restrained)?.person;
        let rules = order.pair_rules(person, pair.protected, key);
        rules.clone().next().is_some().then_some(rules)
    }

    fn watch_of_pair(&self, pair: &Pair) -> Option<&Watch> {
        let watches = &self.devices.get(pair.restrained)?.watches;
        let id = (pair.order, About::Person(pair.protected));
        watches.iter().find(|watch| (watch.order, watch.about) == id)
    }

    /// The devices of whoever the order restrains in any of its versions.
    pub(super) fn restrained_devices(&self, order: OrderId) -> impl Iterator<Item = usize> {
        let order = self.orders.by_id.get(order);
        let persons = order.into_iter().flat_map(|order| &order.restrained);
        let persons = persons.filter_map(|person| self.people.get(*person));
        persons.flat_map(|person| person.devices.iter().copied())
    }
}

/// The next fix of the device must be judged.
pub(super) fn lose_slack(devices: &mut Devices, slot: usize) {
    if let Some(hot) = devices.hot_mut(slot) {
        hot.lose_slack();
    }
}

/// Whether the history of a device still reaches as far back as quiet fixes of others may.
fn reaches_back(devices: &Devices, slot: usize, config: &Config, at: Timestamp) -> bool {
    let track = devices.track(slot, config);
    track.is_none_or(|track| track.reaches_back(0, at.plus_ms(-LAG_MS_MAX)))
}

/// Lets a device of the other side see a fix. Gives how far the fix's device may go, of `slack_m`.
///
/// A history that reaches back has a place for it. If fixes of the other come after it, as of two
/// of the same instant one must, it is held against all from there on.
fn keep_off(
    devices: &mut Devices,
    other: usize,
    config: &Config,
    sight: &Sight<'_>,
    slack_m: Option<f64>,
) -> Option<f64> {
    let mut slack_m = slack_m.filter(|_| reaches_back(devices, other, config, sight.at));
    let Some((device, hot, track)) = devices.get_mut(other, config) else { return slack_m };
    if let Some((anchor, region_m)) = hot.region() {
        let free_m = sight.free_m(anchor);
        let left_m = free_m - region_m;
        let least_m = slack_m.map_or(0.0, |slack_m| slack_m.min(free_m * SHARE_LEAST));
        if left_m > least_m.max(0.0) {
            slack_m = slack_m.map(|slack_m| slack_m.min(left_m.min(free_m / 2.0)));
            if Key::fix(device.anchored(), device.id, u64::MAX) < sight.key {
                return slack_m;
            }
        } else {
            hot.lose_slack();
        }
    }
    let slack_m = slack_m?;
    let free_m = sight.free_of_m(track.as_ref());
    (free_m > 0.0).then(|| slack_m.min(free_m / 2.0))
}

impl Sight<'_> {
    /// By how much the parties' distance may change before a verdict can, at least.
    fn free_m(&self, other: Position) -> f64 {
        let apart_m = distance_m(self.sample.position, other);
        let (least_m, most_m) =
            (apart_m * (1.0 - ERROR_SHARE) - ERROR_M, apart_m * (1.0 + ERROR_SHARE) + ERROR_M);
        let above_m = self.band.above_m * (1.0 + 2.0 * ERROR_SHARE) + ERROR_M;
        let up_to_m = self.band.up_to_m * (1.0 - 2.0 * ERROR_SHARE) - ERROR_M;
        (least_m - above_m).min(up_to_m - most_m)
    }

    /// The same for all fixes of a device that it, or one that comes after it, may be judged
    /// against: those that come after it, the one before it and the reference fix then.
    fn free_of_m(&self, track: Track<'_>) -> f64 {
        let mut free_m = f64::INFINITY;
        for sample in (0..track.len()).rev().filter_map(|index| track.get(index)) {
            free_m = free_m.min(self.free_m(sample.position));
            if sample.key(track.device()) < self.key {
                break;
            }
        }
        let reference = track.reference_of(self.key, |_| true);
        reference.map_or(free_m, |reference| free_m.min(self.free_m(reference.position)))
    }
}
