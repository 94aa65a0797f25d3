//! Opening what is in the frames of the log of inputs.

use super::Logged;
use crate::codec::{FixStart, Malformed, Unsealed, read_record};
use crate::error::{Fault, ReadError};
use crate::frame::{self, Entries, FrameHead};
use crate::frames::{Place, damage};
use crate::keys::Keys;
use crate::notes::Note;
use crate::seal::{Mask, Seal};
use std::fmt;
use wardline_core::input::{Fix, Input, Record};
use wardline_core::time::Timestamp;

/// A frame of the log of inputs as it is stored.
#[derive(Default)]
pub struct InputFrame {
    pub(super) place: Place,
    pub(super) head: FrameHead,
    pub(super) bytes: Vec<u8>,
}

impl fmt::Debug for InputFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputFrame").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Opens what is in frames, with the keys of the log.
#[derive(Debug)]
pub struct InputOpener {
    pub(super) keys: Keys,
    pub(super) from: u64,
}

/// What of a frame is given together.
#[derive(Debug)]
#[non_exhaustive]
pub enum Opened<'a> {
    /// Fixes received at the same time, at most [`Opened::FIXES_MAX`] of them.
    Fixes {
        /// The number of the first; the others have the next ones.
        first: u64,
        /// When they were received.
        at: Timestamp,
        /// The fixes.
        fixes: &'a [Fix],
    },
    /// Another input, a fix that is sealed or of which it is not known when it was received, or
    /// something about the log itself.
    Other(Logged),
}

impl Opened<'_> {
    /// So many fixes are given together at most.
    pub const FIXES_MAX: usize = 256;

    /// One after another.
    pub(super) fn each(self, mut visit: impl FnMut(Logged)) {
        match self {
            Self::Fixes { first, at, fixes } => {
                for (number, fix) in (first..).zip(fixes) {
                    let record = Record { at: Some(at), input: Input::Fix(*fix) };
                    visit(Logged::Input { number, record: Unsealed::Open(record) });
                }
            }
            Self::Other(logged) => visit(logged),
        }
    }
}

impl InputOpener {
    pub(super) fn new(keys: Keys, from: u64) -> Self {
        Self { keys, from }
    }

    /// Gives what a frame holds, from the wanted input on.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn visit(
        &mut self,
        frame: &InputFrame,
        visit: impl FnMut(Opened<'_>),
    ) -> Result<(), ReadError> {
        self.visit_payload(frame.place, &frame.head, frame::payload(&frame.bytes), visit)
    }

    pub(super) fn visit_payload(
        &mut self,
        place: Place,
        head: &FrameHead,
        payload: &[u8],
        visit: impl FnMut(Opened<'_>),
    ) -> Result<(), ReadError> {
        let fixes = Vec::with_capacity(Opened::FIXES_MAX);
        let mut gathered = Gathered { first: 0, at: Timestamp::default(), fixes, visit };
        let outcome = self.gather(place, head, payload, &mut gathered);
        gathered.give();
        outcome
    }

    fn gather(
        &mut self,
        place: Place,
        head: &FrameHead,
        payload: &[u8],
        gathered: &mut Gathered<impl FnMut(Opened<'_>)>,
    ) -> Result<(), ReadError> {
        let malformed = |m: Malformed| damage(place, Fault::Entry(m));
        let entries = Vec::with_capacity(ROW);
        let mut row = Row { salt: head.salt, first: (0, 0), entries };
        let mut masks = Vec::with_capacity(ROW);
        let mut number = head.first;
        let mut entries = Entries::new(payload);
        for (index, entry) in &mut entries {
            let is_note = Note::is_note(entry);
            if is_note || row.entries.len() == ROW {
                row.open(&mut self.keys, &mut masks, gathered).map_err(malformed)?;
            }
            if is_note {
                let note = Note::read(entry).map_err(malformed)?;
                note.check_key(&mut self.keys, place)?;
                gathered.other(Logged::Note(note));
                continue;
            }
            if number >= self.from {
                row.push(number, index, entry);
            }
            number = number.saturating_add(1);
        }
        row.open(&mut self.keys, &mut masks, gathered).map_err(malformed)?;
        let whole = entries.is_at_end() && entries.given() == head.entries;
        match whole && number == head.first + u64::from(head.numbered) {
            true => Ok(()),
            false => Err(damage(place, Fault::Entries)),
        }
    }
}

/// Entries in a row that are opened together.
struct Row<'a> {
    salt: u64,
    /// The number of the first, and its place in the frame.
    first: (u64, u32),
    /// With the key that each needs, if it is a fix.
    entries: Vec<(&'a [u8], Option<u64>)>,
}

impl<'a> Row<'a> {
    #[inline]
    fn push(&mut self, number: u64, index: u32, entry: &'a [u8]) {
        if self.entries.is_empty() {
            self.first = (number, index);
        }
        // What is malformed is found to be so when it is opened.
        let start = FixStart::read(entry).ok().flatten();
        self.entries.push((entry, start.map(|start| start.key)));
    }

    /// Gives them in their order, up to one that is malformed.
    fn open(
        &mut self,
        keys: &mut Keys,
        masks: &mut Vec<Option<(usize, Mask)>>,
        gathered: &mut Gathered<impl FnMut(Opened<'_>)>,
    ) -> Result<(), Malformed> {
        let (salt, (number, index)) = (self.salt, self.first);
        let seals = (index..).map(|entry| Seal { salt, entry });
        let wanted = self.entries.iter().zip(seals.clone());
        keys.masks(wanted.map(|((_, key), seal)| key.map(|key| (key, seal))), masks);
        for (((entry, _), seal), (number, found)) in
            self.entries.iter().zip(seals).zip((number..).zip(masks))
        {
            let record = match (FixStart::read(entry)?, found) {
                (Some(fix), Some(found)) => {
                    let head = fix.head()?;
                    let fix = head.finish(&keys.mask(found, seal, head.sealed_bytes()))?;
                    if let Some(at) = head.at {
                        gathered.fix(number, at, fix);
                        continue;
                    }
                    Unsealed::Open(head.record(fix))
                }
                (Some(fix), None) => fix.head()?.without_key(),
                (None, _) => read_record(entry, seal, keys)?,
            };
            gathered.other(Logged::Input { number, record });
        }
        self.entries.clear();
        Ok(())
    }
}

/// Gathers fixes that are given together.
struct Gathered<V> {
    first: u64,
    at: Timestamp,
    fixes: Vec<Fix>,
    visit: V,
}

impl<V: FnMut(Opened<'_>)> Gathered<V> {
    #[inline]
    fn fix(&mut self, number: u64, at: Timestamp, fix: Fix) {
        if self.fixes.is_empty() || at != self.at || self.fixes.len() == Opened::FIXES_MAX {
            self.give();
            (self.first, self.at) = (number, at);
        }
        self.fixes.push(fix);
    }

    fn other(&mut self, logged: Logged) {
        self.give();
        (self.visit)(Opened::Other(logged));
    }

    fn give(&mut self) {
        if !self.fixes.is_empty() {
            let Self { first, at, fixes, .. } = self;
            (self.visit)(Opened::Fixes { first: *first, at: *at, fixes });
            self.fixes.clear();
        }
    }
}

/// So many entries are opened together: twice what the processor keeps in flight.
const ROW: usize = 32;
