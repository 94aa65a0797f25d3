//! Shapes and geodesic distances, by brute force.

use super::exact::{P, TURN, in_polygon, on_segment, touch};
use geographiclib_rs::{Geodesic, InverseGeodesic};
use std::sync::LazyLock;

static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// The shape of a zone.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Polygons, each an outer ring and its holes.
    Polygons(Vec<Vec<Vec<P>>>),
    /// A geodesic circle.
    Circle(P, f64),
    /// A centre line and the half width.
    Corridor(Vec<P>, f64),
}

/// A position in degrees, longitude first.
type D = (f64, f64);

fn deg(p: P) -> D {
    (p.0 as f64 / 1e7, p.1 as f64 / 1e7)
}

/// The geodesic distance between two positions in degrees.
fn geodesic_deg(a: D, b: D) -> f64 {
    WGS84.inverse(a.1, a.0, b.1, b.0)
}

/// The geodesic distance of two positions (Karney, WGS 84).
pub fn geodesic(a: P, b: P) -> f64 {
    geodesic_deg(deg(a), deg(b))
}

fn sphere(a: D, b: D) -> f64 {
    let (la, lb) = (a.1.to_radians(), b.1.to_radians());
    let dl = (b.0 - a.0).to_radians();
    let h = ((lb - la) / 2.0).sin().powi(2) + la.cos() * lb.cos() * (dl / 2.0).sin().powi(2);
    2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
}

/// The second end of an edge, its longitude moved so that the edge goes the shorter way.
pub fn unwrap(a: P, b: P) -> P {
    let mut d = b.0 - a.0;
    if d > TURN / 2 {
        d -= TURN;
    } else if d < -TURN / 2 {
        d += TURN;
    }
    (a.0 + d, b.1)
}

fn at(a: D, b: D, s: f64) -> D {
    (a.0 + (b.0 - a.0) * s, a.1 + (b.1 - a.1) * s)
}

/// The least geodesic distance from p to edges that are straight in longitude and latitude.
pub fn to_edges(p: P, edges: &[(P, P)]) -> f64 {
    let p = deg(p);
    let mut found: Vec<(f64, f64, D, D, f64, f64)> = Vec::new();
    let mut best = f64::INFINITY;
    for &(a, b) in edges {
        let (a, b) = (deg(a), deg(b));
        let span = (a.0 - b.0).abs().max((a.1 - b.1).abs());
        let n = ((span / 0.25).ceil() as usize).clamp(8, 720);
        let h: Vec<f64> = (0..=n).map(|i| sphere(p, at(a, b, i as f64 / n as f64))).collect();
        let step = sphere(a, at(a, b, 1.0 / n as f64)).max(span * 111_700.0 / n as f64);
        for i in 0..=n {
            best = best.min(h[i]);
            if (i == 0 || h[i] <= h[i - 1]) && (i == n || h[i] <= h[i + 1]) {
                let lo = i.saturating_sub(2) as f64 / n as f64;
                let hi = (i + 2).min(n) as f64 / n as f64;
                found.push((h[i], step, a, b, lo, hi));
            }
        }
    }
    let mut least = f64::INFINITY;
    for (h, step, a, b, lo, hi) in found {
        if h - 2.0 * step <= best * 1.015 + 0.01 {
            least = least.min(search(p, a, b, lo, hi, step));
        }
    }
    least
}

/// Golden section search of the least distance between two parameters of an edge.
fn search(p: D, a: D, b: D, mut lo: f64, mut hi: f64, step: f64) -> f64 {
    let f = |s: f64| geodesic_deg(p, at(a, b, s));
    let ends = f(lo).min(f(hi));
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let mut x = hi - ratio * (hi - lo);
    let mut y = lo + ratio * (hi - lo);
    let (mut fx, mut fy) = (f(x), f(y));
    let mut width = 4.0 * step;
    while width > 5e-4 {
        width *= ratio;
        if fx < fy {
            hi = y;
            (y, fy) = (x, fx);
            x = hi - ratio * (hi - lo);
            fx = f(x);
        } else {
            lo = x;
            (x, fx) = (y, fy);
            y = lo + ratio * (hi - lo);
            fy = f(y);
        }
    }
    ends.min(fx).min(fy)
}

fn turned(p: P) -> Vec<P> {
    match p.0 {
        x if x == TURN / 2 => vec![p, (-x, p.1)],
        x if x == -TURN / 2 => vec![p, (-x, p.1)],
        _ => vec![p],
    }
}

/// The edges that are boundary: shared edges on ±180 between parts are none (J-GEO-3).
fn boundary(parts: &[Vec<Vec<P>>]) -> Vec<(P, P)> {
    let all: Vec<(P, P)> =
        parts.iter().flatten().flat_map(|r| r.windows(2).map(|w| (w[0], w[1]))).collect();
    let mut out = Vec::new();
    for &(a, b) in &all {
        if a.0 != b.0 || a.0.abs() != TURN / 2 {
            out.push((a, b));
            continue;
        }
        let mut left = vec![(a.1.min(b.1), a.1.max(b.1))];
        for &(c, d) in all.iter().filter(|(c, d)| c.0 == -a.0 && d.0 == -a.0) {
            let (lo, hi) = (c.1.min(d.1), c.1.max(d.1));
            left = left
                .into_iter()
                .flat_map(|(u, v)| [(u, v.min(lo)), (u.max(hi), v)])
                .filter(|(u, v)| u < v)
                .collect();
        }
        out.extend(left.into_iter().map(|(u, v)| ((a.0, u), (a.0, v))));
    }
    out
}

fn line(points: &[P]) -> Vec<(P, P)> {
    points.windows(2).map(|w| (w[0], unwrap(w[0], w[1]))).collect()
}

/// The signed distance of a position to a shape: negative inside.
pub fn distance(shape: &Shape, p: P) -> f64 {
    match shape {
        Shape::Circle(c, r) => geodesic(*c, p) - r,
        Shape::Corridor(points, half) => to_edges(p, &line(points)) - half,
        Shape::Polygons(parts) => {
            let inside = turned(p)
                .into_iter()
                .map(|q| parts.iter().map(|r| in_polygon(q, r)).max().unwrap_or(-1))
                .max();
            let edges = boundary(parts);
            let d = to_edges(p, &edges);
            let on = |q: P| edges.iter().any(|e| on_segment(q, e.0, e.1));
            match inside {
                Some(0) if turned(p).into_iter().any(on) => 0.0,
                // On a shared edge on ±180, which is no boundary.
                Some(0 | 1) => -d,
                _ => d.max(1e-9),
            }
        }
    }
}

/// Whether the straight segment between two positions outside comes to the shape (J-CROSS-1).
pub fn crosses(shape: &Shape, a: P, b: P) -> bool {
    let b = unwrap(a, b);
    let meets =
        |c: P, d: P| [-TURN, 0, TURN].iter().any(|s| touch(a, b, (c.0 + s, c.1), (d.0 + s, d.1)));
    match shape {
        Shape::Circle(c, r) => to_edges(*c, &[(a, b)]) <= *r,
        Shape::Polygons(parts) => {
            parts.iter().flatten().any(|r| r.windows(2).any(|w| meets(w[0], w[1])))
        }
        Shape::Corridor(points, half) => {
            line(points).iter().any(|e| meets(e.0, e.1))
                || points.iter().any(|c| to_edges(*c, &[(a, b)]) <= *half)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brute(p: P, edges: &[(P, P)]) -> f64 {
        let mut least = f64::INFINITY;
        for (a, b) in edges {
            for i in 0..=20_000 {
                least =
                    least.min(geodesic_deg(deg(p), at(deg(*a), deg(*b), f64::from(i) / 20_000.0)));
            }
        }
        least
    }

    // J-GEO-2
    #[test]
    fn distance_to_edges_is_the_least() {
        let e = |x: f64, y: f64| ((x * 1e7) as i64, (y * 1e7) as i64);
        for (p, a, b) in [
            (e(74.6, 42.87), e(74.61, 42.86), e(74.62, 42.89)),
            (e(74.6, 42.87), e(60.0, 42.0), e(90.0, 44.0)),
            (e(-179.9, 80.0), e(170.0, 80.1), e(179.99, 80.1)),
            (e(10.0, 89.9), e(-80.0, 89.0), e(80.0, 89.0)),
            (e(0.0, 0.0), e(-1.0, -1.0), e(1.0, 1.0)),
        ] {
            let (x, y) = (to_edges(p, &[(a, b)]), brute(p, &[(a, b)]));
            assert!(
                x <= y + 1e-3 && (y - x) <= 0.02 + 1e-4 * y + 60.0 * f64::from(u8::from(y < 1.0)),
                "{x} {y}"
            );
        }
    }

    // J-GEO-1 J-GEO-3
    #[test]
    fn split_polygon_has_no_boundary_on_the_antimeridian() {
        let t = TURN / 2;
        let m = 1_000_000;
        let ring = |a: i64, b: i64| vec![vec![(a, -m), (b, -m), (b, m), (a, m), (a, -m)]];
        let s = Shape::Polygons(vec![ring(t - m, t), ring(-t, -t + m)]);
        let d = distance(&s, (t, 0));
        assert!((d + 11_057.4).abs() < 5.0, "{d}");
        assert!((distance(&s, (-t, 0)) - d).abs() < 1e-6);
        assert!(distance(&s, (-t + m, 0)).abs() < 1e-3);
        assert!(crosses(&s, (t - 2 * m, 0), (-t + 2 * m, 0)));
        assert!(!crosses(&s, (t - 2 * m, 2 * m), (-t + 2 * m, 2 * m)));
    }
}
