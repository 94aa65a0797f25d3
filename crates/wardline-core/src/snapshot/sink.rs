//! Where a snapshot is written: bytes, or the hash of them.

use sha2::{Digest, Sha256};

/// Takes plain values, least significant byte first.
pub(crate) trait Sink {
    fn bytes(&mut self, bytes: &[u8]);

    fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.bytes(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    fn id(&mut self, id: impl Into<u64>) {
        self.u64(id.into());
    }

    /// How many items follow; each takes more than a byte, so there are fewer than 2^32.
    fn count(&mut self, count: usize) {
        self.u32(count as u32);
    }

    /// A flag, and the value if there is one.
    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for Sha256 {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}
