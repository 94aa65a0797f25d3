//! The views of the engine against a tally that is built from the inputs and events alone.
//!
//! `WARDLINE_SEEDS=N` tries N seeds (default 40).

mod tally;

use tally::{Episode, EpisodeRow, IncidentRow, OrderRow, Tally};
use wardline_core::event::{Event, EventKind};
use wardline_core::ids::PersonId;
use wardline_core::view::{EpisodeView, IncidentView, OrderView, PersonView, SEVERITY};
use wardline_core::{Config, Engine};
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl;

/// The persons of the scenarios, and one that nobody knows.
const PERSONS: [u64; 8] = [1001, 1002, 1003, 1004, 2001, 2002, 2003, 5];

/// After each input the views say what the inputs and events so far have said; with the slack test
/// and without it.
// J-PAIR-1, J-DESK-1, J-DESK-3, J-SCHED-3, J-TIME-2
#[test]
fn views_agree_with_the_events() {
    let mut seen = Seen::default();
    for seed in 0..seeds() {
        let options = if seed % 4 == 3 { Options::default() } else { Options::all_rules() };
        let text = scenario(seed, &options);
        let mut config = Config::default();
        config.slack = false;
        let mut engines = [Engine::new(Config::default()), Engine::new(config)];
        let mut tally = Tally::default();
        for (number, line) in (1..).zip(text.lines()) {
            let record = jsonl::parse_line(line, number);
            let mut events: Vec<Event> = Vec::new();
            engines[0].apply(&record, &mut |event| events.push(event));
            engines[1].apply(&record, &mut |_| {});
            tally.take(&record, &events);
            for engine in &engines {
                check(engine, &tally, &mut seen, &format!("seed {seed}, line {number}"));
            }
        }
        let mut bytes = Vec::new();
        engines[0].snapshot(&mut bytes);
        let restored = Engine::restore(Config::default(), &bytes).expect("the snapshot is whole");
        check(&restored, &tally, &mut seen, &format!("seed {seed}, restored"));
        seen.within_slack += engines[0].counters().fixes_within_slack;
    }
    println!("{seen:?}");
    let least =
        [seen.episodes, seen.incidents, seen.positions, seen.conditions, seen.alarms, seen.sound];
    assert!(least.iter().all(|count| *count > 1_000), "too little was seen: {seen:?}");
    assert!(seen.off > 10 && seen.within_slack > 100, "too little was seen: {seen:?}");
}

/// How often a view had something to say.
#[derive(Debug, Default)]
struct Seen {
    episodes: usize,
    alarms: usize,
    incidents: usize,
    positions: usize,
    conditions: usize,
    off: usize,
    sound: usize,
    within_slack: u64,
}

fn check(engine: &Engine, tally: &Tally, seen: &mut Seen, place: &str) {
    for number in PERSONS {
        let person = PersonId::new(number).expect("an id");
        let view = engine.person(person);
        assert_eq!(view.is_some(), tally.knows(person), "{place}");
        let Some(view) = view else { continue };
        assert_eq!((view.person, view.now), (person, tally.now()), "{place}");
        check_orders(engine, &view, tally, place);
        check_devices(&view, tally, seen, place);
        let episodes: Vec<_> = view.episodes.iter().map(episode_row).collect();
        assert_eq!(episodes, tally.episodes(person), "{place}");
        let is_alarm =
            |kind| matches!(kind, EventKind::Silence | EventKind::NoFix | EventKind::Degraded);
        seen.episodes += episodes.len();
        seen.alarms += episodes.iter().filter(|(id, _)| is_alarm(id.kind)).count();
    }
    let incidents: Vec<_> = engine.open_incidents().iter().map(incident_row).collect();
    assert_eq!(incidents, tally.open_incidents(), "{place}");
    seen.incidents += incidents.len();
}

fn check_orders(engine: &Engine, view: &PersonView, tally: &Tally, place: &str) {
    let rows = |orders: &[OrderView]| orders.iter().map(order_row).collect::<Vec<_>>();
    assert_eq!(rows(&view.restrained_by), tally.orders(view.person, true), "{place}");
    assert_eq!(rows(&view.protected_by), tally.orders(view.person, false), "{place}");
    let all = view.restrained_by.iter().chain(&view.protected_by);
    let ids: Vec<_> = all.map(|order| order.order).collect();
    assert_eq!(engine.orders_of(view.person), ids, "{place}");
}

fn check_devices(view: &PersonView, tally: &Tally, seen: &mut Seen, place: &str) {
    let expected = tally.devices(view.person);
    let ids: Vec<_> = view.devices.iter().map(|device| device.device).collect();
    assert_eq!(ids, expected.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{place}");
    for (device, (id, expected)) in view.devices.iter().zip(expected) {
        let place = format!("{place}, device {}", id.number());
        assert_eq!(
            (device.assigned, device.heard, &device.conditions, device.switched_off),
            (expected.assigned, expected.heard, &expected.conditions(), expected.switched_off()),
            "{place}"
        );
        let actual = device.last.map(|last| (last.time, last.seq, last.position));
        let newest = expected.last.map(|((time, seq), fix)| (time, seq, fix.position));
        assert_eq!(actual, newest, "{place}");
        if let (Some(last), Some((_, fix))) = (device.last, expected.last) {
            assert_eq!(last.age_ms, view.now.ms() - last.time.ms(), "{place}");
            assert_eq!(last.reported_accuracy_m, fix.accuracy_m, "{place}");
            assert!(last.age_ms >= 0 && last.accuracy_m >= 5.0, "{place}");
            assert_eq!(last.coarse, last.accuracy_m > 150.0, "{place}");
            assert!(expected.sound.is_none_or(|sound| sound == last.is_sound()), "{place}");
            seen.sound += usize::from(expected.sound.is_some());
            seen.positions += 1;
        }
        seen.conditions += device.conditions.len();
        seen.off += usize::from(device.switched_off.is_some());
    }
}

fn episode_row(view: &EpisodeView) -> EpisodeRow {
    let EpisodeView { id, person, zone, other_person, since, certainty, permitted, .. } = *view;
    (id, Episode { person, zone, other_person, since, certainty, permitted })
}

fn order_row(view: &OrderView) -> OrderRow {
    let protects = view.protects.clone();
    (view.order, view.version, view.person, protects, view.term, view.ended, view.state)
}

fn incident_row(view: &IncidentView) -> IncidentRow {
    let parties = (view.person, view.device, view.other_person, view.other_device);
    (view.id, view.opened, parties, view.zone, view.state, view.escalations, view.has_ended)
}

fn seeds() -> u64 {
    let number = std::env::var("WARDLINE_SEEDS").ok().and_then(|text| text.parse().ok());
    number.unwrap_or(40)
}

/// Each kind of incident has its place among the severities, once.
#[test]
fn severities_are_all_different() {
    let mut kinds = SEVERITY.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), SEVERITY.len());
}
