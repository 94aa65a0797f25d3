//! The file of keys, and reading with it.
//!
//! Each key has a line of fixed length. A forgotten one stays as a line without the key, so that
//! one can tell what was forgotten from what was lost. Without this file the chain of a log still
//! verifies, but nothing sealed in it can be read.

use crate::codec::{FIX_SEALED_BYTES_MAX, Opener, Put, Take};
use crate::disk::{Disk, read_whole};
use crate::error::ReadError;
use crate::notes::commitment;
use crate::seal::{Cipher, KEY_BYTES, Mask, Seal};
use crate::segment::LogId;
use crate::{Hash, LogKind, Subject};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use wardline_core::time::Timestamp;

/// What is known of a key, but not the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its number, from 1.
    pub key: u64,
    /// Whom it is for.
    pub subject: Subject,
    /// When it was made; it was used from then until the next one of its subject was made.
    pub made: Timestamp,
    /// Whether it was destroyed.
    pub is_forgotten: bool,
}

/// A line of the file.
#[derive(Clone)]
pub(crate) struct KeyLine {
    pub info: KeyInfo,
    pub key: [u8; KEY_BYTES],
}

impl KeyLine {
    pub fn encode(&self, log: &LogId, out: &mut Vec<u8>) {
        let start = out.len();
        let (subject, id) = self.info.subject.to_numbers();
        out.u64(self.info.key);
        out.u8(subject);
        out.u64(id);
        out.i64(self.info.made.ms());
        out.u8(u8::from(self.info.is_forgotten));
        out.raw(&self.key);
        let checksum = crc32c::crc32c_append(crc32c::crc32c(log), &out[start..]);
        out.u32(checksum);
    }

    fn decode(log: &LogId, line: &[u8]) -> Option<Self> {
        let (body, checksum) = line.split_last_chunk()?;
        let expected = crc32c::crc32c_append(crc32c::crc32c(log), body);
        if u32::from_le_bytes(*checksum) != expected {
            return None;
        }
        let mut from = Take::new(body);
        let key = from.u64("").ok()?;
        let (subject, id) = (from.u8("").ok()?, from.u64("").ok()?);
        let subject = Subject::of_numbers(subject, id)?;
        let made = Timestamp::from_ms(from.i64("").ok()?);
        let is_forgotten = from.flag("").ok()?;
        let info = KeyInfo { key, subject, made, is_forgotten };
        Some(Self { info, key: from.array("").ok()? })
    }
}

pub(crate) fn encode_head(log: &LogId) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.raw(log);
    bytes.u32(crc32c::crc32c(&bytes));
    bytes
}

/// The lines of the file that are whole; nothing if there is no file. A crash may tear any of those
/// that were written last: they were never used, for that comes after they are durable.
pub(crate) fn read_lines(
    disk: &dyn Disk,
    kind: LogKind,
    log: &LogId,
) -> Result<Option<Vec<KeyLine>>, ReadError> {
    let bytes = match read_whole(disk, &kind.keys_name(), KEYS_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some((head, lines)) = bytes.split_at_checked(KEYS_HEAD_BYTES) else {
        return Err(ReadError::Keys);
    };
    if head != encode_head(log) {
        return Err(ReadError::Keys);
    }
    // Numbers have no gaps, so each line has its place.
    let lines = (1..).zip(lines.chunks(KEY_LINE_BYTES));
    let lines = lines.filter_map(|(number, line)| {
        KeyLine::decode(log, line).filter(|line| line.info.key == number)
    });
    Ok(Some(lines.collect()))
}

/// The keys of a log, to read what is sealed in it.
#[derive(Default)]
pub struct Keys {
    /// Where they are read from; nothing if there is no file.
    source: Option<Source>,
    keys: BTreeMap<u64, (KeyInfo, [u8; KEY_BYTES])>,
    /// Those that were needed, and after each key's number one more than its place there: numbers
    /// have no gaps, so this is faster than a table.
    ciphers: Vec<Cipher>,
    places: Vec<u32>,
}

impl Keys {
    /// Those of a log that turns out to be read, read once.
    pub(crate) fn once<'k>(
        keys: &'k mut Option<Self>,
        disk: &Arc<dyn Disk>,
        kind: LogKind,
        log: LogId,
    ) -> Result<&'k mut Self, ReadError> {
        match keys {
            Some(keys) => Ok(keys),
            None => Ok(keys.insert(Self::read(Arc::clone(disk), kind, log)?)),
        }
    }
}

struct Source {
    disk: Arc<dyn Disk>,
    kind: LogKind,
    log: LogId,
    /// How long the file was when it was read.
    bytes: u64,
}

impl Keys {
    /// No keys: everything sealed stays so.
    pub fn none() -> Self {
        Self::default()
    }

    pub(crate) fn read(disk: Arc<dyn Disk>, kind: LogKind, log: LogId) -> Result<Self, ReadError> {
        let mut keys = Self::none();
        let bytes = match disk.open(&kind.keys_name()) {
            Ok(file) => file.length()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(keys),
            Err(error) => return Err(error.into()),
        };
        let lines = read_lines(disk.as_ref(), kind, &log)?.unwrap_or_default();
        keys.source = Some(Source { disk, kind, log, bytes });
        keys.keys = lines.into_iter().map(|line| (line.info.key, (line.info, line.key))).collect();
        Ok(keys)
    }

    /// All keys, also those that were forgotten, in the order of their numbers.
    pub fn infos(&self) -> impl Iterator<Item = KeyInfo> {
        self.keys.values().map(|(info, _)| *info)
    }

    /// A key, to hand it to somebody who shall read what it sealed; nothing if it was forgotten.
    pub fn disclose(&self, key: u64) -> Option<[u8; KEY_BYTES]> {
        let there = self.keys.get(&key).filter(|(info, _)| !info.is_forgotten);
        there.map(|(_, bytes)| *bytes)
    }

    /// Whether the file, if there is one, has the key that a note of the log names, or says that it
    /// was forgotten. A key that was made since the file was read is read now.
    pub(crate) fn agrees(&mut self, key: u64, named: &Hash) -> Result<bool, ReadError> {
        if !self.keys.contains_key(&key)
            && let Some(Source { disk, kind, log, bytes }) = &self.source
            && disk.open(&kind.keys_name())?.length()? > *bytes
        {
            *self = Self::read(Arc::clone(disk), *kind, *log)?;
        }
        Ok(match self.keys.get(&key) {
            Some((info, key)) => info.is_forgotten || commitment(key) == *named,
            None => self.source.is_none(),
        })
    }
}

impl Keys {
    /// Where the cipher of a key is, made if it was not needed before; nothing without the key.
    fn place(&mut self, key: u64) -> Option<usize> {
        let slot = usize::try_from(key).unwrap_or(usize::MAX);
        if let Some(place) = self.places.get(slot).and_then(|place| place.checked_sub(1)) {
            return Some(place as usize);
        }
        let (_, bytes) = self.keys.get(&key).filter(|(info, _)| !info.is_forgotten)?;
        self.ciphers.push(Cipher::new(bytes));
        if self.places.len() <= slot {
            self.places.resize(slot + 1, 0);
        }
        self.places[slot] = self.ciphers.len() as u32;
        Some(self.ciphers.len() - 1)
    }

    /// Makes room for the ciphers of so many keys more.
    fn make_room(&mut self, more: usize) {
        if self.ciphers.len() + more > CIPHERS_MAX {
            self.ciphers.clear();
            self.places.clear();
        }
    }

    /// Where the ciphers of several keys are, and the masks of the first blocks sealed with them:
    /// made in a row, they cost a fraction of what they do one by one.
    pub(crate) fn masks(
        &mut self,
        wanted: impl Iterator<Item = Option<(u64, Seal)>> + Clone,
        into: &mut Vec<Option<(usize, Mask)>>,
    ) {
        self.make_room(wanted.clone().count());
        into.clear();
        let places =
            wanted.clone().map(|wanted| self.place(wanted?.0).map(|p| (p, Mask::default())));
        into.extend(places);
        for (found, wanted) in into.iter_mut().zip(wanted) {
            if let (Some((place, mask)), Some((_, seal))) = (found, wanted) {
                *mask = self.ciphers[*place].mask(seal, 0);
            }
        }
    }

    /// What so many bytes of a fix are combined with, once [`Keys::masks`] gave the first block.
    #[inline]
    pub(crate) fn mask(
        &self,
        (place, first): &(usize, Mask),
        seal: Seal,
        bytes: usize,
    ) -> [u8; FIX_SEALED_BYTES_MAX] {
        let mut mask = [0; FIX_SEALED_BYTES_MAX];
        let (begin, rest) = mask.split_at_mut(first.len());
        begin.copy_from_slice(first);
        if bytes > first.len() {
            rest.copy_from_slice(&self.ciphers[*place].mask(seal, 1));
        }
        mask
    }
}

impl Opener for Keys {
    fn open(&mut self, key: u64, seal: Seal, sealed: &mut [u8]) -> bool {
        self.make_room(1);
        let Some(place) = self.place(key) else { return false };
        self.ciphers[place].apply(seal, sealed);
        true
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

const MAGIC: [u8; 8] = *b"WARDKEY1";
const KEYS_HEAD_BYTES: usize = 28;
const KEY_LINE_BYTES: usize = 62;
/// 69 million keys: 100,000 devices with a new key each day for almost two years.
const KEYS_BYTES_MAX: u64 = 4 << 30;
/// Expanded, a key has about 1 kB, since there is room for the form without AES instructions.
const CIPHERS_MAX: usize = 1 << 18;
