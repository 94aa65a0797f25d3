//! What is no position and no zone, and why.

use wardline_core::geometry::{Geometry, Position, PositionError, Shape, ShapeError};

use super::{at, corridor, parts, polygon, refused, ring, square};

/// J-REFUSE-1
#[test]
fn positions_out_of_range_are_refused() {
    for (lat, lon) in [(90.1, 0.0), (f64::NAN, 0.0), (f64::INFINITY, 0.0)] {
        assert!(matches!(Position::from_degrees(lat, lon), Err(PositionError::Latitude { .. })));
    }
    for lon in [-180.000_000_1, f64::NAN, f64::NEG_INFINITY] {
        assert!(matches!(Position::from_degrees(0.0, lon), Err(PositionError::Longitude { .. })));
    }
    assert_eq!(at(90.000_000_05, -180.000_000_04), at(90.0, -180.0));
    let lat_deg = 90.000_000_1;
    assert_eq!(Position::from_e7(900_000_001, 0), Err(PositionError::Latitude { lat_deg }));
    let lon_deg = -214.748_364_8;
    assert_eq!(Position::from_e7(0, i32::MIN), Err(PositionError::Longitude { lon_deg }));
    assert_eq!(at(0.000_000_25, -0.000_000_15), Position::from_e7(2, -2).expect("a position"));
}

/// J-REFUSE-1
#[test]
fn rings_that_are_none_are_refused() {
    assert_eq!(refused(polygon(&[])), ShapeError::Empty);
    assert_eq!(refused(parts(&[])), ShapeError::Empty);
    assert_eq!(refused(parts(&[&[]])), ShapeError::Empty);
    let none = polygon(&[vec![]]);
    assert_eq!(refused(none), ShapeError::RingTooShort { positions: 0 });
    let two = polygon(&[ring(&[(0.0, 0.0), (1.0, 1.0)])]);
    assert_eq!(refused(two), ShapeError::RingTooShort { positions: 3 });
    let mut open = square(0.0, 0.0, 1.0);
    open.pop();
    let expected = ShapeError::UnclosedRing { first: at(0.0, 0.0), last: at(1.0, 0.0) };
    assert_eq!(refused(polygon(&[open])), expected);
    let flat = polygon(&[ring(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])]);
    assert_eq!(refused(flat), ShapeError::ZeroArea { at: at(0.0, 0.0) });
    let pole = polygon(&[ring(&[(80.0, 0.0), (80.0, 90.0), (90.0, 0.0)])]);
    assert_eq!(refused(pole), ShapeError::ContainsPole { at: at(90.0, 0.0) });
    let long = polygon(&[ring(&[(0.0, -100.0), (0.0, 100.0), (1.0, 0.0)])]);
    let expected = ShapeError::EdgeTooLong { from: at(0.0, -100.0), to: at(0.0, 100.0) };
    assert_eq!(refused(long), expected);
}

/// J-REFUSE-1
#[test]
fn rings_that_meet_themselves_are_refused() {
    let bow = ring(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.5)]);
    let touching = ring(&[(0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (0.0, 1.0), (2.0, 0.0)]);
    let pinched = ring(&[(0.0, 0.0), (0.0, 2.0), (1.0, 1.0), (2.0, 2.0), (2.0, 0.0), (1.0, 1.0)]);
    let spike = ring(&[(0.0, 0.0), (0.0, 1.0), (0.0, 3.0), (0.0, 1.0), (1.0, 1.0)]);
    let spike_back = ring(&[(0.0, 0.0), (0.0, 3.0), (0.0, 1.0), (1.0, 1.0)]);
    for points in [bow, touching, pinched, spike, spike_back] {
        let error = refused(polygon(&[points]));
        assert!(matches!(error, ShapeError::SelfIntersecting { .. }), "{error}");
    }
    let straight = ring(&[(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 1.0)]);
    let mut repeated = straight.clone();
    repeated.insert(1, straight[0]);
    assert!(polygon(&[straight]).is_ok());
    assert!(polygon(&[repeated]).is_ok());
}

/// J-REFUSE-1
#[test]
fn holes_must_be_inside_and_apart() {
    let outer = square(0.0, 0.0, 10.0);
    for hole in
        [square(20.0, 0.0, 1.0), square(9.0, 9.0, 3.0), outer.clone(), square(-1.0, -1.0, 20.0)]
    {
        let error = refused(polygon(&[outer.clone(), hole]));
        assert!(matches!(error, ShapeError::HoleOutside { .. }), "{error}");
    }
    for second in [square(2.0, 2.0, 2.0), square(3.0, 3.0, 1.0), square(1.0, 1.0, 4.0)] {
        let error = refused(polygon(&[outer.clone(), square(2.0, 2.0, 2.0), second]));
        assert!(matches!(error, ShapeError::HolesOverlap { .. }), "{error}");
    }
    assert!(polygon(&[outer, square(2.0, 2.0, 2.0), square(4.0, 4.0, 2.0)]).is_ok());
}

/// J-REFUSE-1
#[test]
#[allow(clippy::cloned_ref_to_slice_refs)]
fn parts_must_not_overlap() {
    let big = square(0.0, 0.0, 10.0);
    let hole = square(2.0, 2.0, 4.0);
    for other in [big.clone(), square(5.0, 5.0, 10.0), square(1.0, 1.0, 1.0), square(0.0, 0.0, 5.0)]
    {
        let error = refused(parts(&[&[big.clone()], &[other]]));
        assert!(matches!(error, ShapeError::PartsOverlap { .. }), "{error}");
    }
    let over_hole = refused(parts(&[&[big.clone(), hole.clone()], &[square(1.0, 1.0, 6.0)]]));
    assert!(matches!(over_hole, ShapeError::PartsOverlap { .. }));
    let in_hole = square(3.0, 3.0, 1.0);
    assert!(parts(&[&[big.clone(), hole.clone()], &[in_hole.clone()]]).is_ok());
    assert!(parts(&[&[in_hole], &[big.clone(), hole.clone()]]).is_ok());
    assert!(parts(&[&[big.clone(), hole.clone()], &[hole]]).is_ok());
    assert!(
        parts(&[&[big.clone()], &[square(10.0, 10.0, 1.0)], &[square(0.0, 10.0, 1.0)]]).is_ok()
    );
    assert!(parts(&[&[big], &[square(2.0, 10.0, 3.0)]]).is_ok());
}

/// J-REFUSE-1
#[test]
fn bad_lengths_are_refused() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 5_000_001.0] {
        let error = refused(Shape::new(&Geometry::Circle { centre: at(0.0, 0.0), radius_m: bad }));
        assert!(matches!(error, ShapeError::BadRadius { .. }), "{error}");
        let error = refused(corridor(&[(0.0, 0.0), (1.0, 0.0)], bad));
        assert!(matches!(error, ShapeError::BadHalfWidth { .. }), "{error}");
    }
    for line in [&[][..], &[(1.0, 1.0)], &[(1.0, 1.0), (1.0, 1.0)], &[(1.0, 180.0), (1.0, -180.0)]]
    {
        let error = refused(corridor(line, 10.0));
        assert_eq!(error, ShapeError::CorridorTooShort { positions: line.len() });
    }
}
