//! How near two lines straight in longitude and latitude come to each other.

use super::earth::{Place, Xyz, along, dot, place_distance_m, sub};
use super::foot::between;
use super::path::Node;

/// How often [`pieces_within`] takes a shorter part: each is half as long, its bow a quarter.
const PARTINGS: u32 = 12;

/// Whether two pieces come within `limit_m`: where their chords come nearest, then where the
/// chords of ever shorter parts round there do, until the parts are as good as straight.
pub(crate) fn pieces_within(mine: (Node, Place), theirs: (Node, Place), limit_m: f64) -> bool {
    let (a, b) = (&mine.0.place, &mine.1);
    let (c, d) = (&theirs.0.place, &theirs.1);
    let half = |p: &Place, q: &Place| {
        let v = sub(q.xyz, p.xyz);
        (along(p.xyz, v, 0.5), 0.5 * dot(v, v).sqrt())
    };
    let ((m, m_half), (n, n_half)) = (half(a, b), half(c, d));
    let v = sub(m, n);
    let bows_m = mine.0.bow_m + theirs.0.bow_m;
    let reach = limit_m + m_half + n_half + bows_m + 1e-6;
    if dot(v, v) > reach * reach {
        return false;
    }
    let (mut here, mut there) = ([0.0, 1.0], [0.0, 1.0]);
    for _ in 0..PARTINGS {
        let [p, q] = here.map(|s| between(a, b, s));
        let [r, t] = there.map(|s| between(c, d, s));
        let (s, u) = nearest_on_chords([p.xyz, q.xyz], [r.xyz, t.xyz]);
        let s = here[0] + s * (here[1] - here[0]);
        let u = there[0] + u * (there[1] - there[0]);
        if place_distance_m(&between(a, b, s), &between(c, d, u)) <= limit_m {
            return true;
        }
        here = part_round(s, here);
        there = part_round(u, there);
    }
    false
}

/// Half of the part, round `s` where it has room.
fn part_round(s: f64, part: [f64; 2]) -> [f64; 2] {
    let quarter = 0.25 * (part[1] - part[0]);
    [(s - quarter).max(0.0), (s + quarter).min(1.0)]
}

/// Where two chords come nearest, as shares of each.
///
/// Source: C. Ericson, Real-Time Collision Detection (2005), section 5.1.9.
fn nearest_on_chords(mine: [Xyz; 2], theirs: [Xyz; 2]) -> (f64, f64) {
    let (d, e) = (sub(mine[1], mine[0]), sub(theirs[1], theirs[0]));
    let r = sub(mine[0], theirs[0]);
    let (dd, ee, de) = (dot(d, d), dot(e, e), dot(d, e));
    let (dr, er) = (dot(d, r), dot(e, r));
    let share = |up: f64, down: f64| match down > 0.0 {
        true => (up / down).clamp(0.0, 1.0),
        false => 0.0,
    };
    let s = share(de * er - dr * ee, dd * ee - de * de);
    let t = share(de * s + er, ee);
    (share(de * t - dr, dd), t)
}

#[cfg(test)]
mod tests {
    use super::super::path::Path;
    use super::*;

    #[test]
    fn chords_come_nearest_where_they_are_perpendicular_or_at_an_end() {
        let check = |mine: [Xyz; 2], theirs: [Xyz; 2], expected: (f64, f64)| {
            let (s, t) = nearest_on_chords(mine, theirs);
            let (ds, dt) = (s - expected.0, t - expected.1);
            assert!(ds.abs() < 1e-12 && dt.abs() < 1e-12, "{mine:?} {theirs:?} {s} {t}");
        };
        let along_x = [[1.0, 2.0, 3.0], [9.0, 2.0, 3.0]];
        // One passes above the other, at a right angle and slanting.
        check(along_x, [[3.0, 0.0, 4.0], [3.0, 8.0, 4.0]], (0.25, 0.25));
        check(along_x, [[2.0, 0.0, 4.0], [6.0, 4.0, 4.0]], (0.375, 0.5));
        // Its end is nearest to the inside, or to an end.
        check(along_x, [[7.0, 3.0, 3.0], [7.0, 9.0, 3.0]], (0.75, 0.0));
        check(along_x, [[7.0, 9.0, 3.0], [5.0, 3.0, 3.0]], (0.5, 1.0));
        check(along_x, [[13.0, 3.0, 3.0], [11.0, 3.0, 3.0]], (1.0, 1.0));
        check(along_x, [[-3.0, 3.0, 3.0], [-1.0, 2.0, 3.0]], (0.0, 1.0));
        // Side by side, and chords without length.
        check(along_x, [[5.0, 2.0, 4.0], [25.0, 2.0, 4.0]], (0.5, 0.0));
        check(along_x, [[5.0, 7.0, 3.0]; 2], (0.5, 0.0));
        check([[5.0, 7.0, 3.0]; 2], along_x, (0.0, 0.5));
    }

    #[test]
    fn a_part_is_halved_round_a_place_as_far_as_the_whole_goes() {
        let check = |s: f64, part: [f64; 2], expected: [f64; 2]| {
            assert_eq!(part_round(s, part), expected, "{s} {part:?}");
        };
        check(0.5, [0.0, 1.0], [0.25, 0.75]);
        check(0.5, [0.25, 0.75], [0.375, 0.625]);
        check(0.125, [0.0, 1.0], [0.0, 0.375]);
        check(0.875, [0.0, 1.0], [0.625, 1.0]);
    }

    // J-CROSS-1
    #[test]
    fn lines_come_within_the_least_distance_and_not_within_less() {
        let check = |mine: &[[f64; 2]], theirs: &[[f64; 2]], expected_m: f64| {
            let (a, b) = (Path::new(&[mine.to_vec()]), Path::new(&[theirs.to_vec()]));
            let (more_m, less_m) = (expected_m + 0.001, expected_m - 0.001);
            assert!(a.comes_within(&b, more_m) && b.comes_within(&a, more_m), "{theirs:?}");
            assert!(!a.comes_within(&b, less_m) && !b.comes_within(&a, less_m), "{theirs:?}");
        };
        let north_m = |lat: f64, lat_from: f64| {
            place_distance_m(&Place::new(lat_from, 0.0), &Place::new(lat, 0.0))
        };
        // The way to a parallel goes along the meridian.
        for lat in [-60.0, 0.0, 60.0, 80.0] {
            let parallel = [[lat, -9.0], [lat, 9.0]];
            for up in [0.001, 0.1, 2.0] {
                let top = lat + up;
                let expected_m = north_m(top, lat);
                check(&parallel, &[[top + 1.0, 1.0], [top, 2.5], [top + 1.0, 4.0]], expected_m);
                check(&parallel, &[[top, -3.0], [top + 0.5, 5.0]], expected_m);
            }
        }
        // Side by side, as bent as each other; end to end with a gap; crossing, and end to end.
        check(&[[60.0, -9.0], [60.0, 9.0]], &[[60.5, -5.0], [60.5, 8.0]], north_m(60.5, 60.0));
        check(&[[10.0, 7.0], [11.0, 7.0]], &[[11.2, 7.0], [14.0, 7.0]], north_m(11.2, 11.0));
        let touch = |mine: [[f64; 2]; 2], theirs: [[f64; 2]; 2]| {
            let [a, b] = [mine, theirs].map(|line| Path::new(&[line.to_vec()]));
            assert!(a.comes_within(&b, 0.01), "{mine:?} {theirs:?}");
        };
        touch([[60.0, -9.0], [60.0, 9.0]], [[58.0, 1.0], [63.0, 2.0]]);
        touch([[10.0, 7.0], [10.2, 7.0]], [[10.2, 7.0], [10.4, 7.0]]);
    }
}
