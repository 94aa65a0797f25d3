//! One log judged by several engines, each of which takes in its part of the inputs.
//!
//! An engine that sees only some inputs is told their numbers, so that its events have the ids
//! that one engine would give them. Every engine takes in all zones, orders and ticks, and the
//! devices of whoever is a party of an order that it keeps. An order is kept by one engine, and
//! what concerns no order is told by one engine for each input.

use super::Engine;
use crate::device::{BATCH, NOWHERE};
use crate::event::Event;
use crate::input::{Input, Record};
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
        let mut rest = inputs;
        while let Some(first) = rest.first() {
            let fixes = rest.iter().take(BATCH).take_while(|input| is_fix(input)).count();
            let (now, later) = rest.split_at(fixes.max(1));
            rest = later;
            match fixes {
                0 => self.apply_one(NOWHERE, first, sink)?,
                _ => self.apply_row(now, sink)?,
            }
        }
        Ok(())
    }

    /// Fixes, at most [`BATCH`].
    fn apply_row(
        &mut self,
        fixes: &[Numbered],
        sink: &mut impl FnMut(Event),
    ) -> Result<(), OutOfSequence> {
        let mut slots = [NOWHERE; BATCH];
        for (slot, input) in slots.iter_mut().zip(fixes) {
            if let Input::Fix(fix) = &input.record.input {
                *slot = self.devices.slot(fix.device).unwrap_or(NOWHERE);
            }
        }
        std::hint::black_box(self.devices.touch(&slots));
        for (slot, input) in slots.into_iter().zip(fixes) {
            self.apply_one(slot, input, sink)?;
        }
        Ok(())
    }

    fn apply_one(
        &mut self,
        slot: usize,
        input: &Numbered,
        sink: &mut impl FnMut(Event),
    ) -> Result<(), OutOfSequence> {
        let (number, last) = (input.number, self.input);
        if number <= last {
            return Err(OutOfSequence { number, last });
        }
        let at = self.receive(number, input.record.at, input.part);
        self.take_in(slot, &input.record.input, at, sink);
        Ok(())
    }
}

fn is_fix(input: &Numbered) -> bool {
    matches!(input.record.input, Input::Fix(_))
}
