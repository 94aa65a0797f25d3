use super::super::foot::between;
use super::super::thirds::least_by_thirds;
use super::*;

/// From a place on, steps to the east, each second one to the north and back.
fn zigzag(from: [f64; 2], step: [f64; 2], count: usize) -> Vec<[f64; 2]> {
    let east = |i: usize| from[1] + step[1] * i as f64;
    let north = |i: usize| from[0] + step[0] * (i % 2) as f64;
    (0..count).map(|i| [north(i), east(i)]).collect()
}

/// Lines of many flat pieces, of pieces of both kinds, of long edges, and round a pole; the
/// last is farthest from its middle between two nodes.
fn lines() -> [Vec<[f64; 2]>; 5] {
    let mut mixed = zigzag([-30.0, 179.9], [0.002, 0.001], 20);
    mixed.extend(zigzag([-31.0, 180.0], [0.9, 0.2], 9));
    let flat = zigzag([50.0, 8.0], [0.002, 0.001], 60);
    let long = zigzag([10.0, -70.0], [4.0, 3.0], 9);
    let bent = vec![[89.986, 20.0], [89.986, 31.0], [89.521, 152.0]];
    [flat, mixed, long, zigzag([89.3, 0.0], [0.5, 50.0], 7), bent]
}

/// The least distance by samples and thirds.
fn least_m(edge: &[[f64; 2]], from: &Place) -> f64 {
    let at = |t: f64| {
        let [lat, lon] = [0, 1].map(|i| edge[0][i] + (edge[1][i] - edge[0][i]) * t);
        place_distance_m(from, &place_at([lat, lon]))
    };
    let samples = (0..=50).map(|k| f64::from(k) / 50.0);
    let best = samples.min_by(|s, t| at(*s).total_cmp(&at(*t))).unwrap_or(0.0);
    let (low, high) = ((best - 0.02).max(0.0), (best + 0.02).min(1.0));
    at(least_by_thirds(low, high, at)).min(at(0.0)).min(at(1.0))
}

/// Places on a line, beside it, far away, and near the other side of the earth.
fn places_round(line: &[[f64; 2]]) -> Vec<Place> {
    let mut places = Vec::new();
    for [lat, lon] in line.iter().step_by(5) {
        for off in [0.0, 0.0007, -0.03, 1.0, -20.0, 55.0] {
            places.push(place_at([(lat + off).clamp(-90.0, 90.0), lon + 0.7 * off]));
        }
        places.extend([179.0, 184.0].map(|turn| place_at([-lat, lon + turn])));
    }
    places
}

/// The distance to lines, where centimetres matter and where they do not.
pub(super) fn check(lines: &[Vec<[f64; 2]>], from: &Place) {
    let edges = lines.iter().flat_map(|line| line.windows(2));
    let expected = edges.map(|edge| least_m(edge, from)).fold(f64::INFINITY, f64::min);
    for (exact_m, limit_m) in [(expected, 0.01), (0.0, 1e-3 * expected + 0.01)] {
        let d = Path::new(lines).distance_m(from, exact_m);
        let context = format!("{from:?} {lines:?} {exact_m}");
        assert!((d - expected).abs() < limit_m, "{context}: {d} {expected}");
    }
}

// J-GEO-2
#[test]
fn a_line_is_as_near_as_the_nearest_point_of_an_edge() {
    for line in lines() {
        let line = [line];
        places_round(&line[0]).iter().for_each(|from| check(&line, from));
    }
}

// J-GEO-2
#[test]
fn pieces_near_each_other_are_told_apart_though_they_stray_from_their_chords() {
    // The end of the line is 44 m north of the middle of its first piece, whose chord passes
    // between them; and the same with shorter pieces, 7 cm apart.
    let long = vec![[60.0, 0.0], [60.0, 0.5], [60.5, 0.3], [60.0004, 0.25]];
    let short = vec![[60.0, 0.0], [60.0, 0.02], [60.015, 0.014], [60.000_000_65, 0.01]];
    for (line, lon, step) in [(long, 0.25, 1e-5), (short, 0.01, 2e-8)] {
        let line = [line];
        assert_eq!(Path::new(&line).chunks.len(), 1, "they are in one chunk");
        for k in 0..=40 {
            check(&line, &Place::new(60.0 + step * f64::from(k), lon));
        }
    }
}

// J-GEO-2
#[test]
fn the_end_of_a_line_may_be_nearer_than_another_that_passes_by() {
    // Half a metre to the north a line passes, 10 cm to the south another ends.
    let passes = vec![[50.000_004_5, 7.99], [50.000_004_5, 8.01]];
    let ends = vec![[49.999_999_1, 8.0], [49.99, 8.0]];
    check(&[passes, ends], &Place::new(50.0, 8.0));
}

#[test]
fn a_path_of_nothing_is_nowhere_near() {
    assert_eq!(Path::new(&[]).distance_m(&Place::new(50.0, 8.0), 0.0), f64::INFINITY);
}

// J-GEO-2
#[test]
fn a_short_piece_is_as_far_from_afar() {
    // 220 m of the equator, seen from 220 km to the north and south.
    let line = [vec![[0.0, 20.0], [0.0, 20.002]]];
    for share in [0.002, 0.5, 0.998] {
        for lat in [-2.0, 2.0] {
            check(&line, &Place::new(lat, 20.0 + 0.002 * share));
        }
    }
    // Its end, from as far beyond; and that of a piece of a meridian.
    check(&line, &Place::new(0.0, 22.1));
    check(&[vec![[20.0, 5.0], [20.002, 5.0]]], &Place::new(22.1, 5.0));
}

#[test]
fn short_lines_come_as_near_as_their_ends() {
    let path = |from: f64| Path::new(&[vec![[from, 74.0], [from + 1e-6, 74.0]]]);
    let (south, north) = (path(43.0), path(43.0001));
    let gap_m = place_distance_m(&Place::new(43.000_001, 74.0), &Place::new(43.0001, 74.0));
    assert!(south.comes_within(&north, gap_m + 0.001));
    assert!(north.comes_within(&south, gap_m + 0.001));
    assert!(!south.comes_within(&north, gap_m - 0.001));
}

// J-GEO-2
#[test]
fn pieces_are_in_the_sphere_of_their_chunk_and_it_is_no_larger_than_need_be() {
    let far_m = |a: Xyz, b: Xyz| dot(sub(a, b), sub(a, b)).sqrt();
    for path in lines().map(|line| Path::new(&[line])) {
        let mut next = 0;
        for chunk in &path.chunks {
            let Range { start, end } = chunk.pieces();
            assert_eq!(start, next, "each piece is in one chunk");
            assert!(end - start <= CHUNK);
            next = end;
            let places: Vec<_> = (start..=end).map(|n| path.nodes.place(n)).collect();
            let mut most_m = 0.0_f64;
            for pair in places.windows(2) {
                for t in [0.0, 0.25, 0.5, 0.75, 1.0] {
                    let p = between(&pair[0], &pair[1], t);
                    most_m = most_m.max(far_m(p.xyz, chunk.centre));
                }
            }
            let bow_m = |piece| path.nodes.bow_m(piece);
            let bow_m = chunk.pieces().map(bow_m).fold(0.0, f64::max);
            assert_eq!(chunk.flat, bow_m < BOW_M_SMALL, "flat: no bow in it matters");
            assert!(most_m <= chunk.radius_m, "{chunk:?} {most_m}");
            assert!(chunk.radius_m <= most_m + 2.0 * bow_m + 0.001, "{chunk:?} {most_m}");
            let wide_m = places.iter().map(|a| far_m(a.xyz, places[0].xyz));
            let wide_m = wide_m.fold(0.0, f64::max);
            assert!(chunk.radius_m <= 0.9 * wide_m + 2.0 * bow_m, "{chunk:?} {wide_m}");
        }
        assert_eq!(next, path.nodes.len() - 1);
    }
}

#[test]
fn pieces_get_longer_where_there_would_be_too_many() {
    let line = zigzag([40.0, 0.0], [1.0, 180.0], 200);
    let path = Path::new(&[line]);
    assert!((60_000..66_000).contains(&path.nodes.len()), "{}", path.nodes.len());
    let d = path.distance_m(&Place::new(40.0, 0.0), 0.0);
    assert_eq!(d, 0.0);
}

/// What is asked of an edge by itself is answered as of a path of that edge alone.
#[test]
fn a_piece_is_the_path_of_its_edge() {
    let ends = [[0.0, 0.0], [0.0, 0.28], [-0.02, 0.01], [0.2, -0.2], [0.001, 0.0], [-0.3, 0.3]];
    let mut pieces = 0;
    for from in [[0.0, 0.0], [-54.3, 179.95], [89.4, 20.0]] {
        for to in ends.map(|end| [from[0] + end[0], from[1] + end[1]]) {
            let path = Path::new(&[vec![from, to]]);
            let Some(piece) = Path::of_edge(from, to) else {
                assert!(path.nodes.len() > 2, "{from:?} {to:?}");
                continue;
            };
            pieces += 1;
            assert_eq!(path.nodes.len(), 2, "{from:?} {to:?}");
            for place in places_round(&[from, to]) {
                let (one_m, other_m) =
                    (piece.distance_m(&place, 0.0), path.distance_m(&place, 0.0));
                assert_eq!(one_m.to_bits(), other_m.to_bits(), "{from:?} {to:?} {place:?}");
            }
            for limit_m in [1.0, 1_000.0, 30_000.0] {
                let line =
                    Path::new(&[vec![[from[0] + 0.1, from[1]], [from[0] + 0.2, to[1] + 0.1]]]);
                let answers =
                    [line.comes_within(&piece, limit_m), line.comes_within(&path, limit_m)];
                assert_eq!(answers[0], answers[1], "{from:?} {to:?} {limit_m}");
            }
        }
    }
    assert!(pieces > 10, "{pieces}");
}

/// Both kinds give the same nodes back, and a small zone has the small kind.
#[test]
fn nodes_are_kept_flat_where_all_comes_back() {
    for [lat_e7, lon_e7] in [[428_700_000, 745_900_000], [-339_000_000, -1_799_990_000], [-7, 0]] {
        let at = |lat: i32, lon: i32| [lat_e7 + lat, lon_e7 + lon].map(|e7| f64::from(e7) / 1e7);
        let line = [at(0, 0), at(9_001, 20_003), at(0, 39_999)];
        let path = Path::new(&[line.to_vec()]);
        let [lat, lon] = line[0];
        assert!(path.nodes.are_flat(), "{lat} {lon}");
        for (node, [lat, lon]) in line.into_iter().enumerate() {
            let (kept, given) = (path.nodes.place(node), place_at([lat, lon]));
            assert_eq!(kept.xyz.map(f64::to_bits), given.xyz.map(f64::to_bits));
            assert_eq!((kept.lat_deg, kept.lon_deg), (given.lat_deg, given.lon_deg));
        }
    }
    let [third, long] = [[1e-3 / 3.0, 0.0], [9.0, 0.0]];
    for end in [third, long] {
        assert!(!Path::new(&[vec![[0.0, 0.0], end]]).nodes.are_flat(), "{end:?}");
    }
}
