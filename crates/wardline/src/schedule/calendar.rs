//! Weekdays, dates and times of day, as a court order writes them.

use super::error::ScheduleError;
use jiff::ToSpan;
use jiff::civil::DateTime;
use std::fmt;

/// A day of the week.
///
/// ```
/// use wardline::schedule::Weekday;
///
/// assert!(!Weekday::MONDAY_TO_FRIDAY.contains(&Weekday::Saturday));
/// assert_eq!(Weekday::ALL.len(), 7);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    /// The whole week.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];
    /// Monday, Tuesday, Wednesday, Thursday and Friday.
    pub const MONDAY_TO_FRIDAY: [Self; 5] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday];

    /// Its place in the week, 0 for Monday.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// A local time of day to the minute, from 00:00 to 24:00.
///
/// ```
/// use wardline::schedule::TimeOfDay;
///
/// # fn main() -> Result<(), wardline::schedule::ScheduleError> {
/// assert_eq!(TimeOfDay::new(6, 5)?.to_string(), "06:05");
/// assert!(TimeOfDay::new(22, 0)? < TimeOfDay::new(24, 0)?);
/// assert!(TimeOfDay::new(24, 1).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

impl TimeOfDay {
    pub(super) const MIDNIGHT: Self = Self { hour: 0, minute: 0 };

    /// The time of the hour and minute. 24:00 is the end of a day and may end a window, not start
    /// one.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::BadTimeOfDay`] if there is no such time.
    pub const fn new(hour: u8, minute: u8) -> Result<Self, ScheduleError> {
        if hour < 24 && minute < 60 || hour == 24 && minute == 0 {
            Ok(Self { hour, minute })
        } else {
            Err(ScheduleError::BadTimeOfDay { hour, minute })
        }
    }

    /// The hour, from 0 to 24.
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, from 0 to 59.
    pub const fn minute(self) -> u8 {
        self.minute
    }

    pub(super) const fn is_end_of_day(self) -> bool {
        self.hour == 24
    }

    /// This time on the date; 24:00 is 00:00 of the next.
    pub(super) fn on(self, date: jiff::civil::Date) -> DateTime {
        let minutes = i32::from(self.hour) * 60 + i32::from(self.minute);
        let midnight = date.at(0, 0, 0, 0);
        midnight.saturating_add(minutes.minutes())
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// A local date of the Gregorian calendar.
///
/// ```
/// use wardline::schedule::Date;
///
/// # fn main() -> Result<(), wardline::schedule::ScheduleError> {
/// assert_eq!(Date::new(2028, 2, 29)?.to_string(), "2028-02-29");
/// assert!(Date::new(2026, 2, 29).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// The date of the year, month (from 1) and day (from 1).
    ///
    /// # Errors
    ///
    /// [`ScheduleError::BadDate`] if there is no such date.
    pub fn new(year: i16, month: u8, day: u8) -> Result<Self, ScheduleError> {
        let bad = ScheduleError::BadDate { year, month, day };
        let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else {
            return Err(bad);
        };
        let date = jiff::civil::Date::new(year, month, day);
        date.map(Self).map_err(|_| bad)
    }

    /// Its weekday.
    pub fn weekday(self) -> Weekday {
        let index = self.0.weekday().to_monday_zero_offset();
        Weekday::ALL[index.rem_euclid(7) as usize]
    }

    pub(super) const fn from_civil(date: jiff::civil::Date) -> Self {
        Self(date)
    }

    pub(super) const fn civil(self) -> jiff::civil::Date {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
