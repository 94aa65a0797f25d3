//! Every zone that was put, by version, and the R-trees that find the active ones.

mod saved;

use crate::geometry::{Bounds, BoundsPair, Position, Shape};
use crate::ids::{LayerId, ZoneId};
use crate::input::PutZone;
use crate::key::{InputKey, Key};
use crate::seldom::Seldom;
use crate::table::Table;
use rstar::{AABB, RStarInsertionStrategy, RTree, RTreeNode, RTreeObject, RTreeParams};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// One version of a zone; a removal is a version without a shape.
#[derive(Clone)]
pub(crate) struct ZoneVersion {
    pub number: u64,
    put: InputKey,
    /// None for none.
    layer: LayerId,
    pub shape: Option<Arc<Shape>>,
}

/// All versions of a zone; the newest at hand.
struct History {
    newest: ZoneVersion,
    former: Seldom<ZoneVersion>,
}

const _: () = assert!(size_of::<(ZoneId, History)>() == 56);

impl ZoneVersion {
    pub fn put(&self) -> Key {
        self.put.key()
    }

    pub fn layer(&self) -> Option<LayerId> {
        Some(self.layer).filter(|layer| *layer != LayerId::NONE)
    }
}

impl History {
    /// From the newest to the oldest.
    fn backwards(&self) -> impl Iterator<Item = &ZoneVersion> {
        std::iter::once(&self.newest).chain(self.former.iter().rev())
    }
}

#[derive(Default)]
pub(crate) struct Zones {
    by_id: Table<ZoneId, History>,
    all: Tree,
    layers: BTreeMap<LayerId, Layer>,
    /// When a zone last came, changed or went.
    last_change: Option<Key>,
}

#[derive(Default)]
struct Layer {
    tree: Tree,
    /// Zones of which some version was in the layer and is no longer the present one.
    former: BTreeSet<ZoneId>,
    /// When a zone came, changed or went; only looked at to judge the past again.
    changes: Vec<(Key, ZoneId)>,
}

type Tree = RTree<ZoneBox, NodeSize>;

/// Of the sizes that `benches/zone_tree.rs` tries, the one that is good with ten thousand zones
/// and twice as fast as the smallest with a million. A node is split when it has one more, and a
/// list that doubles as it grows has room for 16.
struct NodeSize;

impl RTreeParams for NodeSize {
    const MIN_SIZE: usize = 6;
    const MAX_SIZE: usize = 15;
    const REINSERTION_COUNT: usize = 4;
    type DefaultInsertionStrategy = RStarInsertionStrategy;
}

/// A box of a zone in 1e-7 degrees.
#[derive(Clone, PartialEq)]
struct ZoneBox {
    bounds: Bounds,
    zone: ZoneId,
}

const _: () = assert!(size_of::<RTreeNode<ZoneBox>>() == 40);

impl RTreeObject for ZoneBox {
    type Envelope = AABB<[f32; 2]>;

    fn envelope(&self) -> Self::Envelope {
        envelope(&self.bounds)
    }
}

/// The tree multiplies coordinates, which would overflow `i32`, and in double precision what it
/// keeps of a zone would take 56 bytes. What single precision loses is made up for: a box may be
/// found that does not meet what is looked for, but none is missed.
fn envelope(bounds: &Bounds) -> AABB<[f32; 2]> {
    let low = |e7: i32| (e7 as f32).next_down();
    let high = |e7: i32| (e7 as f32).next_up();
    AABB::from_corners(
        [low(bounds.min_lon_e7), low(bounds.min_lat_e7)],
        [high(bounds.max_lon_e7), high(bounds.max_lat_e7)],
    )
}

impl Zones {
    /// The present version, if the zone exists now.
    pub fn present(&self, zone: ZoneId) -> Option<&ZoneVersion> {
        let history = self.by_id.get(zone)?;
        Some(&history.newest).filter(|version| version.shape.is_some())
    }

    /// The version that counts for an item with this key, a removal included.
    pub fn as_of(&self, zone: ZoneId, key: Key) -> Option<&ZoneVersion> {
        let history = self.by_id.get(zone)?;
        history.backwards().find(|version| version.put() <= key)
    }

    /// The shape of the zone for an item with this key, if it exists then.
    pub fn shape_as_of(&self, zone: ZoneId, key: Key) -> Option<&Shape> {
        self.as_of(zone, key)?.shape.as_deref()
    }

    /// When the zone was put or removed, from `key` on.
    pub fn changes_from(&self, zone: ZoneId, key: Key) -> impl Iterator<Item = Key> {
        let versions = self.by_id.get(zone).into_iter().flat_map(History::backwards);
        versions.map(ZoneVersion::put).take_while(move |put| *put >= key)
    }

    /// When a zone of the layer came, changed or went, from `key` on.
    pub fn layer_changes_from(
        &self,
        layer: LayerId,
        key: Key,
    ) -> impl Iterator<Item = (Key, ZoneId)> {
        let changes = self.layers.get(&layer).map_or(&[][..], |layer| layer.changes.as_slice());
        changes.iter().rev().take_while(move |(put, _)| *put >= key).copied()
    }

    /// When a zone last came, changed or went; the beginning of time if none ever has.
    pub fn last_change(&self) -> Key {
        self.last_change.unwrap_or(Key::FIRST)
    }

    /// How many zone ids were ever put.
    pub fn known(&self) -> usize {
        self.by_id.len()
    }

    /// Whether the zone id was ever put.
    pub fn knows(&self, zone: ZoneId) -> bool {
        self.by_id.contains(zone)
    }

    /// How many versions of the zone are kept, removals included.
    pub fn versions(&self, zone: ZoneId) -> usize {
        self.by_id.get(zone).map_or(0, |history| history.former.len() + 1)
    }

    /// Puts a zone.
    pub fn put(&mut self, put: &PutZone, key: Key) {
        let layer = put.layer.filter(|layer| *layer != LayerId::NONE);
        self.replace(put.zone, key, layer, Some(put.shape.clone()));
    }

    /// Removes a zone; false if there is none.
    pub fn remove(&mut self, zone: ZoneId, key: Key) -> bool {
        if self.present(zone).is_none() {
            return false;
        }
        self.replace(zone, key, None, None);
        true
    }

    fn replace(
        &mut self,
        zone: ZoneId,
        key: Key,
        layer: Option<LayerId>,
        shape: Option<Arc<Shape>>,
    ) {
        let last = self.by_id.get(zone).map(|history| history.newest.clone());
        let number = last.as_ref().map_or(1, |last| last.number + u64::from(shape.is_some()));
        if let Some(last) = &last
            && let Some(old) = &last.shape
        {
            for bounds in old.bounds() {
                self.all.remove(&ZoneBox { bounds: *bounds, zone });
            }
            if let Some(layer) = last.layer().and_then(|layer| self.layers.get_mut(&layer)) {
                for bounds in old.bounds() {
                    layer.tree.remove(&ZoneBox { bounds: *bounds, zone });
                }
                layer.former.insert(zone);
                layer.changes.push((key, zone));
            }
        }
        if let Some(shape) = &shape {
            for bounds in shape.bounds() {
                self.all.insert(ZoneBox { bounds: *bounds, zone });
            }
            if let Some(layer) = layer {
                let layer = self.layers.entry(layer).or_default();
                for bounds in shape.bounds() {
                    layer.tree.insert(ZoneBox { bounds: *bounds, zone });
                }
                if layer.changes.last() != Some(&(key, zone)) {
                    layer.changes.push((key, zone));
                }
            }
        }
        self.last_change = self.last_change.max(Some(key));
        let layer = layer.unwrap_or_default();
        let version = ZoneVersion { number, put: key.into(), layer, shape };
        let first = || History { newest: version.clone(), former: Seldom::new() };
        let history = self.by_id.get_or_insert_with(zone, first);
        history.newest = version;
        last.into_iter().for_each(|last| history.former.push(last));
    }

    /// Whether the zone is in the layer, as of `key`.
    pub fn is_of_layer(&self, zone: ZoneId, layer: LayerId, key: Key) -> bool {
        let version = self.as_of(zone, key);
        version.is_some_and(|version| version.shape.is_some() && version.layer() == Some(layer))
    }

    /// Adds the zones of a layer, as of `key`, that may meet the boxes, sorted.
    pub fn layer_candidates(
        &self,
        layer: LayerId,
        boxes: &BoundsPair,
        key: Key,
        found: &mut Vec<ZoneId>,
    ) {
        self.each_of_layer(layer, boxes, |_, zone| found.push(zone));
        let Some(present) = self.layers.get(&layer) else { return };
        if present.changes.last().is_some_and(|(put, _)| *put > key) {
            found.extend(&present.former);
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|zone| self.is_of_layer(*zone, layer, key));
    }

    /// Gives each box of the layer's present zones that meets these boxes, in no order.
    pub fn each_of_layer(
        &self,
        layer: LayerId,
        boxes: &BoundsPair,
        mut each: impl FnMut(&Bounds, ZoneId),
    ) {
        let Some(layer) = self.layers.get(&layer) else { return };
        for bounds in boxes.as_slice() {
            // Unlike the iterator it never allocates.
            let _: ControlFlow<()> =
                layer.tree.locate_in_envelope_intersecting_int(&envelope(bounds), |hit| {
                    if hit.bounds.intersects(bounds) {
                        each(&hit.bounds, hit.zone);
                    }
                    ControlFlow::Continue(())
                });
        }
    }

    /// The active zones that hold the position, sorted.
    pub fn here(&self, position: Position) -> Vec<ZoneId> {
        let around = Bounds::around(position, 0.0);
        let mut zones = self.candidates(around.as_slice());
        zones.retain(|zone| self.shape(*zone).is_some_and(|shape| shape.contains(position)));
        zones
    }

    /// The active zones whose boxes meet this box, sorted.
    pub fn within(&self, bounds: &Bounds) -> Vec<ZoneId> {
        self.candidates(std::slice::from_ref(bounds))
    }

    fn candidates(&self, boxes: &[Bounds]) -> Vec<ZoneId> {
        let mut zones = Vec::new();
        for bounds in boxes {
            let hits = self.all.locate_in_envelope_intersecting(&envelope(bounds));
            let hits = hits.filter(|hit| hit.bounds.intersects(bounds));
            zones.extend(hits.map(|hit| hit.zone));
        }
        zones.sort_unstable();
        zones.dedup();
        zones
    }

    fn shape(&self, zone: ZoneId) -> Option<&Shape> {
        self.present(zone)?.shape.as_deref()
    }
}
