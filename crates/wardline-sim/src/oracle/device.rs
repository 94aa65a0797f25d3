//! A device while it belongs to one person, with everything that was heard of it.

use super::classify::{Class, classify};
use super::differ::Known;
use super::fold::Key;
use super::log::Pos;
use super::parse::{Fix, Word};
use std::collections::{BTreeMap, VecDeque};

/// From assignment to release.
#[derive(Debug, Default)]
pub struct Stint {
    pub device: u64,
    pub person: u64,
    pub assigned: Pos,
    pub released: Option<Pos>,
    /// Sorted by event time and counter; with the class of each.
    pub fixes: Vec<Fix>,
    pub classes: Vec<Class>,
    /// The words on conditions, sorted likewise.
    pub words: Vec<Word>,
    /// The event time of the newest input.
    pub newest: Option<i64>,
    pub inputs: VecDeque<(u64, i64)>,
    pub no_order: bool,
    /// The `at` of the last accepted input, and of the last fix that was sound when it came in.
    pub heard: Option<i64>,
    pub sound: Option<i64>,
    pub known: BTreeMap<u64, BTreeMap<Key, Vec<Known>>>,
    /// Episodes of fixes older than the history.
    pub alone: Vec<(u64, Key, Known)>,
    /// Fixes that came too late for a pair with a person, by their number, and from which place
    /// on they serve as a reference (E19).
    pub beyond: BTreeMap<(u64, usize), Pos>,
}

/// The fixes, or words, that a device's history holds.
const HISTORY: usize = 32;

impl Stint {
    /// Whether the input was among the last 64; else it is from now on (J-FIX-2).
    pub fn repeated(&self, seq: u64, time: i64) -> bool {
        self.inputs.contains(&(seq, time))
    }

    /// Remembers an accepted input.
    pub fn hear(&mut self, at: i64, seq: u64, time: i64) {
        self.inputs.push_back((seq, time));
        if self.inputs.len() > 64 {
            self.inputs.pop_front();
        }
        self.heard = Some(at);
        self.newest = self.newest.max(Some(time));
    }

    /// The place of a fix.
    pub fn pos(&self, i: usize) -> Pos {
        (self.fixes[i].time, 2, self.device, self.fixes[i].seq)
    }

    /// The place of the oldest fix of a full history (D14).
    pub fn oldest(&self) -> Option<Pos> {
        Some(self.pos(self.fixes.len().checked_sub(HISTORY)?))
    }

    /// Puts a fix in its place, which is given.
    pub fn insert(&mut self, fix: Fix) -> usize {
        let key = (fix.time, fix.seq);
        let place = self.fixes.partition_point(|f| (f.time, f.seq) <= key);
        self.fixes.insert(place, fix);
        self.classes = classify(&self.fixes);
        place
    }

    /// Puts a word on a condition in its place, unless it is older than the history (E2).
    pub fn insert_word(&mut self, word: Word) -> bool {
        let key = (word.time, word.seq);
        let oldest = self.words.len().checked_sub(HISTORY).map(|i| &self.words[i]);
        if oldest.is_some_and(|o| key < (o.time, o.seq)) {
            return false;
        }
        let place = self.words.partition_point(|w| (w.time, w.seq) <= key);
        self.words.insert(place, word);
        true
    }

    /// J-FIX-7 at t among the fixes before a place, without those that are hidden.
    pub fn reference(&self, t: i64, before: Pos, hidden: impl Fn(usize) -> bool) -> Option<usize> {
        let usable = |i: &usize| self.pos(*i) < before && !hidden(self.fixes[*i].uid);
        let known: Vec<usize> = (0..self.fixes.len()).filter(usable).collect();
        let near = |i: &&usize| !self.classes[**i].coarse && t - self.fixes[**i].time <= 180_000;
        known.iter().rev().find(near).or(known.last()).copied()
    }

    /// The event time of the newest sound fix.
    pub fn newest_sound(&self) -> Option<i64> {
        (0..self.fixes.len()).rev().find(|i| self.classes[*i].sound).map(|i| self.fixes[i].time)
    }

    /// Whether an episode of the machine that is open, or ended within the history, covers an
    /// instant before it (J-LATE-5).
    pub fn covers(&self, order: u64, key: Key, t: i64) -> bool {
        let oldest = self.oldest().map_or(i64::MIN, |pos| pos.0);
        let mut told = self.known.get(&order).and_then(|k| k.get(&key)).into_iter().flatten();
        told.any(|k| {
            let e = &k.episode;
            e.start.time <= t && e.end.as_ref().is_none_or(|x| x.time >= oldest)
        })
    }
}
