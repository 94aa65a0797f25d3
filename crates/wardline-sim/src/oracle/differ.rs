//! Differences between two results of the set function, as events (J-PAIR-1, J-ORDER-1, D15).

use super::emit::{AMENDED, Body, ENDED, Event, Step, Who, base, place, stamp, whole};
use super::fold::{Edge, Episode, Key};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An episode that was told.
#[derive(Debug, Clone)]
pub struct Known {
    pub n: u64,
    pub episode: Episode,
    pub ended_told: bool,
}

/// The counters of episodes by (order, rule, device, kind), which never start again (D16).
pub type Counters = BTreeMap<(u64, u64, u64, u8), u64>;

/// The next number of an episode.
pub fn next(counters: &mut Counters, who: Who, rule: u64, kind: u8) -> u64 {
    let n = counters.entry((who.order, rule, who.device, kind)).or_default();
    *n += 1;
    *n
}

/// What a difference is told with.
pub struct Telling<'a> {
    pub step: &'a Step,
    pub who: Who,
    pub counters: &'a mut Counters,
    /// The versions of the order and of a zone at the step's instant.
    pub versions: &'a dyn Fn(u64) -> (Option<u64>, Option<u64>),
}

/// Tells the difference between what was told and what the set function gives now.
pub fn differ(
    telling: Telling<'_>,
    known: &mut BTreeMap<Key, Vec<Known>>,
    now: BTreeMap<Key, Vec<Episode>>,
) -> Vec<Event> {
    let mut events = Vec::new();
    let mut fresh: Vec<(Key, usize, Episode)> = Vec::new();
    let mut result: BTreeMap<Key, Vec<(usize, Known)>> = BTreeMap::new();
    let keys: BTreeSet<Key> = known.keys().chain(now.keys()).copied().collect();
    let none = Vec::new();
    for key in keys {
        let new = now.get(&key).unwrap_or(&none);
        let (matched, lost) = match_up(known.remove(&key).unwrap_or_default(), new);
        events.extend(lost.into_iter().flat_map(|k| telling.withdraw(key, k)));
        for (i, (slot, n)) in matched.into_iter().zip(new).enumerate() {
            match slot {
                None => fresh.push((key, i, n.clone())),
                Some(k) => {
                    let (k, told) = telling.update(key, k, n);
                    events.extend(told);
                    result.entry(key).or_default().push((i, k));
                }
            }
        }
    }
    fresh.sort_by_key(|(k, _, e)| (k.rule, k.kind, e.start.time, k.target));
    for (key, i, episode) in fresh {
        let n = next(telling.counters, telling.who, key.rule, key.kind);
        events.push(whole(telling.step, telling.who, key, n, &episode));
        let ended_told = episode.end.is_some();
        result.entry(key).or_default().push((i, Known { n, episode, ended_told }));
    }
    for (key, mut list) in result {
        list.sort_by_key(|x| x.0);
        known.insert(key, list.into_iter().map(|x| x.1).collect());
    }
    events.sort_by_key(|event| (event.place, number(&event.body)));
    events
}

/// Gives to each new episode the old one that it continues, and the old ones that are left.
fn match_up(old: Vec<Known>, new: &[Episode]) -> (Vec<Option<Known>>, Vec<Known>) {
    let mut old: Vec<Option<Known>> = old.into_iter().map(Some).collect();
    let mut matched: Vec<Option<Known>> = vec![None; new.len()];
    for (slot, n) in matched.iter_mut().zip(new) {
        let same = |o: &&mut Option<Known>| {
            o.as_ref().is_some_and(|k| k.episode.start.time == n.start.time)
        };
        *slot = old.iter_mut().find(same).and_then(Option::take);
    }
    for (slot, n) in matched.iter_mut().zip(new).filter(|x| x.0.is_none()) {
        let over = |o: &&mut Option<Known>| o.as_ref().is_some_and(|k| overlap(&k.episode, n));
        *slot = old.iter_mut().find(over).and_then(Option::take);
    }
    (matched, old.into_iter().flatten().collect())
}

fn overlap(a: &Episode, b: &Episode) -> bool {
    let end = |e: &Episode| e.end.as_ref().map_or(i64::MAX, |x| x.time);
    a.start.time <= end(b) && b.start.time <= end(a)
}

impl Telling<'_> {
    /// The edge of an amendment: the instant and versions of the step.
    fn edge(&self, key: Key, like: &Edge) -> Edge {
        let zone = if key.target.1 { 0 } else { key.target.0 };
        let (o, z) = (self.versions)(zone);
        Edge {
            time: self.step.time,
            cause: self.step.cause,
            order_version: o.unwrap_or(like.order_version),
            zone,
            zone_version: z.unwrap_or(like.zone_version),
            threshold: like.threshold,
            proof: None,
        }
    }

    fn event(&self, key: Key, phase: u8, n: u64, of: (&Episode, &Edge)) -> Event {
        let body = base(self.step, self.who, key, phase, n, of);
        Event { place: place(phase, self.who, key), body, then: None }
    }

    fn withdraw(&self, key: Key, k: Known) -> Vec<Event> {
        let e = self.edge(key, &k.episode.start);
        let mut events = Vec::new();
        if k.episode.end.is_none() && !k.ended_told {
            events.push(self.event(key, ENDED, k.n, (&k.episode, &e)));
        }
        let mut amended = self.event(key, AMENDED, k.n, (&k.episode, &e));
        amended.body.insert("withdrawn".into(), json!(true));
        events.push(amended);
        events
    }

    fn update(&self, key: Key, mut k: Known, n: &Episode) -> (Known, Vec<Event>) {
        let o = &k.episode;
        let mut events = Vec::new();
        let mut amend = o.start.time != n.start.time
            || o.certainty != n.certainty
            || o.permitted != n.permitted;
        let (was, is) = (o.end.as_ref().map(|e| e.time), n.end.as_ref().map(|e| e.time));
        if k.ended_told {
            amend |= was != is;
        } else if let Some(e) = &n.end {
            events.push(self.event(key, ENDED, k.n, (n, e)));
            k.ended_told = true;
        }
        if amend {
            let mut e = self.edge(key, &n.start);
            if let (true, Some(end)) = (self.step.cause == "boundary", &n.end) {
                e.cause = end.cause;
            }
            let mut amended = self.event(key, AMENDED, k.n, (n, &e));
            amended.body.insert("start".into(), stamp(n.start.time));
            amended.body.insert("end".into(), is.map_or(Value::Null, stamp));
            events.push(amended);
        }
        k.episode = n.clone();
        (k, events)
    }
}

fn number(body: &Body) -> Option<u64> {
    body.get("episode")?.as_str()?.rsplit('.').next()?.parse().ok()
}
