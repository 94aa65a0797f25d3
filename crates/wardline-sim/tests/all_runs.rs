//! Scenarios with rules of all kinds, run through the oracle: their shape, and what they cover.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::thread;
use wardline_sim::{Options, Oracle, scenario};

const SEEDS: u64 = 300;

/// The events and the ledger of each seed.
static JUDGED: LazyLock<Vec<(Vec<Value>, Vec<Value>)>> = LazyLock::new(|| {
    let half = |from: u64| move || (from..from + SEEDS / 2).map(judged).collect::<Vec<_>>();
    let (a, b) = (thread::spawn(half(0)), thread::spawn(half(SEEDS / 2)));
    [a, b].into_iter().flat_map(|h| h.join().unwrap_or_default()).collect()
});

fn judged(seed: u64) -> (Vec<Value>, Vec<Value>) {
    let mut oracle = Oracle::new();
    let text = scenario(seed, &Options::all_rules());
    let events = text.lines().flat_map(|l| oracle.line(l)).collect();
    (events, oracle.ledger())
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Stage {
    #[default]
    Never,
    Open,
    Ended,
}

/// What the events say of an episode.
#[derive(Default)]
struct Episode {
    stage: Stage,
    withdrawn: bool,
    row: Value,
}

fn follow(seed: u64, episodes: &mut BTreeMap<String, Episode>, e: &Value) {
    let Some(id) = e["episode"].as_str() else { return };
    if e["kind"] == "panic" {
        assert!(!episodes.contains_key(id), "seed {seed}: {e}");
        episodes.insert(id.into(), Episode::default());
        return;
    }
    let ep = episodes.entry(id.into()).or_default();
    match e["phase"].as_str() {
        Some("started") => {
            assert!(ep.stage == Stage::Never, "seed {seed}: {e}");
            ep.stage = Stage::Open;
            ep.row["start"] = e["time"].clone();
        }
        Some("ended") => {
            assert!(ep.stage == Stage::Open, "seed {seed}: {e}");
            ep.stage = Stage::Ended;
            ep.row["end"] = e["time"].clone();
        }
        Some("amended") => {
            assert!(ep.stage != Stage::Never && !ep.withdrawn, "seed {seed}: {e}");
            ep.withdrawn = e["withdrawn"] == true;
            ep.row["start"] = e["start"].clone();
            ep.row["end"] = e["end"].clone();
            assert!(!ep.withdrawn || ep.stage == Stage::Ended, "seed {seed}: {e}");
        }
        _ => return,
    }
    if e["phase"] != "ended" {
        ep.row["certainty"] = e["certainty"].clone();
        ep.row["permitted"] = e["permitted"].clone();
    }
}

// J-PAIR-1 J-LATE-3
#[test]
fn events_pair_and_rebuild_the_ledger() {
    assert_eq!(JUDGED.len() as u64, SEEDS);
    for (seed, (events, ledger)) in (0..).zip(JUDGED.iter()) {
        let mut episodes = BTreeMap::new();
        events.iter().for_each(|e| follow(seed, &mut episodes, e));
        let function = |id: &str| {
            let kind = id.split('.').nth(3).unwrap_or_default();
            !["silence", "no_fix", "degraded", "panic"].contains(&kind)
        };
        episodes.retain(|id, e| function(id) && !e.withdrawn);
        assert_eq!(ledger.len(), episodes.len(), "seed {seed}");
        for l in ledger {
            let r = &episodes[l["episode"].as_str().unwrap_or_default()].row;
            for k in ["start", "end", "certainty", "permitted"] {
                assert_eq!(l[k], r[k], "seed {seed}: {k} of {l}");
            }
        }
    }
}

/// The parts of an event's id.
fn parts(e: &Value) -> (u64, u64, u64) {
    let id = e["id"].as_str().unwrap_or_default();
    let mut p = id.split('.').map(|x| x.parse().unwrap_or(u64::MAX));
    let mut next = || p.next().unwrap_or(u64::MAX);
    (next(), next(), next())
}

// J-ORDER-1: the index counts the events of an input and order, and nothing is told twice.
#[test]
fn ids_count_in_the_order_of_the_events() {
    for (seed, (events, _)) in JUDGED.iter().enumerate() {
        let mut counts: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let mut last = 0;
        for e in events {
            let (line, order, index) = parts(e);
            let count = counts.entry((line, order)).or_default();
            assert_eq!((e["order"].as_u64(), index), (Some(order), *count), "seed {seed}: {e}");
            assert!(line >= last, "seed {seed}: {e}");
            *count += 1;
            last = line;
        }
    }
}

/// Milliseconds of an instant.
fn ms(v: &Value) -> i64 {
    let t = v.as_str().and_then(|t| t.parse::<jiff::Timestamp>().ok());
    t.map_or(0, jiff::Timestamp::as_millisecond)
}

/// Whether a judgement follows from what the event shows: the gap and the fixes.
fn proves_itself(e: &Value) -> bool {
    let Some(d) = e["distance_m"].as_f64() else { return true };
    let absence = e["kind"] == "absence";
    let gap = d - e["threshold_m"].as_f64().unwrap_or(0.0);
    let pair = e["other_person"].is_u64();
    let sound = e["fix"]["sound"] == true && (!pair || e["other_fix"]["sound"] == true);
    // Three decimals are written.
    let inside = gap <= 0.001;
    match (e["phase"].as_str(), e["cause"].as_str()) {
        _ if e["certainty"] == "crossed" => sound,
        (Some("started"), _) if absence => gap > 20.0,
        (Some("started"), _) => inside && (sound || e["permitted"] == false),
        (_, Some("permit_ended")) if e["permitted"] == true => inside || (sound && gap > 20.0),
        (_, Some("fix")) if absence => sound && inside,
        (_, Some("zone_changed" | "order_changed" | "rule_started")) if absence => inside,
        _ => {
            // The episode of a fix older than the history starts and ends on the same fix.
            let alone = e["late"] == true && inside;
            let since = ms(&e["at"]) - ms(&e["time"]);
            let young = |m: &str| e[m].as_i64().is_none_or(|age| age - since < 180_000);
            let fresh = !pair || (young("fix_age_ms") && young("other_age_ms"));
            alone || (sound && gap > 20.0 && fresh)
        }
    }
}

// J-BREACH-1 J-BREACH-3 J-ABSENCE-1 J-STALE-1
#[test]
fn every_event_proves_itself() {
    for (seed, (events, _)) in JUDGED.iter().enumerate() {
        let wrong = events.iter().find(|e| !proves_itself(e));
        assert!(wrong.is_none(), "seed {seed}: {wrong:?}");
    }
}

/// Of each kind: the causes of its starts, of its ends, and of what is amended or noted.
const EXPECTED: &[(&str, &str, &[&str])] = &[
    (
        "breach",
        "started",
        &["fix", "rule_started", "permit_ended", "zone_changed", "order_changed"],
    ),
    (
        "breach",
        "ended",
        &["fix", "rule_ended", "permit_ended", "zone_removed", "zone_changed", "device_released"],
    ),
    ("breach", "amended", &["fix", "rule_ended", "device_released"]),
    ("warning", "started", &["fix", "rule_started", "permit_ended", "zone_changed"]),
    ("warning", "ended", &["fix", "rule_ended", "permit_ended", "zone_removed"]),
    ("warning", "amended", &["fix", "rule_ended"]),
    (
        "absence",
        "started",
        &["fix", "rule_started", "grace_ended", "zone_changed", "order_changed"],
    ),
    ("absence", "ended", &["fix", "rule_ended", "zone_removed", "zone_changed", "device_released"]),
    ("absence", "amended", &["fix"]),
    ("silence", "started", &["timer"]),
    ("silence", "ended", &["heard", "rule_ended", "device_released", "device_assigned"]),
    ("no_fix", "started", &["timer"]),
    ("no_fix", "ended", &["fix", "silence", "rule_ended", "device_released"]),
    ("degraded", "started", &["timer", "rule_started"]),
    ("degraded", "ended", &["fix", "rule_ended", "device_released"]),
    ("strap", "started", &["status", "rule_started"]),
    ("strap", "ended", &["status", "rule_ended", "device_released"]),
    ("strap", "amended", &["status"]),
    ("case", "started", &["status", "rule_started"]),
    ("case", "ended", &["status", "rule_ended", "device_released"]),
    ("tether", "started", &["status", "rule_started"]),
    ("tether", "ended", &["status", "rule_ended", "device_released"]),
    ("jamming", "started", &["status", "rule_started"]),
    ("jamming", "ended", &["status", "rule_ended", "device_released"]),
    ("battery", "started", &["status", "rule_started"]),
    ("battery", "ended", &["status", "rule_ended", "device_released"]),
    ("power", "noted", &["-"]),
    ("panic", "noted", &["-"]),
    ("suspect_motion", "noted", &["fix"]),
    ("refused", "noted", &["-"]),
    ("unassigned", "noted", &["-"]),
    ("unjudged", "noted", &["-", "fix"]),
    ("no_order", "noted", &["-"]),
    ("never_heard", "noted", &["-"]),
    ("acknowledged", "noted", &["-"]),
    ("resolved", "noted", &["-"]),
    ("escalated", "noted", &["-"]),
];

/// Other things that must occur.
const MORE: &[&str] = &[
    "pair breach started fix",
    "pair breach started rule_started",
    "pair breach started order_changed",
    "pair breach started permit_ended",
    "pair breach amended fix",
    "pair breach withdrawn",
    "pair breach permitted",
    "pair unjudged noted fix",
    "pair panic noted -",
    "breach crossed",
    "absence withdrawn",
    "status withdrawn",
    "panic without order",
    "device 0 silence",
    "device 0 no_fix",
    "refused unknown_episode",
    "refused no_open_incident",
    "refused already_acknowledged",
    "refused not_acknowledged",
    "refused episode_not_ended",
    "refused own_person",
    "refused empty_zones",
];

fn count(counts: &mut BTreeMap<String, u32>, e: &Value) {
    let word = |m: &str| e[m].as_str().unwrap_or("-").to_string();
    let mut add = |k: String| *counts.entry(k).or_default() += 1;
    let kind = word("kind");
    let pair = if e["other_person"].is_u64() { "pair " } else { "" };
    add(format!("{kind} {} {}", word("phase"), word("cause")));
    add(format!("{pair}{kind} {} {}", word("phase"), word("cause")));
    if e["withdrawn"] == true {
        add(format!("{pair}{kind} withdrawn"));
        if e["certainty"].is_null() {
            add("status withdrawn".into());
        }
    }
    if e["permitted"] == true {
        add(format!("{pair}{kind} permitted"));
    }
    if e["certainty"] == "crossed" {
        add(format!("{kind} crossed"));
    }
    if e["order"] == 0 {
        add(format!("{kind} without order"));
        add(format!("{kind} {}", word("reason")));
    }
    if e["device"] == 0 {
        add(format!("device 0 {kind}"));
    }
}

#[test]
fn every_kind_and_cause_occurs() {
    let mut counts = BTreeMap::new();
    JUDGED.iter().flat_map(|j| &j.0).for_each(|e| count(&mut counts, e));
    eprintln!("{counts:#?}");
    let causes = |(kind, phase, causes): &(&str, &str, &'static [&'static str])| {
        let (kind, phase) = (kind.to_string(), phase.to_string());
        causes.iter().map(move |c| format!("{kind} {phase} {c}"))
    };
    let expected = EXPECTED.iter().flat_map(causes).chain(MORE.iter().map(|m| m.to_string()));
    let missing: Vec<String> = expected.filter(|k| !counts.contains_key(k)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
