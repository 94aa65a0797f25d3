//! One version of an order, with the timetable of each rule worked out once.

use crate::ids::{LayerId, PersonId, RuleId, ZoneId};
use crate::input::{Demand, Place, PutOrder};
use crate::key::Key;
use crate::time::{Interval, Timestamp, clip_and_merge};

/// One version of an order.
pub(crate) struct OrderVersion {
    pub number: u64,
    pub put: Key,
    pub ended: Option<Key>,
    pub person: PersonId,
    /// From the later of `from` and the put, until the term's end; empty if that is before.
    pub term: Option<Interval>,
    pub rules: Vec<Rule>,
    pub permits: Vec<Permit>,
    pub(super) boundaries: Vec<Timestamp>,
    /// When a stay_in rule became active again because a zone of it came back.
    pub(super) returns: Vec<(RuleId, Key)>,
}

/// A rule with its timetable.
pub(crate) struct Rule {
    pub rule: RuleId,
    pub terms: Terms,
    pub active: Vec<Interval>,
    /// Since when it was active without a break, if it was so when this version was put.
    pub(super) carried: Option<Timestamp>,
}

/// What a rule demands.
pub(crate) enum Terms {
    KeepOut(KeepOut),
    KeepAway(KeepAway),
    StayIn(StayIn),
    Report(Report),
}

#[derive(Clone, Copy)]
pub(crate) struct KeepOut {
    pub place: Place,
    pub warn_m: f64,
    pub confirm_fixes: u32,
}

#[derive(Clone, Copy)]
pub(crate) struct KeepAway {
    pub person: PersonId,
    pub distance_m: f64,
    pub warn_m: f64,
}

pub(crate) struct StayIn {
    pub zones: Vec<ZoneId>,
    pub grace_ms: i64,
}

#[derive(Clone, Copy)]
pub(crate) struct Report {
    pub max_silence_ms: Option<i64>,
    pub max_no_fix_ms: Option<i64>,
}

/// A permit with its timetable.
pub(crate) struct Permit {
    pub zone: ZoneId,
    pub active: Vec<Interval>,
}

impl Terms {
    fn of(demand: &Demand) -> Self {
        match demand {
            Demand::KeepOut { place, warn_m, confirm_fixes } => Self::KeepOut(KeepOut {
                place: *place,
                warn_m: *warn_m,
                confirm_fixes: *confirm_fixes,
            }),
            Demand::KeepAway { person, distance_m, warn_m } => Self::KeepAway(KeepAway {
                person: *person,
                distance_m: *distance_m,
                warn_m: *warn_m,
            }),
            Demand::StayIn { zones, grace_ms } => {
                Self::StayIn(StayIn { zones: zones.clone(), grace_ms: *grace_ms })
            }
            Demand::Report { max_silence_ms, max_no_fix_ms } => Self::Report(Report {
                max_silence_ms: *max_silence_ms,
                max_no_fix_ms: *max_no_fix_ms,
            }),
        }
    }

    pub fn is_same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The zones that it names.
    pub fn zones(&self) -> &[ZoneId] {
        match self {
            Self::KeepOut(KeepOut { place: Place::Zone(zone), .. }) => std::slice::from_ref(zone),
            Self::StayIn(stay_in) => &stay_in.zones,
            _ => &[],
        }
    }
}

impl OrderVersion {
    /// The version that a put makes after the one before. `exists` says of a zone whether it exists
    /// just then.
    pub fn new(
        put: &PutOrder,
        number: u64,
        key: Key,
        before: Option<&Self>,
        exists: impl Fn(ZoneId) -> bool,
    ) -> Self {
        let from = put.term.from.max(key.time);
        let term = (from < put.term.until).then_some(Interval { from, until: put.term.until });
        let active = |intervals: &Option<Vec<Interval>>| match (term, intervals) {
            (None, _) => Vec::new(),
            (Some(term), None) => vec![term],
            (Some(term), Some(intervals)) => clip_and_merge(intervals, term),
        };
        let goes_on = |before: &&Self| before.ended.is_none() && before.person == put.person;
        let before = before.filter(goes_on);
        let rules = put.rules.iter().map(|rule| {
            let terms = Terms::of(&rule.demand);
            let same = before.and_then(|before| before.rule(rule.rule));
            let same = same.filter(|same| same.terms.is_same_kind(&terms));
            let same = same.filter(|same| match &same.terms {
                Terms::StayIn(stay_in) => stay_in.zones.iter().any(|zone| exists(*zone)),
                _ => true,
            });
            let active = active(&rule.active);
            let goes_on = active.first().is_some_and(|first| first.contains(key.time));
            let carried = same.and_then(|same| same.active_without_break(key.time));
            Rule { rule: rule.rule, terms, active, carried: carried.filter(|_| goes_on) }
        });
        let permits = put.permits.iter();
        let permits =
            permits.map(|permit| Permit { zone: permit.zone, active: active(&permit.active) });
        let mut version = Self {
            number,
            put: key,
            ended: None,
            person: put.person,
            term,
            rules: rules.collect(),
            permits: permits.collect(),
            boundaries: Vec::new(),
            returns: before.map_or_else(Vec::new, Self::last_returns),
        };
        version.work_out_boundaries();
        version
    }

    /// The last return of each rule: to a version that comes after, those before do not matter.
    fn last_returns(&self) -> Vec<(RuleId, Key)> {
        let is_last = |(rule, key): &&(RuleId, Key)| {
            !self.returns.iter().any(|(other, later)| other == rule && later > key)
        };
        self.returns.iter().filter(is_last).copied().collect()
    }

    pub(super) fn work_out_boundaries(&mut self) {
        let intervals = self.rules.iter().map(|rule| &rule.active);
        let ends = intervals
            .chain(self.permits.iter().map(|permit| &permit.active))
            .flatten()
            .chain(&self.term)
            .flat_map(|interval| [interval.from, interval.until]);
        let mut returns = self.returns.clone();
        returns.sort_unstable();
        let graces = self.rules.iter().flat_map(|rule| {
            let starts = rule.active.iter().map(|interval| rule.without_break_since(interval));
            let first = returns.partition_point(|(returning, _)| *returning < rule.rule);
            let returns = returns[first..].iter().take_while(|(id, _)| *id == rule.rule);
            let starts = starts.chain(returns.map(|(_, key)| key.time));
            let grace_ms = rule.grace_ms();
            let grace_ms = grace_ms.filter(|ms| *ms > 0);
            starts.filter_map(move |start| Some(start.plus_ms(grace_ms?)))
        });
        let mut boundaries: Vec<_> =
            ends.chain(graces).filter(|boundary| *boundary > self.put.time).collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        boundaries.shrink_to_fit();
        self.boundaries = boundaries;
    }

    pub fn boundaries(&self) -> &[Timestamp] {
        &self.boundaries
    }

    /// A zone of this stay_in rule came back, when none was left.
    pub fn note_return(&mut self, rule: RuleId, key: Key) {
        self.returns.push((rule, key));
        self.work_out_boundaries();
    }

    pub fn is_in_force(&self, key: Key) -> bool {
        self.put <= key
            && self.ended.is_none_or(|ended| ended > key)
            && self.term.is_some_and(|term| term.contains(key.time))
    }

    /// Whether it is in force neither at the item with this key nor at any after it.
    pub fn is_over(&self, key: Key) -> bool {
        self.ended.is_some_and(|ended| ended <= key)
            || self.term.is_none_or(|term| term.until <= key.time)
    }

    pub fn rule(&self, rule: RuleId) -> Option<&Rule> {
        self.rules.iter().find(|candidate| candidate.rule == rule)
    }

    pub fn permit_ends_at(&self, instant: Timestamp) -> bool {
        self.permits.iter().any(|permit| permit.active.iter().any(|i| i.until == instant))
    }

    pub fn permits_zone(&self, zone: ZoneId) -> bool {
        self.permits.iter().any(|permit| permit.zone == zone)
    }

    /// When the grace of an active stay_in rule is over.
    // J-ABSENCE-1
    pub fn grace_end(&self, rule: &Rule, key: Key) -> Option<Timestamp> {
        let interval = rule.active.iter().find(|interval| interval.contains(key.time))?;
        let returns = self.returns.iter().filter(|(id, put)| *id == rule.rule && *put <= key);
        let returned = returns.map(|(_, put)| put.time).max();
        let start = rule.without_break_since(interval);
        Some(returned.map_or(start, |returned| returned.max(start)).plus_ms(rule.grace_ms()?))
    }

    /// The zones that rules and permits name.
    pub fn zones(&self) -> impl Iterator<Item = ZoneId> {
        let named = self.rules.iter().flat_map(|rule| rule.terms.zones().iter().copied());
        named.chain(self.permits.iter().map(|permit| permit.zone))
    }

    /// The layers that rules name.
    pub fn layers(&self) -> impl Iterator<Item = LayerId> {
        self.rules.iter().filter_map(|rule| match rule.terms {
            Terms::KeepOut(KeepOut { place: Place::Layer(layer), .. }) => Some(layer),
            _ => None,
        })
    }

    /// The persons that keep_away rules protect, with repeats.
    pub fn protected(&self) -> impl Iterator<Item = PersonId> {
        self.rules.iter().filter_map(|rule| match rule.terms {
            Terms::KeepAway(keep_away) => Some(keep_away.person),
            _ => None,
        })
    }
}

impl Rule {
    /// Since when this version's rule has been active at this instant, if it is.
    pub fn active_since(&self, instant: Timestamp) -> Option<Timestamp> {
        let interval = self.active.iter().find(|interval| interval.contains(instant))?;
        Some(interval.from)
    }

    /// Since when the rule has been active at this instant, in this version and those before.
    pub fn active_without_break(&self, instant: Timestamp) -> Option<Timestamp> {
        let interval = self.active.iter().find(|interval| interval.contains(instant))?;
        Some(self.without_break_since(interval))
    }

    fn without_break_since(&self, interval: &Interval) -> Timestamp {
        // What was carried over goes on in the first interval, if the put lies in it.
        let first = self.active.first().is_some_and(|first| first == interval);
        self.carried.filter(|carried| first && *carried <= interval.from).unwrap_or(interval.from)
    }

    fn grace_ms(&self) -> Option<i64> {
        match &self.terms {
            Terms::StayIn(stay_in) => Some(stay_in.grace_ms),
            _ => None,
        }
    }
}
