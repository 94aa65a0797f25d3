//! Seeded schedules against an oracle that walks the term minute by minute in local time.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use wardline::schedule::{Date, Doubt, TimeOfDay, Weekday, WeeklySchedule, Window};
use wardline::time::{Interval, Timestamp};

const DAY: i64 = 1_440;
const CASES: u64 = 500;
/// Minutes walked on either side of a change of the clock.
const REACH: i64 = 24 * DAY;

/// Zones and instants at which their clocks change, and one that never does.
const CHANGES: [(&str, &str); 12] = [
    ("Asia/Bishkek", "2026-03-21T00:00:00Z"),
    ("Europe/Madrid", "2026-03-29T01:00:00Z"),
    ("Europe/Madrid", "2026-10-25T01:00:00Z"),
    ("Europe/Dublin", "2045-10-29T01:00:00Z"),
    ("America/Santiago", "2026-04-05T03:00:00Z"),
    ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Havana", "2025-11-02T05:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Africa/Casablanca", "2026-03-22T02:00:00Z"),
];

/// The minutes of some weeks, and what the clock shows in each: minutes since 1970, both.
struct Walk {
    first: i64,
    shown: Vec<i64>,
}

impl Walk {
    fn new(zone: &str, change: i64) -> Self {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).expect(zone);
        let first = change - REACH;
        let minutes = first..change + REACH;
        let shown = minutes.map(|minute| {
            let instant = jiff::Timestamp::from_second(minute * 60).expect("an instant");
            minute + i64::from(zone.to_offset(instant).seconds()) / 60
        });
        Self { first, shown: shown.collect() }
    }

    /// Where in the walk the clock may be said to show the local minute, first and last.
    fn readings(&self, local: i64) -> (usize, usize) {
        let shown = &self.shown;
        if let Some(first) = shown.iter().position(|minute| *minute == local) {
            let last = shown.iter().rposition(|minute| *minute == local);
            return (first, last.unwrap_or(first));
        }
        let skip = (1..shown.len()).find(|i| shown[i - 1] < local && local < shown[*i]);
        let skip = skip.expect("a minute that is not shown is skipped");
        (skip, skip - 1 + (local - shown[skip - 1]) as usize)
    }
}

/// A window in minutes from the start of the week, Monday 00:00, and the same for the library.
struct Hours {
    starts: Vec<i64>,
    length: i64,
    window: Window,
}

struct Case {
    zone: &'static str,
    walk: Walk,
    hours: Vec<Hours>,
    /// First and last day since 1970.
    exception: (i64, i64),
    term: (i64, i64),
}

fn time(minute: i64) -> TimeOfDay {
    TimeOfDay::new((minute / 60) as u8, (minute % 60) as u8).expect("a time of day")
}

/// A minute of a day, most often near the one at which the clock changes.
fn any_minute(random: &mut SmallRng, near: i64) -> i64 {
    if random.random_bool(0.75) {
        let minute = near + random.random_range(-75..75);
        return minute.rem_euclid(DAY);
    }
    random.random_range(0..24) * 60
}

fn any_hours(random: &mut SmallRng, near: i64) -> Hours {
    let (start, mut end) = (any_minute(random, near), any_minute(random, near));
    if random.random_bool(0.2) {
        end = DAY;
    }
    if random.random_bool(0.3) {
        return any_hours_across(random, start, end);
    }
    let mut days: Vec<usize> = (0..7).filter(|_| random.random_bool(0.6)).collect();
    days.push(random.random_range(0..7));
    let weekdays: Vec<_> = days.iter().map(|day| Weekday::ALL[*day]).collect();
    Hours {
        starts: days.iter().map(|day| *day as i64 * DAY + start).collect(),
        length: modulo_up(end - start, DAY),
        window: Window::on(&weekdays, time(start), time(end)).expect("a window"),
    }
}

fn any_hours_across(random: &mut SmallRng, start: i64, end: i64) -> Hours {
    let [first, last]: [usize; 2] = [(); 2].map(|()| random.random_range(0..7));
    let from = (Weekday::ALL[first], time(start));
    let until = (Weekday::ALL[last], time(end));
    let start = first as i64 * DAY + start;
    // "Monday 10:00 to Sunday 24:00" ends on the same clock as "to Monday 00:00".
    let end = last as i64 * DAY + end;
    Hours {
        starts: vec![start],
        length: modulo_up(end - start, 7 * DAY),
        window: Window::across(from, until).expect("a window"),
    }
}

/// The remainder, but the whole divisor for 0.
fn modulo_up(minutes: i64, whole: i64) -> i64 {
    (minutes - 1).rem_euclid(whole) + 1
}

fn any_case(random: &mut SmallRng) -> Case {
    let (zone, change) = *CHANGES.choose(random).expect("a change");
    let change: jiff::Timestamp = change.parse().expect("RFC 3339");
    let change = change.as_second() / 60;
    let walk = Walk::new(zone, change);
    let near = walk.shown[REACH as usize];
    let from = change + random.random_range(-4 * DAY..DAY / 4);
    let first = change / DAY + random.random_range(-8..8);
    Case {
        zone,
        walk,
        hours: (0..random.random_range(1..4)).map(|_| any_hours(random, near)).collect(),
        exception: (first, first + random.random_range(0..3)),
        term: (from, from + random.random_range(1..8 * DAY)),
    }
}

fn interval(from: i64, until: i64) -> Interval {
    Interval { from: Timestamp::from_ms(from * 60_000), until: Timestamp::from_ms(until * 60_000) }
}

impl Case {
    /// Start and end, in local minutes, of every window that a date of the walk starts.
    fn windows(&self) -> Vec<(i64, i64)> {
        // Windows of a week and readings a day off must stay within the walk.
        let days = (self.walk.shown[0] / DAY + 2)..(self.walk.shown[0] / DAY + 38);
        let (first, last) = self.exception;
        let days = days.filter(|day| !(first..=last).contains(day));
        let mut windows = Vec::new();
        for day in days {
            // The first day of 1970 was a Thursday.
            let of_week = (day + 3).rem_euclid(7);
            for hours in &self.hours {
                let mut starts = hours.starts.iter();
                if let Some(start) = starts.find(|start| *start / DAY == of_week) {
                    let start = day * DAY + start % DAY;
                    windows.push((start, start + hours.length));
                }
            }
        }
        windows
    }

    /// For each minute of the walk, whether the schedule holds.
    fn held(&self, doubt: Doubt) -> Vec<bool> {
        let mut held = vec![false; self.walk.shown.len()];
        let windows = match doubt {
            Doubt::Longer => self.windows(),
            Doubt::Shorter => runs(&self.held_on_the_clock()),
        };
        for (start, end) in windows {
            let (start, end) = (self.walk.readings(start), self.walk.readings(end));
            let (from, until) = match doubt {
                Doubt::Longer => (start.0, end.1),
                Doubt::Shorter => (start.1, end.0),
            };
            if from < until {
                held[from..until].fill(true);
            }
        }
        held
    }

    /// For each local minute from the first that the walk shows, whether a window names it.
    fn held_on_the_clock(&self) -> (i64, Vec<bool>) {
        let first = self.walk.shown[0];
        let mut held = vec![false; self.walk.shown.len() + 2 * DAY as usize];
        for (start, end) in self.windows() {
            held[(start - first) as usize..(end - first) as usize].fill(true);
        }
        (first, held)
    }

    /// What the clock alone says: the windows name the minute that it shows.
    fn named(&self) -> Vec<bool> {
        let windows = self.windows();
        let is_named = |shown: &i64| windows.iter().any(|(s, e)| s <= shown && shown < e);
        self.walk.shown.iter().map(is_named).collect()
    }

    fn expected(&self, doubt: Doubt) -> Vec<Interval> {
        let (from, until) = self.term;
        let mut held = self.held(doubt);
        for (place, is_held) in held.iter_mut().enumerate() {
            let minute = self.walk.first + place as i64;
            *is_held &= from <= minute && minute < until;
        }
        let runs = runs(&(self.walk.first, held));
        runs.iter().map(|(from, until)| interval(*from, *until)).collect()
    }

    fn found(&self, doubt: Doubt) -> Vec<Interval> {
        let windows: Vec<_> = self.hours.iter().map(|h| h.window.clone()).collect();
        let [first, last] = [self.exception.0, self.exception.1].map(|day| {
            let date = jiff::Timestamp::from_second(day * 86_400).expect("an instant");
            let date = jiff::tz::TimeZone::UTC.to_datetime(date).date();
            let (month, day) = (date.month() as u8, date.day() as u8);
            Date::new(date.year(), month, day).expect("a date")
        });
        WeeklySchedule::new(self.zone, &windows)
            .and_then(|schedule| schedule.except(first, last))
            .and_then(|schedule| schedule.intervals(interval(self.term.0, self.term.1), doubt))
            .expect("intervals")
    }
}

/// The runs of true, half-open, counted from the first.
fn runs((first, held): &(i64, Vec<bool>)) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for (place, _) in held.iter().enumerate().filter(|(_, is_held)| **is_held) {
        let minute = first + place as i64;
        match runs.last_mut() {
            Some(last) if last.1 == minute => last.1 += 1,
            _ => runs.push((minute, minute + 1)),
        }
    }
    runs
}

#[test]
fn clocks_change_where_the_cases_say() {
    for (zone, change) in &CHANGES[1..] {
        let instant: jiff::Timestamp = change.parse().expect("RFC 3339");
        let shown = Walk::new(zone, instant.as_second() / 60).shown;
        let step = shown[REACH as usize] - shown[REACH as usize - 1];
        assert_ne!(step, 1, "{zone} {change}");
    }
}

#[test]
fn seeded_schedules_are_as_the_oracle_walks_them() {
    let mut doubtful = 0;
    for seed in 0..CASES {
        let case = any_case(&mut SmallRng::seed_from_u64(seed));
        let told = || format!("seed {seed}: {} {:?}", case.zone, case.term);
        for doubt in [Doubt::Longer, Doubt::Shorter] {
            assert_eq!(case.found(doubt), case.expected(doubt), "{} {doubt:?}", told());
        }
        doubtful += u32::from(case.found(Doubt::Longer) != case.found(Doubt::Shorter));
    }
    // Otherwise the cases would test little.
    assert!(doubtful > 50, "only {doubtful} cases were in doubt");
}

#[test]
fn the_longer_reading_loses_no_minute_and_the_shorter_adds_none() {
    for seed in 0..CASES {
        let case = any_case(&mut SmallRng::seed_from_u64(seed));
        let (longer, shorter) = (case.found(Doubt::Longer), case.found(Doubt::Shorter));
        let named = case.named();
        for minute in case.term.0..case.term.1 {
            let is_named = named[(minute - case.walk.first) as usize];
            let instant = Timestamp::from_ms(minute * 60_000);
            let holds = |found: &[Interval]| found.iter().any(|i| i.contains(instant));
            assert!(!is_named || holds(&longer), "seed {seed}: lost {minute}");
            assert!(is_named || !holds(&shorter), "seed {seed}: added {minute}");
        }
    }
}
