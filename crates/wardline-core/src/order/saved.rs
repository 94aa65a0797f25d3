//! The part of a snapshot that holds the orders. Version numbers, boundaries, protected persons
//! and what names which zone are worked out again.

use super::version::{Hours, Permit, Rare, Rule};
use super::{KeepAway, KeepOut, Order, OrderVersion, Orders, Raised, Report, StayIn, Terms, Told};
use crate::engine::AlarmId;
use crate::event::EventKind;
use crate::few::Few;
use crate::ids::{DeviceId, OrderId, PersonId, RuleId};
use crate::input::Place;
use crate::key::Key;
use crate::snapshot::{Read, Reader, Sink};
use crate::table::Table;
use crate::time::{Interval, Timestamp};

const ORDER_BYTES_MIN: usize = 37;
const EPISODES_BYTES: usize = 25;
const ALARM_BYTES_MIN: usize = 42;
const VERSION_BYTES_MIN: usize = 38;
const RULE_BYTES_MIN: usize = 16;
const PERMIT_BYTES_MIN: usize = 12;
const RETURN_BYTES: usize = 24;
const INTERVAL_BYTES: usize = 16;
const ID_BYTES: usize = 8;
/// Of what is not carried over.
const FAR: u64 = Timestamp::FAR_FUTURE.ms() as u64;

impl Orders {
    pub(crate) fn write(&self, out: &mut impl Sink) {
        for (id, order) in self.by_id.sorted() {
            out.id(id);
            order.write(out);
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>, count: usize) -> Read<Self> {
        let read = |from: &mut Reader<'_>| Ok((from.id("the id of an order")?, Order::read(from)?));
        let item = (count, ORDER_BYTES_MIN);
        let orders = from.ascending("orders", item, read, |(id, _): &(OrderId, _)| *id)?;
        let mut found = Self::default();
        // In ascending order, so that each list is only ever added to.
        for (id, order) in &orders {
            for version in &order.versions {
                for zone in version.zones() {
                    found.naming_zone.insert(zone, *id);
                }
                for layer in version.layers() {
                    found.naming_layer.entry(layer).or_default().insert_sorted(*id);
                }
            }
        }
        found.by_id = Table::of(orders);
        Ok(found)
    }
}

impl Order {
    fn write(&self, out: &mut impl Sink) {
        self.fired.write(out);
        self.progress.write(out);
        let numbers = &self.told().numbers;
        out.count(numbers.len());
        for ((rule, device, kind), number) in numbers {
            out.id(*rule);
            out.id(*device);
            out.u8(*kind as u8);
            out.u64(*number);
        }
        out.count(self.alarms().len());
        for (alarm, raised) in self.alarms() {
            alarm.write(out);
            out.u64(raised.number);
            out.id(raised.person);
            raised.since.write(out);
        }
        out.count(self.versions.len());
        self.versions.iter().for_each(|version| version.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let mut order = Self::new();
        order.fired = Timestamp::read(from, "the last boundary of an order")?;
        order.progress = Timestamp::read(from, "the progress of an order")?;
        let count = from.count("episode numbers of an order", EPISODES_BYTES, usize::MAX)?;
        let item = (count, EPISODES_BYTES);
        let numbers = from.ascending("episode numbers", item, read_episodes, |(key, _)| *key)?;
        let count = from.count("alarms of an order", ALARM_BYTES_MIN, usize::MAX)?;
        let alarms =
            from.ascending("alarms", (count, ALARM_BYTES_MIN), read_alarm, |(id, _)| *id)?;
        if !(numbers.is_empty() && alarms.is_empty()) {
            let (numbers, alarms) = (numbers.into(), alarms.into_iter().collect());
            order.told = Some(Box::new(Told { numbers, alarms }));
        }
        let count = from.count("versions of an order", VERSION_BYTES_MIN, usize::MAX)?;
        for number in 1..=count as u64 {
            let offset = from.offset();
            let version = OrderVersion::read(from, number)?;
            let put = version.put();
            let follows = order.versions.last().is_none_or(|last| last.put() < put);
            from.check(follows, offset, "the input of a version", put.input())?;
            order.versions.push(version);
        }
        let mut protected: Vec<_> = order.versions.iter().flat_map(|v| v.protected()).collect();
        protected.sort_unstable();
        protected.dedup();
        order.protected = protected.into();
        for version in &order.versions {
            order.restrained.insert_sorted(version.person);
        }
        Ok(order)
    }
}

fn read_episodes(from: &mut Reader<'_>) -> Read<((RuleId, DeviceId, EventKind), u64)> {
    let rule = from.id("the rule of episodes")?;
    let device = from.id("the device of episodes")?;
    let kind = from.event_kind()?;
    Ok(((rule, device, kind), from.counter("the number of episodes")?))
}

impl AlarmId {
    fn write(&self, out: &mut impl Sink) {
        out.id(self.rule);
        out.u8(self.kind as u8);
        out.id(self.device);
        out.option(self.other, Sink::id);
    }

    /// An alarm of a kind that orders have: another would never end.
    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let rule = from.id("the rule of an alarm")?;
        let offset = from.offset();
        let kind = from.event_kind()?;
        let is_degraded = kind == EventKind::Degraded;
        let is_alarm = is_degraded || matches!(kind, EventKind::Silence | EventKind::NoFix);
        from.check(is_alarm, offset, "the kind of an alarm", kind as u64)?;
        let device = from.id("the device of an alarm")?;
        let offset = from.offset();
        let other: Option<PersonId> =
            from.option("whether an alarm is about a person", |from| from.id("a person"))?;
        let about = "whether an alarm is about a person";
        from.check(other.is_some() == is_degraded, offset, about, u64::from(other.is_some()))?;
        Ok(Self { rule, kind, device, other })
    }
}

fn read_alarm(from: &mut Reader<'_>) -> Read<(AlarmId, Raised)> {
    let id = AlarmId::read(from)?;
    let number = from.counter("the number of an alarm")?;
    let person = from.id("the person of an alarm")?;
    Ok((id, Raised { number, person, since: Timestamp::read(from, "the start of an alarm")? }))
}

impl OrderVersion {
    fn write(&self, out: &mut impl Sink) {
        self.put().write_input(out);
        out.option(self.ended(), |out, ended| ended.write_input(out));
        out.id(self.person);
        out.option(self.term, |out, term| term.write(out));
        out.count(self.rules.len());
        for rule in &self.rules {
            out.id(rule.rule);
            rule.terms.write(out);
            write_intervals(self.times(&rule.hours), out);
            out.option(rule.carried(), |out, carried| carried.write(out));
        }
        out.count(self.permits().len());
        for permit in self.permits() {
            out.id(permit.zone);
            write_intervals(self.times(&permit.hours), out);
        }
        out.count(self.returns().len());
        for (rule, key) in self.returns() {
            out.id(*rule);
            key.write_input(out);
        }
    }

    fn read(from: &mut Reader<'_>, number: u64) -> Read<Self> {
        let put = Key::read_input(from)?.into();
        let ended = from.option("whether a version was ended", Key::read_input)?;
        let person = from.id("the person of a version")?;
        let term = from.option("whether a version has a term", Interval::read)?;
        let rules = from.list("rules", RULE_BYTES_MIN, |from| read_rule(from, term))?;
        let permits = from.list("permits", PERMIT_BYTES_MIN, |from| read_permit(from, term))?;
        let returns = from.list("returns of zones", RETURN_BYTES, |from| {
            Ok((from.id("the rule of a return")?, Key::read_input(from)?))
        })?;
        let (rules, boundaries) = (rules.into(), Few::None);
        let rare = Rare { ended, permits, returns }.if_any();
        let mut version = Self { number, put, person, term, rules, boundaries, rare };
        version.work_out_boundaries();
        Ok(version)
    }
}

fn read_rule(from: &mut Reader<'_>, term: Option<Interval>) -> Read<Rule> {
    let rule = from.id("the id of a rule")?;
    let (terms, hours) = (Terms::read(from)?, Hours::new(read_intervals(from)?, term));
    let offset = from.offset();
    let carried = from.option("whether a rule is carried over", |from| {
        Timestamp::read(from, "the start of a rule carried over")
    })?;
    let is_past = carried != Some(Timestamp::FAR_FUTURE);
    from.check(is_past, offset, "the start of a rule carried over", FAR)?;
    Ok(Rule::new(rule, terms, hours, carried))
}

fn read_permit(from: &mut Reader<'_>, term: Option<Interval>) -> Read<Permit> {
    let zone = from.id("the zone of a permit")?;
    Ok(Permit { zone, hours: Hours::new(read_intervals(from)?, term) })
}

/// A timetable: in order, no interval touching the next.
fn write_intervals(intervals: &[Interval], out: &mut impl Sink) {
    out.count(intervals.len());
    intervals.iter().for_each(|interval| interval.write(out));
}

fn read_intervals(from: &mut Reader<'_>) -> Read<Vec<Interval>> {
    let mut last: Option<Interval> = None;
    from.list("intervals", INTERVAL_BYTES, |from| {
        let offset = from.offset();
        let interval = Interval::read(from)?;
        let follows = last.is_none_or(|last| last.until < interval.from);
        from.check(follows, offset, "the start of an interval", interval.from.ms() as u64)?;
        last = Some(interval);
        Ok(interval)
    })
}

impl Terms {
    fn write(&self, out: &mut impl Sink) {
        match self {
            Self::KeepOut(keep_out) => {
                let (code, place) = match keep_out.place {
                    Place::Zone(zone) => (0, zone.number()),
                    Place::Layer(layer) => (1, layer.number()),
                };
                out.u8(code);
                out.u64(place);
                out.f64(keep_out.warn_m);
                out.u32(keep_out.confirm_fixes);
            }
            Self::KeepAway(keep_away) => {
                out.u8(2);
                out.id(keep_away.person);
                out.f64(keep_away.distance_m);
                out.f64(keep_away.warn_m);
            }
            Self::StayIn(stay_in) => {
                out.u8(3);
                out.count(stay_in.zones.len());
                stay_in.zones.iter().for_each(|zone| out.id(*zone));
                out.i64(stay_in.grace_ms);
            }
            Self::Report(report) => {
                out.u8(4);
                out.option(report.max_silence_ms, Sink::i64);
                out.option(report.max_no_fix_ms, Sink::i64);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let code = from.code("the kind of a rule", 5)?;
        Ok(match code {
            0 | 1 => Self::KeepOut(KeepOut {
                place: match code {
                    0 => Place::Zone(from.id("the zone of a rule")?),
                    _ => Place::Layer(from.id("the layer of a rule")?),
                },
                warn_m: from.f64("the warning distance of a rule")?,
                confirm_fixes: from.u32("the confirming fixes of a rule")?,
            }),
            2 => Self::KeepAway(KeepAway {
                person: from.id("the person of a rule")?,
                distance_m: from.f64("the distance of a rule")?,
                warn_m: from.f64("the warning distance of a rule")?,
            }),
            3 => Self::StayIn(StayIn {
                zones: from.list("zones of a rule", ID_BYTES, |from| from.id("a zone"))?.into(),
                grace_ms: from.i64("the grace of a rule")?,
            }),
            _ => {
                let limit = |from: &mut Reader<'_>| from.i64("a limit of a rule");
                Self::Report(Box::new(Report {
                    max_silence_ms: from.option("whether a rule limits silence", limit)?,
                    max_no_fix_ms: from.option("whether a rule limits no fix", limit)?,
                }))
            }
        })
    }
}
