//! Zones, prepared for questions about points and segments.

use super::admission::admit;
use super::bounds::{Bounds, BoundsPair, shorter_way_e7, widened};
use super::chart::Chart;
use super::cut::bow_most_m;
use super::earth::{Place, Xyz, dot, place_distance_m, sub};
use super::error::ShapeError;
use super::exact::{Point, box_of, in_degrees};
use super::foot::lon_step_deg;
use super::path::{Chunk, Nodes, Path};
use super::polygon::{Polygons, bounds};
use super::position::Position;
use super::scale::Scale;
use std::borrow::Borrow;

/// The most vertices of a zone, all rings together, the closing positions not counted.
pub const VERTEX_COUNT_MAX: usize = 4096;
/// The greatest radius of a circle, in metres.
pub const RADIUS_M_MAX: f64 = 5_000_000.0;
/// The greatest half width of a corridor, in metres.
pub const HALF_WIDTH_M_MAX: f64 = 5_000_000.0;

/// A zone as it is written.
///
/// Rings are as in GeoJSON: closed, the first one the outer ring, the others holes; the
/// direction does not matter. Edges are straight in longitude and latitude. A polygon that
/// spans the antimeridian is split there (RFC 7946); a corridor goes the shorter way round.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Geometry {
    /// All points within a distance of a centre.
    Circle {
        /// The centre.
        centre: Position,
        /// The radius, in metres.
        radius_m: f64,
    },
    /// An outer ring and holes.
    Polygon(Vec<Vec<Position>>),
    /// Polygons whose insides are disjoint.
    MultiPolygon(Vec<Vec<Vec<Position>>>),
    /// All points within a distance of a line.
    Corridor {
        /// The centre line.
        line: Vec<Position>,
        /// Half the width, in metres.
        half_width_m: f64,
    },
}

/// A zone that has been checked and prepared; immutable.
///
/// ```
/// use wardline_core::geometry::{Geometry, Position, Shape};
/// let centre = Position::from_degrees(52.5, 13.4)?;
/// let shape = Shape::new(&Geometry::Circle { centre, radius_m: 200.0 })?;
/// assert!(shape.contains(centre));
/// assert_eq!(shape.signed_distance_m(centre), -200.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shape {
    kind: Kind,
    bounds: Boxes,
}

const _: () = assert!(size_of::<Shape>() == 72);

/// What is worked out of a geometry.
struct Prepared {
    kind: Kind,
    bounds: BoundsPair,
}

/// What most zones are not is boxed, or each circle would take as much room.
#[derive(Clone, Debug)]
enum Kind {
    Circle(Circle),
    Polygons(Box<PolygonsGiven>),
    Corridor(Box<Corridor>),
}

#[derive(Clone, Debug)]
struct Circle {
    centre: Position,
    xyz: Xyz,
    radius_m: f64,
}

#[derive(Clone, Debug)]
struct PolygonsGiven {
    polygons: Polygons,
    /// As they were given; nothing if that is one ring of the vertices.
    given: Option<Box<Geometry>>,
}

#[derive(Clone, Debug)]
struct Corridor {
    given: Box<[Position]>,
    line: Path,
    half_width_m: f64,
}

/// A [`BoundsPair`] to be kept, by the million.
#[derive(Clone, Debug)]
enum Boxes {
    One(Bounds),
    Two(Box<[Bounds; 2]>),
}

impl Boxes {
    fn of(pair: BoundsPair) -> Self {
        match *pair.as_slice() {
            [first, second] => Self::Two(Box::new([first, second])),
            [only, ..] => Self::One(only),
            [] => Self::One(Bounds::default()),
        }
    }
}

impl Shape {
    /// Checks and prepares a geometry.
    ///
    /// # Errors
    ///
    /// Why the geometry is no zone.
    pub fn new(geometry: &Geometry) -> Result<Self, ShapeError> {
        let prepared = match geometry {
            Geometry::Circle { centre, radius_m } => circle(*centre, *radius_m),
            Geometry::Polygon(rings) => polygons(geometry, &[rings.as_slice()]),
            Geometry::MultiPolygon(parts) => {
                polygons(geometry, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Geometry::Corridor { line, half_width_m } => corridor(line, *half_width_m),
        };
        let Prepared { kind, bounds } = prepared?;
        Ok(Self { kind, bounds: Boxes::of(bounds) })
    }

    /// The geometry as it was given.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        match &self.kind {
            Kind::Circle(Circle { centre, radius_m, .. }) => {
                Geometry::Circle { centre: *centre, radius_m: *radius_m }
            }
            Kind::Polygons(zone) => match &zone.given {
                Some(given) => Geometry::clone(given),
                None => Geometry::Polygon(vec![zone.polygons.vertices().to_vec()]),
            },
            Kind::Corridor(corridor) => Geometry::Corridor {
                line: corridor.given.to_vec(),
                half_width_m: corridor.half_width_m,
            },
        }
    }

    /// Whether a position is in the zone, its boundary included.
    ///
    /// Exact for polygons.
    #[must_use]
    pub fn contains(&self, p: Position) -> bool {
        match &self.kind {
            Kind::Polygons(zone) => zone.polygons.contains(p),
            Kind::Circle(..) | Kind::Corridor(_) => self.signed_distance_m(p) <= 0.0,
        }
    }

    /// The geodesic distance to the nearest point of the boundary, negative inside, in metres.
    ///
    /// It is at most zero exactly if [`Shape::contains`] holds. In a corridor it is the
    /// distance to the centre line less the half width.
    #[must_use]
    pub fn signed_distance_m(&self, p: Position) -> f64 {
        if let Kind::Polygons(zone) = &self.kind {
            return zone.polygons.signed_distance_m(p);
        }
        let (middle_m, width_m) = self.middle_m(&Place::of(p));
        middle_m - width_m
    }

    /// How far a place is from the centre of a circle or the centre line of a corridor, and how
    /// far the zone reaches from there.
    fn middle_m(&self, place: &Place) -> (f64, f64) {
        match &self.kind {
            Kind::Circle(circle) => (place_distance_m(&circle.place(), place), circle.radius_m),
            Kind::Corridor(corridor) => {
                let half_width_m = corridor.half_width_m;
                (corridor.line.distance_m(place, half_width_m), half_width_m)
            }
            Kind::Polygons(_) => (f64::INFINITY, 0.0),
        }
    }

    /// Whether the segment between two positions, straight in longitude and latitude and the
    /// shorter way round, has a point in the zone.
    ///
    /// Exact for polygons.
    #[must_use]
    pub fn meets_segment(&self, a: Position, b: Position) -> bool {
        match &self.kind {
            Kind::Polygons(zone) => zone.polygons.meets_segment(a, b),
            Kind::Circle(..) | Kind::Corridor(_) => self.distance_past_m(a, b).is_none(),
        }
    }

    /// The distance of the position `b`, unless the segment to it from `a` has a point in the zone.
    pub(crate) fn distance_after_way_m(&self, a: Position, b: Position) -> Option<f64> {
        match &self.kind {
            Kind::Polygons(zone) => {
                let distance_m = zone.polygons.signed_distance_m(b);
                (distance_m > 0.0 && !zone.polygons.boundary_meets(a, b)).then_some(distance_m)
            }
            Kind::Circle(..) | Kind::Corridor(_) => self.distance_past_m(a, b),
        }
    }

    /// No more than that, by a scale of the position `b`; the distance itself where that would not
    /// be more than `enough_m`.
    pub(crate) fn least_after_way_m(
        &self,
        a: Position,
        b: Position,
        scale: &Scale,
        enough_m: f64,
    ) -> Option<f64> {
        let least_m = match &self.kind {
            Kind::Polygons(zone) => zone.polygons.least_past_m(a, b, scale),
            Kind::Circle(circle) => {
                least_past_circle_m(circle.centre, circle.radius_m, [a, b], scale)
            }
            Kind::Corridor(_) => None,
        };
        let least_m = least_m.filter(|least_m| *least_m > enough_m);
        least_m.or_else(|| self.distance_after_way_m(a, b))
    }

    /// The same for a zone that is no polygon.
    fn distance_past_m(&self, a: Position, b: Position) -> Option<f64> {
        let ends = [a, b].map(Place::of);
        let [(first_m, width_m), (last_m, _)] = ends.map(|end| self.middle_m(&end));
        let ends_m = first_m.min(last_m);
        let passes = || passes_by(ends_m, width_m, chord_m2(&ends), bow_between_m(&ends));
        let is_past = ends_m > width_m && (passes() || !self.meets_edge(edge(a, b)));
        is_past.then_some(last_m - width_m)
    }

    fn meets_edge(&self, [from, to]: [[f64; 2]; 2]) -> bool {
        match Path::of_edge(from, to) {
            Some(piece) => self.comes_to(&piece),
            None => self.comes_to(&Path::new(&[vec![from, to]])),
        }
    }

    /// Whether a point of the path is in the zone, which is no polygon.
    fn comes_to(&self, path: &Path<impl Nodes, impl Borrow<[Chunk]>>) -> bool {
        match &self.kind {
            Kind::Circle(circle) => {
                path.distance_m(&circle.place(), circle.radius_m) <= circle.radius_m
            }
            Kind::Corridor(corridor) => corridor.line.comes_within(path, corridor.half_width_m),
            Kind::Polygons(_) => false,
        }
    }

    /// One box that holds the zone, or two if it spans the antimeridian.
    #[must_use]
    pub fn bounds(&self) -> &[Bounds] {
        match &self.bounds {
            Boxes::One(only) => std::slice::from_ref(only),
            Boxes::Two(both) => &both[..],
        }
    }

    /// The number of vertices, the closing positions of rings not counted; 1 for a circle.
    #[must_use]
    pub fn vertex_count(&self) -> usize {
        let of_rings = |rings: &[Vec<Position>]| -> usize {
            rings.iter().map(|ring| ring.len().saturating_sub(1)).sum()
        };
        match &self.kind {
            Kind::Circle(_) => 1,
            Kind::Corridor(corridor) => corridor.given.len(),
            Kind::Polygons(zone) => match zone.given.as_deref() {
                Some(Geometry::Polygon(rings)) => of_rings(rings),
                Some(Geometry::MultiPolygon(parts)) => parts.iter().map(|p| of_rings(p)).sum(),
                _ => zone.polygons.vertices().len().saturating_sub(1),
            },
        }
    }
}

impl Circle {
    #[inline]
    fn place(&self) -> Place {
        let (lat_deg, lon_deg) = (self.centre.lat_deg(), self.centre.lon_deg());
        Place { xyz: self.xyz, lat_deg, lon_deg }
    }
}

fn circle(centre: Position, radius_m: f64) -> Result<Prepared, ShapeError> {
    if !(radius_m > 0.0 && radius_m <= RADIUS_M_MAX) {
        return Err(ShapeError::BadRadius { radius_m });
    }
    let bounds = Bounds::around(centre, radius_m);
    let circle = Circle { centre, xyz: Place::of(centre).xyz, radius_m };
    Ok(Prepared { kind: Kind::Circle(circle), bounds })
}

fn polygons(geometry: &Geometry, parts: &[&[Vec<Position>]]) -> Result<Prepared, ShapeError> {
    let admitted = admit(parts)?;
    let polygons = Polygons::new(&admitted.rings);
    let is_ring = match geometry {
        Geometry::Polygon(rings) => matches!(&rings[..], [ring] if **ring == *polygons.vertices()),
        _ => false,
    };
    let given = (!is_ring).then(|| Box::new(geometry.clone()));
    Ok(Prepared {
        kind: Kind::Polygons(Box::new(PolygonsGiven { polygons, given })),
        bounds: bounds(&admitted.rings, &admitted.outers),
    })
}

fn corridor(line: &[Position], half_width_m: f64) -> Result<Prepared, ShapeError> {
    if line.len() > VERTEX_COUNT_MAX {
        return Err(ShapeError::TooManyVertices { count: line.len() });
    }
    let first = line.first().copied().unwrap_or_default();
    if line.iter().all(|p| same_place(*p, first)) {
        return Err(ShapeError::CorridorTooShort { positions: line.len() });
    }
    if !(half_width_m > 0.0 && half_width_m <= HALF_WIDTH_M_MAX) {
        return Err(ShapeError::BadHalfWidth { half_width_m });
    }
    let points = unwrapped(line);
    let [low, high] = box_of(&points);
    let bounds = widened([low.y, high.y], [low.x, high.x], half_width_m);
    let (given, line) = (line.into(), Path::new(&[in_degrees(&points)]));
    let corridor = Corridor { given, line, half_width_m };
    Ok(Prepared { kind: Kind::Corridor(Box::new(corridor)), bounds })
}

/// The line with longitudes running on past ±180.
fn unwrapped(line: &[Position]) -> Vec<Point> {
    let mut points: Vec<Point> = line.iter().map(|p| Point::of(*p)).collect();
    for i in 1..line.len() {
        points[i].x = points[i - 1].x + shorter_way_e7(line[i - 1], line[i]);
    }
    points
}

fn same_place(a: Position, b: Position) -> bool {
    let turn_e7 = super::position::TURN_E7;
    a.lat_e7() == b.lat_e7()
        && (i64::from(a.lon_e7()) - i64::from(b.lon_e7())).rem_euclid(turn_e7) == 0
}

/// The segment between two positions in degrees, the shorter way round.
fn edge(a: Position, b: Position) -> [[f64; 2]; 2] {
    let from = Point::of(a);
    let to = Point { x: from.x + shorter_way_e7(a, b), y: i64::from(b.lat_e7()) };
    [from, to].map(Point::in_degrees)
}

/// Up to this distance, computed ones are off by far less than this share and this many metres.
const PASSED_M_MAX: f64 = 100_000.0;
const ERROR_SHARE: f64 = 1e-5;
const ERROR_M: f64 = 0.1;
/// A geodesic's chord is shorter by the square of its length in these, at most as a share: √24
/// times the least radius of curvature (the bow of no geodesic is more than a circle's, Schur).
const CHORD_SHRINK_M: f64 = 3.1e7;

/// No more than the distance of `b`, which the scale is of, from a circle; nothing if the segment
/// to it from `a` may come to the circle.
fn least_past_circle_m(
    centre: Position,
    radius_m: f64,
    [a, b]: [Position; 2],
    scale: &Scale,
) -> Option<f64> {
    let chart = Chart::near(b)?;
    let [first_m, last_m] = [a, b].map(|end| chart.least_m(end, centre));
    let bow_m = bow_most_m([a.lat_deg() - b.lat_deg(), a.lon_deg() - b.lon_deg()]);
    let is_past = passes_by(first_m.min(last_m), radius_m, scale.most_m2(a, b), bow_m);
    is_past.then_some(last_m - radius_m)
}

/// The square of the length of the chord between two places.
fn chord_m2([a, b]: &[Place; 2]) -> f64 {
    let chord = sub(b.xyz, a.xyz);
    dot(chord, chord)
}

/// What the segment between two places strays from its chord by, at most.
fn bow_between_m([a, b]: &[Place; 2]) -> f64 {
    bow_most_m([b.lat_deg - a.lat_deg, lon_step_deg(a.lon_deg, b.lon_deg)])
}

/// Whether a segment is surely farther than `width_m` from all that its ends are `ends_m` away
/// from, or more. The square of its length and its bow may be less.
///
/// Seen from any point in space, if the ends of a chord are as far as e and it is as long as c, no
/// point of it is nearer than √(e² − c²/4) (Stewart). The segment strays from its chord by its
/// bow. And no chord is longer than its geodesic.
fn passes_by(ends_m: f64, width_m: f64, length_m2: f64, bow_m: f64) -> bool {
    let shrink = ends_m / CHORD_SHRINK_M;
    let least_m = ends_m * (1.0 - shrink * shrink - ERROR_SHARE) - ERROR_M;
    let passed_m = width_m * (1.0 + ERROR_SHARE) + ERROR_M + bow_m;
    ends_m <= PASSED_M_MAX && least_m * least_m - 0.25 * length_m2 > passed_m * passed_m
}

#[cfg(test)]
mod tests;
