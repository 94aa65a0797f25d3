//! Time as a value: instants in milliseconds and sets of half-open intervals.

use std::fmt;

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

/// As RFC 3339 writes it, in UTC with milliseconds; years beyond 9999 with more digits, those
/// before 0 with a sign.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY_MS: i64 = 86_400_000;
        let (days, ms) = (self.0.div_euclid(DAY_MS), self.0.rem_euclid(DAY_MS));
        let (year, month, day) = date(days);
        let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
        let (second, ms) = (ms / 1000 % 60, ms % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

/// Year, month and day, so many days after 1970-01-01.
///
/// Years are counted from March, so that a leap day is the last of its year; 400 of them have
/// 146,097 days, and from March on the months have 31, 30, 31, 30, 31 days, again and again.
fn date(days: i64) -> (i64, i64, i64) {
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_TO_1970: i64 = 719_468;
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let days = days + DAYS_TO_1970;
    let cycle = days.div_euclid(DAYS_IN_400_YEARS);
    let day = days.rem_euclid(DAYS_IN_400_YEARS);
    // Each fourth year but each hundredth, and each four hundredth, has a leap day at its end.
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + next_year, month, day_of_month)
}

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

    /// Day by day from the year 0 to 2600, with a leap day in each fourth year but those hundredth
    /// that are no four hundredth.
    #[test]
    fn days_follow_each_other_as_in_the_calendar() {
        let (mut year, mut month, mut day) = (0, 1, 1);
        for days in -719_528..230_103 {
            assert_eq!(date(days), (year, month, day), "{days} days after 1970-01-01");
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + i64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (2600, 1, 1));
    }

    #[test]
    fn the_end_of_an_interval_is_outside() {
        assert!(interval(1, 2).contains(Timestamp::from_ms(1)));
        assert!(!interval(1, 2).contains(Timestamp::from_ms(2)));
    }
}
