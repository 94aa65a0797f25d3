//! What to say when the episodes of a watch have become others.

use super::{Episode, Proof, Target, Watch};
use crate::event::{Amendment, Cause, EpisodeFacts, EpisodeId, Evidence, Phase};
use crate::ids::{DeviceId, PersonId};
use crate::key::Key;
use crate::order::Order;
use crate::outbox::{Draft, Outbox};
use crate::time::Timestamp;
use crate::track::Sample;
use crate::zones::Zones;
use std::collections::BTreeMap;

/// Tells the difference between the episodes before and after a step.
pub(crate) struct Difference<'a> {
    pub device: DeviceId,
    pub person: PersonId,
    /// When the input was received.
    pub at: Timestamp,
    /// The event time of the input or boundary.
    pub time: Timestamp,
    /// What an amendment is put down to; at a boundary, to what ends the episode.
    pub cause: Option<Cause>,
    /// The version of the order at `time`.
    pub order_version: Option<u64>,
    pub zones: &'a Zones,
    /// Which gives numbers.
    pub order: &'a mut Order,
    pub outbox: &'a mut Outbox,
}

impl Difference<'_> {
    /// Says how the watch's episodes differ from what they were.
    // J-PAIR-1, J-PAIR-2
    pub fn tell(&mut self, watch: &mut Watch, before: &[Episode]) {
        if goes_on(before, &mut watch.episodes) {
            return;
        }
        let matches = match_episodes(before, &watch.episodes);
        for (old, episode) in before.iter().enumerate() {
            if !matches.contains(&Some(old)) {
                self.withdraw(watch, episode);
            }
        }
        let mut fresh = Vec::new();
        for (index, old) in matches.iter().enumerate() {
            match old {
                Some(old) => {
                    watch.episodes[index].number = before[*old].number;
                    watch.episodes[index].end_told = before[*old].end_told;
                    self.amend(watch, &before[*old], index);
                }
                None => fresh.push(index),
            }
        }
        fresh.sort_by_key(|index| {
            let episode = &watch.episodes[*index];
            (episode.start, episode.id.target)
        });
        for index in fresh {
            let id = watch.episodes[index].id;
            let number = self.order.next_number(id.rule, self.device, id.kind);
            watch.episodes[index].number = number;
            watch.episodes[index].end_told = watch.episodes[index].end.is_some();
            let episode = &watch.episodes[index];
            self.push(watch, episode, Phase::Started, episode.start, &episode.opening, false);
            if let (Some(end), Some(closing)) = (episode.end, &episode.closing) {
                self.push(watch, episode, Phase::Ended, end, closing, true);
            }
        }
    }

    fn withdraw(&mut self, watch: &Watch, old: &Episode) {
        let proof = self.amending(old);
        if old.end.is_none() && !old.end_told {
            self.push(watch, old, Phase::Ended, self.time, &proof, false);
        }
        let mut draft = self.draft(watch, old, Phase::Amended, self.time, &proof);
        if let Some(facts) = &mut draft.episode {
            facts.amendment = Some(Amendment::Withdrawn);
        }
        self.outbox.push(draft);
    }

    fn amend(&mut self, watch: &mut Watch, old: &Episode, index: usize) {
        let mut changed = false;
        if old.end_told {
            changed = old.end != watch.episodes[index].end;
        } else if let Episode { end: Some(end), closing: Some(closing), .. } =
            &watch.episodes[index]
        {
            self.push(watch, &watch.episodes[index], Phase::Ended, *end, closing, false);
            watch.episodes[index].end_told = true;
        }
        let new = &watch.episodes[index];
        changed |=
            (old.start, old.certainty, old.permitted) != (new.start, new.certainty, new.permitted);
        if !changed {
            return;
        }
        let proof = self.amending(new);
        let mut draft = self.draft(watch, new, Phase::Amended, self.time, &proof);
        if let Some(facts) = &mut draft.episode {
            facts.amendment = Some(Amendment::Span { start: new.start, end: new.end });
        }
        self.outbox.push(draft);
    }

    /// What an amendment rests on: no fix of its own, and the versions at its time.
    fn amending(&self, episode: &Episode) -> Proof {
        let then = Key::configuration(self.time, u64::MAX);
        let zone = match (episode.id.target, episode.opening.zone) {
            (Target::Zone(_), Some((zone, version))) => {
                let then = self.zones.as_of(zone, then).map(|zone| zone.number);
                Some((zone, then.unwrap_or(version)))
            }
            _ => None,
        };
        let ending = episode.closing.as_ref().unwrap_or(&episode.opening).cause;
        Proof {
            cause: self.cause.unwrap_or(ending),
            order_version: self.order_version.unwrap_or(episode.opening.order_version),
            zone,
            judged: None,
            ..*episode.opening
        }
    }

    fn push(
        &mut self,
        watch: &Watch,
        episode: &Episode,
        phase: Phase,
        time: Timestamp,
        proof: &Proof,
        follows_start: bool,
    ) {
        let draft = self.draft(watch, episode, phase, time, proof);
        self.outbox.push(Draft { follows_start, ..draft });
    }

    fn draft(
        &self,
        watch: &Watch,
        episode: &Episode,
        phase: Phase,
        time: Timestamp,
        proof: &Proof,
    ) -> Draft {
        let age_ms = |sample: &Sample| self.at.ms_since(sample.time);
        let evidence = proof.judged.map(|judged| Evidence {
            distance_m: Some(judged.distance_m),
            fix: Some((judged.sample.facts(self.device), age_ms(&judged.sample))),
            other_fix: judged.other.map(|(device, s)| (s.facts(device), age_ms(&s))),
        });
        let mut draft = Draft::fact(time, episode.id.kind, Some(self.device));
        draft.order = watch.order;
        draft.order_version = proof.order_version;
        draft.rule = episode.id.rule;
        draft.person = self.person;
        draft.phase = phase;
        draft.other_person = match episode.id.target {
            Target::Person(person) => Some(person),
            _ => None,
        };
        draft.episode_id = Some(EpisodeId {
            order: watch.order,
            rule: episode.id.rule,
            device: self.device,
            kind: episode.id.kind,
            number: episode.number,
        });
        draft.episode = Some(EpisodeFacts {
            zone: proof.zone,
            threshold_m: proof.threshold_m,
            certainty: episode.certainty,
            cause: proof.cause,
            permitted: episode.permitted,
            amendment: None,
        });
        draft.evidence = evidence;
        draft
    }
}

impl Watch {
    /// Gives episodes of the device other numbers than they were told under.
    pub fn number_again(&mut self, device: DeviceId, numbers: &BTreeMap<EpisodeId, u64>) {
        for Episode { id, number, .. } in self.episodes.iter_mut() {
            let (order, rule, kind) = (self.order, id.rule, id.kind);
            let told = EpisodeId { order, rule, device, kind, number: *number };
            *number = numbers.get(&told).copied().unwrap_or(*number);
        }
    }
}

/// Whether the new episodes are the old ones, with nothing to tell; then they go on under their
/// numbers.
fn goes_on(old: &[Episode], new: &mut [Episode]) -> bool {
    let what = |e: &Episode| (e.id, e.start, e.end, e.certainty, e.permitted);
    let is_same = |(old, new): (&Episode, &Episode)| {
        what(old) == what(new) && old.end_told == old.end.is_some()
    };
    let same = old.len() == new.len() && old.iter().zip(&*new).all(is_same);
    if same {
        for (old, new) in old.iter().zip(new) {
            (new.number, new.end_told) = (old.number, old.end_told);
        }
    }
    same
}

/// For each new episode the old one that it is: the one with the same start, else, in the order of
/// their starts, the first of the same machine that it overlaps.
fn match_episodes(old: &[Episode], new: &[Episode]) -> Vec<Option<usize>> {
    let mut matches = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let mut old_by_start: Vec<usize> = (0..old.len()).collect();
    let mut new_by_start: Vec<usize> = (0..new.len()).collect();
    old_by_start.sort_by_key(|index| old[*index].start);
    new_by_start.sort_by_key(|index| new[*index].start);
    let same_start = |a: &Episode, b: &Episode| a.id == b.id && a.start == b.start;
    let overlap = |a: &Episode, b: &Episode| {
        a.id == b.id
            && a.end.is_none_or(|end| b.start <= end)
            && b.end.is_none_or(|end| a.start <= end)
    };
    let mut pair = |is_same: &dyn Fn(&Episode, &Episode) -> bool| {
        for index in &new_by_start {
            if matches[*index].is_none()
                && let Some(found) = old_by_start.iter().find(|candidate| {
                    !taken[**candidate] && is_same(&old[**candidate], &new[*index])
                })
            {
                matches[*index] = Some(*found);
                taken[*found] = true;
            }
        }
    };
    pair(&same_start);
    pair(&overlap);
    matches
}
