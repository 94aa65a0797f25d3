//! What an engine knows of a person, copied for another engine that shall judge her devices too.

use super::{Engine, Person, Release};
use crate::device::DeviceCopy;
use crate::ids::PersonId;

/// All that is known of a person and her devices, but for what orders make of it.
///
/// It is of use only to an engine with the same configuration that shares the log.
pub struct PersonCopy {
    person: PersonId,
    devices: Vec<DeviceCopy>,
    release: Option<Release>,
}

impl Engine {
    /// Copies what is known of a person. Nobody is known of whom no device was ever assigned.
    pub fn copy_person(&self, id: PersonId) -> PersonCopy {
        let person = self.people.get(id);
        let slots = person.into_iter().flat_map(|person| &person.devices);
        PersonCopy {
            person: id,
            devices: slots.filter_map(|slot| self.devices.copy(*slot)).collect(),
            release: person.and_then(|person| person.release.as_deref().copied()),
        }
    }

    /// Takes in what another engine knows of a person, before any order here names her. From now
    /// on this engine must be given all inputs of her devices.
    pub fn adopt_person(&mut self, copy: &PersonCopy) {
        let slots = copy.devices.iter().map(|device| self.devices.adopt(device)).collect();
        let person = self.people.get_or_insert_with(copy.person, Person::default);
        person.devices = slots;
        person.release = copy.release.map(Box::new);
    }
}
