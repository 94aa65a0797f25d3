//! One log judged by several engines, each of which takes in its part of the inputs.
//!
//! An engine that sees only some inputs is told their numbers, so that its events have the ids
//! that one engine would give them. Every engine takes in all zones, orders and ticks, and the
//! devices of whoever is a party of an order that it keeps. An order is kept by one engine, and
//! what concerns no order is told by one engine for each input.

use super::Engine;
use crate::device::{BATCH, NOWHERE, Receipt};
use crate::event::Event;
use crate::input::{Fix, Input, Record};
use crate::outbox::EventPlace;
use crate::time::Timestamp;
use std::error::Error;
use std::fmt;

/// An input with its number in the log and what of it is this engine's.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The sequence number of the input, from 1.
    pub number: u64,
    /// The input, with the time of receipt that it counts with.
    pub record: Record,
    /// What of it is this engine's.
    pub part: Part,
}

/// What of an input is an engine's. Closed on purpose: whoever shares out a log must say both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Whether it counts the input, and tells what of it concerns no order.
    pub tells_facts: bool,
    /// Whether it keeps what the input brings: of an order, to judge it; of an assignment, the
    /// device. Of no other input does this say anything.
    pub keeps: bool,
}

impl Part {
    /// All of it, as with one engine alone.
    pub const WHOLE: Self = Self { tells_facts: true, keeps: true };

    pub(super) fn count(self) -> u64 {
        u64::from(self.tells_facts)
    }
}

/// The number of an input was not above the last one's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OutOfSequence {
    /// The number.
    pub number: u64,
    /// The last one.
    pub last: u64,
}

impl fmt::Display for OutOfSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "input {} came after input {}", self.number, self.last)
    }
}

impl Error for OutOfSequence {}

/// An input of a list that an engine takes in. Closed on purpose, like [`Part`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chosen {
    /// Its place in the list.
    pub place: u32,
    /// What of it is the engine's, whatever the list says.
    pub part: Part,
}

impl Engine {
    /// Takes in numbered inputs, with the events that they cause given to `sink` in order. Fixes
    /// in a row are taken in as by [`Engine::apply_fixes`].
    ///
    /// # Errors
    ///
    /// At an input whose number is not above that of the one before. Those before it were taken
    /// in; it and those after it were not.
    pub fn apply_numbered(
        &mut self,
        inputs: &[Numbered],
        sink: &mut impl FnMut(Event),
    ) -> Result<(), OutOfSequence> {
        let inputs = inputs.iter().map(|input| (input.number, &input.record, input.part));
        self.apply_each(inputs, &mut |_, event| sink(event))
    }

    /// Takes in fixes received at the same time, of which the first has the number `first` and the
    /// others the next ones, as [`Engine::apply_fixes`] does.
    ///
    /// # Errors
    ///
    /// If the first number is not above that of the input before. None was taken in then.
    pub fn apply_numbered_fixes(
        &mut self,
        first: u64,
        at: Timestamp,
        fixes: &[Fix],
        sink: &mut impl FnMut(Event),
    ) -> Result<(), OutOfSequence> {
        if first <= self.input {
            return Err(OutOfSequence { number: first, last: self.input });
        }
        self.input = first - 1;
        self.apply_fixes(at, fixes, sink);
        Ok(())
    }

    /// Takes in some inputs of a list that several engines share, of which the first has the number
    /// `first` and the others the next ones. Gives each event with its place among all events of
    /// its input.
    ///
    /// # Errors
    ///
    /// Like [`Engine::apply_numbered`].
    ///
    /// # Panics
    ///
    /// If there is no such place in the list.
    pub fn apply_chosen(
        &mut self,
        first: u64,
        inputs: &[Record],
        chosen: impl Iterator<Item = Chosen> + Clone,
        sink: &mut impl FnMut(EventPlace, Event),
    ) -> Result<(), OutOfSequence> {
        let chosen = chosen.map(|Chosen { place, part }| {
            (first + u64::from(place), &inputs[place as usize], part)
        });
        self.apply_each(chosen, sink)
    }

    fn apply_each<'a>(
        &mut self,
        mut inputs: impl Iterator<Item = (u64, &'a Record, Part)> + Clone,
        sink: &mut impl FnMut(EventPlace, Event),
    ) -> Result<(), OutOfSequence> {
        let mut receipt = Receipt::new(self.now, &self.config);
        loop {
            let (mut slots, mut fixes) = ([NOWHERE; BATCH], 0);
            for (slot, (_, record, _)) in slots.iter_mut().zip(inputs.clone()) {
                let Input::Fix(fix) = &record.input else { break };
                *slot = self.devices.slot(fix.device).unwrap_or(NOWHERE);
                fixes += 1;
            }
            if fixes > 0 {
                std::hint::black_box(self.devices.touch(&slots));
            }
            // What is no fix goes alone.
            for slot in &slots[..fixes.max(1)] {
                let Some((number, record, part)) = inputs.next() else { return Ok(()) };
                let last = self.input;
                if number <= last {
                    return Err(OutOfSequence { number, last });
                }
                let at = self.receive(number, record.at, part);
                if at != receipt.at {
                    receipt = Receipt::new(at, &self.config);
                }
                self.take_in(*slot, &record.input, &receipt, sink);
            }
        }
    }
}
