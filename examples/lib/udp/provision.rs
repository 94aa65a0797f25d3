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
use wardline_wire::owntracks::{OwnTracks, key_of_passphrase};
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    user: String,
    phone: String,
    device: u64,
    passphrase: Option<String>,
}

/// Reads the phones: lines of `{"user":"jane","phone":"p7","device":9001,"passphrase":"…"}`. A
/// phone with a passphrase must encrypt. No error repeats a value: it could be the passphrase.
///
/// # Errors
///
/// If the file cannot be read, or a line is not such an object.
pub fn phones(file: &Path, channel: Channel) -> Result<OwnTracks, Failure> {
    let mut owntracks = OwnTracks::new(channel);
    for_lines(file, |line| {
        let phone: Phone = serde_json::from_str(line)
            .map_err(|error| format!("not readable at column {}", error.column()))?;
        let key = phone.passphrase.as_deref().map(|passphrase| {
            key_of_passphrase(passphrase).ok_or("passphrase is not 1 to 32 bytes long")
        });
        let topic = format!("owntracks/{}/{}", phone.user, phone.phone);
        let device = DeviceId::new(phone.device).ok_or("device 0")?;
        owntracks.insert(&topic, device, key.transpose()?);
        Ok(())
    })?;
    Ok(owntracks)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Plan;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
    const PLAN: Plan = Plan { seed: 1, devices: 2, planted: 0, duration: Duration::from_secs(3) };

    /// What is said of a file with these lines; nothing if it can be used.
    fn wrong<T>(lines: &[String], read: impl Fn(&Path) -> Result<T, Failure>) -> Option<String> {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file.jsonl");
        std::fs::write(&file, lines.join("\n")).expect("it can be written");
        let failure = read(&file).err()?.to_string();
        Some(failure.split_once("file.jsonl: ").expect("it is named").1.to_owned())
    }

    #[test]
    fn orders_count_all_or_none() {
        let good = PLAN.inputs(0, NOW).map(|input| input.to_string());
        let read = |file: &Path| orders(file, NOW);
        assert_eq!(wrong(&good, read), None);
        let [zone, order, device] = good.clone();
        let without_zone = wrong(&[order, device], read).expect("it has no zone");
        assert!(without_zone.starts_with("line 1: unknown_zone"), "{without_zone}");
        let no_json = wrong(&[zone.clone(), "{".to_owned()], read).expect("no JSON");
        assert!(no_json.starts_with("line 2: not_json: "), "{no_json}");
        let late = wrong(&[zone], |file| orders(file, NOW.plus_ms(-1))).expect("too late");
        assert!(
            late.starts_with("line 1: at 2026-09-21T") && late.contains("later than"),
            "{late}"
        );
    }

    #[test]
    fn keys_modems_and_phones_name_their_bad_lines_and_no_secret() {
        let line = PLAN.key_line(0);
        assert_eq!(wrong(&[line.clone(), PLAN.key_line(1)], keys), None);
        let taken = wrong(&[line.clone(), line], keys);
        assert_eq!(taken.as_deref(), Some("line 2: index 0 is taken"));
        let modem = |imei: &str| format!(r#"{{"imei":"{imei}","device":9001}}"#);
        let read = |file: &Path| modems(file, Channel::Open);
        assert_eq!(wrong(&[modem("352093081452251")], read), None);
        let short = wrong(&[modem("35209308145225")], read);
        assert_eq!(short.as_deref(), Some(r#"line 1: imei "35209308145225" is not 15 digits"#));
        let phone = r#"{"user":"jane","phone":"p7","device":9001,"passphrase":"open sesame"}"#;
        let read = |file: &Path| phones(file, Channel::Open);
        assert_eq!(wrong(&[phone.to_owned()], read), None);
        for bad in [phone.replace("9001", "\"open sesame\""), phone.replace("9001", "0")] {
            let said = wrong(&[bad], read).expect("it is bad");
            assert!(said.starts_with("line 1: ") && !said.contains("sesame"), "{said}");
        }
    }
}
