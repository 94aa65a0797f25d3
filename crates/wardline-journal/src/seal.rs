//! The sealing of what must become unreadable: AES-256 in counter mode, a key for each subject.
//!
//! A fix has 14 bytes to hide, so one block of the cipher does, without a tag: that bytes are what
//! was written is proved by the checksums, the chain and the checkpoints, all of which cover the
//! sealed form. The block is salt of the frame (8 bytes), number of the entry in it (4), number of
//! the block in the entry (4); a salt never comes twice, so neither does a block under one key.
//! That a key is the one that was used is proved by its hash, which the log holds.

use aes::Aes256Enc;
use aes::cipher::{BlockEncrypt, KeyInit};
use std::fmt;
use std::io;
use wardline_core::ids::{DeviceId, OrderId, ZoneId};

/// Whom a key is for. Closed on purpose: its numbers are part of the format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// What concerns nobody who is known: refused inputs, fixes of devices never assigned.
    Rest,
    /// The fixes of a device.
    Device(DeviceId),
    /// The place of a zone.
    Zone(ZoneId),
    /// The events of an order, and what operators said of them.
    Order(OrderId),
}

impl Subject {
    /// How many kinds there are; their numbers are below.
    pub(crate) const KINDS: usize = 4;

    pub(crate) fn to_numbers(self) -> (u8, u64) {
        match self {
            Self::Rest => (0, 0),
            Self::Device(id) => (1, id.number()),
            Self::Zone(id) => (2, id.number()),
            Self::Order(id) => (3, id.number()),
        }
    }

    pub(crate) fn of_numbers(kind: u8, id: u64) -> Option<Self> {
        match kind {
            0 if id == 0 => Some(Self::Rest),
            1 => Some(Self::Device(DeviceId::new(id).unwrap_or_default())),
            2 => Some(Self::Zone(ZoneId::new(id).unwrap_or_default())),
            3 => Some(Self::Order(OrderId::new(id).unwrap_or_default())),
            _ => None,
        }
    }
}

/// The place of an entry, which no other entry under the same key has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seal {
    /// The salt of the frame.
    pub salt: u64,
    /// The number of the entry in the frame.
    pub entry: u32,
}

/// A key, ready to be used.
#[derive(Clone)]
pub(crate) struct Cipher(Aes256Enc);

impl Cipher {
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(Aes256Enc::new(key.into()))
    }

    /// Seals bytes, or opens them again.
    pub fn apply(&self, seal: Seal, bytes: &mut [u8]) {
        self.apply_from(0, seal, bytes);
    }

    /// The same with the mask of the first block, which was made before.
    pub fn apply_with(&self, first: &Mask, seal: Seal, bytes: &mut [u8]) {
        let (begin, rest) = bytes.split_at_mut(bytes.len().min(first.len()));
        begin.iter_mut().zip(first).for_each(|(byte, mask)| *byte ^= mask);
        self.apply_from(1, seal, rest);
    }

    fn apply_from(&self, first: u32, seal: Seal, bytes: &mut [u8]) {
        for (index, chunk) in (first..).zip(bytes.chunks_mut(16)) {
            let mask = self.mask(seal, index);
            chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
    }

    /// The mask of a block of an entry. Many in a row are made side by side by the processor,
    /// and most fixes need no more than the first.
    #[inline]
    pub fn mask(&self, seal: Seal, index: u32) -> Mask {
        let mut block = [0; 16];
        block[..8].copy_from_slice(&seal.salt.to_le_bytes());
        block[8..12].copy_from_slice(&seal.entry.to_le_bytes());
        block[12..].copy_from_slice(&index.to_le_bytes());
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }
}

/// What sixteen bytes are combined with.
pub(crate) type Mask = [u8; 16];

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

/// Where keys and salts come from.
pub trait Entropy: Send {
    /// Fills the bytes with what nobody can guess.
    ///
    /// # Errors
    ///
    /// If there is none.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The randomness of the operating system.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), bytes);
        filled.map_err(|_| io::Error::other("the system gives no randomness"))
    }
}

impl<F: FnMut(&mut [u8]) -> io::Result<()> + Send> Entropy for F {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self(bytes)
    }
}

pub(crate) fn draw<const N: usize>(entropy: &mut dyn Entropy) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes).map(|()| bytes)
}

pub(crate) const KEY_BYTES: usize = 32;
