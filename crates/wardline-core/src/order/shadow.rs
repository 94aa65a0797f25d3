//! Orders that another engine judges: of these only who is bound by them, and until when.
//!
//! Several engines may share a log, each judging its part of the orders. Whether a person is in
//! any order in force (J-FIX-13, J-STATUS-2) must all the same be known wherever her devices are.

mod saved;

use crate::few::Few;
use crate::ids::{OrderId, PersonId};
use crate::time::{Interval, Timestamp};
use std::collections::BTreeMap;

/// The newest version of an order that another engine judges.
pub(crate) struct Shadow {
    /// The restrained person and those protected by keep_away, sorted.
    pub parties: Vec<PersonId>,
    /// From the later of `from` and the put, until the term's end; empty if that is before.
    pub term: Option<Interval>,
    pub has_ended: bool,
    /// How many versions there were, this one included.
    pub versions: u32,
}

/// All such orders.
#[derive(Default)]
pub(crate) struct Shadows {
    by_id: BTreeMap<OrderId, Shadow>,
    /// The orders that each person is a party of, and maybe others.
    of: BTreeMap<PersonId, Few<OrderId>>,
}

impl Shadows {
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub fn contains(&self, order: OrderId) -> bool {
        self.by_id.contains_key(&order)
    }

    /// How many versions of the order there were.
    pub fn versions(&self, order: OrderId) -> usize {
        self.by_id.get(&order).map_or(0, |shadow| shadow.versions as usize)
    }

    pub fn get_mut(&mut self, order: OrderId) -> Option<&mut Shadow> {
        self.by_id.get_mut(&order)
    }

    /// Notes the newest version. Gives the one before.
    pub fn put(&mut self, order: OrderId, shadow: Shadow) -> Option<Shadow> {
        for party in &shadow.parties {
            self.of.entry(*party).or_default().insert_sorted(order);
        }
        self.by_id.insert(order, shadow)
    }

    /// Whether the person is a party of such an order in force.
    pub fn bind(&self, person: PersonId, at: Timestamp) -> bool {
        self.terms_of(person).any(|term| term.contains(at))
    }

    /// When an order of the person's next comes into force or runs out.
    pub fn next_change(&self, person: PersonId, after: Timestamp) -> Option<Timestamp> {
        let instants = self.terms_of(person).flat_map(|term| [term.from, term.until]);
        instants.filter(|instant| *instant > after).min()
    }

    fn terms_of(&self, person: PersonId) -> impl Iterator<Item = Interval> {
        let orders = self.of.get(&person).into_iter().flatten();
        let shadows = orders.filter_map(|order| self.by_id.get(order));
        let present = shadows.filter(move |s| !s.has_ended && s.parties.contains(&person));
        present.filter_map(|shadow| shadow.term)
    }
}
