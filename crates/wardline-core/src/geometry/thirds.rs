//! The least value of a function, by thirds.

/// Where a function that falls and then rises between two values is least; nearly so if it is
/// level there.
pub(crate) fn least_by_thirds(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..40 {
        let third = (high - low) / 3.0;
        if f(low + third) < f(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_value_is_found_inside_and_at_the_ends() {
        for expected in [-1.0, -0.3, 0.0, 0.4, 0.9, 2.0] {
            let t = least_by_thirds(-1.0, 2.0, |t| (t - expected).abs());
            assert!((t - expected).abs() < 1e-6, "{t} {expected}");
        }
    }
}
