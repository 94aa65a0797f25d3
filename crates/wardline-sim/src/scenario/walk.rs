//! How people move.

use super::{Rules, Sim};
use crate::city::BLOCK;
use rand::Rng;

impl Sim<'_> {
    /// Moves people along the road grid.
    pub(super) fn walk(&mut self, seconds: f64) {
        for i in 0..self.people.len() {
            if self.options.rules == Rules::All && self.chance(0.1) {
                self.approach(i);
            } else if self.chance(0.12) {
                let place = match self.any_zone() {
                    Some(z) if self.rng.random_bool(0.8) => self.zones[&z],
                    _ => self.city.place(&mut self.rng),
                };
                let speed = [0.0, 1.4, 1.4, 12.0, 20.0][self.rng.random_range(0..5)];
                let p = &mut self.people[i];
                (p.to, p.speed) = (place, speed);
                p.hover = self.rng.random_bool(0.3);
            }
            let p = &mut self.people[i];
            let mut left = p.speed * seconds;
            let dx = (p.to.0 - p.at.0).clamp(-left, left);
            p.at.0 += dx;
            left -= dx.abs();
            p.at.1 += (p.to.1 - p.at.1).clamp(-left, left);
            if p.hover && seconds > 0.0 {
                p.at.0 += self.rng.random_range(-30.0..30.0);
                p.at.1 += self.rng.random_range(-30.0..30.0);
            }
            p.at = (
                p.at.0.clamp(-12.0 * BLOCK, 12.0 * BLOCK),
                p.at.1.clamp(-12.0 * BLOCK, 12.0 * BLOCK),
            );
        }
    }
}
