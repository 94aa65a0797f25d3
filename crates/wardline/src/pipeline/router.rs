//! Gives each input its number and says which shards take it in.
//!
//! Each shard has an engine of its own, and all together must say what one engine would:
//!
//! - An order is judged in one shard, its **home**: that of the restrained person in its first
//!   put. It never moves, whoever a later version restrains.
//! - Zones, orders and ticks go to all shards. Of an order that is at home elsewhere a shard keeps
//!   only who is bound by it, so that each knows whether a person is in any order in force.
//! - What a device sends goes to all shards that **follow** its person: the person's own, and the
//!   home of each order that ever named the person. When one more is to follow, her own shard
//!   copies what it knows of her at just that input, and the other goes on from there.
//! - What concerns no order is told by one shard for each input, the **teller**. For a device it is
//!   its person's own shard; for strangers, ticks, zones and devices that once sent a panic it is
//!   shard 0, which alone remembers strangers and panics without an order.

mod routes;
mod saved;
#[cfg(test)]
mod tests;

use super::share::{Move, Share};
use hashbrown::{HashMap, HashSet};
use routes::{Route, Routes, Way};
use wardline_core::event::EpisodeId;
use wardline_core::ids::{DeviceId, OrderId, PersonId};
use wardline_core::input::{AssignDevice, Demand, Input, PutOrder, Record, Status};
use wardline_core::time::Timestamp;
use wardline_core::{Chosen, Config, Numbered, Part};

/// Which shards take an input in, which of them keep what it brings, and which one tells what of it
/// concerns no order.
type Routing = (Set, Set, usize);

/// The most shards: one bit each in a set of 64.
pub const SHARDS_MAX: usize = 64;

/// The shard that a person's devices and orders go to, of so many: splitmix64's finaliser of the
/// number of the person, modulo the number of shards.
pub fn home(person: PersonId, shards: usize) -> usize {
    let mut bits = person.number().wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) % shards.max(1) as u64) as usize
}

/// Numbers inputs and shares them out.
pub(crate) struct Router {
    shards: usize,
    /// Halves of moves that an input causes, with their shards.
    moves: Vec<(usize, Move)>,
    homes_max: usize,
    last: u64,
    now: Timestamp,
    clock_regressions: u64,
    people: HashMap<PersonId, Party>,
    devices: Routes,
    /// Where each order is judged.
    homes: HashMap<OrderId, usize>,
    /// Devices that sent a panic while they were assigned, and of others so many as can have an
    /// incident. Such an incident may outlast any assignment.
    panicked: HashSet<DeviceId>,
    /// How many of these were not assigned.
    strangers: usize,
    strangers_max: usize,
}

/// What a shard takes in of inputs that lie where they stay.
pub(crate) struct Portion {
    pub chosen: Vec<Chosen>,
    /// What it does before the chosen one at each of these places.
    pub moves: Vec<(usize, Move)>,
}

/// A person who has a device or is named by an order, now or once.
struct Party {
    followers: Set,
    devices: Vec<DeviceId>,
    had_device: bool,
}

/// A set of shards.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Set(u64);

const FIRST: usize = 0;

impl Router {
    /// A router to so many shards, from 1 to [`SHARDS_MAX`].
    pub fn new(shards: usize, config: &Config) -> Self {
        Self {
            shards,
            moves: Vec::new(),
            homes_max: config.ids_max,
            last: config.first_input.saturating_sub(1),
            now: Timestamp::default(),
            clock_regressions: 0,
            people: HashMap::new(),
            devices: Routes::default(),
            homes: HashMap::new(),
            panicked: HashSet::new(),
            strangers: 0,
            strangers_max: config.strangers_max,
        }
    }

    /// Inputs whose time of receipt was invalid or smaller than one before.
    pub fn clock_regressions(&self) -> u64 {
        self.clock_regressions
    }

    /// Gives the input its number and its time, as the log has it.
    // J-TIME-1
    pub fn number(&mut self, mut record: Record) -> Numbered {
        self.settle_time(&mut record);
        Numbered { number: self.last, record, part: Part::WHOLE }
    }

    /// The next number is the input's; its time becomes that which the log has.
    #[inline]
    fn settle_time(&mut self, record: &mut Record) {
        self.last += 1;
        match record.at {
            Some(at) if at >= self.now => self.now = at,
            _ => {
                self.clock_regressions += 1;
                record.at = Some(self.now);
            }
        }
    }

    /// So many inputs get their numbers without being looked at: a single engine takes in all, and
    /// sees itself to their times.
    pub fn pass(&mut self, inputs: usize) {
        debug_assert_eq!(self.shards, 1, "nobody else takes them in");
        self.last += inputs as u64;
    }

    /// The number of the last input.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Takes note of an input that got its number before.
    pub fn go_on_from(&mut self, input: &Numbered) {
        self.last = self.last.max(input.number);
        self.now = self.now.max(input.record.at.unwrap_or(self.now));
    }

    /// Takes note of an input that has its number and that a single shard takes in as a whole.
    pub(in crate::pipeline) fn note(&mut self, input: &Input) {
        debug_assert_eq!(self.shards, 1, "nobody else takes it in");
        // Fixes change no routes.
        if !matches!(input, Input::Fix(_)) {
            self.decide(input);
        }
    }

    /// Adds a numbered input to the shares of the shards that take it in; there is one of each
    /// shard. Gives the shard that tells what concerns no order.
    pub(in crate::pipeline) fn route(
        &mut self,
        mut input: Numbered,
        shares: &mut [Share],
    ) -> usize {
        debug_assert_eq!(shares.len(), self.shards, "a share of each shard");
        let (to, keepers, teller) = self.decide(&input.record.input);
        for (shard, half) in self.moves.drain(..) {
            shares[shard].add_move(half);
        }
        let part = |shard| Part { tells_facts: shard == teller, keeps: keepers.contains(shard) };
        let (last, others) = to.split_last();
        for shard in others.iter() {
            let (number, record) = (input.number, input.record.clone());
            shares[shard].inputs.own().push(Numbered { number, record, part: part(shard) });
        }
        input.part = part(last);
        shares[last].inputs.own().push(input);
        teller
    }

    /// Gives inputs their numbers and times, and each shard what it takes in of them.
    pub fn choose(&mut self, records: &mut [Record]) -> Vec<Portion> {
        let portion = |_| Portion { chosen: Vec::with_capacity(records.len()), moves: Vec::new() };
        let mut portions: Vec<_> = (0..self.shards).map(portion).collect();
        for (place, record) in (0..).zip(records) {
            self.settle_time(record);
            let (to, keepers, teller) = match &record.input {
                // Fixes change no routes.
                Input::Fix(fix) => self.route_of(fix.device),
                input => {
                    let routing = self.decide(input);
                    for (shard, half) in self.moves.drain(..) {
                        let before = portions[shard].chosen.len();
                        portions[shard].moves.push((before, half));
                    }
                    routing
                }
            };
            for shard in to.iter() {
                let part = Part { tells_facts: shard == teller, keeps: keepers.contains(shard) };
                portions[shard].chosen.push(Chosen { place, part });
            }
        }
        portions
    }

    fn decide(&mut self, input: &Input) -> Routing {
        let all = Set::of_first(self.shards);
        match input {
            Input::Fix(fix) => self.route_of(fix.device),
            Input::Status(status) => {
                if status.status == Status::Panic {
                    self.note_panic(status.device);
                }
                self.route_of(status.device)
            }
            Input::PutZone(_) | Input::RemoveZone(_) | Input::Tick => (all, all, FIRST),
            Input::PutOrder(put) => {
                let home = self.settle(put);
                (all, Set::of(home), home)
            }
            Input::EndOrder(order) => (all, all, self.home_of(*order)),
            Input::AssignDevice(assign) => self.assign(assign),
            Input::ReleaseDevice(device) => self.release(*device),
            Input::Operator(act) => {
                let order = EpisodeId::parse(&act.episode).map(|id| id.order);
                let home = order.map_or(FIRST, |order| self.home_of(order));
                (Set::of(home), Set::of(home), home)
            }
            Input::Invalid(refusal) => {
                let teller = refusal.device.map_or(FIRST, |device| self.route_of(device).2);
                (Set::of(teller), Set::of(teller), teller)
            }
        }
    }

    /// The shard where an order is judged; the first for one that nobody knows.
    pub fn home_of(&self, order: OrderId) -> usize {
        self.homes.get(&order).copied().unwrap_or(FIRST)
    }

    #[inline]
    fn route_of(&self, device: DeviceId) -> Routing {
        // One shard alone takes in all.
        if self.shards == 1 {
            return (Set::of(FIRST), Set::of(FIRST), FIRST);
        }
        match self.devices.way(device) {
            Some(Way { followers, teller }) => (followers, followers, teller),
            None => (Set::of(FIRST), Set::of(FIRST), FIRST),
        }
    }

    /// The home of an order that is put. Whoever it names is followed there from now on.
    fn settle(&mut self, put: &PutOrder) -> usize {
        let known = self.homes.get(&put.order).copied();
        let home = match known {
            Some(home) => home,
            // Engines refuse whatever order comes after so many.
            None if self.homes.len() >= self.homes_max => return FIRST,
            None => home(put.person, self.shards),
        };
        self.homes.insert(put.order, home);
        self.follow(put.person, home);
        for rule in &put.rules {
            if let Demand::KeepAway { person, .. } = rule.demand {
                self.follow(person, home);
            }
        }
        home
    }

    /// Lets a shard take in all that a person's devices send from now on.
    fn follow(&mut self, person: PersonId, shard: usize) {
        let own = home(person, self.shards);
        let party = self.party(person);
        if party.followers.contains(shard) {
            return;
        }
        party.followers.insert(shard);
        let (followers, had_device) = (party.followers, party.had_device);
        let devices = party.devices.clone();
        if had_device {
            let (lend, adopt) = Move::pair(person);
            self.moves.extend([(own, lend), (shard, adopt)]);
        }
        for device in devices {
            self.devices.turn(device, |way| way.followers = followers);
        }
    }

    fn party(&mut self, person: PersonId) -> &mut Party {
        let own = home(person, self.shards);
        self.people.entry(person).or_insert_with(|| Party {
            followers: Set::of(own),
            devices: Vec::new(),
            had_device: false,
        })
    }

    /// Panics without an order are told of, and escalated, by the first shard; so it must see all
    /// that the device sends.
    fn note_panic(&mut self, device: DeviceId) {
        let person = self.devices.get(device).map(|route| route.person);
        let is_stranger = person.is_none();
        if is_stranger && self.strangers >= self.strangers_max || !self.panicked.insert(device) {
            return;
        }
        self.strangers += usize::from(is_stranger);
        if let Some(person) = person {
            self.follow(person, FIRST);
            self.devices.turn(device, |way| way.teller = FIRST);
        }
    }

    fn assign(&mut self, assign: &AssignDevice) -> Routing {
        let (device, person) = (assign.device, assign.person);
        let old = self.devices.get(device).copied();
        if let Some(Route { way, .. }) = old.filter(|old| old.person == person) {
            return (way.followers, way.followers, way.teller);
        }
        let has_panicked = self.panicked.contains(&device);
        if has_panicked {
            self.follow(person, FIRST);
        }
        if let Some(old) = old {
            self.party(old.person).devices.retain(|other| *other != device);
        }
        let own = home(person, self.shards);
        let party = self.party(person);
        party.devices.push(device);
        party.had_device = true;
        let followers = party.followers;
        let teller = if has_panicked { FIRST } else { own };
        self.devices.insert(device, Route { person, way: Way { followers, teller } });
        // The first shard may know the device as a stranger, and forgets it.
        let mut to = followers.union(Set::of(FIRST));
        to = old.map_or(to, |old| to.union(old.way.followers));
        (to, followers, teller)
    }

    fn release(&mut self, device: DeviceId) -> Routing {
        let route = self.route_of(device);
        if let Some(old) = self.devices.remove(device) {
            self.party(old.person).devices.retain(|other| *other != device);
        }
        route
    }
}

impl Set {
    fn of(shard: usize) -> Self {
        Self(1 << shard)
    }

    fn of_first(shards: usize) -> Self {
        Self(u64::MAX >> (SHARDS_MAX - shards))
    }

    fn contains(self, shard: usize) -> bool {
        self.0 & 1 << shard != 0
    }

    fn insert(&mut self, shard: usize) {
        self.0 |= 1 << shard;
    }

    /// One of its shards, and the others; it has one.
    fn split_last(self) -> (usize, Self) {
        let last = 63 - self.0.leading_zeros() as usize;
        (last, Self(self.0 & !(1 << last)))
    }

    fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (next < SHARDS_MAX).then_some(next)
        })
    }
}
