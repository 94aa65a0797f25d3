//! The deadlines of orders: the instants at which they are looked at unasked.
//!
//! A million people have a million deadlines, which are put off again and again. So orders with the
//! same deadline stand in one list, and each knows its place there: none is searched for by order.

use crate::ids::OrderId;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// The deadline of an order.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    pub instant: Timestamp,
    /// Where the order stands among those of the instant, counted from 1.
    pub(super) place: NonZeroU32,
}

const _: () = assert!(size_of::<Option<Deadline>>() == 16);

/// The deadlines of all orders.
#[derive(Default)]
pub(super) struct Deadlines {
    by_instant: BTreeMap<Timestamp, Vec<OrderId>>,
    /// Empty; kept to spare allocations.
    spare: Vec<OrderId>,
}

impl Deadlines {
    /// The first of them.
    pub fn first(&self) -> Option<Timestamp> {
        self.by_instant.keys().next().copied()
    }

    /// The orders whose deadlines are not later.
    pub fn until(&self, at: Timestamp) -> impl Iterator<Item = OrderId> {
        self.by_instant.range(..=at).flat_map(|(_, orders)| orders).copied()
    }

    /// Adds that of an order that has none.
    pub fn insert(&mut self, instant: Timestamp, order: OrderId) -> Deadline {
        let spare = &mut self.spare;
        let orders = self.by_instant.entry(instant).or_insert_with(|| std::mem::take(spare));
        orders.push(order);
        // Just pushed, so it is not 0.
        Deadline { instant, place: NonZeroU32::new(orders.len() as u32).unwrap_or(NonZeroU32::MIN) }
    }

    /// Takes one away; gives the order that stands at its place now, if one does.
    pub fn remove(&mut self, deadline: Deadline) -> Option<OrderId> {
        let orders = self.by_instant.get_mut(&deadline.instant)?;
        let place = deadline.place.get() as usize - 1;
        orders.swap_remove(place);
        let moved = orders.get(place).copied();
        if orders.is_empty() {
            self.spare = self.by_instant.remove(&deadline.instant).unwrap_or_default();
        }
        moved
    }
}
