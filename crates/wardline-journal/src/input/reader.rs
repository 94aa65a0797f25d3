//! Reading the log of inputs.

use super::opener::{InputFrame, InputOpener, Opened};
use crate::LogKind;
use crate::codec::Unsealed;
use crate::disk::Disk;
use crate::error::ReadError;
use crate::frames::{Frames, Place, damage};
use crate::input::check_entries;
use crate::keys::Keys;
use crate::notes::Note;
use crate::outline::{self, Outline};
use crate::writer::{Durable, FrameSeen};
use std::fmt;
use std::sync::Arc;
use wardline_core::input::Record;

/// What was read of the log of inputs.
#[derive(Clone)]
#[non_exhaustive]
pub enum Logged {
    /// An input.
    Input {
        /// Its number.
        number: u64,
        /// The input, or that it is sealed.
        record: Unsealed<Record>,
    },
    /// Something about the log itself.
    Note(Note),
}

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { number, record } => {
                f.debug_struct("Input").field("number", number).field("record", record).finish()
            }
            Self::Note(note) => note.fmt(f),
        }
    }
}

/// Reads the log of inputs, with all checks. Whoever writes it may go on meanwhile.
#[derive(Debug)]
pub struct InputReader {
    frames: InputFrames,
    opener: InputOpener,
}

/// Reads the frames of the log of inputs, and checks all but what is in them.
#[derive(Debug)]
pub struct InputFrames(Frames);

impl InputFrames {
    /// Reads the next frame into one whose memory is used again. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn next(&mut self, into: &mut InputFrame) -> Result<bool, ReadError> {
        let place = self.0.place;
        let Some((head, _)) = self.0.next()? else { return Ok(false) };
        (into.place, into.head) = (place, head);
        std::mem::swap(&mut into.bytes, &mut self.0.frame);
        Ok(true)
    }
}

impl InputReader {
    /// Opens the log to read it from an input on.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is damaged where it begins.
    pub fn open(disk: Arc<dyn Disk>, from: u64) -> Result<Self, ReadError> {
        let kind = LogKind::Input;
        let frames = Frames::open(Arc::clone(&disk), kind, from)?;
        let keys = match frames.is_empty() {
            true => Keys::none(),
            false => Keys::read(disk, kind, frames.log)?,
        };
        Ok(Self { frames: InputFrames(frames), opener: InputOpener::new(keys, from) })
    }

    /// Reads on without checking the chain of hashes, which was checked just before by whoever
    /// opened the log to write it. Checksums and numbers are checked all the same.
    #[must_use]
    pub fn checked_before(mut self) -> Self {
        self.frames.0.believe_chain();
        self
    }

    /// Both halves of it: one thread may read frames while another opens those before.
    pub fn split(self) -> (InputFrames, InputOpener) {
        (self.frames, self.opener)
    }

    /// Adds what the next frame holds, from the wanted input on. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn next_frame(&mut self, into: &mut Vec<Logged>) -> Result<bool, ReadError> {
        self.visit_frame(|logged| into.push(logged))
    }

    /// Gives what the next frame holds, from the wanted input on. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn visit_frame(&mut self, mut visit: impl FnMut(Logged)) -> Result<bool, ReadError> {
        let frames = &mut self.frames.0;
        let place = frames.place;
        let Some((head, payload)) = frames.next()? else { return Ok(false) };
        let each = |opened: Opened<'_>| opened.each(&mut visit);
        self.opener.visit_payload(place, &head, payload, each)?;
        Ok(true)
    }

    /// Gives what a start must know of the next frame, from the wanted input on. False at the end.
    ///
    /// # Errors
    ///
    /// If the log is damaged there. What precedes was given.
    pub fn outline_frame(&mut self, visit: impl FnMut(Outline)) -> Result<bool, ReadError> {
        let frames = &mut self.frames.0;
        let (log, place) = (frames.log, frames.place);
        let Some((head, payload)) = frames.next()? else { return Ok(false) };
        let frame = FrameSeen { log, place, head, payload };
        check_entries(&frame).map_err(|fault| damage(place, fault))?;
        outline::of_inputs(&frame, &mut self.opener.keys, self.opener.from, visit)?;
        Ok(true)
    }

    /// The keys that it reads with.
    pub fn keys(&self) -> &Keys {
        &self.opener.keys
    }

    /// How far it has read: the next number, and the chain of hashes up to there.
    pub fn durable(&self) -> Durable {
        let Place { next, chain, .. } = self.frames.0.place;
        Durable { next, chain }
    }

    /// The bytes of a torn write at the end, once the end was reached.
    pub fn torn_bytes(&self) -> Option<u64> {
        self.frames.0.torn.map(|torn| torn.bytes)
    }
}
