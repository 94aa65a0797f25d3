//! Shapes: bounds and distances after a way past them.

use super::super::earth::RADIANS;
use super::super::foot::place_at;
use super::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Whether a segment is known to pass by a circle round a place that stops so many metres
/// before the segment's nearest point.
fn passes(place: &Place, [a, b]: [[f64; 2]; 2], nearer_m: f64) -> bool {
    let least_m = Path::new(&[vec![a, b]]).distance_m(place, 0.0);
    let ends = [a, b].map(place_at);
    let ends_m = ends.map(|end| place_distance_m(place, &end));
    let (length_m2, bow_m) = (chord_m2(&ends), bow_between_m(&ends));
    passes_by(ends_m[0].min(ends_m[1]), least_m - nearer_m, length_m2, bow_m)
}

/// Segments of half this length beside a place, in all directions.
fn segments(at: [f64; 2], off_m: f64, half_m: f64) -> impl Iterator<Item = [[f64; 2]; 2]> {
    let degrees = move |[north_m, east_m]: [f64; 2]| {
        [north_m / 111_500.0, east_m / (111_500.0 * libm::cos(at[0] * RADIANS))]
    };
    (0..8).map(move |k| {
        let (sin, cos) = libm::sincos(f64::from(k) * 0.8);
        let [lat, lon] = degrees([off_m * cos, off_m * sin]);
        let [half_lat, half_lon] = degrees([-half_m * sin, half_m * cos]);
        let end = |sign: f64| [at[0] + lat + sign * half_lat, at[1] + lon + sign * half_lon];
        [end(-1.0), end(1.0)]
    })
}

// J-CROSS-1
#[test]
fn no_segment_passes_by_what_it_comes_to() {
    let mut passed = 0;
    for lat in [-89.0, -60.0, -0.001, 0.0, 42.0, 75.0, 88.9] {
        let place = Place::new(lat, 179.999);
        for off_m in [0.5, 20.0, 1_000.0, 30_000.0, 99_000.0] {
            for half_m in [0.0, 1.0, 15.0, 2_000.0, 9_000.0] {
                for segment in segments([lat, 179.999], off_m, half_m) {
                    for nearer_m in [-100.0, -1.0, -0.01, 0.0] {
                        assert!(!passes(&place, segment, nearer_m), "{lat} {segment:?}");
                    }
                    passed += usize::from(passes(&place, segment, 2.5));
                }
            }
        }
    }
    assert!(passed > 300, "{passed}");
}

// Speed only: what is not known to pass by is looked at in full.
#[test]
fn a_step_beside_a_zone_is_known_to_pass_by() {
    for lat in [-75.0, 0.0, 42.0] {
        let place = Place::new(lat, 20.0);
        for off_m in [20.0, 1_000.0, 9_000.0] {
            for segment in segments([lat, 20.0], off_m, 12.0_f64.min(off_m / 5.0)) {
                assert!(passes(&place, segment, 1.0), "{lat} {off_m} {segment:?}");
            }
        }
    }
}

fn at(lat: f64, lon: f64) -> Position {
    Position::from_degrees(lat, lon).expect("a position")
}

// J-CROSS-1
#[test]
fn a_segment_that_touches_a_circle_meets_it() {
    let (centre, [a, b]) = (at(42.0, 20.0), [at(42.001, 19.999), at(42.001, 20.002)]);
    let [from, to] = edge(a, b);
    let radius_m = Path::new(&[vec![from, to]]).distance_m(&Place::of(centre), 0.0);
    let shape = Shape::new(&Geometry::Circle { centre, radius_m }).expect("a circle");
    assert!(shape.meets_segment(a, b));
}

/// Zones of some hundred metres round a place, and whether bounds are known of them.
fn zones_round(place: Position) -> [(Shape, bool); 3] {
    let beside = |north_m: f64, east_m: f64| {
        let lon_m = 111_500.0 * libm::cos(place.lat_deg() * RADIANS);
        at(place.lat_deg() + north_m / 111_500.0, place.lon_deg() + east_m / lon_m)
    };
    let corner = |k: i32| {
        let (sin, cos) = libm::sincos(f64::from(k) * std::f64::consts::TAU / 24.0);
        let radius_m = if k % 3 == 0 { 150.0 } else { 400.0 };
        beside(radius_m * sin, radius_m * cos)
    };
    let ring = (0..24).chain([0]).map(corner).collect();
    let line = vec![beside(0.0, -200.0), beside(0.0, 200.0)];
    let zones = [
        (Geometry::Polygon(vec![ring]), true),
        (Geometry::Circle { centre: place, radius_m: 400.0 }, true),
        (Geometry::Corridor { line, half_width_m: 200.0 }, false),
    ];
    zones.map(|(zone, is_bounded)| (Shape::new(&zone).expect("a zone"), is_bounded))
}

// J-CROSS-1, J-TIME-3
#[test]
fn after_a_way_past_a_zone_a_bound_is_no_more_than_its_distance() {
    let rng = &mut SmallRng::seed_from_u64(5);
    for (lat, lon) in [(-79.0, 20.0), (0.0, 20.0), (42.9, -179.98), (60.0, 74.6)] {
        for (shape, is_bounded) in zones_round(at(lat, lon)) {
            let (mut bounds, mut near) = (0, 0);
            for _ in 0..4_000 {
                let mut way_deg =
                    |most_m: f64| [0, 1].map(|_| rng.random_range(-most_m..most_m) / 111_500.0);
                let ([north, east], step) = (way_deg(600.0), way_deg(30.0));
                let narrow = libm::cos(lat * RADIANS);
                let b = at(lat + north, lon + east / narrow);
                let a = at(b.lat_deg() + step[0], b.lon_deg() + step[1] / narrow);
                let scale = Scale::near(b).expect("no pole");
                let exact_m = shape.distance_after_way_m(a, b);
                let least_m = shape.least_after_way_m(a, b, &scale, 1.0);
                assert_eq!(least_m.is_some(), exact_m.is_some(), "{shape:?} {a} {b}");
                let (Some(least_m), Some(exact_m)) = (least_m, exact_m) else { continue };
                assert!(least_m <= exact_m + 0.01, "{shape:?} {a} {b}: {least_m} {exact_m}");
                let close_m = 0.98 * exact_m - 0.1;
                assert!(least_m >= close_m, "{shape:?} {a} {b}: {least_m} {exact_m}");
                near += usize::from(exact_m < 25.0);
                bounds += usize::from(exact_m < 25.0 && least_m != exact_m);
            }
            assert!(bounds > near / 2 || !is_bounded, "{shape:?}: {bounds} of {near}");
        }
    }
}

/// Edges are straight in degrees, and great circles stray from them by kilometres.
// J-GEO-1, J-GEO-2, J-TIME-3
#[test]
fn beside_edges_of_hundreds_of_kilometres_a_bound_is_no_more_than_the_distance() {
    let rng = &mut SmallRng::seed_from_u64(11);
    let mut bounds = 0;
    for lat in [-75.0, -40.0, 0.5, 43.0, 70.0] {
        let ring = [(lat, 20.0), (lat + 0.1, 25.0), (lat + 2.0, 24.0), (lat + 2.1, 20.5)];
        let ring = ring.map(|(lat, lon)| at(lat, lon));
        let zone = Geometry::Polygon(vec![[&ring[..], &ring[..1]].concat()]);
        let shape = Shape::new(&zone).expect("a zone");
        for case in 0..2_000 {
            let (start, end) = (ring[case % 4], ring[(case + 1) % 4]);
            let share: f64 = rng.random_range(0.0..1.0);
            let mut beside = |degrees: f64, narrow: f64| {
                degrees + rng.random_range(-25.0..25.0) / 111_500.0 / narrow
            };
            let between = |from: f64, to: f64| from + (to - from) * share;
            let (lat, lon) =
                (between(start.lat_deg(), end.lat_deg()), between(start.lon_deg(), end.lon_deg()));
            let narrow = libm::cos(lat * RADIANS);
            let [a, b] = [0, 1].map(|_| at(beside(lat, 1.0), beside(lon, narrow)));
            let scale = Scale::near(b).expect("no pole");
            let exact_m = shape.distance_after_way_m(a, b);
            let least_m = shape.least_after_way_m(a, b, &scale, 1.0);
            assert_eq!(least_m.is_some(), exact_m.is_some(), "{a} {b}");
            let (Some(least_m), Some(exact_m)) = (least_m, exact_m) else { continue };
            assert!(least_m <= exact_m + 0.01, "{a} {b}: {least_m} {exact_m}");
            bounds += usize::from(least_m != exact_m);
        }
    }
    assert!(bounds > 2_000, "{bounds}");
}

// J-GEO-3
#[test]
fn beside_the_antimeridian_a_bound_is_of_zones_beyond_it_too() {
    let ring = [(0.0, -180.0), (0.0, -179.9), (0.1, -179.9), (0.1, -180.0), (0.0, -180.0)];
    let ring = ring.map(|(lat, lon)| at(lat, lon)).to_vec();
    let east = [(0.0, 179.9), (0.0, 179.9999), (0.1, 179.9999), (0.1, 179.9), (0.0, 179.9)];
    let east = east.map(|(lat, lon)| at(lat, lon)).to_vec();
    for zone in [
        Geometry::Polygon(vec![ring.clone()]),
        Geometry::MultiPolygon(vec![vec![ring], vec![east]]),
        Geometry::Circle { centre: at(0.05, -179.9998), radius_m: 5.0 },
    ] {
        let shape = Shape::new(&zone).expect("a zone");
        let (a, b) = (at(0.0501, 179.99994), at(0.05, 179.99997));
        let scale = Scale::near(b).expect("no pole");
        let (exact_m, least_m) =
            (shape.distance_after_way_m(a, b), shape.least_after_way_m(a, b, &scale, 1.0));
        let (exact_m, least_m) = (exact_m.expect("outside"), least_m.expect("outside"));
        assert!(least_m <= exact_m && exact_m < 25.0, "{shape:?}: {least_m} {exact_m}");
    }
}

// J-CROSS-1
#[test]
fn after_a_way_past_a_zone_its_distance_is_known() {
    let ring = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)];
    let ring = ring.map(|(lat, lon)| at(lat, lon)).to_vec();
    let line = vec![at(0.0, 0.0), at(1.0, 0.0)];
    let zones = [
        Geometry::Polygon(vec![ring]),
        Geometry::Circle { centre: at(0.0, 0.0), radius_m: 0.5 },
        Geometry::Corridor { line, half_width_m: 20_000.0 },
    ];
    // Inside the polygon, at its corner, and outside each zone.
    let places = [at(0.2, 0.2), at(0.0, 0.0), at(-0.5, 0.1), at(0.4, -1.5), at(1.3, 0.9)];
    let mut past = 0;
    for shape in zones.map(|zone| Shape::new(&zone).expect("a zone")) {
        for (a, b) in places.iter().flat_map(|a| places.map(|b| (*a, b))) {
            let is_past = !shape.meets_segment(a, b);
            let expected = is_past.then(|| shape.signed_distance_m(b));
            assert_eq!(shape.distance_after_way_m(a, b), expected, "{shape:?} {a} {b}");
            past += usize::from(is_past);
        }
    }
    assert!(past > 20, "{past}");
}
