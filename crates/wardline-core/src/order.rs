//! Orders by version.

mod naming;
mod saved;
mod shadow;
mod version;

pub(crate) use shadow::{Shadow, Shadows};
pub(crate) use version::{KeepAway, KeepOut, OrderVersion, Report, Rule, StayIn, Terms, TermsKind};

use crate::engine::{AlarmId, Deadline};
use crate::event::EventKind;
use crate::few::Few;
use crate::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use crate::key::Key;
use crate::table::Table;
use crate::time::{NEVER, Timestamp};
use naming::Naming;
use std::collections::BTreeMap;

/// An alarm that is raised.
#[derive(Clone, Copy)]
pub(crate) struct Raised {
    /// The number of its episode.
    pub number: u64,
    /// The restrained person it is about.
    pub person: PersonId,
    pub since: Timestamp,
}

/// How many episodes there were of a rule, device and kind.
type Number = ((RuleId, DeviceId, EventKind), u64);

/// What was told of an order; of most nothing was yet.
#[derive(Default)]
struct Told {
    /// Of the episodes created so far, sorted.
    numbers: Few<Number>,
    alarms: BTreeMap<AlarmId, Raised>,
}

const NOTHING_TOLD: &Told = &Told { numbers: Few::None, alarms: BTreeMap::new() };

/// Everything known of one order id.
pub(crate) struct Order {
    pub versions: Few<OrderVersion>,
    /// Boundaries up to here have fired.
    pub fired: Timestamp,
    /// The persons that some version restrains, sorted.
    pub restrained: Few<PersonId>,
    /// The persons that some version protects by keep_away, sorted.
    pub protected: Few<PersonId>,
    told: Option<Box<Told>>,
    /// Boundaries, timers and inputs up to here have been looked at.
    pub progress: Timestamp,
    /// When the engine looks at it again unasked.
    pub deadline: Option<Deadline>,
}

impl Order {
    pub fn new() -> Self {
        Self {
            versions: Few::None,
            fired: NEVER,
            restrained: Few::None,
            protected: Few::None,
            told: None,
            progress: NEVER,
            deadline: None,
        }
    }

    /// The number of a new episode.
    // J-PAIR-2
    pub fn next_number(&mut self, rule: RuleId, device: DeviceId, kind: EventKind) -> u64 {
        let numbers = &mut self.told.get_or_insert_default().numbers;
        let of = (rule, device, kind);
        let place = numbers.binary_search_by_key(&of, |(of, _)| *of).unwrap_or_else(|place| {
            numbers.insert(place, (of, 0));
            place
        });
        numbers[place].1 += 1;
        numbers[place].1
    }

    /// How many episodes like this were created so far.
    pub fn last_number(&self, rule: RuleId, device: DeviceId, kind: EventKind) -> u64 {
        let mut numbers = self.told().numbers.iter();
        numbers.find(|(of, _)| *of == (rule, device, kind)).map_or(0, |(_, number)| *number)
    }

    /// The alarms that are raised.
    pub fn alarms(&self) -> &BTreeMap<AlarmId, Raised> {
        &self.told().alarms
    }

    pub fn raise(&mut self, alarm: AlarmId, raised: Raised) {
        self.told.get_or_insert_default().alarms.insert(alarm, raised);
    }

    /// Ends an alarm, if it is raised.
    pub fn end(&mut self, alarm: AlarmId) -> Option<Raised> {
        self.told.as_mut()?.alarms.remove(&alarm)
    }

    fn told(&self) -> &Told {
        self.told.as_deref().unwrap_or(NOTHING_TOLD)
    }

    /// The version that counts for an item with this key: the newest put not after it.
    #[inline]
    pub fn as_of(&self, key: Key) -> Option<&OrderVersion> {
        self.versions.iter().rev().find(|version| version.put() <= key)
    }

    /// Whether the newest version restrains or protects the person.
    pub fn concerns(&self, person: PersonId) -> bool {
        let version = self.newest();
        version.is_some_and(|v| v.person == person || v.protected().any(|other| other == person))
    }

    /// The version in force at the instant of an item with this key.
    pub fn in_force(&self, key: Key) -> Option<&OrderVersion> {
        self.as_of(key).filter(|version| version.is_in_force(key))
    }

    /// Whether the version before that of the put with this key had a rule of this id and kind for
    /// the person, active at the instant.
    pub fn had_rule(&self, rule: &Rule, put: Key, person: PersonId) -> bool {
        let before = self.versions.iter().rev().find(|version| version.put() < put);
        let before = before.filter(|version| version.is_in_force(put) && version.person == person);
        let same = before.and_then(|version| version.active_rule(rule.rule, put.time));
        same.is_some_and(|same| same.terms.is_same_kind(&rule.terms))
            && self.versions.iter().any(|version| version.put() == put)
    }

    /// The keep_away rules about two persons that count for an item with this key or any after it.
    pub fn pair_rules(
        &self,
        person: PersonId,
        other: PersonId,
        key: Key,
    ) -> impl Iterator<Item = (RuleId, KeepAway)> + Clone {
        let first = self.versions.iter().rposition(|version| version.put() <= key);
        let versions = self.versions[first.unwrap_or(0)..].iter();
        let versions = versions.filter(move |v| v.person == person && !v.is_over(key));
        versions.flat_map(|version| &version.rules).filter_map(move |rule| match rule.terms {
            Terms::KeepAway(keep_away) if keep_away.person == other => Some((rule.rule, keep_away)),
            _ => None,
        })
    }

    /// The newest version; nothing before the first put.
    #[inline]
    pub fn newest(&self) -> Option<&OrderVersion> {
        self.versions.last()
    }

    /// The first boundary after what has fired.
    #[inline]
    pub fn next_boundary(&self) -> Option<Timestamp> {
        let version = self.newest().filter(|version| !version.has_ended())?;
        let after = version.boundaries().partition_point(|boundary| *boundary <= self.fired);
        version.boundaries().get(after).copied()
    }

    /// The configuration steps and fired boundaries from `key` on, in no order.
    pub fn steps_from(&self, key: Key) -> Vec<Key> {
        let mut steps = Vec::new();
        for (index, version) in self.versions.iter().enumerate() {
            let next_put = self.versions.get(index + 1).map(OrderVersion::put);
            let last = [version.ended(), next_put].into_iter().flatten().min();
            if last.is_some_and(|last| last < key) {
                continue;
            }
            let ends = [Some(version.put()), version.ended()].into_iter().flatten();
            steps.extend(ends.filter(|step| *step >= key));
            let boundaries = version.boundaries().iter().filter(|b| **b <= self.fired);
            let keys = boundaries.map(|boundary| Key::boundary(*boundary));
            steps.extend(keys.filter(|k| *k >= key && last.is_none_or(|last| *k < last)));
        }
        steps
    }
}

/// The orders by id, and who is concerned by what.
#[derive(Default)]
pub(crate) struct Orders {
    pub by_id: Table<OrderId, Order>,
    /// Those that other engines judge.
    pub shadows: Shadows,
    pub naming_zone: Naming,
    pub naming_layer: BTreeMap<LayerId, Few<OrderId>>,
}

impl Orders {
    /// How many orders were ever put, wherever they are judged.
    pub fn known(&self) -> usize {
        self.by_id.len() + self.shadows.len()
    }

    /// How many versions of the order there were, wherever it is judged.
    pub fn versions(&self, order: OrderId) -> usize {
        let here = self.by_id.get(order).map(|order| order.versions.len());
        here.unwrap_or_else(|| self.shadows.versions(order))
    }

    /// Whether the order was ever put.
    pub fn knows(&self, order: OrderId) -> bool {
        self.by_id.contains(order) || self.shadows.contains(order)
    }

    /// Notes that the order names these zones and layers, now or in a version that still counts.
    pub fn index(&mut self, order: OrderId) {
        let Some(version) = self.by_id.get(order).and_then(Order::newest) else {
            return;
        };
        for zone in version.zones() {
            self.naming_zone.insert(zone, order);
        }
        for layer in version.layers() {
            self.naming_layer.entry(layer).or_default().insert_sorted(order);
        }
    }

    /// The orders that name the zone or a layer in which it was just before or is now.
    pub fn concerned_by(&self, zone: ZoneId, layers: [Option<LayerId>; 2]) -> Vec<OrderId> {
        let mut orders = self.naming_zone.of(zone).to_vec();
        for layer in layers.into_iter().flatten() {
            orders.extend(self.naming_layer.get(&layer).into_iter().flatten());
        }
        orders.sort_unstable();
        orders.dedup();
        orders
    }
}
