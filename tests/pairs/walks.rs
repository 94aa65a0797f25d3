//! Seeded walks of people who are kept away from each other, as logs of inputs: far apart, on the
//! edge of a rule's reach, through each other; with fixes that come late, mixed, coarse, doubtful
//! or from somewhere else.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Permit, PutOrder, PutZone, Record,
    Rule, Status, StatusReport,
};
use wardline_core::time::{Interval, Timestamp};

const START_MS: i64 = 1_780_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// The persons of a world, numbered from 1, all of whom may be on either side.
const PEOPLE: u64 = 4;
/// The devices: two of each person.
const DEVICES: u64 = 2 * PEOPLE;

struct Person {
    east_m: f64,
    north_m: f64,
    /// Metres a second to the east and north.
    pace: (f64, f64),
}

struct Device {
    seq: u64,
    next_ms: i64,
    /// Between two fixes, and from a fix to its receipt.
    every_ms: i64,
    lag_ms: i64,
}

/// People on their way.
pub struct World {
    rng: SmallRng,
    now_ms: i64,
    people: Vec<Person>,
    devices: Vec<Device>,
    /// What is not received yet.
    held: Vec<(i64, Input)>,
    /// How near to each other people go, in metres.
    near_m: f64,
    records: Vec<Record>,
}

impl World {
    /// A log of about so many inputs.
    pub fn log(seed: u64, inputs: usize) -> Vec<Record> {
        let mut world = Self::new(SmallRng::seed_from_u64(seed));
        world.set_up();
        while world.records.len() < inputs {
            world.step();
        }
        world.records
    }

    fn new(mut rng: SmallRng) -> Self {
        let near_m = [100.0, 300.0, 1_000.0][rng.random_range(0..3)];
        let mut person = || Person {
            east_m: rng.random_range(-6.0..6.0) * near_m,
            north_m: rng.random_range(-6.0..6.0) * near_m,
            pace: (0.0, 0.0),
        };
        let people = (0..PEOPLE).map(|_| person()).collect();
        let mut device = || Device {
            seq: 0,
            next_ms: START_MS,
            every_ms: [500, 1_000, 5_000, 20_000, 90_000][rng.random_range(0..5)],
            lag_ms: [0, 300, 4_000, 30_000][rng.random_range(0..4)],
        };
        let devices = (0..DEVICES).map(|_| device()).collect();
        let (held, records) = (Vec::new(), Vec::new());
        Self { now_ms: START_MS, people, devices, held, near_m, records, rng }
    }

    fn put(&mut self, input: Input) {
        self.records.push(Record { at: Some(Timestamp::from_ms(self.now_ms)), input });
    }

    fn set_up(&mut self) {
        for device in 1..=DEVICES {
            if device <= PEOPLE || self.rng.random_bool(0.4) {
                self.assign(device, (device - 1) % PEOPLE + 1);
            }
        }
        let circle = Geometry::Circle { centre: place(0.0, 0.0), radius_m: 2.0 * self.near_m };
        let shape = Shape::new(&circle).expect("a circle");
        let zone = id(ZoneId::new, 1);
        self.put(Input::PutZone(PutZone { zone, layer: None, shape: Arc::new(shape) }));
        for order in 1..=self.rng.random_range(1..=3) {
            self.put_order(order);
        }
    }

    fn assign(&mut self, device: u64, person: u64) {
        let (device, person) = (id(DeviceId::new, device), id(PersonId::new, person));
        self.put(Input::AssignDevice(AssignDevice { device, person, kind: DeviceKind::Phone }));
    }

    fn put_order(&mut self, order: u64) {
        let person = self.rng.random_range(1..=PEOPLE);
        let rules = (1..=self.rng.random_range(1..=2_u64)).map(|rule| {
            let other = (person + self.rng.random_range(0..PEOPLE - 1)) % PEOPLE + 1;
            let distance_m = self.near_m * self.rng.random_range(0.5..1.0);
            let warn_m = if self.rng.random_bool(0.5) { self.near_m } else { 0.0 };
            let person = id(PersonId::new, other);
            let demand = Demand::KeepAway { person, distance_m, warn_m };
            Rule { rule: id(RuleId::new, rule), active: None, demand }
        });
        let mut rules: Vec<_> = rules.collect();
        if self.rng.random_bool(0.3) {
            let demand =
                Demand::Report { max_silence_ms: Some(60_000), max_no_fix_ms: Some(100_000) };
            rules.push(Rule { rule: id(RuleId::new, 9), active: None, demand });
        }
        let from = Timestamp::from_ms(START_MS);
        let until_ms = if self.rng.random_bool(0.2) { 400_000 } else { DAY_MS };
        let until = Timestamp::from_ms(self.now_ms + until_ms);
        // In the middle it is permitted, to some.
        let permit = Permit { zone: id(ZoneId::new, 1), active: None };
        let permits = if self.rng.random_bool(0.3) { vec![permit] } else { Vec::new() };
        self.put(Input::PutOrder(Arc::new(PutOrder {
            order: id(OrderId::new, order),
            kind: OrderKind::Supervision,
            person: id(PersonId::new, person),
            term: Interval { from, until },
            rules,
            permits,
        })));
    }

    fn step(&mut self) {
        let step_ms = [100, 500, 500, 1_000, 3_000][self.rng.random_range(0..5)];
        self.now_ms += if self.rng.random_bool(0.001) { 200_000 } else { step_ms };
        self.walk(step_ms as f64 / 1000.0);
        for device in 0..self.devices.len() {
            if self.devices[device].next_ms <= self.now_ms {
                self.send(device);
            }
        }
        let (due, held) = self.held.drain(..).partition(|(at_ms, _)| *at_ms <= self.now_ms);
        self.held = held;
        let due: Vec<(i64, Input)> = due;
        due.into_iter().for_each(|(_, input)| self.put(input));
        match self.rng.random_range(0..3_000) {
            0 => {
                let order = self.rng.random_range(1..=3);
                self.put_order(order);
            }
            1 => {
                let order = id(OrderId::new, self.rng.random_range(1..=3));
                self.put(Input::EndOrder(order));
            }
            2 => {
                let device = self.rng.random_range(1..=DEVICES);
                self.put(Input::ReleaseDevice(id(DeviceId::new, device)));
            }
            3..=5 => {
                let device = self.rng.random_range(1..=DEVICES);
                let person = self.rng.random_range(1..=PEOPLE);
                self.assign(device, person);
            }
            6..=20 => self.put(Input::Tick),
            _ => {}
        }
    }

    /// Everybody goes on; now and then to, round or away from somebody, or through the air.
    fn walk(&mut self, seconds: f64) {
        for walker in 0..self.people.len() {
            if self.rng.random_bool(0.02) {
                self.turn(walker);
            }
            let person = &mut self.people[walker];
            person.east_m += person.pace.0 * seconds;
            person.north_m += person.pace.1 * seconds;
            let most_m = 12.0 * self.near_m;
            person.east_m = person.east_m.clamp(-most_m, most_m);
            person.north_m = person.north_m.clamp(-most_m, most_m);
        }
    }

    fn turn(&mut self, walker: usize) {
        let other = &self.people[self.rng.random_range(0..self.people.len())];
        let to = (other.east_m, other.north_m);
        let speed_mps = [0.0, 1.4, 5.0, 20.0, 60.0][self.rng.random_range(0..5)];
        let angle = self.rng.random_range(0.0..std::f64::consts::TAU);
        let edge_m = self.near_m * self.rng.random_range(0.98..1.1);
        let person = &mut self.people[walker];
        match self.rng.random_range(0..10) {
            0..=5 => {
                let (east_m, north_m) = (to.0 - person.east_m, to.1 - person.north_m);
                let way_m = east_m.hypot(north_m).max(1.0);
                person.pace = (east_m / way_m * speed_mps, north_m / way_m * speed_mps);
            }
            6 => {
                // Somewhere on the edge of the other's circle.
                person.east_m = to.0 + edge_m * angle.cos();
                person.north_m = to.1 + edge_m * angle.sin();
            }
            _ => person.pace = (angle.cos() * speed_mps, angle.sin() * speed_mps),
        }
    }

    fn send(&mut self, index: usize) {
        let person = &self.people[index % self.people.len()];
        let (mut east_m, mut north_m) = (person.east_m, person.north_m);
        let mut accuracy_m = self.rng.random_range(3.0..20.0_f64).round();
        let (mut mock, mut moving, mut late_ms) = (false, false, 0);
        match self.rng.random_range(0..300) {
            0..=3 => accuracy_m = 200.0,
            4 => mock = true,
            5 => moving = true,
            6..=9 => {
                // As if beside somebody else, and told late.
                let other = &self.people[self.rng.random_range(0..self.people.len())];
                (east_m, north_m) = (other.east_m + 0.3 * self.near_m, other.north_m);
                late_ms = self.rng.random_range(0..20_000);
            }
            _ => {}
        }
        let every_ms = self.devices[index].every_ms;
        let wait_ms = every_ms + self.rng.random_range(0..=every_ms / 5);
        let device = &mut self.devices[index];
        (device.next_ms, device.seq) = (self.now_ms + wait_ms, device.seq + 1);
        let (seq, lag_ms) = (device.seq, device.lag_ms);
        let (device, time) = (id(DeviceId::new, index as u64 + 1), Timestamp::from_ms(self.now_ms));
        let held_ms = match self.rng.random_range(0..100) {
            0 => self.rng.random_range(0..120_000),
            1..=3 => lag_ms + self.rng.random_range(0..8_000),
            _ => lag_ms + late_ms,
        };
        if self.rng.random_bool(0.002) {
            let report = StatusReport { device, seq, time, status: Status::Heartbeat };
            return self.held.push((self.now_ms + held_ms, Input::Status(report)));
        }
        let fix = Fix {
            accuracy_m: Some(accuracy_m),
            mock,
            moving,
            ..Fix::new(device, seq, time, place(east_m, north_m))
        };
        self.held.push((self.now_ms + held_ms, Input::Fix(fix)));
    }
}

/// A position by metres from the middle of the world.
pub fn place(east_m: f64, north_m: f64) -> Position {
    let (lat_deg, lon_deg) = (42.87 + north_m / 111_080.0, 74.6 + east_m / 81_740.9);
    Position::from_degrees(lat_deg, lon_deg).expect("near the middle")
}

/// The id with this number, which is never 0 here.
pub fn id<T>(new: impl Fn(u64) -> Option<T>, number: u64) -> T {
    new(number).expect("not 0")
}
