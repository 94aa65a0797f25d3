//! Fixes and statuses.

use super::Oracle;
use super::apply::Applied;
use super::differ::next;
use super::emit::{Event, Step, Who, bare, episode_id, noted, prove, stamp};
use super::kinds::{NO_ORDER, PANIC, POWER, SUSPECT_MOTION, UNASSIGNED, UNJUDGED, condition};
use super::parse::{Fix, Word};
use serde_json::json;

impl Oracle {
    /// A fix takes its place in the track of its device.
    pub(super) fn fix(&mut self, step: &mut Step, device: u64, mut fix: Fix) -> Applied {
        fix.uid = self.fixes;
        self.fixes += 1;
        (step.time, step.cause) = (fix.time, "fix");
        let Some(&i) = self.assigned.get(&device) else {
            return Ok(self.stranger(step, device));
        };
        if self.stints[i].repeated(fix.seq, fix.time) {
            return Ok(Vec::new());
        }
        if fix.time < self.stints[i].assigned.0 {
            let value = stamp(fix.time).as_str().unwrap_or_default().to_owned();
            return Err((("before_assignment", value), Some(device)));
        }
        let mut events = self.hear(step, i, fix.seq);
        let person = self.stints[i].person;
        let pos = (fix.time, 2, device, fix.seq);
        if self.stints[i].oldest().is_some_and(|o| pos < o) {
            events.extend(self.too_late(step, i, &fix));
            let sound = !super::classify::coarse(&fix) && !fix.doubt;
            events.extend(self.hear_fix(step, i, sound));
            return Ok(events);
        }
        events.extend(self.beyond_pairs(step, i, &fix));
        let place = self.stints[i].insert(fix);
        events.extend(self.suspect_motion(step, i, place));
        let sound = self.stints[i].classes[place].sound;
        events.extend(self.differences(step, &self.log.ever_concern(person)));
        events.extend(self.hear_fix(step, i, sound));
        Ok(events)
    }

    /// What a fix of an assigned device does to the timers.
    fn hear_fix(&mut self, step: &Step, i: usize, sound: bool) -> Vec<Event> {
        if sound {
            self.stints[i].sound = Some(step.at);
        }
        let device = self.stints[i].device;
        let mut events = self.hear_timers(step, device, sound);
        events.extend(self.fix_timers(step, device));
        events
    }

    /// J-FIX-5, in each order in force of the restrained person (D10).
    fn suspect_motion(&self, step: &Step, i: usize, place: usize) -> Vec<Event> {
        let s = &self.stints[i];
        let class = s.classes[place];
        if !class.suspect {
            return Vec::new();
        }
        let mut orders = self.log.in_force(step.at);
        orders.retain(|(_, v)| v.person == s.person);
        let note = |(order, v): (u64, std::rc::Rc<super::parse_order::OrderVersion>)| {
            let who = Who { order, person: s.person, device: s.device };
            let mut e = noted(step, who, 0, v.version, SUSPECT_MOTION);
            e.body.insert("cause".into(), json!("fix"));
            prove(&mut e.body, step, s.device, &s.fixes[place], class.sound);
            e
        };
        orders.into_iter().map(note).collect()
    }

    /// A status: a condition takes its place, a panic is told at once.
    pub(super) fn status(&mut self, step: &mut Step, device: u64, word: Word) -> Applied {
        (step.time, step.cause) = (word.time, "status");
        let Some(&i) = self.assigned.get(&device) else {
            let mut events = self.stranger(step, device);
            if word.word == "panic" {
                events.push(self.panic(step, device, Who { order: 0, person: 0, device }, 0));
            }
            return Ok(events);
        };
        if self.stints[i].repeated(word.seq, word.time) {
            return Ok(Vec::new());
        }
        let mut events = self.hear(step, i, word.seq);
        events.extend(self.hear_timers(step, device, false));
        match word.word.as_str() {
            "panic" | "power_off" => events.extend(self.alarm(step, i, word.word == "panic")),
            w if condition(w).is_some() => {
                let orders = self.log.restrain(self.stints[i].person);
                if self.stints[i].insert_word(word) {
                    events.extend(self.differences(step, &orders));
                } else {
                    events.extend(self.unjudged_word(step, i, &orders));
                }
            }
            _ => {}
        }
        Ok(events)
    }

    /// A condition older than the history (E2).
    fn unjudged_word(&self, step: &Step, i: usize, orders: &[u64]) -> Vec<Event> {
        let s = &self.stints[i];
        let note = |o: &u64| {
            let v = self.log.order_at(*o, step.time)?;
            let then = v.in_force(step.time) && v.person == s.person;
            let who = Who { order: *o, person: s.person, device: s.device };
            then.then(|| noted(step, who, 0, v.version, UNJUDGED))
        };
        orders.iter().filter_map(note).collect()
    }

    /// J-STATUS-2, E3: noted in every order in force, on either side.
    fn alarm(&mut self, step: &Step, i: usize, panic: bool) -> Vec<Event> {
        let (device, person) = (self.stints[i].device, self.stints[i].person);
        let mut events = Vec::new();
        for (order, v) in self.log.in_force(step.at) {
            let restrained = v.person == person;
            if !restrained && !v.protects(person) {
                continue;
            }
            let who = Who { order, person: v.person, device };
            let mut e = if panic {
                self.panic(step, device, who, v.version)
            } else {
                noted(step, who, 0, v.version, POWER)
            };
            if !restrained {
                e.body.remove("device");
                e.body.insert("other_person".into(), json!(person));
                e.body.insert("other_device".into(), json!(device));
            }
            events.push(e);
        }
        if events.is_empty() && panic {
            events.push(self.panic(step, device, Who { order: 0, person: 0, device }, 0));
        }
        events
    }

    fn panic(&mut self, step: &Step, device: u64, who: Who, version: u64) -> Event {
        let n = next(&mut self.counters, who, 0, PANIC);
        let mut e = noted(step, who, 0, version, PANIC);
        e.body.insert("episode".into(), json!(episode_id(who.order, 0, device, PANIC, n)));
        e
    }

    /// A device that nobody has (J-FIX-1).
    fn stranger(&mut self, step: &Step, device: u64) -> Vec<Event> {
        let first = self.unassigned.insert(device);
        first.then(|| bare(step, UNASSIGNED, device)).into_iter().collect()
    }

    /// What every accepted input does: `late`, and `no_order` once (J-LATE-1, J-FIX-1).
    fn hear(&mut self, step: &mut Step, i: usize, seq: u64) -> Vec<Event> {
        let (at, time) = (step.at, step.time);
        let s = &mut self.stints[i];
        step.late = s.newest.is_some_and(|n| time < n);
        s.hear(at, seq, time);
        let (device, person) = (s.device, s.person);
        // E21
        let party = |v: &super::parse_order::OrderVersion| v.person == person || v.protects(person);
        let none = !self.log.in_force(at).iter().any(|(_, v)| party(v));
        if none && !std::mem::replace(&mut self.stints[i].no_order, true) {
            return vec![bare(step, NO_ORDER, device)];
        }
        Vec::new()
    }
}
