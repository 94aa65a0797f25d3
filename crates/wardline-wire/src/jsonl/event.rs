//! Events, one object each.

use super::instant;
use serde::Serialize;
use serde_json::Value;
use std::io;
use wardline_core::Row;
use wardline_core::event::{Amendment, DeskFacts, EpisodeFacts, Event, Evidence, FixFacts};

/// Writes the event as one line.
///
/// # Errors
///
/// Only if writing fails.
pub fn write_event(event: &Event, out: &mut impl io::Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Wire::of(event))?;
    line.push(b'\n');
    out.write_all(&line)
}

/// The event as a JSON value.
pub fn event_value(event: &Event) -> Value {
    // Nothing in it can fail: there are no maps with other keys than text, and no errors of ours.
    serde_json::to_value(Wire::of(event)).unwrap_or(Value::Null)
}

/// Writes a row of the ledger as one line.
///
/// # Errors
///
/// Only if writing fails.
pub fn write_row(row: &Row, out: &mut impl io::Write) -> io::Result<()> {
    let value = serde_json::json!({
        "order": row.order.number(),
        "rule": row.rule.number(),
        "device": row.device.number(),
        "kind": row.kind.word(),
        "zone": row.zone.map(|zone| zone.number()),
        "other_person": row.other_person.map(|person| person.number()),
        "start": instant::format(row.start),
        "end": row.end.map(instant::format),
        "certainty": row.certainty.map(|certainty| certainty.word()),
        "permitted": row.permitted,
    });
    writeln!(out, "{value}")
}

/// An event as it is written: the order of these members is that of the line.
#[derive(Serialize, Default)]
struct Wire<'e> {
    id: String,
    at: String,
    time: String,
    order: u64,
    order_version: u64,
    rule: u64,
    person: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<u64>,
    kind: &'static str,
    phase: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone_version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certainty: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    permitted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<WireFix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_age_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_person: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_device: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_fix: Option<WireFix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_age_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// Null while the episode is open again.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

#[derive(Serialize)]
struct WireFix {
    device: u64,
    seq: u64,
    time: String,
    lat: f64,
    lon: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy_m: Option<f64>,
    sound: bool,
}

impl<'e> Wire<'e> {
    fn of(event: &'e Event) -> Self {
        let mut wire = Self {
            id: event.id(),
            at: instant::format(event.at),
            time: instant::format(event.time),
            order: event.order.number(),
            order_version: event.order_version,
            rule: event.rule.number(),
            person: event.person.number(),
            device: event.device.map(|device| device.number()),
            kind: event.kind.word(),
            phase: event.phase.word(),
            late: event.late,
            episode: event.episode_id.map(|id| id.to_string()),
            other_person: event.other_person.map(|person| person.number()),
            other_device: event.other_device.map(|device| device.number()),
            ..Self::default()
        };
        if let Some(episode) = &event.episode {
            wire.add_episode(episode);
        }
        if let Some(evidence) = &event.evidence {
            wire.add_evidence(evidence);
        }
        match &event.desk {
            Some(DeskFacts::Act { by, note }) => {
                (wire.by, wire.note) = (Some(by.as_str()), note.as_deref())
            }
            Some(DeskFacts::Level(level)) => wire.level = Some(*level),
            _ => {}
        }
        if let Some(refusal) = &event.refusal {
            wire.reason = Some(&refusal.reason);
            wire.value = Some(&refusal.value);
            wire.line = refusal.line;
        }
        wire
    }

    fn add_episode(&mut self, episode: &EpisodeFacts) {
        self.zone = episode.zone.map(|(zone, _)| zone.number());
        self.zone_version = episode.zone.map(|(_, version)| version);
        self.threshold_m = episode.threshold_m;
        self.certainty = episode.certainty.map(|certainty| certainty.word());
        self.cause = Some(episode.cause.word());
        self.permitted = Some(episode.permitted);
        match episode.amendment {
            Some(Amendment::Span { start, end }) => {
                self.start = Some(instant::format(start));
                self.end = Some(end.map(instant::format));
            }
            Some(Amendment::Withdrawn) => self.withdrawn = Some(true),
            None => {}
        }
    }

    fn add_evidence(&mut self, evidence: &Evidence) {
        self.distance_m = evidence.distance_m.map(to_millimetres);
        if let Some((fix, age_ms)) = &evidence.fix {
            self.fix = Some(WireFix::of(fix));
            self.fix_age_ms = Some(*age_ms);
        }
        if let Some((fix, age_ms)) = &evidence.other_fix {
            self.other_device = Some(fix.device.number());
            self.other_fix = Some(WireFix::of(fix));
            self.other_age_ms = Some(*age_ms);
        }
    }
}

impl WireFix {
    fn of(fix: &FixFacts) -> Self {
        Self {
            device: fix.device.number(),
            seq: fix.seq,
            time: instant::format(fix.time),
            lat: fix.position.lat_deg(),
            lon: fix.position.lon_deg(),
            accuracy_m: fix.accuracy_m,
            sound: fix.sound,
        }
    }
}

/// Rounded to three decimals, and never -0.
fn to_millimetres(distance_m: f64) -> f64 {
    (distance_m * 1000.0).round() / 1000.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::to_millimetres;

    #[test]
    fn a_distance_has_three_decimals_and_no_negative_zero() {
        assert_eq!(to_millimetres(-12.34567), -12.346);
        assert!(to_millimetres(-0.0004).is_sign_positive());
    }
}
