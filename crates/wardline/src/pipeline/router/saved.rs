//! The routes as bytes: what follows from the rest is left out. The form is in `docs/journal.md`.
//!
//! Nothing is sorted, since the dispatcher stands still meanwhile.

use super::{FIRST, HashMap, HashSet, Party, Route, Router, Routes, SHARDS_MAX, Set, Way, home};
use crate::pipeline::snapshots::take_u64;
use wardline_core::Config;
use wardline_core::ids::{DeviceId, OrderId, PersonId};
use wardline_core::time::Timestamp;

impl Router {
    /// The number of the next input, and the routes before it.
    pub fn save(&self) -> (u64, Vec<u8>) {
        let words = 6 * self.people.len() + 2 * self.homes.len() + self.panicked.len();
        let mut out = Vec::with_capacity(8 * (words + 6));
        let mut put = |number: u64| out.extend_from_slice(&number.to_le_bytes());
        put(self.now.ms().cast_unsigned());
        put(self.clock_regressions);
        put(self.strangers as u64);
        put(self.people.len() as u64);
        for (person, party) in &self.people {
            put(person.number());
            put(party.followers.0);
            put(party.had_device.into());
            put(party.devices.len() as u64);
            party.devices.iter().for_each(|device| put(device.number()));
        }
        put(self.homes.len() as u64);
        for (order, home) in &self.homes {
            put(order.number());
            put(*home as u64);
        }
        put(self.panicked.len() as u64);
        self.panicked.iter().for_each(|device| put(device.number()));
        (self.last + 1, out)
    }

    /// A router to so many shards that goes on after the input with this number; nothing if the
    /// bytes are none that [`Router::save`] writes.
    pub fn restore(shards: usize, config: &Config, last: u64, bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut take = || take_u64(&mut rest);
        let mut router = Self::new(shards, config);
        router.last = last;
        router.now = Timestamp::from_ms(take()?.cast_signed());
        router.clock_regressions = take()?;
        router.strangers = usize::try_from(take()?).ok()?;
        for _ in 0..take()? {
            let (person, followers) = (PersonId::new(take()?)?, Set(take()?));
            let had_device = match take()? {
                flag @ 0..=1 => flag == 1,
                _ => return None,
            };
            let mut devices = Vec::new();
            for _ in 0..take()? {
                devices.push(DeviceId::new(take()?)?);
            }
            let party = Party { followers, devices, had_device };
            let is_new = router.people.insert(person, party).is_none();
            is_new.then_some(())?;
        }
        for _ in 0..take()? {
            let order = OrderId::new(take()?)?;
            let home = usize::try_from(take()?).ok().filter(|home| *home < shards)?;
            router.homes.insert(order, home).is_none().then_some(())?;
        }
        for _ in 0..take()? {
            router.panicked.insert(DeviceId::new(take()?)?).then_some(())?;
        }
        rest.is_empty().then_some(())?;
        router.devices = routes(&router.people, &router.panicked, shards)?;
        Some(router)
    }
}

/// Where the inputs of each device go; nothing if somebody is not followed where she must be, or a
/// device has two persons: then inputs would be judged by nobody.
fn routes(
    people: &HashMap<PersonId, Party>,
    panicked: &HashSet<DeviceId>,
    shards: usize,
) -> Option<Routes> {
    debug_assert!(shards <= SHARDS_MAX, "one bit each");
    let mut routes = Routes::default();
    for (person, party) in people {
        let own = home(*person, shards);
        let is_within = party.followers.union(Set::of_first(shards)) == Set::of_first(shards);
        let is_whole = party.had_device || party.devices.is_empty();
        (is_within && is_whole && party.followers.contains(own)).then_some(())?;
        for device in &party.devices {
            let teller = match panicked.contains(device) {
                true => FIRST,
                false => own,
            };
            party.followers.contains(teller).then_some(())?;
            let way = Way { followers: party.followers, teller };
            let route = Route { person: *person, way };
            routes.insert(*device, route).is_none().then_some(())?;
        }
    }
    Some(routes)
}
