//! Reading of orders and their rules.

use super::readers::word;
use super::readers::{Bad, Intervals, bad, get_time, id, intervals, list, number, only, opt_id};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a rule demands.
#[derive(Debug, Clone)]
pub enum Demand {
    KeepOut { zone: Option<u64>, layer: Option<u64>, warn_m: f64, confirm: u64 },
    KeepAway { person: u64, distance_m: f64, warn_m: Option<f64> },
    StayIn { zones: BTreeSet<u64>, grace_ms: i64 },
    Report { silence_ms: Option<i64>, no_fix_ms: Option<i64> },
}

/// A rule of an order.
#[derive(Debug, Clone)]
pub struct Rule {
    pub rule: u64,
    pub active: Option<Intervals>,
    pub demand: Demand,
}

impl Rule {
    /// Whether both demand the same kind of thing.
    pub fn same_kind(&self, other: &Rule) -> bool {
        std::mem::discriminant(&self.demand) == std::mem::discriminant(&other.demand)
    }

    /// The protected person of a keep_away rule.
    pub fn protects(&self) -> Option<u64> {
        match self.demand {
            Demand::KeepAway { person, .. } => Some(person),
            _ => None,
        }
    }
}

/// One version of an order.
#[derive(Debug, Clone)]
pub struct OrderVersion {
    pub version: u64,
    pub at: i64,
    pub person: u64,
    pub from: i64,
    pub until: i64,
    pub rules: Vec<Rc<Rule>>,
    pub permits: Vec<(u64, Option<Intervals>)>,
}

impl OrderVersion {
    /// Whether it is in force, as long as nothing replaces or ends it (D4).
    pub fn in_force(&self, t: i64) -> bool {
        self.from.max(self.at) <= t && t < self.until
    }

    /// Whether a keep_away rule names the person.
    pub fn protects(&self, person: u64) -> bool {
        self.rules.iter().any(|r| r.protects() == Some(person))
    }

    /// The zones it names.
    pub fn zones(&self) -> BTreeSet<u64> {
        let mut all: BTreeSet<u64> = self.permits.iter().map(|p| p.0).collect();
        for r in &self.rules {
            match &r.demand {
                Demand::KeepOut { zone, .. } => all.extend(zone),
                Demand::StayIn { zones, .. } => all.extend(zones),
                _ => {}
            }
        }
        all
    }

    /// The end of a permit's interval.
    pub fn permit_ends(&self, t: i64) -> bool {
        self.permits.iter().any(|p| p.1.iter().flatten().any(|i| i.1 == t))
    }
}

/// Whether an instant lies in the intervals; none means always.
pub fn within(hours: &Option<Intervals>, t: i64) -> bool {
    hours.as_ref().is_none_or(|h| h.iter().any(|i| i.0 <= t && t < i.1))
}

fn seconds(m: &Map<String, Value>, k: &str) -> Result<Option<i64>, Bad> {
    Ok(number(m, k, 0.0, 1e9)?.map(|s| (s * 1000.0).round() as i64))
}

fn positive(m: &Map<String, Value>, k: &str) -> Result<Option<i64>, Bad> {
    match seconds(m, k)? {
        Some(ms) if ms <= 0 => bad("out_of_range", k),
        other => Ok(other),
    }
}

fn keep_out(m: &Map<String, Value>) -> Result<Demand, Bad> {
    only(m, &["rule", "kind", "zone", "layer", "warn_m", "confirm_fixes", "active"])?;
    let (zone, layer) = (opt_id(m, "zone")?, opt_id(m, "layer")?);
    if zone.is_some() == layer.is_some() {
        return bad("zone_or_layer", "both or none");
    }
    let confirm = match m.get("confirm_fixes") {
        None => 0,
        Some(c) => c.as_u64().ok_or(("out_of_range", c.to_string()))?,
    };
    let warn_m = number(m, "warn_m", 0.0, 1e7)?.unwrap_or(0.0);
    Ok(Demand::KeepOut { zone, layer, warn_m, confirm })
}

fn keep_away(m: &Map<String, Value>) -> Result<Demand, Bad> {
    only(m, &["rule", "kind", "person", "distance_m", "warn_m", "active"])?;
    let person = id(m, "person")?;
    let distance_m =
        number(m, "distance_m", 0.0, 1e7)?.ok_or(("missing", "distance_m".to_string()))?;
    let warn_m = number(m, "warn_m", 0.0, 1e7)?;
    if distance_m <= 0.0 || warn_m.is_some_and(|w| w < distance_m) {
        return bad("out_of_range", distance_m);
    }
    Ok(Demand::KeepAway { person, distance_m, warn_m })
}

fn stay_in(m: &Map<String, Value>) -> Result<Demand, Bad> {
    only(m, &["rule", "kind", "zones", "grace_s", "active"])?;
    let mut zones = BTreeSet::new();
    for z in list(m.get("zones"), "zones")? {
        match z.as_u64() {
            Some(n) if n > 0 => zones.insert(n),
            _ => return bad("bad_id", z),
        };
    }
    if zones.is_empty() {
        return bad("empty_zones", "[]");
    }
    Ok(Demand::StayIn { zones, grace_ms: seconds(m, "grace_s")?.unwrap_or(0) })
}

fn report(m: &Map<String, Value>) -> Result<Demand, Bad> {
    only(m, &["rule", "kind", "max_silence_s", "max_no_fix_s", "active"])?;
    let (silence_ms, no_fix_ms) = (positive(m, "max_silence_s")?, positive(m, "max_no_fix_s")?);
    // E10
    if silence_ms.is_none() && no_fix_ms.is_none() {
        return bad("missing", "max_silence_s");
    }
    Ok(Demand::Report { silence_ms, no_fix_ms })
}

fn rule(v: &Value) -> Result<Rc<Rule>, Bad> {
    let Some(m) = v.as_object() else {
        return bad("bad_rule", v);
    };
    let kinds = &["keep_out", "keep_away", "stay_in", "report"];
    let demand = match word(m, "kind", kinds, true)?.as_deref() {
        Some("keep_out") => keep_out(m)?,
        Some("keep_away") => keep_away(m)?,
        Some("stay_in") => stay_in(m)?,
        _ => report(m)?,
    };
    Ok(Rc::new(Rule { rule: id(m, "rule")?, active: intervals(m.get("active"))?, demand }))
}

fn rules(m: &Map<String, Value>, person: u64) -> Result<Vec<Rc<Rule>>, Bad> {
    let rules: Vec<Rc<Rule>> =
        list(m.get("rules"), "rules")?.iter().map(rule).collect::<Result<_, _>>()?;
    if rules.is_empty() {
        return bad("empty_rules", "[]");
    }
    for (i, r) in rules.iter().enumerate() {
        if rules[..i].iter().any(|q| q.rule == r.rule) {
            return bad("rule_not_unique", r.rule);
        }
        // E20
        if r.protects() == Some(person) {
            return bad("own_person", person);
        }
    }
    Ok(rules)
}

fn permits(m: &Map<String, Value>) -> Result<Vec<(u64, Option<Intervals>)>, Bad> {
    let mut all = Vec::new();
    if let Some(p) = m.get("permits") {
        for p in list(Some(p), "permits")? {
            let Some(p) = p.as_object() else {
                return bad("bad_permit", p);
            };
            only(p, &["zone", "active"])?;
            all.push((id(p, "zone")?, intervals(p.get("active"))?));
        }
    }
    Ok(all)
}

/// A put_order, whose version is given later.
pub fn order(m: &Map<String, Value>, at: i64) -> Result<(u64, OrderVersion), Bad> {
    only(m, &["type", "at", "order", "kind", "person", "from", "until", "rules", "permits"])?;
    let kind = word(m, "kind", &["temporary", "court", "supervision"], true)?.unwrap_or_default();
    let (from, until) = (get_time(m, "from")?, get_time(m, "until")?);
    let days = match kind.as_str() {
        "temporary" => 30,
        "court" => 92,
        _ => i64::MAX / 86_400_000,
    };
    if until <= from || until - from > days * 86_400_000 {
        return bad("bad_period", until - from);
    }
    let person = id(m, "person")?;
    let (rules, permits) = (rules(m, person)?, permits(m)?);
    Ok((id(m, "order")?, OrderVersion { version: 0, at, person, from, until, rules, permits }))
}
