//! Random zones, biased to the poles and the antimeridian, and points near their boundary.

use rand::Rng;
use rand::rngs::StdRng;
use wardline_core::geometry::{Geometry, Position};

/// 180 degrees of longitude, in 1e-7 degree.
pub(crate) const HALF: i64 = 1_800_000_000;

pub(crate) fn wrapped(lat_e7: i64, lon_e7: i64) -> Position {
    let lon_e7 = (lon_e7 + HALF).rem_euclid(2 * HALF) - HALF;
    let lat_e7 = lat_e7.clamp(-900_000_000, 900_000_000);
    Position::from_e7(lat_e7 as i32, lon_e7 as i32).expect("a position")
}

pub(crate) fn degrees(p: Position) -> [f64; 2] {
    [p.lat_deg(), p.lon_deg()]
}

/// A zone and its boundary (or centre line) as edges in degrees, longitudes unwrapped.
pub(crate) struct Sample {
    pub(crate) geometry: Geometry,
    pub(crate) edges: Vec<[[f64; 2]; 2]>,
    pub(crate) offset_m: f64,
}

pub(crate) fn point_of(edge: &[[f64; 2]; 2], t: f64) -> [f64; 2] {
    let [a, b] = edge;
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
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
    // Some with more edges than a chunk has.
    let most = if rng.random_bool(0.05) { 80 } else { 14 };
    let count = rng.random_range(3..most);
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

pub(crate) fn random_sample(rng: &mut StdRng) -> Sample {
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
pub(crate) fn random_point(rng: &mut StdRng, sample: &Sample) -> Position {
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
