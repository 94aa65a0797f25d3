//! What a device reports of itself: conditions that begin with one word and end with another.

mod saved;

use crate::event::EventKind;
use crate::ids::DeviceId;
use crate::input::Status;
use crate::key::Key;
use crate::time::Timestamp;
use std::collections::VecDeque;

/// The last words of a device about its conditions, in the order of event time and sequence.
// J-STATUS-1
#[derive(Clone, Default)]
pub(crate) struct Conditions {
    words: VecDeque<Word>,
    /// The conditions that were on before the oldest word, as bits.
    base: u8,
    is_full: bool,
}

#[derive(Clone, Copy)]
struct Word {
    time: Timestamp,
    seq: u64,
    condition: usize,
    is_on: bool,
}

const KINDS: [EventKind; 5] =
    [EventKind::Strap, EventKind::Case, EventKind::Tether, EventKind::Jamming, EventKind::Battery];

impl Conditions {
    pub const fn new() -> Self {
        Self { words: VecDeque::new(), base: 0, is_full: false }
    }

    /// Whether nothing was ever said.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Puts a word in its place. False if it is older than a full history.
    pub fn insert(&mut self, status: Status, time: Timestamp, seq: u64, words_max: usize) -> bool {
        let Some((condition, is_on)) = meaning(status) else { return true };
        let index = self.words.partition_point(|word| (word.time, word.seq) <= (time, seq));
        if index == 0 && self.is_full {
            return false;
        }
        self.words.insert(index, Word { time, seq, condition, is_on });
        if self.words.len() > words_max.max(1) {
            self.is_full = true;
            if let Some(oldest) = self.words.pop_front() {
                set(&mut self.base, oldest.condition, oldest.is_on);
            }
        }
        self.is_full |= self.words.len() >= words_max;
        true
    }

    /// Which conditions are on after the words up to this key.
    pub fn as_of(&self, key: Key, device: DeviceId) -> impl Iterator<Item = (EventKind, bool)> {
        let mut on = self.base;
        let so_far = self.words.iter().take_while(|word| word.key(device) <= key);
        so_far.for_each(|word| set(&mut on, word.condition, word.is_on));
        KINDS.into_iter().enumerate().map(move |(index, kind)| (kind, on & (1 << index) != 0))
    }

    pub fn keys(&self, device: DeviceId) -> impl DoubleEndedIterator<Item = Key> {
        self.words.iter().map(move |word| word.key(device))
    }

    pub fn newest(&self, device: DeviceId) -> Option<Key> {
        self.keys(device).next_back()
    }

    /// The oldest word of a full history; nothing older can be put in its place.
    pub fn horizon(&self, device: DeviceId) -> Key {
        self.keys(device).next().filter(|_| self.is_full).unwrap_or(Key::FIRST)
    }
}

impl Word {
    fn key(&self, device: DeviceId) -> Key {
        Key::fix(self.time, device, self.seq)
    }
}

fn set(on: &mut u8, condition: usize, is_on: bool) {
    *on = *on & !(1 << condition) | u8::from(is_on) << condition;
}

/// Which of the conditions the word is about, and whether it begins.
fn meaning(status: Status) -> Option<(usize, bool)> {
    match status {
        Status::StrapOpen => Some((0, true)),
        Status::StrapClosed => Some((0, false)),
        Status::CaseOpen => Some((1, true)),
        Status::CaseClosed => Some((1, false)),
        Status::TetherLost => Some((2, true)),
        Status::TetherFound => Some((2, false)),
        Status::Jamming => Some((3, true)),
        Status::JammingOver => Some((3, false)),
        Status::BatteryLow => Some((4, true)),
        Status::BatteryOk => Some((4, false)),
        Status::PowerOff | Status::Panic | Status::Heartbeat => None,
    }
}
