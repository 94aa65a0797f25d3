//! Positions and zones.

use super::Malformed;
use super::bytes::{Put, Read, Take};
use std::sync::Arc;
use wardline_core::geometry::{Geometry, Position, Shape};

pub(super) const POSITION_BYTES: usize = 8;

pub(super) fn put_position(out: &mut impl Put, position: Position) {
    out.raw(&position.lat_e7().to_le_bytes());
    out.raw(&position.lon_e7().to_le_bytes());
}

pub(super) fn take_position(from: &mut Take<'_>) -> Read<Position> {
    let offset = from.offset();
    let lat_e7 = i32::from_le_bytes(from.array("a latitude")?);
    let lon_e7 = i32::from_le_bytes(from.array("a longitude")?);
    let position = Position::from_e7(lat_e7, lon_e7);
    position.map_err(|_| Malformed { offset, what: "a position" })
}

pub(super) fn put_shape(out: &mut Vec<u8>, shape: &Shape) {
    match &shape.geometry() {
        Geometry::Circle { centre, radius_m } => {
            out.u8(1);
            put_position(out, *centre);
            out.f64(*radius_m);
        }
        Geometry::Polygon(rings) => {
            out.u8(2);
            put_rings(out, rings);
        }
        Geometry::MultiPolygon(polygons) => {
            out.u8(3);
            out.list(polygons, |out, rings| put_rings(out, rings));
        }
        Geometry::Corridor { line, half_width_m } => {
            out.u8(4);
            put_positions(out, line);
            out.f64(*half_width_m);
        }
        // A kind of zone that is added later needs a number here; 0 is refused when read.
        _ => out.u8(0),
    }
}

fn put_rings(out: &mut Vec<u8>, rings: &[Vec<Position>]) {
    out.list(rings, |out, ring| put_positions(out, ring));
}

fn put_positions(out: &mut Vec<u8>, positions: &[Position]) {
    out.list(positions, |out, position| put_position(out, *position));
}

pub(super) fn take_shape(from: &mut Take<'_>) -> Read<Arc<Shape>> {
    let offset = from.offset();
    let geometry = match from.u8("the kind of a zone")? {
        1 => Geometry::Circle { centre: take_position(from)?, radius_m: from.f64("a radius")? },
        2 => Geometry::Polygon(take_rings(from)?),
        3 => Geometry::MultiPolygon(from.list(1, "polygons", take_rings)?),
        4 => Geometry::Corridor {
            line: take_positions(from)?,
            half_width_m: from.f64("a half width")?,
        },
        _ => return Err(Malformed { offset, what: "the kind of a zone" }),
    };
    let shape = Shape::new(&geometry);
    shape.map(Arc::new).map_err(|_| Malformed { offset, what: "a zone" })
}

fn take_rings(from: &mut Take<'_>) -> Read<Vec<Vec<Position>>> {
    from.list(1, "rings", take_positions)
}

fn take_positions(from: &mut Take<'_>) -> Read<Vec<Position>> {
    from.list(POSITION_BYTES, "positions", take_position)
}
