//! Fixes older than the history (J-LATE-2).

use super::classify::{accuracy, coarse};
use super::emit::{Event, Known, Step, Who, whole};
use super::fold::{Change, Edge, Episode, Key, Proof, active_since};
use super::parse::{Fix, OrderVersion};
use super::{Oracle, known_distance, oldest};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Oracle {
    /// Judges a fix alone against what is in force unchanged since its time.
    pub(super) fn too_late(&mut self, step: &Step, device: u64, fix: &Fix) -> Vec<Event> {
        let t = fix.time;
        let person = self.devices[&device].person;
        let sound = !coarse(fix) && !fix.doubt;
        let mut events = Vec::new();
        for order in self.orders_of(person) {
            let put_before = self.versions(order).any(|v| v.at <= t);
            let Some(now) = self.order_now(order).cloned() else {
                continue;
            };
            let Some(v) = now.filter(|v| v.at <= t) else {
                // Changed or ended since, if it was there at all.
                if put_before {
                    events.extend(self.changed_order(step, order, person, device, fix, sound));
                }
                continue;
            };
            if v.person != person {
                continue;
            }
            for rule in &v.rules {
                if active_since(&v, rule, t).is_none() {
                    continue;
                }
                let proof = Proof { distance: 0.0, fix: fix.clone(), sound };
                let (zones, changed) = self.zones_unchanged(rule.zone, rule.layer, t);
                if changed {
                    let of = (order, v.version, rule.rule);
                    events.push(self.noted(step, "unjudged", 20, of, device, &proof));
                }
                if rule.confirm > 0 {
                    continue;
                }
                for zone in zones {
                    let key: Key = (rule.rule, 0, zone);
                    events.extend(self.alone(step, &v, order, key, device, fix, sound));
                }
            }
        }
        events
    }

    fn changed_order(
        &self,
        step: &Step,
        order: u64,
        person: u64,
        device: u64,
        fix: &Fix,
        sound: bool,
    ) -> Vec<Event> {
        // The version in force at the time of the fix.
        let mut then: Option<Rc<OrderVersion>> = None;
        for (_, c) in self.log.iter().filter(|x| x.0 <= fix.time) {
            if let Change::Order(o, v) = c
                && *o == order
            {
                then = v.clone();
            }
        }
        let Some(v) = then.filter(|v| v.person == person) else {
            return Vec::new();
        };
        let proof = Proof { distance: 0.0, fix: fix.clone(), sound };
        let rules = v.rules.iter().filter(|r| active_since(&v, r, fix.time).is_some());
        let noted = |r: &super::parse::Rule| {
            self.noted(step, "unjudged", 20, (order, v.version, r.rule), device, &proof)
        };
        rules.map(noted).collect()
    }

    /// The zones of a rule that are the same since t, and whether any was changed or removed.
    fn zones_unchanged(
        &self,
        zone: Option<u64>,
        layer: Option<u64>,
        t: i64,
    ) -> (BTreeSet<u64>, bool) {
        let mut same = BTreeSet::new();
        let mut changed = false;
        let names = |id: u64, l: Option<u64>| zone == Some(id) || (zone.is_none() && l == layer);
        for &id in self.zone_versions.keys() {
            let mut then = None;
            let mut touched = false;
            for (at, c) in &self.log {
                if let Change::Zone(z, v) = c
                    && *z == id
                {
                    if *at <= t {
                        then = v.clone();
                    } else {
                        touched |= v.as_ref().is_some_and(|v| names(id, v.layer));
                        touched |= then
                            .as_ref()
                            .is_some_and(|v: &Rc<super::ZoneVersion>| names(id, v.layer));
                    }
                }
            }
            if touched {
                changed = true;
            } else if then.is_some_and(|v| names(id, v.layer)) {
                same.insert(id);
            }
        }
        (same, changed)
    }

    #[allow(clippy::too_many_arguments)]
    fn alone(
        &mut self,
        step: &Step,
        v: &OrderVersion,
        order: u64,
        key: Key,
        device: u64,
        fix: &Fix,
        sound: bool,
    ) -> Option<Event> {
        let (t, z) = (fix.time, self.zone_now(key.2)?);
        let d = known_distance(&mut self.memo, fix, key.2, &z);
        let a = accuracy(fix);
        if d > if coarse(fix) { -a } else { 0.0 } {
            return None;
        }
        let mut permitted = false;
        for (zone, hours) in &v.permits {
            let open = hours.as_ref().is_none_or(|h| h.iter().any(|i| i.0 <= t && t < i.1));
            if let Some(p) = self.zone_now(*zone) {
                permitted |= open && sound && known_distance(&mut self.memo, fix, *zone, &p) <= 0.0;
            }
        }
        let dev = self.devices.get_mut(&device)?;
        let told = dev.known.get(&order).and_then(|k| k.get(&key));
        // What was judged alone before has ended before the history, too.
        let oldest = oldest(&dev.fixes);
        let within = |end: &Edge| match end.proof.as_ref().filter(|p| p.fix.time == end.time) {
            Some(p) => (end.time, p.fix.seq) >= oldest,
            None => end.time > oldest.0,
        };
        let covers = |e: &Episode| {
            e.start.time <= t && e.end.as_ref().is_none_or(|x| x.time >= t && within(x))
        };
        if told.is_some_and(|l| l.iter().any(|k| covers(&k.episode))) {
            return None;
        }
        let proof = Some(Proof { distance: d, fix: fix.clone(), sound });
        let edge = Edge {
            time: t,
            cause: "fix",
            order_version: v.version,
            zone_version: z.version,
            threshold: 0.0,
            proof,
        };
        let certainty = if d <= -a && !fix.doubt { "certain" } else { "probable" };
        let episode = Episode { start: edge.clone(), end: Some(edge), certainty, permitted };
        let n =
            self.counters.entry((order, device)).or_default().entry((key.0, key.1)).or_default();
        *n += 1;
        dev.alone.push((order, key, Known { n: *n, episode: episode.clone(), ended_told: true }));
        let who = Who { order, person: dev.person, device };
        Some(whole(step, who, key, *n, &episode))
    }
}
