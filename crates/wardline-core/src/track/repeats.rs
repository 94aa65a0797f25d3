//! Repeats: which of a device's last inputs are told by time and number.
//!
//! The ring knows the fixes in the order in which they happened. Most were received in that order
//! too; all other inputs are kept beside, each with how many inputs had come by then.

use super::slots::FIXES_MAX;
use super::{Track, TrackMut};
use crate::time::Timestamp;
use std::collections::VecDeque;

/// The last inputs of a device that were no fixes newer than all before.
#[derive(Clone, Default)]
pub(super) struct Others {
    /// From the oldest on; the first of them may be too old to count.
    kept: VecDeque<Other>,
    /// The number of the last one.
    number: u64,
}

/// An input that was no fix newer than all before.
#[derive(Clone, Copy)]
struct Other {
    time: Timestamp,
    seq: u64,
    /// So many inputs of the device had come with it.
    number: u64,
}

impl Other {
    fn standing(&self) -> (Timestamp, u64) {
        (self.time, self.seq)
    }
}

impl Others {
    /// What these are like in a snapshot: time and number of each that still counts, from the
    /// oldest on, and how many inputs came after it.
    pub fn counting(&self, in_order: u16, memory: usize) -> Vec<(Timestamp, u64, u16)> {
        let others = self.newest_first(in_order, memory);
        let mut others: Vec<_> =
            others.map(|(after, other)| (other.time, other.seq, after as u16)).collect();
        others.reverse();
        others
    }

    /// The same back again.
    pub fn of(counting: impl Iterator<Item = (Timestamp, u64, u16)>, in_order: u16) -> Self {
        // More than came after any of them.
        let number = u64::from(u16::MAX);
        let other = |(time, seq, after): (Timestamp, u64, u16)| Other {
            time,
            seq,
            number: number + u64::from(in_order) - u64::from(after),
        };
        Self { kept: counting.map(other).collect(), number }
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Reads the last one.
    pub fn touch_last(&self) -> u8 {
        self.kept.back().map_or(0, |other| other.seq as u8)
    }

    /// Those that are among the last inputs, from the newest on, and how many inputs came after
    /// each.
    fn newest_first(
        &self,
        in_order: u16,
        memory: usize,
    ) -> impl Iterator<Item = (usize, &Other)> + Clone {
        let all = self.number + u64::from(in_order);
        let others = self.kept.iter().rev().map(move |o| ((all - o.number) as usize, o));
        others.take_while(move |(after, _)| *after < memory)
    }

    fn remember(&mut self, time: Timestamp, seq: u64, in_order: u16, memory: usize) {
        self.number += u64::from(in_order) + 1;
        if self.kept.len() == self.kept.capacity() {
            let number = self.number;
            let is_old = |other: &&Other| (number - other.number) as usize >= memory;
            let old = self.kept.iter().take_while(is_old).count();
            self.kept.drain(..old);
        }
        self.kept.push_back(Other { time, seq, number: self.number });
    }
}

impl Track<'_> {
    /// Whether an input with this number and time is among the last ones.
    // J-FIX-2
    pub fn is_repeat(&self, time: Timestamp, seq: u64) -> bool {
        let (in_order, memory) = (self.head.in_order, self.repeat_memory());
        let others = self.head.rare.as_ref().map(|rare| &rare.others);
        let others = others.into_iter().flat_map(|others| others.newest_first(in_order, memory));
        let is_other =
            |standing: (Timestamp, u64)| others.clone().any(|(_, o)| o.standing() == standing);
        if is_other((time, seq)) {
            return true;
        }
        // Hardly ever is there one like it, however long ago.
        if !self.knows(time, seq) {
            return false;
        }
        let mut fixes = self.standings().filter(|standing| !is_other(*standing));
        let Some(fixes_after) = fixes.position(|standing| standing == (time, seq)) else {
            return false;
        };
        // An input beside came after the fix if fewer fixes than that came after the input.
        let came_later = |(newer, (after, _)): &(usize, (usize, _))| after - newer <= fixes_after;
        let others_after = others.enumerate().take_while(came_later).count();
        fixes_after + others_after < memory
    }

    /// Times and numbers of the newest fixes, as far as known, from the newest on.
    fn standings(&self) -> impl Iterator<Item = (Timestamp, u64)> {
        let (ring, slots) = (&self.head.ring, self.slots);
        (0..ring.len()).rev().filter_map(move |index| ring.standing(slots, index))
    }

    /// Whether the time and number are those of a fix, as far as known.
    fn knows(&self, time: Timestamp, seq: u64) -> bool {
        let mut not_older = self.standings().take_while(|standing| *standing >= (time, seq));
        not_older.any(|standing| standing == (time, seq))
    }

    /// So many of the last inputs are told when they come again.
    pub(super) fn repeat_memory(&self) -> usize {
        self.config.repeat_memory.min(FIXES_MAX)
    }
}

impl TrackMut<'_> {
    /// Remembers an input that is no fix newer than all before.
    pub fn remember(&mut self, time: Timestamp, seq: u64) {
        let memory = self.as_ref().repeat_memory();
        let in_order = std::mem::take(&mut self.head.in_order);
        self.head.rare.get_or_insert_default().others.remember(time, seq, in_order, memory);
    }
}
