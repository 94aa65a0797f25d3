//! Where zones are and what they look like.

use super::plan::{Pace, Plan};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use wardline_core::geometry::{Geometry, Position, Shape};

/// The middle of every world: Bishkek.
const CENTRE_DEG: (f64, f64) = (42.87, 74.59);
/// In this latitude.
const DEGREE_LAT_M: f64 = 111_000.0;
const DEGREE_LON_M: f64 = 81_500.0;
/// The zone that people walk along, in metres.
const EDGE_RADIUS_M: f64 = 1_000.0;

/// What a group's zones and the people who belong to it begin with.
pub(super) fn group_rng(seed: u64, group: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ group)
}

/// A place somewhere in the world, in degrees of latitude and longitude.
pub(super) fn place_deg(plan: &Plan, rng: &mut SmallRng) -> (f64, f64) {
    let half = plan.side_deg / 2.0;
    let lat_deg = CENTRE_DEG.0 + rng.random_range(-half..half);
    (lat_deg, CENTRE_DEG.1 + rng.random_range(-half..half))
}

/// A place so many metres from another.
pub(super) fn beside(from_deg: (f64, f64), north_m: f64, east_m: f64) -> (f64, f64) {
    (from_deg.0 + north_m / DEGREE_LAT_M, from_deg.1 + east_m / DEGREE_LON_M)
}

/// The zones of a group: half of them circles, half polygons of eight corners, 0.2 to 1.5 km
/// across, within some 300 m of one another.
pub(super) fn of_group(plan: &Plan, seed: u64, group: u64) -> Vec<Shape> {
    let mut rng = group_rng(seed, group);
    let centre_deg = place_deg(plan, &mut rng);
    let zones = (0..plan.zones_in_group).map(|number| match plan.pace {
        // Corners of 64 are as near to the circle as people walk.
        Pace::Edge => shape(centre_deg, EDGE_RADIUS_M, corners(group, 64)),
        Pace::Roam => {
            let north_m = rng.random_range(-330.0..330.0);
            let place_deg = beside(centre_deg, north_m, rng.random_range(-330.0..330.0));
            shape(place_deg, rng.random_range(100.0..750.0), corners(number, 8))
        }
    });
    zones.collect()
}

/// A zone of a layer: the grounds of a school or the like.
pub(super) fn of_layer(plan: &Plan, rng: &mut SmallRng, number: u64) -> Shape {
    let place_deg = place_deg(plan, rng);
    shape(place_deg, rng.random_range(30.0..100.0), corners(number, 8))
}

/// A place on the edge of the group's zone, this far outside, in this direction.
pub(super) fn on_edge(centre_deg: (f64, f64), outside_m: f64, angle: f64) -> (f64, f64) {
    let radius_m = EDGE_RADIUS_M + outside_m;
    beside(centre_deg, radius_m * angle.sin(), radius_m * angle.cos())
}

/// How far to turn for a way along the edge, in radians.
pub(super) fn turn_of(way_m: f64) -> f64 {
    way_m / EDGE_RADIUS_M
}

/// Zones with even numbers are circles, which have none.
fn corners(number: u64, of_others: u32) -> u32 {
    if number.is_multiple_of(2) { 0 } else { of_others }
}

/// A circle, or a regular polygon, if it has corners.
fn shape(centre_deg: (f64, f64), radius_m: f64, corners: u32) -> Shape {
    let position = |(lat, lon)| Position::from_degrees(lat, lon).expect("far from the poles");
    let geometry = if corners == 0 {
        Geometry::Circle { centre: position(centre_deg), radius_m }
    } else {
        let corner = |corner: u32| {
            let angle = f64::from(corner % corners) * std::f64::consts::TAU / f64::from(corners);
            position(beside(centre_deg, radius_m * angle.sin(), radius_m * angle.cos()))
        };
        Geometry::Polygon(vec![(0..=corners).map(corner).collect()])
    };
    Shape::new(&geometry).expect("a regular polygon")
}
