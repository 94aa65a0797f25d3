//! The configuration as a log: every version of every zone and order, and what was when.

use super::geometry::Shape;
use super::parse_order::{OrderVersion, within};
use super::state::OrderState;
use std::collections::{BTreeMap, BTreeSet};
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
}

/// The place of an item among all (J-TIME-3): event time; 0 boundary, 1 configuration, 2 fix or
/// status; then the input's number, or the device and its counter.
pub type Pos = (i64, u8, u64, u64);

/// A change with its place.
#[derive(Debug)]
pub struct Entry {
    pub pos: Pos,
    pub change: Change,
}

/// All changes in the order of input.
#[derive(Debug, Default)]
pub struct Log {
    pub entries: Vec<Entry>,
    zone_versions: BTreeMap<u64, u64>,
    order_versions: BTreeMap<u64, u64>,
    /// The boundaries of each order: starts, ends, intervals, permits, and the ends of grace.
    pub instants: BTreeMap<u64, BTreeSet<i64>>,
}

impl Log {
    fn push(&mut self, at: i64, line: u64, change: Change) {
        let orders = match change {
            Change::Zone(..) => self.orders(),
            Change::Order(o, _) => vec![o],
        };
        self.entries.push(Entry { pos: (at, 1, line, 0), change });
        for o in orders {
            self.instants.insert(o, self.instants_of(o));
        }
    }

    /// Puts a zone: a new version of it.
    pub fn put_zone(&mut self, at: i64, line: u64, zone: u64, layer: Option<u64>, shape: Shape) {
        let version = self.zone_versions.entry(zone).or_default();
        *version += 1;
        let z = ZoneVersion { version: *version, at, layer, shape };
        self.push(at, line, Change::Zone(zone, Some(Rc::new(z))));
    }

    /// Removes a zone.
    pub fn remove_zone(&mut self, at: i64, line: u64, zone: u64) {
        self.push(at, line, Change::Zone(zone, None));
    }

    /// Puts an order: a new version of it.
    pub fn put_order(&mut self, at: i64, line: u64, order: u64, mut v: OrderVersion) {
        let version = self.order_versions.entry(order).or_default();
        *version += 1;
        v.version = *version;
        self.push(at, line, Change::Order(order, Some(Rc::new(v))));
    }

    /// Ends an order.
    pub fn end_order(&mut self, at: i64, line: u64, order: u64) {
        self.push(at, line, Change::Order(order, None));
    }

    /// All orders that ever were.
    pub fn orders(&self) -> Vec<u64> {
        self.order_versions.keys().copied().collect()
    }

    /// All zones that ever were.
    pub fn zones(&self) -> Vec<u64> {
        self.zone_versions.keys().copied().collect()
    }

    /// The versions of an order.
    pub fn versions(&self, order: u64) -> impl Iterator<Item = &Rc<OrderVersion>> {
        self.entries.iter().filter_map(move |e| match &e.change {
            Change::Order(o, Some(v)) if *o == order => Some(v),
            _ => None,
        })
    }

    /// The newest version of an order, ended or not.
    pub fn newest(&self, order: u64) -> Option<&Rc<OrderVersion>> {
        self.versions(order).last()
    }

    /// What an order was at an instant; `None` if it was not there or ended.
    pub fn order_at(&self, order: u64, t: i64) -> Option<Rc<OrderVersion>> {
        let of = |e: &&Entry| e.pos.0 <= t && matches!(e.change, Change::Order(o, _) if o == order);
        match &self.entries.iter().rev().find(of)?.change {
            Change::Order(_, v) => v.clone(),
            Change::Zone(..) => None,
        }
    }

    /// What an order is, ended or not.
    pub fn order_now(&self, order: u64) -> Option<Rc<OrderVersion>> {
        self.order_at(order, i64::MAX)
    }

    /// What a zone was at an instant.
    pub fn zone_at(&self, zone: u64, t: i64) -> Option<Rc<ZoneVersion>> {
        let of = |e: &&Entry| e.pos.0 <= t && matches!(e.change, Change::Zone(z, _) if z == zone);
        match &self.entries.iter().rev().find(of)?.change {
            Change::Zone(_, z) => z.clone(),
            Change::Order(..) => None,
        }
    }

    /// What a zone is.
    pub fn zone_now(&self, zone: u64) -> Option<Rc<ZoneVersion>> {
        self.zone_at(zone, i64::MAX)
    }

    /// The orders of which any version restrains the person.
    pub fn restrain(&self, person: u64) -> Vec<u64> {
        let mut all = self.orders();
        all.retain(|o| self.versions(*o).any(|v| v.person == person));
        all
    }

    /// The orders of which any version has the person on either side.
    pub fn ever_concern(&self, person: u64) -> Vec<u64> {
        let mut all = self.orders();
        all.retain(|o| self.versions(*o).any(|v| v.person == person || v.protects(person)));
        all
    }

    /// The orders whose newest version has the person on either side (J-TIME-4, E21).
    pub fn concern(&self, person: u64) -> Vec<u64> {
        let party = |v: &Rc<OrderVersion>| v.person == person || v.protects(person);
        let mut all = self.orders();
        all.retain(|o| self.newest(*o).is_some_and(party));
        all
    }

    /// The orders in force at the engine's present, with their versions.
    pub fn in_force(&self, at: i64) -> Vec<(u64, Rc<OrderVersion>)> {
        let now = |o: u64| Some((o, self.order_now(o).filter(|v| v.in_force(at))?));
        self.orders().into_iter().filter_map(now).collect()
    }

    /// The persons whom any version of the order protects.
    pub fn protected(&self, order: u64) -> BTreeSet<u64> {
        self.versions(order).flat_map(|v| v.rules.iter().filter_map(|r| r.protects())).collect()
    }

    fn instants_of(&self, order: u64) -> BTreeSet<i64> {
        let fixed: BTreeSet<i64> = self.versions(order).flat_map(|v| instants(v)).collect();
        let mut all = fixed.clone();
        let mut state = OrderState::new(order);
        let mut rest = self.entries.iter().peekable();
        for t in fixed {
            while let Some(e) = rest.next_if(|e| e.pos.0 < t) {
                state.change(e.pos.0, &e.change);
                all.extend(state.grace_ends());
            }
            state.boundary(t);
            all.extend(state.grace_ends());
        }
        for e in rest {
            state.change(e.pos.0, &e.change);
            all.extend(state.grace_ends());
        }
        all
    }

    /// The order as it is once these boundaries have fired.
    pub fn state(&self, order: u64, boundaries: &BTreeSet<i64>) -> OrderState {
        let mut state = OrderState::new(order);
        let mut rest = self.entries.iter().peekable();
        for t in boundaries {
            while let Some(e) = rest.next_if(|e| e.pos.0 < *t) {
                state.change(e.pos.0, &e.change);
            }
            state.boundary(*t);
        }
        rest.for_each(|e| state.change(e.pos.0, &e.change));
        state
    }

    /// Whether a permit of the version holds at an instant, for zones at `inside`.
    pub fn permits(v: &OrderVersion, t: i64, mut inside: impl FnMut(u64) -> bool) -> bool {
        v.permits.iter().any(|(zone, hours)| within(hours, t) && inside(*zone))
    }
}

/// The instants at which something of a version begins or ends.
fn instants(v: &OrderVersion) -> BTreeSet<i64> {
    let mut all: BTreeSet<i64> = [v.from, v.until].into();
    for r in &v.rules {
        all.extend(r.active.iter().flatten().flat_map(|i| [i.0, i.1]));
    }
    all.extend(v.permits.iter().flat_map(|p| p.1.iter().flatten()).map(|i| i.1));
    all.into_iter().filter(|t| *t > v.at && *t >= v.from && *t <= v.until).collect()
}
