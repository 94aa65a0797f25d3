//! How people move.

use super::plan::{Pace, Plan};
use super::{id, plan_group, zone};
use rand::Rng;
use rand::rngs::SmallRng;
use std::f64::consts::{PI, TAU};
use wardline_core::geometry::Position;
use wardline_core::ids::DeviceId;

/// How far from home people go.
const ROAM_M: f64 = 3_000.0;
/// How far from their zones people live at most, north and east.
const HOME_M: f64 = 11_000.0;
/// How far from the edge people walk: less than they walk between two fixes.
const OUTSIDE_M: f64 = 12.0;
const WALK_MPS: f64 = 1.4;
/// What a receiver errs by, each way.
const NOISE_M: f64 = 5.0;

/// Somebody with a device.
pub(super) struct Walker {
    pub device: DeviceId,
    home_deg: (f64, f64),
    /// From home; nothing on an edge.
    north_m: f32,
    east_m: f32,
    speed_mps: f32,
    /// Of an edge, where on it.
    course: f32,
}

impl Walker {
    pub fn new(plan: &Plan, seed: u64, rng: &mut SmallRng, person: u64) -> Self {
        let near = if plan.groups == 0 {
            zone::place_deg(plan, rng)
        } else {
            zone::place_deg(plan, &mut zone::group_rng(seed, plan_group(plan, person)))
        };
        let (home_deg, speed_mps) = match plan.pace {
            Pace::Edge => (near, WALK_MPS),
            Pace::Roam => {
                let north_m = rng.random_range(-HOME_M..HOME_M);
                let home_deg = zone::beside(near, north_m, rng.random_range(-HOME_M..HOME_M));
                (home_deg, [0.0, WALK_MPS, 12.0][rng.random_range(0..3)])
            }
        };
        Self {
            device: id(DeviceId::new, person),
            home_deg,
            north_m: 0.0,
            east_m: 0.0,
            speed_mps: speed_mps as f32,
            course: rng.random_range(0.0..TAU) as f32,
        }
    }

    pub fn speed_mps(&self) -> f64 {
        f64::from(self.speed_mps)
    }

    /// Goes on for the time between two fixes, and says where a receiver thinks that is.
    pub fn walk(&mut self, plan: &Plan, rng: &mut SmallRng) -> Position {
        let step_m = self.speed_mps() * plan.interval_ms as f64 / 1_000.0;
        let true_deg = match plan.pace {
            Pace::Edge => {
                self.course = ((f64::from(self.course) + zone::turn_of(step_m)) % TAU) as f32;
                zone::on_edge(self.home_deg, OUTSIDE_M, f64::from(self.course))
            }
            Pace::Roam => {
                self.roam(step_m, rng);
                zone::beside(self.home_deg, f64::from(self.north_m), f64::from(self.east_m))
            }
        };
        let north_m = rng.random_range(-NOISE_M..NOISE_M);
        let (lat, lon) = zone::beside(true_deg, north_m, rng.random_range(-NOISE_M..NOISE_M));
        Position::from_degrees(lat, lon).expect("far from the poles")
    }

    fn roam(&mut self, step_m: f64, rng: &mut SmallRng) {
        if step_m == 0.0 {
            return;
        }
        let (north, east) = f64::from(self.course).sin_cos();
        let at_m =
            (f64::from(self.north_m) + step_m * north, f64::from(self.east_m) + step_m * east);
        (self.north_m, self.east_m) = (at_m.0 as f32, at_m.1 as f32);
        if at_m.0 * north + at_m.1 * east > ROAM_M {
            self.course += PI as f32;
        } else if rng.random_bool(0.02) {
            self.course = rng.random_range(0.0..TAU) as f32;
        }
    }
}
