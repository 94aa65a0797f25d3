//! The set function of J-TIME-3: one full fold over the sorted items for an order and a device.

use super::classify::{Class, accuracy};
use super::geometry::{Shape, crosses, distance, geodesic};
use super::parse::{Fix, OrderVersion, Rule};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// A version of a zone.
#[derive(Debug)]
pub struct ZoneVersion {
    pub version: u64,
    pub at: i64,
    pub layer: Option<u64>,
    pub shape: Shape,
}

/// A change of the configuration; `None` is a removal or an end.
#[derive(Debug, Clone)]
pub enum Change {
    Zone(u64, Option<Rc<ZoneVersion>>),
    Order(u64, Option<Rc<OrderVersion>>),
    /// The device that is folded is released.
    Release,
}

/// Distances that are known, by (fix, zone, version).
pub type Memo = HashMap<(usize, u64, u64), f64>;

/// (rule, kind, zone), where kind 0 is breach and 1 is warning.
pub type Key = (u64, u8, u64);

/// A fix as an event shows it.
#[derive(Debug, Clone)]
pub struct Proof {
    pub distance: f64,
    pub fix: Fix,
    pub sound: bool,
}

/// How an episode starts or ends.
#[derive(Debug, Clone)]
pub struct Edge {
    pub time: i64,
    pub cause: &'static str,
    pub order_version: u64,
    pub zone_version: u64,
    pub threshold: f64,
    pub proof: Option<Proof>,
}

/// An episode of the set function.
#[derive(Debug, Clone)]
pub struct Episode {
    pub start: Edge,
    pub end: Option<Edge>,
    pub certainty: &'static str,
    pub permitted: bool,
}

#[derive(Debug, Default)]
struct Machine {
    episodes: Vec<Episode>,
    open: bool,
    threshold: f64,
    /// Count, time of the first, key of the last.
    row: Option<(u64, i64, (i64, u64))>,
}

/// What a fold reads.
pub struct Source<'a> {
    pub order: u64,
    pub person: u64,
    /// All changes in the order of input, with their `at`.
    pub log: &'a [(i64, Change)],
    pub fixes: &'a [Fix],
    pub classes: &'a [Class],
    pub release: Option<i64>,
    pub boundaries: BTreeSet<i64>,
}

struct Fold<'a> {
    s: &'a Source<'a>,
    memo: &'a mut Memo,
    zones: BTreeMap<u64, Rc<ZoneVersion>>,
    zone_versions: BTreeMap<u64, u64>,
    cur: Option<Rc<OrderVersion>>,
    order_version: u64,
    active: BTreeMap<u64, i64>,
    seen: usize,
    last_sound: Option<usize>,
    released: bool,
    machines: BTreeMap<Key, Machine>,
}

/// When a rule that is active at t became so.
pub fn active_since(v: &OrderVersion, r: &Rule, t: i64) -> Option<i64> {
    let start = v.from.max(v.at);
    if t < start || t >= v.until {
        return None;
    }
    match &r.active {
        None => Some(start),
        Some(l) => l.iter().find(|i| i.0 <= t && t < i.1).map(|i| i.0.max(start)),
    }
}

/// The instants at which something of a version begins or ends.
pub fn instants(v: &OrderVersion) -> BTreeSet<i64> {
    let mut all: BTreeSet<i64> = [v.from, v.until].into();
    for r in &v.rules {
        all.extend(r.active.iter().flatten().flat_map(|i| [i.0, i.1]));
    }
    all.extend(v.permits.iter().flat_map(|p| p.1.iter().flatten()).map(|i| i.1));
    all.into_iter().filter(|t| *t > v.at && *t >= v.from && *t <= v.until).collect()
}

/// The distance of a fix to a zone, remembered.
pub fn known_distance(memo: &mut Memo, f: &Fix, zone: u64, z: &ZoneVersion) -> f64 {
    *memo.entry((f.uid, zone, z.version)).or_insert_with(|| distance(&z.shape, f.at_point))
}

/// Runs the whole fold and gives the episodes of each machine.
pub fn fold(s: &Source<'_>, memo: &mut Memo) -> BTreeMap<Key, Vec<Episode>> {
    enum Item<'a> {
        Boundary,
        Config(&'a Change),
        Fix(usize),
    }
    let mut items: Vec<(i64, u8, Item<'_>)> =
        s.boundaries.iter().map(|t| (*t, 0, Item::Boundary)).collect();
    items.extend(s.log.iter().map(|(t, c)| (*t, 1, Item::Config(c))));
    items.extend(s.release.iter().map(|t| (*t, 1, Item::Config(&Change::Release))));
    items.extend(s.fixes.iter().enumerate().map(|(i, f)| (f.time, 2, Item::Fix(i))));
    items.sort_by_key(|i| (i.0, i.1));
    let mut f = Fold {
        s,
        memo,
        zones: BTreeMap::new(),
        zone_versions: BTreeMap::new(),
        cur: None,
        order_version: 0,
        active: BTreeMap::new(),
        seen: 0,
        last_sound: None,
        released: false,
        machines: BTreeMap::new(),
    };
    for (t, _, item) in items {
        if f.released {
            break;
        }
        match item {
            Item::Boundary => f.boundary(t),
            Item::Config(Change::Zone(id, z)) => f.zone(t, *id, z.clone()),
            Item::Config(Change::Order(id, o)) if *id == s.order => f.order(t, o.clone()),
            Item::Config(Change::Order(..)) => {}
            Item::Config(Change::Release) => {
                f.end(t, "device_released", |_| true);
                f.released = true;
            }
            Item::Fix(i) => f.fix(t, i),
        }
    }
    f.machines.into_iter().map(|(k, m)| (k, m.episodes)).collect()
}

impl Fold<'_> {
    fn rule(&self, id: u64) -> Option<Rule> {
        self.cur.as_ref()?.rules.iter().find(|r| r.rule == id).cloned()
    }

    fn targets(&self, r: &Rule) -> BTreeSet<u64> {
        match (r.zone, r.layer) {
            (Some(z), _) => self.zones.contains_key(&z).then_some(z).into_iter().collect(),
            (_, layer) => {
                self.zones.iter().filter(|(_, z)| z.layer == layer).map(|(id, _)| *id).collect()
            }
        }
    }

    fn active_now(&self, t: i64) -> BTreeMap<u64, i64> {
        match &self.cur {
            Some(v) if v.person == self.s.person => {
                v.rules.iter().filter_map(|r| Some((r.rule, active_since(v, r, t)?))).collect()
            }
            _ => BTreeMap::new(),
        }
    }

    fn edge(
        &self,
        key: Key,
        time: i64,
        cause: &'static str,
        threshold: f64,
        proof: Option<Proof>,
    ) -> Edge {
        let zone_version = self.zone_versions.get(&key.2).copied().unwrap_or(0);
        Edge { time, cause, order_version: self.order_version, zone_version, threshold, proof }
    }

    fn end(&mut self, t: i64, cause: &'static str, which: impl Fn(&Key) -> bool) {
        let keys: Vec<Key> = self.machines.keys().filter(|k| which(k)).copied().collect();
        for k in keys {
            let e = self.edge(k, t, cause, self.machines[&k].threshold, None);
            if let Some(m) = self.machines.get_mut(&k) {
                m.row = None;
                if std::mem::take(&mut m.open)
                    && let Some(ep) = m.episodes.last_mut()
                {
                    ep.end = Some(e);
                }
            }
        }
    }

    fn boundary(&mut self, t: i64) {
        let before = std::mem::take(&mut self.active);
        self.active = self.active_now(t);
        for r in before.keys() {
            if !self.active.contains_key(r) {
                self.end(t, "rule_ended", |k| k.0 == *r);
            }
        }
        let permit_ends = self
            .cur
            .as_ref()
            .is_some_and(|v| v.permits.iter().any(|p| p.1.iter().flatten().any(|i| i.1 == t)));
        for r in self.active.clone().into_keys() {
            if !before.contains_key(&r) {
                self.judge_rule(t, r, None, "rule_started");
            } else if permit_ends {
                self.judge_rule(t, r, None, "permit_ended");
            }
        }
    }

    fn order(&mut self, t: i64, o: Option<Rc<OrderVersion>>) {
        let before = std::mem::take(&mut self.active);
        if let Some(v) = &o {
            self.order_version = v.version;
        }
        self.cur = o;
        self.active = self.active_now(t);
        for r in before.keys() {
            let rule = self.rule(*r).filter(|_| self.active.contains_key(r));
            match rule {
                None => self.end(t, "rule_ended", |k| k.0 == *r),
                Some(rule) => {
                    let targets = self.targets(&rule);
                    let gone =
                        |k: &Key| !targets.contains(&k.2) || (k.1 == 1 && rule.warn_m <= 0.0);
                    self.end(t, "rule_ended", |k| k.0 == *r && gone(k));
                }
            }
        }
        for r in self.active.clone().into_keys() {
            let cause = if before.contains_key(&r) { "order_changed" } else { "rule_started" };
            self.judge_rule(t, r, None, cause);
        }
    }

    fn zone(&mut self, t: i64, id: u64, z: Option<Rc<ZoneVersion>>) {
        let rules: Vec<Rule> = self.active.keys().filter_map(|r| self.rule(*r)).collect();
        let before: Vec<bool> = rules.iter().map(|r| self.targets(r).contains(&id)).collect();
        match z {
            Some(z) => {
                self.zone_versions.insert(id, z.version);
                self.zones.insert(id, z);
            }
            None => {
                self.zones.remove(&id);
            }
        }
        let permit = self.cur.as_ref().is_some_and(|v| v.permits.iter().any(|p| p.0 == id));
        for (r, was) in rules.iter().zip(before) {
            let is = self.targets(r).contains(&id);
            if was && !is {
                self.end(t, "zone_removed", |k| k.0 == r.rule && k.2 == id);
            }
            if permit {
                self.judge_rule(t, r.rule, None, "zone_changed");
            } else if is {
                self.judge_rule(t, r.rule, Some(id), "zone_changed");
            }
        }
    }

    /// J-FIX-7 among the fixes before this item.
    fn reference(&self, t: i64) -> Option<usize> {
        let near = (0..self.seen)
            .rev()
            .find(|i| !self.s.classes[*i].coarse && t - self.s.fixes[*i].time <= 180_000);
        near.or(self.seen.checked_sub(1))
    }

    /// J-SCHED-1.
    fn judge_rule(&mut self, t: i64, rule: u64, zone: Option<u64>, cause: &'static str) {
        let Some(i) = self.reference(t).filter(|i| t - self.s.fixes[*i].time <= 180_000) else {
            return;
        };
        let Some(rule) = self.rule(rule) else { return };
        for z in self.targets(&rule) {
            if zone.is_none_or(|only| only == z) {
                self.judge_zone(t, &rule, z, i, cause);
            }
        }
    }

    fn fix(&mut self, t: i64, i: usize) {
        for r in self.active.clone().into_keys() {
            let Some(rule) = self.rule(r) else { continue };
            for z in self.targets(&rule) {
                let key = (r, 0, z);
                let closed = self.machines.get(&key).is_none_or(|m| !m.open);
                self.judge_zone(t, &rule, z, i, "fix");
                let still = self.machines.get(&key).is_none_or(|m| !m.open);
                if closed && still && rule.confirm == 0 && self.s.classes[i].sound {
                    self.cross(&rule, z, i);
                }
            }
        }
        self.seen = i + 1;
        if self.s.classes[i].sound {
            self.last_sound = Some(i);
        }
    }

    /// J-CROSS-1.
    fn cross(&mut self, rule: &Rule, zone: u64, i: usize) {
        let Some(p) = self.last_sound else { return };
        let (a, b) = (self.s.fixes[p].clone(), self.s.fixes[i].clone());
        let z = self.zones[&zone].clone();
        let since = self.active[&rule.rule];
        if b.time - a.time > 300_000 || a.time < since || z.at > a.time {
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
        let key = (rule.rule, 0, zone);
        let start =
            self.edge(key, a.time, "fix", 0.0, Some(Proof { distance: da, fix: a, sound: true }));
        let end =
            self.edge(key, b.time, "fix", 0.0, Some(Proof { distance: db, fix: b, sound: true }));
        let m = self.machines.entry(key).or_default();
        m.episodes.push(Episode { start, end: Some(end), certainty: "crossed", permitted });
    }

    /// Whether a fix is inside a permit's zone in its hours (J-PERMIT-1).
    fn permit(&mut self, t: i64, i: usize) -> bool {
        let Some(v) = self.cur.clone() else {
            return false;
        };
        v.permits.iter().any(|(zone, hours)| {
            let open = hours.as_ref().is_none_or(|h| h.iter().any(|i| i.0 <= t && t < i.1));
            let zone_now = self.zones.get(zone).cloned();
            open && zone_now
                .is_some_and(|z| known_distance(self.memo, &self.s.fixes[i], *zone, &z) <= 0.0)
        })
    }

    fn judge_zone(&mut self, t: i64, rule: &Rule, zone: u64, i: usize, cause: &'static str) {
        let z = self.zones[&zone].clone();
        let d = known_distance(self.memo, &self.s.fixes[i], zone, &z);
        self.judge(t, rule, (rule.rule, 0, zone), i, d, 0.0, cause);
        if rule.warn_m > 0.0 {
            self.judge(t, rule, (rule.rule, 1, zone), i, d, rule.warn_m, cause);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn judge(
        &mut self,
        t: i64,
        rule: &Rule,
        key: Key,
        i: usize,
        d: f64,
        threshold: f64,
        cause: &'static str,
    ) {
        let (f, c) = (self.s.fixes[i].clone(), self.s.classes[i]);
        let (g, a) = (d - threshold, accuracy(&f));
        let qualifies = if c.coarse { g <= -a } else { g <= 0.0 };
        let permitted = qualifies && c.sound && self.permit(t, i);
        let certainty = if g <= -a && !c.doubtful { "certain" } else { "probable" };
        let proof = Some(Proof { distance: d, fix: f.clone(), sound: c.sound });
        let edge = self.edge(key, t, cause, threshold, proof);
        let m = self.machines.entry(key).or_default();
        m.threshold = threshold;
        if m.open {
            let Some(ep) = m.episodes.last_mut() else {
                return;
            };
            if qualifies && ep.permitted && !permitted {
                ep.end = Some(Edge { cause: "permit_ended", ..edge.clone() });
                m.episodes.push(Episode { start: edge, end: None, certainty, permitted: false });
            } else if c.sound && g > a.max(20.0) {
                ep.end = Some(edge);
                m.open = false;
            }
            return;
        }
        if qualifies {
            let k = (f.time, f.seq);
            let (mut count, first, last) = m.row.unwrap_or((0, t, (i64::MIN, 0)));
            count += u64::from(k > last);
            if count > rule.confirm {
                m.row = None;
                m.open = true;
                m.episodes.push(Episode {
                    start: Edge { time: first, ..edge },
                    end: None,
                    certainty,
                    permitted,
                });
            } else {
                m.row = Some((count, first, k.max(last)));
            }
        } else if c.sound && g > 0.0 {
            m.row = None;
        }
    }
}
