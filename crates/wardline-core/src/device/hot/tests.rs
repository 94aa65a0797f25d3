//! The hot line by itself: which fixes it takes.

use super::*;
use crate::engine::Config;
use crate::ids::DeviceId;
use geographiclib_rs::{DirectGeodesic, Geodesic};

/// Where a device rests since the second 1, and what it sends.
fn fix(time_ms: i64, north_e7: i32) -> Fix {
    Fix {
        accuracy_m: Some(8.0),
        ..Fix::new(
            DeviceId::NONE,
            time_ms as u64,
            Timestamp::from_ms(time_ms),
            Position::from_e7(428_760_000 + north_e7, 746_036_000).unwrap_or_default(),
        )
    }
}

fn at_rest() -> HotLine {
    let config = &Config::default();
    let first = fix(1_000, 0);
    let mut hot = HotLine::new();
    hot.newest = first.time;
    let sample = Sample::new(&first, first.time, config);
    hot.rest(&sample, 100.0, Timestamp::FAR_FUTURE, ENDLESS);
    hot
}

fn receipt(at: Timestamp) -> Receipt {
    Receipt::new(at, &Config::default())
}

fn takes(hot: &mut HotLine, fix: &Fix) -> bool {
    takes_at(hot, fix, fix.time)
}

fn takes_at(hot: &mut HotLine, fix: &Fix, at: Timestamp) -> bool {
    let sound = hot.holds(fix, &receipt(at));
    sound.iter().for_each(|sound| hot.take(sound, &receipt(at)));
    sound.is_some()
}

/// The quiet time may last on: without slack not even a fix at the old anchor is taken.
#[test]
fn without_slack_each_fix_is_judged() {
    assert!(takes(&mut at_rest(), &fix(2_000, 0)));
    let mut hot = at_rest();
    hot.lose_slack();
    assert!(!takes(&mut hot, &fix(2_000, 0)));
    let mut hot = at_rest();
    hot.stay_awake(Timestamp::FAR_FUTURE);
    assert!(!takes(&mut hot, &fix(2_000, 0)));
    assert_eq!(hot.region(), None);
}

/// J-FIX-5: at 70 metres a second, 1.4 metres are plausible after 20 ms; 90 in 1e7 of a degree of
/// latitude are one metre.
#[test]
fn what_may_be_implausible_is_judged() {
    assert!(takes(&mut at_rest(), &fix(1_020, 108)));
    assert!(!takes(&mut at_rest(), &fix(1_020, 144)));
    assert!(takes(&mut at_rest(), &fix(2_000, 630 * 9 / 10)));
    assert!(takes(&mut at_rest(), &fix(1_020, 0)));
}

/// Of a party of a pair; nobody else's history is looked at.
#[test]
fn as_many_fixes_are_taken_as_are_granted_and_none_that_lags() {
    let mut hot = at_rest();
    hot.grant(2);
    let late = |lag_ms| Timestamp::from_ms(2_000 + lag_ms);
    assert!(!takes_at(&mut hot, &fix(2_000, 0), late(LAG_MS_MAX)));
    assert!(takes_at(&mut hot, &fix(2_000, 0), late(LAG_MS_MAX - 1_001)));
    assert!(!hot.is_spent(&receipt(Timestamp::from_ms(3_000))));
    assert!(takes(&mut hot, &fix(3_000, 0)) && !takes(&mut hot, &fix(4_000, 0)));
    assert!(hot.is_spent(&receipt(Timestamp::from_ms(4_000))));
    let mut hot = at_rest();
    assert!(takes_at(&mut hot, &fix(2_000, 0), late(LAG_MS_MAX)));
    assert!(!hot.is_spent(&receipt(late(LAG_MS_MAX))));
}

/// Whether or not it left the slack.
#[test]
fn each_fix_of_a_party_uses_up_one_that_is_granted() {
    let (mut hot, far) = (at_rest(), fix(4_000, 18_000));
    hot.grant(2);
    assert!(meets(&hot, &far, 200.0));
    let scale = Scale::near(far.position).expect("far from the poles");
    move_to(&mut hot, &far, scale);
    assert!(takes(&mut hot, &fix(5_000, 18_000)));
    assert!(!takes(&mut hot, &fix(6_000, 18_000)) && !meets(&hot, &fix(6_000, 18_000), 0.0));
}

/// With the last fix alone the history reaches back far enough.
#[test]
fn after_a_pause_a_fix_is_taken_though_none_is_granted_and_none_is_used_up() {
    for left in [0, 1] {
        let mut hot = at_rest();
        hot.grant(left);
        for pauses in 1..5 {
            assert!(takes(&mut hot, &fix(1_000 + pauses * LAG_MS_MAX, 0)), "{left}");
        }
        assert!(!hot.is_spent(&receipt(Timestamp::from_ms(1_000 + 5 * LAG_MS_MAX))));
        let soon = fix(5 * LAG_MS_MAX, 0);
        assert_eq!(
            (hot.is_spent(&receipt(soon.time)), takes(&mut hot, &soon)),
            (left == 0, left > 0)
        );
    }
}

/// However large the slack would be: nothing is taken that is not within [`SLACK_M_MAX`] of the
/// anchor, and what is well within it is, except across the antimeridian.
// J-TIME-3
#[test]
fn the_largest_slack_holds_to_its_edge_and_no_farther() {
    let lats = [-80.0, -0.05, 0.0, 42.9, 79.99];
    for (lat, lon) in lats.iter().flat_map(|lat| [74.6, 179.99, -180.0].map(|lon| (*lat, lon))) {
        for (m, k) in [9_300.0, 9_901.0, 30_000.0, 150_000.0, 2e6, 1.9e7]
            .iter()
            .flat_map(|m| (0..24).map(move |k| (*m, f64::from(k))))
        {
            let (to_lat, to_lon): (f64, f64) = Geodesic::wgs84().direct(lat, lon, 15.0 * k, m);
            let at = |lat, lon| Position::from_degrees(lat, lon).expect("a position");
            let (mut first, mut there) = (fix(1_000, 0), fix(9_000_000, 0));
            (first.position, there.position) = (at(lat, lon), at(to_lat, to_lon));
            let mut hot = HotLine::new();
            hot.newest = first.time;
            let sample = Sample::new(&first, first.time, &Config::default());
            hot.rest(&sample, 1e9, Timestamp::FAR_FUTURE, ENDLESS);
            let is_within = m < SLACK_M_MAX && (to_lon - lon).abs() < 180.0;
            assert_eq!(takes(&mut hot, &there), is_within, "{lat} {lon}, {m} m at {k} / 24");
        }
    }
}

fn meets(hot: &HotLine, fix: &Fix, step_m: f64) -> bool {
    hot.meets(fix, &receipt(fix.time), step_m).is_some()
}

fn move_to(hot: &mut HotLine, fix: &Fix, scale: Scale) {
    let receipt = receipt(fix.time);
    let sound = hot.meets(fix, &receipt, 0.0).expect("a sound fix");
    hot.move_to(&sound, &receipt, scale, 50.0);
}

/// Two hundred metres off after three seconds: not within the slack, and plausible.
#[test]
fn who_left_the_slack_rests_where_it_is_then() {
    let (mut hot, far) = (at_rest(), fix(4_000, 18_000));
    assert!(!takes(&mut hot, &far) && meets(&hot, &far, 200.0));
    let scale = Scale::near(far.position).expect("far from the poles");
    move_to(&mut hot, &far, scale);
    assert_eq!(hot.newest, far.time);
    assert_eq!(hot.last_sound(), Some(far.position));
    assert!(!hot.is_of_pair());
    assert!(!takes(&mut hot, &fix(8_000, 0)) && takes(&mut hot, &fix(8_000, 18_000 + 4_000)));
}

// J-FIX-3, J-FIX-4, J-FIX-5, J-FIX-6
#[test]
fn who_left_the_slack_is_met_only_with_the_next_sound_fix() {
    let far = fix(4_000, 18_000);
    assert!(!meets(&at_rest(), &far, 211.0), "faster than 70 metres a second");
    assert!(!meets(&at_rest(), &fix(1_000, 18_000), 0.0), "not newer");
    for doubtful in [
        Fix { mock: true, ..far },
        Fix { accuracy_m: Some(151.0), ..far },
        Fix { speed_mps: Some(1.5), ..fix(4_000, 0) },
    ] {
        assert!(!meets(&at_rest(), &doubtful, 0.0), "{doubtful:?}");
    }
    let mut hot = at_rest();
    hot.quiet_until = far.time;
    assert!(!meets(&hot, &far, 200.0), "a boundary comes first");
    let mut hot = at_rest();
    hot.grant(0);
    assert!(!meets(&hot, &far, 200.0), "others count on its history");
    let mut hot = at_rest();
    hot.lose_slack();
    assert!(!meets(&hot, &far, 200.0) && hot.last_sound().is_none());
}

/// A clock that is ahead does not put off what happened: it is kept as of its receipt.
// J-FIX-4
#[test]
fn who_left_the_slack_with_a_clock_ahead_is_kept_as_of_its_receipt() {
    let at = Timestamp::from_ms(4_000);
    let sound = at_rest().meets(&fix(4_001, 18_000), &receipt(at), 200.0).expect("a sound fix");
    assert_eq!(sound.time, at);
}

/// Though it rested before: the slack was about another anchor.
#[test]
fn who_left_the_slack_and_has_no_more_is_judged() {
    let (mut hot, far) = (at_rest(), fix(4_000, 18_000));
    let receipt = receipt(far.time);
    let sound = hot.meets(&far, &receipt, 200.0).expect("a sound fix");
    hot.move_to(&sound, &receipt, Scale::near(far.position).expect("far from the poles"), 0.05);
    assert!(hot.is_awake());
}

/// J-GEO-2: less than what is free, by a ten-thousandth and a decimetre; and round the anchor
/// still, wherever it was last.
#[test]
fn a_region_lies_round_the_anchor_and_allows_for_errors() {
    let mut hot = at_rest();
    assert!(takes(&mut hot, &fix(4_000, 4_000)));
    let (anchor, region_m) = hot.region().expect("at rest");
    assert_eq!(anchor, fix(1_000, 0).position);
    assert!((region_m - 99.89).abs() < 1e-3, "{region_m}");
}

/// What waits for a look at its boundaries is not put off by what others wait for, nor is it hurt
/// by one that is nearer than its own; nor does an awake one wait longer.
#[test]
fn only_who_rests_until_a_look_rests_on_and_no_shorter() {
    let [soon, later] = [10_000, 20_000].map(Timestamp::from_ms);
    let mut hot = at_rest();
    hot.quiet_until = soon;
    hot.rest_on(later);
    hot.rest_on(soon);
    assert_eq!(hot.quiet_until, later);
    hot.lose_quiet();
    hot.rest_on(later);
    assert_eq!(hot.quiet_until, NEVER);
    hot.stay_awake(soon);
    hot.rest_on(later);
    assert_eq!(hot.quiet_until, soon);
}

/// J-FIX-3: a fix that reports no accuracy has the configured one.
#[test]
fn a_fix_without_an_accuracy_is_as_coarse_as_configured() {
    let unknown = Fix { accuracy_m: None, ..fix(2_000, 0) };
    for (accuracy_default_m, is_sound) in [(149.0, true), (150.0, true), (151.0, false)] {
        let config = Config { accuracy_default_m, accuracy_coarse_m: 150.0, ..Config::default() };
        let receipt = Receipt::new(unknown.time, &config);
        assert_eq!(receipt.finds_plainly_sound(&unknown), is_sound, "{accuracy_default_m}");
    }
}
