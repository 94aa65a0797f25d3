//! silence, no_fix, never_heard and degraded: a simulation in the order of the log.

use super::Oracle;
use super::device::Stint;
use super::differ::next;
use super::emit::{ENDED, Event, STARTED, Step, Who, noted, place, plain};
use super::fold::Key;
use super::kinds::{DEGRADED, NEVER_HEARD, NO_FIX, SILENCE};
use super::parse_order::Demand;
use super::state::{Active, OrderState};
use serde_json::json;
use std::collections::BTreeMap;

/// Time after which a fix no longer tells where somebody is (J-STALE-1).
const STALE_MS: i64 = 180_000;

/// A machine: order, device, and the rest.
pub type Machine = (u64, u64, Key);

/// The number of the open episode of each machine, and whose it is.
#[derive(Debug, Default)]
pub struct Timers {
    open: BTreeMap<Machine, (u64, u64)>,
}

/// When a machine is due, whether it is open or not.
#[derive(Debug)]
pub struct Clock {
    pub key: Key,
    pub device: u64,
    pub person: u64,
    pub limit: i64,
    /// Due when reached, not when passed: the limit is the start of the rule itself (E22).
    at_once: bool,
}

/// A device as the timers see it, or device 0.
struct Worn<'a> {
    device: u64,
    since: i64,
    stint: Option<&'a Stint>,
}

impl Oracle {
    fn wearing(&self, person: u64) -> Vec<Worn<'_>> {
        let mut all: Vec<Worn<'_>> = Vec::new();
        for i in self.assigned.values() {
            let s = &self.stints[*i];
            if s.person == person {
                all.push(Worn { device: s.device, since: s.assigned.0, stint: Some(s) });
            }
        }
        if all.is_empty() {
            // J-SILENCE-3
            let since = self.idle.get(&person).copied().unwrap_or(i64::MIN);
            all.push(Worn { device: 0, since, stint: None });
        }
        all
    }

    /// The clocks of all rules of an order that are active.
    fn clocks(&self, order: u64) -> Vec<Clock> {
        let state: OrderState = self.log.state(order, &self.fired_boundaries(order));
        let Some(v) = &state.current else { return Vec::new() };
        let mut clocks = Vec::new();
        for a in state.active.values() {
            for w in self.wearing(v.person) {
                self.clocks_of(&mut clocks, a, &w, v.at, v.person);
            }
        }
        clocks
    }

    fn clocks_of(&self, to: &mut Vec<Clock>, a: &Active, w: &Worn<'_>, put: i64, person: u64) {
        let base = a.start.max(w.since);
        let mut add = |kind, target, limit, at_once| {
            let key = Key { rule: a.rule.rule, kind, target };
            to.push(Clock { key, device: w.device, person, limit, at_once });
        };
        match a.rule.demand {
            Demand::Report { silence_ms, no_fix_ms } => {
                let last = |at: Option<i64>| base.max(at.unwrap_or(i64::MIN));
                // E9
                if let Some(ms) = silence_ms {
                    let quiet = last(w.stint.and_then(|s| s.heard));
                    add(SILENCE, (0, false), put.max(quiet + ms), false);
                }
                // E12
                if let Some(ms) = no_fix_ms {
                    let fix = last(w.stint.and_then(|s| s.sound));
                    add(NO_FIX, (0, false), put.max(fix + ms), false);
                }
            }
            // J-STALE-2: without a device there is nothing to judge.
            Demand::KeepAway { person, .. } if w.stint.is_some() => {
                let stale = self.sound_pair(w.stint, person).map(|t| t + STALE_MS);
                let start = base.max(put);
                let later = stale.filter(|s| *s > start);
                add(DEGRADED, (person, true), later.unwrap_or(start), later.is_none());
            }
            _ => {}
        }
    }

    /// The older of both parties' newest sound fixes, if both have one.
    fn sound_pair(&self, his: Option<&Stint>, person: u64) -> Option<i64> {
        let hers = self.stints.iter().filter(|s| s.person == person);
        let hers = hers.filter_map(Stint::newest_sound).max()?;
        Some(his?.newest_sound()?.min(hers))
    }

    fn is_open(&self, order: u64, device: u64, key: Key) -> bool {
        self.timers.open.contains_key(&(order, device, key))
    }

    /// The clocks of closed machines that an input at `at` passes.
    pub(super) fn timers_due(&self, order: u64, at: i64) -> Vec<Clock> {
        let mut clocks = self.clocks(order);
        clocks.retain(|c| {
            let silence = Key { kind: SILENCE, ..c.key };
            let masked = c.key.kind == NO_FIX && self.is_open(order, c.device, silence);
            let passed = c.limit < at || (c.at_once && c.limit <= at);
            passed && !masked && !self.is_open(order, c.device, c.key)
        });
        clocks.sort_by_key(|c| c.key.kind);
        clocks
    }

    /// Fires the timers of an order that are due at the step's instant.
    pub(super) fn fire(&mut self, step: &Step, order: u64) -> Vec<Event> {
        let mut events = Vec::new();
        for c in self.timers_due(order, step.at) {
            let silence = Key { kind: SILENCE, ..c.key };
            // J-SILENCE-2: silence, which comes first, wins a tie.
            let masked = c.key.kind == NO_FIX && self.is_open(order, c.device, silence);
            if c.limit != step.time || masked {
                continue;
            }
            let cause = if c.at_once { "rule_started" } else { "timer" };
            events.push(self.start_timer(step, order, &c, cause));
            if c.key.kind == SILENCE {
                let no_fix = Key { kind: NO_FIX, ..c.key };
                events.extend(self.end_timer(step, (order, c.device, no_fix), "silence"));
                events.extend(self.never_heard(step, order, &c));
            }
        }
        events
    }

    /// J-SILENCE-3, E11
    fn never_heard(&self, step: &Step, order: u64, c: &Clock) -> Option<Event> {
        let stint = self.assigned.get(&c.device).map(|i| &self.stints[*i]);
        if stint.is_some_and(|s| s.heard.is_some()) {
            return None;
        }
        let who = Who { order, person: c.person, device: c.device };
        Some(noted(step, who, c.key.rule, self.present(order), NEVER_HEARD))
    }

    fn present(&self, order: u64) -> u64 {
        self.log.newest(order).map_or(0, |v| v.version)
    }

    fn start_timer(&mut self, step: &Step, order: u64, c: &Clock, cause: &str) -> Event {
        let who = Who { order, person: c.person, device: c.device };
        let n = next(&mut self.counters, who, c.key.rule, c.key.kind);
        self.timers.open.insert((order, c.device, c.key), (n, c.person));
        self.told(step, who, c.key, STARTED, n, cause)
    }

    fn end_timer(&mut self, step: &Step, machine: Machine, cause: &str) -> Option<Event> {
        let (n, person) = self.timers.open.remove(&machine)?;
        let (order, device, key) = machine;
        Some(self.told(step, Who { order, person, device }, key, ENDED, n, cause))
    }

    fn told(&self, step: &Step, who: Who, key: Key, phase: u8, n: u64, cause: &str) -> Event {
        let mut body = plain(step, who, key, phase, n, self.present(who.order));
        body.insert("cause".into(), json!(cause));
        if key.target.1 {
            body.insert("other_person".into(), json!(key.target.0));
        }
        Event { place: place(phase, who, key), body, then: None }
    }

    /// After a boundary or change: ends the machines that are no longer there (J-SCHED-2), and
    /// starts what is degraded from its rule's start on.
    pub(super) fn sync(&mut self, step: &Step, order: u64) -> Vec<Event> {
        let clocks = self.clocks(order);
        let there = |m: &Machine| clocks.iter().any(|c| (order, c.device, c.key) == *m);
        let of_order = |m: &&Machine| m.0 == order && !there(m);
        let gone: Vec<Machine> = self.timers.open.keys().filter(of_order).copied().collect();
        let mut events = Vec::new();
        for m in gone {
            let cause = match step.cause {
                "device_released" if m.1 == 0 => "device_assigned",
                "device_released" => "device_released",
                _ => "rule_ended",
            };
            events.extend(self.end_timer(step, m, cause));
        }
        for c in &clocks {
            if c.at_once && c.limit == step.time && !self.is_open(order, c.device, c.key) {
                events.push(self.start_timer(step, order, c, "rule_started"));
            }
        }
        events
    }

    /// After an accepted input of a device: what it ends, and what was hidden by silence.
    pub(super) fn hear_timers(&mut self, step: &Step, device: u64, sound_fix: bool) -> Vec<Event> {
        let step = &Step { time: step.at, ..step.clone() };
        let of = |m: &&Machine| m.1 == device;
        let open: Vec<Machine> = self.timers.open.keys().filter(of).copied().collect();
        let mut events = Vec::new();
        for m in open {
            let (order, _, key) = m;
            match key.kind {
                SILENCE => {
                    events.extend(self.end_timer(step, m, "heard"));
                    let no_fix = Key { kind: NO_FIX, ..key };
                    let due = |c: &&Clock| c.device == device && c.key == no_fix;
                    let clocks = self.clocks(order);
                    let due = clocks.iter().find(due).filter(|c| c.limit < step.at);
                    if let Some(c) = due.filter(|_| !sound_fix) {
                        events.push(self.start_timer(step, order, c, "timer"));
                    }
                }
                NO_FIX if sound_fix => events.extend(self.end_timer(step, m, "fix")),
                _ => {}
            }
        }
        events
    }

    /// After a fix: what is no longer degraded (J-STALE-1).
    pub(super) fn fix_timers(&mut self, step: &Step, device: u64) -> Vec<Event> {
        let step = &Step { time: step.at, ..step.clone() };
        let sender = self.assigned.get(&device).map_or(0, |i| self.stints[*i].person);
        let of = |m: &&Machine| m.2.kind == DEGRADED && (m.1 == device || m.2.target.0 == sender);
        let open: Vec<Machine> = self.timers.open.keys().filter(of).copied().collect();
        let mut events = Vec::new();
        for m in open {
            let his = self.assigned.get(&m.1).map(|i| &self.stints[*i]);
            let both = self.sound_pair(his, m.2.target.0);
            if both.is_some_and(|t| step.at - t < STALE_MS) {
                events.extend(self.end_timer(step, m, "fix"));
            }
        }
        events
    }
}
