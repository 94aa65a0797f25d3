//! Reading a log frame by frame, with all checks.

use crate::disk::{Disk, DiskFile, read_full};
use crate::error::{Damage, Fault, ReadError};
use crate::frame::{self, FRAME_HEAD_BYTES, FrameFault, FrameHead};
use crate::segment::{self, LogId, SEGMENT_HEAD_BYTES, SegmentHead};
use crate::{Hash, LogKind};
use std::sync::Arc;

/// Reads the frames of a log, one after another.
#[derive(Debug)]
pub(crate) struct Frames {
    disk: Arc<dyn Disk>,
    kind: LogKind,
    segments: Vec<u64>,
    /// Which of the segments is read.
    index: usize,
    file: Option<Box<dyn DiskFile>>,
    /// Whether the chain was checked before, and checksums do.
    is_checked: bool,
    /// The id of the log; nothing before a segment was opened.
    pub log: LogId,
    pub place: Place,
    /// The first of a whole log, or that of its first segment that is read.
    pub start: u64,
    /// The one that was read last; its memory is used for the next.
    pub frame: Vec<u8>,
    /// The bad end of the last segment, if it was reached.
    pub torn: Option<Torn>,
    /// Where the last good frame begins and how long it is.
    pub last_frame: Option<(u64, usize)>,
}

/// How far a log was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub segment: u64,
    pub offset: u64,
    /// The next sequence number.
    pub next: u64,
    pub chain: Hash,
    /// All keys below this number were named.
    pub keys: u64,
}

/// A bad end of the last segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Torn {
    pub offset: u64,
    pub bytes: u64,
}

impl Frames {
    /// Opens a log at the segment that holds `from`, or at its first.
    pub fn open(disk: Arc<dyn Disk>, kind: LogKind, from: u64) -> Result<Self, ReadError> {
        let segments = segment::numbers(disk.as_ref(), kind)?;
        let mut frames = Self {
            disk,
            kind,
            segments,
            index: 0,
            file: None,
            is_checked: false,
            log: LogId::default(),
            place: Place::default(),
            start: 0,
            frame: Vec::new(),
            torn: None,
            last_frame: None,
        };
        if !frames.segments.is_empty() {
            frames.open_segment(0, None)?;
            frames.start = frames.place.next;
            frames.skip_to(from)?;
        }
        Ok(frames)
    }

    /// Opens the last segment only.
    pub fn open_last(disk: Arc<dyn Disk>, kind: LogKind) -> Result<Self, ReadError> {
        Self::open(disk, kind, u64::MAX)
    }

    /// Reads on with checksums alone, since the chain was checked just before.
    pub fn believe_chain(&mut self) {
        self.is_checked = true;
    }

    /// Whether there is any segment.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Goes to the last segment that begins at or before `from`.
    fn skip_to(&mut self, from: u64) -> Result<(), ReadError> {
        for index in 1..self.segments.len() {
            let (before, log) = (self.index, self.log);
            match self.open_segment(index, Some(log)) {
                Ok(()) if self.place.next <= from => {}
                // Damage is met again when reading comes to it.
                Ok(()) | Err(ReadError::Damage(_)) => {
                    return self.open_segment(before, Some(log));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn open_segment(&mut self, index: usize, log: Option<LogId>) -> Result<(), ReadError> {
        let number = index as u64 + 1;
        let place = Place { segment: number, offset: 0, ..self.place };
        if self.segments.get(index) != Some(&number) {
            return Err(damage(place, Fault::SegmentMissing));
        }
        let mut file = self.disk.open(&segment::name(self.kind, number))?;
        let mut bytes = [0; SEGMENT_HEAD_BYTES];
        let read = read_full(file.as_mut(), 0, &mut bytes)?;
        let head = SegmentHead::decode(self.kind, &bytes[..read]);
        let fits = |head: &SegmentHead| head.number == number && log.is_none_or(|l| l == head.log);
        let head = head.filter(fits).ok_or_else(|| damage(place, Fault::SegmentHead))?;
        self.log = head.log;
        self.file = Some(file);
        self.index = index;
        self.last_frame = None;
        self.place = Place {
            segment: number,
            offset: SEGMENT_HEAD_BYTES as u64,
            next: head.first,
            chain: head.chain,
            keys: head.keys,
        };
        Ok(())
    }

    /// The next frame and its payload; nothing at the end of the log, which may grow meanwhile.
    pub fn next(&mut self) -> Result<Option<(FrameHead, &[u8])>, ReadError> {
        self.torn = None;
        let mut is_doubted = false;
        let head = loop {
            let Some(file) = &mut self.file else { return Ok(None) };
            let chain = Some(&self.place.chain).filter(|_| !self.is_checked);
            match read_frame(file.as_mut(), &self.log, &self.place, chain, &mut self.frame)? {
                Step::Frame(head, chain) => break self.advance(head, chain),
                Step::End => {
                    if !self.next_segment()? {
                        return Ok(None);
                    }
                }
                // A writer may have gone on while it was read, so what is bad is read twice.
                Step::Bad(fault) => match self.judge(fault) {
                    Ok(()) => return Ok(None),
                    Err(error) if is_doubted => return Err(error),
                    Err(_) => is_doubted = true,
                },
            }
        };
        Ok(Some((head, frame::payload(&self.frame))))
    }

    fn advance(&mut self, head: FrameHead, chain: Hash) -> FrameHead {
        self.last_frame = Some((self.place.offset, head.frame_bytes()));
        self.place.offset += head.frame_bytes() as u64;
        self.place.next = head.first + u64::from(head.numbered);
        self.place.chain = chain;
        self.place.keys = head.keys;
        head
    }

    /// Goes on with the next segment, which must follow this one.
    fn next_segment(&mut self) -> Result<bool, ReadError> {
        if self.is_last()? {
            return Ok(false);
        }
        let (before, log) = (self.place, self.log);
        self.open_segment(self.index + 1, Some(log))?;
        let at = Place { segment: before.segment + 1, offset: 0, ..before };
        if self.place.next != before.next {
            return Err(damage(at, Fault::Sequence));
        }
        if self.place.chain != before.chain {
            return Err(damage(at, Fault::Chain));
        }
        Ok(true)
    }

    /// Whether no segment follows, also none that is new.
    fn is_last(&mut self) -> Result<bool, ReadError> {
        if self.index + 1 >= self.segments.len() {
            self.segments = segment::numbers(self.disk.as_ref(), self.kind)?;
        }
        Ok(self.index + 1 >= self.segments.len())
    }

    /// A bad frame at the end of the last segment is a torn write; elsewhere it is damage.
    fn judge(&mut self, fault: Fault) -> Result<(), ReadError> {
        let place = self.place;
        let by_crash = matches!(fault, Fault::FrameHead | Fault::FrameShort | Fault::Checksum);
        if !by_crash || !self.is_last()? {
            return Err(damage(place, fault));
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let length = file.length()?;
        if has_head_after(file.as_mut(), &self.log, place.offset + 1)? {
            return Err(damage(place, fault));
        }
        self.torn = Some(Torn { offset: place.offset, bytes: length - place.offset });
        Ok(())
    }
}

enum Step {
    Frame(FrameHead, Hash),
    End,
    Bad(Fault),
}

fn read_frame(
    file: &mut dyn DiskFile,
    log: &LogId,
    place: &Place,
    chain: Option<&Hash>,
    frame: &mut Vec<u8>,
) -> Result<Step, ReadError> {
    let mut head_bytes = [0; FRAME_HEAD_BYTES];
    let read = read_full(file, place.offset, &mut head_bytes)?;
    if read == 0 {
        return Ok(Step::End);
    }
    let Some(head) = FrameHead::decode(log, &head_bytes[..read]) else {
        return Ok(Step::Bad(Fault::FrameHead));
    };
    // What is there of the one before is written over, not cleared first.
    frame.resize(head.frame_bytes(), 0);
    let (begin, rest) = frame.split_at_mut(FRAME_HEAD_BYTES);
    begin.copy_from_slice(&head_bytes);
    if read_full(file, place.offset + FRAME_HEAD_BYTES as u64, rest)? < rest.len() {
        return Ok(Step::Bad(Fault::FrameShort));
    }
    Ok(match frame::check(log, chain, frame) {
        Err(FrameFault::Checksum) => Step::Bad(Fault::Checksum),
        Err(FrameFault::Chain) => Step::Bad(Fault::Chain),
        Ok(_) if head.first != place.next => Step::Bad(Fault::Sequence),
        Ok(chain) => Step::Frame(head, chain),
    })
}

/// Whether another frame begins at or after the offset, looked for piece by piece.
fn has_head_after(file: &mut dyn DiskFile, log: &LogId, from: u64) -> Result<bool, ReadError> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut offset = from;
    loop {
        let read = read_full(file, offset, &mut piece)?;
        if frame::has_head(log, &piece[..read]) {
            return Ok(true);
        }
        if read < PIECE_BYTES {
            return Ok(false);
        }
        // The pieces overlap, so that no head lies across two of them.
        offset += (PIECE_BYTES - FRAME_HEAD_BYTES + 1) as u64;
    }
}

pub(crate) fn damage(place: Place, fault: Fault) -> ReadError {
    let Place { segment, offset, next, .. } = place;
    ReadError::Damage(Damage { segment, offset, sequence: next, fault })
}

const PIECE_BYTES: usize = 1 << 16;
