mod stream;

use super::*;
use serde_json::{Value, json};
use wardline_core::input::{Demand, Place};
use wardline_core::time::Timestamp;

const T0: &str = "2026-01-02T03:04:05.678Z";
const T1: &str = "2026-01-12T03:04:05.678Z";

/// A line and what becomes of it: "ok", or the reason and value of the refusal.
#[track_caller]
fn check(line: impl ToString, expected: &str) {
    let record = parse_line(&line.to_string(), 7);
    let outcome = match record.input {
        Input::Invalid(refusal) => format!("{} {}", refusal.reason, refusal.value),
        _ => "ok".to_owned(),
    };
    assert_eq!(outcome, expected);
}

/// The object with members put or, by null, removed.
fn with(base: &Value, changes: Value) -> Value {
    let mut object = base.clone();
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(object.as_object_mut().expect("an object").remove(name)),
            _ => object[name] = value.clone(),
        }
    }
    object
}

fn fix() -> Value {
    json!({"type": "fix", "at": T0, "device": 9001, "seq": 1, "time": T0, "lat": 42.87,
        "lon": 74.59,
        "accuracy_m": 8.0, "speed_mps": 1.2, "course_deg": 90, "source": "gnss",
        "assurance": "device", "flags": ["mock"]})
}

fn order(rules: Value) -> Value {
    json!({"type": "put_order", "at": T0, "order": 17, "kind": "court", "person": 1001,
        "from": T0, "until": T1, "rules": rules, "permits": [{"zone": 12, "active": [[T0, T1]]}]})
}

fn rule() -> Value {
    json!({"rule": 1, "kind": "keep_out", "zone": 5, "warn_m": 300, "confirm_fixes": 0,
        "active": [[T0, T1]]})
}

fn zone(geometry: Value) -> Value {
    json!({"type": "put_zone", "at": T0, "zone": 5, "layer": 7, "name": "school 12",
        "geometry": geometry})
}

#[test]
fn each_type_of_input_is_read() {
    check(fix(), "ok");
    check(order(json!([rule()])), "ok");
    check(json!({"type": "remove_zone", "at": T0, "zone": 5}), "ok");
    check(json!({"type": "end_order", "at": T0, "order": 17, "reason": "revoked"}), "ok");
    let assign = json!({"type": "assign_device", "device": 1, "person": 2, "kind": "phone"});
    check(&assign, "ok");
    check(with(&assign, json!({"kind": "watch"})), "unknown_kind kind: watch");
    check(with(&assign, json!({"person": null})), "missing_member person");
    check(json!({"type": "release_device", "at": T0, "device": 9001}), "ok");
    let status = json!({"type": "status", "device": 1, "seq": 2, "time": T0, "status": "panic"});
    check(&status, "ok");
    check(with(&status, json!({"status": "bored"})), "unknown_status status: bored");
    let act = json!({"type": "operator", "at": T0, "episode": "17.1.9001.breach.1",
        "action": "acknowledge", "by": "desk-3", "note": "called him"});
    check(&act, "ok");
    check(with(&act, json!({"action": "ignore"})), "unknown_action action: ignore");
    check(json!({"type": "wave"}), "unknown_type wave");
    check(json!({"at": T0}), "missing_member type");
}

// J-REFUSE-1
#[test]
fn a_line_that_is_no_object_is_refused_with_its_number() {
    for (line, reason) in [
        ("", "not_json"),
        ("{\"type\":\"tick\"} x", "not_json"),
        (r#"{"type":"tick","at":NaN}"#, "not_json"),
        (r#"{"type":"fix","lat":1e999}"#, "not_json"),
        ("[1,2]", "not_an_object"),
        ("null", "not_an_object"),
        (&"[".repeat(LINE_BYTES_MAX), "not_json"),
        (&" ".repeat(LINE_BYTES_MAX + 1), "line_too_long"),
    ] {
        let Input::Invalid(refusal) = parse_line(line, 7).input else { panic!("not refused") };
        assert_eq!((refusal.reason.as_str(), refusal.line), (reason, Some(7)));
        assert!(refusal.value.len() < 1000, "the value is kept short");
    }
    let Input::Invalid(refusal) = parse_line("{}", 7).input else { panic!("not refused") };
    assert_eq!(refusal.line, None);
}

#[test]
fn a_refusal_knows_the_time_and_the_device() {
    let record = parse_line(&with(&fix(), json!({"lat": 91})).to_string(), 7);
    assert!(record.at.is_some());
    let Input::Invalid(refusal) = record.input else { panic!("not refused") };
    assert_eq!(refusal.device, DeviceId::new(9001));
    let line = r#"{"type":"release_device","at":"2026-01-02T03:04:05Z","device":1,"device":2}"#;
    let record = parse_line(line, 7);
    assert!(record.at.is_some());
    let Input::Invalid(refusal) = record.input else { panic!("not refused") };
    assert_eq!(refusal.device, None, "it cannot be told which");
}

// J-TIME-1
#[test]
fn a_bad_time_of_receipt_does_not_refuse_the_input() {
    for at in [json!(null), json!(5), json!("yesterday"), json!("2026-13-01T00:00:00Z")] {
        let record = parse_line(&json!({"type": "tick", "at": at}).to_string(), 1);
        assert!(record.at.is_none() && matches!(record.input, Input::Tick));
    }
    let twice = r#"{"type":"tick","at":"2026-01-02T03:04:05Z","at":"2026-01-02T03:04:05Z"}"#;
    assert!(parse_line(twice, 1).at.is_none());
    check(twice, "duplicate_member at");
}

#[test]
fn members_are_checked() {
    check(with(&fix(), json!({"height_m": 1})), "unknown_member height_m");
    check(r#"{"type":"tick","typ\u0065":"tick"}"#, "duplicate_member type");
    check(with(&fix(), json!({"device": null})), "missing_member device");
    check(with(&fix(), json!({"device": 0})), "out_of_range device: 0");
    check(with(&fix(), json!({"device": -1})), "out_of_range device: -1");
    check(with(&fix(), json!({"device": 1.0})), "wrong_type device: 1");
    check(with(&fix(), json!({"device": u64::MAX})), "ok");
    check(with(&fix(), json!({"device": "1"})), "wrong_type device: \"1\"");
    check(with(&fix(), json!({"lat": [1]})), "wrong_type lat: a list of 1");
    check(r#"{"type":"tick","at":null,"x":{}}"#, "unknown_member x");
    let many: Vec<_> = (0..50_000).map(|n| format!("\"{n}\":0")).collect();
    check(format!("{{\"type\":\"tick\",{}}}", many.join(",")), "unknown_member 0");
}

#[test]
fn numbers_of_a_fix_have_ranges() {
    for (name, good, bad) in [
        ("lat", json!(-90), json!(-90.0000001)),
        ("lon", json!(180.0), json!(180.1)),
        ("accuracy_m", json!(0), json!(-1)),
        ("speed_mps", json!(1e300), json!(-0.5)),
        ("course_deg", json!(360), json!(361)),
        ("seq", json!(0), json!(-1)),
    ] {
        check(with(&fix(), json!({name: good})), "ok");
        check(with(&fix(), json!({name: bad})), &format!("out_of_range {name}: {bad}"));
    }
    check(with(&fix(), json!({"source": "sun"})), "unknown_source source: sun");
    check(with(&fix(), json!({"assurance": "firm"})), "unknown_assurance assurance: firm");
    check(with(&fix(), json!({"flags": ["mock", "x"]})), "unknown_flag flags[1]: x");
    check(with(&fix(), json!({"time": "now"})), "bad_time time: now");
    check(r#"{"type":"fix","device":1,"seq":1,"lat":1,"lon":2}"#, "missing_member time");
}

#[test]
fn orders_are_checked() {
    let good = order(json!([rule()]));
    check(with(&good, json!({"permits": null})), "ok");
    check(with(&good, json!({"rules": []})), "no_rules rules");
    check(with(&good, json!({"kind": "eternal"})), "unknown_kind kind: eternal");
    check(with(&good, json!({"until": T0})), &format!("until_not_after_from until: {T0}"));
    let days_30 = "2026-02-01T03:04:05.678Z";
    let longer = "2026-02-01T03:04:05.679Z";
    check(with(&good, json!({"kind": "temporary", "until": days_30})), "ok");
    let refused = format!("term_too_long until: {longer}");
    check(with(&good, json!({"kind": "temporary", "until": longer})), &refused);
    check(with(&good, json!({"kind": "court", "until": longer})), "ok");
    check(with(&good, json!({"kind": "supervision", "until": "2099-01-01T00:00:00Z"})), "ok");
    let rules: Vec<_> = (1..=257).map(|n| with(&rule(), json!({"rule": n}))).collect();
    check(order(json!(rules[..256])), "ok");
    check(order(json!(rules)), "too_many_elements rules: 257");
    check(order(json!([rule(), rule()])), "duplicate_rule rules: 1");
    let permit = json!([{"zone": 1, "active": [[T1, T0]]}]);
    let refused = format!("until_not_after_from permits[0].active[0]: {T0}");
    check(with(&good, json!({"permits": permit})), &refused);
}

#[test]
fn rules_are_checked() {
    let check_rule = |changes: Value, expected: &str| {
        check(order(json!([with(&rule(), changes)])), expected);
    };
    check_rule(json!({"active": null, "warn_m": null, "confirm_fixes": null}), "ok");
    check_rule(json!({"warn_m": 5_000_000}), "ok");
    check_rule(json!({"warn_m": 5_000_001}), "out_of_range rules[0].warn_m: 5000001");
    check_rule(json!({"confirm_fixes": -1}), "out_of_range rules[0].confirm_fixes: -1");
    check_rule(json!({"layer": 7}), "zone_and_layer rules[0].layer");
    check_rule(json!({"zone": null}), "missing_member rules[0].zone");
    check_rule(json!({"zone": null, "layer": 7}), "ok");
    check_rule(json!({"active": [[T0]]}), "not_two_times rules[0].active[0]: 1");
    check_rule(json!({"grace_s": 1}), "unknown_member rules[0].grace_s");
    check_rule(json!({"kind": "fly"}), "unknown_kind rules[0].kind: fly");
    let many = vec![[T0, T1]; INTERVALS_MAX + 1];
    check_rule(json!({"active": many[1..]}), "ok");
    check_rule(json!({"active": many}), "too_many_elements rules[0].active: 4097");
}

#[test]
fn rules_that_are_not_judged_yet_are_checked_too() {
    let check_rule = |rule: Value, expected: &str| check(order(json!([rule])), expected);
    let away = json!({"rule": 2, "kind": "keep_away", "person": 2001, "distance_m": 1000});
    check_rule(with(&away, json!({"warn_m": 1000})), "ok");
    check_rule(with(&away, json!({"warn_m": 999})), "out_of_range rules[0].warn_m: 999");
    check_rule(with(&away, json!({"distance_m": 0})), "out_of_range rules[0].distance_m: 0");
    let stay = json!({"rule": 3, "kind": "stay_in", "zones": [9, 10], "grace_s": 600});
    check_rule(stay.clone(), "ok");
    check_rule(with(&stay, json!({"zones": []})), "no_zones rules[0].zones");
    check_rule(with(&stay, json!({"grace_s": -1})), "out_of_range rules[0].grace_s: -1");
    let report = json!({"rule": 4, "kind": "report", "max_silence_s": 300});
    check_rule(report.clone(), "ok");
    let none = with(&report, json!({"max_silence_s": null}));
    check_rule(none, "missing_member rules[0].max_silence_s");
    let Input::PutOrder(put) = parse_line(&order(json!([report, rule()])).to_string(), 1).input
    else {
        panic!("refused")
    };
    let [first, second] = &put.rules[..] else { panic!("two rules") };
    assert!(matches!(first.demand, Demand::KeepOut { place: Place::Zone(_), .. }));
    assert!(matches!(second.demand, Demand::Report { .. }));
}

#[test]
fn geometries_are_checked() {
    let square = json!([[[0, 0], [1, 0], [1, 1, 12.5], [0, 1], [0, 0]]]);
    let polygon = json!({"type": "Polygon", "coordinates": square});
    check(zone(polygon.clone()), "ok");
    check(zone(json!({"type": "MultiPolygon", "coordinates": [square]})), "ok");
    let circle = json!({"type": "Point", "coordinates": [74.6, 42.88], "radius_m": 500});
    check(zone(circle.clone()), "ok");
    let line = json!({"type": "LineString", "coordinates": [[0, 0], [1, 1]], "half_width_m": 25});
    check(zone(line.clone()), "ok");
    let refused = "bad_radius geometry: radius 0 m is not in (0, 5000000]";
    check(zone(with(&circle, json!({"radius_m": 0}))), refused);
    let refused = "missing_member geometry.radius_m";
    check(zone(with(&circle, json!({"radius_m": null}))), refused);
    check(zone(with(&polygon, json!({"radius_m": 5}))), "unknown_member geometry.radius_m");
    check(zone(json!({"type": "Curve"})), "unknown_geometry geometry.type: Curve");
    check(zone(json!([])), "wrong_type geometry: a list of 0");
    let short = with(&line, json!({"coordinates": [[0, 0], [1]]}));
    check(zone(short), "wrong_type geometry.coordinates[1]: a list of 1");
    let far = with(&polygon, json!({"coordinates": [[[0, 0], [0, 91]]]}));
    let refused = "out_of_range geometry.coordinates[0][1]: latitude 91 is not within ±90";
    check(zone(far), refused);
    let open = with(&polygon, json!({"coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}));
    let Input::Invalid(refusal) = parse_line(&zone(open).to_string(), 1).input else {
        panic!("not refused")
    };
    assert_eq!(refusal.reason, "unclosed_ring");
}

#[test]
fn texts_have_a_limit() {
    let named = |bytes| with(&zone(json!(0)), json!({"name": "x".repeat(bytes)}));
    check(named(TEXT_BYTES_MAX), "wrong_type geometry: 0");
    check(named(TEXT_BYTES_MAX + 1), "text_too_long name: 4097 bytes");
}

/// Instants are written by arithmetic of the engine's own, which `jiff` must agree with.
#[test]
fn the_engine_writes_instants_as_jiff_does() {
    let day_ms = 86_400_000;
    let (first, last) = (-719_528, 2_932_896); // 0000-01-01 and 9999-12-31
    for day in (first..=last).step_by(7).chain([first, last, -1, 0, 1, 11_016, 11_017, 19_782]) {
        for ms in [0, 1, 45_296_789, day_ms - 1] {
            let instant = Timestamp::from_ms(day * day_ms + ms);
            let text = instant::format(instant);
            assert_eq!(instant::parse(&text), Some(instant));
            let by_jiff = jiff::Timestamp::from_millisecond(instant.ms());
            assert!(by_jiff.is_ok_and(|t| format!("{t:.3}") == text) || day == last, "{text}");
        }
    }
    assert_eq!(Timestamp::from_ms(951_782_400_000).to_string(), "2000-02-29T00:00:00.000Z");
    assert!(Timestamp::from_ms(i64::MIN).to_string() < Timestamp::from_ms(i64::MAX).to_string());
}
