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
