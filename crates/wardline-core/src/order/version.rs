//! One version of an order, with the timetable of each rule worked out once.

use crate::few::Few;
use crate::ids::{LayerId, PersonId, RuleId, ZoneId};
use crate::input::{self, Demand, Place, PutOrder};
use crate::key::{InputKey, Key};
use crate::time::{Interval, Timestamp, clip_and_merge};

/// One version of an order.
pub(crate) struct OrderVersion {
    pub number: u64,
    pub(super) put: InputKey,
    pub person: PersonId,
    /// From the later of `from` and the put, until the term's end; empty if that is before.
    pub term: Option<Interval>,
    pub rules: Box<[Rule]>,
    pub(super) boundaries: Few<Timestamp>,
    pub(super) rare: Option<Box<Rare>>,
}

/// What most versions do without.
#[derive(Default)]
pub(super) struct Rare {
    pub ended: Option<Key>,
    pub permits: Vec<Permit>,
    /// When a stay_in rule became active again because a zone of it came back.
    pub returns: Vec<(RuleId, Key)>,
}

/// A rule with its timetable.
pub(crate) struct Rule {
    pub rule: RuleId,
    pub terms: Terms,
    pub(super) hours: Hours,
    /// Since when it was active without a break, if it was so when this version was put; else
    /// in the far future.
    carried: Timestamp,
}

/// When something holds within a term: at these times, or always.
#[expect(clippy::box_collection, reason = "8 bytes where it is always, as mostly")]
pub(crate) struct Hours(Option<Box<Vec<Interval>>>);

impl Hours {
    pub fn new(intervals: Vec<Interval>, term: Option<Interval>) -> Self {
        Self((*intervals != *term.as_slice()).then(|| Box::new(intervals)))
    }

    fn of(intervals: &Option<Vec<Interval>>, term: Option<Interval>) -> Self {
        match (term, intervals) {
            (Some(term), Some(hours)) => Self::new(clip_and_merge(hours, term), Some(term)),
            _ => Self(None),
        }
    }
}

/// What a rule demands.
pub(crate) enum Terms {
    KeepOut(KeepOut),
    KeepAway(KeepAway),
    StayIn(StayIn),
    /// Boxed, so that other rules take less room.
    Report(Box<Report>),
}

const _: () = assert!(size_of::<Rule>() == 56);

/// The kind of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TermsKind {
    KeepOut,
    KeepAway,
    StayIn,
    Report,
}

impl TermsKind {
    pub const ALL: [Self; 4] = [Self::KeepOut, Self::KeepAway, Self::StayIn, Self::Report];
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
    pub zones: Box<[ZoneId]>,
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
    pub(super) hours: Hours,
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
                Self::StayIn(StayIn { zones: zones.as_slice().into(), grace_ms: *grace_ms })
            }
            Demand::Report { max_silence_ms, max_no_fix_ms } => {
                let (max_silence_ms, max_no_fix_ms) = (*max_silence_ms, *max_no_fix_ms);
                Self::Report(Box::new(Report { max_silence_ms, max_no_fix_ms }))
            }
        }
    }

    pub fn is_same_kind(&self, other: &Self) -> bool {
        self.kind() == other.kind()
    }

    pub fn kind(&self) -> TermsKind {
        match self {
            Self::KeepOut(_) => TermsKind::KeepOut,
            Self::KeepAway(_) => TermsKind::KeepAway,
            Self::StayIn(_) => TermsKind::StayIn,
            Self::Report(_) => TermsKind::Report,
        }
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
        let goes_on = |before: &&Self| !before.has_ended() && before.person == put.person;
        let before = before.filter(goes_on);
        let permits = put.permits.iter();
        let hours = |permit: &input::Permit| Hours::of(&permit.active, term);
        let permits = permits.map(|permit| Permit { zone: permit.zone, hours: hours(permit) });
        let returns = before.map_or_else(Vec::new, Self::last_returns);
        let mut version = Self {
            number,
            put: key.into(),
            person: put.person,
            term,
            rules: Box::default(),
            boundaries: Few::None,
            rare: Rare { ended: None, permits: permits.collect(), returns }.if_any(),
        };
        let rules = put.rules.iter().map(|rule| {
            let terms = Terms::of(&rule.demand);
            let same = before.and_then(|before| before.rule(rule.rule));
            let same = same.filter(|same| same.terms.is_same_kind(&terms));
            let same = same.filter(|same| match &same.terms {
                Terms::StayIn(stay_in) => stay_in.zones.iter().any(|zone| exists(*zone)),
                _ => true,
            });
            let hours = Hours::of(&rule.active, term);
            let first = version.times(&hours).first();
            let goes_on = first.is_some_and(|first| first.contains(key.time));
            let carried = before.zip(same.filter(|_| goes_on));
            let carried = carried.and_then(|(b, same)| b.active_without_break(same, key.time));
            Rule::new(rule.rule, terms, hours, carried)
        });
        version.rules = rules.collect();
        version.work_out_boundaries();
        version
    }

    /// The last return of each rule: to a version that comes after, those before do not matter.
    fn last_returns(&self) -> Vec<(RuleId, Key)> {
        let is_last = |(rule, key): &&(RuleId, Key)| {
            !self.returns().iter().any(|(other, later)| other == rule && later > key)
        };
        self.returns().iter().filter(is_last).copied().collect()
    }

    pub(super) fn work_out_boundaries(&mut self) {
        let hours = self.rules.iter().map(|rule| &rule.hours);
        let ends = hours
            .chain(self.permits().iter().map(|permit| &permit.hours))
            .filter_map(|hours| hours.0.as_deref())
            .flatten()
            .chain(&self.term)
            .flat_map(|interval| [interval.from, interval.until]);
        let mut returns = self.returns().to_vec();
        returns.sort_unstable();
        let graces = self.rules.iter().flat_map(|rule| {
            let starts = self.times(&rule.hours).iter();
            let starts = starts.map(|interval| self.without_break_since(rule, interval));
            let first = returns.partition_point(|(returning, _)| *returning < rule.rule);
            let returns = returns[first..].iter().take_while(|(id, _)| *id == rule.rule);
            let starts = starts.chain(returns.map(|(_, key)| key.time));
            let grace_ms = rule.grace_ms();
            let grace_ms = grace_ms.filter(|ms| *ms > 0);
            starts.filter_map(move |start| Some(start.plus_ms(grace_ms?)))
        });
        let mut boundaries: Vec<_> =
            ends.chain(graces).filter(|boundary| *boundary > self.put().time).collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        boundaries.shrink_to_fit();
        self.boundaries = boundaries.into();
    }

    #[inline]
    pub fn put(&self) -> Key {
        self.put.key()
    }

    #[inline]
    pub fn ended(&self) -> Option<Key> {
        self.rare.as_ref()?.ended
    }

    pub fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    pub fn end(&mut self, key: Key) {
        self.rare.get_or_insert_default().ended = Some(key);
    }

    pub fn permits(&self) -> &[Permit] {
        self.rare.as_ref().map_or(&[], |rare| &rare.permits)
    }

    pub(super) fn returns(&self) -> &[(RuleId, Key)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.returns)
    }

    /// When something holds.
    pub(super) fn times<'a>(&'a self, hours: &'a Hours) -> &'a [Interval] {
        hours.0.as_ref().map_or(self.term.as_slice(), |times| times)
    }

    pub fn boundaries(&self) -> &[Timestamp] {
        &self.boundaries
    }

    /// A zone of this stay_in rule came back, when none was left.
    pub fn note_return(&mut self, rule: RuleId, key: Key) {
        self.rare.get_or_insert_default().returns.push((rule, key));
        self.work_out_boundaries();
    }

    pub fn is_in_force(&self, key: Key) -> bool {
        self.put() <= key
            && self.ended().is_none_or(|ended| ended > key)
            && self.term.is_some_and(|term| term.contains(key.time))
    }

    /// Whether it is in force neither at the item with this key nor at any after it.
    pub fn is_over(&self, key: Key) -> bool {
        self.ended().is_some_and(|ended| ended <= key)
            || self.term.is_none_or(|term| term.until <= key.time)
    }

    /// The interval of these that holds the instant.
    fn time_at<'a>(&'a self, hours: &'a Hours, instant: Timestamp) -> Option<&'a Interval> {
        self.times(hours).iter().find(|interval| interval.contains(instant))
    }

    /// Since when this version's rule has been active at this instant, if it is.
    pub fn active_since(&self, rule: &Rule, instant: Timestamp) -> Option<Timestamp> {
        Some(self.time_at(&rule.hours, instant)?.from)
    }

    pub fn is_active(&self, rule: &Rule, instant: Timestamp) -> bool {
        self.time_at(&rule.hours, instant).is_some()
    }

    /// Whether a permit holds at this instant.
    pub fn permits_at(&self, permit: &Permit, instant: Timestamp) -> bool {
        self.time_at(&permit.hours, instant).is_some()
    }

    /// Since when the rule has been active at this instant, in this version and those before.
    pub fn active_without_break(&self, rule: &Rule, instant: Timestamp) -> Option<Timestamp> {
        Some(self.without_break_since(rule, self.time_at(&rule.hours, instant)?))
    }

    fn without_break_since(&self, rule: &Rule, interval: &Interval) -> Timestamp {
        // What was carried over goes on in the first interval, if the put lies in it.
        let first = self.times(&rule.hours).first().is_some_and(|first| first == interval);
        if first { rule.carried.min(interval.from) } else { interval.from }
    }

    /// The rule of this id, if it is active at this instant.
    pub fn active_rule(&self, rule: RuleId, instant: Timestamp) -> Option<&Rule> {
        self.rule(rule).filter(|rule| self.is_active(rule, instant))
    }

    pub fn rule(&self, rule: RuleId) -> Option<&Rule> {
        self.rules.iter().find(|candidate| candidate.rule == rule)
    }

    pub fn permit_ends_at(&self, instant: Timestamp) -> bool {
        let times = self.permits().iter().flat_map(|permit| self.times(&permit.hours));
        times.into_iter().any(|interval| interval.until == instant)
    }

    pub fn permits_zone(&self, zone: ZoneId) -> bool {
        self.permits().iter().any(|permit| permit.zone == zone)
    }

    /// When the grace of an active stay_in rule is over.
    // J-ABSENCE-1
    pub fn grace_end(&self, rule: &Rule, key: Key) -> Option<Timestamp> {
        let interval = self.time_at(&rule.hours, key.time)?;
        let returns = self.returns().iter().filter(|(id, put)| *id == rule.rule && *put <= key);
        let returned = returns.map(|(_, put)| put.time).max();
        let start = self.without_break_since(rule, interval);
        Some(returned.map_or(start, |returned| returned.max(start)).plus_ms(rule.grace_ms()?))
    }

    /// The zones that rules and permits name.
    pub fn zones(&self) -> impl Iterator<Item = ZoneId> {
        let named = self.rules.iter().flat_map(|rule| rule.terms.zones().iter().copied());
        named.chain(self.permits().iter().map(|permit| permit.zone))
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

impl Rare {
    pub fn if_any(self) -> Option<Box<Self>> {
        let has_any = self.ended.is_some() || !self.permits.is_empty() || !self.returns.is_empty();
        has_any.then(|| Box::new(self))
    }
}

impl Rule {
    pub fn new(rule: RuleId, terms: Terms, hours: Hours, carried: Option<Timestamp>) -> Self {
        Self { rule, terms, hours, carried: carried.unwrap_or(Timestamp::FAR_FUTURE) }
    }

    pub fn carried(&self) -> Option<Timestamp> {
        Some(self.carried).filter(|carried| *carried < Timestamp::FAR_FUTURE)
    }

    fn grace_ms(&self) -> Option<i64> {
        match &self.terms {
            Terms::StayIn(stay_in) => Some(stay_in.grace_ms),
            _ => None,
        }
    }
}
