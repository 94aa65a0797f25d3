//! Orders by version, with the timetable of each rule worked out once.

use crate::event::EventKind;
use crate::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::{Demand, Place, PutOrder};
use crate::key::Key;
use crate::table::Table;
use crate::time::{Interval, Timestamp, clip_and_merge};
use std::collections::BTreeMap;

/// Everything known of one order id.
pub(crate) struct Order {
    pub versions: Vec<OrderVersion>,
    /// Boundaries up to here have fired.
    pub fired: Timestamp,
    /// Episodes created so far, by rule, device and kind.
    pub episodes: BTreeMap<(RuleId, DeviceId, EventKind), u64>,
}

/// One version of an order.
pub(crate) struct OrderVersion {
    pub number: u64,
    pub put: Key,
    pub ended: Option<Key>,
    pub person: PersonId,
    /// From the later of `from` and the put, until the term's end; empty if that is before.
    pub term: Option<Interval>,
    pub rules: Vec<KeepOut>,
    pub permits: Vec<Timetable>,
    boundaries: Vec<Timestamp>,
}

/// A keep_out rule with its timetable.
pub(crate) struct KeepOut {
    pub rule: RuleId,
    pub place: Place,
    pub warn_m: f64,
    pub confirm_fixes: u32,
    pub active: Vec<Interval>,
}

/// A permit with its timetable.
pub(crate) struct Timetable {
    pub zone: ZoneId,
    pub active: Vec<Interval>,
}

impl Order {
    pub fn new() -> Self {
        let fired = Timestamp::from_ms(i64::MIN);
        Self { versions: Vec::new(), fired, episodes: BTreeMap::new() }
    }

    /// The version that counts for an item with this key: the newest put not after it.
    pub fn as_of(&self, key: Key) -> Option<&OrderVersion> {
        self.versions.iter().rev().find(|version| version.put <= key)
    }

    /// The version in force at the instant of an item with this key.
    pub fn in_force(&self, key: Key) -> Option<&OrderVersion> {
        self.as_of(key).filter(|version| version.is_in_force(key))
    }

    /// The newest version; nothing before the first put.
    pub fn newest(&self) -> Option<&OrderVersion> {
        self.versions.last()
    }

    /// The first boundary after what has fired.
    #[inline]
    pub fn next_boundary(&self) -> Option<Timestamp> {
        let version = self.newest().filter(|version| version.ended.is_none())?;
        let after = version.boundaries.partition_point(|boundary| *boundary <= self.fired);
        version.boundaries.get(after).copied()
    }

    /// The configuration steps and fired boundaries from `key` on, in no order.
    pub fn steps_from(&self, key: Key) -> Vec<Key> {
        let mut steps = Vec::new();
        for (index, version) in self.versions.iter().enumerate() {
            let next_put = self.versions.get(index + 1).map(|next| next.put);
            let last = [version.ended, next_put].into_iter().flatten().min();
            if last.is_some_and(|last| last < key) {
                continue;
            }
            steps.extend([Some(version.put), version.ended].into_iter().flatten());
            let boundaries = version.boundaries.iter().filter(|b| **b <= self.fired);
            let keys = boundaries.map(|boundary| Key::boundary(*boundary));
            steps.extend(keys.filter(|k| last.is_none_or(|last| *k < last)));
        }
        steps.retain(|step| *step >= key);
        steps
    }
}

impl OrderVersion {
    pub fn new(put: &PutOrder, number: u64, key: Key) -> Self {
        let from = put.term.from.max(key.time);
        let term = (from < put.term.until).then_some(Interval { from, until: put.term.until });
        let active = |intervals: &Option<Vec<Interval>>| match (term, intervals) {
            (None, _) => Vec::new(),
            (Some(term), None) => vec![term],
            (Some(term), Some(intervals)) => clip_and_merge(intervals, term),
        };
        let rules = put.rules.iter().filter_map(|rule| match rule.demand {
            Demand::KeepOut { place, warn_m, confirm_fixes } => Some(KeepOut {
                rule: rule.rule,
                place,
                warn_m,
                confirm_fixes,
                active: active(&rule.active),
            }),
            Demand::NotYetSupported(_) => None,
        });
        let rules: Vec<_> = rules.collect();
        let permits = put.permits.iter();
        let permits: Vec<_> = permits
            .map(|permit| Timetable { zone: permit.zone, active: active(&permit.active) })
            .collect();
        let intervals = rules.iter().map(|rule| &rule.active);
        let mut boundaries: Vec<_> = intervals
            .chain(permits.iter().map(|permit| &permit.active))
            .flatten()
            .chain(&term)
            .flat_map(|interval| [interval.from, interval.until])
            .filter(|boundary| *boundary > key.time)
            .collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        let person = put.person;
        Self { number, put: key, ended: None, person, term, rules, permits, boundaries }
    }

    pub fn is_in_force(&self, key: Key) -> bool {
        self.put <= key
            && self.ended.is_none_or(|ended| ended > key)
            && self.term.is_some_and(|term| term.contains(key.time))
    }

    pub fn rule(&self, rule: RuleId) -> Option<&KeepOut> {
        self.rules.iter().find(|candidate| candidate.rule == rule)
    }

    pub fn permit_ends_at(&self, instant: Timestamp) -> bool {
        self.permits.iter().any(|permit| permit.active.iter().any(|i| i.until == instant))
    }

    pub fn permits_zone(&self, zone: ZoneId) -> bool {
        self.permits.iter().any(|permit| permit.zone == zone)
    }

    /// The zones that rules and permits name.
    pub fn zones(&self) -> impl Iterator<Item = ZoneId> {
        let named = self.rules.iter().filter_map(|rule| match rule.place {
            Place::Zone(zone) => Some(zone),
            Place::Layer(_) => None,
        });
        named.chain(self.permits.iter().map(|permit| permit.zone))
    }

    /// The layers that rules name.
    pub fn layers(&self) -> impl Iterator<Item = LayerId> {
        self.rules.iter().filter_map(|rule| match rule.place {
            Place::Layer(layer) => Some(layer),
            Place::Zone(_) => None,
        })
    }
}

impl KeepOut {
    /// Since when the rule has been active at this instant, if it is.
    pub fn active_since(&self, instant: Timestamp) -> Option<Timestamp> {
        let interval = self.active.iter().find(|interval| interval.contains(instant))?;
        Some(interval.from)
    }
}

/// The orders by id, and who is concerned by what.
#[derive(Default)]
pub(crate) struct Orders {
    pub by_id: Table<OrderId, Order>,
    pub naming_zone: BTreeMap<ZoneId, Vec<OrderId>>,
    pub naming_layer: BTreeMap<LayerId, Vec<OrderId>>,
}

impl Orders {
    /// Notes that the order names these zones and layers, now or in a version that still counts.
    pub fn index(&mut self, order: OrderId) {
        let Some(version) = self.by_id.get(order).and_then(Order::newest) else {
            return;
        };
        for zone in version.zones() {
            insert_sorted(self.naming_zone.entry(zone).or_default(), order);
        }
        for layer in version.layers() {
            insert_sorted(self.naming_layer.entry(layer).or_default(), order);
        }
    }

    /// The orders that name the zone or a layer in which it was just before or is now.
    pub fn concerned_by(&self, zone: ZoneId, layers: [Option<LayerId>; 2]) -> Vec<OrderId> {
        let mut orders = self.naming_zone.get(&zone).cloned().unwrap_or_default();
        for layer in layers.into_iter().flatten() {
            orders.extend(self.naming_layer.get(&layer).into_iter().flatten());
        }
        orders.sort_unstable();
        orders.dedup();
        orders
    }
}

/// Inserts into a sorted list what is not in it yet.
pub(crate) fn insert_sorted<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(place) = list.binary_search(&item) {
        list.insert(place, item);
    }
}
