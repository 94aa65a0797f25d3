//! The map: what it says and what it leaves out.

use super::*;

const T0: &str = "2026-01-01T00:00:00.000Z";
const T1: &str = "2026-01-01T00:01:00.000Z";

fn page(inputs: Vec<Value>, events: &[Value]) -> (String, Value) {
    let mut out = Vec::new();
    write_map(inputs.into_iter(), events, &mut out).expect("a Vec takes all");
    let html = String::from_utf8(out).expect("HTML is UTF-8");
    let open = r#"<script type="application/json" id="data">"#;
    let (_, rest) = html.split_once(open).expect("the data element");
    let (data, _) = rest.split_once("</script>").expect("its end");
    let data = serde_json::from_str(data).expect("the data is JSON");
    (html, data)
}

fn circle(name: &str) -> Value {
    json!({ "type": "put_zone", "at": T0, "zone": 5, "layer": 7, "name": name,
        "geometry": { "type": "Point", "coordinates": [179.9, 1.0], "radius_m": 50 } })
}

#[test]
fn a_hostile_name_stays_data() {
    let name = "</script><script>alert(1)</script><!--";
    let (html, data) = page(vec![circle(name)], &[]);
    assert_eq!(data["zones"][0]["name"], name);
    assert!(!html.contains("alert(1)</script>"));
    assert!(!html.contains("innerHTML") && !html.contains("://"), "self-contained");
}

#[test]
fn warning_rings_follow_the_zone_and_its_layer() {
    let order = json!({ "type": "put_order", "at": T0, "rules": [
        { "rule": 1, "kind": "keep_out", "zone": 5, "warn_m": 300 },
        { "rule": 2, "kind": "keep_out", "layer": 7, "warn_m": 100 },
        { "rule": 3, "kind": "keep_out", "layer": 8, "warn_m": 200 } ] });
    let (_, data) = page(vec![circle("a"), order], &[]);
    assert_eq!(data["zones"][0]["warn_m"], json!([100, 300]));
}

#[test]
fn a_zone_put_again_and_removed_stands_in_its_times() {
    let removed = json!({ "type": "remove_zone", "at": T1, "zone": 5 });
    let (_, data) = page(vec![circle("a"), circle("b"), removed], &[]);
    assert_eq!(data["zones"][0]["until"], data["zones"][1]["from"]);
    assert_eq!(data["zones"][1]["until"], time_ms(&json!(T1)).expect("a time"));
}

#[test]
fn an_episode_is_one_item_with_two_ends() {
    let event = |phase: &str, time: &str| {
        json!({ "id": "1.1.0", "time": time, "kind": "breach", "phase": phase,
            "episode": "1.1.1.breach.1", "fix": { "lat": 1.0, "lon": 2.0 } })
    };
    let amended = json!({ "kind": "breach", "phase": "amended", "end": null,
        "episode": "1.1.1.breach.1", "start": T0 });
    let (_, data) = page(vec![], &[event("started", T0), event("ended", T1)]);
    assert_eq!(data["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["items"][0]["severity"], "alarm");
    assert_eq!(data["items"][0]["end"]["lat"], 1.0);
    let (_, data) = page(vec![], &[event("started", T0), event("ended", T1), amended]);
    assert!(data["items"][0]["end"].is_null());
}

#[test]
fn a_long_run_is_thinned_and_keeps_its_last_fix() {
    let point = |i: usize| TrackPoint { time_ms: i as i64, lat_e7: 0, lon_e7: 0 };
    let total = FIXES_MAX + 2;
    let scene = Scene {
        tracks: BTreeMap::from([(1, (0..total).map(point).collect())]),
        ..Scene::default()
    };
    let data = scene.into_json(Story::default());
    assert_eq!((&data["step"], &data["fixes_total"]), (&json!(2), &json!(total)));
    let deltas = data["tracks"][0]["deltas"].as_array().expect("a list");
    let last: i64 = deltas.iter().step_by(3).filter_map(Value::as_i64).sum();
    assert_eq!(last, total as i64 - 1);
}

/// A pair's episode has both places and the distances of its rule as they were; the desk's acts
/// stand with it.
#[test]
fn a_pair_has_both_places_and_its_rings_and_what_the_desk_did() {
    let order = |at: &str, warn_m: u64| {
        json!({ "type": "put_order", "at": at, "order": 17, "rules": [
            { "rule": 2, "kind": "keep_away", "person": 2, "distance_m": 500,
                "warn_m": warn_m } ] })
    };
    let breach = json!({ "id": "9.17.0", "time": T0, "order": 17, "rule": 2, "kind": "breach",
        "phase": "started", "episode": "17.2.1.breach.1", "other_person": 2, "other_device": 8,
        "fix": { "lat": 1.0, "lon": 2.0 }, "other_fix": { "lat": 1.001, "lon": 2.0 } });
    let act = |kind: &str| {
        json!({ "time": T1, "kind": kind, "phase": "noted", "episode": "17.2.1.breach.1",
            "by": "desk-3" })
    };
    let events = [breach, act("acknowledged"), act("resolved")];
    let (_, data) = page(vec![order(T0, 900), order(T1, 800)], &events);
    let items = data["items"].as_array().expect("a list");
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["start"]["other"]["lat"], 1.001);
    assert_eq!(items[0]["rings"], json!({ "distance_m": 500.0, "warn_m": 900.0 }));
    let desk: Vec<_> = items[0]["desk"].as_array().expect("acts").iter().collect();
    assert_eq!(
        desk.iter().map(|act| &act["kind"]).collect::<Vec<_>>(),
        ["acknowledged", "resolved"]
    );
    assert_eq!(desk[1]["by"], "desk-3");
}

#[test]
fn no_incident_is_made_of_what_is_permitted_or_is_a_warning() {
    let event = |kind: &str, permitted: bool| {
        json!({ "time": T0, "kind": kind, "phase": "started", "permitted": permitted,
            "episode": format!("1.1.1.{kind}.{permitted}") })
    };
    let events = [event("breach", false), event("breach", true), event("warning", false)];
    let (_, data) = page(vec![], &events);
    let has_desk = |index: usize| data["items"][index]["desk"].is_array();
    assert_eq!([has_desk(0), has_desk(1), has_desk(2)], [true, false, false]);
}

#[test]
fn of_many_devices_those_with_events_are_kept() {
    let point = TrackPoint { time_ms: 0, lat_e7: 0, lon_e7: 0 };
    let last = DEVICES_MAX as u64 + 5;
    let tracks = (1..=last).map(|device| (device, vec![point])).collect();
    let scene = Scene { tracks, ..Scene::default() };
    let mut story = Story::default();
    story.take_event(&json!({ "time": T0, "kind": "breach", "phase": "started", "device": last }));
    let data = scene.into_json(story);
    assert_eq!(data["devices_left_out"], 5);
    let tracks = data["tracks"].as_array().expect("a list");
    assert_eq!(tracks.len(), DEVICES_MAX);
    assert!(tracks.iter().any(|track| track["device"] == last));
}
