//! The place of a zone: GeoJSON, with a radius or half width where it needs one.

use super::fault::Fault;
use super::tree::{Object, Tree};
use super::value::{elements, list, number, object, word, wrong_type};
use wardline_core::geometry::{Geometry, Position, Shape, ShapeError};

#[derive(Clone, Copy)]
enum Kind {
    Point,
    LineString,
    Polygon,
    MultiPolygon,
}

const KINDS: &[(&str, Kind)] = &[
    ("Point", Kind::Point),
    ("LineString", Kind::LineString),
    ("Polygon", Kind::Polygon),
    ("MultiPolygon", Kind::MultiPolygon),
];

/// A place that has been checked and prepared.
pub(super) fn shape(tree: &Tree<'_>) -> Result<Shape, Fault> {
    let geometry = geometry(object(tree)?)?;
    Shape::new(&geometry).map_err(|error| Fault::new(reason(&error), error))
}

fn geometry(object: &Object<'_>) -> Result<Geometry, Fault> {
    let kind = object.need("type", word("unknown_geometry", KINDS))?;
    object.only(match kind {
        Kind::Point => &["type", "coordinates", "radius_m"],
        Kind::LineString => &["type", "coordinates", "half_width_m"],
        Kind::Polygon | Kind::MultiPolygon => &["type", "coordinates"],
    })?;
    Ok(match kind {
        Kind::Point => Geometry::Circle {
            centre: object.need("coordinates", position)?,
            radius_m: object.need("radius_m", number)?,
        },
        Kind::LineString => Geometry::Corridor {
            line: object.need("coordinates", positions)?,
            half_width_m: object.need("half_width_m", number)?,
        },
        Kind::Polygon => Geometry::Polygon(object.need("coordinates", rings)?),
        Kind::MultiPolygon => {
            Geometry::MultiPolygon(object.need("coordinates", list(usize::MAX, rings))?)
        }
    })
}

fn rings(tree: &Tree<'_>) -> Result<Vec<Vec<Position>>, Fault> {
    list(usize::MAX, positions)(tree)
}

fn positions(tree: &Tree<'_>) -> Result<Vec<Position>, Fault> {
    list(usize::MAX, position)(tree)
}

/// Longitude and latitude; a height is allowed and means nothing here.
fn position(tree: &Tree<'_>) -> Result<Position, Fault> {
    let (lon, lat) = match elements(tree)? {
        [lon, lat] => (lon, lat),
        [lon, lat, height] => {
            number(height)?;
            (lon, lat)
        }
        _ => return Err(wrong_type(tree)),
    };
    let position = Position::from_degrees(number(lat)?, number(lon)?);
    position.map_err(|error| Fault::new("out_of_range", error))
}

fn reason(error: &ShapeError) -> &'static str {
    match error {
        ShapeError::Empty => "empty_geometry",
        ShapeError::TooManyVertices { .. } => "too_many_vertices",
        ShapeError::UnclosedRing { .. } => "unclosed_ring",
        ShapeError::RingTooShort { .. } => "ring_too_short",
        ShapeError::ZeroArea { .. } => "zero_area",
        ShapeError::SelfIntersecting { .. } => "self_intersecting",
        ShapeError::HoleOutside { .. } => "hole_outside",
        ShapeError::HolesOverlap { .. } => "holes_overlap",
        ShapeError::PartsOverlap { .. } => "parts_overlap",
        ShapeError::ContainsPole { .. } => "contains_pole",
        ShapeError::EdgeTooLong { .. } => "edge_too_long",
        ShapeError::BadRadius { .. } => "bad_radius",
        ShapeError::BadHalfWidth { .. } => "bad_half_width",
        ShapeError::CorridorTooShort { .. } => "corridor_too_short",
        _ => "bad_geometry",
    }
}
