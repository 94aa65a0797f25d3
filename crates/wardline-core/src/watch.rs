//! One device under one order: the two-state machines of its rules, folded over what happened.
//!
//! The fold goes through boundaries, configuration and fixes in the order of their [`Key`]s. What
//! comes late is put in its place: the watch goes back to the state before it and folds on from
//! there; the difference between the episodes before and after is what the engine says.

mod difference;
mod judge;
mod sentry;
#[cfg(test)]
mod tests;

use crate::engine::Config;
use crate::event::{Cause, Certainty, EventKind};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::Place;
use crate::key::Key;
use crate::order::{Order, OrderVersion};
use crate::time::Timestamp;
use crate::track::{Sample, Track};
use crate::zones::Zones;
pub(crate) use difference::Difference;
pub(crate) use sentry::Glance;

/// What a watch looks at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub config: &'a Config,
    pub zones: &'a Zones,
    pub order: &'a Order,
    pub track: Track<'a>,
    pub device: DeviceId,
    pub person: PersonId,
}

/// One device of the restrained person under one order.
pub(crate) struct Watch {
    pub order: OrderId,
    now: State,
    /// The state after the item with each key; the first is what the history starts from.
    checkpoints: Vec<(Key, State)>,
    /// The episodes that are open or ended within the history, in the order of their making.
    episodes: Vec<Episode>,
    /// Set up by a full judgement, taken down by whatever changes the rules.
    sentries: Option<Vec<sentry::Sentry>>,
}

/// The state of all machines.
#[derive(Clone, Default, PartialEq)]
struct State {
    active: Vec<Active>,
    /// The machines that are open or in a row, sorted by id.
    machines: Vec<Machine>,
}

#[derive(Clone, Copy, PartialEq)]
struct Active {
    rule: RuleId,
    since: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct MachineId {
    pub rule: RuleId,
    pub kind: EventKind,
    pub zone: ZoneId,
}

#[derive(Clone, PartialEq)]
struct Machine {
    id: MachineId,
    mode: Mode,
}

#[derive(Clone, PartialEq)]
enum Mode {
    /// Qualifying fixes in a row that do not suffice yet (J-BREACH-4).
    Row { count: u32, first: Timestamp, last: Key },
    /// With the threshold that it was last judged by.
    Open { permitted: bool, threshold_m: f64 },
}

/// An episode as the fold made it.
#[derive(Clone)]
pub(crate) struct Episode {
    pub id: MachineId,
    /// 0 until it was told of.
    pub number: u64,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub certainty: Certainty,
    pub permitted: bool,
    pub opening: Proof,
    pub closing: Option<Proof>,
    /// Its end was told of; should it open again, only amendments follow (J-PAIR-1).
    pub end_told: bool,
    opened_by: Key,
    closed_by: Option<Key>,
}

/// What an opening or closing rests on.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    pub cause: Cause,
    pub order_version: u64,
    pub zone_version: u64,
    pub threshold_m: f64,
    /// Nothing where a rule's end ended the episode.
    pub judged: Option<(f64, Sample)>,
}

impl Watch {
    pub fn new(order: OrderId) -> Self {
        let checkpoints = vec![(Key::FIRST, State::default())];
        Self { order, now: State::default(), checkpoints, episodes: Vec::new(), sentries: None }
    }

    pub fn episodes(&self) -> &[Episode] {
        &self.episodes
    }

    /// A boundary or configuration instant after all that was folded so far.
    // J-SCHED-1, J-SCHED-2
    pub fn pass(&mut self, scene: Scene<'_>, key: Key, zone: Option<ZoneId>) {
        self.sentries = None;
        let before = self.now.active.clone();
        let version = scene.order.as_of(key).filter(|version| version.person == scene.person);
        let in_force = version.filter(|version| version.is_in_force(key));
        self.now.active = in_force.map_or_else(Vec::new, |version| active_rules(version, key.time));
        self.end_what_no_longer_holds(scene, key, zone);
        if let Some(version) = in_force
            && let Some(sample) = scene.track.reference(scene.device, key)
            && key.time.ms_since(sample.time) <= scene.config.reference_age_max_ms
        {
            self.judge_reference(scene, version, key, zone, &before, &sample);
        }
        self.note(key, self.now.active != before);
    }

    fn judge_reference(
        &mut self,
        scene: Scene<'_>,
        version: &OrderVersion,
        key: Key,
        zone: Option<ZoneId>,
        before: &[Active],
        sample: &Sample,
    ) {
        for rule in &version.rules {
            let Some(since) = self.since(rule.rule) else {
                continue;
            };
            let was_active = before.iter().any(|active| active.rule == rule.rule);
            let (cause, only) = match zone {
                _ if !was_active => (Cause::RuleStarted, None),
                Some(zone) if version.permits_zone(zone) => (Cause::ZoneChanged, None),
                Some(zone) => (Cause::ZoneChanged, Some(zone)),
                None if !key.is_boundary() => (Cause::OrderChanged, None),
                None if version.permit_ends_at(key.time) => (Cause::PermitEnded, None),
                None => continue,
            };
            let bench = judge::Bench {
                scene,
                version,
                rule,
                key,
                cause,
                since,
                before: None,
                glance: None,
            };
            self.judge(&bench, sample, only);
        }
    }

    /// A fix after all that was folded so far: `index` is its place in the track. Gives the
    /// distance
    /// in metres within which no verdict can change.
    pub fn take_fix(&mut self, scene: Scene<'_>, index: usize) -> f64 {
        let Some(sample) = scene.track.get(index) else {
            return 0.0;
        };
        let key = sample.key(scene.device);
        let mut slack_m = f64::INFINITY;
        let episodes = self.episodes.len();
        let in_force = scene.order.in_force(key).filter(|version| version.person == scene.person);
        if let Some(version) = in_force {
            let before = match sample.trust.sound() {
                true => scene.track.sound_before(index),
                false => None,
            };
            let glance = match sample.trust.sound() && scene.config.slack {
                true => Glance::new(sample.position, before.map(|before| before.position)),
                false => None,
            };
            for rule in &version.rules {
                let Some(since) = self.since(rule.rule) else {
                    continue;
                };
                let cause = Cause::Fix;
                let bench =
                    judge::Bench { scene, version, rule, key, cause, since, before, glance };
                slack_m = slack_m.min(self.judge(&bench, &sample, None));
            }
        }
        self.note(key, self.episodes.len() != episodes);
        if self.sentries.is_none() {
            self.post_sentries(scene, key);
        }
        slack_m
    }

    /// Goes back to before `from` and folds on from there to the end of what has happened.
    // J-TIME-3
    pub fn fold_again(&mut self, scene: Scene<'_>, from: Key) {
        self.rewind(from);
        let mut steps = self.steps_from(scene, from).into_iter().peekable();
        let base = self.checkpoints.first().map_or(Key::FIRST, |(key, _)| *key);
        for index in 0..scene.track.len() {
            let Some(key) = scene.track.key(index, scene.device) else {
                continue;
            };
            if key < from || key <= base {
                continue;
            }
            while let Some((step, zone)) = steps.next_if(|(step, _)| *step < key) {
                self.pass(scene, step, zone);
            }
            self.take_fix(scene, index);
        }
        for (step, zone) in steps {
            self.pass(scene, step, zone);
        }
    }

    fn rewind(&mut self, from: Key) {
        self.sentries = None;
        let kept = self.checkpoints.iter().rposition(|(key, _)| *key < from).unwrap_or(0);
        self.checkpoints.truncate(kept + 1);
        self.now = self.checkpoints.last().map(|(_, state)| state.clone()).unwrap_or_default();
        self.episodes.retain(|episode| episode.opened_by < from);
        for episode in &mut self.episodes {
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
        let since = scene.order.versions.first().map_or(Key::FIRST, |version| version.put);
        steps.retain(|(key, _)| *key >= since);
        steps
    }

    /// Forgets what lies before the oldest fix of the history.
    pub fn forget_before(&mut self, oldest: Key) {
        let second = |list: &[(Key, State)]| list.get(1).is_some_and(|(key, _)| *key < oldest);
        while second(&self.checkpoints) {
            self.checkpoints.remove(0);
        }
        self.episodes.retain(|episode| episode.closed_by.is_none_or(|closed| closed >= oldest));
    }

    /// The device is taken from the person: all episodes end, and fixes that happened at the same
    /// instant no longer count.
    pub fn release(&mut self, scene: Scene<'_>, key: Key) {
        self.rewind(key);
        while let Some(machine) = self.now.machines.first() {
            self.end_machine(scene, machine.id, key, Cause::DeviceReleased);
        }
    }

    fn end_what_no_longer_holds(&mut self, scene: Scene<'_>, key: Key, zone: Option<ZoneId>) {
        let ids: Vec<_> = self.now.machines.iter().map(|machine| machine.id).collect();
        for id in ids {
            if let Some(cause) = self.why_ended(scene, id, key, zone) {
                self.end_machine(scene, id, key, cause);
            }
        }
    }

    /// Why a machine is no more at the instant of the item with this key, if it is no more.
    fn why_ended(
        &self,
        scene: Scene<'_>,
        id: MachineId,
        key: Key,
        changed: Option<ZoneId>,
    ) -> Option<Cause> {
        let rule = scene.order.as_of(key).and_then(|version| version.rule(id.rule));
        let Some(rule) = rule.filter(|_| self.since(id.rule).is_some()) else {
            return Some(Cause::RuleEnded);
        };
        let zone = scene.zones.as_of(id.zone, key).filter(|zone| zone.shape.is_some());
        let holds = match rule.place {
            Place::Zone(named) => named == id.zone && zone.is_some(),
            Place::Layer(layer) => zone.is_some_and(|zone| zone.layer == Some(layer)),
        };
        match holds {
            true if id.kind == EventKind::Warning && rule.warn_m <= 0.0 => Some(Cause::RuleEnded),
            true => None,
            false if changed == Some(id.zone) => Some(Cause::ZoneRemoved),
            false => Some(Cause::RuleEnded),
        }
    }

    fn end_machine(&mut self, scene: Scene<'_>, id: MachineId, key: Key, cause: Cause) {
        let Ok(index) = self.now.machines.binary_search_by_key(&id, |machine| machine.id) else {
            return;
        };
        let machine = self.now.machines.remove(index);
        if let Mode::Open { threshold_m, .. } = machine.mode {
            let version = scene.order.as_of(key).map_or(0, |version| version.number);
            let zone_version = scene.zones.as_of(id.zone, key).map_or(0, |zone| zone.number);
            let proof =
                Proof { cause, order_version: version, zone_version, threshold_m, judged: None };
            self.close(id, key, proof);
        }
        self.note(key, true);
    }

    fn close(&mut self, id: MachineId, key: Key, proof: Proof) {
        if let Some(episode) = self.open_episode(id) {
            episode.end = Some(key.time);
            episode.closing = Some(proof);
            episode.closed_by = Some(key);
        }
    }

    fn open_episode(&mut self, id: MachineId) -> Option<&mut Episode> {
        self.episodes.iter_mut().rev().find(|e| e.id == id && e.end.is_none())
    }

    fn since(&self, rule: RuleId) -> Option<Timestamp> {
        self.now.active.iter().find(|active| active.rule == rule).map(|active| active.since)
    }

    /// Keeps the state after the item with this key, if it changed.
    fn note(&mut self, key: Key, changed: bool) {
        match self.checkpoints.last_mut() {
            Some((last, state)) if *last == key => state.clone_from(&self.now),
            Some((_, state)) if changed || *state != self.now => {
                self.checkpoints.push((key, self.now.clone()));
            }
            _ => {}
        }
    }
}

fn active_rules(version: &OrderVersion, instant: Timestamp) -> Vec<Active> {
    let rules = version.rules.iter();
    rules
        .filter_map(|rule| Some(Active { rule: rule.rule, since: rule.active_since(instant)? }))
        .collect()
}
