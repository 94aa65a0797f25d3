//! The set function of J-TIME-3: one full fold over the sorted items for an order and a device.

use super::device::Stint;
use super::kinds::{BREACH, WARNING, condition};
use super::log::{Change, Log, Pos, ZoneVersion};
use super::parse::Fix;
use super::parse_order::{Demand, Rule};
use super::state::{Active, OrderState, Target};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Distances that are known: by (fix, zone, version), and by both fixes.
#[derive(Debug, Default)]
pub struct Memo {
    pub zones: HashMap<(usize, u64, u64), f64>,
    pub pairs: HashMap<(usize, usize), f64>,
}

/// A machine of an order and a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub rule: u64,
    pub kind: u8,
    pub target: Target,
}

/// The protected person's fix of a pair.
#[derive(Debug, Clone)]
pub struct Other {
    pub device: u64,
    pub fix: Fix,
    pub sound: bool,
}

/// What an event was judged on.
#[derive(Debug, Clone)]
pub struct Proof {
    pub distance: f64,
    pub fix: Fix,
    pub sound: bool,
    pub other: Option<Other>,
}

/// How an episode starts or ends.
#[derive(Debug, Clone)]
pub struct Edge {
    pub time: i64,
    pub cause: &'static str,
    pub order_version: u64,
    /// 0 where there is none.
    pub zone: u64,
    pub zone_version: u64,
    pub threshold: f64,
    pub proof: Option<Proof>,
}

/// An episode of the set function; without a certainty if it is one of a status.
#[derive(Debug, Clone)]
pub struct Episode {
    pub start: Edge,
    pub end: Option<Edge>,
    pub certainty: Option<&'static str>,
    pub permitted: bool,
}

/// A machine on its way.
#[derive(Debug, Default)]
pub struct Machine {
    pub episodes: Vec<Episode>,
    pub open: bool,
    pub threshold: f64,
    /// Count, time of the first, key of the last (D8).
    pub row: Option<(u64, i64, (i64, u64))>,
}

/// What a fold reads.
pub struct Source<'a> {
    pub order: u64,
    pub stint: &'a Stint,
    /// The devices that protected persons have or had.
    pub hers: Vec<&'a Stint>,
    pub log: &'a Log,
    pub boundaries: &'a BTreeSet<i64>,
}

/// A fold on its way.
pub struct Fold<'a> {
    pub s: &'a Source<'a>,
    pub memo: &'a mut Memo,
    pub state: OrderState,
    /// The place of the item that is folded.
    pub here: Pos,
    pub last_sound: Option<usize>,
    assigned: bool,
    conditions: BTreeMap<u8, bool>,
    pub machines: BTreeMap<Key, Machine>,
}

enum Item<'a> {
    Boundary,
    Config(&'a Change),
    Assigned,
    Released,
    His(usize),
    Hers(usize, usize),
    Word(usize),
}

/// Runs the whole fold and gives the episodes of each machine.
pub fn fold(s: &Source<'_>, memo: &mut Memo) -> BTreeMap<Key, Vec<Episode>> {
    let mut f = Fold {
        s,
        memo,
        state: OrderState::new(s.order),
        here: Pos::default(),
        last_sound: None,
        assigned: false,
        conditions: BTreeMap::new(),
        machines: BTreeMap::new(),
    };
    for (pos, item) in items(s) {
        f.here = pos;
        f.take(pos.0, item);
    }
    f.machines.into_iter().map(|(k, m)| (k, m.episodes)).collect()
}

/// All items in their order, up to the release.
fn items<'a>(s: &'a Source<'_>) -> Vec<(Pos, Item<'a>)> {
    let st = s.stint;
    let concerns = |c: &Change| match c {
        Change::Zone(..) => true,
        Change::Order(o, _) => *o == s.order,
    };
    let log = s.log.entries.iter().filter(|e| concerns(&e.change));
    let mut items = vec![(st.assigned, Item::Assigned)];
    items.extend(s.boundaries.iter().map(|t| ((*t, 0, 0, 0), Item::Boundary)));
    items.extend(log.map(|e| (e.pos, Item::Config(&e.change))));
    items.extend((0..st.fixes.len()).map(|i| (st.pos(i), Item::His(i))));
    let word = |i: usize| (st.words[i].time, 2, st.device, st.words[i].seq);
    items.extend((0..st.words.len()).map(|i| (word(i), Item::Word(i))));
    for (h, hers) in s.hers.iter().enumerate() {
        let sent = (0..hers.fixes.len()).map(|i| (hers.pos(i), Item::Hers(h, i)));
        items.extend(sent.filter(|(p, _)| hers.released.is_none_or(|r| *p < r)));
    }
    items.extend(st.released.map(|p| (p, Item::Released)));
    items.sort_by_key(|i| i.0);
    items.retain(|i| st.released.is_none_or(|r| i.0 <= r));
    items
}

/// The distance of a fix to a zone, remembered.
pub fn known_distance(memo: &mut Memo, f: &Fix, zone: u64, z: &ZoneVersion) -> f64 {
    let known = memo.zones.entry((f.uid, zone, z.version));
    *known.or_insert_with(|| super::geometry::distance(&z.shape, f.at_point))
}

impl Fold<'_> {
    fn take(&mut self, t: i64, item: Item<'_>) {
        match item {
            Item::Boundary => self.boundary(t),
            Item::Config(Change::Zone(id, z)) => self.zone(t, *id, &Change::Zone(*id, z.clone())),
            Item::Config(change) => self.order(t, change),
            Item::Assigned => {
                self.assigned = true;
                self.conditions_now(t, "rule_started");
            }
            Item::Released => self.end(t, "device_released", |_| true),
            Item::His(i) => {
                self.his_fix(t, i);
                if self.s.stint.classes[i].sound {
                    self.last_sound = Some(i);
                }
            }
            Item::Hers(h, i) => self.her_fix(t, h, i),
            Item::Word(i) => {
                if let Some((kind, on)) = condition(&self.s.stint.words[i].word) {
                    self.conditions.insert(kind, on);
                }
                self.conditions_now(t, "status");
            }
        }
    }

    /// The rules that are active and bind this person.
    pub fn active(&self) -> BTreeMap<u64, Active> {
        match &self.state.current {
            Some(v) if v.person == self.s.stint.person => self.state.active.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// An edge of a machine that stands on no fix.
    pub fn edge(&self, key: Key, time: i64, cause: &'static str, threshold: f64) -> Edge {
        let zone = if key.target.1 { 0 } else { key.target.0 };
        let zone_version = self.state.zone_versions.get(&zone).copied().unwrap_or(0);
        let order_version = self.state.version;
        Edge { time, cause, order_version, zone, zone_version, threshold, proof: None }
    }

    fn end(&mut self, t: i64, cause: &'static str, which: impl Fn(&Key) -> bool) {
        let keys: Vec<Key> = self.machines.keys().filter(|k| which(k)).copied().collect();
        for k in keys {
            let e = self.edge(k, t, cause, self.machines[&k].threshold);
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

    /// J-SCHED-1, J-SCHED-2: what starts, ends, or loses its grace or permit.
    fn boundary(&mut self, t: i64) {
        let before = self.active();
        self.state.boundary(t);
        let after = self.active();
        for r in before.keys().filter(|r| !after.contains_key(r)) {
            self.end(t, "rule_ended", |k| k.rule == *r);
        }
        let permit_ends = self.state.current.as_ref().is_some_and(|v| v.permit_ends(t));
        for (r, a) in &after {
            match a.rule.demand {
                _ if !before.contains_key(r) => self.judge_rule(t, a, None, "rule_started"),
                // E6
                Demand::StayIn { grace_ms, .. } if a.start + grace_ms == t => {
                    self.judge_rule(t, a, None, "grace_ended");
                }
                Demand::KeepOut { .. } | Demand::KeepAway { .. } if permit_ends => {
                    self.judge_rule(t, a, None, "permit_ended");
                }
                _ => {}
            }
        }
        self.conditions_now(t, "rule_started");
    }

    fn order(&mut self, t: i64, change: &Change) {
        let before = self.active();
        self.state.change(t, change);
        let after = self.active();
        for (r, was) in &before {
            match after.get(r).filter(|is| is.rule.same_kind(&was.rule)) {
                None => self.end(t, "rule_ended", |k| k.rule == *r),
                Some(is) => {
                    let targets = self.state.targets(&is.rule);
                    let gone = |k: &Key| {
                        !targets.contains(&k.target) || (k.kind == WARNING && !warns(&is.rule))
                    };
                    self.end(t, "rule_ended", |k| k.rule == *r && gone(k));
                }
            }
        }
        for (r, a) in &after {
            let edited = before.get(r).is_some_and(|b| b.rule.same_kind(&a.rule));
            let cause = if edited { "order_changed" } else { "rule_started" };
            self.judge_rule(t, a, None, cause);
        }
        self.conditions_now(t, "rule_started");
    }

    fn zone(&mut self, t: i64, id: u64, change: &Change) {
        let before = self.active();
        let about = |f: &Self, r: &Rule| f.state.targets(r).contains(&(id, false));
        let was: BTreeSet<u64> =
            before.iter().filter(|(_, a)| about(self, &a.rule)).map(|(r, _)| *r).collect();
        self.state.change(t, change);
        let after = self.active();
        let permit =
            self.state.current.as_ref().is_some_and(|v| v.permits.iter().any(|p| p.0 == id));
        for r in before.keys().filter(|r| !after.contains_key(r)) {
            self.end(t, "zone_removed", |k| k.rule == *r);
        }
        for (r, a) in &after {
            match &a.rule.demand {
                Demand::KeepOut { .. } => {
                    let is = about(self, &a.rule);
                    if was.contains(r) && !is {
                        self.end(t, "zone_removed", |k| k.rule == *r && k.target.0 == id);
                    }
                    if permit {
                        self.judge_rule(t, a, None, "zone_changed");
                    } else if is {
                        self.judge_rule(t, a, Some(id), "zone_changed");
                    }
                }
                // E17
                Demand::KeepAway { .. } if permit => self.judge_rule(t, a, None, "zone_changed"),
                // E4, E7
                Demand::StayIn { zones, .. } if zones.contains(&id) => {
                    let back = !before.contains_key(r);
                    let cause = if back { "rule_started" } else { "zone_changed" };
                    self.judge_rule(t, a, None, cause);
                }
                _ => {}
            }
        }
    }

    /// Opens and closes the machines of status where they should (J-STATUS-1, E1).
    fn conditions_now(&mut self, t: i64, cause: &'static str) {
        let person = self.s.stint.person;
        let worn = self.assigned && self.state.restrains(t) == Some(person);
        for (kind, on) in self.conditions.clone() {
            let key = Key { rule: 0, kind, target: (0, false) };
            let want = on && worn;
            let open = self.machines.get(&key).is_some_and(|m| m.open);
            if want && !open {
                let start = self.edge(key, t, cause, 0.0);
                let m = self.machines.entry(key).or_default();
                m.open = true;
                m.episodes.push(Episode { start, end: None, certainty: None, permitted: false });
            } else if open && !want {
                let cause = if worn { cause } else { "rule_ended" };
                self.end(t, cause, |k| *k == key);
            }
        }
    }
}

/// Whether a rule has machines of kind warning.
fn warns(r: &Rule) -> bool {
    match r.demand {
        Demand::KeepOut { warn_m, .. } => warn_m > 0.0,
        Demand::KeepAway { warn_m, .. } => warn_m.is_some(),
        _ => false,
    }
}

/// The gaps of a rule over a distance: kind and threshold of each.
pub fn thresholds(r: &Rule) -> Vec<(u8, f64)> {
    match r.demand {
        Demand::KeepOut { warn_m, .. } if warn_m > 0.0 => vec![(BREACH, 0.0), (WARNING, warn_m)],
        Demand::KeepOut { .. } => vec![(BREACH, 0.0)],
        Demand::KeepAway { distance_m, warn_m, .. } => {
            let warning = warn_m.map(|w| (WARNING, w));
            std::iter::once((BREACH, distance_m)).chain(warning).collect()
        }
        _ => Vec::new(),
    }
}
