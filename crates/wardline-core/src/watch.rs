//! One device under one order: the two-state machines of its rules, folded over what happened.
//!
//! The fold goes through boundaries, configuration, fixes and statuses in the order of their
//! [`Key`]s. What comes late is put in its place: the watch goes back to the state before it and
//! folds on from there; the difference between the episodes before and after is what the engine
//! says. What depends on different things is watched apart, so that each has a history of its own:
//! the places of a device, each pair with a protected person, and the conditions it reports.

mod checkpoints;
mod difference;
mod ending;
mod episode;
mod history;
mod home;
mod judge;
mod pair;
mod saved;
mod sentry;
mod state;
mod surroundings;
#[cfg(test)]
mod tests;
mod turn;

use crate::condition::Conditions;
use crate::device::TracksOf;
use crate::engine::Config;
use crate::event::{Cause, Certainty};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::key::Key;
use crate::order::{Order, OrderVersion, Rule, Terms};
use crate::seldom::Seldom;
use crate::time::Timestamp;
use crate::track::{Sample, Track};
use crate::zones::Zones;
use checkpoints::Checkpoints;
pub(crate) use difference::Difference;
pub(crate) use episode::{Episode, Judged, Proof};
pub(crate) use pair::Band;
pub(crate) use sentry::Glance;
use state::{Active, Machine, Mode, State};
pub(crate) use state::{MachineId, Target};
use std::sync::Arc;

/// What a watch looks at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub config: &'a Config,
    pub zones: &'a Zones,
    pub order: &'a Order,
    pub device: DeviceId,
    pub person: PersonId,
    /// When the device was assigned to the person.
    pub assigned: Key,
    pub track: Track<'a>,
    /// The tracks of the protected person, for a watch about one; else none.
    pub others: TracksOf<'a>,
    pub conditions: &'a Conditions,
}

impl<'a> Scene<'a> {
    /// The tracks in view, the device's own first.
    fn tracks(&self) -> impl Iterator<Item = Track<'a>> {
        std::iter::once(self.track).chain(self.others.iter())
    }

    /// A fix of one of the devices in view.
    pub fn item(&self, device: DeviceId, index: usize) -> Option<Item> {
        if device == self.device {
            return Some(Item::Own(index));
        }
        let track = self.others.iter().position(|track| track.device() == device)?;
        Some(Item::Other(track, index))
    }
}

/// What of a device is watched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum About {
    /// The conditions that it reports.
    Conditions,
    /// Where it is.
    Places,
    /// How near it is to a protected person.
    Person(PersonId),
}

impl About {
    /// Whether the rule is such a watch's to judge.
    fn includes(self, rule: &Rule) -> bool {
        match (&rule.terms, self) {
            (Terms::KeepOut(_) | Terms::StayIn(_), Self::Places) => true,
            (Terms::KeepAway(keep_away), Self::Person(person)) => keep_away.person == person,
            _ => false,
        }
    }
}

/// One device of the restrained person under one order.
pub(crate) struct Watch {
    pub order: OrderId,
    pub about: About,
    now: State,
    /// The newest item that was folded.
    last: Key,
    limits: Option<Box<Limits>>,
    checkpoints: Checkpoints,
    /// The episodes that are open or ended within the history, in the order of their making.
    episodes: Seldom<Episode>,
    /// Set up for a full judgement, taken down by whatever changes the rules or zones.
    sentries: Option<sentry::Sentries>,
}

const _: () = assert!(size_of::<Watch>() == 192);

/// What limits the past of a pair, of some.
struct Limits {
    /// Nothing before this can be judged again.
    frozen: Key,
    /// Fixes that came too late for the pair, each with the item up to which it is no reference.
    hidden: Vec<(Key, Key)>,
}

impl Limits {
    fn if_any(self) -> Option<Box<Self>> {
        let has_any = self.frozen > Key::FIRST || !self.hidden.is_empty();
        has_any.then(|| Box::new(self))
    }
}

/// Something that happened to one of the devices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    /// A fix of the device, by its place in the track.
    Own(usize),
    /// A fix of the protected person: which of the tracks, and its place there.
    Other(usize, usize),
    /// A status of the device.
    Word,
}

impl Watch {
    /// Nothing has been seen yet, and what is before `frozen` never will be.
    pub fn new(order: OrderId, about: About, frozen: Key) -> Self {
        Self {
            order,
            about,
            now: State::default(),
            last: Key::FIRST,
            limits: Limits { frozen, hidden: Vec::new() }.if_any(),
            checkpoints: Checkpoints::new(),
            episodes: Seldom::new(),
            sentries: None,
        }
    }

    /// Whether it is about two parties.
    pub fn is_of_pair(&self) -> bool {
        matches!(self.about, About::Person(_))
    }

    fn frozen(&self) -> Key {
        self.limits.as_ref().map_or(Key::FIRST, |limits| limits.frozen)
    }

    fn hidden(&self) -> &[(Key, Key)] {
        self.limits.as_ref().map_or(&[], |limits| &limits.hidden)
    }

    fn limits_mut(&mut self) -> &mut Limits {
        let none = || Box::new(Limits { frozen: Key::FIRST, hidden: Vec::new() });
        self.limits.get_or_insert_with(none)
    }

    pub fn episodes(&self) -> &[Episode] {
        &self.episodes
    }

    /// Nothing before this can be put in its place any more.
    pub fn horizon(&self, scene: Scene<'_>) -> Key {
        if self.about == About::Conditions {
            return scene.conditions.horizon(scene.device);
        }
        scene.tracks().filter_map(|track| track.horizon()).fold(self.frozen(), Key::max)
    }

    /// Judges an item where it stands in time. Gives the distance in metres within which no
    /// verdict can change.
    pub fn take(&mut self, scene: Scene<'_>, key: Key, item: Item) -> f64 {
        let is_newest = self.newest_item(scene).is_none_or(|newest| newest <= key);
        if self.last < key && is_newest && self.about != About::Conditions {
            if self.sentries.is_none() && self.about == About::Places {
                self.post_sentries(scene, key);
            }
            return self.take_next(scene, key, item);
        }
        self.fold_again(scene, key);
        0.0
    }

    /// A configuration instant, which comes before fixes that happened at the same time.
    // J-TIME-3
    pub fn configure(&mut self, scene: Scene<'_>, key: Key, zone: Option<ZoneId>) {
        if self.newest_item(scene).is_some_and(|newest| newest > key) {
            self.fold_again(scene, key);
        } else {
            self.pass(scene, key, zone);
        }
    }

    fn newest_item(&self, scene: Scene<'_>) -> Option<Key> {
        if self.about == About::Conditions {
            return scene.conditions.newest(scene.device);
        }
        scene.tracks().filter_map(|track| track.newest_key()).max()
    }

    /// A boundary or configuration instant after all that was folded so far.
    // J-SCHED-1, J-SCHED-2
    pub fn pass(&mut self, scene: Scene<'_>, key: Key, zone: Option<ZoneId>) {
        self.sentries = None;
        self.last = self.last.max(key);
        let before = Arc::clone(&self.now.active);
        let version = scene.order.as_of(key).filter(|version| version.person == scene.person);
        let in_force = version.filter(|version| version.is_in_force(key));
        let active = in_force.map(|version| self.active_rules(scene, version, key));
        let active = active.unwrap_or_default();
        if *active != *before {
            self.now.active = active.into();
        }
        self.end_what_no_longer_holds(scene, key, zone);
        if let Some(version) = in_force {
            match self.about {
                About::Conditions => self.turn_conditions(scene, version, key, Cause::RuleStarted),
                _ => self.judge_references(scene, version, key, zone, &before),
            }
        }
        self.note(key, self.now.active != before);
    }

    fn active_rules(&self, scene: Scene<'_>, version: &OrderVersion, key: Key) -> Vec<Active> {
        if self.about == About::Conditions {
            return vec![Active { rule: RuleId::NONE, kind: None, since: key.time }];
        }
        let rules = version.rules.iter().filter(|rule| self.about.includes(rule));
        let active = rules.filter_map(|rule| {
            let exists = |zone: &ZoneId| scene.zones.shape_as_of(*zone, key).is_some();
            let has_place = match &rule.terms {
                Terms::StayIn(stay_in) => stay_in.zones.iter().any(exists),
                _ => true,
            };
            let since = version.active_since(rule, key.time).filter(|_| has_place)?;
            let kind = Some(rule.terms.kind());
            Some(Active { rule: rule.rule, kind, since })
        });
        active.collect()
    }

    fn judge_references(
        &mut self,
        scene: Scene<'_>,
        version: &OrderVersion,
        key: Key,
        zone: Option<ZoneId>,
        before: &[Active],
    ) {
        let limit_ms = scene.config.reference_age_max_ms;
        let is_fresh = |sample: &Sample| key.time.ms_since(sample.time) <= limit_ms;
        let Some(his) = self.own_reference(scene, key).filter(is_fresh) else { return };
        let hers = self.other_reference(scene, key).filter(|(_, sample)| is_fresh(sample));
        let about = self.about;
        for rule in version.rules.iter().filter(|rule| about.includes(rule)) {
            let Some(active) = self.active(rule.rule) else { continue };
            let same = |before: &Active| (before.rule, before.kind) == (active.rule, active.kind);
            // A rule that now names another person is the same rule (J-SCHED-4).
            let renamed = about != About::Places && scene.order.had_rule(rule, key, scene.person);
            let was_active = before.iter().any(same) || renamed;
            let cause = match was_active {
                true => why_judged(version, rule, key, zone),
                false => Some((Cause::RuleStarted, None)),
            };
            let Some((cause, only)) = cause else { continue };
            let since = active.since;
            let bench = judge::Bench {
                scene,
                version,
                rule,
                key,
                cause,
                since,
                before: None,
                glance: None,
                view: None,
            };
            match &rule.terms {
                Terms::KeepOut(keep_out) => {
                    self.judge_keep_out(&bench, *keep_out, &his, only);
                }
                Terms::StayIn(stay_in) => {
                    self.judge_stay_in(&bench, stay_in, &his);
                }
                Terms::KeepAway(keep_away) => {
                    if let Some(hers) = hers {
                        self.judge_pair(&bench, *keep_away, &his, hers);
                    }
                }
                Terms::Report(_) => {}
            }
        }
    }

    /// An item after all that was folded so far. Gives the distance in metres within which no
    /// verdict can change.
    fn take_next(&mut self, scene: Scene<'_>, key: Key, item: Item) -> f64 {
        self.last = key;
        let episodes = self.episodes.len();
        let in_force = scene.order.in_force(key).filter(|v| v.person == scene.person);
        let slack_m = match (in_force, item) {
            (None, _) => f64::INFINITY,
            (Some(version), Item::Word) => {
                self.turn_conditions(scene, version, key, Cause::Status);
                f64::INFINITY
            }
            (Some(version), Item::Own(index)) if self.about == About::Places => {
                scene.track.get(index).map_or(0.0, |s| self.take_place(scene, version, &s, index))
            }
            (Some(version), item) => self.take_pair(scene, version, key, item),
        };
        self.note(key, self.episodes.len() != episodes);
        slack_m
    }

    fn take_place(
        &mut self,
        scene: Scene<'_>,
        version: &OrderVersion,
        sample: &Sample,
        index: usize,
    ) -> f64 {
        let key = sample.key(scene.device);
        let sound = sample.trust.sound();
        let before = sound.then(|| scene.track.sound_before(index)).flatten();
        let glance = match sound && scene.config.slack {
            true => Glance::new(sample.position, before.map(|before| before.position)),
            false => None,
        };
        let view = glance.and_then(|glance| self.view(&glance, scene.zones));
        let mut slack_m = f64::INFINITY;
        for rule in &version.rules {
            let Some(Active { since, .. }) = self.active(rule.rule) else { continue };
            let cause = Cause::Fix;
            let bench =
                judge::Bench { scene, version, rule, key, cause, since, before, glance, view };
            let rule_slack_m = match &rule.terms {
                Terms::KeepOut(keep_out) => self.judge_keep_out(&bench, *keep_out, sample, None),
                Terms::StayIn(stay_in) => self.judge_stay_in(&bench, stay_in, sample),
                Terms::KeepAway(_) | Terms::Report(_) => f64::INFINITY,
            };
            slack_m = slack_m.min(rule_slack_m);
        }
        slack_m
    }

    fn close(&mut self, id: MachineId, key: Key, proof: Proof) {
        if let Some(episode) = self.open_episode(id) {
            episode.end = Some(key.time);
            episode.closing = Some(proof.into());
            episode.closed_by = Some(key);
        }
    }

    fn open_episode(&mut self, id: MachineId) -> Option<&mut Episode> {
        self.episodes.iter_mut().rev().find(|e| e.id == id && e.end.is_none())
    }

    fn active(&self, rule: RuleId) -> Option<Active> {
        self.now.active.iter().find(|active| active.rule == rule).copied()
    }

    /// Keeps the state after the item with this key, if it changed.
    fn note(&mut self, key: Key, changed: bool) {
        self.checkpoints.note(key, &self.now, changed);
    }

    /// Opens and closes what the device's words say of its conditions.
    // J-STATUS-1
    fn turn_conditions(
        &mut self,
        scene: Scene<'_>,
        version: &OrderVersion,
        key: Key,
        cause: Cause,
    ) {
        let order_version = version.number;
        let proof = Proof { cause, order_version, zone: None, threshold_m: None, judged: None };
        for (kind, is_on) in scene.conditions.as_of(key, scene.device) {
            let id = MachineId { rule: RuleId::NONE, kind, target: Target::None };
            let place = self.now.machines.binary_search_by_key(&id, |machine| machine.id);
            match (place, is_on) {
                (Err(index), true) => {
                    let mode = Mode::Open { permitted: false, threshold_m: None };
                    self.now.machines.insert(index, Machine { id, mode });
                    self.open(id, key, key.time, None, false, proof);
                }
                (Ok(index), false) => {
                    self.now.machines.remove(index);
                    self.close(id, key, proof);
                }
                _ => {}
            }
        }
    }

    fn open(
        &mut self,
        id: MachineId,
        key: Key,
        start: Timestamp,
        certainty: Option<Certainty>,
        permitted: bool,
        opening: Proof,
    ) {
        self.episodes.push(Episode {
            id,
            number: 0,
            start,
            end: None,
            certainty,
            permitted,
            opening: opening.into(),
            closing: None,
            end_told: false,
            opened_by: key,
            closed_by: None,
        });
    }
}

/// Why a rule that was active before is judged at this instant, and for which zone only.
fn why_judged(
    version: &OrderVersion,
    rule: &Rule,
    key: Key,
    zone: Option<ZoneId>,
) -> Option<(Cause, Option<ZoneId>)> {
    let has_permits = !matches!(rule.terms, Terms::StayIn(_));
    let permit_ends = has_permits && version.permit_ends_at(key.time);
    match zone {
        Some(zone) if has_permits && version.permits_zone(zone) => Some((Cause::ZoneChanged, None)),
        Some(zone) => match &rule.terms {
            Terms::KeepOut(_) => Some((Cause::ZoneChanged, Some(zone))),
            Terms::StayIn(stay_in) if stay_in.zones.contains(&zone) => {
                Some((Cause::ZoneChanged, None))
            }
            _ => None,
        },
        None if !key.is_boundary() => Some((Cause::OrderChanged, None)),
        None if permit_ends => Some((Cause::PermitEnded, None)),
        None if version.grace_end(rule, key) == Some(key.time) => Some((Cause::GraceEnded, None)),
        None => None,
    }
}
