//! Snapshots: the engine's state written as bytes, and read again.

use super::{Config, Counters, Engine, Person, Release};
use crate::desk::Desk;
use crate::device::{Devices, TracksOf};
use crate::few::Few;
use crate::ids::{DeviceId, OrderId, PersonId};
use crate::key::Key;
use crate::order::{Orders, Shadows};
use crate::snapshot::{self, Read, Reader, RestoreError, Sink};
use crate::table::Table;
use crate::time::Timestamp;
use crate::watch::Scene;
use crate::zones::Zones;
use std::collections::BTreeMap;

const PERSON_BYTES_MIN: usize = 25;
const STRANGER_BYTES: usize = 8;
const PANICS_BYTES: usize = 16;
/// Besides devices: what memory for a snapshot is reserved by.
const HEAD_BYTES_ABOUT: usize = 4_096;

/// How many items each part of a snapshot has.
struct Counts {
    zones: usize,
    orders: usize,
    releases: usize,
    devices: usize,
    desk: [usize; 2],
    strangers: usize,
    panics: usize,
    elsewhere: usize,
}

impl Engine {
    /// Appends the whole state to `out`. An engine that is restored from these bytes goes on as
    /// this one does: the same events, and the same snapshots, for the same inputs.
    ///
    /// ```
    /// use wardline_core::{Config, Engine};
    ///
    /// let engine = Engine::new(Config::default());
    /// let mut bytes = Vec::new();
    /// engine.snapshot(&mut bytes);
    /// let restored = Engine::restore(Config::default(), &bytes)?;
    /// assert_eq!(restored.fingerprint(), engine.fingerprint());
    /// # Ok::<(), wardline_core::RestoreError>(())
    /// ```
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(HEAD_BYTES_ABOUT + self.devices.bytes_about(&self.config));
        self.write(out);
        let hash = snapshot::hash(&out[start..]);
        out.extend_from_slice(&hash);
    }

    /// The SHA-256 of the bytes that [`Engine::snapshot`] gives. Two engines with the same one
    /// have the same state.
    pub fn fingerprint(&self) -> [u8; 32] {
        snapshot::hash_with_hash(|hash| self.write(hash))
    }

    /// An engine with the state that a snapshot holds.
    ///
    /// The configuration must be the one that the snapshot was taken under. The bytes may be
    /// anything: they are checked, and no more memory is taken than what they hold is worth.
    ///
    /// # Errors
    ///
    /// What the bytes have that no snapshot under this configuration has, and where.
    pub fn restore(config: Config, bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut engine = Self::new(config.clone());
        engine.read(&mut snapshot::open(&config, bytes)?)?;
        Ok(engine)
    }

    fn write(&self, out: &mut impl Sink) {
        snapshot::begin(&self.config, out);
        out.u64(self.input);
        self.now.write(out);
        self.counters.write(out);
        self.counts().write(out);
        self.zones.write(out);
        self.orders.write(out);
        for (person, release) in self.releases() {
            out.id(person);
            release.at.write_input(out);
            out.option(release.sound, |out, sound| sound.write(out));
        }
        self.devices.write(&self.config, out);
        self.desk.write(out);
        self.strangers.iter().for_each(|device| out.id(*device));
        for (device, number) in &self.panics {
            out.id(*device);
            out.u64(*number);
        }
        self.orders.shadows.write(out);
    }

    fn counts(&self) -> Counts {
        Counts {
            zones: self.zones.known(),
            orders: self.orders.by_id.len(),
            releases: self.releases().count(),
            devices: self.devices.len(),
            desk: self.desk.counts(),
            strangers: self.strangers.len(),
            panics: self.panics.len(),
            elsewhere: self.orders.shadows.len(),
        }
    }

    /// What devices and orders do not say of persons.
    fn releases(&self) -> impl Iterator<Item = (PersonId, Release)> {
        let people = self.people.sorted().into_iter();
        people.filter_map(|(id, person)| Some((id, **person.release.as_ref()?)))
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Read<()> {
        self.input = from.counter("the number of the last input")?;
        self.now = Timestamp::read(from, "the time of the last input")?;
        from.last_input = Key::configuration(self.now, self.input);
        self.counters = Counters::read(from)?;
        let counts = Counts::read(from)?;
        self.zones = Zones::read(from, counts.zones)?;
        self.orders = Orders::read(from, counts.orders)?;
        let item = (counts.releases, PERSON_BYTES_MIN);
        let releases = from.ascending("persons", item, read_release, |(id, ..)| *id)?;
        self.devices = Devices::read(from, counts.devices, &self.orders)?;
        self.desk = Desk::read(from, counts.desk)?;
        let item = (counts.strangers, STRANGER_BYTES);
        let read = |from: &mut Reader<'_>| from.id::<DeviceId>("a stranger");
        self.strangers = from.ascending("strangers", item, read, |id| *id)?.into_iter().collect();
        let item = (counts.panics, PANICS_BYTES);
        let read = |from: &mut Reader<'_>| {
            Ok((from.id::<DeviceId>("a device in panic")?, from.counter("a number of panics")?))
        };
        let panics = from.ascending("panics", item, read, |(id, _)| *id)?;
        self.panics = panics.into_iter().collect();
        self.orders.shadows = Shadows::read(from, counts.elsewhere, &self.orders)?;
        from.finish()?;
        self.find_people(releases);
        self.find_deadlines();
        self.post_sentries();
        Ok(())
    }

    /// Works out again who has which devices and is a party of which orders.
    fn find_people(&mut self, releases: Vec<(PersonId, Release)>) {
        let mut people: BTreeMap<PersonId, Person> = BTreeMap::new();
        for (id, release) in releases {
            people.entry(id).or_default().release = Some(Box::new(release));
        }
        let add = |orders: &mut Few<OrderId>, order| {
            if orders.last() != Some(&order) {
                orders.push(order);
            }
        };
        for (id, order) in self.orders.by_id.sorted() {
            for version in &order.versions {
                add(&mut people.entry(version.person).or_default().restrained_by, id);
            }
            for protected in &order.protected {
                add(&mut people.entry(*protected).or_default().protected_by, id);
            }
        }
        for slot in 0..self.devices.len() {
            let Some((device, ..)) = self.devices.get_mut(slot, &self.config) else { continue };
            let person = people.entry(device.person).or_default();
            person.devices.push(slot);
            device.set_protected(!person.protected_by.is_empty());
        }
        self.people = Table::of(people.into_iter().collect());
    }

    /// Works out again when each order is looked at unasked.
    fn find_deadlines(&mut self) {
        let orders: Vec<_> = self.orders.by_id.sorted().into_iter().map(|(id, _)| id).collect();
        for id in orders.into_iter().chain([OrderId::NONE]) {
            self.note_deadline(id, self.next_instant(id));
        }
    }

    /// Posts the sentries of watches again that had any.
    fn post_sentries(&mut self) {
        for slot in 0..self.devices.len() {
            let Some((device, tracks)) = self.devices.among(slot, &self.config) else { continue };
            let Some(track) = tracks.get(slot) else { continue };
            let (id, person, assigned) = (device.id, device.person, device.assigned_by());
            let (watches, conditions) = device.watches_mut();
            for watch in watches.iter_mut().filter(|watch| watch.has_sentries()) {
                let Some(order) = self.orders.by_id.get(watch.order) else { continue };
                let scene = Scene {
                    config: &self.config,
                    zones: &self.zones,
                    order,
                    device: id,
                    person,
                    assigned,
                    track,
                    others: TracksOf::none(),
                    conditions,
                };
                watch.post_sentries_again(scene);
            }
        }
    }
}

fn read_release(from: &mut Reader<'_>) -> Read<(PersonId, Release)> {
    let person = from.id("the id of a person")?;
    let at = Key::read_input(from)?;
    let sound = from.option("whether a person had a sound fix", |from| {
        Timestamp::read(from, "the newest sound fix of a person")
    })?;
    Ok((person, Release { at, sound }))
}

impl Counters {
    fn write(&self, out: &mut impl Sink) {
        self.to_array().into_iter().for_each(|count| out.u64(count));
    }

    fn to_array(self) -> [u64; 7] {
        // Taken apart, so that a new member cannot be forgotten.
        let Self {
            fixes,
            fixes_within_slack,
            repeats,
            clock_regressions,
            refused,
            unassigned,
            events,
        } = self;
        [fixes, fixes_within_slack, repeats, clock_regressions, refused, unassigned, events]
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        Ok(Self {
            fixes: from.counter("a counter")?,
            fixes_within_slack: from.counter("a counter")?,
            repeats: from.counter("a counter")?,
            clock_regressions: from.counter("a counter")?,
            refused: from.counter("a counter")?,
            unassigned: from.counter("a counter")?,
            events: from.counter("a counter")?,
        })
    }
}

impl Counts {
    fn write(&self, out: &mut impl Sink) {
        let Self { zones, orders, releases, devices, desk, strangers, panics, elsewhere } = self;
        [zones, orders, releases, devices, &desk[0], &desk[1], strangers, panics, elsewhere]
            .into_iter()
            .for_each(|count| out.count(*count));
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let Config { ids_max, strangers_max, .. } = *from.config;
        Ok(Self {
            zones: from.count("zones", 1, ids_max)?,
            orders: from.count("orders", 1, ids_max)?,
            releases: from.count("persons", 1, usize::MAX)?,
            devices: from.count("devices", 1, usize::MAX)?,
            desk: [
                from.count("incidents", 1, usize::MAX)?,
                from.count("escalations", 1, usize::MAX)?,
            ],
            strangers: from.count("strangers", 1, strangers_max)?,
            panics: from.count("panics", 1, strangers_max)?,
            elsewhere: from.count("orders elsewhere", 1, ids_max)?,
        })
    }
}
