//! Entries that a log makes about itself.

use crate::codec::{Malformed, Put, Take, kind, take_device};
use crate::error::{Fault, ReadError};
use crate::frames::{Place, damage};
use crate::keys::Keys;
use crate::{Hash, Subject};
use sha2::{Digest, Sha256};
use wardline_core::ids::DeviceId;
use wardline_core::time::Timestamp;

/// An entry that a log makes about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Note {
    /// A key is used from here on.
    KeyMade {
        /// Its number.
        key: u64,
        /// Whom it is for.
        subject: Subject,
        /// The hash that proves which key it was.
        commitment: Hash,
    },
    /// A key was destroyed: what was sealed with it cannot be read by anybody.
    KeyForgotten {
        /// Its number.
        key: u64,
    },
    /// A torn write was cut off at a start.
    Cut {
        /// The segment.
        segment: u64,
        /// Where in it.
        offset: u64,
        /// How many bytes were cut off.
        bytes: u64,
        /// Their hash; they were kept in a file of their own.
        hash: Hash,
    },
    /// A transmission of a device was taken in; its inputs follow.
    Heard(Heard),
}

/// What is known of a device's transmissions after one of them, so that a server refuses it if it
/// comes again after a restart.
///
/// Closed on purpose: its members are part of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// The device.
    pub device: DeviceId,
    /// When it was heard.
    pub at: Timestamp,
    /// The highest number of a transmission.
    pub counter: u64,
    /// The key epoch.
    pub epoch: u8,
    /// What tells the secret of that epoch from others.
    pub secret_name: u32,
    /// When the epoch began, if another was before it.
    pub rotated_at: Option<Timestamp>,
}

impl Note {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::KeyMade { key, subject, commitment } => {
                let (subject, id) = subject.to_numbers();
                out.u8(kind::KEY_MADE);
                out.varint(*key);
                out.u8(subject);
                out.varint(id);
                out.raw(commitment);
            }
            Self::KeyForgotten { key } => {
                out.u8(kind::KEY_FORGOTTEN);
                out.varint(*key);
            }
            Self::Cut { segment, offset, bytes, hash } => {
                out.u8(kind::CUT);
                out.varint(*segment);
                out.varint(*offset);
                out.varint(*bytes);
                out.raw(hash);
            }
            Self::Heard(heard) => heard.write(out),
        }
    }

    /// Whether an entry is a note.
    pub(crate) fn is_note(entry: &[u8]) -> bool {
        let first = entry.first().copied().unwrap_or_default();
        matches!(first, kind::KEY_MADE | kind::KEY_FORGOTTEN | kind::CUT | kind::HEARD)
    }

    /// Whether the key that it names is the one in the file of keys.
    pub(crate) fn check_key(&self, keys: &mut Keys, place: Place) -> Result<(), ReadError> {
        match self {
            Self::KeyMade { key, commitment, .. } if !keys.agrees(*key, commitment)? => {
                Err(damage(place, Fault::Key))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn read(entry: &[u8]) -> Result<Self, Malformed> {
        let mut from = Take::new(entry);
        let note = match from.u8("the kind of an entry")? {
            kind::KEY_MADE => {
                let key = from.varint("a key")?;
                let (subject, id) = (from.u8("a subject")?, from.varint("a subject")?);
                let Some(subject) = Subject::of_numbers(subject, id) else {
                    return from.fault("a subject");
                };
                Self::KeyMade { key, subject, commitment: from.array("a hash")? }
            }
            kind::KEY_FORGOTTEN => Self::KeyForgotten { key: from.varint("a key")? },
            kind::CUT => Self::Cut {
                segment: from.varint("a segment")?,
                offset: from.varint("an offset")?,
                bytes: from.varint("a length")?,
                hash: from.array("a hash")?,
            },
            kind::HEARD => Self::Heard(Heard::read(&mut from)?),
            _ => return from.fault("the kind of an entry"),
        };
        from.end()?;
        Ok(note)
    }
}

impl Heard {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { device, at, counter, epoch, secret_name, rotated_at } = self;
        out.u8(kind::HEARD);
        out.varint(device.number());
        out.i64(at.ms());
        out.varint(*counter);
        out.u8(*epoch);
        out.u32(*secret_name);
        out.option(*rotated_at, |out, at| out.i64(at.ms()));
    }

    fn read(from: &mut Take<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            device: take_device(from)?,
            at: Timestamp::from_ms(from.i64("a time")?),
            counter: from.varint("a counter")?,
            epoch: from.u8("an epoch")?,
            secret_name: from.u32("the name of a secret")?,
            rotated_at: from.option("a flag", |from| from.i64("a time"))?.map(Timestamp::from_ms),
        })
    }
}

/// The hash that stands for a key in the log.
pub(crate) fn commitment(key: &[u8; 32]) -> Hash {
    Sha256::new().chain_update(b"wardline key").chain_update(key).finalize().into()
}
