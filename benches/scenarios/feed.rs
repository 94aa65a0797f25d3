//! What comes in a round: the fixes of everybody, and what the scenario does to them.

use super::cases::{Case, Kind};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_benches::World;
use wardline_core::ids::OrderId;
use wardline_core::input::{Fix, Input, PutOrder, Record};
use wardline_core::time::Timestamp;

/// One fix in so many is late.
const LATE_ONE_IN: u32 = 5;
/// Rounds that a fix may be late by.
const LATE_ROUNDS_MAX: usize = 4;
/// Fixes between an order that is put and the next.
const CHURN_FIXES: usize = 10_000;
/// Orders that are in force at a time besides those of the world.
const CHURN_ORDERS: u64 = 1_000;

/// A part of a round.
pub enum Step {
    Fixes(Vec<Fix>),
    Input(Input),
}

/// A round.
pub struct Round {
    pub at: Timestamp,
    pub steps: Vec<Step>,
}

impl Round {
    pub fn fixes(&self) -> u64 {
        let fixes = self.steps.iter().map(|step| match step {
            Step::Fixes(fixes) => fixes.len() as u64,
            Step::Input(_) => 0,
        });
        fixes.sum()
    }

    /// The inputs one by one.
    pub fn into_records(self) -> impl Iterator<Item = Record> {
        let at = Some(self.at);
        self.steps.into_iter().flat_map(move |step| {
            let inputs: Vec<_> = match step {
                Step::Fixes(fixes) => fixes.into_iter().map(Input::Fix).collect(),
                Step::Input(input) => vec![input],
            };
            inputs.into_iter().map(move |input| Record { at, input })
        })
    }
}

/// Gives round after round.
pub struct Feed {
    pub world: World,
    kind: Kind,
    rng: SmallRng,
    /// Late fixes by the rounds until they come.
    held: [Vec<Fix>; LATE_ROUNDS_MAX],
    /// Orders put so far.
    put: u64,
}

impl Feed {
    pub fn new(case: &Case) -> Self {
        Self {
            world: World::new(case.seed, case.plan()),
            kind: case.kind,
            rng: SmallRng::seed_from_u64(case.seed ^ 0xFEED),
            held: Default::default(),
            put: 0,
        }
    }

    pub fn round(&mut self) -> Round {
        let mut fixes = Vec::with_capacity(self.world.plan().people as usize);
        let at = self.world.round(&mut fixes);
        let steps = match self.kind {
            Kind::Late => vec![Step::Fixes(self.delayed(fixes))],
            Kind::Churn => self.churned(&fixes),
            _ => vec![Step::Fixes(fixes)],
        };
        Round { at, steps }
    }

    /// Some of them come rounds later, between others.
    fn delayed(&mut self, fixes: Vec<Fix>) -> Vec<Fix> {
        let due = std::mem::take(&mut self.held[0]);
        self.held.rotate_left(1);
        let (mut now, rng) = (Vec::with_capacity(fixes.len()), &mut self.rng);
        for fix in fixes {
            if rng.random_ratio(1, LATE_ONE_IN) {
                self.held[rng.random_range(0..LATE_ROUNDS_MAX)].push(fix);
            } else {
                now.push(fix);
            }
        }
        for fix in due {
            let place = rng.random_range(0..=now.len());
            now.push(fix);
            let last = now.len() - 1;
            now.swap(place.min(last), last);
        }
        now
    }

    fn churned(&mut self, fixes: &[Fix]) -> Vec<Step> {
        let mut steps = Vec::new();
        for some in fixes.chunks(CHURN_FIXES) {
            steps.push(Step::Fixes(some.to_vec()));
            steps.extend(self.new_order().map(|put| Step::Input(Input::PutOrder(Arc::new(put)))));
            if let Some(old) = self.put.checked_sub(CHURN_ORDERS).filter(|old| *old > 0) {
                steps.extend(self.order_id(old).map(|id| Step::Input(Input::EndOrder(id))));
            }
        }
        steps
    }

    /// Somebody's order once more, under a new id.
    fn new_order(&mut self) -> Option<PutOrder> {
        let person = self.rng.random_range(1..=self.world.plan().people);
        self.put += 1;
        Some(PutOrder { order: self.order_id(self.put)?, ..self.world.order(person)? })
    }

    fn order_id(&self, number: u64) -> Option<OrderId> {
        OrderId::new(self.world.plan().people + number)
    }
}
