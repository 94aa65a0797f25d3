//! What an order and its zones are at a place in the log; no device has a part in it.

use super::log::{Change, ZoneVersion};
use super::parse_order::{Demand, OrderVersion, Rule};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Since when a rule is active.
#[derive(Debug, Clone)]
pub struct Active {
    /// Of this version of the order (D4).
    pub since: i64,
    /// Over edits that kept it active (E6).
    pub start: i64,
    pub rule: Rc<Rule>,
}

/// The zone or the other person of a machine; (0, false) if it has neither.
pub type Target = (u64, bool);

/// An order as it is.
#[derive(Debug)]
pub struct OrderState {
    order: u64,
    pub current: Option<Rc<OrderVersion>>,
    pub version: u64,
    pub zones: BTreeMap<u64, Rc<ZoneVersion>>,
    pub zone_versions: BTreeMap<u64, u64>,
    pub active: BTreeMap<u64, Active>,
}

impl OrderState {
    /// Before anything happened.
    pub fn new(order: u64) -> Self {
        Self {
            order,
            current: None,
            version: 0,
            zones: BTreeMap::new(),
            zone_versions: BTreeMap::new(),
            active: BTreeMap::new(),
        }
    }

    /// Whose order it is, while it is in force.
    pub fn restrains(&self, t: i64) -> Option<u64> {
        self.current.as_ref().filter(|v| v.in_force(t)).map(|v| v.person)
    }

    /// Goes over a boundary.
    pub fn boundary(&mut self, t: i64) {
        self.refresh(t, true);
    }

    /// Takes a change of a zone, or of this order.
    pub fn change(&mut self, t: i64, change: &Change) {
        match change {
            Change::Zone(id, Some(z)) => {
                self.zone_versions.insert(*id, z.version);
                self.zones.insert(*id, z.clone());
                self.refresh(t, true);
            }
            Change::Zone(id, None) => {
                self.zones.remove(id);
                self.refresh(t, true);
            }
            Change::Order(o, v) if *o == self.order => {
                let person = |v: &Option<Rc<OrderVersion>>| v.as_ref().map(|v| v.person);
                let same = person(&self.current) == person(v);
                self.version = v.as_ref().map_or(self.version, |v| v.version);
                self.current.clone_from(v);
                self.refresh(t, same);
            }
            Change::Order(..) => {}
        }
    }

    /// What a rule is about now.
    pub fn targets(&self, r: &Rule) -> BTreeSet<Target> {
        match &r.demand {
            Demand::KeepOut { zone: Some(z), .. } => {
                self.zones.contains_key(z).then_some((*z, false)).into_iter().collect()
            }
            Demand::KeepOut { layer, .. } => {
                let of = |z: &&u64| self.zones[z].layer == *layer;
                self.zones.keys().filter(of).map(|z| (*z, false)).collect()
            }
            Demand::KeepAway { person, .. } => [(*person, true)].into(),
            Demand::StayIn { .. } | Demand::Report { .. } => [(0, false)].into(),
        }
    }

    /// The ends of grace that lie ahead, if nothing changes before (E6).
    pub fn grace_ends(&self) -> impl Iterator<Item = i64> {
        self.active.values().filter_map(|a| match a.rule.demand {
            Demand::StayIn { grace_ms, .. } if grace_ms > 0 => Some(a.start + grace_ms),
            _ => None,
        })
    }

    fn refresh(&mut self, t: i64, same_person: bool) {
        let before = std::mem::take(&mut self.active);
        let Some(v) = &self.current else { return };
        for r in &v.rules {
            let Some(since) = self.active_since(v, r, t) else { continue };
            let was = before.get(&r.rule).filter(|b| same_person && b.rule.same_kind(r));
            let start = was.map_or(t, |b| b.start);
            self.active.insert(r.rule, Active { since, start, rule: r.clone() });
        }
    }

    fn active_since(&self, v: &OrderVersion, r: &Rule, t: i64) -> Option<i64> {
        match &r.demand {
            // E4
            Demand::StayIn { zones, .. } if !zones.iter().any(|z| self.zones.contains_key(z)) => {
                None
            }
            _ => active_since(v, r, t),
        }
    }
}

/// When a rule that is active at t became so, of this version (D4).
pub fn active_since(v: &OrderVersion, r: &Rule, t: i64) -> Option<i64> {
    let start = v.from.max(v.at);
    if !v.in_force(t) {
        return None;
    }
    match &r.active {
        None => Some(start),
        Some(l) => l.iter().find(|i| i.0 <= t && t < i.1).map(|i| i.0.max(start)),
    }
}
