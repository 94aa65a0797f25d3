//! The steps of an input: the instants that it reaches, then itself (J-ORDER-1, J-TIME-4, D2).

use super::Oracle;
use super::apply::refused;
use super::emit::{Event, Step};
use super::parse::Input;
use std::collections::BTreeSet;

/// What an input fires the boundaries and timers of.
#[derive(Debug, Default)]
pub struct Scope {
    pub orders: BTreeSet<u64>,
    /// Panics without an order: all of them, or those of a device (E25).
    pub all_bare: bool,
    pub device: Option<u64>,
}

impl Oracle {
    /// All steps of an input that could be read.
    pub(super) fn steps(&mut self, at: i64, input: Input) -> Vec<Vec<Event>> {
        let mut out = Vec::new();
        let scope = self.scope(&input);
        while let Some(t) = self.next_instant(&scope, at) {
            out.push(self.instant(&scope, t, at));
        }
        for o in &scope.orders {
            self.fired.insert(*o, at);
        }
        let mut step = Step { at, time: at, late: false, cause: "fix" };
        let last = match self.apply(&mut step, input) {
            Ok(events) => events,
            Err((bad, device)) => vec![refused(&step, &bad, device)],
        };
        out.push(last);
        out
    }

    /// What an input concerns (J-TIME-4, D3); an act of an operator concerns nothing (E25).
    fn scope(&self, input: &Input) -> Scope {
        let device = |d: u64| {
            let person = self.assigned.get(&d).map(|i| self.stints[*i].person);
            let orders = person.map(|p| self.log.concern(p)).unwrap_or_default();
            Scope { orders: orders.into_iter().collect(), all_bare: false, device: Some(d) }
        };
        match input {
            Input::PutZone(..) | Input::RemoveZone(_) | Input::Tick => {
                let orders = self.log.orders().into_iter().collect();
                Scope { orders, all_bare: true, device: None }
            }
            Input::PutOrder(o, _) | Input::EndOrder(o) => {
                let known = self.log.newest(*o).is_some();
                Scope { orders: known.then_some(*o).into_iter().collect(), ..Scope::default() }
            }
            Input::Assign(d, p) => {
                let mut scope = device(*d);
                scope.orders.extend(self.log.concern(*p));
                scope
            }
            Input::Release(d) | Input::Fix(d, _) | Input::Status(d, _) => device(*d),
            Input::Operator(_) => Scope::default(),
        }
    }

    /// The boundaries of an order that an input at `at` reaches and that have not fired.
    fn boundaries_due(&self, order: u64, at: i64) -> impl Iterator<Item = i64> {
        let fired = self.fired.get(&order).copied().unwrap_or(i64::MIN);
        let all = self.log.instants.get(&order).into_iter().flatten().copied();
        all.filter(move |t| *t > fired && *t <= at)
    }

    /// The first instant that has something due.
    fn next_instant(&self, scope: &Scope, at: i64) -> Option<i64> {
        let mut due: Vec<i64> = Vec::new();
        for o in &scope.orders {
            due.extend(self.boundaries_due(*o, at));
            due.extend(self.timers_due(*o, at).iter().map(|c| c.limit));
        }
        due.extend(self.incidents.due(scope, at));
        due.into_iter().min()
    }

    /// One step: boundaries, then timers (E13), then escalations.
    fn instant(&mut self, scope: &Scope, t: i64, at: i64) -> Vec<Event> {
        let step = Step { at, time: t, late: false, cause: "boundary" };
        let reached = |o: &&u64| self.boundaries_due(**o, at).any(|b| b == t);
        let orders: Vec<u64> = scope.orders.iter().filter(reached).copied().collect();
        for o in &orders {
            self.fired.insert(*o, t);
        }
        let mut events = self.differences(&step, &orders);
        for o in &orders {
            events.extend(self.sync(&step, *o));
        }
        for o in &scope.orders {
            events.extend(self.fire(&step, *o));
        }
        let version = |o: u64| self.log.newest(o).map_or(0, |v| v.version);
        events.extend(self.incidents.escalate(&step, scope, version));
        events
    }
}
