//! Where a simulated person is at each instant.

use rand::Rng;
use rand::rngs::StdRng;
use std::f64::consts::TAU;
use std::time::Duration;

/// The radius of every zone in metres.
pub const ZONE_RADIUS_M: f64 = 150.0;
/// Who is to walk into the zone waits this far from its edge, and ends as far inside, in metres.
const MARGIN_M: f64 = 60.0;
/// How long the way into the zone takes at most: 20 m/s.
const WAY_S_MAX: f64 = 6.0;
/// How far from home others roam, and how far from it their zone is, in metres.
const ROAM_M: f64 = 100.0;
const ZONE_FROM_HOME_M: f64 = 800.0;
/// A fix lies this far beside the person at most, north or south and east or west, in metres.
const NOISE_M: f64 = 2.0;

const CENTRE_LAT_DEG: f64 = 42.874_6;
const CENTRE_LON_DEG: f64 = 74.569_8;
const CITY_M: f64 = 9_000.0;
const METRES_PER_LAT_DEG: f64 = 111_100.0;

/// A place in metres east and north of the centre of Bishkek.
pub type Place = (f64, f64);

/// A person who goes somewhere.
#[derive(Clone, Debug)]
pub struct Walker {
    zone: Place,
    course: Place,
    gait: Gait,
}

#[derive(Clone, Debug)]
enum Gait {
    /// Back and forth through home.
    Roams { home: Place, speed_mps: f64 },
    /// Stands at the zone, and goes in.
    Enters { at_s: f64, way_s: f64 },
}

impl Walker {
    /// Stands, walks or drives near home, far from the zone.
    pub fn elsewhere(rng: &mut StdRng) -> Self {
        let (home, course) = (in_the_city(rng), course(rng));
        let zone = along(home, self::course(rng), ZONE_FROM_HOME_M);
        let speed_mps = [0.0, 1.4, 9.0][rng.random_range(0..3)];
        Self { zone, course, gait: Gait::Roams { home, speed_mps } }
    }

    /// Waits outside the zone and is well inside before `duration` is over.
    pub fn into_zone(rng: &mut StdRng, duration: Duration) -> Self {
        let whole_s = duration.as_secs_f64();
        let way_s = WAY_S_MAX.min(whole_s * 0.6);
        let at_s = rng.random_range(0.1..0.9) * (whole_s - way_s);
        let (zone, course) = (in_the_city(rng), course(rng));
        Self { zone, course, gait: Gait::Enters { at_s, way_s } }
    }

    /// The centre of the zone.
    pub fn zone(&self) -> Place {
        self.zone
    }

    /// Where the person is after this time.
    pub fn place(&self, after: Duration) -> Place {
        let t_s = after.as_secs_f64();
        match self.gait {
            Gait::Roams { home, speed_mps } => {
                along(home, self.course, ROAM_M * (speed_mps / ROAM_M * t_s).sin())
            }
            Gait::Enters { at_s, way_s } => {
                let share = ((t_s - at_s) / way_s).clamp(0.0, 1.0);
                let outside_m = MARGIN_M * (1.0 - 2.0 * share);
                along(self.zone, self.course, ZONE_RADIUS_M + outside_m)
            }
        }
    }

    /// What a device says of that place: latitude and longitude in 1e-7 degree.
    pub fn fix_e7(&self, after: Duration, rng: &mut impl Rng) -> (i32, i32) {
        let (east_m, north_m) = self.place(after);
        let mut noise_m = || rng.random_range(-NOISE_M..NOISE_M);
        let (lat, lon) = degrees((east_m + noise_m(), north_m + noise_m()));
        ((lat * 1e7).round() as i32, (lon * 1e7).round() as i32)
    }
}

/// Latitude and longitude of a place, to 1e-7 degree.
pub fn degrees((east_m, north_m): Place) -> (f64, f64) {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    let metres_per_lon_deg = METRES_PER_LAT_DEG * CENTRE_LAT_DEG.to_radians().cos();
    let lat = CENTRE_LAT_DEG + north_m / METRES_PER_LAT_DEG;
    (round(lat), round(CENTRE_LON_DEG + east_m / metres_per_lon_deg))
}

fn in_the_city(rng: &mut StdRng) -> Place {
    (rng.random_range(-CITY_M..CITY_M), rng.random_range(-CITY_M..CITY_M))
}

fn course(rng: &mut StdRng) -> Place {
    let angle: f64 = rng.random_range(0.0..TAU);
    (angle.sin(), angle.cos())
}

fn along(from: Place, course: Place, metres: f64) -> Place {
    (from.0 + course.0 * metres, from.1 + course.1 * metres)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use wardline_core::geometry::{Geometry, Position, Shape};

    /// The signed distance to the walker's zone, by the engine's geometry.
    fn distance_m(walker: &Walker, after_s: f64, rng: &mut StdRng) -> f64 {
        let (lat, lon) = degrees(walker.zone());
        let centre = Position::from_degrees(lat, lon).expect("it is on earth");
        let shape = Shape::new(&Geometry::Circle { centre, radius_m: ZONE_RADIUS_M });
        let (lat_e7, lon_e7) = walker.fix_e7(Duration::from_secs_f64(after_s), rng);
        let position = Position::from_e7(lat_e7, lon_e7).expect("it is on earth");
        shape.expect("a circle").signed_distance_m(position)
    }

    #[test]
    fn who_is_planted_goes_in_and_nobody_else_comes_near() {
        let mut rng = StdRng::seed_from_u64(5);
        for whole_s in [3, 30, 600] {
            for _ in 0..200 {
                let walker = Walker::into_zone(&mut rng, Duration::from_secs(whole_s));
                let start_m = distance_m(&walker, 0.0, &mut rng);
                let end_m = distance_m(&walker, whole_s as f64, &mut rng);
                assert!((55.0..65.0).contains(&start_m), "{start_m}");
                assert!((-65.0..-55.0).contains(&end_m), "{end_m}");
                let other = Walker::elsewhere(&mut rng);
                let after_s = rng.random_range(0.0..600.0);
                assert!(distance_m(&other, after_s, &mut rng) > 500.0);
            }
        }
    }
}
