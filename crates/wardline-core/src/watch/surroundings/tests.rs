//! What a device knows of the zones round it, against a look at every zone.

use super::*;
use crate::geometry::{Geometry, Shape};
use crate::input::PutZone;
use crate::key::Key;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The layers of the grounds, which rules of the same numbers forbid, and one that none forbids.
const LAYERS: [LayerId; 3] =
    [LayerId::new(1).unwrap(), LayerId::new(2).unwrap(), LayerId::new(3).unwrap()];
const RULES: [RuleId; 2] = [RuleId::new(1).unwrap(), RuleId::new(2).unwrap()];

/// Zones of layers round a place.
struct Town {
    middle: Position,
    zones: Zones,
    boxes: Vec<(LayerId, Bounds, ZoneId)>,
}

impl Town {
    fn new(lat: f64, lon: f64) -> Self {
        let middle = Position::from_degrees(lat, lon).expect("a position");
        Self { middle, zones: Zones::default(), boxes: Vec::new() }
    }

    /// So many metres to the east and north of the middle, about.
    fn at(&self, [east_m, north_m]: [f64; 2]) -> Position {
        let degree_m = 111_200.0;
        let lat = self.middle.lat_deg() + north_m / degree_m;
        let lon = self.middle.lon_deg() + east_m / degree_m / libm::cos(lat.to_radians());
        Position::from_degrees(lat, lon - 360.0 * (lon / 360.0).round()).expect("a position")
    }

    fn build(&mut self, layer: LayerId, place_m: [f64; 2], radius_m: f64) {
        let circle = Geometry::Circle { centre: self.at(place_m), radius_m };
        let shape = Shape::new(&circle).expect("a circle");
        let number = self.zones.known() as u64 + 1;
        let zone = ZoneId::new(number).expect("not 0");
        self.boxes.extend(shape.bounds().iter().map(|bounds| (layer, *bounds, zone)));
        let put = PutZone { zone, layer: Some(layer), shape: Arc::new(shape) };
        self.zones.put(&put, Key::configuration(Key::FIRST.time, 0));
    }

    /// Zones of the first layer in rows, so far from one another, to 40 of them each way.
    fn grid(apart_m: f64) -> Self {
        let mut town = Self::new(42.87, 74.59);
        for (east, north) in (-40..=40).flat_map(|east| (-40..=40).map(move |north| (east, north)))
        {
            let place_m = [east, north].map(|steps| f64::from(steps) * apart_m);
            town.build(LAYERS[0], place_m, 0.2 * apart_m);
        }
        town
    }

    /// What the fix sees by a look at every box: the slack, and the zones that matter by rule.
    fn look(&self, glance: &Glance, reaches_m: &[f64]) -> (f64, BTreeSet<(RuleId, ZoneId)>) {
        let reach_m = reaches_m.iter().copied().fold(0.0, f64::max);
        let mut slack_m = SLACK_M_MAX.min(SCALE_REACH_M - reach_m);
        let mut matters = BTreeSet::new();
        for ((layer, rule), reach_m) in LAYERS.iter().zip(RULES).zip(reaches_m) {
            for (_, bounds, zone) in self.boxes.iter().filter(|(of, ..)| of == layer) {
                let shape = self.zones.present(*zone).and_then(|zone| zone.shape.as_deref());
                let itself = || glance.slack_before_m(shape?, *reach_m);
                match glance.slack_beside_m(bounds, *reach_m).or_else(itself) {
                    Some(free_m) => slack_m = slack_m.min(free_m),
                    None => _ = matters.insert((rule, *zone)),
                }
            }
        }
        (slack_m, matters)
    }
}

fn surroundings(reaches_m: &[f64]) -> Surroundings {
    let grounds = LAYERS.into_iter().zip(RULES).zip(reaches_m);
    let ground = |((layer, rule), reach_m): (_, &f64)| Ground { layer, rule, reach_m: *reach_m };
    Surroundings::of(grounds.map(ground).collect()).expect("grounds")
}

fn glance(position: Position) -> Glance {
    Glance::new(position, None).expect("far from the poles")
}

fn matters(surroundings: &Surroundings) -> BTreeSet<(RuleId, ZoneId)> {
    let of_rule = |rule| {
        let mut zones = Vec::new();
        surroundings.add_what_matters(rule, &mut zones);
        zones.into_iter().map(move |zone| (rule, zone))
    };
    RULES.into_iter().flat_map(of_rule).collect()
}

/// Towns dense and sparse, at the antimeridian and far north; a device strolls, drives and jumps
/// about in them.
// J-TIME-3, J-BREACH-1, J-CROSS-1
#[test]
fn what_is_kept_changes_no_answer() {
    let (mut mattered, mut free) = (0, 0);
    for seed in 0..60 {
        let rng = &mut SmallRng::seed_from_u64(seed);
        let middles = [(42.87, 74.59), (-0.01, 179.995), (79.0, -179.99), (-55.0, 0.0)];
        let (lat, lon) = middles[rng.random_range(0..middles.len())];
        let mut town = Town::new(lat, lon);
        let spread_m = [400.0, 3_000.0, 20_000.0][rng.random_range(0..3)];
        for _ in 0..[2, 30, 600][rng.random_range(0..3)] {
            let place_m = [0, 1].map(|_| rng.random_range(-spread_m..spread_m));
            let radius_m = [10.0, 80.0, 900.0][rng.random_range(0..3)];
            town.build(LAYERS[rng.random_range(0..3)], place_m, radius_m);
        }
        let reaches_m = [0, 1].map(|_| [1.0, 61.0, 2_001.0, 9_000.0][rng.random_range(0..4)]);
        let mut surroundings = surroundings(&reaches_m);
        let step_m = [5.0, 120.0, 2_000.0][rng.random_range(0..3)];
        let mut place_m = [0.0; 2];
        let mut before = None;
        for fix in 0..80 {
            if rng.random_bool(0.05) {
                (place_m, before) = ([0.0; 2], None);
            }
            place_m = place_m.map(|at_m| at_m + rng.random_range(-step_m..=step_m));
            let position = town.at(place_m);
            let glance = Glance::new(position, before);
            before = Some(position);
            // A step over the antimeridian is judged in full.
            let Some(glance) = glance else { continue };
            let view = surroundings.view(&glance, &town.zones).expect("a view");
            let (slack_m, expected) = town.look(&glance, &reaches_m);
            assert_eq!(view.slack_m, slack_m, "seed {seed}, fix {fix}");
            assert_eq!(view.matters, !expected.is_empty(), "seed {seed}, fix {fix}");
            assert_eq!(matters(&surroundings), expected, "seed {seed}, fix {fix}");
            mattered += usize::from(view.matters);
            free += usize::from(!view.matters);
        }
    }
    assert!(mattered > 500 && free > 500, "{mattered} {free}");
}

/// If it asked the trees, which are empty the second time, it would see nothing.
#[test]
fn the_trees_are_not_asked_again_near_by() {
    let town = Town::grid(300.0);
    let seen_without_trees = |way_m: f64| {
        let mut surroundings = surroundings(&[61.0]);
        surroundings.view(&glance(town.middle), &town.zones).expect("a view");
        let there = glance(town.at([way_m, 0.0]));
        let view = surroundings.view(&there, &Zones::default()).expect("a view");
        let (slack_m, matters) = town.look(&there, &[61.0]);
        view.slack_m == slack_m && view.matters != matters.is_empty()
    };
    for way_m in [0.0, 20.0, 300.0, 2_000.0, 5_000.0] {
        assert!(seen_without_trees(way_m), "{way_m}");
    }
    assert!(!seen_without_trees(7_990.0), "so far out boxes of the trees are missing");
}

#[test]
fn the_lists_are_as_long_as_is_of_use() {
    let walk = |apart_m: f64| {
        let town = Town::grid(apart_m);
        let mut surroundings = surroundings(&[1.0]);
        for step in (-300..300).chain((-300..300).rev()) {
            let east_m = f64::from(step) * 0.1 * apart_m;
            let there = glance(town.at([east_m, 0.3 * east_m]));
            surroundings.view(&there, &town.zones).expect("a view");
        }
        surroundings
    };
    for apart_m in [80.0, 300.0, 1_200.0] {
        let surroundings = walk(apart_m);
        let near = surroundings.near.boxes.len();
        assert!((NEAR[0] / 2..=NEAR[1] * 2).contains(&near), "{apart_m} m apart: {near}");
        let wide = surroundings.wide.boxes.len();
        assert!((WIDE[0] / 2..=WIDE[1] * 2).contains(&wide), "{apart_m} m apart: {wide}");
    }
    // So dense that no area is small enough; so sparse that none is large enough.
    assert_eq!(walk(30.0).near.radius_m, RADIUS_M_MIN);
    assert_eq!(walk(9_000.0).near.radius_m, SCALE_REACH_M);
}

#[test]
fn lists_that_had_to_be_very_long_are_not_kept() {
    for (zones, is_kept) in [(KEPT_MAX, true), (KEPT_MAX + 1, false)] {
        let mut town = Town::new(42.87, 74.59);
        (0..zones).for_each(|_| town.build(LAYERS[0], [500.0, 0.0], 100.0));
        let mut surroundings = surroundings(&[61.0]);
        let there = glance(town.middle);
        let view = surroundings.view(&there, &town.zones).expect("a view");
        let (slack_m, matters) = town.look(&there, &[61.0]);
        assert_eq!((view.slack_m, view.matters), (slack_m, !matters.is_empty()));
        for list in [&surroundings.near, &surroundings.wide] {
            assert_eq!(list.boxes.len(), if is_kept { zones } else { 0 });
        }
        // The same fix, judged after it was viewed, needs neither lists nor trees.
        let again = surroundings.view(&there, &Zones::default()).expect("a view");
        assert_eq!(again.slack_m, view.slack_m);
        let north = glance(town.at([0.0, 30.0]));
        let later = surroundings.view(&north, &town.zones).expect("a view");
        assert_eq!(later.slack_m, town.look(&north, &[61.0]).0, "{zones} zones");
    }
}

#[test]
fn no_surroundings_of_nothing_or_of_a_reach_beyond_that_of_boxes() {
    let ground = |reach_m| Ground { layer: LAYERS[0], rule: RULES[0], reach_m };
    assert!(Surroundings::of(Vec::new()).is_none());
    assert!(Surroundings::of(vec![ground(1.0), ground(SCALE_REACH_M)]).is_none());
    assert!(Surroundings::of(vec![ground(SCALE_REACH_M - 1.0)]).is_some());
}
