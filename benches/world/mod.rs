//! The seeded worlds of the benches: people who stand, walk and drive, the zones that they are
//! kept out of, and their fixes, round by round.
//!
//! What concerns a group of zones is drawn from the world's seed and the group's number alone, so
//! that it can be had again without being kept.

mod plan;
mod walker;
mod zone;

pub use plan::{Pace, Plan};

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use std::sync::Arc;
use walker::Walker;
use wardline_core::geometry::Shape;
use wardline_core::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};

const START_MS: i64 = 1_780_000_000_000;

/// People with their zones, orders and devices.
pub struct World {
    plan: Plan,
    seed: u64,
    rng: SmallRng,
    walkers: Vec<Walker>,
    time_ms: i64,
    seq: u64,
}

impl World {
    /// The people; nobody has sent a fix yet.
    #[must_use]
    pub fn new(seed: u64, plan: Plan) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let walkers = (1..=plan.people).map(|person| Walker::new(&plan, seed, &mut rng, person));
        let mut walkers: Vec<_> = walkers.collect();
        // Fixes arrive in an order that has nothing to do with who was registered when.
        walkers.shuffle(&mut rng);
        Self { plan, seed, rng, walkers, time_ms: START_MS, seq: 0 }
    }

    /// What it consists of.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When the last round was received.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.time_ms)
    }

    /// Gives the records that set up an engine: zones, orders, devices.
    pub fn set_up(&self, sink: &mut impl FnMut(Record)) {
        let at = Some(Timestamp::from_ms(START_MS));
        self.zones(&mut |zone, layer, shape| {
            let put = PutZone { zone, layer, shape: Arc::new(shape) };
            sink(Record { at, input: Input::PutZone(put) });
        });
        for person in 1..=self.plan.people {
            if let Some(order) = self.order(person) {
                sink(Record { at, input: Input::PutOrder(Arc::new(order)) });
            }
            let (device, person) = (id(DeviceId::new, person), id(PersonId::new, person));
            let assign = AssignDevice { device, person, kind: DeviceKind::Bracelet };
            sink(Record { at, input: Input::AssignDevice(assign) });
        }
    }

    /// Gives all zones in the order of their ids, which begin with 1.
    pub fn zones(&self, sink: &mut impl FnMut(ZoneId, Option<LayerId>, Shape)) {
        let mut number = 0;
        for group in 0..self.plan.groups {
            for shape in zone::of_group(&self.plan, self.seed, group) {
                number += 1;
                sink(id(ZoneId::new, number), None, shape);
            }
        }
        let mut rng = SmallRng::seed_from_u64(self.seed ^ u64::MAX);
        for shared in 0..self.plan.shared_zones {
            number += 1;
            let layer = LayerId::new(1 + shared % self.plan.layers);
            sink(id(ZoneId::new, number), layer, zone::of_layer(&self.plan, &mut rng, shared));
        }
    }

    /// The ids of the zones of a person's own.
    #[must_use]
    pub fn own_zones(&self, person: PersonId) -> std::ops::Range<u64> {
        let (groups, many) = (self.plan.groups, self.plan.zones_in_group);
        if groups == 0 {
            return 0..0;
        }
        let first = 1 + plan_group(&self.plan, person.number()) * many;
        first..first + many
    }

    /// The ids of the zones of layers that the person is kept out of.
    #[must_use]
    pub fn shared_zones(&self, person: PersonId) -> std::ops::Range<u64> {
        let first = 1 + self.plan.groups * self.plan.zones_in_group;
        let is_subject = person.number().is_multiple_of(self.plan.subject_one_in);
        first..first + if is_subject { self.plan.shared_zones } else { 0 }
    }

    /// The order that binds a person, if one does.
    #[must_use]
    pub fn order(&self, person: u64) -> Option<PutOrder> {
        // In a pair the second one is protected.
        if self.plan.pairs && person.is_multiple_of(2) {
            return None;
        }
        let restrained = id(PersonId::new, person);
        let mut demands = Vec::new();
        let keep_out = |place| Demand::KeepOut { place, warn_m: 0.0, confirm_fixes: 0 };
        let own = self.own_zones(restrained).map(|zone| Place::Zone(id(ZoneId::new, zone)));
        demands.extend(own.map(keep_out));
        if !self.shared_zones(restrained).is_empty() {
            let layers = (1..=self.plan.layers).map(|layer| Place::Layer(id(LayerId::new, layer)));
            demands.extend(layers.map(keep_out));
        }
        if self.plan.pairs {
            let person = id(PersonId::new, person + 1);
            demands.push(Demand::KeepAway { person, distance_m: 500.0, warn_m: 750.0 });
        }
        if self.plan.reports {
            let minutes = |minutes: i64| Some(minutes * 60_000);
            demands
                .push(Demand::Report { max_silence_ms: minutes(20), max_no_fix_ms: minutes(30) });
        }
        let rule = |(number, demand)| Rule { rule: id(RuleId::new, number), active: None, demand };
        Some(PutOrder {
            order: id(OrderId::new, person),
            kind: OrderKind::Supervision,
            person: restrained,
            term: Interval {
                from: Timestamp::from_ms(START_MS),
                until: Timestamp::from_ms(START_MS + 90 * 86_400_000),
            },
            rules: (1..).zip(demands).map(rule).collect(),
            permits: Vec::new(),
        })
    }

    /// The next fix of everybody, and when they are received.
    pub fn round(&mut self, fixes: &mut Vec<Fix>) -> Timestamp {
        self.time_ms += self.plan.interval_ms;
        self.seq += 1;
        fixes.clear();
        for walker in &mut self.walkers {
            let position = walker.walk(&self.plan, &mut self.rng);
            let time = Timestamp::from_ms(self.time_ms - 500);
            let plain = Fix::new(walker.device, self.seq, time, position);
            let speed_mps = Some(walker.speed_mps());
            fixes.push(Fix { accuracy_m: Some(8.0), speed_mps, ..plain });
        }
        self.now()
    }

    /// The next fixes, so many, as inputs.
    pub fn records(&mut self, count: usize) -> Vec<Record> {
        let (mut fixes, mut records) = (Vec::new(), Vec::with_capacity(count));
        while records.len() < count {
            let at = Some(self.round(&mut fixes));
            records.extend(fixes.iter().map(|fix| Record { at, input: Input::Fix(*fix) }));
        }
        records.truncate(count);
        records
    }
}

/// The group whose zones a person is kept out of.
fn plan_group(plan: &Plan, person: u64) -> u64 {
    let number = if plan.pairs { (person - 1) / 2 } else { person - 1 };
    number % plan.groups.max(1)
}

/// The id with this number, which is never 0 here.
fn id<T: Default>(new: impl Fn(u64) -> Option<T>, number: u64) -> T {
    new(number).unwrap_or_default()
}
