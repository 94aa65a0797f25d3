//! keep_away: the fixes of two persons against each other (J-PROX-1).

use super::classify::{Class, accuracy, classify};
use super::device::Stint;
use super::fold::{Fold, Key, Other, Proof, thresholds};
use super::geometry::geodesic;
use super::judge::Verdict;
use super::parse::Fix;
use super::parse_order::Rule;

/// A fix of hers: which of her devices, and which fix of it.
type Hers = (usize, usize);

impl Fold<'_> {
    /// A fix of his against her reference fix (E14), unless it came too late (E19).
    pub fn his_side(&mut self, t: i64, rule: &Rule, person: u64, i: usize) {
        let stint = self.s.stint;
        if stint.beyond.contains_key(&(person, stint.fixes[i].uid)) {
            return;
        }
        if let Some(hers) = self.her_reference(t, person) {
            self.judge_pair(t, rule, person, i, hers, "fix");
        }
    }

    /// A fix of hers against his reference fix, by all rules that protect her.
    pub fn her_fix(&mut self, t: i64, h: usize, i: usize) {
        let hers = self.s.hers[h];
        if self.s.stint.beyond.contains_key(&(hers.person, hers.fixes[i].uid)) {
            return;
        }
        for a in self.active().values() {
            if a.rule.protects() == Some(hers.person)
                && let Some(his) = self.his_reference(t, hers.person)
            {
                self.judge_pair(t, &a.rule, hers.person, his, (h, i), "fix");
            }
        }
    }

    /// Both reference fixes at a boundary or change, if both are young enough (E17).
    pub fn reference_pair(&mut self, t: i64, rule: &Rule, person: u64, cause: &'static str) {
        let (Some(his), Some(hers)) =
            (self.his_reference(t, person), self.her_reference(t, person))
        else {
            return;
        };
        let oldest = self.s.stint.fixes[his].time.min(self.s.hers[hers.0].fixes[hers.1].time);
        if t - oldest <= 180_000 {
            self.judge_pair(t, rule, person, his, hers, cause);
        }
    }

    /// Whether a fix is not there yet, since it came too late for the pair (E19): it is no
    /// reference and makes no other fix copied or implausible.
    fn hidden(&self, person: u64, uid: usize) -> bool {
        self.s.stint.beyond.get(&(person, uid)).is_some_and(|from| self.here <= *from)
    }

    /// The class of a fix among those that are there for the pair here.
    fn class(&self, s: &Stint, i: usize, person: u64) -> Class {
        let there = |f: &&Fix| !self.hidden(person, f.uid);
        if s.fixes.iter().all(|f| there(&f)) {
            return s.classes[i];
        }
        let fixes: Vec<Fix> = s.fixes.iter().filter(there).cloned().collect();
        let place = fixes.iter().position(|f| f.uid == s.fixes[i].uid);
        place.map_or(s.classes[i], |p| classify(&fixes)[p])
    }

    fn his_reference(&self, t: i64, person: u64) -> Option<usize> {
        self.s.stint.reference(t, self.here, |uid| self.hidden(person, uid))
    }

    /// The newest of the reference fixes of the devices that she has here.
    fn her_reference(&self, t: i64, person: u64) -> Option<Hers> {
        let has = |h: &usize| {
            let s = self.s.hers[*h];
            s.person == person && s.released.is_none_or(|r| self.here < r)
        };
        let reference = |h: usize| {
            let of = self.s.hers[h].reference(t, self.here, |uid| self.hidden(person, uid));
            of.map(|i| (h, i))
        };
        let all = (0..self.s.hers.len()).filter(has).filter_map(reference);
        all.max_by_key(|(h, i)| self.s.hers[*h].pos(*i))
    }

    fn judge_pair(
        &mut self,
        t: i64,
        rule: &Rule,
        person: u64,
        i: usize,
        hers: Hers,
        cause: &'static str,
    ) {
        let (his, h) = (self.s.stint, self.s.hers[hers.0]);
        let (f, c) = (&his.fixes[i], self.class(his, i, person));
        let (g, d) = (&h.fixes[hers.1], self.class(h, hers.1, person));
        let pairs = &mut self.memo.pairs;
        let distance =
            *pairs.entry((f.uid, g.uid)).or_insert_with(|| geodesic(f.at_point, g.at_point));
        let other = Other { device: h.device, fix: g.clone(), sound: d.sound };
        let proof = Proof { distance, fix: f.clone(), sound: c.sound, other: Some(other) };
        let inside_permit = self.permit(t, i);
        for (kind, threshold) in thresholds(rule) {
            let verdict = Verdict {
                time: t,
                cause,
                threshold,
                gap: distance - threshold,
                accuracy: accuracy(f) + accuracy(g),
                coarse: c.coarse || d.coarse,
                doubtful: c.doubtful || d.doubtful,
                // E16
                fresh: t - f.time.min(g.time) < 180_000,
                inside_permit,
                confirm: 0,
                proof: proof.clone(),
            };
            self.judge(Key { rule: rule.rule, kind, target: (person, true) }, verdict);
        }
    }
}
