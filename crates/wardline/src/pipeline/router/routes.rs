//! Where the inputs of each device go, found with one look where ids are small.

use super::Set;
use hashbrown::HashMap;
use wardline_core::ids::{DeviceId, PersonId};

/// An assigned device: whose it is, and where its inputs go.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub person: PersonId,
    pub way: Way,
}

/// Which shards take an input in, and which of them tells what concerns no order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub followers: Set,
    pub teller: usize,
}

/// The routes of all assigned devices.
#[derive(Default)]
pub(super) struct Routes {
    of: HashMap<DeviceId, Route>,
    /// By small ids, one more than the place of the device's way below; 0 for what must be looked
    /// up above. Devices are many, and their ways few.
    near: Vec<u32>,
    ways: Vec<Way>,
    places: HashMap<Way, u32>,
}

/// Ids below this have a place in the list, which grows to 16 MiB at most.
const NEAR_IDS: u64 = 1 << 22;
/// So many ways are told apart; those of other devices are looked up.
const WAYS_MAX: usize = 1 << 12;

impl Routes {
    /// Where the inputs of a device go; nothing if it is not assigned.
    #[inline]
    pub fn way(&self, device: DeviceId) -> Option<Way> {
        let number = device.number();
        let place = if number < NEAR_IDS { self.near.get(number as usize) } else { None };
        match place.and_then(|place| place.checked_sub(1)) {
            Some(place) => self.ways.get(place as usize).copied(),
            None => self.get(device).map(|route| route.way),
        }
    }

    pub fn get(&self, device: DeviceId) -> Option<&Route> {
        self.of.get(&device)
    }

    /// Gives the route that the device had.
    pub fn insert(&mut self, device: DeviceId, route: Route) -> Option<Route> {
        let place = self.place(route.way);
        self.note(device, place);
        self.of.insert(device, route)
    }

    /// Lets the inputs of a device, if it is assigned, go another way.
    pub fn turn(&mut self, device: DeviceId, turn: impl FnOnce(&mut Way)) {
        if let Some(mut route) = self.get(device).copied() {
            turn(&mut route.way);
            self.insert(device, route);
        }
    }

    pub fn remove(&mut self, device: DeviceId) -> Option<Route> {
        self.note(device, 0);
        self.of.remove(&device)
    }

    /// One more than the place of a way; 0 if there are too many.
    fn place(&mut self, way: Way) -> u32 {
        if let Some(place) = self.places.get(&way) {
            return *place;
        }
        if self.ways.len() == WAYS_MAX {
            return 0;
        }
        self.ways.push(way);
        let place = self.ways.len() as u32;
        self.places.insert(way, place);
        place
    }

    fn note(&mut self, device: DeviceId, place: u32) {
        if device.number() >= NEAR_IDS {
            return;
        }
        let index = device.number() as usize;
        if self.near.len() <= index && place > 0 {
            self.near.resize((index + 1).next_power_of_two(), 0);
        }
        if let Some(near) = self.near.get_mut(index) {
            *near = place;
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Whatever is assigned, turned and released, each device goes its way: also where ids are
    /// great, and where there are more ways than are told apart.
    #[test]
    fn each_device_goes_its_way() {
        let mut routes = Routes::default();
        let mut expected = BTreeMap::new();
        let person = PersonId::new(1).expect("not 0");
        let mut random = 7_u64;
        let mut draw = |many: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % many
        };
        for _ in 0..40_000 {
            let small = 1 + draw(300);
            let number = [small, NEAR_IDS - small, NEAR_IDS + small][draw(3) as usize];
            let device = DeviceId::new(number).expect("not 0");
            let way = Way { followers: Set(1 + draw(10_000)), teller: draw(64) as usize };
            match draw(3) {
                0 => {
                    let old = routes.insert(device, Route { person, way });
                    assert!(old.map(|old| old.way) == expected.insert(device, way));
                }
                1 => {
                    routes.turn(device, |of| *of = way);
                    expected.entry(device).and_modify(|of| *of = way);
                }
                _ => {
                    let old = routes.remove(device);
                    assert!(old.map(|old| old.way) == expected.remove(&device));
                }
            }
            assert!(routes.way(device) == expected.get(&device).copied());
        }
        assert_eq!(routes.ways.len(), WAYS_MAX, "and no more");
        assert!(expected.len() > 100);
        assert!(expected.iter().all(|(device, way)| routes.way(*device) == Some(*way)));
        assert!(routes.way(DeviceId::new(u64::MAX).expect("not 0")).is_none());
    }
}
