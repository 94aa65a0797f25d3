//! Areas of latitude and longitude round a position, and how deep within one another position is.
//!
//! Whoever knows all boxes that meet an area knows, of a position in it, that no other box is
//! nearer than the sides of the area. Both are measured by the same [`Scale`], in the same way, so
//! that this holds of what [`Scale::least_m`] says, not only of true distances.

use super::bounds::{Bounds, BoundsPair};
use super::position::{Position, TURN_E7};
use super::scale::Scale;

/// From south to north and from west to east in 1e-7 degree; longitudes may exceed ±180.
///
/// The default holds no position.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    lat_e7: [i64; 2],
    lon_e7: [i64; 2],
}

impl Default for Area {
    fn default() -> Self {
        Self { lat_e7: [0, -1], lon_e7: [0, -1] }
    }
}

impl Area {
    /// Round a position that the scale is of, so many metres deep there.
    pub fn around(position: Position, scale: &Scale, radius_m: f64) -> Self {
        let [lat_e7, lon_e7] = scale.margins_e7(radius_m);
        let (lat, lon) = (i64::from(position.lat_e7()), i64::from(position.lon_e7()));
        Self { lat_e7: [lat - lat_e7, lat + lat_e7], lon_e7: [lon - lon_e7, lon + lon_e7] }
    }

    /// Whatever meets the area meets one of these.
    pub fn bounds(&self) -> BoundsPair {
        Bounds::split(self.lat_e7, self.lon_e7)
    }

    /// Whether all of another area is in this one.
    pub fn holds(&self, other: &Self) -> bool {
        let within =
            |inner: [i64; 2], outer: [i64; 2]| outer[0] <= inner[0] && inner[1] <= outer[1];
        let turns = [0, TURN_E7, -TURN_E7];
        let lon = |turn: i64| other.lon_e7.map(|lon| lon + turn);
        within(other.lat_e7, self.lat_e7) && turns.iter().any(|t| within(lon(*t), self.lon_e7))
    }

    /// How far it is from a position, which the scale is of, to the next side. No box that does
    /// not meet the area is nearer than that, nor is it as far as that. Negative outside.
    pub fn depth_m(&self, position: Position, scale: &Scale) -> f64 {
        let lat = i64::from(position.lat_e7());
        let lon = i64::from(position.lon_e7());
        let lon = match lon {
            lon if lon < self.lon_e7[0] => lon + TURN_E7,
            lon if lon > self.lon_e7[1] => lon - TURN_E7,
            lon => lon,
        };
        let lat_e7 = (lat - self.lat_e7[0]).min(self.lat_e7[1] - lat);
        let lon_e7 = (lon - self.lon_e7[0]).min(self.lon_e7[1] - lon);
        scale.least_side_m(lat_e7, lon_e7)
    }

    /// Whether a position is in the area, this far from its sides at least.
    pub fn holds_position(&self, position: Position, margin_e7: i64) -> bool {
        let (lat, lon) = (i64::from(position.lat_e7()), i64::from(position.lon_e7()));
        let around = Self {
            lat_e7: [lat - margin_e7, lat + margin_e7],
            lon_e7: [lon - margin_e7, lon + margin_e7],
        };
        self.holds(&around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    fn any_box(rng: &mut SmallRng, near: Position, most_e7: i64) -> Option<Bounds> {
        let mut side = |from: i32| {
            let low = i64::from(from) + rng.random_range(-most_e7..=most_e7);
            [low, low + rng.random_range(0..=most_e7 / 4)]
        };
        let ([south, north], [west, east]) = (side(near.lat_e7()), side(near.lon_e7()));
        let pair = Bounds::split([south, north], [west, east]);
        let [bounds] = pair.as_slice() else { return None };
        Some(*bounds)
    }

    #[test]
    fn an_area_holds_what_is_so_far_within_all_its_sides() {
        let half_e7 = TURN_E7 / 2;
        // One beside the antimeridian, and one across it.
        for west_e7 in [9_000 - half_e7, half_e7 - 1_700] {
            let area = Area { lat_e7: [7_000, 10_000], lon_e7: [west_e7, west_e7 + 4_000] };
            let check = |north: i32, east: i64, expected: bool| {
                let lon_e7 = (west_e7 + east + half_e7).rem_euclid(TURN_E7) - half_e7;
                let position = Position::from_e7(7_000 + north, lon_e7 as i32);
                let position = position.expect("a position");
                assert_eq!(area.holds_position(position, 1_000), expected, "{north} {east}");
            };
            for (north, east) in [(1_000, 1_000), (2_000, 3_000), (1_500, 2_000)] {
                check(north, east, true);
            }
            for (north, east) in [(999, 2_000), (2_001, 2_000), (1_500, 999), (1_500, 3_001)] {
                check(north, east, false);
            }
        }
    }

    #[test]
    fn an_area_is_not_deep_at_its_sides_and_nothing_outside() {
        let area = Area { lat_e7: [7_000, 10_000], lon_e7: [5_000, 9_000] };
        let depth_m = |lat_e7: i32, lon_e7: i32| {
            let position = Position::from_e7(lat_e7, lon_e7).expect("a position");
            area.depth_m(position, &Scale::near(position).expect("far from the poles"))
        };
        for (lat_e7, lon_e7) in [(7_000, 7_000), (10_000, 7_000), (8_000, 5_000), (8_000, 9_000)] {
            assert_eq!(depth_m(lat_e7, lon_e7), 0.0, "{lat_e7} {lon_e7}");
        }
        for (lat_e7, lon_e7) in [(6_999, 7_000), (10_001, 7_000), (8_000, 4_999), (8_000, 9_001)] {
            assert!(depth_m(lat_e7, lon_e7) < 0.0, "{lat_e7} {lon_e7}");
        }
        assert!(depth_m(8_500, 7_000) > 10.0);
    }

    /// By the scale itself, so that nothing is lost by rounding either.
    // J-TIME-3, J-GEO-3
    #[test]
    fn no_box_that_does_not_meet_an_area_is_nearer_than_its_sides() {
        let (mut outside, mut near_sides) = (0, 0);
        for seed in 0..200 {
            let rng = &mut SmallRng::seed_from_u64(seed);
            let lat_e7 = rng.random_range(-799_000_000..=799_000_000);
            let lons = [0, 745_900_000, 1_799_999_000, -1_799_990_000, 1_800_000_000];
            let middle = Position::from_e7(lat_e7, lons[rng.random_range(0..lons.len())]);
            let middle = middle.unwrap_or_default();
            let radius_m = [50.0, 700.0, 9_000.0][rng.random_range(0..3)];
            let scale = Scale::near(middle).expect("far from the poles");
            let area = Area::around(middle, &scale, radius_m);
            assert!(area.depth_m(middle, &scale) >= radius_m, "seed {seed}");
            let most_e7 = (radius_m * 150.0) as i64;
            for _ in 0..300 {
                let Some(within) = any_box(rng, middle, most_e7) else { continue };
                let position = Position::from_e7(within.min_lat_e7, within.min_lon_e7);
                let position = position.unwrap_or_default();
                let Some(bounds) = any_box(rng, position, most_e7) else { continue };
                let meets = area.bounds().as_slice().iter().any(|area| area.intersects(&bounds));
                let scale = Scale::near(position).expect("far from the poles");
                let depth_m = area.depth_m(position, &scale);
                assert_eq!(depth_m >= 0.0, area.holds_position(position, 0), "seed {seed}");
                if !meets {
                    let least_m = scale.least_m(position, &bounds);
                    assert!(least_m >= depth_m, "seed {seed}: {least_m} {depth_m} {position}");
                    outside += 1;
                    near_sides += usize::from(depth_m > 0.0 && least_m < 2.0 * depth_m);
                }
            }
        }
        assert!(outside > 1_000 && near_sides > 100, "{outside} {near_sides}");
    }
}
