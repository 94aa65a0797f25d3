//! What can go wrong with a log.

use crate::codec::Malformed;
use std::error::Error;
use std::fmt;
use std::io;

/// Where a log is not what was written, and how that shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Damage {
    /// The number of the segment, from 1.
    pub segment: u64,
    /// The byte in the segment at which the damaged frame begins, or should.
    pub offset: u64,
    /// The first sequence number that cannot be read; all before it can.
    pub sequence: u64,
    /// How it shows.
    pub fault: Fault,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, offset, sequence, fault } = self;
        write!(f, "segment {segment}, byte {offset}, sequence {sequence}: {fault}")
    }
}

impl Error for Damage {}

/// How damage shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A segment is missing.
    SegmentMissing,
    /// The head of a segment is damaged or that of another segment.
    SegmentHead,
    /// A frame does not begin where one must.
    FrameHead,
    /// A frame ends before its time.
    FrameShort,
    /// The checksum of a frame is wrong.
    Checksum,
    /// The chain of hashes is broken, though the checksum is right: somebody changed it.
    Chain,
    /// The sequence numbers do not go on from the frame before.
    Sequence,
    /// A frame does not hold the entries that it says.
    Entries,
    /// A key that was used is not in the file of keys, or another is in its place. What is sealed
    /// with it cannot be read; the log itself is sound, and can be read without that file.
    Key,
    /// An entry is not as it must be.
    Entry(Malformed),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SegmentMissing => "the segment is missing",
            Self::SegmentHead => "the head of the segment is not as it must be",
            Self::FrameHead => "no frame begins here",
            Self::FrameShort => "the frame is cut short",
            Self::Checksum => "the checksum is wrong",
            Self::Chain => "the chain of hashes is broken",
            Self::Sequence => "the sequence numbers do not go on",
            Self::Entries => "the frame does not hold the entries that it says",
            Self::Key => "a key that was used is not in the file of keys",
            Self::Entry(malformed) => return malformed.fmt(f),
        })
    }
}

/// Why a log could not be read on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// It is damaged. What precedes was given.
    Damage(Damage),
    /// The file of keys is damaged; without it, what is sealed cannot be read.
    Keys,
    /// A checkpoint in the log's file is not signed by the key that it names.
    Checkpoint(crate::checkpoint::NoteError),
    /// The Merkle tree is not the one of a checkpoint: history was rewritten.
    Mismatch(crate::Mismatch),
    /// A file could not be read.
    Io(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damage(damage) => damage.fmt(f),
            Self::Keys => f.write_str("the file of keys is damaged"),
            Self::Checkpoint(error) => error.fmt(f),
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why a log could not be opened to go on with it.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// It could not be read. A reader gives what precedes the damage.
    Read(ReadError),
    /// It could not be written.
    Log(LogError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
        }
    }
}

impl Error for OpenError {}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<LogError> for OpenError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Read(ReadError::Io(error))
    }
}

/// Why something could not be written to a log.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// The disk is full, or so much waits to be written that no more is taken. What was appended
    /// before still waits, and is written by a commit when there is room.
    Full {
        /// The bytes that wait.
        waiting_bytes: usize,
    },
    /// A write or sync has failed, now or before. What is durable is unknown, so nothing is written
    /// until the log is opened anew.
    Poisoned {
        /// What failed.
        reason: String,
    },
    /// The number does not follow the one before. Nothing of the batch was taken.
    Sequence {
        /// The number that came.
        number: u64,
        /// The number that was next.
        expected: u64,
    },
    /// An entry is longer than [`crate::LogOptions`] allows. Nothing of the batch was taken.
    TooLong {
        /// Its number.
        number: u64,
        /// Its length in bytes.
        bytes: usize,
    },
    /// There is no randomness for keys. Nothing of the batch was taken.
    Entropy(io::Error),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { waiting_bytes } => {
                write!(f, "no room to write; {waiting_bytes} bytes wait")
            }
            Self::Poisoned { reason } => {
                write!(f, "the log takes nothing until it is opened anew: {reason}")
            }
            Self::Sequence { number, expected } => {
                write!(f, "number {number} came where {expected} was next")
            }
            Self::TooLong { number, bytes } => write!(f, "entry {number} has {bytes} bytes"),
            Self::Entropy(error) => write!(f, "no randomness: {error}"),
        }
    }
}

impl Error for LogError {}

impl From<LogError> for io::Error {
    fn from(error: LogError) -> Self {
        let kind = match &error {
            LogError::Full { .. } => io::ErrorKind::StorageFull,
            LogError::Sequence { .. } | LogError::TooLong { .. } => io::ErrorKind::InvalidInput,
            LogError::Poisoned { .. } | LogError::Entropy(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Whether the disk has no room, which may pass.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::WriteZero
    )
}
