//! Judgement of one fix, or of a pair, by the two-state rule.

use super::classify::accuracy;
use super::fold::{Edge, Episode, Fold, Key, Machine, Proof, known_distance, thresholds};
use super::geometry::{crosses, geodesic};
use super::kinds::{ABSENCE, BREACH};
use super::log::Log;
use super::parse_order::Demand;
use super::state::Active;
use std::collections::BTreeSet;

/// A fix or a pair against one threshold.
pub struct Verdict {
    pub time: i64,
    pub cause: &'static str,
    pub threshold: f64,
    /// Metres to the threshold, and the accuracy.
    pub gap: f64,
    pub accuracy: f64,
    pub coarse: bool,
    pub doubtful: bool,
    /// Neither fix of a pair is 180 s old.
    pub fresh: bool,
    pub inside_permit: bool,
    pub confirm: u64,
    pub proof: Proof,
}

impl Verdict {
    /// J-BREACH-1, J-BREACH-2, D7.
    fn qualifies(&self) -> bool {
        if self.coarse { self.gap <= -self.accuracy } else { self.gap <= 0.0 }
    }

    fn sound(&self) -> bool {
        !self.coarse && !self.doubtful
    }

    /// J-PERMIT-1
    fn permitted(&self) -> bool {
        self.qualifies() && self.sound() && self.inside_permit
    }

    /// J-BREACH-3, E16
    fn closes(&self) -> bool {
        self.sound() && self.fresh && self.gap > self.accuracy.max(20.0)
    }

    /// J-BREACH-5
    fn certainty(&self) -> Option<&'static str> {
        let certain = self.gap <= -self.accuracy && !self.doubtful && self.fresh;
        Some(if certain { "certain" } else { "probable" })
    }
}

impl Fold<'_> {
    /// Judges the reference fix at a boundary or change (J-SCHED-1), by one zone or by all.
    pub fn judge_rule(&mut self, t: i64, a: &Active, zone: Option<u64>, cause: &'static str) {
        if let Some(person) = a.rule.protects() {
            return self.reference_pair(t, &a.rule, person, cause);
        }
        let stint = self.s.stint;
        let Some(i) = stint.reference(t, self.here, |_| false) else { return };
        if t - stint.fixes[i].time <= 180_000 {
            self.judge_fix(t, a, zone, i, cause);
        }
    }

    /// One fix of the restrained person, by all his rules.
    pub fn his_fix(&mut self, t: i64, i: usize) {
        for a in self.active().values() {
            match a.rule.protects() {
                Some(person) => self.his_side(t, &a.rule, person, i),
                None => self.judge_fix(t, a, None, i, "fix"),
            }
        }
    }

    fn judge_fix(&mut self, t: i64, a: &Active, zone: Option<u64>, i: usize, cause: &'static str) {
        match &a.rule.demand {
            Demand::KeepOut { .. } => {
                let targets = self.state.targets(&a.rule);
                for z in targets.iter().map(|x| x.0).filter(|z| zone.is_none_or(|o| o == *z)) {
                    self.judge_zone(t, a, z, i, cause);
                }
            }
            Demand::StayIn { zones, grace_ms } => {
                self.judge_absence(t, a, zones, *grace_ms, i, cause);
            }
            _ => {}
        }
    }

    fn judge_zone(&mut self, t: i64, a: &Active, zone: u64, i: usize, cause: &'static str) {
        let key = Key { rule: a.rule.rule, kind: BREACH, target: (zone, false) };
        let closed = |f: &Self| f.machines.get(&key).is_none_or(|m| !m.open);
        let before = closed(self);
        let (f, c) = (self.s.stint.fixes[i].clone(), self.s.stint.classes[i]);
        let z = self.state.zones[&zone].clone();
        let distance = known_distance(self.memo, &f, zone, &z);
        let inside_permit = self.permit(t, i);
        let confirm = match a.rule.demand {
            Demand::KeepOut { confirm, .. } => confirm,
            _ => 0,
        };
        for (kind, threshold) in thresholds(&a.rule) {
            let proof = Proof { distance, fix: f.clone(), sound: c.sound, other: None };
            let verdict = Verdict {
                time: t,
                cause,
                threshold,
                gap: distance - threshold,
                accuracy: accuracy(&f),
                coarse: c.coarse,
                doubtful: c.doubtful,
                fresh: true,
                inside_permit,
                confirm,
                proof,
            };
            self.judge(Key { kind, ..key }, verdict);
        }
        if cause == "fix" && before && closed(self) && confirm == 0 && c.sound {
            self.cross(a, zone, i);
        }
    }

    /// Whether a fix is inside a permit's zone in its hours (J-PERMIT-1).
    pub fn permit(&mut self, t: i64, i: usize) -> bool {
        let Some(v) = self.state.current.clone() else {
            return false;
        };
        let (zones, fix) = (&self.state.zones, &self.s.stint.fixes[i]);
        let memo = &mut *self.memo;
        Log::permits(&v, t, |zone| {
            zones.get(&zone).is_some_and(|z| known_distance(memo, fix, zone, z) <= 0.0)
        })
    }

    /// The two-state rule with confirmation and permits.
    pub fn judge(&mut self, key: Key, v: Verdict) {
        let mut edge = self.edge(key, v.time, v.cause, v.threshold);
        edge.proof = Some(v.proof.clone());
        let m = self.machines.entry(key).or_default();
        m.threshold = v.threshold;
        if !m.open {
            return open(m, &v, edge);
        }
        let Some(ep) = m.episodes.last_mut() else {
            return;
        };
        if v.qualifies() && ep.permitted && !v.permitted() {
            // D7
            ep.end = Some(Edge { cause: "permit_ended", ..edge.clone() });
            let certainty = v.certainty();
            m.episodes.push(Episode { start: edge, end: None, certainty, permitted: false });
        } else if v.closes() {
            ep.end = Some(edge);
            m.open = false;
        }
    }

    /// J-CROSS-1.
    fn cross(&mut self, active: &Active, zone: u64, i: usize) {
        let Some(p) = self.last_sound else { return };
        let (a, b) = (self.s.stint.fixes[p].clone(), self.s.stint.fixes[i].clone());
        let z = self.state.zones[&zone].clone();
        if b.time - a.time > 300_000 || a.time < active.since || z.at > a.time {
            return;
        }
        let da = known_distance(self.memo, &a, zone, &z);
        let db = known_distance(self.memo, &b, zone, &z);
        if da.min(db) > geodesic(a.at_point, b.at_point) * 1.02 + 1.0
            && (a.at_point.1.abs() < 600_000_000)
        {
            return;
        }
        if !crosses(&z.shape, a.at_point, b.at_point) {
            return;
        }
        let permitted = self.permit(a.time, p) && self.permit(b.time, i);
        let key = Key { rule: active.rule.rule, kind: BREACH, target: (zone, false) };
        let edge = |f: &Self, distance, fix: super::parse::Fix| {
            let time = fix.time;
            let proof = Some(Proof { distance, fix, sound: true, other: None });
            Edge { proof, ..f.edge(key, time, "fix", 0.0) }
        };
        let (start, end) = (edge(self, da, a), edge(self, db, b));
        let m = self.machines.entry(key).or_default();
        m.episodes.push(Episode { start, end: Some(end), certainty: Some("crossed"), permitted });
    }

    /// J-ABSENCE-1.
    fn judge_absence(
        &mut self,
        t: i64,
        active: &Active,
        zones: &BTreeSet<u64>,
        grace_ms: i64,
        i: usize,
        cause: &'static str,
    ) {
        let (f, c) = (self.s.stint.fixes[i].clone(), self.s.stint.classes[i]);
        let Some((distance, zone)) = self.nearest(zones, &f) else { return };
        let key = Key { rule: active.rule.rule, kind: ABSENCE, target: (0, false) };
        let proof = Some(Proof { distance, fix: f.clone(), sound: c.sound, other: None });
        let zone_version = self.state.zone_versions[&zone];
        let edge = Edge { proof, zone, zone_version, ..self.edge(key, t, cause, 0.0) };
        let m = self.machines.entry(key).or_default();
        let away = distance > accuracy(&f).max(20.0);
        if !m.open && !c.coarse && away && t >= active.start + grace_ms {
            let certainty = Some(if c.sound { "certain" } else { "probable" });
            m.open = true;
            m.episodes.push(Episode { start: edge, end: None, certainty, permitted: false });
        } else if m.open && c.sound && distance <= 0.0 {
            m.open = false;
            if let Some(ep) = m.episodes.last_mut() {
                ep.end = Some(edge);
            }
        }
    }

    /// The smallest distance to the zones that exist, with its zone; ties by id (E4).
    fn nearest(&mut self, zones: &BTreeSet<u64>, f: &super::parse::Fix) -> Option<(f64, u64)> {
        let mut best: Option<(f64, u64)> = None;
        for z in zones {
            if let Some(version) = self.state.zones.get(z) {
                let d = known_distance(self.memo, f, *z, version);
                if best.is_none_or(|b| d < b.0) {
                    best = Some((d, *z));
                }
            }
        }
        best
    }
}

/// A closed machine: it opens, or its row grows or breaks (J-BREACH-4, D8, D9).
fn open(m: &mut Machine, v: &Verdict, edge: Edge) {
    if !v.qualifies() {
        if v.sound() && v.gap > 0.0 {
            m.row = None;
        }
        return;
    }
    let key = (v.proof.fix.time, v.proof.fix.seq);
    let (mut count, first, last) = m.row.unwrap_or((0, v.time, (i64::MIN, 0)));
    count += u64::from(key > last);
    if count <= v.confirm {
        m.row = Some((count, first, key.max(last)));
        return;
    }
    m.row = None;
    m.open = true;
    let (certainty, permitted) = (v.certainty(), v.permitted());
    let start = Edge { time: first, ..edge };
    m.episodes.push(Episode { start, end: None, certainty, permitted });
}
