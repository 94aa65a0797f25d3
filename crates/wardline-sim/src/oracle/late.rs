//! Fixes older than a history: their own (J-LATE-2), or that of the other party (E19).

use super::Oracle;
use super::classify::{accuracy, coarse};
use super::differ::{Known, next};
use super::emit::{Event, Step, Who, noted, prove, prove_other, whole};
use super::fold::{Edge, Episode, Key, Other, Proof, known_distance};
use super::kinds::{BREACH, UNJUDGED};
use super::log::{Change, Log, Pos};
use super::parse::Fix;
use super::parse_order::{Demand, OrderVersion, Rule};
use super::state::active_since;
use serde_json::json;
use std::collections::BTreeSet;

/// Whether the fix is sound, as far as it can tell by itself.
fn sound_alone(fix: &Fix) -> bool {
    !coarse(fix) && !fix.doubt
}

impl Oracle {
    /// Judges a fix alone against what is in force unchanged since its time.
    pub(super) fn too_late(&mut self, step: &Step, i: usize, fix: &Fix) -> Vec<Event> {
        let person = self.stints[i].person;
        let mut events = Vec::new();
        for order in self.log.restrain(person) {
            let (then, now) = (self.log.order_at(order, fix.time), self.log.order_now(order));
            let Some(v) = then.filter(|v| v.person == person) else { continue };
            let unchanged = now.is_some_and(|n| n.version == v.version);
            for rule in v.rules.iter().filter(|r| active_since(&v, r, fix.time).is_some()) {
                let changed = !unchanged || self.place_changed(rule, fix.time);
                match &rule.demand {
                    Demand::KeepOut { .. } | Demand::StayIn { .. } if changed => {
                        events.push(self.unjudged(step, (order, &v, rule), i, fix));
                    }
                    _ => {}
                }
                if unchanged {
                    events.extend(self.alone_all(step, order, &v, rule, i, fix));
                }
            }
        }
        events.extend(self.pairs_unjudged(step, i, fix, |_, _| true));
        events
    }

    fn unjudged(&self, step: &Step, of: (u64, &OrderVersion, &Rule), i: usize, fix: &Fix) -> Event {
        let (s, (order, v, rule)) = (&self.stints[i], of);
        let who = Who { order, person: s.person, device: s.device };
        let mut e = noted(step, who, rule.rule, v.version, UNJUDGED);
        e.body.insert("cause".into(), json!("fix"));
        prove(&mut e.body, step, s.device, fix, sound_alone(fix));
        e
    }

    /// Whether a zone of the rule was put or removed since.
    fn place_changed(&self, rule: &Rule, t: i64) -> bool {
        self.log.zones().into_iter().any(|z| self.touched(rule, z, t))
    }

    /// Whether a zone that is, or was, of the rule was put or removed since.
    fn touched(&self, rule: &Rule, zone: u64, t: i64) -> bool {
        let named = |layer: Option<Option<u64>>| match &rule.demand {
            Demand::KeepOut { zone: Some(z), .. } => *z == zone,
            Demand::KeepOut { layer: l, .. } => layer == Some(*l),
            Demand::StayIn { zones, .. } => zones.contains(&zone),
            _ => false,
        };
        let then = named(self.log.zone_at(zone, t).map(|z| z.layer));
        self.log.entries.iter().filter(|e| e.pos.0 > t).any(|e| match &e.change {
            Change::Zone(z, v) => *z == zone && (then || named(v.as_ref().map(|v| v.layer))),
            Change::Order(..) => false,
        })
    }

    /// The zones of a keep_out rule that are the same since the fix.
    fn alone_all(
        &mut self,
        step: &Step,
        order: u64,
        v: &OrderVersion,
        rule: &Rule,
        i: usize,
        fix: &Fix,
    ) -> Vec<Event> {
        let Demand::KeepOut { zone, layer, confirm: 0, .. } = rule.demand else {
            return Vec::new();
        };
        let mut zones: BTreeSet<u64> = self.log.zones().into_iter().collect();
        zones.retain(|z| {
            let there = self.log.zone_at(*z, fix.time);
            let of = there.is_some_and(|v| zone.map_or(v.layer == layer, |only| only == *z));
            of && !self.touched(rule, *z, fix.time)
        });
        let key = |z| Key { rule: rule.rule, kind: BREACH, target: (z, false) };
        zones.into_iter().filter_map(|z| self.alone(step, v, order, key(z), i, fix)).collect()
    }

    fn alone(
        &mut self,
        step: &Step,
        v: &OrderVersion,
        order: u64,
        key: Key,
        i: usize,
        fix: &Fix,
    ) -> Option<Event> {
        let (t, zone, sound) = (fix.time, key.target.0, sound_alone(fix));
        let z = self.log.zone_now(zone)?;
        let (log, memo) = (&self.log, &mut self.memo);
        let distance = known_distance(memo, fix, zone, &z);
        let a = accuracy(fix);
        if distance > if coarse(fix) { -a } else { 0.0 } || self.stints[i].covers(order, key, t) {
            return None;
        }
        let inside =
            |id: u64| log.zone_now(id).is_some_and(|p| known_distance(memo, fix, id, &p) <= 0.0);
        let permitted = sound && Log::permits(v, t, inside);
        let proof = Some(Proof { distance, fix: fix.clone(), sound, other: None });
        let (order_version, zone_version) = (v.version, z.version);
        let edge = Edge {
            time: t,
            cause: "fix",
            order_version,
            zone,
            zone_version,
            threshold: 0.0,
            proof,
        };
        let certainty = Some(if distance <= -a && !fix.doubt { "certain" } else { "probable" });
        let episode = Episode { start: edge.clone(), end: Some(edge), certainty, permitted };
        let who = Who { order, person: self.stints[i].person, device: self.stints[i].device };
        let n = next(&mut self.counters, who, key.rule, key.kind);
        let told = whole(step, who, key, n, &episode);
        self.stints[i].alone.push((order, key, Known { n, episode, ended_told: true }));
        Some(told)
    }

    /// Notes each pair of persons for which the fix comes too late (E19), and what it misses.
    pub(super) fn beyond_pairs(&mut self, step: &Step, i: usize, fix: &Fix) -> Vec<Event> {
        let pos = (fix.time, 2, self.stints[i].device, fix.seq);
        let late = |o: &Self, his: usize, her: u64| pos < o.horizon(his, her, i);
        let events = self.pairs_unjudged(step, i, fix, |his, her| late(self, his, her));
        let mut missed = self.pairs_of(i);
        missed.retain(|(his, her)| late(self, *his, *her));
        for (his, her) in missed {
            let came = (step.at, u8::MAX, u64::MAX, u64::MAX);
            self.stints[his].beyond.insert((her, fix.uid), came);
        }
        events
    }

    /// The pairs of a device of his and a person that a device is part of, on either side.
    fn pairs_of(&self, i: usize) -> Vec<(usize, u64)> {
        let person = self.stints[i].person;
        let mut all = BTreeSet::new();
        for order in self.log.ever_concern(person) {
            for her in self.log.protected(order) {
                let worn = self.worn(order).into_iter().filter(|his| *his == i || her == person);
                all.extend(worn.map(|his| (his, her)));
            }
        }
        all.into_iter().filter(|(his, her)| self.stints[*his].person != *her).collect()
    }

    /// The place before which nothing of a pair is judged any more, for a fix of device `i`.
    fn horizon(&self, his: usize, her: u64, i: usize) -> Pos {
        let mut latest = Pos::default();
        for (j, s) in self.stints.iter().enumerate() {
            let of_pair = j == his || s.person == her;
            if let Some(r) = s.released.filter(|_| s.person == her) {
                latest = latest.max((r.0, 0, 0, 0));
            } else if of_pair && j != i && s.released.is_none() {
                latest = latest.max(s.oldest().unwrap_or_default());
            }
        }
        latest
    }

    /// Tells of each keep_away rule in force at the fix for whose pair it comes too late.
    fn pairs_unjudged(
        &self,
        step: &Step,
        i: usize,
        fix: &Fix,
        late: impl Fn(usize, u64) -> bool,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let worn = |his: usize| self.stints[his].assigned.0 <= fix.time;
        let pairs = self.pairs_of(i).into_iter().filter(|(his, _)| worn(*his));
        for (his, her) in pairs.filter(|(his, her)| late(*his, *her)) {
            let person = self.stints[his].person;
            for order in self.log.restrain(person) {
                let then = self.log.order_at(order, fix.time);
                let Some(v) = then.filter(|v| v.person == person) else { continue };
                let active = |r: &&std::rc::Rc<Rule>| active_since(&v, r, fix.time).is_some();
                let rules = v.rules.iter().filter(|r| r.protects() == Some(her)).filter(active);
                events.extend(rules.map(|r| self.unjudged_pair(step, (order, &v, r), his, i, fix)));
            }
        }
        events
    }

    fn unjudged_pair(
        &self,
        step: &Step,
        of: (u64, &OrderVersion, &Rule),
        his: usize,
        i: usize,
        fix: &Fix,
    ) -> Event {
        if his == i {
            return self.unjudged(step, of, i, fix);
        }
        let (s, (order, v, rule)) = (&self.stints[his], of);
        let who = Who { order, person: s.person, device: s.device };
        let mut e = noted(step, who, rule.rule, v.version, UNJUDGED);
        e.body.insert("cause".into(), json!("fix"));
        e.body.insert("other_person".into(), json!(self.stints[i].person));
        let other =
            Other { device: self.stints[i].device, fix: fix.clone(), sound: sound_alone(fix) };
        prove_other(&mut e.body, step, &other);
        e
    }
}
