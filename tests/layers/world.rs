//! A seeded log: zones of three layers, scattered or dense, that come, change and go, and a device
//! that walks, drives, jumps and stands among them, anywhere on the earth.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape, distance_m};
use wardline_core::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{
    AssignDevice, Demand, DeviceKind, Fix, Input, OrderKind, Place, PutOrder, PutZone, Record, Rule,
};
use wardline_core::time::{Interval, Timestamp};

const LAYERS: u64 = 3;
const FIXES: u64 = 120;
/// More than the age up to which a fix is judged when a zone changes.
const PAUSE_MS: i64 = 200_000;

pub struct World {
    rng: SmallRng,
    /// Latitude and longitude round which all happens, in degrees.
    middle: (f64, f64),
    /// How far from it zones are, at most.
    spread_m: f64,
    size_m: f64,
    /// How far the device comes between two fixes, about.
    step_m: f64,
    /// How many zones come before all else.
    zones: u64,
    /// The last zone that came, and those that there are, by number.
    newest_zone: u64,
    present: Vec<u64>,
    warnings_m: [f64; LAYERS as usize],
    place_m: (f64, f64),
    now_ms: i64,
    seq: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let lats = [0.0, 42.87, -33.0, 66.0, 79.99, 80.005, -86.0, 89.99];
        let lons = [74.59, 0.0, 179.9999, -179.995, 180.0];
        let warnings = [0.0, 0.0, 60.0, 900.0, 4_000.0, 11_000.0];
        let any = |rng: &mut SmallRng, of: &[f64]| of[rng.random_range(0..of.len())];
        Self {
            middle: (any(&mut rng, &lats), any(&mut rng, &lons)),
            spread_m: any(&mut rng, &[300.0, 2_000.0, 9_000.0, 40_000.0]),
            size_m: any(&mut rng, &[15.0, 60.0, 300.0]),
            step_m: any(&mut rng, &[3.0, 20.0, 180.0, 900.0, 4_000.0]),
            zones: [3, 40, 400][rng.random_range(0..3)],
            newest_zone: 0,
            present: Vec::new(),
            warnings_m: [0; LAYERS as usize].map(|_| any(&mut rng, &warnings)),
            place_m: (0.0, 0.0),
            now_ms: 1_780_000_000_000,
            seq: 0,
            rng,
        }
    }

    /// More zones about the device than it keeps.
    pub fn crowded(seed: u64) -> Self {
        let warnings_m = [0.0, 60.0, 4_000.0];
        let (spread_m, size_m, step_m) = (1_500.0, 15.0, 20.0);
        let middle = (42.87, 74.59);
        Self { middle, spread_m, size_m, step_m, zones: 5_000, warnings_m, ..Self::new(seed) }
    }

    /// The number of records.
    pub fn length(&self) -> u64 {
        self.zones + 2 + FIXES
    }

    /// The distance at which each layer's rule warns.
    pub fn warnings_m(&self) -> [f64; LAYERS as usize] {
        self.warnings_m
    }

    /// First zones, then the device and its order, then mostly fixes.
    pub fn next(&mut self, number: u64) -> Record {
        let input = match number.checked_sub(self.zones) {
            None => self.zone_anew(),
            Some(0) => Input::AssignDevice(AssignDevice {
                device: DeviceId::new(1).expect("not 0"),
                person: PersonId::new(1).expect("not 0"),
                kind: DeviceKind::Bracelet,
            }),
            Some(1) => self.order(),
            Some(_) if self.rng.random_bool(0.06) => self.change(),
            Some(_) => self.fix(),
        };
        Record { at: Some(Timestamp::from_ms(self.now_ms)), input }
    }

    fn order(&self) -> Input {
        let rule = |(layer, warn_m)| Rule {
            rule: RuleId::new(layer).expect("not 0"),
            active: None,
            demand: Demand::KeepOut {
                place: Place::Layer(LayerId::new(layer).expect("not 0")),
                warn_m,
                confirm_fixes: 0,
            },
        };
        let from = Timestamp::from_ms(self.now_ms);
        Input::PutOrder(Arc::new(PutOrder {
            order: OrderId::new(17).expect("not 0"),
            kind: OrderKind::Supervision,
            person: PersonId::new(1).expect("not 0"),
            term: Interval { from, until: from.plus_ms(86_400_000 * 365) },
            rules: (1..).zip(self.warnings_m).map(rule).collect(),
            permits: Vec::new(),
        }))
    }

    /// A zone comes, moves, changes its layer or goes, when the last fix is old.
    fn change(&mut self) -> Input {
        self.now_ms += PAUSE_MS;
        let any = self.rng.random_range(0..self.present.len().max(1));
        match (self.rng.random_range(0..4), self.present.get(any).copied()) {
            (0, Some(zone)) => self.zone(zone),
            (1, Some(zone)) => {
                self.present.swap_remove(any);
                Input::RemoveZone(ZoneId::new(zone).expect("not 0"))
            }
            (2, _) => self.zone_anew(),
            // Right where the device is, or just beside.
            _ => {
                let number = self.new_number();
                self.zone_at(number, self.place_m)
            }
        }
    }

    fn zone_anew(&mut self) -> Input {
        let number = self.new_number();
        self.zone(number)
    }

    fn new_number(&mut self) -> u64 {
        self.newest_zone += 1;
        self.present.push(self.newest_zone);
        self.newest_zone
    }

    fn zone(&mut self, number: u64) -> Input {
        let spread_m = self.spread_m;
        let mut any_m = || self.rng.random_range(-spread_m..spread_m);
        let place_m = (any_m(), any_m());
        self.zone_at(number, place_m)
    }

    fn zone_at(&mut self, number: u64, (east_m, north_m): (f64, f64)) -> Input {
        let size_m = self.size_m * self.rng.random_range(0.3..3.0);
        let centre = self.position(east_m, north_m);
        let corner =
            |east: f64, north: f64| self.position(east_m + east * size_m, north_m + north * size_m);
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
        let polygon = Geometry::Polygon(vec![square.map(|(e, n)| corner(e, n)).to_vec()]);
        let line = vec![corner(-4.0, -1.0), centre, corner(0.5, 3.0)];
        let shape = match number % 3 {
            0 => Shape::new(&polygon),
            1 => Shape::new(&Geometry::Corridor { line, half_width_m: size_m }),
            _ => Shape::new(&Geometry::Circle { centre, radius_m: size_m }),
        };
        // Near a pole or over the antimeridian a square may be no zone.
        let circle = || Shape::new(&Geometry::Circle { centre, radius_m: size_m });
        let shape = Arc::new(shape.or_else(|_| circle()).expect("a circle"));
        let layer = LayerId::new(self.rng.random_range(1..=LAYERS));
        Input::PutZone(PutZone { zone: ZoneId::new(number).expect("not 0"), layer, shape })
    }

    fn fix(&mut self) -> Input {
        let rng = &mut self.rng;
        let step_m = self.step_m * [0.0, 0.1, 1.0, 1.0, 1.0, 3.0][rng.random_range(0..6)];
        let course = rng.random_range(0.0..std::f64::consts::TAU);
        let ahead = |at_m: f64, share: f64| at_m + step_m * share;
        let (east_m, north_m) = self.place_m;
        self.place_m = (ahead(east_m, course.sin()), ahead(north_m, course.cos()));
        // Back to the zones, sooner or later.
        let limit_m = self.spread_m + 5_000.0;
        if self.place_m.0.abs().max(self.place_m.1.abs()) > limit_m {
            self.place_m = (0.0, 0.0);
        }
        let position = self.position(self.place_m.0, self.place_m.1);
        let apart_m = distance_m(self.position(east_m, north_m), position);
        self.now_ms += 1_000 + (apart_m / 30.0 * 1_000.0) as i64;
        self.seq += 1;
        let accuracy_m = [5.0, 8.0, 8.0, 30.0, 150.0, 500.0, 2_000.0][self.rng.random_range(0..7)];
        let mock = self.rng.random_bool(0.05);
        let device = DeviceId::new(1).expect("not 0");
        let fix = Fix::new(device, self.seq, Timestamp::from_ms(self.now_ms), position);
        Input::Fix(Fix { accuracy_m: Some(accuracy_m), mock, ..fix })
    }

    fn position(&self, east_m: f64, north_m: f64) -> Position {
        let lat = (self.middle.0 + north_m / 111_111.0).clamp(-90.0, 90.0);
        let degree_m = 111_320.0 * self.middle.0.to_radians().cos().max(0.001);
        let lon = self.middle.1 + east_m / degree_m;
        let lon = lon - 360.0 * (lon / 360.0).round();
        Position::from_degrees(lat, lon).expect("a position")
    }
}
