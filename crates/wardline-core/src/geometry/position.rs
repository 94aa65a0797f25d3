//! A position in integers of 1e-7 degree.

use std::fmt;

/// The greatest latitude, in 1e-7 degree.
pub(crate) const LAT_E7_MAX: i32 = 900_000_000;
/// The greatest longitude, in 1e-7 degree.
pub(crate) const LON_E7_MAX: i32 = 1_800_000_000;
/// The whole circle of longitude, in 1e-7 degree.
pub(crate) const TURN_E7: i64 = 3_600_000_000;

/// A place on the WGS 84 ellipsoid, in integers of 1e-7 degree (about 1 cm).
///
/// ```
/// use wardline_core::geometry::Position;
/// let p = Position::from_degrees(52.5, 13.4)?;
/// assert_eq!(p.lat_e7(), 525_000_000);
/// # Ok::<(), wardline_core::geometry::PositionError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub struct Position {
    lat_e7: i32,
    lon_e7: i32,
}

impl Position {
    /// The position nearest to a latitude and longitude in degrees.
    ///
    /// # Errors
    ///
    /// A value that is not a number, infinite, or, rounded, out of ±90 and ±180.
    pub fn from_degrees(lat: f64, lon: f64) -> Result<Self, PositionError> {
        // Rounded before anything else is asked: what rounds to the pole is the pole.
        let lat_e7 = (lat * 1e7).round_ties_even();
        let lon_e7 = (lon * 1e7).round_ties_even();
        if lat_e7.is_nan() || lat_e7.abs() > f64::from(LAT_E7_MAX) {
            return Err(PositionError::Latitude { lat_deg: lat });
        }
        if lon_e7.is_nan() || lon_e7.abs() > f64::from(LON_E7_MAX) {
            return Err(PositionError::Longitude { lon_deg: lon });
        }
        Ok(Self { lat_e7: lat_e7 as i32, lon_e7: lon_e7 as i32 })
    }

    /// The position at a latitude and longitude in 1e-7 degree.
    ///
    /// # Errors
    ///
    /// A value out of ±90 and ±180 degrees.
    pub fn from_e7(lat_e7: i32, lon_e7: i32) -> Result<Self, PositionError> {
        if !(-LAT_E7_MAX..=LAT_E7_MAX).contains(&lat_e7) {
            return Err(PositionError::Latitude { lat_deg: f64::from(lat_e7) / 1e7 });
        }
        if !(-LON_E7_MAX..=LON_E7_MAX).contains(&lon_e7) {
            return Err(PositionError::Longitude { lon_deg: f64::from(lon_e7) / 1e7 });
        }
        Ok(Self { lat_e7, lon_e7 })
    }

    /// The latitude in 1e-7 degree.
    #[must_use]
    pub const fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// The longitude in 1e-7 degree.
    #[must_use]
    pub const fn lon_e7(self) -> i32 {
        self.lon_e7
    }

    /// The latitude in degrees.
    #[must_use]
    pub fn lat_deg(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// The longitude in degrees.
    #[must_use]
    pub fn lon_deg(self) -> f64 {
        f64::from(self.lon_e7) / 1e7
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.7},{:.7}", self.lat_deg(), self.lon_deg())
    }
}

/// Why a pair of numbers is no position.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum PositionError {
    /// The latitude is not a number or out of ±90.
    Latitude {
        /// The value given, in degrees.
        lat_deg: f64,
    },
    /// The longitude is not a number or out of ±180.
    Longitude {
        /// The value given, in degrees.
        lon_deg: f64,
    },
}

impl fmt::Display for PositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latitude { lat_deg } => write!(f, "latitude {lat_deg} is not within ±90"),
            Self::Longitude { lon_deg } => write!(f, "longitude {lon_deg} is not within ±180"),
        }
    }
}

impl std::error::Error for PositionError {}
