//! One window of a weekly schedule.

use super::calendar::{Date, TimeOfDay, Weekday};
use super::error::ScheduleError;
use jiff::ToSpan;
use jiff::civil::DateTime;

/// Local hours that come again every week: on each of some weekdays, or once across several days.
///
/// ```
/// use wardline::schedule::{TimeOfDay, Weekday, Window};
///
/// # fn main() -> Result<(), wardline::schedule::ScheduleError> {
/// let (eight, eight_at_night) = (TimeOfDay::new(8, 0)?, TimeOfDay::new(20, 0)?);
/// let days = Window::on(&Weekday::ALL, eight, eight_at_night)?;
/// let nights = Window::on(&Weekday::ALL, eight_at_night, eight)?;
/// let weekend = Window::across((Weekday::Friday, eight_at_night), (Weekday::Monday, eight))?;
/// let sundays = Window::whole_days(&[Weekday::Sunday])?;
/// # let _ = (days, nights, weekend, sundays);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Whether it starts on a day, from Monday on.
    starts_on: [bool; 7],
    start: TimeOfDay,
    /// How many days after the start it ends.
    days: i32,
    end: TimeOfDay,
}

/// One coming of a window, as the clock shows it.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub start: DateTime,
    pub end: DateTime,
}

impl Window {
    /// A window that starts on each of the weekdays. If its end is not after its start on the
    /// clock, it ends on the next day: 22:00 to 06:00 is a night, 08:00 to 08:00 is 24 hours.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NoWeekdays`] without weekdays, [`ScheduleError::BadTimeOfDay`] if the start
    /// is 24:00.
    pub fn on(
        weekdays: &[Weekday],
        start: TimeOfDay,
        end: TimeOfDay,
    ) -> Result<Self, ScheduleError> {
        Self::new(weekdays, start, i32::from(end <= start), end)
    }

    /// Each of the weekdays from 00:00 to 24:00.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NoWeekdays`] without weekdays.
    pub fn whole_days(weekdays: &[Weekday]) -> Result<Self, ScheduleError> {
        Self::new(weekdays, TimeOfDay::MIDNIGHT, 1, TimeOfDay::MIDNIGHT)
    }

    /// One window a week, from a weekday and time to the next coming of another weekday and time.
    /// If both are the same, it lasts the whole week.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::BadTimeOfDay`] if the start is 24:00.
    pub fn across(
        (first, start): (Weekday, TimeOfDay),
        (last, end): (Weekday, TimeOfDay),
    ) -> Result<Self, ScheduleError> {
        let days = match last.index().cmp(&first.index()) {
            std::cmp::Ordering::Equal if end > start => 0,
            std::cmp::Ordering::Greater => last.index() - first.index(),
            _ => last.index() + 7 - first.index(),
        };
        Self::new(&[first], start, days as i32, end)
    }

    fn new(
        weekdays: &[Weekday],
        start: TimeOfDay,
        days: i32,
        end: TimeOfDay,
    ) -> Result<Self, ScheduleError> {
        if weekdays.is_empty() {
            return Err(ScheduleError::NoWeekdays);
        }
        if start.is_end_of_day() {
            let (hour, minute) = (start.hour(), start.minute());
            return Err(ScheduleError::BadTimeOfDay { hour, minute });
        }
        let mut starts_on = [false; 7];
        for weekday in weekdays {
            starts_on[weekday.index()] = true;
        }
        Ok(Self { starts_on, start, days, end })
    }

    /// The run that starts on the date, if one does.
    pub(super) fn run_from(&self, date: Date) -> Option<Run> {
        let starts = self.starts_on[date.weekday().index()];
        let last = date.civil().saturating_add(self.days.days());
        starts.then(|| Run { start: self.start.on(date.civil()), end: self.end.on(last) })
    }
}
