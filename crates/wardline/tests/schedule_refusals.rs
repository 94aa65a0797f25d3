//! What a schedule refuses, and with which value.

use wardline::schedule::{Date, Doubt, ScheduleError, TimeOfDay, Weekday, WeeklySchedule, Window};
use wardline::time::{Interval, Timestamp};

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().expect("RFC 3339");
    Timestamp::from_ms(instant.as_millisecond())
}

fn between(from: &str, until: &str) -> Interval {
    Interval { from: at(from), until: at(until) }
}

fn nights(weekdays: &[Weekday]) -> Window {
    Window::on(weekdays, time(22, 0), time(6, 0)).expect("a window")
}

fn time(hour: u8, minute: u8) -> TimeOfDay {
    TimeOfDay::new(hour, minute).expect("a time of day")
}

fn date(year: i16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).expect("a date")
}

fn schedule(zone: &str, window: Window) -> WeeklySchedule {
    WeeklySchedule::new(zone, &[window]).expect("a schedule")
}

#[test]
fn refusals_name_the_value() {
    let times = [(24, 1), (25, 0), (12, 60)];
    for (hour, minute) in times {
        let bad = ScheduleError::BadTimeOfDay { hour, minute };
        assert_eq!(TimeOfDay::new(hour, minute), Err(bad));
    }
    let (year, month, day) = (2026, 200, 31);
    let bad = ScheduleError::BadDate { year, month, day };
    assert_eq!(Date::new(year, month, day), Err(bad));
    let none = Window::on(&[], time(22, 0), time(6, 0));
    assert_eq!(none, Err(ScheduleError::NoWeekdays));
    let (hour, minute) = (24, 0);
    let late = Window::on(&Weekday::ALL, time(24, 0), time(6, 0));
    assert_eq!(late, Err(ScheduleError::BadTimeOfDay { hour, minute }));

    let every_night = nights(&Weekday::ALL);
    for zone in ["Asia/Nowhere", "Etc/Unknown", "etc/unknown", "", "+06:00"] {
        let name = zone.to_owned();
        let refused = WeeklySchedule::new(zone, std::slice::from_ref(&every_night)).err();
        assert_eq!(refused, Some(ScheduleError::UnknownZone { name }));
    }
    let refused = WeeklySchedule::new("Asia/Bishkek", &[]).err();
    assert_eq!(refused, Some(ScheduleError::NoWindows));
    let (first, last) = (date(2026, 3, 23), date(2026, 3, 21));
    let refused = schedule("Asia/Bishkek", every_night).except(first, last).err();
    let reversed = ScheduleError::ReversedException { first, last };
    assert_eq!(refused, Some(reversed));
}

#[test]
fn terms_are_bounded() {
    let curfew = schedule("Asia/Bishkek", nights(&Weekday::ALL));
    let instant = "2026-03-02T00:00:00Z";
    for within in [
        between("1969-12-31T23:59:59.999Z", instant),
        between(instant, "2200-01-01T00:00:00.001Z"),
        between(instant, instant),
        Interval { from: at(instant), until: Timestamp::FAR_FUTURE },
    ] {
        let refused = curfew.intervals(within, Doubt::Longer);
        assert_eq!(refused, Err(ScheduleError::BadTerm { within }));
    }
    let long = between("1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z");
    // 84,006 days, nine before, and two at the end.
    let refused = curfew.intervals(long, Doubt::Longer);
    assert_eq!(refused, Err(ScheduleError::TooManyWindows { count: 84_017 }));
    let sundays = schedule("UTC", nights(&[Weekday::Sunday]));
    let decades = between("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    let found = sundays.intervals(decades, Doubt::Longer);
    assert_eq!(found.map(|found| found.len()), Ok(6_783));
}
