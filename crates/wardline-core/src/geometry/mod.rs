//! Geometry on the WGS 84 ellipsoid: positions, zones and the distance to them.
//!
//! Coordinates are integers of 1e-7 degree. Whether a point is in a polygon, or a segment meets
//! it, is decided exactly on those integers. Distances are computed from chords in
//! earth-centred coordinates and turned into geodesic lengths, so neither the poles nor the
//! antimeridian are special. Polygon edges and corridor centre lines are straight in longitude
//! and latitude, as RFC 7946 says; they are not geodesics.
//!
//! Invariant: nothing here reads a clock, does IO, allocates when asked about a point, or
//! panics on any input. Every function is deterministic across platforms: trigonometry comes
//! from `libm`, never from the platform.

mod admission;
mod approach;
mod area;
mod bands;
mod bounds;
mod chart;
mod cut;
mod earth;
mod error;
mod exact;
mod foot;
mod path;
mod polygon;
mod position;
mod relation;
mod scale;
mod seam;
mod shape;
mod thirds;

pub(crate) use area::Area;
pub use bounds::{Bounds, BoundsPair};
pub use earth::distance_m;
pub use error::ShapeError;
pub use position::{Position, PositionError};
pub(crate) use scale::{SCALE_REACH_M, Scale, distance_most_m};
pub use shape::{Geometry, HALF_WIDTH_M_MAX, RADIUS_M_MAX, Shape, VERTEX_COUNT_MAX};
