//! Orders, their rules and permits.

use super::bytes::{Put, Read, Take};
use super::words;
use wardline_core::ids::{LayerId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{Demand, Permit, Place, PutOrder, Rule};
use wardline_core::time::{Interval, Timestamp};

macro_rules! ids {
    ($($name:ident, $id:ident, $what:literal;)*) => {
        $(pub(super) fn $name(from: &mut Take<'_>) -> Read<$id> {
            from.varint($what).map(|number| $id::new(number).unwrap_or_default())
        })*
    };
}

ids! {
    zone, ZoneId, "a zone";
    layer, LayerId, "a layer";
    order, OrderId, "an order";
    rule_id, RuleId, "a rule";
    person, PersonId, "a person";
}

pub(super) fn put_order(out: &mut Vec<u8>, put: &PutOrder) {
    let PutOrder { order, kind, person, term, rules, permits } = put;
    out.varint(order.number());
    words::put(out, *kind);
    out.varint(person.number());
    put_interval(out, *term);
    out.list(rules, put_rule);
    out.list(permits, |out, Permit { zone, active }| {
        out.varint(zone.number());
        put_active(out, active.as_deref());
    });
}

fn put_rule(out: &mut Vec<u8>, rule: &Rule) {
    let Rule { rule, active, demand } = rule;
    out.varint(rule.number());
    put_active(out, active.as_deref());
    match demand {
        Demand::KeepOut { place, warn_m, confirm_fixes } => {
            match place {
                Place::Zone(zone) => (out.u8(1), out.varint(zone.number())),
                Place::Layer(layer) => (out.u8(2), out.varint(layer.number())),
            };
            out.f64(*warn_m);
            out.varint(u64::from(*confirm_fixes));
        }
        Demand::KeepAway { person, distance_m, warn_m } => {
            out.u8(3);
            out.varint(person.number());
            out.f64(*distance_m);
            out.f64(*warn_m);
        }
        Demand::StayIn { zones, grace_ms } => {
            out.u8(4);
            out.list(zones, |out, zone| out.varint(zone.number()));
            out.signed(*grace_ms);
        }
        Demand::Report { max_silence_ms, max_no_fix_ms } => {
            out.u8(5);
            out.option(*max_silence_ms, Put::signed);
            out.option(*max_no_fix_ms, Put::signed);
        }
    }
}

fn put_active(out: &mut Vec<u8>, active: Option<&[Interval]>) {
    out.option(active, |out, active| out.list(active, |out, i| put_interval(out, *i)));
}

fn put_interval(out: &mut impl Put, Interval { from, until }: Interval) {
    out.i64(from.ms());
    out.i64(until.ms());
}

pub(super) fn take_order(from: &mut Take<'_>) -> Read<PutOrder> {
    Ok(PutOrder {
        order: order(from)?,
        kind: words::take(from, "the kind of an order")?,
        person: person(from)?,
        term: take_interval(from)?,
        rules: from.list(RULE_BYTES_MIN, "rules", take_rule)?,
        permits: from.list(PERMIT_BYTES_MIN, "permits", |from| {
            Ok(Permit { zone: zone(from)?, active: take_active(from)? })
        })?,
    })
}

fn take_rule(from: &mut Take<'_>) -> Read<Rule> {
    let (rule, active) = (rule_id(from)?, take_active(from)?);
    let demand = match from.u8("the kind of a rule")? {
        1 => keep_out(from, |from| zone(from).map(Place::Zone)),
        2 => keep_out(from, |from| layer(from).map(Place::Layer)),
        3 => Ok(Demand::KeepAway {
            person: person(from)?,
            distance_m: from.f64("a distance")?,
            warn_m: from.f64("the distance of a warning")?,
        }),
        4 => Ok(Demand::StayIn {
            zones: from.list(1, "zones", zone)?,
            grace_ms: from.signed("a time of grace")?,
        }),
        5 => Ok(Demand::Report {
            max_silence_ms: from.option("a flag", |from| from.signed("a time"))?,
            max_no_fix_ms: from.option("a flag", |from| from.signed("a time"))?,
        }),
        _ => from.fault("the kind of a rule"),
    };
    Ok(Rule { rule, active, demand: demand? })
}

fn keep_out(from: &mut Take<'_>, place: impl FnOnce(&mut Take<'_>) -> Read<Place>) -> Read<Demand> {
    let (place, warn_m) = (place(from)?, from.f64("the distance of a warning")?);
    match u32::try_from(from.varint("a number of fixes")?) {
        Ok(confirm_fixes) => Ok(Demand::KeepOut { place, warn_m, confirm_fixes }),
        Err(_) => from.fault("a number of fixes"),
    }
}

fn take_active(from: &mut Take<'_>) -> Read<Option<Vec<Interval>>> {
    from.option("a flag", |from| from.list(INTERVAL_BYTES, "hours", take_interval))
}

fn take_interval(from: &mut Take<'_>) -> Read<Interval> {
    let start = Timestamp::from_ms(from.i64("a start")?);
    Ok(Interval { from: start, until: Timestamp::from_ms(from.i64("an end")?) })
}

const INTERVAL_BYTES: usize = 16;
/// An id, no hours, and the shortest demand: two flags.
const RULE_BYTES_MIN: usize = 5;
const PERMIT_BYTES_MIN: usize = 2;
