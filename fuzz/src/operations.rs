//! Logs made from bytes: few ids, few places and small steps of time, so that everything meets.

use crate::bytes::{Bytes, time, wrap};
use crate::{check_pairs, events};
use std::fmt::Write;

/// A sequence of operations: never a panic, paired episodes, and the same events with the slack
/// test as without it.
pub fn operations(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut log = String::new();
    let mut now_ms = 0;
    for _ in 0..400 {
        if bytes.0.is_empty() {
            break;
        }
        now_ms += u64::from(bytes.next() % 8) * 2_500;
        let line = operation(&mut bytes, now_ms);
        log.push_str(&line);
        log.push('\n');
    }
    let fast = events(&log, true);
    assert_eq!(fast, events(&log, false), "the slack test changed the events of\n{log}");
    check_pairs(&fast);
}

/// A zone of any shape and fixes near it.
pub fn zone_log(data: &[u8]) -> String {
    let mut bytes = Bytes(data);
    let at = time(0);
    let mut log = String::new();
    let origin = [(42.87, 74.59), (0.0, 179.999), (-60.0, -179.9995), (78.0, 15.0)];
    let (lat, lon) = origin[usize::from(bytes.next() % 4)];
    let zone = geometry(&mut bytes, lat, lon);
    let _ = writeln!(log, r#"{{"type":"put_zone","at":"{at}","zone":1,"geometry":{zone}}}"#);
    let warn = u32::from(bytes.next()) * 2;
    let _ = writeln!(
        log,
        r#"{{"type":"put_order","at":"{at}","order":1,"kind":"court","person":1,"from":"{at}","until":"{}","rules":[{{"rule":1,"kind":"keep_out","zone":1,"warn_m":{warn}}}]}}"#,
        time(86_400_000),
    );
    let _ = writeln!(
        log,
        r#"{{"type":"assign_device","at":"{at}","device":1,"person":1,"kind":"phone"}}"#
    );
    for seq in 1..40 {
        if bytes.0.is_empty() {
            break;
        }
        let then = time(seq * 20_000);
        let (lat, lon) = (bytes.near(lat), wrap(bytes.near(lon)));
        let _ = writeln!(
            log,
            r#"{{"type":"fix","at":"{then}","device":1,"seq":{seq},"time":"{then}","lat":{lat:.7},"lon":{lon:.7},"accuracy_m":5.0}}"#
        );
    }
    log
}

fn geometry(bytes: &mut Bytes<'_>, lat: f64, lon: f64) -> String {
    let position = |bytes: &mut Bytes<'_>| {
        let lat = bytes.near(lat);
        format!("[{:.7},{lat:.7}]", wrap(bytes.near(lon)))
    };
    let kind = bytes.next() % 4;
    let count = 3 + usize::from(bytes.next() % 6);
    let ring = |bytes: &mut Bytes<'_>| {
        let mut ring: Vec<_> = (0..count).map(|_| position(bytes)).collect();
        if kind > 1 {
            ring.push(ring[0].clone());
        }
        ring
    };
    match kind {
        0 => {
            let centre = ring(bytes).swap_remove(0);
            let radius = 1 + u32::from(bytes.next()) * 2;
            format!(r#"{{"type":"Point","coordinates":{centre},"radius_m":{radius}}}"#)
        }
        1 => {
            let line = ring(bytes).join(",");
            let half = 1 + bytes.next() % 64;
            format!(r#"{{"type":"LineString","coordinates":[{line}],"half_width_m":{half}}}"#)
        }
        2 => format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, ring(bytes).join(",")),
        _ => {
            let (first, second) = (ring(bytes).join(","), ring(bytes).join(","));
            format!(r#"{{"type":"MultiPolygon","coordinates":[[[{first}]],[[{second}]]]}}"#)
        }
    }
}

fn operation(bytes: &mut Bytes<'_>, now_ms: u64) -> String {
    let at = time(now_ms);
    let small = u64::from(bytes.next() % 3) + 1;
    let soon = time(now_ms + u64::from(bytes.next()) * 1_000);
    let (lat, lon) = (42.87, 74.59);
    match bytes.next() % 16 {
        0 => {
            let zone = geometry(bytes, lat, lon);
            let layer = ["", r#","layer":7"#][usize::from(bytes.next() % 2)];
            format!(r#"{{"type":"put_zone","at":"{at}","zone":{small}{layer},"geometry":{zone}}}"#)
        }
        1 => format!(r#"{{"type":"remove_zone","at":"{at}","zone":{small}}}"#),
        2 | 3 => {
            let place = [r#""layer":7"#.to_string(), format!(r#""zone":{small}"#)];
            let place = &place[usize::from(bytes.next() % 2)];
            let warn = bytes.next();
            let confirm = bytes.next() % 3;
            let later = time(now_ms + 600_000 + u64::from(bytes.next()) * 1_000);
            let permit = match bytes.next() % 3 {
                0 => format!(r#","permits":[{{"zone":{small},"active":[["{at}","{later}"]]}}]"#),
                _ => String::new(),
            };
            format!(
                r#"{{"type":"put_order","at":"{at}","order":{small},"kind":"court","person":{},"from":"{soon}","until":"{later}","rules":[{{"rule":1,"kind":"keep_out",{place},"warn_m":{warn},"confirm_fixes":{confirm}}}]{permit}}}"#,
                bytes.next() % 2 + 1,
            )
        }
        4 => format!(r#"{{"type":"end_order","at":"{at}","order":{small},"reason":"revoked"}}"#),
        5 => format!(
            r#"{{"type":"assign_device","at":"{at}","device":{small},"person":{},"kind":"phone"}}"#,
            bytes.next() % 2 + 1,
        ),
        6 => format!(r#"{{"type":"release_device","at":"{at}","device":{small}}}"#),
        7 => format!(r#"{{"type":"tick","at":"{at}"}}"#),
        _ => {
            let then = time(now_ms.saturating_sub(u64::from(bytes.next() % 64) * 1_000));
            let (lat, lon) = (bytes.near(lat), bytes.near(lon));
            let accuracy = [5, 30, 200][usize::from(bytes.next() % 3)];
            let flags = ["", r#""mock""#, r#""moving""#][usize::from(bytes.next() % 3)];
            let seq = now_ms / 100 + 1;
            format!(
                r#"{{"type":"fix","at":"{at}","device":{small},"seq":{seq},"time":"{then}","lat":{lat:.7},"lon":{lon:.7},"accuracy_m":{accuracy},"flags":[{flags}]}}"#
            )
        }
    }
}
