//! What the engine tells beside its events: counters, deadlines, zones at a place, limits.

use allocation_counter::measure;
use wardline_core::event::Event;
use wardline_core::geometry::{Bounds, Position};
use wardline_core::ids::{PersonId, RuleId};
use wardline_core::time::Timestamp;
use wardline_core::{Config, Counters, Engine};
use wardline_wire::jsonl;

/// The instant `second` seconds after 2026-03-02T08:00:00Z, below 60.
fn at(second: u32) -> String {
    format!("2026-03-02T08:00:{second:02}.000Z")
}

fn apply(engine: &mut Engine, line: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let record = jsonl::parse_line(line, engine.last_input() + 1);
    engine.apply(&record, &mut |event| events.push(event));
    events
}

fn reasons(events: &[Event]) -> Vec<&str> {
    let refusals = events.iter().filter_map(|event| event.refusal.as_ref());
    refusals.map(|refusal| refusal.reason.as_str()).collect()
}

fn put_zone(second: u32, zone: u64, lat: f64) -> String {
    format!(
        r#"{{"type":"put_zone","at":"{}","zone":{zone},"geometry":{{"type":"Point",
        "coordinates":[74.6036,{lat}],"radius_m":100}}}}"#,
        at(second)
    )
}

fn put_order(second: u32, order: u64, from: u32, until: u32) -> String {
    format!(
        r#"{{"type":"put_order","at":"{}","order":{order},"kind":"temporary","person":1001,
        "from":"{}","until":"{}","rules":[{{"rule":1,"kind":"keep_out","zone":5}}]}}"#,
        at(second),
        at(from),
        at(until)
    )
}

fn tick(second: u32) -> String {
    format!(r#"{{"type":"tick","at":"{}"}}"#, at(second))
}

fn assign(second: u32, device: u64) -> String {
    format!(
        r#"{{"type":"assign_device","at":"{}","device":{device},"person":1001,"kind":"phone"}}"#,
        at(second)
    )
}

fn fix(second: u32, device: u64, seq: u64, lat: f64) -> String {
    format!(
        r#"{{"type":"fix","at":"{0}","device":{device},"seq":{seq},"time":"{0}","lat":{lat},
        "lon":74.6036,"accuracy_m":8.0}}"#,
        at(second)
    )
}

fn seconds(deadline: Option<Timestamp>) -> Option<i64> {
    deadline.map(|deadline| deadline.ms() / 1000 % 60)
}

/// J-DESK-3: an order that does not exist leaves the deadline of panics without an order alone.
#[test]
fn an_unknown_order_moves_no_deadline() {
    let engine = &mut Engine::new(Config::default());
    apply(engine, &panic(1, 9001, 1));
    assert_eq!(seconds(engine.next_deadline()), Some(31));
    let end = format!(r#"{{"type":"end_order","at":"{}","order":18,"reason":"revoked"}}"#, at(2));
    assert_eq!(reasons(&apply(engine, &end)), ["unknown_order"]);
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    let restored = &mut Engine::restore(Config::default(), &bytes).expect("the snapshot is whole");
    for engine in [engine, restored] {
        assert_eq!(seconds(engine.next_deadline()), Some(31));
        assert_eq!(apply(engine, &tick(32)).len(), 1, "the panic is escalated");
        assert_eq!(seconds(engine.next_deadline()), Some(1), "a minute after the panic");
    }
}

/// J-TIME-4: the deadlines of all orders, the nearest first, and none that has fired.
#[test]
fn the_next_deadline_is_the_nearest_boundary() {
    let engine = &mut Engine::new(Config::default());
    apply(engine, &put_zone(0, 5, 42.876));
    assert_eq!(engine.next_deadline(), None);
    apply(engine, &put_order(1, 17, 10, 50));
    assert_eq!(seconds(engine.next_deadline()), Some(10));
    apply(engine, &put_order(2, 18, 5, 40));
    assert_eq!(seconds(engine.next_deadline()), Some(5));
    apply(engine, &tick(9));
    assert_eq!(seconds(engine.next_deadline()), Some(10));
    apply(engine, &put_order(9, 17, 20, 50));
    assert_eq!(seconds(engine.next_deadline()), Some(20));
    let reason = r#""reason":"revoked""#;
    apply(engine, &format!(r#"{{"type":"end_order","at":"{}","order":17,{reason}}}"#, at(9)));
    assert_eq!(seconds(engine.next_deadline()), Some(40));
    apply(engine, &tick(40));
    assert_eq!(engine.next_deadline(), None);
}

/// J-TIME-1
#[test]
fn what_is_counted() {
    let engine = &mut Engine::new(Config::default());
    let mut events = 0;
    let lines = [
        put_zone(0, 5, 42.876),
        put_order(1, 17, 1, 50),
        assign(2, 9001),
        fix(10, 9001, 1, 42.876),
        fix(20, 9001, 2, 42.87601),
        fix(20, 9001, 2, 42.87601),
        fix(20, 9002, 1, 42.876),
        fix(21, 9002, 2, 42.876),
        // The incident that the breach has opened is looked after without judging a fix.
        fix(21, 9001, 3, 42.87602),
        tick(5),
        tick(20),
        r#"{"type":"tick","at":"never"}"#.to_owned(),
        format!(r#"{{"type":"remove_zone","at":"{}","zone":77}}"#, at(21)),
    ];
    for line in &lines {
        events += apply(engine, line).len() as u64;
    }
    let counters = engine.counters();
    assert_eq!((counters.fixes, counters.fixes_within_slack), (3, 2));
    assert_eq!((counters.repeats, counters.unassigned), (1, 2));
    assert_eq!((counters.clock_regressions, counters.refused), (3, 1));
    assert_eq!((counters.events, events), (3, 3));
    assert_eq!(seconds(Some(engine.now())), Some(21));
    assert_eq!(engine.last_input(), 13);
    assert_eq!(Engine::new(Config::default()).counters(), Counters::default());
}

/// A log may start anywhere.
#[test]
fn the_first_input_has_the_configured_number() {
    let mut config = Config::default();
    config.first_input = 100;
    let engine = &mut Engine::new(config);
    assert_eq!(engine.last_input(), 99);
    let events = apply(engine, &fix(1, 9001, 1, 42.876));
    assert_eq!(events.iter().map(|event| event.input).collect::<Vec<_>>(), [100]);
    assert_eq!(engine.last_input(), 100);
}

#[test]
fn zones_at_a_place_and_in_a_box() {
    let engine = &mut Engine::new(Config::default());
    for (zone, lat) in [(7, 42.876), (5, 42.8765), (6, 42.9)] {
        apply(engine, &put_zone(0, zone, lat));
    }
    let position = |lat, lon| Position::from_degrees(lat, lon).expect("a position");
    let numbers = |zones: Vec<wardline_core::ids::ZoneId>| -> Vec<u64> {
        zones.into_iter().map(|zone| zone.number()).collect()
    };
    assert_eq!(numbers(engine.zones_here(position(42.8762, 74.6036))), [5, 7]);
    // In the corner of the box, not in the circle.
    assert_eq!(numbers(engine.zones_here(position(42.8752, 74.6047))), [] as [u64; 0]);
    let bounds = Bounds::around(position(42.8752, 74.6047), 1.0);
    assert_eq!(numbers(engine.zones_within(&bounds.as_slice()[0])), [7]);
    let remove = format!(r#"{{"type":"remove_zone","at":"{}","zone":7}}"#, at(1));
    apply(engine, &remove);
    assert_eq!(numbers(engine.zones_here(position(42.8762, 74.6036))), [5]);
}

/// A person's devices are gone through by id, whatever was assigned first: where a device lies in
/// memory, and so a snapshot taken and restored, changes nothing.
#[test]
fn devices_of_a_person_are_in_the_order_of_their_ids() {
    let engine = &mut Engine::new(Config::default());
    for device in [9003, 9001, 9002] {
        assert!(apply(engine, &assign(0, device)).is_empty());
    }
    let person = PersonId::new(1001).expect("not 0");
    let devices = |engine: &Engine| -> Vec<u64> {
        let view = engine.person(person).expect("the person has devices");
        view.devices.iter().map(|view| view.device.number()).collect()
    };
    assert_eq!(devices(engine), [9001, 9002, 9003]);
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    let restored = Engine::restore(Config::default(), &bytes).expect("the snapshot is whole");
    assert_eq!(devices(&restored), [9001, 9002, 9003]);
}

/// Ids beyond the limit are refused; those that are known may change.
#[test]
fn ids_are_limited() {
    let mut config = Config::default();
    config.ids_max = 2;
    let engine = &mut Engine::new(config);
    assert!(apply(engine, &put_zone(0, 5, 42.876)).is_empty());
    assert!(apply(engine, &put_zone(0, 6, 42.876)).is_empty());
    assert_eq!(reasons(&apply(engine, &put_zone(0, 7, 42.876))), ["too_many_zones"]);
    assert!(apply(engine, &put_zone(0, 6, 42.877)).is_empty());
    assert!(apply(engine, &put_order(1, 17, 1, 50)).is_empty());
    assert!(apply(engine, &put_order(1, 18, 1, 50)).is_empty());
    assert_eq!(reasons(&apply(engine, &put_order(1, 19, 1, 50))), ["too_many_orders"]);
    assert!(apply(engine, &put_order(1, 18, 1, 40)).is_empty());
}

/// J-FIX-1: beyond the number that is remembered, strangers are only counted.
#[test]
fn strangers_are_limited() {
    let mut config = Config::default();
    config.strangers_max = 2;
    let engine = &mut Engine::new(config);
    let mut told = |device| apply(engine, &fix(1, device, 1, 42.876)).len();
    assert_eq!([told(1), told(2), told(1), told(3), told(2)], [1, 1, 0, 0, 0]);
    apply(engine, &assign(2, 1));
    assert_eq!(apply(engine, &fix(3, 3, 2, 42.876)).len(), 1, "there is room again");
    assert_eq!(engine.counters().unassigned, 6);
}

/// J-REFUSE-7: zones and orders that are replaced without end take memory up to a limit; what
/// protects nobody any more may still be removed and ended.
#[test]
fn versions_are_limited() {
    let engine = &mut Engine::new(Config::default());
    let (times, max) = (100_000, Config::default().versions_max);
    let mut put = |time: u32| {
        let lat = 42.876 + f64::from(time % 100) * 1e-4;
        let zone = reasons(&apply(engine, &put_zone(0, 5, lat))) == ["too_many_versions"];
        let order = reasons(&apply(engine, &put_order(0, 17, 1, 50))) == ["too_many_versions"];
        assert_eq!([zone, order], [time as usize >= max; 2], "{time}");
    };
    (0..times / 5).for_each(&mut put);
    // Of 80,000 more of each, none is kept: they would take 40 MiB.
    let kept = measure(|| (times / 5..times).for_each(&mut put)).bytes_current;
    assert!(kept < 1 << 20, "{kept} bytes");
    assert!(
        apply(engine, &format!(r#"{{"type":"end_order","at":"{}","order":17}}"#, at(1))).is_empty()
    );
    assert!(
        apply(engine, &format!(r#"{{"type":"remove_zone","at":"{}","zone":5}}"#, at(1))).is_empty()
    );
    assert_eq!(reasons(&apply(engine, &put_zone(2, 5, 42.876))), ["too_many_versions"]);
    assert!(apply(engine, &put_zone(2, 6, 42.876)).is_empty());
}

fn panic(second: u32, device: u64, seq: u64) -> String {
    format!(
        r#"{{"type":"status","at":"{0}","device":{device},"seq":{seq},"time":"{0}",
        "status":"panic"}}"#,
        at(second)
    )
}

/// J-DESK-6: what is beyond the limit is told, and is no incident; strangers cannot fill the desk.
#[test]
fn incidents_are_limited() {
    let mut config = Config::default();
    (config.incidents_max, config.strangers_max) = (1, 2);
    let engine = &mut Engine::new(config);
    apply(engine, &put_zone(0, 5, 42.876));
    apply(engine, &put_order(0, 17, 1, 50));
    apply(engine, &assign(0, 9001));
    let kinds = |events: &[Event]| -> Vec<&str> { events.iter().map(|e| e.kind.word()).collect() };
    for second in 1..=2 {
        let told = apply(engine, &panic(second, 77, second.into()));
        assert!(kinds(&told).contains(&"panic") && reasons(&told).is_empty());
    }
    for seq in 3..1_000 {
        let told = apply(engine, &panic(3, 77, seq));
        assert_eq!(kinds(&told), ["panic", "refused"]);
        assert_eq!(reasons(&told), ["too_many_incidents"]);
        assert_eq!(told[1].refusal.as_ref().map(|refusal| refusal.value.as_str()), Some("2"));
    }
    assert_eq!(engine.open_incidents().len(), 2);
    assert_eq!(kinds(&apply(engine, &fix(4, 9001, 1, 42.876))), ["breach"]);
    let breach = "17.1.9001.breach.1";
    assert_eq!(engine.open_incidents()[2].id.to_string(), breach);
    // The order has its one. The next is told of, and that is all.
    let told = apply(engine, &panic(5, 9001, 2));
    assert_eq!(
        (kinds(&told), reasons(&told)),
        (vec!["panic", "refused"], vec!["too_many_incidents"])
    );
    let act = |second, action: &str, episode: &str| {
        format!(
            r#"{{"type":"operator","at":"{}","episode":"{episode}","action":"{action}",
            "by":"desk-3"}}"#,
            at(second)
        )
    };
    let refused = apply(engine, &act(6, "acknowledge", "17.0.9001.panic.1"));
    assert_eq!(reasons(&refused), ["no_open_incident"]);
    assert_eq!(told[0].order, told[1].order);
    let of = &told[1];
    assert_eq!((of.order_version, of.rule, of.person), (1, RuleId::NONE, PersonId::NONE));
    let device = of.refusal.as_ref().and_then(|refusal| refusal.device);
    assert_eq!(device.map(|device| device.number()), Some(9001));
    // Another order has room of its own.
    apply(engine, &put_order(6, 18, 1, 50));
    assert_eq!(engine.open_incidents().len(), 4);
    // One of strangers is resolved: there is room for another.
    let stranger = "0.0.77.panic.1";
    assert_eq!(kinds(&apply(engine, &act(7, "acknowledge", stranger))), ["acknowledged"]);
    assert_eq!(kinds(&apply(engine, &act(7, "resolve", stranger))), ["resolved"]);
    assert_eq!(kinds(&apply(engine, &panic(7, 77, 1_000))), ["panic"]);
    assert_eq!(kinds(&apply(engine, &panic(7, 77, 1_001))), ["panic", "refused"]);
    assert_eq!(engine.open_incidents().len(), 4);
}

/// J-STATUS-5: beyond the number of strangers that is remembered, panics are told by the input.
#[test]
fn panics_of_strangers_are_numbered() {
    let mut config = Config::default();
    config.strangers_max = 1;
    let engine = &mut Engine::new(config);
    let mut number_of = |device: u64, seq: u64| {
        let line = format!(
            r#"{{"type":"status","at":"{0}","device":{device},"seq":{seq},"time":"{0}",
            "status":"panic"}}"#,
            at(1)
        );
        apply(engine, &line).iter().find_map(|event| event.episode_id).map(|id| id.number)
    };
    assert_eq!(number_of(1, 1), Some(1));
    assert_eq!([number_of(2, 1), number_of(2, 2)], [Some(2), Some(3)], "the inputs 2 and 3");
    assert_eq!(number_of(1, 2), Some(2));
    // Only those that are counted are incidents, of which one may be open.
    assert_eq!(engine.open_incidents().len(), 1);
}
