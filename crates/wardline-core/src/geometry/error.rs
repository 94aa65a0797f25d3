//! Why a geometry is refused.

use std::fmt;

use super::position::Position;
use super::shape::{HALF_WIDTH_M_MAX, RADIUS_M_MAX, VERTEX_COUNT_MAX};

/// Why a geometry is no zone; each reason carries the offending value.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ShapeError {
    /// A polygon without rings, or a multipolygon without polygons.
    Empty,
    /// More vertices than a zone may have, all rings together.
    TooManyVertices {
        /// The number of vertices given.
        count: usize,
    },
    /// A ring whose last position is not its first.
    UnclosedRing {
        /// The first position.
        first: Position,
        /// The last position.
        last: Position,
    },
    /// A ring of fewer than four positions.
    RingTooShort {
        /// The number of positions given.
        positions: usize,
    },
    /// A ring that encloses nothing.
    ZeroArea {
        /// The first position of the ring.
        at: Position,
    },
    /// A ring that crosses, overlaps or touches itself.
    SelfIntersecting {
        /// The start of an edge that meets another.
        at: Position,
    },
    /// A hole that is not within its outer ring.
    HoleOutside {
        /// A position of the hole.
        at: Position,
    },
    /// Two holes of a polygon that overlap.
    HolesOverlap {
        /// A position of one of them.
        at: Position,
    },
    /// Two polygons of a multipolygon that overlap.
    PartsOverlap {
        /// A position of one of them.
        at: Position,
    },
    /// A polygon with a vertex at a pole.
    ContainsPole {
        /// The vertex.
        at: Position,
    },
    /// An edge of more than 180 degrees of longitude.
    EdgeTooLong {
        /// Its start.
        from: Position,
        /// Its end.
        to: Position,
    },
    /// A radius that is not a number or out of range.
    BadRadius {
        /// The radius given, in metres.
        radius_m: f64,
    },
    /// A half width that is not a number or out of range.
    BadHalfWidth {
        /// The half width given, in metres.
        half_width_m: f64,
    },
    /// A corridor of fewer than two distinct positions.
    CorridorTooShort {
        /// The number of positions given.
        positions: usize,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the geometry has no rings"),
            Self::TooManyVertices { count } => {
                write!(f, "{count} vertices, more than {VERTEX_COUNT_MAX}")
            }
            Self::UnclosedRing { first, last } => {
                write!(f, "the ring starts at {first} but ends at {last}")
            }
            Self::RingTooShort { positions } => {
                write!(f, "a ring of {positions} positions, fewer than 4")
            }
            Self::ZeroArea { at } => write!(f, "the ring at {at} has no area"),
            Self::SelfIntersecting { at } => write!(f, "the ring meets itself near {at}"),
            Self::HoleOutside { at } => write!(f, "the hole at {at} is not in its outer ring"),
            Self::HolesOverlap { at } => write!(f, "the hole at {at} overlaps another"),
            Self::PartsOverlap { at } => write!(f, "the polygon at {at} overlaps another"),
            Self::ContainsPole { at } => {
                write!(f, "vertex {at} is a pole; use a circle for a zone around a pole")
            }
            Self::EdgeTooLong { from, to } => write!(
                f,
                "the edge from {from} to {to} spans more than 180 degrees of longitude; \
                 split the polygon at the antimeridian as RFC 7946 says"
            ),
            Self::BadRadius { radius_m } => {
                write!(f, "radius {radius_m} m is not in (0, {RADIUS_M_MAX}]")
            }
            Self::BadHalfWidth { half_width_m } => {
                write!(f, "half width {half_width_m} m is not in (0, {HALF_WIDTH_M_MAX}]")
            }
            Self::CorridorTooShort { positions } => {
                write!(f, "a corridor of {positions} positions without two distinct ones")
            }
        }
    }
}

impl std::error::Error for ShapeError {}
