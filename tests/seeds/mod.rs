//! Which seeds a test goes through, by the environment: `WARDLINE_SEED` is one, `WARDLINE_SEEDS`
//! how many.

use std::ops::Range;

/// The seeds that were asked for, or the first of them, so many as usual.
pub fn seeds(usual: u64) -> Range<u64> {
    match (number("WARDLINE_SEED"), number("WARDLINE_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(usual),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}
