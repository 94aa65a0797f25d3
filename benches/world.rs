//! The seeded world of the benches: people who stand, walk and drive in a city, each with zones of
//! their own that overlap everybody else's.

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};
use wardline_core::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};

/// Personal zones of each person.
pub const ZONES_PER_PERSON: u64 = 4;
/// Between two fixes of a device, in milliseconds.
pub const FIX_INTERVAL_MS: i64 = 15_000;

const START_MS: i64 = 1_780_000_000_000;
const CITY_DEG: f64 = 0.2;
const CENTRE_LAT_DEG: f64 = 42.87;
const CENTRE_LON_DEG: f64 = 74.59;
const ROAM_DEG: f64 = 0.03;
/// How far from home a person's zones lie, which overlap one another.
const ZONES_DEG: f64 = 0.1;

/// A city of people.
pub struct City {
    rng: SmallRng,
    people: Vec<Walker>,
    time_ms: i64,
    seq: u64,
}

/// Lives within [`ROAM_DEG`] of home: a third stands, a third walks, a third drives.
struct Walker {
    device: DeviceId,
    home_deg: (f64, f64),
    lat_deg: f64,
    lon_deg: f64,
    speed_mps: f64,
    course_rad: f64,
}

impl City {
    /// The city with its zones, orders and devices; the records set up an engine.
    pub fn new(seed: u64, people: u64) -> (Self, Vec<Record>) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut records = Vec::new();
        let mut people: Vec<_> =
            (1..=people).map(|person| Walker::new(&mut rng, person, &mut records)).collect();
        // Fixes arrive in an order that has nothing to do with who was registered when.
        people.shuffle(&mut rng);
        (Self { rng, people, time_ms: START_MS, seq: 0 }, records)
    }

    /// The next fix of everybody, and when they are received.
    pub fn round(&mut self, fixes: &mut Vec<Fix>) -> Timestamp {
        self.time_ms += FIX_INTERVAL_MS;
        self.seq += 1;
        fixes.clear();
        for walker in &mut self.people {
            walker.walk(&mut self.rng);
            let noise = |rng: &mut SmallRng| rng.random_range(-0.000_05..0.000_05);
            let lat_deg = walker.lat_deg + noise(&mut self.rng);
            let lon_deg = walker.lon_deg + noise(&mut self.rng);
            let Ok(position) = Position::from_degrees(lat_deg, lon_deg) else {
                continue;
            };
            fixes.push(Fix {
                accuracy_m: Some(8.0),
                speed_mps: Some(walker.speed_mps),
                ..Fix::new(
                    walker.device,
                    self.seq,
                    Timestamp::from_ms(self.time_ms - 500),
                    position,
                )
            });
        }
        Timestamp::from_ms(self.time_ms)
    }
}

impl Walker {
    fn new(rng: &mut SmallRng, person: u64, records: &mut Vec<Record>) -> Self {
        let home_deg = place(rng);
        set_up(rng, person, home_deg, records);
        Self {
            device: id(DeviceId::new, person),
            home_deg,
            lat_deg: home_deg.0,
            lon_deg: home_deg.1,
            speed_mps: [0.0, 1.4, 12.0][rng.random_range(0..3)],
            course_rad: rng.random_range(0.0..std::f64::consts::TAU),
        }
    }

    fn walk(&mut self, rng: &mut SmallRng) {
        let step_m = self.speed_mps * FIX_INTERVAL_MS as f64 / 1000.0;
        let (north, east) = (self.course_rad.sin(), self.course_rad.cos());
        self.lat_deg += step_m * north / 111_000.0;
        self.lon_deg += step_m * east / 81_500.0;
        let away_deg = (self.lat_deg - self.home_deg.0, self.lon_deg - self.home_deg.1);
        if away_deg.0 * north + away_deg.1 * east > ROAM_DEG {
            self.course_rad += std::f64::consts::PI;
        } else if rng.random_bool(0.02) {
            self.course_rad = rng.random_range(0.0..std::f64::consts::TAU);
        }
    }
}

fn place(rng: &mut SmallRng) -> (f64, f64) {
    let half = CITY_DEG / 2.0;
    let lat_deg = CENTRE_LAT_DEG + rng.random_range(-half..half);
    (lat_deg, CENTRE_LON_DEG + rng.random_range(-half..half))
}

fn set_up(rng: &mut SmallRng, person: u64, home_deg: (f64, f64), records: &mut Vec<Record>) {
    let mut push = |input| {
        records.push(Record { at: Some(Timestamp::from_ms(START_MS)), input });
    };
    let mut rules = Vec::new();
    let near = |rng: &mut SmallRng, deg: f64| rng.random_range(-deg..deg);
    let centre_deg = (home_deg.0 + near(rng, ZONES_DEG), home_deg.1 + near(rng, ZONES_DEG));
    for number in 0..ZONES_PER_PERSON {
        let zone = id(ZoneId::new, (person - 1) * ZONES_PER_PERSON + number + 1);
        let beside = (centre_deg.0 + near(rng, 0.003), centre_deg.1 + near(rng, 0.004));
        let Some(shape) = shape(rng, number, beside) else {
            continue;
        };
        push(Input::PutZone(PutZone { zone, layer: None, shape: Arc::new(shape) }));
        rules.push(Rule {
            rule: id(RuleId::new, number + 1),
            active: None,
            demand: Demand::KeepOut { place: Place::Zone(zone), warn_m: 0.0, confirm_fixes: 0 },
        });
    }
    push(Input::PutOrder(Arc::new(PutOrder {
        order: id(OrderId::new, person),
        kind: OrderKind::Supervision,
        person: id(PersonId::new, person),
        term: Interval {
            from: Timestamp::from_ms(START_MS),
            until: Timestamp::from_ms(START_MS + 90 * 86_400_000),
        },
        rules,
        permits: Vec::new(),
    })));
    push(Input::AssignDevice(AssignDevice {
        device: id(DeviceId::new, person),
        person: id(PersonId::new, person),
        kind: DeviceKind::Bracelet,
    }));
}

/// Half of the zones are circles, half polygons of eight corners; 0.2 to 1.5 km across.
fn shape(rng: &mut SmallRng, number: u64, (lat_deg, lon_deg): (f64, f64)) -> Option<Shape> {
    let radius_m = rng.random_range(100.0..750.0);
    let geometry = if number.is_multiple_of(2) {
        Geometry::Circle { centre: Position::from_degrees(lat_deg, lon_deg).ok()?, radius_m }
    } else {
        let corner = |corner: u32| {
            let angle = f64::from(corner % 8) * std::f64::consts::TAU / 8.0;
            let lat_deg = lat_deg + radius_m * angle.sin() / 111_000.0;
            Position::from_degrees(lat_deg, lon_deg + radius_m * angle.cos() / 81_500.0).ok()
        };
        Geometry::Polygon(vec![(0..=8).map(corner).collect::<Option<_>>()?])
    };
    Shape::new(&geometry).ok()
}

/// The id with this number, which is never 0 here.
fn id<T: Default>(new: impl Fn(u64) -> Option<T>, number: u64) -> T {
    new(number).unwrap_or_default()
}
