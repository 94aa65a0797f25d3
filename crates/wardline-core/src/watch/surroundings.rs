//! The zones of layers round a device, kept while it stays among them, so that the trees of the
//! layers are seldom asked.
//!
//! There are two lists. All boxes that meet a near area, some twenty, are looked at for each fix;
//! all those that meet a wide area round it, some hundreds, are where the next near list comes
//! from. A list is of use as far as the fix is deep within its area: what is not in it is farther
//! off than that ([`Area::depth_m`]). How large an area is hangs on how many boxes there are, and
//! on how far the fix must be able to see.
//!
//! What is answered hangs on the zones and the fix alone, never on what is kept, so that an engine
//! that lost it (a snapshot has none of it) goes on as one that has it. The watch drops all of it
//! when a zone of one of the layers changes.

#[cfg(test)]
mod tests;

use super::sentry::Glance;
use crate::geometry::{Area, Bounds, Position, SCALE_REACH_M, Scale};
use crate::ids::{LayerId, RuleId, ZoneId};
use crate::zones::Zones;

/// A layer that a rule forbids, and how near to its zones a fix must be judged.
pub(super) struct Ground {
    pub layer: LayerId,
    pub rule: RuleId,
    pub reach_m: f64,
}

/// What a device has round it of the layers that it is kept out of.
pub(super) struct Surroundings {
    grounds: Vec<Ground>,
    /// The longest reach of them.
    reach_m: f64,
    near: List,
    wide: List,
    /// The last look.
    last: Option<(Glance, View)>,
    /// What may matter to it.
    matters: Vec<ZoneNear>,
    /// Empty; kept to spare allocations.
    pub(super) zones_at_hand: Vec<ZoneId>,
}

/// All boxes that meet an area.
struct List {
    area: Area,
    boxes: Vec<ZoneNear>,
    /// In 1e-7 degree of latitude, no box is longer.
    length_e7: i64,
    /// How far the next area goes.
    radius_m: f64,
}

/// A box of a zone of one of the grounds.
#[derive(Clone, Copy)]
struct ZoneNear {
    bounds: Bounds,
    ground: u32,
    zone: ZoneId,
}

/// What a fix sees of the zones of layers.
#[derive(Clone, Copy)]
pub(super) struct View {
    /// Some zone may matter now.
    pub matters: bool,
    /// How far one may go before another zone matters, at most [`SLACK_M_MAX`].
    pub slack_m: f64,
}

/// No slack is larger; farther off no zone is looked for.
const SLACK_M_MAX: f64 = 5_000.0;
/// How many boxes the lists shall have, at least and at most.
const NEAR: [usize; 2] = [8, 24];
const WIDE: [usize; 2] = [256, 1024];
/// A list that had to be longer than this is not kept.
const KEPT_MAX: usize = 4_096;
/// How far the areas go at first, and at least.
const NEAR_M: f64 = 1_000.0;
const WIDE_M: f64 = 8_000.0;
const RADIUS_M_MIN: f64 = 100.0;
/// How much farther the wide area goes than the near one, at least.
const WIDER: f64 = 1.5;

impl Surroundings {
    /// Nothing is known yet. No surroundings if there are no such layers, or a reach is so long
    /// that boxes tell nothing.
    pub fn of(grounds: Vec<Ground>) -> Option<Self> {
        let reach_m = grounds.iter().map(|ground| ground.reach_m).fold(0.0, f64::max);
        let (near, wide) = (List::new(NEAR_M), List::new(WIDE_M));
        let is_of_use = !grounds.is_empty() && reach_m < SCALE_REACH_M;
        let (last, matters, zones_at_hand) = (None, Vec::new(), Vec::new());
        let all = Self { grounds, reach_m, near, wide, last, matters, zones_at_hand };
        is_of_use.then_some(all)
    }

    /// What the fix sees.
    pub fn view(&mut self, glance: &Glance, zones: &Zones) -> Option<View> {
        // A fix that cannot be passed is judged next.
        if let Some((_, view)) = self.last.as_ref().filter(|(last, _)| last.is_same(glance)) {
            return Some(*view);
        }
        let view = self.view_anew(glance, zones);
        self.last = view.map(|view| (*glance, view));
        view
    }

    fn view_anew(&mut self, glance: &Glance, zones: &Zones) -> Option<View> {
        // So far off, boxes of any ground leave the whole slack.
        let slack_m_max = SLACK_M_MAX.min(SCALE_REACH_M - self.reach_m);
        let radius_m_max = (slack_m_max + self.reach_m) * 1.01;
        let mut radius_m = 0.0;
        loop {
            let view = self.look(glance, zones, slack_m_max);
            if view.is_some() || radius_m >= radius_m_max {
                self.forget_long();
                return view;
            }
            radius_m = self.near.radius_m.max(2.0 * radius_m).min(radius_m_max);
            self.move_to(glance, zones, radius_m);
        }
    }

    /// Reads what the next look will need, so that whoever reads ahead for many waits but once.
    pub fn touch(&self) -> u32 {
        let grounds = self.grounds.iter().map(|ground| ground.reach_m as u32);
        let near = self.near.boxes.iter().map(|near| near.ground);
        grounds.chain(near).fold(0, |sum, word| sum ^ word)
    }

    /// Adds the zones of a rule that may matter to the fix that was looked from last.
    pub fn add_what_matters(&self, rule: RuleId, found: &mut Vec<ZoneId>) {
        let mine = self.matters.iter().filter(|near| self.ground(near).rule == rule);
        found.extend(mine.map(|near| near.zone));
    }

    fn ground(&self, near: &ZoneNear) -> &Ground {
        &self.grounds[near.ground as usize]
    }

    /// The same as far as the near list tells.
    fn look(&mut self, glance: &Glance, zones: &Zones, slack_m_max: f64) -> Option<View> {
        let known_m = self.near.area.depth_m(glance.position, &glance.scale) - self.reach_m;
        if known_m <= 0.0 || !glance.has_come_within(&self.near.area) {
            return None;
        }
        self.matters.clear();
        let mut slack_m = slack_m_max;
        for near in &self.near.boxes {
            let reach_m = self.grounds[near.ground as usize].reach_m;
            match glance.slack_beside_m(&near.bounds, reach_m) {
                Some(free_m) => slack_m = slack_m.min(free_m),
                None => self.matters.push(*near),
            }
        }
        let grounds = &self.grounds;
        self.matters.retain(|near| {
            let reach_m = grounds[near.ground as usize].reach_m;
            let shape = zones.present(near.zone).and_then(|zone| zone.shape.as_deref());
            let free_m = shape.and_then(|shape| glance.slack_before_m(shape, reach_m));
            slack_m = slack_m.min(free_m.unwrap_or(slack_m));
            free_m.is_none()
        });
        (slack_m <= known_m).then_some(View { matters: !self.matters.is_empty(), slack_m })
    }

    /// Makes the near list anew round the fix, and the wide one if that does not hold it.
    fn move_to(&mut self, glance: &Glance, zones: &Zones, radius_m: f64) {
        let (position, scale) = (glance.position, &glance.scale);
        let area = Area::around(position, scale, radius_m);
        if !self.wide.area.holds(&area) {
            self.ask_trees(position, scale, zones, radius_m * WIDER);
        }
        self.near.clear(area);
        for bounds in area.bounds().as_slice() {
            self.near.boxes.extend(self.wide.meeting(bounds));
        }
        self.near.fit(radius_m, NEAR);
    }

    fn ask_trees(&mut self, position: Position, scale: &Scale, zones: &Zones, radius_m_min: f64) {
        let radius_m = self.wide.radius_m.max(radius_m_min);
        let area = Area::around(position, scale, radius_m);
        self.wide.clear(area);
        let pair = area.bounds();
        for (number, ground) in (0..).zip(&self.grounds) {
            zones.each_of_layer(ground.layer, &pair, |bounds, zone| {
                self.wide.boxes.push(ZoneNear { bounds: *bounds, ground: number, zone });
            });
        }
        self.wide.sort();
        self.wide.fit(radius_m, WIDE);
    }

    fn forget_long(&mut self) {
        for list in [&mut self.near, &mut self.wide] {
            if list.boxes.len() > KEPT_MAX {
                *list = List::new(list.radius_m);
            }
        }
    }
}

impl ZoneNear {
    fn length_e7(&self) -> i64 {
        i64::from(self.bounds.max_lat_e7) - i64::from(self.bounds.min_lat_e7)
    }
}

impl List {
    fn new(radius_m: f64) -> Self {
        Self { area: Area::default(), boxes: Vec::new(), length_e7: 0, radius_m }
    }

    /// From south to north, by the northern sides.
    fn sort(&mut self) {
        self.boxes.sort_unstable_by_key(|near| near.bounds.max_lat_e7);
        let lengths = self.boxes.iter().map(|near| near.length_e7());
        self.length_e7 = lengths.max().unwrap_or(0);
    }

    /// The boxes of a sorted list that meet this one.
    fn meeting(&self, bounds: &Bounds) -> impl Iterator<Item = ZoneNear> {
        let south = |near: &ZoneNear| near.bounds.max_lat_e7 < bounds.min_lat_e7;
        let first = self.boxes.partition_point(south);
        let north_e7 = i64::from(bounds.max_lat_e7) + self.length_e7;
        let mine = self.boxes[first..].iter();
        let mine = mine.take_while(move |near| i64::from(near.bounds.max_lat_e7) <= north_e7);
        mine.filter(|near| near.bounds.intersects(bounds)).copied()
    }

    fn clear(&mut self, area: Area) {
        self.boxes.clear();
        self.area = area;
    }

    /// Makes the next area larger or smaller than this one, if it had too few or too many boxes.
    fn fit(&mut self, radius_m: f64, [few, many]: [usize; 2]) {
        let boxes = self.boxes.len();
        self.radius_m = match boxes {
            _ if boxes < few => (self.radius_m * 1.5).min(SCALE_REACH_M),
            _ if boxes > many => (radius_m * 0.7).clamp(RADIUS_M_MIN, self.radius_m),
            _ => self.radius_m,
        };
    }
}
