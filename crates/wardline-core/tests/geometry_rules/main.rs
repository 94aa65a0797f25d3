//! Geometry, one case per rule: edges of zones, the antimeridian, the poles, limits, refusals.

mod refusals;

use wardline_core::geometry::{Bounds, Geometry, Position, Shape, ShapeError, distance_m};

fn at(lat: f64, lon: f64) -> Position {
    Position::from_degrees(lat, lon).expect("a position")
}

fn ring(points: &[(f64, f64)]) -> Vec<Position> {
    points.iter().chain(points.first()).map(|(lat, lon)| at(*lat, *lon)).collect()
}

fn square(lat: f64, lon: f64, size: f64) -> Vec<Position> {
    ring(&[(lat, lon), (lat, lon + size), (lat + size, lon + size), (lat + size, lon)])
}

fn polygon(rings: &[Vec<Position>]) -> Result<Shape, ShapeError> {
    Shape::new(&Geometry::Polygon(rings.to_vec()))
}

fn parts(parts: &[&[Vec<Position>]]) -> Result<Shape, ShapeError> {
    Shape::new(&Geometry::MultiPolygon(parts.iter().map(|part| part.to_vec()).collect()))
}

fn circle(centre: Position, radius_m: f64) -> Shape {
    Shape::new(&Geometry::Circle { centre, radius_m }).expect("a circle")
}

fn corridor(line: &[(f64, f64)], half_width_m: f64) -> Result<Shape, ShapeError> {
    let line = line.iter().map(|(lat, lon)| at(*lat, *lon)).collect();
    Shape::new(&Geometry::Corridor { line, half_width_m })
}

fn refused(shape: Result<Shape, ShapeError>) -> ShapeError {
    let error = shape.expect_err("refused");
    assert!(!error.to_string().is_empty());
    error
}

/// J-GEO-1
#[test]
fn edges_and_hole_edges_are_inside() {
    let shape = polygon(&[square(0.0, 0.0, 10.0), square(2.0, 2.0, 4.0)]).expect("a polygon");
    assert_eq!(shape.vertex_count(), 8);
    for (p, inside) in [
        (at(0.0, 0.0), true),
        (at(0.0, 5.0), true),
        (at(2.0, 3.0), true),
        (at(6.0, 6.0), true),
        (at(2.000_000_1, 3.0), false),
        (at(-0.000_000_1, 3.0), false),
        (at(1.0, 1.0), true),
        (at(4.0, 4.0), false),
    ] {
        let d = shape.signed_distance_m(p);
        assert_eq!(shape.contains(p), inside, "{p}");
        assert_eq!(d <= 0.0, inside, "{p} {d}");
    }
    let d = shape.signed_distance_m(at(2.0, 3.0));
    assert!(d == 0.0 && d.is_sign_positive());
}

/// J-GEO-3
#[test]
fn a_split_polygon_has_no_boundary_on_the_antimeridian() {
    let west = ring(&[(10.0, 179.0), (10.0, 180.0), (12.0, 180.0), (12.0, 179.0)]);
    let east = ring(&[(11.0, -180.0), (11.0, -179.0), (13.0, -179.0), (13.0, -180.0)]);
    let shape = parts(&[&[west], &[east]]).expect("two parts");
    assert_eq!(shape.bounds().len(), 2);
    for lon in [180.0, -180.0] {
        assert!(shape.signed_distance_m(at(11.5, lon)) < -50_000.0);
        assert_eq!(shape.signed_distance_m(at(10.5, lon)), 0.0);
        assert_eq!(shape.signed_distance_m(at(12.5, lon)), 0.0);
        assert_eq!(shape.signed_distance_m(at(11.0, lon)), 0.0);
        assert!(shape.signed_distance_m(at(9.5, lon)) > 50_000.0);
    }
    assert!(shape.meets_segment(at(9.0, 179.9), at(11.2, -179.9)));
    assert!(!shape.meets_segment(at(9.0, 179.9), at(9.5, -179.9)));
    assert!(shape.meets_segment(at(10.5, -179.0), at(10.5, 179.5)));
    assert!(shape.meets_segment(at(10.5, -179.9), at(10.5, -180.0)));
}

/// J-GEO-3
#[test]
fn a_band_around_the_world_has_no_ends() {
    let mut points = Vec::new();
    points.extend([-180.0, 0.0, 180.0].map(|lon| (10.0, lon)));
    points.extend([180.0, 0.0, -180.0].map(|lon| (20.0, lon)));
    let shape = polygon(&[ring(&points)]).expect("a band");
    assert!(shape.signed_distance_m(at(15.0, 180.0)) < -500_000.0);
    assert!(!shape.contains(at(21.0, 180.0)));
}

/// J-GEO-3
#[test]
fn circles_span_the_antimeridian_and_the_poles() {
    let shape = circle(at(10.0, 179.999), 1_000.0);
    assert!(shape.contains(at(10.0, -179.999)));
    assert_eq!(shape.bounds().len(), 2);
    assert!(shape.meets_segment(at(10.001, 179.9), at(10.001, -179.9)));
    assert!(!shape.meets_segment(at(10.1, 179.9), at(10.1, -179.9)));
    let pole = circle(at(90.0, 7.0), 1_000.0);
    assert!(pole.contains(at(90.0, -120.0)));
    assert!((pole.signed_distance_m(at(89.991, 50.0)) - 5.25).abs() < 0.2);
    assert_eq!(pole.bounds()[0].max_lon_e7 - 1, 1_799_999_999);
    let near = circle(at(89.995, 0.0), 1_000.0);
    assert!(near.contains(at(89.997, 180.0)));
    assert!(near.bounds()[0].contains(at(89.997, -180.0)));
}

/// J-GEO-2
#[test]
fn a_position_on_the_boundary_of_a_circle_is_inside() {
    let centre = at(52.0, 13.0);
    for p in [at(52.001, 13.0), at(52.0, 13.7), at(51.3, 11.4), at(60.0, 40.0)] {
        let shape = circle(centre, distance_m(centre, p));
        assert_eq!(shape.signed_distance_m(p), 0.0, "{p}");
        assert!(shape.contains(p), "{p}");
    }
}

/// J-GEO-3
#[test]
fn corridors_span_the_antimeridian_and_reach_the_pole() {
    let shape = corridor(&[(0.0, 179.0), (0.0, -179.0), (0.0, -179.0), (1.0, -178.0)], 100.0);
    let shape = shape.expect("a corridor");
    for lon in [179.5, 180.0, -180.0, -179.5] {
        assert!((shape.signed_distance_m(at(0.0, lon)) + 100.0).abs() < 1e-6);
        assert!(shape.contains(at(0.000_9, lon)));
        assert!(!shape.contains(at(0.001, lon)));
    }
    assert!(!shape.contains(at(0.0, 0.0)));
    assert!(shape.meets_segment(at(-1.0, 179.9), at(1.0, -179.9)));
    assert!(!shape.meets_segment(at(0.01, 179.9), at(1.0, -179.9)));
    // Each leg keeps to its meridian; between two longitudes of the pole there is no way to go.
    let polar = [(89.0, 10.0), (90.0, 10.0), (90.0, -170.0), (89.0, -170.0)];
    let polar = corridor(&polar, 500.0).expect("a corridor");
    assert!(polar.contains(at(90.0, 33.0)));
    assert!(polar.contains(at(89.999, 100.0)));
    assert!(!polar.contains(at(89.99, 100.0)));
    assert!(polar.signed_distance_m(at(89.5, -170.0)) < -499.9);
}

/// J-GEO-2
#[test]
fn a_fix_on_the_centre_line_is_half_a_width_inside() {
    let shape = corridor(&[(52.0, 13.0), (52.0, 13.0), (52.2, 13.4)], 25.0).expect("a corridor");
    for p in [at(52.0, 13.0), at(52.2, 13.4)] {
        assert_eq!(shape.signed_distance_m(p), -25.0);
    }
    assert!((shape.signed_distance_m(at(52.1, 13.2)) + 25.0).abs() < 0.01);
    assert!(shape.meets_segment(at(52.1, 13.0), at(52.1, 13.4)));
    assert!(!shape.meets_segment(at(52.0, 13.4), at(52.05, 13.4)));
}

fn wheel(count: usize) -> Vec<Position> {
    let points: Vec<(f64, f64)> = (0..count)
        .map(|i| {
            let angle = i as f64 / count as f64 * std::f64::consts::TAU;
            let reach = if i % 2 == 0 { 0.5 } else { 0.499 };
            (50.0 + reach * angle.sin(), 10.0 + reach * angle.cos())
        })
        .collect();
    ring(&points)
}

/// J-REFUSE-1, J-GEO-1
#[test]
fn a_zone_may_have_4096_vertices() {
    let shape = polygon(&[wheel(4096)]).expect("a polygon");
    assert_eq!(shape.vertex_count(), 4096);
    assert!(shape.contains(at(50.0, 10.0)));
    assert!(!shape.contains(at(50.0, 10.500_1)));
    let error = refused(polygon(&[wheel(4097)]));
    assert_eq!(error, ShapeError::TooManyVertices { count: 4097 });
    let line: Vec<(f64, f64)> = (0..4_098).map(|i| (50.0, f64::from(i) / 1e4)).collect();
    let shape = corridor(&line[..4096], 10.0).expect("a corridor");
    assert_eq!(shape.vertex_count(), 4096);
    for count in [4097, 4098] {
        let error = refused(corridor(&line[..count], 10.0));
        assert_eq!(error, ShapeError::TooManyVertices { count });
    }
}

/// J-GEO-3
#[test]
fn boxes_meet_across_the_antimeridian() {
    let pair = Bounds::of_segment(at(1.0, 179.0), at(-1.0, -179.0));
    assert_eq!(pair.as_slice().len(), 2);
    assert!(pair.as_slice().iter().any(|b| b.contains(at(0.0, -179.5))));
    assert!(!pair.as_slice().iter().any(|b| b.contains(at(0.0, -178.5))));
    let whole = Bounds::around(at(89.999_9, 0.0), 100.0);
    assert_eq!(whole.as_slice().len(), 1);
    assert!(whole.as_slice()[0].contains(at(90.0, 123.0)));
    let far = Bounds::around(at(0.0, 0.0), f64::NAN);
    assert!(far.as_slice()[0].contains(at(-90.0, 180.0)));
}

/// The extremes of every number given; nothing may panic.
#[test]
fn extremes_do_not_panic() {
    let lats = [-90.0, -89.999_999_9, 0.0, 89.999_999_9, 90.0];
    let lons = [-180.0, -90.0, 0.0, 90.0, 180.0];
    let grid: Vec<Position> = lats.iter().flat_map(|a| lons.map(|b| at(*a, b))).collect();
    let line = Geometry::Corridor { line: grid.clone(), half_width_m: 5_000_000.0 };
    let mut shapes = vec![Shape::new(&line).expect("a corridor")];
    shapes.extend(grid.iter().map(|p| circle(*p, 5_000_000.0)));
    let strip = [(-89.9, -180.0), (-89.9, 0.0), (89.9, 0.0), (89.9, -180.0)];
    shapes.push(polygon(&[ring(&strip)]).expect("a polygon"));
    for shape in &shapes {
        for a in &grid {
            let d = shape.signed_distance_m(*a);
            assert!(d.is_finite());
            assert_eq!(shape.contains(*a), d <= 0.0);
            for b in &grid {
                let _ = shape.meets_segment(*a, *b);
            }
        }
    }
}

/// Two lines that cross at ten degrees: the nearest points are far from any end.
// J-CROSS-1
#[test]
fn a_segment_that_crosses_a_corridor_at_a_small_angle_meets_it() {
    let at = |lat, lon| Position::from_degrees(lat, lon).unwrap();
    let line = vec![at(-60.0001938, -179.9992812), at(-59.9970409, 179.9990292)];
    let corridor = Shape::new(&Geometry::Corridor { line, half_width_m: 1.0 }).unwrap();
    let (a, b) = (at(-59.9967754, 179.9993092), at(-60.0000982, 179.9997710));
    assert!(corridor.meets_segment(a, b));
    assert!(corridor.meets_segment(b, a));
    assert!(!corridor.meets_segment(a, at(-59.9967754, 179.9997710)));
}
