//! Starting: a new log, or one that is there, with what a crash left of it.

use super::{LogOptions, Writer};
use crate::disk::{Disk, DiskFile, put_whole, read_full, remove_temporary, write_all};
use crate::error::{OpenError, ReadError};
use crate::frame::FrameHead;
use crate::frames::{Frames, Place, Torn};
use crate::keyring::KeyRing;
use crate::notes::Note;
use crate::seal::{Entropy, draw};
use crate::segment::{self, LogId, SEGMENT_HEAD_BYTES, SegmentHead};
use crate::{Hash, LogKind};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use wardline_core::time::Timestamp;

/// How much of a log is checked at a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Check {
    /// All of it.
    #[default]
    Everything,
    /// The last segment; damage in others is found when they are read.
    LastSegment,
    /// The segment that holds the entry with this number, and all after it, likewise.
    From(u64),
}

/// What was found at a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Recovery {
    /// Whether the log is new.
    pub is_new: bool,
    /// The number of the next entry.
    pub next: u64,
    /// What was cut off.
    pub cut: Option<Cut>,
}

/// A torn write that was cut off: what a crash left of a commit that nobody was told of.
///
/// The bytes are kept in a file `<segment>.cut-<offset>`, and the log notes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Cut {
    /// The segment.
    pub segment: u64,
    /// Where in it.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Their hash.
    pub hash: Hash,
}

impl Writer {
    /// Opens a log, or makes a new one. `visit` is given each frame that is checked.
    pub fn open(
        disk: Arc<dyn Disk>,
        kind: LogKind,
        options: LogOptions,
        mut entropy: Box<dyn Entropy>,
        now: Timestamp,
        visit: impl FnMut(&FrameSeen<'_>) -> Result<(), ReadError>,
    ) -> Result<(Self, Recovery), OpenError> {
        remove_temporary(disk.as_ref(), &disk.list()?, kind.prefix())?;
        let is_new = segment::numbers(disk.as_ref(), kind)?.is_empty();
        if is_new {
            let head = SegmentHead::genesis(kind, draw(entropy.as_mut())?, options.first);
            put_whole(disk.as_ref(), &segment::name(kind, 1), &[&head.encode()])?;
        }
        let frames = checked(&disk, kind, options.check, visit)?;
        let mut file = disk.open(&segment::name(kind, frames.place.segment))?;
        let place = frames.place;
        let cut = frames.torn.map(|torn| cut(&disk, kind, file.as_mut(), place, torn));
        let cut = cut.transpose()?;
        settle(&disk, file.as_mut(), frames.last_frame)?;
        let salt = u64::from_le_bytes(draw(entropy.as_mut())?);
        let keys = (kind, frames.log, place.keys);
        let keys = KeyRing::open(Arc::clone(&disk), keys, entropy, options.key_period_ms)?;
        let mut writer = Self {
            disk,
            kind,
            options,
            log: frames.log,
            keys,
            file,
            durable: place,
            has_rest: false,
            next: place.next,
            salt,
            waiting: VecDeque::new(),
            spare: Vec::new(),
            oldest: None,
            poison: None,
            out: Vec::new(),
        };
        if let Some(Cut { segment, offset, bytes, hash }) = cut {
            writer.note(&Note::Cut { segment, offset, bytes, hash });
            writer.oldest = Some(now);
        }
        Ok((writer, Recovery { is_new, next: place.next, cut }))
    }
}

/// A frame that was read at a start.
#[derive(Clone, Copy)]
pub(crate) struct FrameSeen<'a> {
    pub log: LogId,
    pub place: Place,
    pub head: FrameHead,
    pub payload: &'a [u8],
}

fn checked(
    disk: &Arc<dyn Disk>,
    kind: LogKind,
    check: Check,
    mut visit: impl FnMut(&FrameSeen<'_>) -> Result<(), ReadError>,
) -> Result<Frames, ReadError> {
    let mut frames = match check {
        Check::Everything => Frames::open(Arc::clone(disk), kind, 0)?,
        Check::LastSegment => Frames::open_last(Arc::clone(disk), kind)?,
        Check::From(from) => Frames::open(Arc::clone(disk), kind, from)?,
    };
    loop {
        let (log, place) = (frames.log, frames.place);
        match frames.next()? {
            Some((head, payload)) => visit(&FrameSeen { log, place, head, payload })?,
            None => return Ok(frames),
        }
    }
}

/// Keeps the torn bytes elsewhere, then cuts them off.
fn cut(
    disk: &Arc<dyn Disk>,
    kind: LogKind,
    file: &mut dyn DiskFile,
    place: Place,
    torn: Torn,
) -> Result<Cut, OpenError> {
    let Torn { offset, bytes } = torn;
    let length =
        usize::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut rest = vec![0; length];
    let read = read_full(file, offset, &mut rest)?;
    rest.truncate(read);
    let name = format!("{}.cut-{offset}", segment::name(kind, place.segment));
    put_whole(disk.as_ref(), &name, &[&rest])?;
    file.truncate(offset)?;
    file.sync()?;
    let hash = Sha256::digest(&rest).into();
    Ok(Cut { segment: place.segment, offset, bytes: rest.len() as u64, hash })
}

/// Makes sure that what was read is durable: a sync may have failed before, after which a system
/// may show bytes that the disk does not have. So the last frame is written once more.
fn settle(
    disk: &Arc<dyn Disk>,
    file: &mut dyn DiskFile,
    last_frame: Option<(u64, usize)>,
) -> Result<(), OpenError> {
    let (offset, length) = last_frame.unwrap_or((0, SEGMENT_HEAD_BYTES));
    let mut bytes = vec![0; length];
    let read = read_full(file, offset, &mut bytes)?;
    write_all(file, offset, &bytes[..read])?;
    file.sync()?;
    Ok(disk.sync_folder()?)
}
