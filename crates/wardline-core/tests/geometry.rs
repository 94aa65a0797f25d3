//! Geometry against independent references: `geo` for containment (its predicates are exact on
//! integers), `geographiclib-rs` (Karney) for distances, by brute force.

use geo::{Coord, Intersects, LineString, Polygon};
use geographiclib_rs::{Geodesic, InverseGeodesic};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use wardline_core::geometry::{Bounds, Geometry, Position, Shape, distance_m};

/// 180 degrees of longitude, in 1e-7 degree.
const HALF: i64 = 1_800_000_000;

fn at(lat: f64, lon: f64) -> Position {
    Position::from_degrees(lat, lon).expect("a position")
}

fn wrapped(lat_e7: i64, lon_e7: i64) -> Position {
    let lon_e7 = (lon_e7 + HALF).rem_euclid(2 * HALF) - HALF;
    let lat_e7 = lat_e7.clamp(-900_000_000, 900_000_000);
    Position::from_e7(lat_e7 as i32, lon_e7 as i32).expect("a position")
}

fn karney_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    Geodesic::wgs84().inverse(a[0], a[1], b[0], b[1])
}

fn degrees(p: Position) -> [f64; 2] {
    [p.lat_deg(), p.lon_deg()]
}

/// A zone and its boundary (or centre line) as edges in degrees, longitudes unwrapped.
struct Sample {
    geometry: Geometry,
    edges: Vec<[[f64; 2]; 2]>,
    offset_m: f64,
}

fn rough_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    let r = std::f64::consts::PI / 180.0;
    let s = ((b[0] - a[0]) * r / 2.0).sin();
    let t = ((b[1] - a[1]) * r / 2.0).sin();
    let h = s * s + (a[0] * r).cos() * (b[0] * r).cos() * t * t;
    2.0 * 6_371_000.0 * h.sqrt().min(1.0).asin()
}

fn point_of(edge: &[[f64; 2]; 2], t: f64) -> [f64; 2] {
    let [a, b] = edge;
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}

/// The least distance to an edge near `t0`: golden section, then parabolas of the square.
fn least_m(edge: &[[f64; 2]; 2], t0: f64, width: f64, p: [f64; 2]) -> f64 {
    let f = |t: f64| karney_m(p, point_of(edge, t));
    let (mut t0, mut width) = (t0, width);
    if p[0].abs() > 80.0 {
        // Near a pole there can be two minima within the width.
        let fine = width / 16.0;
        let scan = (-16..=16).map(|k| (t0 + f64::from(k) * fine).clamp(0.0, 1.0));
        let near = scan.map(|t| (f(t), t)).min_by(|a, b| a.0.total_cmp(&b.0));
        t0 = near.map_or(t0, |least| least.1);
        width = 2.0 * fine;
    }
    let (mut low, mut high) = ((t0 - width).max(0.0), (t0 + width).min(1.0));
    let mut best = f(low).min(f(high)).min(f(t0));
    let g = 0.618_033_988_75;
    let (mut c, mut d) = (high - g * (high - low), low + g * (high - low));
    let (mut fc, mut fd) = (f(c), f(d));
    for _ in 0..14 {
        if fc < fd {
            (high, d, fd) = (d, c, fc);
            c = high - g * (high - low);
            fc = f(c);
        } else {
            (low, c, fc) = (c, d, fd);
            d = low + g * (high - low);
            fd = f(d);
        }
    }
    let mut t = 0.5 * (low + high);
    let mut h = high - low;
    for _ in 0..4 {
        let y = [t - h, t, t + h].map(|t| f(t).powi(2));
        best = best.min(y[1].sqrt());
        let bend = y[0] - 2.0 * y[1] + y[2];
        if bend <= 0.0 {
            break;
        }
        t = (t + 0.5 * h * (y[0] - y[2]) / bend).clamp(0.0, 1.0);
        best = best.min(f(t));
        h *= 0.2;
    }
    best
}

fn reference_m(sample: &Sample, p: Position) -> f64 {
    const STEPS: usize = 16;
    let p = degrees(p);
    let mut tops: Vec<(f64, usize, f64)> = Vec::new();
    for (i, edge) in sample.edges.iter().enumerate() {
        let mut top = (f64::MAX, i, 0.0);
        for k in 0..=STEPS {
            let t = k as f64 / STEPS as f64;
            let m = rough_m(p, point_of(edge, t));
            if m < top.0 {
                top = (m, i, t);
            }
        }
        tops.push(top);
    }
    tops.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best = f64::MAX;
    for (m, i, t) in tops {
        let edge = &sample.edges[i];
        let step_m = rough_m(edge[0], edge[1]) / STEPS as f64;
        if m * 0.99 - 1.5 * step_m > best {
            continue;
        }
        // The sphere is not the ellipsoid: the foot may be off by 1 % of the distance.
        let off = 0.01 * m / (step_m * STEPS as f64 + 1e-9);
        let width = off.clamp(1.0 / STEPS as f64, 1.0);
        best = best.min(least_m(edge, t, width, p));
    }
    best
}

/// Where in the world, biased to the poles and the antimeridian, and how large.
fn random_place(rng: &mut StdRng) -> (i64, i64, f64) {
    let lat: f64 = match rng.random_range(0..8) {
        0 => rng.random_range(80.0..89.9),
        1 => rng.random_range(-89.9..-80.0),
        2 => 0.0,
        _ => rng.random_range(-80.0..80.0),
    };
    let lon: f64 = match rng.random_range(0..4) {
        0 => rng.random_range(179.0..181.0),
        _ => rng.random_range(-180.0..180.0),
    };
    let ratio = if rng.random_bool(0.03) { 300_000_f64 } else { 50_000.0 };
    let size_m = 10.0 * ratio.powf(rng.random());
    ((lat * 1e7) as i64, (lon * 1e7) as i64, size_m)
}

/// Vertices around a centre by ascending angle, longitudes unwrapped.
fn star(rng: &mut StdRng, centre: [i64; 2], radius_m: f64, convex: bool) -> Vec<[i64; 2]> {
    let count = rng.random_range(3..14);
    let lat_m = 111_000.0;
    let cos_lat = (centre[0] as f64 / 1e7).to_radians().cos().max(0.001);
    let turn = rng.random::<f64>();
    (0..count)
        .map(|i| {
            let angle = (f64::from(i) + turn) / f64::from(count) * std::f64::consts::TAU;
            let reach = radius_m * if convex { 1.0 } else { rng.random_range(0.4..1.0) };
            let dlat = (reach * angle.sin() / lat_m * 1e7) as i64;
            let dlon = (reach * angle.cos() / lat_m / cos_lat * 1e7) as i64;
            let lat = (centre[0] + dlat).clamp(-899_900_000, 899_900_000);
            [lat, centre[1] + dlon.clamp(-600_000_000, 600_000_000)]
        })
        .collect()
}

/// One side of a convex ring cut at a longitude.
fn cut(ring: &[[i64; 2]], lon: i64, keep_west: bool) -> Vec<[i64; 2]> {
    let kept = |p: &[i64; 2]| if keep_west { p[1] <= lon } else { p[1] >= lon };
    let mut result = Vec::new();
    for (i, a) in ring.iter().enumerate() {
        let b = &ring[(i + 1) % ring.len()];
        if kept(a) {
            result.push(*a);
        }
        if (a[1] - lon).signum() * (b[1] - lon).signum() < 0 {
            let t = (lon - a[1]) as f64 / (b[1] - a[1]) as f64;
            result.push([a[0] + ((b[0] - a[0]) as f64 * t).round() as i64, lon]);
        }
    }
    result
}

fn closed(ring: &[[i64; 2]], shift: i64) -> Vec<Position> {
    ring.iter()
        .chain(ring.first())
        .map(|p| Position::from_e7(p[0] as i32, (p[1] + shift) as i32).expect("within ±180"))
        .collect()
}

fn edges_of(ring: &[Position]) -> Vec<[[f64; 2]; 2]> {
    ring.windows(2)
        .filter(|e| !(e[0].lon_e7() == e[1].lon_e7() && i64::from(e[0].lon_e7()).abs() == HALF))
        .map(|e| [degrees(e[0]), degrees(e[1])])
        .collect()
}

fn random_polygon(rng: &mut StdRng) -> Sample {
    let (lat, lon, radius_m) = random_place(rng);
    let outer = star(rng, [lat, lon], radius_m, false);
    let spans =
        |ring: &[[i64; 2]]| ring.iter().any(|p| p[1] > HALF) || ring.iter().any(|p| p[1] < -HALF);
    let mut parts: Vec<Vec<Vec<Position>>> = Vec::new();
    if spans(&outer) {
        let ring = star(rng, [lat, lon], radius_m, true);
        for (from, to, shift) in [(-3, -1, 2), (-1, 1, 0), (1, 3, -2)] {
            let part = cut(&cut(&ring, to * HALF, true), from * HALF, false);
            if part.len() > 2 {
                parts.push(vec![closed(&part, shift * HALF)]);
            }
        }
    } else {
        let mut rings = vec![closed(&outer, 0)];
        if rng.random_bool(0.3) {
            let hole: Vec<[i64; 2]> =
                outer.iter().map(|p| [lat + (p[0] - lat) / 3, lon + (p[1] - lon) / 3]).collect();
            rings.push(closed(&hole, 0));
        }
        parts.push(rings);
    }
    let edges = parts.iter().flatten().flat_map(|ring| edges_of(ring)).collect();
    let geometry = if parts.len() == 1 {
        Geometry::Polygon(parts.swap_remove(0))
    } else {
        Geometry::MultiPolygon(parts)
    };
    Sample { geometry, edges, offset_m: 0.0 }
}

fn random_sample(rng: &mut StdRng) -> Sample {
    match rng.random_range(0..4) {
        0 => {
            let (lat, lon, radius_m) = random_place(rng);
            let centre = wrapped(lat, lon);
            let edges = vec![[degrees(centre), degrees(centre)]];
            Sample { geometry: Geometry::Circle { centre, radius_m }, edges, offset_m: radius_m }
        }
        1 => {
            let (lat, lon, radius_m) = random_place(rng);
            let points = star(rng, [lat, lon], radius_m, false);
            let half_width_m = radius_m * rng.random_range(0.01..0.5);
            let edges = points.windows(2).map(|e| e_deg(e[0], e[1])).collect();
            let line = points.iter().map(|p| wrapped(p[0], p[1])).collect();
            let geometry = Geometry::Corridor { line, half_width_m };
            Sample { geometry, edges, offset_m: half_width_m }
        }
        _ => random_polygon(rng),
    }
}

fn e_deg(a: [i64; 2], b: [i64; 2]) -> [[f64; 2]; 2] {
    [a, b].map(|p| [p[0] as f64 / 1e7, p[1] as f64 / 1e7])
}

/// A point near a vertex, within a few centimetres of an edge, or somewhere around.
fn random_point(rng: &mut StdRng, sample: &Sample) -> Position {
    if rng.random_bool(0.02) {
        let lat = rng.random_range(-900_000_000..=900_000_000);
        return wrapped(lat, rng.random_range(-HALF..=HALF));
    }
    let edge = &sample.edges[rng.random_range(0..sample.edges.len())];
    let kind = rng.random_range(0..6);
    let t = if kind == 0 { 0.0 } else { rng.random() };
    let on = point_of(edge, t);
    let (mut lat, mut lon) = ((on[0] * 1e7).round() as i64, (on[1] * 1e7).round() as i64);
    let reach = match kind {
        0 | 1 => 1,
        2 => 1_000,
        3 => 100_000,
        4 => 3_000_000,
        _ => 20_000_000,
    };
    lat += rng.random_range(-reach..=reach);
    lon += rng.random_range(-reach..=reach);
    if sample.offset_m > 0.0 && rng.random_bool(0.5) {
        lat += (sample.offset_m / 111_000.0 * 1e7) as i64;
    }
    wrapped(lat, lon)
}

fn oracle_holds(geometry: &Geometry, p: Position) -> Option<bool> {
    let parts: Vec<&Vec<Vec<Position>>> = match geometry {
        Geometry::Polygon(rings) => vec![rings],
        Geometry::MultiPolygon(parts) => parts.iter().collect(),
        _ => return None,
    };
    let lon = i64::from(p.lon_e7());
    let lons = if lon.abs() == HALF { vec![lon, -lon] } else { vec![lon] };
    Some(lons.iter().any(|lon| {
        let c = Coord { x: *lon as f64, y: f64::from(p.lat_e7()) };
        parts.iter().any(|rings| polygon_of(rings).intersects(&c))
    }))
}

fn polygon_of(rings: &[Vec<Position>]) -> Polygon<f64> {
    let line = |ring: &Vec<Position>| -> LineString<f64> {
        ring.iter().map(|p| (f64::from(p.lon_e7()), f64::from(p.lat_e7()))).collect()
    };
    Polygon::new(line(&rings[0]), rings[1..].iter().map(line).collect())
}

fn check_pairs(seed: u64, zones: usize, points: usize) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut worst = (0.0_f64, 0.0_f64);
    let mut refused = 0;
    for zone in 0..zones {
        let sample = random_sample(&mut rng);
        let shape = match Shape::new(&sample.geometry) {
            Ok(shape) => shape,
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        for _ in 0..points {
            let p = random_point(&mut rng, &sample);
            let d = shape.signed_distance_m(p);
            let inside = shape.contains(p);
            let context = || format!("seed {seed} zone {zone} {:?} at {p}", sample.geometry);
            assert_eq!(inside, d <= 0.0, "{}", context());
            assert!(!(d == 0.0 && d.is_sign_negative()), "{}", context());
            let near_m = reference_m(&sample, p);
            let expected = match oracle_holds(&sample.geometry, p) {
                Some(holds) => {
                    assert_eq!(inside, holds, "{}", context());
                    if holds { -near_m } else { near_m }
                }
                None => near_m - sample.offset_m,
            };
            let error = (d - expected).abs();
            if expected.abs() <= 10_000.0 {
                worst.0 = worst.0.max(error - 1e-6 * expected.abs());
                assert!(
                    error <= 0.01 + 1e-6 * expected.abs(),
                    "{d} is not {expected}: {}",
                    context()
                );
            } else {
                worst.1 = worst.1.max(error / expected.abs());
                assert!(error <= 1e-3 * expected.abs(), "{d} is not {expected}: {}", context());
            }
            if inside {
                let boxed = shape.bounds().iter().any(|b| b.contains(p));
                assert!(boxed, "{}", context());
            }
        }
    }
    assert!(refused * 20 < zones, "seed {seed}: {refused} of {zones} zones refused");
    println!("seed {seed}: worst {} m near, {} beyond; {refused} refused", worst.0, worst.1);
}

/// J-GEO-1, J-GEO-2, J-GEO-3
#[test]
fn random_pairs_agree_with_the_references() {
    check_pairs(1, 5_000, 20);
}

/// J-GEO-1, J-GEO-2, J-GEO-3
#[test]
#[ignore = "takes many minutes"]
fn ten_million_pairs_agree_with_the_references() {
    for seed in 100..200 {
        check_pairs(seed, 5_000, 20);
    }
}

/// J-GEO-2
#[test]
fn distances_agree_with_karney() {
    let mut rng = StdRng::seed_from_u64(2);
    for _ in 0..20_000 {
        let a =
            wrapped(rng.random_range(-900_000_000..=900_000_000), rng.random_range(-HALF..=HALF));
        let reach = 10_f64.powf(rng.random_range(1.0..9.5)) as i64;
        let b = wrapped(
            i64::from(a.lat_e7()) + rng.random_range(-reach..=reach),
            i64::from(a.lon_e7()) + rng.random_range(-reach..=reach),
        );
        let expected = karney_m(degrees(a), degrees(b));
        let limit = 0.002 + if expected > 19_900_000.0 { 100.0 } else { 0.0 };
        let d = distance_m(a, b);
        assert!((d - expected).abs() < limit, "{a} {b}: {d} {expected}");
        assert_eq!(distance_m(a, a), 0.0);
        let reach_m = expected * (1.0 + 1e-9) + 1e-3;
        let around = Bounds::around(a, reach_m);
        assert!(around.as_slice().iter().any(|x| x.contains(b)), "{a} {b} {reach_m} {around:?}");
    }
    for (a, b) in [
        (at(0.0, 0.0), at(0.0, 180.0)),
        (at(0.0, 0.0), at(0.5, 179.7)),
        (at(90.0, 0.0), at(-90.0, 0.0)),
        (at(30.0, 10.0), at(-30.1, -169.9)),
    ] {
        let expected = karney_m(degrees(a), degrees(b));
        let d = distance_m(a, b);
        assert!((d - expected).abs() < 100.0, "{a} {b}: {d} {expected}");
    }
}

/// J-CROSS-1, J-GEO-1
#[test]
fn segments_agree_with_the_references() {
    let seed = 3;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut met = [0, 0];
    for zone in 0..3_000 {
        let sample = random_sample(&mut rng);
        let Ok(shape) = Shape::new(&sample.geometry) else {
            continue;
        };
        for _ in 0..6 {
            let (a, b) = (random_point(&mut rng, &sample), random_point(&mut rng, &sample));
            let context = || format!("seed {seed} zone {zone} {:?} {a} {b}", sample.geometry);
            let meets = shape.meets_segment(a, b);
            met[usize::from(meets)] += 1;
            assert_eq!(meets, shape.meets_segment(b, a), "{}", context());
            let from = i64::from(a.lon_e7());
            let mut to = i64::from(b.lon_e7());
            to += if to - from > HALF {
                -2 * HALF
            } else if from - to > HALF {
                2 * HALF
            } else {
                0
            };
            match oracle_meets(&sample.geometry, [a, b], [from, to]) {
                Some(expected) => assert_eq!(meets, expected, "{}", context()),
                None => {
                    let least = (0..=200)
                        .map(|k| {
                            let t = f64::from(k) / 200.0;
                            let lat = a.lat_e7() as f64 + (b.lat_e7() - a.lat_e7()) as f64 * t;
                            let lon = from as f64 + (to - from) as f64 * t;
                            shape.signed_distance_m(wrapped(lat as i64, lon as i64))
                        })
                        .fold(f64::MAX, f64::min);
                    let step_m = 2.0
                        * rough_m([a.lat_deg(), from as f64 / 1e7], [b.lat_deg(), to as f64 / 1e7])
                        / 200.0;
                    if least <= -0.02 {
                        assert!(meets, "{least}: {}", context());
                    }
                    if meets {
                        assert!(least <= step_m + 0.02, "{least} {step_m}: {}", context());
                    }
                }
            }
        }
    }
    assert!(met[0] > 1000 && met[1] > 1000, "{met:?}");
}

fn oracle_meets(geometry: &Geometry, ends: [Position; 2], lons: [i64; 2]) -> Option<bool> {
    let parts: Vec<&Vec<Vec<Position>>> = match geometry {
        Geometry::Polygon(rings) => vec![rings],
        Geometry::MultiPolygon(parts) => parts.iter().collect(),
        _ => return None,
    };
    Some([-2 * HALF, 0, 2 * HALF].iter().any(|shift| {
        let c = |i: usize| Coord { x: (lons[i] + shift) as f64, y: f64::from(ends[i].lat_e7()) };
        let line = geo::Line::new(c(0), c(1));
        parts.iter().any(|rings| polygon_of(rings).intersects(&line))
    }))
}
