//! Orders, their rules and permits.

use super::fault::Fault;
use super::tree::{Object, Tree};
use super::value::{
    id, instant, interval, intervals, list, number_in, object, text, unsigned_in, word,
};
use super::{INTERVALS_MAX, RULE_M_MAX, RULES_MAX};
use wardline_core::ids::{LayerId, OrderId, PersonId, RuleId, ZoneId};
use wardline_core::input::{Demand, OrderKind, Permit, Place, PutOrder, Rule};
use wardline_core::time::Interval;

const KINDS: &[(&str, OrderKind)] = &[
    ("temporary", OrderKind::Temporary),
    ("court", OrderKind::Court),
    ("supervision", OrderKind::Supervision),
];

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

const ORDER_MEMBERS: &[&str] =
    &["type", "at", "order", "kind", "person", "from", "until", "rules", "permits"];

pub(super) fn put_order(object: &Object<'_>) -> Result<PutOrder, Fault> {
    object.only(ORDER_MEMBERS)?;
    let kind = object.need("kind", word("unknown_kind", KINDS))?;
    let permits = object.take("permits", list(RULES_MAX, permit))?;
    Ok(PutOrder {
        order: object.need("order", id(OrderId::new))?,
        kind,
        person: object.need("person", id(PersonId::new))?,
        term: term(object, kind)?,
        rules: rules(object)?,
        permits: permits.unwrap_or_default(),
    })
}

fn term(object: &Object<'_>, kind: OrderKind) -> Result<Interval, Fault> {
    let (from, until) = (object.need("from", instant)?, object.need("until", instant)?);
    let term = interval(from, until).map_err(|fault| fault.within("until"))?;
    match kind.days_max() {
        Some(days_max) if until.ms_since(from) > days_max * DAY_MS => {
            let until = super::instant::format(until);
            Err(Fault::new("term_too_long", until).within("until"))
        }
        _ => Ok(term),
    }
}

/// The rules, sorted by id.
fn rules(object: &Object<'_>) -> Result<Vec<Rule>, Fault> {
    let mut rules = object.need("rules", list(RULES_MAX, rule))?;
    if rules.is_empty() {
        return Err(Fault::of_member("no_rules", "rules"));
    }
    rules.sort_by_key(|rule| rule.rule);
    match rules.array_windows().find(|[a, b]| a.rule == b.rule) {
        Some([twice, _]) => Err(Fault::new("duplicate_rule", twice.rule.number()).within("rules")),
        None => Ok(rules),
    }
}

fn rule(tree: &Tree<'_>) -> Result<Rule, Fault> {
    let object = object(tree)?;
    let demand = match object.need("kind", text)? {
        "keep_out" => keep_out(object),
        "keep_away" => keep_away(object),
        "stay_in" => stay_in(object),
        "report" => report(object),
        other => Err(Fault::new("unknown_kind", other).within("kind")),
    };
    Ok(Rule {
        demand: demand?,
        rule: object.need("rule", id(RuleId::new))?,
        active: object.take("active", intervals)?,
    })
}

fn keep_out(object: &Object<'_>) -> Result<Demand, Fault> {
    object.only(&["rule", "kind", "active", "zone", "layer", "warn_m", "confirm_fixes"])?;
    let zone = object.take("zone", id(ZoneId::new))?;
    let layer = object.take("layer", id(LayerId::new))?;
    let place = match (zone, layer) {
        (Some(zone), None) => Place::Zone(zone),
        (None, Some(layer)) => Place::Layer(layer),
        (None, None) => return Err(Fault::of_member("missing_member", "zone")),
        (Some(_), Some(_)) => return Err(Fault::of_member("zone_and_layer", "layer")),
    };
    let confirm_fixes = object.take("confirm_fixes", unsigned_in(0..=u32::MAX))?;
    Ok(Demand::KeepOut {
        place,
        warn_m: object.take("warn_m", number_in(0.0..=RULE_M_MAX))?.unwrap_or(0.0),
        confirm_fixes: confirm_fixes.unwrap_or(0),
    })
}

fn keep_away(object: &Object<'_>) -> Result<Demand, Fault> {
    object.only(&["rule", "kind", "active", "person", "distance_m", "warn_m"])?;
    let distance_m = object.need("distance_m", number_in(f64::MIN_POSITIVE..=RULE_M_MAX))?;
    Ok(Demand::KeepAway {
        person: object.need("person", id(PersonId::new))?,
        distance_m,
        warn_m: object.take("warn_m", number_in(distance_m..=RULE_M_MAX))?.unwrap_or(0.0),
    })
}

fn stay_in(object: &Object<'_>) -> Result<Demand, Fault> {
    object.only(&["rule", "kind", "active", "zones", "grace_s"])?;
    let mut zones = object.need("zones", list(INTERVALS_MAX, id(ZoneId::new)))?;
    if zones.is_empty() {
        return Err(Fault::of_member("no_zones", "zones"));
    }
    zones.sort_unstable();
    zones.dedup();
    let grace_s = object.take("grace_s", unsigned_in(0..=u32::MAX))?.unwrap_or(0);
    Ok(Demand::StayIn { zones, grace_ms: i64::from(grace_s) * 1000 })
}

fn report(object: &Object<'_>) -> Result<Demand, Fault> {
    object.only(&["rule", "kind", "active", "max_silence_s", "max_no_fix_s"])?;
    let max_silence_s = object.take("max_silence_s", unsigned_in(1..=u32::MAX))?;
    let max_no_fix_s = object.take("max_no_fix_s", unsigned_in(1..=u32::MAX))?;
    if max_silence_s.or(max_no_fix_s).is_none() {
        return Err(Fault::of_member("missing_member", "max_silence_s"));
    }
    Ok(Demand::Report {
        max_silence_ms: max_silence_s.map(|s| i64::from(s) * 1000),
        max_no_fix_ms: max_no_fix_s.map(|s| i64::from(s) * 1000),
    })
}

fn permit(tree: &Tree<'_>) -> Result<Permit, Fault> {
    let object = object(tree)?;
    object.only(&["zone", "active"])?;
    Ok(Permit {
        zone: object.need("zone", id(ZoneId::new))?,
        active: object.take("active", intervals)?,
    })
}
