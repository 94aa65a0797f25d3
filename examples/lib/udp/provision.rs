//! What a server is given at its start: orders, keys of devices, numbers of modems.
//!
//! Whoever starts a server must know that every order in the file counts, so one bad line ends the
//! start, with its number and what is wrong.

use crate::files::{self, Failure};
use serde::Deserialize;
use std::io;
use std::path::Path;
use wardline::{Config, Engine};
use wardline_core::event::EventKind;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Record, Refusal};
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{DeviceTable, KeyEntry, TableConfig};
use wardline_wire::jsonl::Lines;
use wardline_wire::protocol::Channel;
use wardline_wire::teltonika::{Imei, Teltonika};

/// Reads zones, orders, assignments and whatever else is an input.
///
/// # Errors
///
/// If the file cannot be read, or a line is no input, refused by the engine, or from after `now`:
/// then all that comes would seem to be received before it.
pub fn orders(file: &Path, now: Timestamp) -> Result<Vec<Record>, Failure> {
    let mut lines = Lines::new(files::open(file)?);
    let mut engine = Engine::new(Config::default());
    let mut records = Vec::new();
    while let Some(line) = lines.next_line().map_err(|error| cannot_read(file, error))? {
        let record = line.record();
        let wrong = |what: String| bad_line(file, line.number, what);
        if let Input::Invalid(refusal) = &record.input {
            return Err(wrong(words(refusal)));
        }
        if let Some(at) = record.at.filter(|at| *at > now) {
            let (at, now) = (crate::fleet::plan::time(at), crate::fleet::plan::time(now));
            return Err(wrong(format!("at {at} is later than now, {now}")));
        }
        let mut refused = None;
        engine.apply(&record, &mut |event| {
            if event.kind == EventKind::Refused {
                refused = event.refusal.as_ref().map(words);
            }
        });
        if let Some(refused) = refused {
            return Err(wrong(refused));
        }
        records.push(record);
    }
    Ok(records)
}

/// Reads the keys of devices.
///
/// # Errors
///
/// If the file cannot be read, a line is no key, or an index is taken or too large.
pub fn keys(file: &Path) -> Result<DeviceTable, Failure> {
    let mut table = DeviceTable::new(TableConfig::default());
    for_lines(file, |line| {
        let entry = KeyEntry::parse(line).map_err(|error| error.to_string())?;
        table.insert(&entry).map_err(|error| error.to_string())
    })?;
    Ok(table)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Modem {
    imei: String,
    device: u64,
}

/// Reads which modem is which device: lines of `{"imei":"352093081452251","device":9001}`.
///
/// # Errors
///
/// If the file cannot be read, or a line is not such an object.
pub fn modems(file: &Path, channel: Channel) -> Result<Teltonika, Failure> {
    let mut teltonika = Teltonika::new(channel);
    for_lines(file, |line| {
        let modem: Modem = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let imei = Imei::new(modem.imei.as_bytes());
        let imei = imei.ok_or_else(|| format!("imei {:?} is not 15 digits", modem.imei))?;
        teltonika.insert(imei, DeviceId::new(modem.device).ok_or("device 0")?);
        Ok(())
    })?;
    Ok(teltonika)
}

fn for_lines(file: &Path, mut take: impl FnMut(&str) -> Result<(), String>) -> Result<(), Failure> {
    let mut lines = Lines::new(files::open(file)?);
    while let Some(line) = lines.next_line().map_err(|error| cannot_read(file, error))? {
        let text = std::str::from_utf8(line.bytes).map_err(|error| error.to_string());
        let taken = text.and_then(&mut take);
        taken.map_err(|what| bad_line(file, line.number, what))?;
    }
    Ok(())
}

fn words(refusal: &Refusal) -> String {
    format!("{}: {}", refusal.reason, refusal.value)
}

fn cannot_read(file: &Path, error: io::Error) -> Failure {
    Failure::new("cannot read", file, error)
}

fn bad_line(file: &Path, number: u64, what: String) -> Failure {
    Failure::new("cannot use", file, format!("line {number}: {what}"))
}
