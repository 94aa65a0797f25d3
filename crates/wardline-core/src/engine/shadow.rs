//! Orders that another engine of the same log judges.

use super::Engine;
use crate::ids::{OrderId, PersonId};
use crate::input::{Demand, PutOrder, Refusal};
use crate::order::Shadow;
use crate::time::{Interval, Timestamp};

impl Engine {
    /// Notes who is bound by an order that is judged elsewhere.
    pub(super) fn put_shadow(&mut self, put: &PutOrder, at: Timestamp) {
        let protected = put.rules.iter().filter_map(|rule| match rule.demand {
            Demand::KeepAway { person, .. } => Some(person),
            _ => None,
        });
        let mut parties: Vec<_> = std::iter::once(put.person).chain(protected).collect();
        parties.sort_unstable();
        parties.dedup();
        let (from, until) = (put.term.from.max(at), put.term.until);
        let term = (from < until).then_some(Interval { from, until });
        // Fewer than `versions_max`, or the put had been refused.
        let versions = self.orders.shadows.versions(put.order) as u32 + 1;
        let shadow = Shadow { parties: parties.clone(), term, has_ended: false, versions };
        let before = self.orders.shadows.put(put.order, shadow);
        self.wake_devices_of(&before.map_or_else(Vec::new, |before| before.parties));
        self.wake_devices_of(&parties);
    }

    /// Ends an order that is judged elsewhere; nothing if this is none.
    pub(super) fn end_shadow(&mut self, id: OrderId) -> Option<Result<(), Refusal>> {
        let shadow = self.orders.shadows.get_mut(id)?;
        if shadow.has_ended {
            return Some(Err(Refusal::new("order_already_ended", id.number())));
        }
        shadow.has_ended = true;
        let parties = shadow.parties.clone();
        self.wake_devices_of(&parties);
        Some(Ok(()))
    }

    fn wake_devices_of(&mut self, people: &[PersonId]) {
        for person in people {
            self.devices_of(Some(*person)).into_iter().for_each(|slot| self.wake(slot));
        }
    }
}
