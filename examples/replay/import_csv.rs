//! Reads tracks from a CSV file and writes them as input lines.
//!
//! The columns `user`, `time`, `lat`, `lon` are found by their names; others are ignored. A row
//! that cannot be used is counted and reported, and never stops the run. This is not the parser
//! of inputs: what it writes is judged like any other line.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};

use csv::{ByteRecord, ReaderBuilder};
use jiff::Timestamp;

/// The person of user 0; user n is this plus n.
pub const PERSON_BASE: u64 = 1001;

/// The device of user 0; user n is this plus n.
pub const DEVICE_BASE: u64 = 9001;

/// How many rejected rows the summary keeps in full; the rest are only counted.
pub const REJECTED_KEPT_MAX: usize = 20;

/// How many characters of an offending value the summary keeps.
pub const VALUE_CHARS_MAX: usize = 60;

const COLUMNS: [&str; 4] = ["user", "time", "lat", "lon"];

/// Writes one `assign_device` per user and one `fix` per usable row, in time order.
///
/// A user's assignment carries the time of their first fix and stands directly before it. Rows
/// of one instant are ordered by user, then by their place in the file. All rows are held in
/// memory (32 bytes each) because the file need not be sorted.
///
/// # Errors
///
/// [`ImportError`] if the header lacks a column, or if reading or writing fails. A bad row is
/// no error: it is in the summary.
pub fn import_csv(reader: impl Read, out: &mut dyn Write) -> Result<ImportSummary, ImportError> {
    let mut summary = ImportSummary::default();
    let mut rows = read_rows(reader, &mut summary)?;
    rows.sort_by_key(|row| (row.time_ms, row.user));
    write_rows(&rows, out, &mut summary)?;
    out.flush()?;
    Ok(summary)
}

/// What an import did, for people to read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportSummary {
    /// Fixes written.
    pub fixes: u64,
    /// Users seen, each with one person and one device.
    pub users: u64,
    /// Rows that could not be used.
    pub rejected: u64,
    /// The first [`REJECTED_KEPT_MAX`] of those rows.
    pub rejected_rows: Vec<RejectedRow>,
}

impl ImportSummary {
    fn reject(&mut self, row: RejectedRow) {
        self.rejected += 1;
        if self.rejected_rows.len() < REJECTED_KEPT_MAX {
            self.rejected_rows.push(row);
        }
    }
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fixes, users, rejected) = (self.fixes, self.users, self.rejected);
        writeln!(f, "{fixes} fixes of {users} users, {rejected} rows rejected")?;
        for row in &self.rejected_rows {
            writeln!(f, "  {row}")?;
        }
        match rejected - self.rejected_rows.len() as u64 {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}

/// A row that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectedRow {
    /// Line of the file, the header being line 1.
    pub line: u64,
    /// The column at fault, or `row` when the row itself is.
    pub column: &'static str,
    /// What stands there, at most [`VALUE_CHARS_MAX`] characters.
    pub value: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for RejectedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, value, reason } = self;
        write!(f, "line {line}: {column} {value:?}: {reason}")
    }
}

/// Why an import stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImportError {
    /// The header has no column of this name.
    MissingColumn(&'static str),
    /// The file could not be read.
    Csv(csv::Error),
    /// The lines could not be written.
    Write(io::Error),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingColumn(name) => write!(f, "the header has no column {name:?}"),
            Self::Csv(error) => write!(f, "cannot read the CSV file: {error}"),
            Self::Write(error) => write!(f, "cannot write the input lines: {error}"),
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::MissingColumn(_) => None,
            Self::Csv(error) => Some(error),
            Self::Write(error) => Some(error),
        }
    }
}

impl From<csv::Error> for ImportError {
    fn from(error: csv::Error) -> Self {
        Self::Csv(error)
    }
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

struct Row {
    user: u64,
    time_ms: i64,
    lat: f64,
    lon: f64,
}

fn read_rows(reader: impl Read, summary: &mut ImportSummary) -> Result<Vec<Row>, ImportError> {
    let mut csv = ReaderBuilder::new().flexible(true).from_reader(reader);
    let places = column_places(csv.byte_headers()?)?;
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while csv.read_byte_record(&mut record)? {
        match parse_row(&record, places) {
            Ok(row) => rows.push(row),
            Err(rejected) => summary.reject(rejected),
        }
    }
    Ok(rows)
}

fn column_places(header: &ByteRecord) -> Result<[usize; 4], ImportError> {
    let mut places = [0; 4];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|field| clean(field) == name);
        *place = found.ok_or(ImportError::MissingColumn(name))?;
    }
    Ok(places)
}

/// A field as text, without blanks and without the mark that some programs put first in a file.
fn clean(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_owned()
}

fn parse_row(record: &ByteRecord, places: [usize; 4]) -> Result<Row, RejectedRow> {
    let line = record.position().map_or(0, csv::Position::line);
    let reject = |column, value: &str, reason| RejectedRow {
        line,
        column,
        value: value.chars().take(VALUE_CHARS_MAX).collect(),
        reason,
    };
    let whole = || clean(&record.iter().collect::<Vec<_>>().join(&b','));
    let field = |index: usize| {
        let bytes = record.get(places[index]);
        bytes.map(clean).ok_or_else(|| reject("row", &whole(), "too few columns"))
    };
    let (user, time, lat, lon) = (field(0)?, field(1)?, field(2)?, field(3)?);
    Ok(Row {
        user: parse_user(&user).ok_or_else(|| reject("user", &user, "not a user number"))?,
        time_ms: parse_time(&time).ok_or_else(|| reject("time", &time, "not a time in UTC"))?,
        lat: parse_degrees(&lat, 90.0).ok_or_else(|| reject("lat", &lat, "not within ±90"))?,
        lon: parse_degrees(&lon, 180.0).ok_or_else(|| reject("lon", &lon, "not within ±180"))?,
    })
}

/// A user number that leaves room for its person and its device.
fn parse_user(text: &str) -> Option<u64> {
    text.parse().ok().filter(|user| *user <= u64::MAX - DEVICE_BASE)
}

/// Milliseconds since 1970, which no track of ours predates.
fn parse_time(text: &str) -> Option<i64> {
    let time: Timestamp = text.parse().ok()?;
    Some(time.as_millisecond()).filter(|ms| *ms >= 0)
}

fn parse_degrees(text: &str, limit: f64) -> Option<f64> {
    text.parse().ok().filter(|degrees: &f64| degrees.abs() <= limit)
}

fn write_rows(rows: &[Row], out: &mut dyn Write, summary: &mut ImportSummary) -> io::Result<()> {
    let mut seq_by_user = BTreeMap::<u64, u64>::new();
    for row in rows {
        let time = format_time(row.time_ms)?;
        let (person, device) = (PERSON_BASE + row.user, DEVICE_BASE + row.user);
        let seq = seq_by_user.entry(row.user).or_insert(0);
        if *seq == 0 {
            write!(out, r#"{{"type":"assign_device","at":"{time}","device":{device},"#)?;
            writeln!(out, r#""person":{person},"kind":"phone"}}"#)?;
        }
        *seq += 1;
        write!(out, r#"{{"type":"fix","at":"{time}","device":{device},"seq":{seq},"#)?;
        writeln!(out, r#""time":"{time}","lat":{},"lon":{}}}"#, row.lat, row.lon)?;
    }
    summary.fixes = rows.len() as u64;
    summary.users = seq_by_user.len() as u64;
    Ok(())
}

fn format_time(time_ms: i64) -> io::Result<String> {
    let time = Timestamp::from_millisecond(time_ms).map_err(io::Error::other)?;
    Ok(format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &[u8]) -> (String, ImportSummary) {
        let mut out = Vec::new();
        let summary = import_csv(text, &mut out).expect("the header is good");
        (String::from_utf8(out).expect("JSON is UTF-8"), summary)
    }

    #[test]
    fn rows_become_assignments_and_fixes_in_time_order() {
        let (out, summary) = run(b"user,time,lat,lon\n\
            3,2008-10-23T02:53:10Z,39.984683,116.318450\n\
            0,2008-10-23T02:53:04Z,39.984702,-0.0000001\n\
            3,2008-10-23T02:53:09.5Z,40,116\n");
        let assign = |at: &str, device: u64, person: u64| {
            format!(r#"{{"type":"assign_device","at":"{at}","device":{device},"#)
                + &format!(r#""person":{person},"kind":"phone"}}"#)
                + "\n"
        };
        let fix = |at: &str, device: u64, seq: u64, place: &str| {
            format!(r#"{{"type":"fix","at":"{at}","device":{device},"seq":{seq},"#)
                + &format!(r#""time":"{at}",{place}}}"#)
                + "\n"
        };
        let times =
            ["2008-10-23T02:53:04.000Z", "2008-10-23T02:53:09.500Z", "2008-10-23T02:53:10.000Z"];
        let expected = assign(times[0], 9001, 1001)
            + &fix(times[0], 9001, 1, r#""lat":39.984702,"lon":-0.0000001"#)
            + &assign(times[1], 9004, 1004)
            + &fix(times[1], 9004, 1, r#""lat":40,"lon":116"#)
            + &fix(times[2], 9004, 2, r#""lat":39.984683,"lon":116.31845"#);
        assert_eq!(out, expected);
        assert_eq!((summary.fixes, summary.users, summary.rejected), (3, 2, 0));
        assert_eq!(summary.to_string(), "3 fixes of 2 users, 0 rows rejected\n");
    }

    #[test]
    fn a_bad_row_is_reported_and_the_rest_goes_on() {
        let (out, summary) = run(b"user,time,lat,lon\n\
            x,2008-10-23T02:53:04Z,1,2\n\
            1,yesterday,1,2\n\
            1,2008-10-23T02:53:04Z,90.5,2\n\
            1,2008-10-23T02:53:04Z,1,NaN\n\
            1,2008-10-23T02:53:04Z\n\
            1,2008-10-23T02:53:04Z,\xff,2\n\
            18446744073709551615,2008-10-23T02:53:04Z,1,2\n\
            1,2008-10-23T02:53:05Z,1,2\n");
        assert_eq!(out.lines().count(), 2);
        let expected = "1 fixes of 1 users, 7 rows rejected\n\
            \x20 line 2: user \"x\": not a user number\n\
            \x20 line 3: time \"yesterday\": not a time in UTC\n\
            \x20 line 4: lat \"90.5\": not within ±90\n\
            \x20 line 5: lon \"NaN\": not within ±180\n\
            \x20 line 6: row \"1,2008-10-23T02:53:04Z\": too few columns\n\
            \x20 line 7: lat \"\u{fffd}\": not within ±90\n\
            \x20 line 8: user \"18446744073709551615\": not a user number\n";
        assert_eq!(summary.to_string(), expected);
    }

    #[test]
    fn rejected_rows_are_kept_up_to_a_limit() {
        let text = format!("user,time,lat,lon\n{}", "?,?,?,?\n".repeat(25));
        let (_, summary) = run(text.as_bytes());
        assert_eq!((summary.rejected, summary.rejected_rows.len()), (25, REJECTED_KEPT_MAX));
        assert!(summary.to_string().ends_with("and 5 more\n"));
    }

    #[test]
    fn columns_are_found_by_name() {
        let (out, _) = run(b"\xef\xbb\xbflon, lat,note,time,user\n2,1,x,2008-10-23T02:53:04Z,0\n");
        assert!(out.contains(r#""lat":1,"lon":2}"#), "{out}");
        let missing = import_csv(&b"user,time,lat\n"[..], &mut Vec::new());
        assert!(matches!(missing, Err(ImportError::MissingColumn("lon"))));
    }
}
