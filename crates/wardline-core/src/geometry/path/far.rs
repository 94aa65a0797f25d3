//! The distance to a line far away.
//!
//! The earth is no sphere: of two points that are equally far by chord, one may be nearer by
//! geodesic, by 40 m at 2,000 km. So all pieces that are about as near by chord are asked.

use super::super::earth::{Place, dot, place_distance_m, sub};
use super::super::foot::{between, foot_on_chord};
use super::super::thirds::least_by_thirds;
use super::{Chunk, Nodes, Path};
use std::borrow::Borrow;

impl<N: Nodes, C: Borrow<[Chunk]>> Path<N, C> {
    /// The distance where chords do not tell which point is nearest.
    pub(super) fn far_distance_m(&self, from: &Place, chord_m: f64, reach_m: f64) -> f64 {
        let limit_m = chord_m * 1.012;
        let mut best = (reach_m, None);
        for chunk in self.chunks() {
            let d = sub(chunk.centre, from.xyz);
            let reach = limit_m + chunk.radius_m;
            if dot(d, d) > reach * reach {
                continue;
            }
            for i in chunk.pieces() {
                let (a, b) = self.piece(i);
                let (d2, t) = foot_on_chord(a.place.xyz, b.xyz, from.xyz);
                if d2.sqrt() - a.bow_m <= limit_m {
                    let m = place_distance_m(from, &between(&a.place, &b, t));
                    if m <= best.0 {
                        best = (m, Some(i));
                    }
                }
            }
        }
        let middle = match best.1 {
            Some(i) => i,
            None => return best.0,
        };
        (middle.saturating_sub(1)..=middle + 1)
            .filter(|i| self.chunks().iter().any(|chunk| chunk.pieces().contains(i)))
            .map(|i| self.least_on_piece_m(i, from))
            .fold(best.0, f64::min)
    }

    fn least_on_piece_m(&self, piece: usize, from: &Place) -> f64 {
        let [a, b] = self.places(piece);
        let at = |t: f64| place_distance_m(from, &between(&a, &b, t));
        at(least_by_thirds(0.0, 1.0, at)).min(at(0.0)).min(at(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    // J-GEO-2
    #[test]
    fn far_away_the_nearest_by_chord_need_not_be_the_nearest() {
        let from = Place::new(40.0, 10.0);
        // A meridian to the east and a parallel to the north, about as far away.
        for (lon, lat, step) in
            [(12.0, 41.537_814, 1e-7), (33.79, 58.042_66, 1e-4), (60.0, 75.967_24, 2e-4)]
        {
            for k in -5..=5 {
                let lat = lat + step * f64::from(k);
                let east = vec![[30.0, lon], [65.0, lon]];
                check(&[east, vec![[lat, 9.7], [lat, 10.4]]], &from);
            }
        }
        // The foot inside a piece, short or long.
        check(&[vec![[41.9, 9.997], [41.9, 10.0005]]], &from);
        check(&[vec![[30.0, 72.0], [65.0, 72.0]]], &from);
        check(&[vec![[20.0, 60.0], [62.0, 40.0]]], &from);
        // By chord it is the end of a piece, by geodesic a point of the next.
        check(&[vec![[-10.9, 159.64], [-12.9, 156.34]]], &Place::new(20.98, 136.89));
        // Towards the other side of the earth.
        for k in 0..=40 {
            let lat = 14.0 + 0.05 * f64::from(k);
            let north = vec![[lat, 179.0], [lat, 181.0]];
            check(&[vec![[-0.01, 165.0], [0.01, 165.0]], north], &Place::new(0.0, 0.0));
        }
    }
}
