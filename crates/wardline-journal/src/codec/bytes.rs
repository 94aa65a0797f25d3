//! Plain values as bytes.

use std::fmt;

/// Why bytes are no entry. It holds no value, for that may be a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Malformed {
    /// Where in the entry.
    pub offset: usize,
    /// What was expected there.
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not as it must be, at byte {} of the entry", self.what, self.offset)
    }
}

impl std::error::Error for Malformed {}

pub(crate) type Read<T> = Result<T, Malformed>;

/// Writes plain values.
pub(crate) trait Put {
    fn raw(&mut self, bytes: &[u8]);

    fn u8(&mut self, value: u8) {
        self.raw(&[value]);
    }

    fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.raw(&value.to_le_bytes());
    }

    fn f64(&mut self, value: f64) {
        self.raw(&value.to_bits().to_le_bytes());
    }

    /// Seven bits a byte, the lowest first, bit 7 set in all but the last.
    #[inline]
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8);
    }

    /// As a varint, with the sign in the lowest bit.
    fn signed(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.raw(text.as_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T))
    where
        Self: Sized,
    {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn list<T>(&mut self, items: &[T], mut put: impl FnMut(&mut Self, &T))
    where
        Self: Sized,
    {
        self.varint(items.len() as u64);
        items.iter().for_each(|item| put(self, item));
    }
}

impl Put for Vec<u8> {
    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Takes plain values from bytes. What a fix needs is inlined always: else each value comes through
/// memory, with room for a fault, which doubles what opening a log costs.
#[derive(Clone, Copy)]
pub(crate) struct Take<'a> {
    /// What is left.
    bytes: &'a [u8],
    /// Where it ends, so that nothing need be counted while reading.
    end: usize,
}

impl<'a> Take<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// The same, counted from an offset on.
    pub fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, end: offset + bytes.len() }
    }

    /// Goes on with other bytes, as if they followed what was read.
    pub fn following<'b>(&self, bytes: &'b [u8]) -> Take<'b> {
        Take::at(bytes, self.offset())
    }

    #[inline(always)]
    pub fn offset(&self) -> usize {
        self.end - self.bytes.len()
    }

    #[inline(always)]
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    #[cold]
    pub fn fault<T>(&self, what: &'static str) -> Read<T> {
        Err(Malformed { offset: self.offset(), what })
    }

    #[inline(always)]
    pub fn check(&self, holds: bool, what: &'static str) -> Read<()> {
        if holds { Ok(()) } else { self.fault(what) }
    }

    #[inline(always)]
    pub fn raw(&mut self, length: usize, what: &'static str) -> Read<&'a [u8]> {
        match self.bytes.split_at_checked(length) {
            Some((taken, left)) => {
                self.bytes = left;
                Ok(taken)
            }
            None => self.fault(what),
        }
    }

    /// All that is left.
    #[inline(always)]
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    #[inline(always)]
    pub fn end(&self) -> Read<()> {
        self.check(self.bytes.is_empty(), "the end of the entry")
    }

    #[inline(always)]
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Read<[u8; N]> {
        match self.bytes.split_first_chunk() {
            Some((taken, left)) => {
                self.bytes = left;
                Ok(*taken)
            }
            None => self.fault(what),
        }
    }

    #[inline(always)]
    pub fn u8(&mut self, what: &'static str) -> Read<u8> {
        self.array(what).map(|[byte]| byte)
    }

    #[inline(always)]
    pub fn u16(&mut self, what: &'static str) -> Read<u16> {
        self.array(what).map(u16::from_le_bytes)
    }

    #[inline(always)]
    pub fn u32(&mut self, what: &'static str) -> Read<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    #[inline(always)]
    pub fn u64(&mut self, what: &'static str) -> Read<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    #[inline(always)]
    pub fn i64(&mut self, what: &'static str) -> Read<i64> {
        self.array(what).map(i64::from_le_bytes)
    }

    pub fn f64(&mut self, what: &'static str) -> Read<f64> {
        self.u64(what).map(f64::from_bits)
    }

    #[inline(always)]
    pub fn varint(&mut self, what: &'static str) -> Read<u64> {
        let (value, rest) = match self.bytes {
            [byte @ ..0x80, rest @ ..] => (u64::from(*byte), rest),
            [low, high @ 1..0x80, rest @ ..] => {
                (u64::from(*low & 0x7F) | u64::from(*high) << 7, rest)
            }
            [low, middle @ 0x80..=0xFF, high @ 1..0x80, rest @ ..] => {
                let low = u64::from(*low & 0x7F) | u64::from(*middle & 0x7F) << 7;
                (low | u64::from(*high) << 14, rest)
            }
            _ => return self.long_varint(what),
        };
        self.bytes = rest;
        Ok(value)
    }

    fn long_varint(&mut self, what: &'static str) -> Read<u64> {
        let mut value = 0;
        for (index, byte) in self.bytes.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7F);
            if index == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                // A longer form of the same number is refused.
                if *byte == 0 && index > 0 {
                    break;
                }
                self.bytes = &self.bytes[index + 1..];
                return Ok(value);
            }
        }
        self.fault(what)
    }

    #[inline(always)]
    pub fn signed(&mut self, what: &'static str) -> Read<i64> {
        let value = self.varint(what)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub fn flag(&mut self, what: &'static str) -> Read<bool> {
        match self.bytes.first() {
            Some(0 | 1) => self.u8(what).map(|byte| byte == 1),
            _ => self.fault(what),
        }
    }

    pub fn text(&mut self, what: &'static str) -> Read<String> {
        let length = self.count(1, what)?;
        let offset = self.offset();
        match std::str::from_utf8(self.raw(length, what)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Malformed { offset, what }),
        }
    }

    pub fn option<T>(
        &mut self,
        what: &'static str,
        take: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<Option<T>> {
        if self.flag(what)? { take(self).map(Some) } else { Ok(None) }
    }

    /// How many items of at least `bytes_min` bytes follow.
    #[inline(always)]
    pub fn count(&mut self, bytes_min: usize, what: &'static str) -> Read<usize> {
        let offset = self.offset();
        let count = usize::try_from(self.varint(what)?).unwrap_or(usize::MAX);
        match count <= self.left() / bytes_min {
            true => Ok(count),
            false => Err(Malformed { offset, what }),
        }
    }

    pub fn list<T>(
        &mut self,
        bytes_min: usize,
        what: &'static str,
        mut take: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let count = self.count(bytes_min, what)?;
        (0..count).map(|_| take(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 31, u64::MAX >> 1, u64::MAX] {
            let mut bytes = Vec::new();
            bytes.varint(value);
            bytes.signed(value as i64);
            let mut take = Take::new(&bytes);
            assert_eq!(take.varint("one"), Ok(value));
            assert_eq!(take.signed("other"), Ok(value as i64));
            assert_eq!(take.end(), Ok(()));
        }
    }

    #[test]
    fn a_number_has_one_form() {
        for bytes in [&[0x80, 0x00][..], &[0xFF; 10], &[0x80], &[], &[0xFF; 11]] {
            assert!(Take::new(bytes).varint("a number").is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_fault_says_where_it_is() {
        let bytes = [1, 2, 0, 0x80];
        let mut take = Take::at(&bytes, 10);
        assert_eq!((take.u16("two"), take.offset(), take.left()), (Ok(0x0201), 12, 2));
        let fault = |offset, what| Malformed { offset, what };
        assert_eq!(take.u32("four"), Err(fault(12, "four")));
        assert_eq!(take.following(&[]).u8("one"), Err(fault(12, "one")));
        assert_eq!((take.u8("zero"), take.varint("a number")), (Ok(0), Err(fault(13, "a number"))));
    }

    #[test]
    fn a_count_is_believed_only_if_so_many_could_follow() {
        let mut bytes = Vec::new();
        bytes.varint(1 << 60);
        let mut take = Take::new(&bytes);
        assert!(take.list(1, "items", |take| take.u8("an item")).is_err());
    }
}
