//! Weekly schedules of local hours, worked out as the absolute intervals that orders carry.
//!
//! A court writes "Mondays to Fridays 22:00–06:00, Asia/Bishkek, except 21–23 March"; the engine
//! knows only instants. [`WeeklySchedule`] turns the one into the other before the order is put, so
//! that the log holds instants and replays alike whatever time zones do later.
//!
//! Time zones come from the database that is compiled in, never from the machine. When a country
//! changes its clocks and a new version of the database is out, work the intervals out again and
//! put the order again.
//!
//! ```
//! use wardline::schedule::{Date, Doubt, ScheduleError, TimeOfDay, WeeklySchedule};
//! use wardline::schedule::{Weekday, Window};
//! use wardline::time::{Interval, Timestamp};
//!
//! # fn main() -> Result<(), ScheduleError> {
//! let (evening, morning) = (TimeOfDay::new(22, 0)?, TimeOfDay::new(6, 0)?);
//! let nights = Window::on(&Weekday::MONDAY_TO_FRIDAY, evening, morning)?;
//! let schedule = WeeklySchedule::new("Asia/Bishkek", &[nights])?
//!     .except(Date::new(2026, 3, 21)?, Date::new(2026, 3, 23)?)?;
//!
//! // The order's term: 2 March 2026, 08:00 UTC, to 20 March 2026, 08:00 UTC.
//! let term = Interval {
//!     from: Timestamp::from_ms(1_772_438_400_000),
//!     until: Timestamp::from_ms(1_773_993_600_000),
//! };
//! let active = schedule.intervals(term, Doubt::Longer)?;
//! assert_eq!(active.len(), 14);
//! # Ok(())
//! # }
//! ```

mod calendar;
mod error;
mod readings;
mod window;

pub use calendar::{Date, TimeOfDay, Weekday};
pub use error::ScheduleError;
pub use window::Window;

use jiff::ToSpan;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use readings::readings;
use wardline_core::time::{Interval, Timestamp, clip_and_merge};
use window::Run;

/// So many windows may start in one term: 27 years of nights.
const WINDOWS_MAX: usize = 10_000;
/// 1970-01-01T00:00:00Z: for the years before, the database is incomplete.
const FIRST_MS: i64 = 0;
/// 2200-01-01T00:00:00Z: a term beyond it is a slip of the pen.
const LAST_MS: i64 = 7_258_118_400_000;
/// A window ends at most eight days after the date of its start, and a skipped day adds one.
const DAYS_BEFORE: i32 = 9;

/// Which reading counts when the clock is put forward or back at the edge of a window.
///
/// A local time that the clock shows once is never in doubt. The others have two readings:
///
/// - a time that is shown twice means the first or the second showing;
/// - a time that is skipped means the instant of the skip, or the instant at which a clock that
///   was not put forward would show it.
///
/// There is no default, because the safe side depends on what the hours are for.
///
/// ```
/// use wardline::schedule::{Doubt, TimeOfDay, WeeklySchedule, Weekday, Window};
/// use wardline::time::{Interval, Timestamp};
///
/// # fn main() -> Result<(), wardline::schedule::ScheduleError> {
/// // In Madrid 02:30 is shown twice on Sunday 25 October 2026: at 00:30 and at 01:30 UTC.
/// let (start, end) = (TimeOfDay::new(2, 30)?, TimeOfDay::new(6, 0)?);
/// let window = Window::on(&[Weekday::Sunday], start, end)?;
/// let schedule = WeeklySchedule::new("Europe/Madrid", &[window])?;
/// let day = Interval {
///     from: Timestamp::from_ms(1_792_879_200_000),
///     until: Timestamp::from_ms(1_792_965_600_000),
/// };
/// let rule = schedule.intervals(day, Doubt::Longer)?;
/// let permit = schedule.intervals(day, Doubt::Shorter)?;
/// assert_eq!(permit[0].from.ms_since(rule[0].from), 3_600_000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// For rules: each window lasts from its earliest start to its latest end, so that no doubtful
    /// hour is left unwatched.
    Longer,
    /// For permits: each window lasts from its latest start to its earliest end, so that no
    /// doubtful hour is excused. One that ends before it starts does not happen.
    Shorter,
}

/// Windows of local time that come again every week, in one time zone, with exceptions.
///
/// ```
/// use wardline::schedule::{Doubt, TimeOfDay, WeeklySchedule, Weekday, Window};
/// use wardline::time::{Interval, Timestamp};
///
/// # fn main() -> Result<(), wardline::schedule::ScheduleError> {
/// let visit = Window::across(
///     (Weekday::Friday, TimeOfDay::new(20, 0)?),
///     (Weekday::Sunday, TimeOfDay::new(16, 0)?),
/// )?;
/// let schedule = WeeklySchedule::new("Asia/Bishkek", &[visit])?;
///
/// // The week from Monday, 2 March 2026, 00:00 UTC.
/// let from = Timestamp::from_ms(1_772_409_600_000);
/// let week = Interval { from, until: Timestamp::from_ms(from.ms() + 7 * 86_400_000) };
/// let active = schedule.intervals(week, Doubt::Shorter)?;
/// assert_eq!(active.len(), 1);
/// assert_eq!(active[0].until.ms_since(active[0].from), 44 * 3_600_000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WeeklySchedule {
    zone: TimeZone,
    windows: Vec<Window>,
    exceptions: Vec<(Date, Date)>,
}

impl WeeklySchedule {
    /// A schedule of these windows by the clocks of the zone, an IANA name such as `Asia/Bishkek`.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`] if the database has no such zone;
    /// [`ScheduleError::NoWindows`] without windows, since a rule that never holds watches nobody.
    pub fn new(zone: &str, windows: &[Window]) -> Result<Self, ScheduleError> {
        let unknown = || ScheduleError::UnknownZone { name: zone.to_owned() };
        let found = TimeZoneDatabase::bundled().get(zone);
        let found = found.map_err(|_| unknown())?;
        // The database answers "Etc/Unknown" with UTC, which nobody meant.
        if found.is_unknown() {
            return Err(unknown());
        }
        if windows.is_empty() {
            return Err(ScheduleError::NoWindows);
        }
        Ok(Self { zone: found, windows: windows.to_vec(), exceptions: Vec::new() })
    }

    /// The schedule without the windows that start on the local dates from `first` to `last`, both
    /// included.
    ///
    /// Only the date of the start counts: a night that starts on the evening before `first` lasts
    /// to its end, on the morning of `first`. For a single date, give it twice.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::ReversedException`] if `last` is before `first`.
    pub fn except(mut self, first: Date, last: Date) -> Result<Self, ScheduleError> {
        if last < first {
            return Err(ScheduleError::ReversedException { first, last });
        }
        self.exceptions.push((first, last));
        Ok(self)
    }

    /// The hours of the schedule within a term: sorted, clipped to the term, touching and
    /// overlapping ones made one. Empty if no window falls into the term.
    ///
    /// With [`Doubt::Shorter`] windows that meet on the clock are one before doubt is asked, so
    /// that "every day, 00:00 to 24:00" has no hole where midnight is shown twice.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::BadTerm`] if the term is empty or not within the years 1970 to 2199;
    /// [`ScheduleError::TooManyWindows`] if more than 10,000 windows start in it.
    pub fn intervals(
        &self,
        within: Interval,
        doubt: Doubt,
    ) -> Result<Vec<Interval>, ScheduleError> {
        let bad_term = |_| ScheduleError::BadTerm { within };
        let mut runs = self.runs(within)?;
        // Not for the longer reading: joined, a window that ends in a skip would end sooner than
        // alone.
        if doubt == Doubt::Shorter {
            runs = joined(runs);
        }
        let intervals: Result<Vec<_>, _> =
            runs.iter().map(|run| self.interval(run, doubt)).collect();
        Ok(clip_and_merge(&intervals.map_err(bad_term)?, within))
    }

    /// Every window that may reach into the term, as the clock shows it, by start.
    fn runs(&self, within: Interval) -> Result<Vec<Run>, ScheduleError> {
        let bad_term = |_| ScheduleError::BadTerm { within };
        let is_supported = within.from.ms() >= FIRST_MS && within.until.ms() <= LAST_MS;
        if !is_supported || within.until <= within.from {
            return Err(ScheduleError::BadTerm { within });
        }
        let first = self.date_at(within.from).map_err(bad_term)?;
        let last = self.date_at(within.until).map_err(bad_term)?;
        // Where the clock goes back over midnight, a window may start one date later.
        let last = last.saturating_add(1.day());
        let dates = first.saturating_sub(DAYS_BEFORE.days()).series(1.day());
        let dates = dates.take_while(|date| *date <= last).map(Date::from_civil);
        let runs = dates
            .filter(|date| !self.is_excepted(*date))
            .flat_map(|date| self.windows.iter().filter_map(move |w| w.run_from(date)));

        // Counted before they are kept, so that memory is bounded too.
        let count = runs.clone().count();
        if count > WINDOWS_MAX {
            return Err(ScheduleError::TooManyWindows { count });
        }
        let mut runs: Vec<_> = runs.collect();
        runs.sort_by_key(|run| run.start);
        Ok(runs)
    }

    fn date_at(&self, instant: Timestamp) -> Result<jiff::civil::Date, jiff::Error> {
        let instant = jiff::Timestamp::from_millisecond(instant.ms())?;
        Ok(self.zone.to_datetime(instant).date())
    }

    fn is_excepted(&self, date: Date) -> bool {
        let mut exceptions = self.exceptions.iter();
        exceptions.any(|(first, last)| *first <= date && date <= *last)
    }

    fn interval(&self, run: &Run, doubt: Doubt) -> Result<Interval, jiff::Error> {
        let start = readings(run.start, &self.zone)?;
        let end = readings(run.end, &self.zone)?;
        let (from, until) = match doubt {
            Doubt::Longer => (start.earliest, end.latest),
            Doubt::Shorter => (start.latest, end.earliest),
        };
        Ok(Interval { from, until })
    }
}

/// The runs, sorted by start, with those that meet or overlap on the clock made one.
fn joined(runs: Vec<Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match joined.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => joined.push(run),
        }
    }
    joined
}
