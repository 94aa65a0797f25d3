//! The folder of a case: the case itself, and what people read of it.
//!
//! All files but the case follow from it, so verifying the folder makes them again and compares.

use super::case::{self, Case};
use super::{config, scope::Scope};
use crate::files::{Failure, Output};
use crate::map;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use wardline_core::event::Event;
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;
use wardline_journal::{Evidence, Unsealed};
use wardline_wire::jsonl::{event_value, input_value};

/// Writes a case into a folder that does not exist or is empty, and the numbers it is judged with.
///
/// # Errors
///
/// If anything cannot be written.
pub fn write(case: &Case, folder: &Path, numbers_from: &Path) -> Result<(), Failure> {
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(Failure::new("cannot write", folder, "the folder is not empty"));
    }
    fs::create_dir_all(folder).map_err(|e| Failure::new("cannot write", folder, e))?;
    let mut out = Output::create(Some(&folder.join(case::NAME)), &[])?;
    case.write(&mut out).map_err(|e| out.failure(e))?;
    config::copy(numbers_from, folder)?;
    for (name, content) in readable(case)? {
        let file = folder.join(name);
        fs::write(&file, content).map_err(|e| Failure::new("cannot write", &file, e))?;
    }
    Ok(())
}

/// The files of the folder that are not what the case says.
///
/// # Errors
///
/// If the case has no leaves that can be read.
pub fn other_than(case: &Case, folder: &Path) -> Result<Vec<&'static str>, Failure> {
    let mut other = readable(case)?;
    other.retain(|(name, content)| fs::read(folder.join(name)).ok().as_ref() != Some(content));
    Ok(other.into_iter().map(|(name, _)| name).collect())
}

/// What people read, by the names of the files.
fn readable(case: &Case) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let mut events = Vec::new();
    for (leaf, evidence) in case.leaves.iter().zip(case.read_leaves()?) {
        if let Evidence::Event(event) = evidence
            && let Unsealed::Open(event) = *event
        {
            events.push((leaf.proof.leaf, event));
        }
    }
    let values: Vec<_> = events.iter().map(|(_, event)| event_value(event)).collect();
    let inputs: Vec<_> = case.inputs.iter().filter_map(|(_, r)| input_value(r)).collect();
    let mut map = Vec::new();
    let near = Near::of(&case.scope, &events);
    let shown = case.inputs.iter().filter(|(_, record)| near.shows(record));
    let shown = shown.filter_map(|(_, record)| input_value(record));
    map::write_map(shown, &values, &mut map)
        .map_err(|e| Failure::new("cannot draw", Path::new("the map"), e))?;
    Ok(vec![
        ("events.jsonl", lines(&values)),
        ("inputs.jsonl", lines(&inputs)),
        ("checkpoint.txt", case.checkpoint.clone().into_bytes()),
        ("map.html", map),
        ("index.html", page(case, &events, &values).into_bytes()),
    ])
}

fn lines(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| {
        // A vector takes everything.
        let _ = writeln!(out, "{value}");
    });
    out
}

/// The time that the map shows: an hour before and after an incident; of other cases all.
struct Near {
    from: Timestamp,
    until: Timestamp,
}

impl Near {
    fn of(scope: &Scope, events: &[(u64, Event)]) -> Self {
        let is_of_it = |event: &Event| {
            event.episode_id.map(|id| id.to_string()) == scope.episode || scope.episode.is_none()
        };
        let times = events.iter().filter(|(_, event)| is_of_it(event)).map(|(_, e)| e.time);
        let (first, last) = (times.clone().min(), times.max());
        match (scope.episode.is_some(), first, last) {
            (true, Some(first), Some(last)) => {
                Self { from: first.plus_ms(-AROUND_MS), until: last.plus_ms(AROUND_MS) }
            }
            _ => Self { from: Timestamp::from_ms(i64::MIN), until: Timestamp::from_ms(i64::MAX) },
        }
    }

    fn shows(&self, record: &Record) -> bool {
        match &record.input {
            Input::Fix(fix) => self.from <= fix.time && fix.time <= self.until,
            _ => true,
        }
    }
}

/// The page that is read first.
fn page(case: &Case, events: &[(u64, Event)], values: &[Value]) -> String {
    let scope = &case.scope;
    let list = |ids: &std::collections::BTreeSet<u64>| {
        ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    };
    let title = match &scope.episode {
        Some(episode) => format!("Incident {episode}"),
        None => format!("Orders {}", list(&scope.orders)),
    };
    let rows: String = events.iter().zip(values).map(|((leaf, _), v)| row(*leaf, v)).collect();
    let versions: String = case.inputs.iter().filter_map(version).collect();
    PAGE.replace("__TITLE__", &escaped(&title))
        .replace("__ORDERS__", &list(&scope.orders))
        .replace("__PERSONS__", &list(&scope.persons))
        .replace("__DEVICES__", &list(&scope.devices))
        .replace("__CHECKPOINT__", &escaped(&case.checkpoint))
        .replace("__KEY__", &escaped(&case.public_key))
        .replace("__VERSIONS__", &versions)
        .replace("__EVENTS__", &rows)
}

fn row(leaf: u64, event: &Value) -> String {
    let cells: String = COLUMNS.iter().map(|name| cell(&event[*name])).collect();
    format!("<tr><td>{leaf}</td>{cells}</tr>\n")
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("<td>{}</td>", escaped(&text))
}

/// A zone or an order as it was put or ended.
fn version((number, record): &(u64, Record)) -> Option<String> {
    let is_shown = matches!(
        record.input,
        Input::PutZone(_) | Input::RemoveZone(_) | Input::PutOrder(_) | Input::EndOrder(_)
    );
    let text = input_value(record).filter(|_| is_shown)?.to_string();
    Some(format!("<tr><td>{number}</td><td><code>{}</code></td></tr>\n", escaped(&text)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const COLUMNS: [&str; 12] = [
    "id",
    "time",
    "at",
    "kind",
    "phase",
    "rule",
    "zone",
    "other_person",
    "distance_m",
    "certainty",
    "cause",
    "episode",
];
const PAGE: &str = include_str!("page.html");
/// An hour, in milliseconds.
const AROUND_MS: i64 = 3_600_000;
