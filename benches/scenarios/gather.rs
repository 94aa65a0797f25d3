//! What the memory allows: one random line of 64 bytes is read for each fix, and nothing else.

use super::cases::Case;
use super::outcome::median;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use std::time::Instant;

const RUNS: usize = 3;
const FIXES_MIN: usize = 20_000_000;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u64; 8]);

/// Fixes a second if each only touched the line of its device.
pub fn per_s(people: u64, case: &Case) -> f64 {
    let lines: Vec<Line> = (0..people).map(|n| Line([n; 8])).collect();
    let mut order: Vec<u32> = (0..people as u32).collect();
    order.shuffle(&mut SmallRng::seed_from_u64(case.seed));
    let fixes_min = if case.is_test { 10_000 } else { FIXES_MIN };
    let rounds = fixes_min.div_ceil(order.len());
    let rate = |_| {
        let (start, mut sum) = (Instant::now(), 0_u64);
        for _ in 0..rounds {
            for place in &order {
                sum = sum.wrapping_add(lines[*place as usize].0[0]);
            }
        }
        std::hint::black_box(sum);
        (rounds * order.len()) as f64 / start.elapsed().as_secs_f64()
    };
    median(&(0..RUNS).map(rate).collect::<Vec<_>>())
}
