//! Looking at a device's watches, and telling what became different.

use super::{Engine, Person};
use crate::event::Cause;
use crate::ids::{OrderId, PersonId};
use crate::key::Key;
use crate::time::Timestamp;
use crate::watch::{About, Difference, Scene, Watch};

/// What of a device is looked at, under which order, when and why.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub order: OrderId,
    pub about: About,
    pub at: Timestamp,
    /// The event time of what is taken in.
    pub time: Timestamp,
    /// What amendments are put down to.
    pub cause: Option<Cause>,
}

impl Engine {
    /// Lets `act` change a device's watch and tells what became different.
    pub(super) fn observe<R>(
        &mut self,
        slot: usize,
        scope: Scope,
        act: impl FnOnce(&mut Watch, Scene<'_>) -> R,
    ) -> Option<R> {
        let (device, tracks) = self.devices.among(slot, &self.config)?;
        let order = self.orders.by_id.get_mut(scope.order)?;
        let protected = match scope.about {
            About::Person(person) => self.people.get(person),
            _ => None,
        };
        let others = protected.map_or(&[][..], |person| &person.devices);
        let (id, person, assigned) = (device.id, device.person, device.assigned_by());
        let (watches, conditions) = device.watches_mut();
        let scene = Scene {
            config: &self.config,
            zones: &self.zones,
            order,
            device: id,
            person,
            assigned,
            track: tracks.get(slot)?,
            others: tracks.of(others),
            conditions,
        };
        let released = protected.and_then(Person::released);
        let watch = watch_of(watches, scope.order, scope.about, released);
        watch.forget_before(watch.horizon(scene));
        self.before.clear();
        self.before.extend_from_slice(watch.episodes());
        let outcome = act(watch, scene);
        let then = Key::configuration(scope.time, u64::MAX);
        let order_version = order.as_of(then).map(|version| version.number);
        let mut difference = Difference {
            device: id,
            person,
            at: scope.at,
            time: scope.time,
            cause: scope.cause,
            order_version,
            zones: &self.zones,
            order,
            outbox: &mut self.outbox,
        };
        difference.tell(watch, &self.before);
        Some(outcome)
    }

    /// The same for everything that is watched of a device under an order.
    pub(super) fn observe_all(
        &mut self,
        slot: usize,
        scope: Scope,
        act: impl Fn(&mut Watch, Scene<'_>),
    ) {
        let says = self.devices.get(slot).is_some_and(|device| !device.conditions().is_empty());
        if says {
            self.observe(slot, Scope { about: About::Conditions, ..scope }, &act);
        }
        self.observe(slot, Scope { about: About::Places, ..scope }, &act);
        for person in self.protected_by(scope.order) {
            self.observe(slot, Scope { about: About::Person(person), ..scope }, &act);
        }
    }

    /// The persons that some version of the order protects by keep_away.
    pub(super) fn protected_by(&self, order: OrderId) -> Vec<PersonId> {
        self.orders.by_id.get(order).map_or_else(Vec::new, |order| order.protected.to_vec())
    }
}

/// The watch, made if there is none; then nothing before the last release of a device of the
/// protected person can be judged.
fn watch_of(
    watches: &mut Box<[Watch]>,
    order: OrderId,
    about: About,
    released: Option<Key>,
) -> &mut Watch {
    let place = watches.binary_search_by_key(&(order, about), |watch| (watch.order, watch.about));
    let index = place.unwrap_or_else(|index| {
        let watch = Watch::new(order, about, released.unwrap_or(Key::FIRST));
        let mut more = std::mem::take(watches).into_vec();
        more.insert(index, watch);
        *watches = more.into_boxed_slice();
        index
    });
    &mut watches[index]
}
