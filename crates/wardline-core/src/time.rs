//! Time as a value: instants in milliseconds and sets of half-open intervals.

/// An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than every instant that an input can carry.
    pub const FAR_FUTURE: Self = Self(i64::MAX);

    /// The instant `ms` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The instant `ms` milliseconds later.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative if `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Earlier than every instant that an input can carry.
pub(crate) const NEVER: Timestamp = Timestamp::from_ms(i64::MIN);

/// A half-open interval, `[from, until)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after.
    pub until: Timestamp,
}

impl Interval {
    /// Whether the instant lies inside.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.from <= instant && instant < self.until
    }

    /// What both intervals cover, if anything.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let from = self.from.max(other.from);
        let until = self.until.min(other.until);
        (from < until).then_some(Self { from, until })
    }
}

/// The intervals clipped to `bounds`, sorted, touching and overlapping ones made one.
pub fn clip_and_merge(intervals: &[Interval], bounds: Interval) -> Vec<Interval> {
    let mut clipped: Vec<_> = intervals.iter().filter_map(|i| i.intersection(&bounds)).collect();
    clipped.sort_by_key(|interval| interval.from);
    let mut merged: Vec<Interval> = Vec::with_capacity(clipped.len());
    for interval in clipped {
        match merged.last_mut() {
            Some(last) if interval.from <= last.until => {
                last.until = last.until.max(interval.until)
            }
            _ => merged.push(interval),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(from: i64, until: i64) -> Interval {
        Interval { from: Timestamp::from_ms(from), until: Timestamp::from_ms(until) }
    }

    #[test]
    fn touching_intervals_become_one() {
        let merged = clip_and_merge(
            &[interval(5, 9), interval(0, 3), interval(3, 5), interval(20, 30)],
            interval(1, 25),
        );
        assert_eq!(merged, [interval(1, 9), interval(20, 25)]);
    }

    #[test]
    fn what_only_touches_the_bounds_is_gone() {
        let merged =
            clip_and_merge(&[interval(0, 3), interval(5, 5), interval(9, 12)], interval(3, 9));
        assert_eq!(merged, []);
    }

    #[test]
    fn the_end_of_an_interval_is_outside() {
        assert!(interval(1, 2).contains(Timestamp::from_ms(1)));
        assert!(!interval(1, 2).contains(Timestamp::from_ms(2)));
    }
}
