//! Weekly schedules against instants worked out by hand.

use wardline::schedule::{Date, Doubt, TimeOfDay, Weekday, WeeklySchedule, Window};
use wardline::time::{Interval, Timestamp};

const BOTH: [Doubt; 2] = [Doubt::Longer, Doubt::Shorter];

fn utc(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().expect("RFC 3339");
    Timestamp::from_ms(instant.as_millisecond())
}

fn between(from: &str, until: &str) -> Interval {
    Interval { from: utc(from), until: utc(until) }
}

fn time(text: &str) -> TimeOfDay {
    let (hour, minute) = text.split_once(':').expect("hh:mm");
    let [hour, minute] = [hour, minute].map(|digits| digits.parse().expect("digits"));
    TimeOfDay::new(hour, minute).expect("a time of day")
}

fn date(year: i16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).expect("a date")
}

fn on(weekdays: &[Weekday], start: &str, end: &str) -> Window {
    Window::on(weekdays, time(start), time(end)).expect("a window")
}

fn across(first: Weekday, start: &str, last: Weekday, end: &str) -> Window {
    Window::across((first, time(start)), (last, time(end))).expect("a window")
}

fn schedule(zone: &str, windows: &[Window]) -> WeeklySchedule {
    WeeklySchedule::new(zone, windows).expect("a schedule")
}

#[track_caller]
fn check(schedule: &WeeklySchedule, term: Interval, doubt: Doubt, expected: &[(&str, &str)]) {
    let found = schedule.intervals(term, doubt).expect("intervals");
    let expected: Vec<_> = expected.iter().map(|(f, u)| between(f, u)).collect();
    assert_eq!(found, expected, "{doubt:?}");
}

/// Checks a window of one Sunday, its two readings apart.
#[track_caller]
fn check_sunday(
    zone: &str,
    (start, end): (&str, &str),
    term: (&str, &str),
    longer: &[(&str, &str)],
    shorter: &[(&str, &str)],
) {
    let schedule = schedule(zone, &[on(&[Weekday::Sunday], start, end)]);
    let term = between(term.0, term.1);
    check(&schedule, term, Doubt::Longer, longer);
    check(&schedule, term, Doubt::Shorter, shorter);
}

#[test]
fn nights_in_bishkek_except_three_dates() {
    // 21 to 23 March 2026 are Saturday to Monday: Monday's night is dropped, Friday's goes on into
    // the first excepted morning.
    let schedule = schedule("Asia/Bishkek", &[on(&Weekday::MONDAY_TO_FRIDAY, "22:00", "06:00")]);
    let schedule = schedule.except(date(2026, 3, 21), date(2026, 3, 23));
    let schedule = schedule.expect("an exception");
    for doubt in BOTH {
        check(
            &schedule,
            between("2026-03-16T00:00:00Z", "2026-03-28T00:00:00Z"),
            doubt,
            &[
                ("2026-03-16T16:00:00Z", "2026-03-17T00:00:00Z"),
                ("2026-03-17T16:00:00Z", "2026-03-18T00:00:00Z"),
                ("2026-03-18T16:00:00Z", "2026-03-19T00:00:00Z"),
                ("2026-03-19T16:00:00Z", "2026-03-20T00:00:00Z"),
                ("2026-03-20T16:00:00Z", "2026-03-21T00:00:00Z"),
                ("2026-03-24T16:00:00Z", "2026-03-25T00:00:00Z"),
                ("2026-03-25T16:00:00Z", "2026-03-26T00:00:00Z"),
                ("2026-03-26T16:00:00Z", "2026-03-27T00:00:00Z"),
                ("2026-03-27T16:00:00Z", "2026-03-28T00:00:00Z"),
            ],
        );
    }
}

#[test]
fn a_single_date_is_excepted_and_not_its_neighbours() {
    let schedule = schedule("Asia/Bishkek", &[on(&Weekday::ALL, "08:00", "09:00")]);
    let schedule = schedule.except(date(2026, 3, 21), date(2026, 3, 21));
    check(
        &schedule.expect("an exception"),
        between("2026-03-20T00:00:00Z", "2026-03-23T00:00:00Z"),
        Doubt::Longer,
        &[
            ("2026-03-20T02:00:00Z", "2026-03-20T03:00:00Z"),
            ("2026-03-22T02:00:00Z", "2026-03-22T03:00:00Z"),
        ],
    );
}

/// C26: a monitoring system that knew windows of one day only left four hours of each Saturday
/// without any.
#[test]
fn a_weekend_is_one_interval_without_a_hole() {
    let whole = across(Weekday::Friday, "20:00", Weekday::Sunday, "16:00");
    let in_pieces = [
        on(&[Weekday::Sunday], "00:00", "16:00"),
        on(&[Weekday::Friday], "20:00", "24:00"),
        Window::whole_days(&[Weekday::Saturday]).expect("a window"),
    ];
    let term = between("2026-03-02T00:00:00Z", "2026-03-16T00:00:00Z");
    for windows in [&[whole][..], &in_pieces] {
        for doubt in BOTH {
            check(
                &schedule("Asia/Bishkek", windows),
                term,
                doubt,
                &[
                    ("2026-03-06T14:00:00Z", "2026-03-08T10:00:00Z"),
                    ("2026-03-13T14:00:00Z", "2026-03-15T10:00:00Z"),
                ],
            );
        }
    }
}

#[test]
fn a_term_clips_half_open() {
    let nights = schedule("Asia/Bishkek", &[on(&Weekday::ALL, "22:00", "06:00")]);
    let first = ("2026-03-02T20:00:00Z", "2026-03-03T00:00:00Z");
    let last = ("2026-03-03T16:00:00Z", "2026-03-03T16:00:00.001Z");
    check(&nights, between(first.0, last.1), Doubt::Longer, &[first, last]);
    // From the end of one night to the start of the next there is nothing, not even an instant.
    let day = between("2026-03-03T00:00:00Z", "2026-03-03T16:00:00Z");
    check(&nights, day, Doubt::Longer, &[]);
}

#[test]
fn a_window_of_nearly_a_week_reaches_into_the_term() {
    let hours = across(Weekday::Monday, "10:00", Weekday::Monday, "06:00");
    let sunday = ("2026-03-08T00:00:00Z", "2026-03-08T12:00:00Z");
    let term = between(sunday.0, sunday.1);
    check(&schedule("Asia/Bishkek", &[hours]), term, Doubt::Shorter, &[sunday]);
    let always = across(Weekday::Monday, "10:00", Weekday::Monday, "10:00");
    let year = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let term = between(year.0, year.1);
    check(&schedule("Asia/Bishkek", &[always]), term, Doubt::Shorter, &[year]);
}

#[test]
fn a_night_in_madrid_lasts_seven_eight_or_nine_hours() {
    let nights = schedule("Europe/Madrid", &[on(&Weekday::ALL, "22:00", "06:00")]);
    for doubt in BOTH {
        let spring = between("2026-03-27T12:00:00Z", "2026-03-29T12:00:00Z");
        let eight_and_seven = [
            ("2026-03-27T21:00:00Z", "2026-03-28T05:00:00Z"),
            ("2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"),
        ];
        check(&nights, spring, doubt, &eight_and_seven);
        let autumn = between("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        let nine_and_eight = [
            ("2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"),
            ("2026-10-25T21:00:00Z", "2026-10-26T05:00:00Z"),
        ];
        check(&nights, autumn, doubt, &nine_and_eight);
    }
}

#[test]
fn an_edge_in_the_hour_that_spring_skips() {
    // The clock goes from 02:00 to 03:00 at 01:00 UTC.
    let term = ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z");
    check_sunday(
        "Europe/Madrid",
        ("02:30", "06:00"),
        term,
        &[("2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z")],
        &[("2026-03-29T01:30:00Z", "2026-03-29T04:00:00Z")],
    );
    check_sunday(
        "Europe/Madrid",
        ("00:30", "02:30"),
        term,
        &[("2026-03-28T23:30:00Z", "2026-03-29T01:30:00Z")],
        &[("2026-03-28T23:30:00Z", "2026-03-29T01:00:00Z")],
    );
    check_sunday(
        "Europe/Madrid",
        ("02:15", "02:45"),
        term,
        &[("2026-03-29T01:00:00Z", "2026-03-29T01:45:00Z")],
        &[],
    );
    // 03:00 is shown, and so not in doubt.
    check_sunday("Europe/Madrid", ("02:30", "03:00"), term, &[], &[]);
}

#[test]
fn an_edge_in_the_hour_that_autumn_repeats() {
    // The clock goes from 03:00 back to 02:00 at 01:00 UTC.
    let term = ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z");
    check_sunday(
        "Europe/Madrid",
        ("02:30", "06:00"),
        term,
        &[("2026-10-25T00:30:00Z", "2026-10-25T05:00:00Z")],
        &[("2026-10-25T01:30:00Z", "2026-10-25T05:00:00Z")],
    );
    check_sunday(
        "Europe/Madrid",
        ("00:30", "02:30"),
        term,
        &[("2026-10-24T22:30:00Z", "2026-10-25T01:30:00Z")],
        &[("2026-10-24T22:30:00Z", "2026-10-25T00:30:00Z")],
    );
    check_sunday(
        "Europe/Madrid",
        ("02:15", "02:45"),
        term,
        &[("2026-10-25T00:15:00Z", "2026-10-25T01:45:00Z")],
        &[],
    );
}

#[test]
fn a_year_beyond_the_database_follows_its_last_rule() {
    check_sunday(
        "Europe/Madrid",
        ("02:30", "06:00"),
        ("2060-03-27T12:00:00Z", "2060-03-28T12:00:00Z"),
        &[("2060-03-28T01:00:00Z", "2060-03-28T04:00:00Z")],
        &[("2060-03-28T01:30:00Z", "2060-03-28T04:00:00Z")],
    );
}

#[test]
fn lord_howe_shifts_by_half_an_hour() {
    // From 02:00 back to 01:30 at 15:00 UTC on Saturday.
    check_sunday(
        "Australia/Lord_Howe",
        ("01:45", "04:00"),
        ("2026-04-04T00:00:00Z", "2026-04-05T00:00:00Z"),
        &[("2026-04-04T14:45:00Z", "2026-04-04T17:30:00Z")],
        &[("2026-04-04T15:15:00Z", "2026-04-04T17:30:00Z")],
    );
    // From 02:00 to 02:30 at 15:30 UTC on Saturday.
    check_sunday(
        "Australia/Lord_Howe",
        ("02:10", "04:00"),
        ("2026-10-03T00:00:00Z", "2026-10-04T00:00:00Z"),
        &[("2026-10-03T15:30:00Z", "2026-10-03T17:00:00Z")],
        &[("2026-10-03T15:40:00Z", "2026-10-03T17:00:00Z")],
    );
}

#[test]
fn a_midnight_that_does_not_exist_is_the_instant_of_the_skip() {
    // In São Paulo 4 November 2018 begins at 01:00, 03:00 UTC.
    let term = ("2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z");
    let morning = [("2018-11-04T03:00:00Z", "2018-11-04T08:00:00Z")];
    check_sunday("America/Sao_Paulo", ("00:00", "06:00"), term, &morning, &morning);
    let whole = [("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")];
    check_sunday("America/Sao_Paulo", ("00:00", "24:00"), term, &whole, &whole);

    let late = on(&[Weekday::Saturday], "22:00", "00:30");
    let late = schedule("America/Sao_Paulo", &[late]);
    let term = between(term.0, term.1);
    let longer = [("2018-11-04T01:00:00Z", "2018-11-04T03:30:00Z")];
    check(&late, term, Doubt::Longer, &longer);
    let shorter = [("2018-11-04T01:00:00Z", "2018-11-04T03:00:00Z")];
    check(&late, term, Doubt::Shorter, &shorter);
}

#[test]
fn a_midnight_that_comes_twice_leaves_no_hole() {
    // In Havana the clock goes from 01:00 back to 00:00 at 05:00 UTC on 2 November 2025.
    let week = ("2025-10-31T00:00:00Z", "2025-11-04T00:00:00Z");
    let term = between(week.0, week.1);
    let always = Window::whole_days(&Weekday::ALL).expect("a window");
    for doubt in BOTH {
        let always = schedule("America/Havana", std::slice::from_ref(&always));
        check(&always, term, doubt, &[week]);
    }
    let saturday = Window::whole_days(&[Weekday::Saturday]).expect("a window");
    let saturday = schedule("America/Havana", &[saturday]);
    let longer = [("2025-11-01T04:00:00Z", "2025-11-02T05:00:00Z")];
    check(&saturday, term, Doubt::Longer, &longer);
    let shorter = [("2025-11-01T04:00:00Z", "2025-11-02T04:00:00Z")];
    check(&saturday, term, Doubt::Shorter, &shorter);
}

#[test]
fn a_term_may_end_on_a_date_that_comes_back() {
    // In St John's the clock went from 00:01 on Sunday back to 23:01 on Saturday, at 02:31 UTC.
    check_sunday(
        "America/St_Johns",
        ("00:00", "06:00"),
        ("2010-11-07T00:00:00Z", "2010-11-07T03:00:00Z"),
        &[("2010-11-07T02:30:00Z", "2010-11-07T03:00:00Z")],
        &[],
    );
}

#[test]
fn a_day_that_apia_skipped() {
    // Thursday 29 December 2011 was followed by Saturday 31, at 10:00 UTC on the 30th.
    let term = between("2011-12-30T00:00:00Z", "2011-12-31T00:00:00Z");
    let nights = on(&[Weekday::Thursday, Weekday::Friday], "22:00", "06:00");
    let nights = schedule("Pacific/Apia", &[nights]);
    // Thursday's night ends at a skipped 06:00, Friday's would start on the skipped day.
    let longer = [("2011-12-30T08:00:00Z", "2011-12-30T16:00:00Z")];
    check(&nights, term, Doubt::Longer, &longer);
    let shorter = [("2011-12-30T08:00:00Z", "2011-12-30T10:00:00Z")];
    check(&nights, term, Doubt::Shorter, &shorter);

    let friday = Window::whole_days(&[Weekday::Friday]).expect("a window");
    for doubt in BOTH {
        let friday = schedule("Pacific/Apia", std::slice::from_ref(&friday));
        check(&friday, term, doubt, &[]);
    }
}
