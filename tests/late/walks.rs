//! Seeded walks round zones, as logs of inputs: at home, on the edge of a zone, into it and through
//! it, with fixes that come late, twice, from the same place, coarse, doubtful or from somewhere
//! else; and rules and zones that change meanwhile.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Permit, Place, PutOrder, PutZone,
    Record, Rule, Status, StatusReport,
};
use wardline_core::time::{Interval, Timestamp};

const START_MS: i64 = 1_780_000_000_000;
const DAY_MS: i64 = 86_400_000;
/// The persons of a world, each with a device and an order of the same number.
const PEOPLE: u64 = 2;
/// Zones 1 to 3 are forbidden, the third of them in a layer; 4 is a home, 5 a place of a permit.
const ZONES: u64 = 5;
const RADIUS_M: f64 = 100.0;

#[derive(Default)]
struct Walker {
    place_m: (f64, f64),
    pace_mps: (f64, f64),
    every_ms: i64,
    seq: u64,
    next_ms: i64,
}

/// People on their way.
pub struct World {
    rng: SmallRng,
    now_ms: i64,
    /// How far apart the zones lie.
    spread_m: f64,
    walkers: Vec<Walker>,
    /// What is not received yet.
    held: Vec<(i64, Input)>,
    records: Vec<Record>,
}

impl World {
    /// A log of about so many inputs.
    pub fn log(seed: u64, inputs: usize) -> Vec<Record> {
        let mut rng = SmallRng::seed_from_u64(seed);
        let spread_m = [200.0, 600.0, 3_000.0][rng.random_range(0..3)];
        let mut walker = || Walker {
            every_ms: [1_000, 5_000, 15_000][rng.random_range(0..3)],
            next_ms: START_MS,
            ..Walker::default()
        };
        let walkers = (0..PEOPLE).map(|_| walker()).collect();
        let (held, records) = (Vec::new(), Vec::new());
        let mut world = Self { now_ms: START_MS, spread_m, walkers, held, records, rng };
        world.set_up();
        while world.records.len() < inputs {
            world.step();
        }
        world.records
    }

    fn put(&mut self, input: Input) {
        self.records.push(Record { at: Some(Timestamp::from_ms(self.now_ms)), input });
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.random_range(0..of.len())]
    }

    fn set_up(&mut self) {
        (1..=ZONES).for_each(|zone| self.put_zone(zone));
        for number in 1..=PEOPLE {
            self.put_order(number);
            self.assign(number);
            self.turn(number as usize - 1);
        }
    }

    fn assign(&mut self, number: u64) {
        let (device, person) = (id(DeviceId::new, number), id(PersonId::new, number));
        self.put(Input::AssignDevice(AssignDevice { device, person, kind: DeviceKind::Phone }));
    }

    fn put_zone(&mut self, zone: u64) {
        let (east_m, north_m) = self.centre_m(zone);
        let (east_m, north_m) = (east_m + self.any(&[0.0, 0.0, 40.0]), north_m);
        let centre = place(east_m, north_m);
        let shape = Shape::new(&Geometry::Circle { centre, radius_m: RADIUS_M }).expect("a circle");
        let layer = if zone == 3 { LayerId::new(1) } else { None };
        self.put(Input::PutZone(PutZone {
            zone: id(ZoneId::new, zone),
            layer,
            shape: Arc::new(shape),
        }));
    }

    fn centre_m(&self, zone: u64) -> (f64, f64) {
        let angle = zone as f64 * std::f64::consts::TAU / ZONES as f64;
        (angle.cos() * self.spread_m, angle.sin() * self.spread_m)
    }

    fn put_order(&mut self, number: u64) {
        let zone = |number| id(ZoneId::new, number);
        let warn_m = self.any(&[0.0, 50.0]);
        let confirm_fixes = self.any(&[0, 0, 2]);
        let keep_out = |place| Demand::KeepOut { place, warn_m, confirm_fixes };
        let mut demands =
            vec![keep_out(Place::Zone(zone(1))), keep_out(Place::Layer(id(LayerId::new, 1)))];
        if self.rng.random_bool(0.5) {
            demands.push(keep_out(Place::Zone(zone(2))));
        }
        if self.rng.random_bool(0.4) {
            demands.push(Demand::StayIn { zones: vec![zone(4)], grace_ms: self.any(&[0, 30_000]) });
        }
        if self.rng.random_bool(0.4) {
            let (max_silence_ms, max_no_fix_ms) = (Some(60_000), Some(90_000));
            demands.push(Demand::Report { max_silence_ms, max_no_fix_ms });
        }
        let from = Timestamp::from_ms(self.now_ms);
        let hours = |from_ms| Interval {
            from: from.plus_ms(from_ms),
            until: from.plus_ms(from_ms + 200_000),
        };
        let active = self.rng.random_bool(0.3).then(|| vec![hours(100_000), hours(500_000)]);
        let rule = |(rule, demand)| Rule {
            rule: id(RuleId::new, rule),
            active: active.clone().filter(|_| rule != 2),
            demand,
        };
        let until = from.plus_ms(self.any(&[400_000, DAY_MS]));
        self.put(Input::PutOrder(Arc::new(PutOrder {
            order: id(OrderId::new, number),
            kind: OrderKind::Supervision,
            person: id(PersonId::new, number),
            term: Interval { from, until },
            rules: (1..).zip(demands).map(rule).collect(),
            permits: vec![Permit { zone: zone(5), active: Some(vec![hours(300_000)]) }],
        })));
    }

    fn step(&mut self) {
        self.now_ms += if self.rng.random_bool(0.0005) { 150_000 } else { 500 };
        for walker in 0..self.walkers.len() {
            if self.rng.random_bool(0.004) {
                self.turn(walker);
            }
            let Walker { place_m, pace_mps, next_ms, .. } = &mut self.walkers[walker];
            *place_m = (place_m.0 + pace_mps.0 / 2.0, place_m.1 + pace_mps.1 / 2.0);
            if *next_ms <= self.now_ms {
                self.send(walker);
            }
        }
        let (due, held): (Vec<_>, Vec<_>) =
            self.held.drain(..).partition(|(at_ms, _)| *at_ms <= self.now_ms);
        self.held = held;
        due.into_iter().for_each(|(_, input)| self.put(input));
        let (number, zone) = (self.rng.random_range(1..=PEOPLE), self.rng.random_range(1..=ZONES));
        match self.rng.random_range(0..6_000) {
            0..=3 => self.put_order(number),
            4..=6 => self.put_zone(zone),
            7 => self.put(Input::RemoveZone(id(ZoneId::new, 3))),
            8 => self.put(Input::EndOrder(id(OrderId::new, number))),
            9 => self.put(Input::ReleaseDevice(id(DeviceId::new, number))),
            10..=13 => self.assign(number),
            14..=40 => self.put(Input::Tick),
            _ => {}
        }
    }

    /// Stands, or goes on its way, from a zone's edge, middle or surroundings.
    fn turn(&mut self, walker: usize) {
        let zone = self.rng.random_range(1..=ZONES);
        let (angle, off_m) = (
            self.rng.random_range(0.0..std::f64::consts::TAU),
            self.any(&[0.0, 90.0, 101.0, 130.0, 300.0, 2_000.0]),
        );
        let speed_mps = self.any(&[0.0, 0.0, 0.3, 1.4, 20.0]);
        let (east_m, north_m) = self.centre_m(zone);
        let walker = &mut self.walkers[walker];
        // Or from where he is.
        if speed_mps < 20.0 {
            walker.place_m = (east_m + angle.cos() * off_m, north_m + angle.sin() * off_m);
        }
        walker.pace_mps = (angle.sin() * speed_mps, angle.cos() * speed_mps);
    }

    fn send(&mut self, index: usize) {
        let walker = &mut self.walkers[index];
        walker.seq += 1;
        walker.next_ms = self.now_ms + walker.every_ms;
        let (seq, every_ms, (east_m, north_m)) = (walker.seq, walker.every_ms, walker.place_m);
        let (device, time) = (id(DeviceId::new, index as u64 + 1), Timestamp::from_ms(self.now_ms));
        let noise_m = self.any(&[0.0, 3.0, 3.0]);
        let at_m = (
            east_m + self.rng.random_range(-1.0..=1.0) * noise_m,
            north_m + self.rng.random_range(-1.0..=1.0) * noise_m,
        );
        let mut fix =
            Fix { accuracy_m: Some(8.0), ..Fix::new(device, seq, time, place(at_m.0, at_m.1)) };
        match self.rng.random_range(0..200) {
            0 => fix.accuracy_m = Some(200.0),
            1 => fix.mock = true,
            2..=10 => fix.moving = true,
            11..=12 => fix.position = place(at_m.0 + 4_000.0, at_m.1),
            13 => fix.accuracy_m = Some(1.0 / 3.0),
            14 => fix.time = time.plus_ms(2_500),
            _ => {}
        }
        let late_ms = match self.rng.random_range(0..100) {
            0 => self.rng.random_range(0..40 * every_ms),
            1..=30 => self.rng.random_range(0..5 * every_ms),
            _ => 0,
        };
        self.held.push((self.now_ms + late_ms, Input::Fix(fix)));
        if self.rng.random_bool(0.03) {
            let again_ms = self.rng.random_range(0..30 * every_ms);
            self.held.push((self.now_ms + late_ms + again_ms, Input::Fix(fix)));
        }
        // Some devices give a status the number of a fix.
        if self.rng.random_bool(0.02) {
            let status = self.any(&[Status::Heartbeat, Status::StrapOpen, Status::StrapClosed]);
            let report = StatusReport { device, seq, time, status };
            let late_ms = self.rng.random_range(0..4 * every_ms);
            self.held.push((self.now_ms + late_ms, Input::Status(report)));
        }
    }
}

/// A position by metres from the middle of the world.
fn place(east_m: f64, north_m: f64) -> Position {
    let (lat_deg, lon_deg) = (42.87 + north_m / 111_080.0, 74.6 + east_m / 81_740.9);
    Position::from_degrees(lat_deg, lon_deg).expect("near the middle")
}

/// The id with this number, which is never 0 here.
fn id<T>(new: impl Fn(u64) -> Option<T>, number: u64) -> T {
    new(number).expect("not 0")
}
