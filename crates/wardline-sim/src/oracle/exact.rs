//! Exact integer tests on 1e-7-degree coordinates (J-GEO-1) and the admission of polygons.

/// A position: longitude and latitude in 1e-7 degrees.
pub type P = (i64, i64);

/// One turn of longitude in 1e-7 degrees.
pub const TURN: i64 = 3_600_000_000;

/// The sign of the turn a → b → c.
pub fn orient(a: P, b: P, c: P) -> i32 {
    let v = (b.0 - a.0) as i128 * (c.1 - a.1) as i128 - (b.1 - a.1) as i128 * (c.0 - a.0) as i128;
    v.signum() as i32
}

/// Whether p lies on the closed segment ab.
pub fn on_segment(p: P, a: P, b: P) -> bool {
    orient(a, b, p) == 0
        && p.0 >= a.0.min(b.0)
        && p.0 <= a.0.max(b.0)
        && p.1 >= a.1.min(b.1)
        && p.1 <= a.1.max(b.1)
}

/// Whether two closed segments have a point in common.
pub fn touch(a: P, b: P, c: P, d: P) -> bool {
    proper(a, b, c, d)
        || on_segment(a, c, d)
        || on_segment(b, c, d)
        || on_segment(c, a, b)
        || on_segment(d, a, b)
}

/// Whether two segments cross in the inside of both.
pub fn proper(a: P, b: P, c: P, d: P) -> bool {
    orient(a, b, c) * orient(a, b, d) < 0 && orient(c, d, a) * orient(c, d, b) < 0
}

/// Where a point is with regard to a ring: 1 inside, 0 on it, -1 outside.
pub fn in_ring(p: P, ring: &[P]) -> i32 {
    let mut inside = false;
    for w in ring.windows(2) {
        let (a, b) = (w[0], w[1]);
        if on_segment(p, a, b) {
            return 0;
        }
        if (a.1 > p.1) != (b.1 > p.1) {
            let up = b.1 > a.1;
            let o = orient(a, b, p);
            if (up && o > 0) || (!up && o < 0) {
                inside = !inside;
            }
        }
    }
    if inside { 1 } else { -1 }
}

/// Where a point is with regard to a polygon with holes: 1 inside, 0 on a boundary, -1 outside.
pub fn in_polygon(p: P, rings: &[Vec<P>]) -> i32 {
    let outer = in_ring(p, &rings[0]);
    if outer <= 0 {
        return outer;
    }
    for h in &rings[1..] {
        match in_ring(p, h) {
            0 => return 0,
            1 => return -1,
            _ => {}
        }
    }
    1
}

fn simple(ring: &[P]) -> Result<(), &'static str> {
    if ring.len() < 4 {
        return Err("ring_too_short");
    }
    if ring[0] != ring[ring.len() - 1] {
        return Err("unclosed_ring");
    }
    let n = ring.len() - 1;
    let mut area: i128 = 0;
    for w in ring.windows(2) {
        if (w[0].0 - w[1].0).abs() > TURN / 2 {
            return Err("edge_too_long");
        }
        area += w[0].0 as i128 * w[1].1 as i128 - w[1].0 as i128 * w[0].1 as i128;
    }
    if ring.iter().any(|p| p.1.abs() >= TURN / 4) {
        return Err("contains_pole");
    }
    if area == 0 {
        return Err("zero_area");
    }
    for i in 0..n {
        let (a, b) = (ring[i], ring[i + 1]);
        for j in i + 1..n {
            let (c, d) = (ring[j], ring[j + 1]);
            let bad = if j == i + 1 {
                on_segment(d, a, b) || on_segment(a, c, d)
            } else if i == 0 && j == n - 1 {
                on_segment(c, a, b) || on_segment(b, c, d)
            } else {
                touch(a, b, c, d)
            };
            if bad {
                return Err("self_intersecting");
            }
        }
    }
    Ok(())
}

fn doubled(rings: &[Vec<P>]) -> Vec<Vec<P>> {
    rings.iter().map(|r| r.iter().map(|p| (p.0 * 2, p.1 * 2)).collect()).collect()
}

/// Points of a doubled ring to probe with: vertices and middles of edges.
fn probes(ring: &[P]) -> Vec<P> {
    let mut v = Vec::new();
    for w in ring.windows(2) {
        v.push(w[0]);
        v.push(((w[0].0 + w[1].0) / 2, (w[0].1 + w[1].1) / 2));
    }
    v
}

fn rings_cross(a: &[P], b: &[P]) -> bool {
    a.windows(2).any(|u| b.windows(2).any(|w| proper(u[0], u[1], w[0], w[1])))
}

fn overlap(a: &[Vec<P>], b: &[Vec<P>]) -> bool {
    if a.iter().any(|r| b.iter().any(|s| rings_cross(r, s))) {
        return true;
    }
    let (a, b) = (doubled(a), doubled(b));
    let hits =
        |x: &[Vec<P>], y: &[Vec<P>]| x.iter().flat_map(|r| probes(r)).any(|p| in_polygon(p, y) > 0);
    let same = |x: &[Vec<P>], y: &[Vec<P>]| probes(&x[0]).iter().all(|p| in_ring(*p, &y[0]) == 0);
    hits(&a, &b) || hits(&b, &a) || same(&a, &b)
}

/// Whether a polygon or several may be admitted (J-REFUSE-1, J-GEO-3).
pub fn admit(parts: &[Vec<Vec<P>>]) -> Result<(), &'static str> {
    if parts.is_empty() || parts.iter().any(Vec::is_empty) {
        return Err("empty_geometry");
    }
    // The position that closes a ring is no vertex of its own.
    if parts.iter().flatten().map(|r| r.len().saturating_sub(1)).sum::<usize>() > 4096 {
        return Err("too_many_vertices");
    }
    for rings in parts {
        for r in rings {
            simple(r)?;
        }
        let two = doubled(rings);
        for i in 1..rings.len() {
            if rings_cross(&rings[0], &rings[i])
                || probes(&two[i]).iter().any(|p| in_ring(*p, &two[0]) < 0)
            {
                return Err("hole_outside");
            }
            if probes(&two[i]).iter().all(|p| in_ring(*p, &two[0]) == 0) {
                return Err("zero_area");
            }
            for j in i + 1..rings.len() {
                if overlap(&rings[i..=i], &rings[j..=j]) {
                    return Err("holes_overlap");
                }
            }
        }
    }
    for i in 0..parts.len() {
        for j in i + 1..parts.len() {
            if overlap(&parts[i], &parts[j]) {
                return Err("parts_overlap");
            }
        }
    }
    Ok(())
}
