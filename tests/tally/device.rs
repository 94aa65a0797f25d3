//! What is known of a device: the newest fix, the words, when it was heard.

use std::collections::BTreeMap;
use wardline_core::event::{EventKind, FixFacts};
use wardline_core::ids::PersonId;
use wardline_core::input::{Fix, Status, StatusReport};
use wardline_core::time::Timestamp;

/// How many inputs tell a repeat.
const MEMORY: usize = 64;
/// How many words about conditions are kept; nothing comes before the oldest of so many.
const WORDS: usize = 32;

/// Where an item stands among those of its device: event time and counter.
type Place = (Timestamp, u64);

/// A device since its assignment.
pub struct Device {
    pub person: PersonId,
    pub assigned: Timestamp,
    pub heard: Option<Timestamp>,
    /// The newest fix, in event time.
    pub last: Option<(Place, Fix)>,
    /// Whether an event of the present input calls the newest fix sound.
    pub sound: Option<bool>,
    inputs: Vec<Place>,
    /// Every word about a condition that was not too late, with the order of arrival.
    words: BTreeMap<(Place, usize), Status>,
    /// When it said that it was being switched off.
    off: Option<Timestamp>,
}

impl Device {
    pub fn new(person: PersonId, assigned: Timestamp) -> Self {
        let (last, sound) = (None, None);
        let (inputs, words, off) = (Vec::new(), BTreeMap::new(), None);
        Self { person, assigned, heard: None, last, sound, inputs, words, off }
    }

    pub fn take_fix(&mut self, fix: &Fix, now: Timestamp) {
        let place = (fix.time.min(now), fix.seq);
        if self.is_repeat(place, now) {
            return;
        }
        if self.last.is_none_or(|(newest, _)| newest <= place) {
            self.last = Some((place, *fix));
        }
    }

    pub fn take_status(&mut self, report: &StatusReport, now: Timestamp) {
        let place = (report.time.min(now), report.seq);
        if self.is_repeat(place, now) {
            return;
        }
        match report.status {
            Status::PowerOff => self.off = self.off.max(Some(place.0)),
            Status::Panic | Status::Heartbeat => {}
            word => self.take_word((place, self.inputs.len()), word),
        }
    }

    fn take_word(&mut self, place: (Place, usize), word: Status) {
        let oldest = self.words.keys().nth_back(WORDS - 1);
        if oldest.is_none_or(|oldest| *oldest <= place) {
            self.words.insert(place, word);
        }
    }

    fn is_repeat(&mut self, place: Place, now: Timestamp) -> bool {
        if self.inputs.iter().rev().take(MEMORY).any(|input| *input == place) {
            return true;
        }
        self.inputs.push(place);
        self.heard = Some(now);
        false
    }

    pub fn note_trust(&mut self, facts: &FixFacts) {
        if self.last.is_some_and(|(_, fix)| (fix.seq, fix.time) == (facts.seq, facts.time)) {
            self.sound = Some(facts.sound);
        }
    }

    /// The conditions that are on, by the newest word of each.
    pub fn conditions(&self) -> Vec<EventKind> {
        let pairs = [
            (EventKind::Strap, Status::StrapOpen, Status::StrapClosed),
            (EventKind::Case, Status::CaseOpen, Status::CaseClosed),
            (EventKind::Tether, Status::TetherLost, Status::TetherFound),
            (EventKind::Jamming, Status::Jamming, Status::JammingOver),
            (EventKind::Battery, Status::BatteryLow, Status::BatteryOk),
        ];
        let is_on = |(_, on, off): &(EventKind, Status, Status)| {
            let mut words = self.words.values().rev();
            words.find(|word| *word == on || *word == off) == Some(on)
        };
        pairs.into_iter().filter(is_on).map(|(kind, ..)| kind).collect()
    }

    /// When it was switched off, if nothing from later has come.
    pub fn switched_off(&self) -> Option<Timestamp> {
        let newest = self.inputs.iter().map(|(time, _)| *time).max();
        self.off.filter(|off| Some(*off) == newest)
    }
}
