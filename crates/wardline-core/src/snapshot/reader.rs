//! Reads plain values from bytes that nobody vouches for.

use super::HASH_BYTES;
use super::error::RestoreError;
use crate::engine::Config;
use crate::event::EventKind;
use crate::ids::Id;
use crate::key::Key;

/// What reading gives.
pub(crate) type Read<T> = Result<T, RestoreError>;

/// No counter gets beyond it, so that counting on from what was read cannot overflow.
const COUNTED_MAX: u64 = i64::MAX as u64;

/// Bytes, and how far they were read.
pub(crate) struct Reader<'a> {
    pub config: &'a Config,
    /// The last input: none that is told of came after it.
    pub last_input: Key,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(config: &'a Config, bytes: &'a [u8]) -> Self {
        Self { config, last_input: Key::FIRST, bytes, offset: 0 }
    }

    /// How far the bytes were read.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    fn truncated(&self, what: &'static str, needed: usize) -> RestoreError {
        RestoreError::Truncated { offset: self.offset, what, needed, left: self.left() }
    }

    #[inline]
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Read<[u8; N]> {
        let array = self.bytes.get(self.offset..).and_then(<[u8]>::first_chunk::<N>).copied();
        let array = array.ok_or_else(|| self.truncated(what, N))?;
        self.offset += N;
        Ok(array)
    }

    /// The hash at the end, which is no longer among the bytes to be read.
    pub fn split_off_hash(&mut self) -> Read<[u8; HASH_BYTES]> {
        let Some((bytes, hash)) = self.bytes.split_last_chunk::<HASH_BYTES>() else {
            return Err(self.truncated("the hash at the end", HASH_BYTES));
        };
        if self.offset > bytes.len() {
            return Err(self.truncated("the hash at the end", HASH_BYTES));
        }
        self.bytes = bytes;
        Ok(*hash)
    }

    /// Nothing may be left.
    pub fn finish(&self) -> Read<()> {
        match self.left() {
            0 => Ok(()),
            bytes => Err(RestoreError::Trailing { offset: self.offset, bytes }),
        }
    }

    pub fn u8(&mut self, what: &'static str) -> Read<u8> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub fn u16(&mut self, what: &'static str) -> Read<u16> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub fn u32(&mut self, what: &'static str) -> Read<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub fn i32(&mut self, what: &'static str) -> Read<i32> {
        self.array(what).map(i32::from_le_bytes)
    }

    pub fn u64(&mut self, what: &'static str) -> Read<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    pub fn i64(&mut self, what: &'static str) -> Read<i64> {
        self.array(what).map(i64::from_le_bytes)
    }

    pub fn f64(&mut self, what: &'static str) -> Read<f64> {
        self.u64(what).map(f64::from_bits)
    }

    pub fn id<I: Id>(&mut self, what: &'static str) -> Read<I> {
        self.u64(what).map(I::from_number)
    }

    /// A byte that is less than `end`.
    pub fn code(&mut self, what: &'static str, end: usize) -> Read<usize> {
        let offset = self.offset;
        let code = usize::from(self.u8(what)?);
        if code < end { Ok(code) } else { Err(refuse(offset, what, code as u64)) }
    }

    pub fn event_kind(&mut self) -> Read<EventKind> {
        Ok(EventKind::ALL[self.code("the kind of an episode", EventKind::ALL.len())?])
    }

    pub fn flag(&mut self, what: &'static str) -> Read<bool> {
        Ok(self.code(what, 2)? == 1)
    }

    /// A number that is still counted on.
    pub fn counter(&mut self, what: &'static str) -> Read<u64> {
        let offset = self.offset;
        let number = self.u64(what)?;
        self.check(number <= COUNTED_MAX, offset, what, number)?;
        Ok(number)
    }

    pub fn option<T>(
        &mut self,
        what: &'static str,
        read: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<Option<T>> {
        if self.flag(what)? { read(self).map(Some) } else { Ok(None) }
    }

    /// How many items of at least so many bytes follow: no more than fit in the bytes left.
    pub fn count(&mut self, what: &'static str, item_bytes: usize, max: usize) -> Read<usize> {
        let count = self.u32(what)?;
        self.check_count(what, item_bytes, (u64::from(count), max))?;
        Ok(count as usize)
    }

    /// Whether so many items can follow.
    fn check_count(
        &self,
        what: &'static str,
        item_bytes: usize,
        (count, max): (u64, usize),
    ) -> Read<()> {
        let max = max.min(self.left() / item_bytes) as u64;
        let offset = self.offset;
        if count <= max { Ok(()) } else { Err(RestoreError::Count { offset, what, count, max }) }
    }

    /// So many items.
    pub fn list<T>(
        &mut self,
        what: &'static str,
        item_bytes: usize,
        mut read: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let count = self.count(what, item_bytes, usize::MAX)?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// Items in ascending order by what `key` gives, none of them twice.
    pub fn ascending<T, K: Ord>(
        &mut self,
        what: &'static str,
        (count, item_bytes): (usize, usize),
        mut read: impl FnMut(&mut Self) -> Read<T>,
        key: impl Fn(&T) -> K,
    ) -> Read<Vec<T>> {
        self.check_count(what, item_bytes, (count as u64, usize::MAX))?;
        let mut list: Vec<T> = Vec::with_capacity(count);
        for index in 0..count {
            let offset = self.offset;
            let item = read(self)?;
            let ascends = list.last().is_none_or(|last| key(last) < key(&item));
            self.check(ascends, offset, what, index as u64)?;
            list.push(item);
        }
        Ok(list)
    }

    /// An error about a value unless it is as it must be.
    pub fn check(&self, holds: bool, offset: usize, what: &'static str, value: u64) -> Read<()> {
        if holds { Ok(()) } else { Err(refuse(offset, what, value)) }
    }
}

fn refuse(offset: usize, what: &'static str, value: u64) -> RestoreError {
    RestoreError::Value { offset, what, value }
}
