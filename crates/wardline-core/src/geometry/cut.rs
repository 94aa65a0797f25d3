//! How edges straight in longitude and latitude are cut into pieces that are nearly chords.

use super::earth::RADIANS;

/// The angle of a piece, at most, seen from the earth's centre: about 32 km.
const PIECE_ANGLE: f64 = 0.005;
/// The difference of longitude of a piece, at most, in radians; matters near the poles.
const PIECE_TURN: f64 = 0.2;
/// More than any radius of curvature, in metres.
const CURVATURE_M_MAX: f64 = 6_400_000.0;

/// The cosine of the latitude nearest the equator between two, from above.
fn widest(a_deg: f64, b_deg: f64) -> f64 {
    if a_deg * b_deg <= 0.0 {
        return 1.0;
    }
    (libm::cos(a_deg.abs().min(b_deg.abs()) * RADIANS) + 1e-6).min(1.0)
}

/// Into how many pieces an edge is cut.
pub(crate) fn pieces_of(a: [f64; 2], b: [f64; 2]) -> f64 {
    let dlat = (b[0] - a[0]).abs() * RADIANS;
    let dlon = (b[1] - a[1]).abs() * RADIANS;
    let angle = dlat.max(dlon * widest(a[0], b[0]));
    (angle / PIECE_ANGLE).max(dlon / PIECE_TURN).ceil().max(1.0)
}

/// A bound of how far a piece strays from its chord: an eighth of its greatest acceleration.
pub(crate) fn bow_m(at: [f64; 2], step: [f64; 2]) -> f64 {
    bow_of_m(step, widest(at[0], at[0] + step[0]))
}

/// The same wherever the piece is.
pub(crate) fn bow_most_m(step: [f64; 2]) -> f64 {
    bow_of_m(step, 1.0)
}

fn bow_of_m(step: [f64; 2], widest: f64) -> f64 {
    let dlat = step[0].abs() * RADIANS;
    let dlon = step[1].abs() * RADIANS;
    let acceleration = dlat * dlat + 2.0 * dlat * dlon + dlon * dlon * widest;
    CURVATURE_M_MAX * 1.01 * acceleration / 8.0
}

#[cfg(test)]
mod tests {
    use super::super::foot::{foot_on_chord, place_at};
    use super::*;

    #[test]
    fn edges_are_cut_every_32_km_and_near_poles_by_their_turn() {
        let check = |a: [f64; 2], b: [f64; 2], expected: f64| {
            assert_eq!(pieces_of(a, b), expected, "{a:?} {b:?}");
            assert_eq!(pieces_of(b, a), expected, "{b:?} {a:?}");
        };
        check([10.0, 7.0], [10.0, 7.0], 1.0);
        check([10.0, 7.0], [10.1, 7.1], 1.0);
        check([10.0, 7.0], [11.0, 7.0], 4.0);
        check([0.0, 7.0], [0.0, 8.0], 4.0);
        // A degree of a parallel is as long as the latitude nearest the equator makes it.
        check([60.0, 0.0], [60.0, 30.0], 53.0);
        check([60.0, 0.0], [65.0, 30.0], 53.0);
        check([-60.0, 0.0], [-65.0, 30.0], 53.0);
        check([-1.0, 0.0], [20.0, 30.0], 105.0);
        check([89.9, 0.0], [89.9, 180.0], 16.0);
    }

    /// How far the middle of a piece strays from its chord, and the bound.
    fn stray_and_bow_m(at: [f64; 2], step: [f64; 2]) -> (f64, f64) {
        let point = |t: f64| place_at([at[0] + step[0] * t, at[1] + step[1] * t]).xyz;
        let (square_m2, _) = foot_on_chord(point(0.0), point(1.0), point(0.5));
        (square_m2.sqrt(), bow_m(at, step))
    }

    // J-GEO-2
    #[test]
    fn no_piece_strays_farther_than_its_bow() {
        for lat in [-89.6, -70.0, -0.1, 0.0, 20.0, 50.0, 80.0, 89.7] {
            for [dlat, dlon] in [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 2.0], [1.0, -9.0]] {
                for share in [0.001, 0.05, 0.2] {
                    let step = [dlat * share, dlon * share];
                    let (stray_m, bow_m) = stray_and_bow_m([lat, 100.0], step);
                    assert!(stray_m <= bow_m, "{lat} {step:?}: {stray_m} {bow_m}");
                }
            }
        }
    }

    // Speed only: a bound that is too wide makes queries slow.
    #[test]
    fn the_bow_is_hardly_more_than_pieces_stray() {
        let check = |at: [f64; 2], step: [f64; 2], most: f64| {
            let (stray_m, bow_m) = stray_and_bow_m(at, step);
            assert!(bow_m <= stray_m * most, "{at:?} {step:?}: {stray_m} {bow_m}");
        };
        check([0.0, 9.0], [0.2, 0.0], 1.03);
        check([50.0, 9.0], [0.2, 0.0], 1.03);
        check([0.0, 9.0], [0.0, 0.2], 1.03);
        check([60.0, 9.0], [0.0, 0.2], 1.03);
        check([50.0, 9.0], [0.2, 0.2], 1.8);
        check([0.0, 9.0], [0.1, 0.2], 1.9);
    }
}
