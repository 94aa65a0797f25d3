//! Why a schedule is refused.

use super::calendar::Date;
use std::fmt;
use wardline_core::time::Interval;

/// Why a schedule is refused; each reason carries the offending value.
///
/// ```
/// use wardline::schedule::{ScheduleError, WeeklySchedule, Weekday, Window};
///
/// # fn main() -> Result<(), ScheduleError> {
/// let sundays = Window::whole_days(&[Weekday::Sunday])?;
/// let refused = WeeklySchedule::new("Asia/Frunze", &[sundays]);
/// assert!(matches!(refused, Err(ScheduleError::UnknownZone { name }) if name == "Asia/Frunze"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A name that the database of time zones does not have.
    UnknownZone {
        /// The name given.
        name: String,
    },
    /// An hour and minute that no clock shows, or a window that starts at 24:00.
    BadTimeOfDay {
        /// The hour given.
        hour: u8,
        /// The minute given.
        minute: u8,
    },
    /// A date that no calendar has.
    BadDate {
        /// The year given.
        year: i16,
        /// The month given.
        month: u8,
        /// The day given.
        day: u8,
    },
    /// A window that starts on no weekday.
    NoWeekdays,
    /// A schedule without windows.
    NoWindows,
    /// An exception that ends before it starts.
    ReversedException {
        /// The first date given.
        first: Date,
        /// The last date given.
        last: Date,
    },
    /// A term that does not end after its start, or not within the years 1970 to 2199.
    BadTerm {
        /// The term given.
        within: Interval,
    },
    /// A term in which more than 10,000 windows start.
    TooManyWindows {
        /// The number of windows that start in the term or in the days next to it.
        count: usize,
    },
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownZone { name } => write!(f, "{name:?} is no known time zone"),
            Self::BadTimeOfDay { hour, minute } => {
                write!(f, "{hour:02}:{minute:02} is not in 00:00 to 23:59, or 24:00 for an end")
            }
            Self::BadDate { year, month, day } => {
                write!(f, "{year:04}-{month:02}-{day:02} is no date")
            }
            Self::NoWeekdays => write!(f, "the window starts on no weekday"),
            Self::NoWindows => write!(f, "the schedule has no windows"),
            Self::ReversedException { first, last } => {
                write!(f, "the exception starts on {first} but ends on {last}")
            }
            Self::BadTerm { within } => write!(
                f,
                "the term from {} to {} ms is empty or not within the years 1970 to 2199",
                within.from.ms(),
                within.until.ms()
            ),
            Self::TooManyWindows { count } => {
                write!(f, "{count} windows start in the term, more than 10,000")
            }
        }
    }
}

impl std::error::Error for ScheduleError {}
