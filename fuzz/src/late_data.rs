//! Fixes and statuses that come late, twice and out of order, under orders of all kinds.

use crate::bytes::{Bytes, time};
use crate::{check_pairs, events};
use std::collections::BTreeMap;
use wardline_core::{Config, Engine, Ledger, Row};
use wardline_wire::jsonl;

/// What a device sends: fewer fixes, and fewer words, than a history holds.
const SENT_MAX: usize = 30;
const LINES_MAX: usize = 120;
const LAT: f64 = 42.87;
const LON: f64 = 74.59;

/// A line of the log: when it happens, when it is received, and the rest of it.
struct Line {
    happens_ms: u64,
    received_ms: u64,
    text: String,
}

/// A few devices send under a few orders. Whatever comes late, twice or out of order: never a
/// panic, paired episodes, the same events with the slack test as without it, and the ledger of
/// the order in which it happened.
// J-LATE-3
pub fn late_data(data: &[u8]) {
    let mut lines = lines(&mut Bytes(data));
    lines.sort_by_key(|line| line.received_ms);
    let late = log(lines.iter().map(|line| (line.received_ms, line.text.as_str())));
    let fast = events(&late, true);
    assert_eq!(fast, events(&late, false), "the slack test changed the events of\n{late}");
    check_pairs(&fast);
    // In order, what was received twice comes once.
    lines.sort_by_key(|line| line.happens_ms);
    lines.dedup_by(|later, line| later.text == line.text && later.happens_ms == line.happens_ms);
    let in_order = log(lines.iter().map(|line| (line.happens_ms, line.text.as_str())));
    assert_eq!(ledger(&late), ledger(&in_order), "late:\n{late}\nin order:\n{in_order}");
}

/// The lines as they come, with a tick when all of them are there.
fn log<'a>(lines: impl Iterator<Item = (u64, &'a str)>) -> String {
    let mut log = String::new();
    for (at_ms, text) in lines {
        log.push_str(&format!("{{\"at\":\"{}\",{text}}}\n", time(at_ms)));
    }
    log.push_str(&format!("{{\"at\":\"{}\",\"type\":\"tick\"}}\n", time(86_000_000)));
    log
}

fn ledger(log: &str) -> Vec<Row> {
    let mut ledger = Ledger::default();
    let mut engine = Engine::new(Config::default());
    for (number, line) in (1..).zip(log.lines()) {
        engine.apply(&jsonl::parse_line(line, number), &mut |event| ledger.take(&event));
    }
    ledger.rows()
}

fn lines(bytes: &mut Bytes<'_>) -> Vec<Line> {
    let mut texts = vec![zone(bytes, 1), zone(bytes, 2), order(bytes, 1), order(bytes, 2)];
    texts.extend([(1, 1), (2, 2), (3, 1)].map(|(device, person)| {
        format!(r#""type":"assign_device","device":{device},"person":{person},"kind":"phone""#)
    }));
    let at_once = |text| Line { happens_ms: 0, received_ms: 0, text };
    let mut lines: Vec<_> = texts.into_iter().map(at_once).collect();
    let mut sent: BTreeMap<u64, usize> = BTreeMap::new();
    let mut now_ms = 0;
    for seq in 1..=LINES_MAX as u64 {
        if bytes.0.is_empty() {
            break;
        }
        // Never two things at one instant: their order would be that of arrival.
        now_ms += 1 + u64::from(bytes.next() % 32) * 2_500;
        let device = u64::from(bytes.next() % 3) + 1;
        let text = match bytes.next() % 16 {
            0 => zone(bytes, device.min(2)),
            1 => order(bytes, device.min(2)),
            2 => format!(r#""type":"remove_zone","zone":{}"#, device.min(2)),
            3 => format!(r#""type":"end_order","order":{},"reason":"revoked""#, device.min(2)),
            kind => {
                let so_far = sent.entry(device).or_default();
                *so_far += 1;
                if *so_far <= SENT_MAX {
                    send(bytes, (kind, device, seq), now_ms, &mut lines);
                }
                continue;
            }
        };
        lines.push(Line { happens_ms: now_ms, received_ms: now_ms, text });
    }
    lines
}

/// A fix or status, received at once or late, maybe twice.
fn send(bytes: &mut Bytes<'_>, (kind, device, seq): (u8, u64, u64), ms: u64, to: &mut Vec<Line>) {
    let head = format!(r#""device":{device},"seq":{seq},"time":"{}""#, time(ms));
    let text = if kind == 4 {
        let words = ["strap_open", "strap_closed", "jamming", "jamming_over"];
        let word = words[usize::from(bytes.next() % 4)];
        format!(r#""type":"status",{head},"status":"{word}""#)
    } else {
        let (lat, lon) = (bytes.near(LAT), bytes.near(LON));
        let accuracy_m = [5, 30, 200][usize::from(bytes.next() % 3)];
        let flags = ["", "", r#""mock""#, r#""moving""#][usize::from(bytes.next() % 4)];
        let place = format!(r#""lat":{lat:.7},"lon":{lon:.7},"accuracy_m":{accuracy_m}"#);
        format!(r#""type":"fix",{head},{place},"flags":[{flags}]"#)
    };
    let delay_ms = match bytes.next() {
        delay @ 128.. => u64::from(delay - 128) * 4_000,
        _ => 0,
    };
    let times = if bytes.next().is_multiple_of(8) { 2 } else { 1 };
    for time in 1..=times {
        let received_ms = ms + delay_ms * time;
        to.push(Line { happens_ms: ms, received_ms, text: text.clone() });
    }
}

fn zone(bytes: &mut Bytes<'_>, zone: u64) -> String {
    let (lat, lon) = (bytes.near(LAT), bytes.near(LON));
    let radius_m = 20 + u32::from(bytes.next());
    let circle =
        format!(r#""type":"Point","coordinates":[{lon:.7},{lat:.7}],"radius_m":{radius_m}"#);
    format!(r#""type":"put_zone","zone":{zone},"geometry":{{{circle}}}"#)
}

/// An order on the first person. A replacement has the same rules under the same ids, for two
/// rules of one id and another kind are two.
fn order(bytes: &mut Bytes<'_>, order: u64) -> String {
    let warn_m = bytes.next();
    let rules = if order == 1 {
        format!(
            r#"{{"rule":1,"kind":"keep_out","zone":1,"warn_m":{warn_m},"confirm_fixes":{}}},{{"rule":2,"kind":"stay_in","zones":[2],"grace_s":{}}}"#,
            bytes.next() % 3,
            u32::from(bytes.next() % 4) * 30,
        )
    } else {
        let distance_m = 50 + u32::from(bytes.next());
        let warn_m = distance_m + u32::from(warn_m);
        format!(
            r#"{{"rule":1,"kind":"keep_away","person":2,"distance_m":{distance_m},"warn_m":{warn_m}}}"#
        )
    };
    let permit = match bytes.next() % 4 {
        0 => r#","permits":[{"zone":2}]"#,
        _ => "",
    };
    let term = format!(r#""from":"{}","until":"{}""#, time(0), time(30 * 86_400_000 - 1));
    let order = format!(r#""type":"put_order","order":{order},"kind":"court","person":1"#);
    format!(r#"{order},{term},"rules":[{rules}]{permit}"#)
}
