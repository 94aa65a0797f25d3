//! Going back in a watch's past and on from there, and forgetting what cannot come back.

use super::{About, Item, Scene, State, Watch};
use crate::event::Cause;
use crate::ids::ZoneId;
use crate::key::Key;
use crate::order::{Order, OrderVersion};
use crate::time::Timestamp;
use crate::track::Track;
use crate::zones::Zones;

impl Watch {
    /// Goes back to before `from` and folds on from there to the end of what has happened.
    // J-TIME-3
    pub(super) fn fold_again(&mut self, scene: Scene<'_>, from: Key) {
        self.rewind(from);
        let steps = self.steps_from(scene, from);
        if !steps.is_empty() {
            self.sentries = None;
        }
        let mut steps = steps.into_iter().peekable();
        let base = self.checkpoints.first();
        let mut next = self.first_item(scene, |(key, _)| *key < from);
        while let Some((key, item)) = next {
            next = self.first_item(scene, |other| *other <= (key, item));
            if key <= base || key < scene.assigned {
                continue;
            }
            while let Some((step, zone)) = steps.next_if(|(step, _)| *step < key) {
                self.pass(scene, step, zone);
            }
            self.take_next(scene, key, item);
        }
        for (step, zone) in steps {
            self.pass(scene, step, zone);
        }
    }

    /// The first item that is not one of the earlier ones, of which `is_earlier` holds.
    fn first_item(
        &self,
        scene: Scene<'_>,
        is_earlier: impl Fn(&(Key, Item)) -> bool,
    ) -> Option<(Key, Item)> {
        if self.about == About::Conditions {
            let words = scene.conditions.keys(scene.device).map(|key| (key, Item::Word));
            return words.into_iter().find(|item| !is_earlier(item));
        }
        let own = first_of(scene.track, Item::Own, &is_earlier);
        let hers = scene.others.iter().enumerate().filter_map(|(number, track)| {
            first_of(track, |index| Item::Other(number, index), &is_earlier)
        });
        hers.chain(own).min()
    }

    /// Whether nothing has turned, and no rule or zone has changed, from `key` on. Of rules the
    /// states tell, which hold those that are active.
    pub fn rests_since(&self, order: &Order, zones: &Zones, key: Key) -> bool {
        if self.about != About::Places {
            return true;
        }
        let turned = self.checkpoints.last() >= key;
        let has_changed = |version: &OrderVersion| {
            version.zones().any(|zone| zones.changes_from(zone, key).next().is_some())
                || version.layers().any(|l| zones.layer_changes_from(l, key).next().is_some())
        };
        !turned && (zones.last_change() < key || !order.versions.iter().any(has_changed))
    }

    fn rewind(&mut self, from: Key) {
        self.last = self.checkpoints.go_back(from);
        match self.checkpoints.newest() {
            Some(state) => self.now.clone_from(state),
            None => self.now = State::default(),
        }
        self.episodes.retain(|episode| episode.opened_by < from);
        for episode in self.episodes.iter_mut() {
            if episode.closed_by.is_some_and(|closed_by| closed_by >= from) {
                episode.end = None;
                episode.closing = None;
                episode.closed_by = None;
            }
        }
    }

    /// The boundaries and configuration instants from `from` on, with the zone that changed.
    fn steps_from(&self, scene: Scene<'_>, from: Key) -> Vec<(Key, Option<ZoneId>)> {
        let steps = scene.order.steps_from(from).into_iter();
        let mut steps: Vec<_> = steps.map(|key| (key, None)).collect();
        for version in &scene.order.versions {
            for zone in version.zones() {
                let changes = scene.zones.changes_from(zone, from);
                steps.extend(changes.map(|key| (key, Some(zone))));
            }
            for layer in version.layers() {
                let changes = scene.zones.layer_changes_from(layer, from);
                steps.extend(changes.map(|(key, zone)| (key, Some(zone))));
            }
        }
        steps.sort_unstable();
        steps.dedup();
        let since = scene.order.versions.first().map_or(Key::FIRST, OrderVersion::put);
        let since = since.max(scene.assigned);
        steps.retain(|(key, _)| *key >= since);
        if since == scene.assigned && since >= from {
            steps.insert(0, (since, None));
        }
        steps
    }

    /// Forgets what lies before the horizon.
    pub fn forget_before(&mut self, horizon: Key) {
        self.checkpoints.forget_before(horizon);
        self.episodes.retain(|episode| episode.closed_by.is_none_or(|closed| closed >= horizon));
    }

    /// A fix came too late for the pair, then: whatever happened before is judged without it.
    // J-PROX-4
    pub fn hide(&mut self, scene: Scene<'_>, fix: Key, at: Timestamp) {
        let oldest = scene.tracks().filter_map(|track| track.key(0)).min();
        let hidden = &mut self.limits_mut().hidden;
        hidden.retain(|(fix, _)| Some(*fix) >= oldest);
        hidden.push((fix, Key::end_of(at)));
    }

    /// A device of the protected person is gone: what was judged by its fixes before stays. Fixes
    /// that happened at the same instant count as later, and are judged again.
    // J-TIME-5, J-PROX-4
    pub fn freeze(&mut self, scene: Scene<'_>, key: Key) {
        if self.last > key || self.newest_item(scene).is_some_and(|newest| newest > key) {
            self.fold_again(scene, key);
        }
        self.limits_mut().frozen = self.frozen().max(key);
    }

    /// The device is taken from the person: all episodes end, and fixes that happened at the same
    /// instant no longer count.
    pub fn release(&mut self, scene: Scene<'_>, key: Key) {
        self.rewind(key);
        while let Some(machine) = self.now.machines.first() {
            self.end_machine(scene, machine.id, key, Cause::DeviceReleased);
        }
    }
}

/// The first item of a track that is not one of the earlier ones.
fn first_of(
    track: Track<'_>,
    item: impl Fn(usize) -> Item,
    is_earlier: impl Fn(&(Key, Item)) -> bool,
) -> Option<(Key, Item)> {
    let at = |index| Some((track.key(index)?, item(index)));
    let (mut low, mut high) = (0, track.len());
    while low < high {
        let middle = low.midpoint(high);
        if is_earlier(&at(middle)?) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    at(low)
}
