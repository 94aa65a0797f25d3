//! The part of a snapshot that holds the zones: the versions of each, as they were put. The trees
//! and the changes of layers are worked out of them again.

use super::{History, Layer, Tree, ZoneBox, ZoneVersion, Zones};
use crate::geometry::{Geometry, Position, Shape};
use crate::ids::{LayerId, ZoneId};
use crate::key::Key;
use crate::seldom::Seldom;
use crate::snapshot::{Read, Reader, RestoreError, Sink};
use crate::table::Table;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The least that a version takes: one that removes the zone.
const VERSION_BYTES_MIN: usize = 17;
const POSITION_BYTES: usize = 8;
/// The least that a zone takes.
const ZONE_BYTES_MIN: usize = 12 + VERSION_BYTES_MIN;
/// The count of its rings or positions.
const LIST_BYTES_MIN: usize = 4;

impl Zones {
    pub(crate) fn write(&self, out: &mut impl Sink) {
        for (id, history) in self.by_id.sorted() {
            out.id(id);
            out.count(history.former.len() + 1);
            let versions = history.former.iter().chain(std::iter::once(&history.newest));
            versions.for_each(|version| version.write(out));
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>, count: usize) -> Read<Self> {
        let item = (count, ZONE_BYTES_MIN);
        let zones = from.ascending("zones", item, read_zone, |(id, _)| *id)?;
        Ok(Self::of(zones))
    }

    /// The zones with these histories.
    fn of(zones: Vec<(ZoneId, History)>) -> Self {
        let boxes = zones.iter().flat_map(|(id, history)| boxes_of(*id, &history.newest));
        let all = Tree::bulk_load_with_params(boxes.collect());
        let mut layers: BTreeMap<LayerId, Layer> = BTreeMap::new();
        let mut present: BTreeMap<LayerId, Vec<ZoneBox>> = BTreeMap::new();
        for (id, history) in &zones {
            for version in history.former.iter() {
                let Some(layer) = version.layer() else { continue };
                layers.entry(layer).or_default().former.insert(*id);
            }
            let mut before = None;
            for version in history.former.iter().chain(std::iter::once(&history.newest)) {
                for layer in [before, version.layer()].into_iter().flatten() {
                    layers.entry(layer).or_default().changes.push((version.put(), *id));
                }
                before = version.layer();
            }
            if let Some(layer) = history.newest.layer() {
                present.entry(layer).or_default().extend(boxes_of(*id, &history.newest));
            }
        }
        for (id, layer) in &mut layers {
            layer.changes.sort_unstable();
            layer.changes.dedup();
            layer.tree = Tree::bulk_load_with_params(present.remove(id).unwrap_or_default());
        }
        let last_change = zones.iter().map(|(_, history)| history.newest.put()).max();
        Self { by_id: Table::of(zones), all, layers, last_change }
    }
}

fn boxes_of(zone: ZoneId, version: &ZoneVersion) -> impl Iterator<Item = ZoneBox> {
    let bounds = version.shape.iter().flat_map(|shape| shape.bounds());
    bounds.map(move |bounds| ZoneBox { bounds: *bounds, zone })
}

impl ZoneVersion {
    fn write(&self, out: &mut impl Sink) {
        self.put().write_input(out);
        let Some(shape) = &self.shape else {
            return out.u8(0);
        };
        match &shape.geometry() {
            Geometry::Circle { centre, radius_m } => {
                out.u8(1);
                centre.write(out);
                out.f64(*radius_m);
            }
            Geometry::Polygon(rings) => {
                out.u8(2);
                write_list(rings, out, |ring, out| write_positions(ring, out));
            }
            Geometry::MultiPolygon(polygons) => {
                out.u8(3);
                write_list(polygons, out, |rings, out| {
                    write_list(rings, out, |ring, out| write_positions(ring, out));
                });
            }
            Geometry::Corridor { line, half_width_m } => {
                out.u8(4);
                write_positions(line, out);
                out.f64(*half_width_m);
            }
        }
        out.option(self.layer(), Sink::id);
    }
}

fn write_list<T, S: Sink>(list: &[T], out: &mut S, write: impl Fn(&T, &mut S)) {
    out.count(list.len());
    list.iter().for_each(|item| write(item, out));
}

fn write_positions(positions: &[Position], out: &mut impl Sink) {
    write_list(positions, out, |position, out| position.write(out));
}

fn read_zone(from: &mut Reader<'_>) -> Read<(ZoneId, History)> {
    let zone = from.id("the id of a zone")?;
    let offset = from.offset();
    let count = from.count("versions of a zone", VERSION_BYTES_MIN, usize::MAX)?;
    from.check(count > 0, offset, "the number of versions of a zone", 0)?;
    let newest = read_version(from, zone, None)?;
    let mut history = History { newest, former: Seldom::new() };
    for _ in 1..count {
        let version = read_version(from, zone, Some(&history.newest))?;
        history.former.push(std::mem::replace(&mut history.newest, version));
    }
    Ok((zone, history))
}

fn read_version(
    from: &mut Reader<'_>,
    zone: ZoneId,
    before: Option<&ZoneVersion>,
) -> Read<ZoneVersion> {
    let offset = from.offset();
    let put = Key::read_input(from)?;
    let follows = before.is_none_or(|before| before.put() < put);
    from.check(follows, offset, "the input of a version", put.input())?;
    let number = before.map_or(0, |before| before.number);
    let offset = from.offset();
    let Some(geometry) = read_geometry(from)? else {
        let removes = before.is_some_and(|before| before.shape.is_some());
        from.check(removes, offset, "a removal of a zone", zone.number())?;
        return Ok(ZoneVersion { number, put: put.into(), layer: LayerId::NONE, shape: None });
    };
    let shape = Shape::new(&geometry);
    let shape = shape.map_err(|error| RestoreError::Shape { offset, zone, error })?;
    let offset = from.offset();
    let layer = from.option("whether a zone is in a layer", |from| from.id("a layer"))?;
    from.check(layer != Some(LayerId::NONE), offset, "a layer", 0)?;
    let layer = layer.unwrap_or_default();
    Ok(ZoneVersion { number: number + 1, put: put.into(), layer, shape: Some(Arc::new(shape)) })
}

/// The geometry of a zone; nothing where it is removed.
fn read_geometry(from: &mut Reader<'_>) -> Read<Option<Geometry>> {
    Ok(Some(match from.code("the kind of a zone", 5)? {
        0 => return Ok(None),
        1 => Geometry::Circle {
            centre: Position::read(from)?,
            radius_m: from.f64("the radius of a zone")?,
        },
        2 => Geometry::Polygon(read_rings(from)?),
        3 => Geometry::MultiPolygon(from.list("polygons", LIST_BYTES_MIN, read_rings)?),
        _ => Geometry::Corridor {
            line: read_positions(from)?,
            half_width_m: from.f64("the half width of a zone")?,
        },
    }))
}

fn read_rings(from: &mut Reader<'_>) -> Read<Vec<Vec<Position>>> {
    from.list("rings", LIST_BYTES_MIN, read_positions)
}

fn read_positions(from: &mut Reader<'_>) -> Read<Vec<Position>> {
    from.list("positions", POSITION_BYTES, Position::read)
}
