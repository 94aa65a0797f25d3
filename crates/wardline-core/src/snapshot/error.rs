//! Why bytes are no snapshot of an engine.

use crate::geometry::ShapeError;
use crate::ids::ZoneId;
use std::fmt;

/// Why a snapshot is refused; each reason says what is wrong, and where in the bytes.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum RestoreError {
    /// It does not start as snapshots do.
    Magic {
        /// What it starts with.
        found: [u8; 8],
    },
    /// It is of another version of the format.
    Version {
        /// Its version.
        found: u32,
        /// The version that is read here.
        expected: u32,
    },
    /// It is of an engine with another configuration.
    Config {
        /// The hash of that configuration.
        found: [u8; 32],
        /// The hash of the one given.
        expected: [u8; 32],
    },
    /// Its bytes are not those that were written.
    Checksum {
        /// The hash at its end.
        found: [u8; 32],
        /// The hash of the bytes before.
        expected: [u8; 32],
    },
    /// It ends too early.
    Truncated {
        /// Where.
        offset: usize,
        /// What was to be read.
        what: &'static str,
        /// The bytes that it needs.
        needed: usize,
        /// The bytes that are left.
        left: usize,
    },
    /// More items than there can be in the bytes left, or than the configuration allows.
    Count {
        /// Where.
        offset: usize,
        /// Items of which kind.
        what: &'static str,
        /// How many are said to follow.
        count: u64,
        /// How many there can be.
        max: u64,
    },
    /// A value that no engine has.
    Value {
        /// Where.
        offset: usize,
        /// Which value.
        what: &'static str,
        /// The value, of numbers with a sign or a fraction their bits.
        value: u64,
    },
    /// A geometry that is no zone.
    Shape {
        /// Where.
        offset: usize,
        /// The zone.
        zone: ZoneId,
        /// Why it is none.
        error: ShapeError,
    },
    /// Bytes that belong to nothing.
    Trailing {
        /// Where they start.
        offset: usize,
        /// How many.
        bytes: usize,
    },
}

/// A hash as people read it.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic { found } => write!(f, "no snapshot: it starts with {}", Hex(found)),
            Self::Version { found, expected } => {
                write!(f, "a snapshot of version {found}; this engine reads version {expected}")
            }
            Self::Config { found, expected } => write!(
                f,
                "a snapshot under the configuration {}, not under {}",
                Hex(found),
                Hex(expected)
            ),
            Self::Checksum { found, expected } => {
                write!(f, "the hash at the end is {}, not {}", Hex(found), Hex(expected))
            }
            Self::Truncated { offset, what, needed, left } => {
                write!(f, "{what} at byte {offset} needs {needed} bytes, but {left} are left")
            }
            Self::Count { offset, what, count, max } => {
                write!(f, "{count} {what} at byte {offset}, where {max} are possible")
            }
            Self::Value { offset, what, value } => {
                write!(f, "{what} at byte {offset} cannot be {value} ({value:#x})")
            }
            Self::Shape { offset, zone, error } => {
                write!(f, "zone {} at byte {offset}: {error}", zone.number())
            }
            Self::Trailing { offset, bytes } => {
                write!(f, "{bytes} bytes follow the end at byte {offset}")
            }
        }
    }
}

impl std::error::Error for RestoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Shape { error, .. } => Some(error),
            _ => None,
        }
    }
}
