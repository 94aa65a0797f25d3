//! Secrets, the keys derived from them, and the sealing of datagrams.
//!
//! HKDF is RFC 5869, without a salt; ChaCha20-Poly1305 is RFC 8439, AES-128-GCM NIST SP 800-38D;
//! the nonce is built as in RFC 8446, section 5.3. All of them come from `ring`.

use super::{Suite, TAG_BYTES};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{self, HKDF_SHA256, KeyType, Prk, Salt};
use std::fmt;

/// The length of a device's secret in bytes.
pub const SECRET_BYTES: usize = 32;
/// The length of a key with its initial value in bytes.
const KEY_BYTES: usize = 44;

/// What a device and the server share, from which all keys come. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// The secret with these bytes, which must be random.
    pub const fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The secret written as 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; SECRET_BYTES];
        hex(text, &mut bytes).then_some(Self(bytes))
    }

    pub(crate) const fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// The secret of the epoch after this one.
    pub(super) fn next(&self, epoch: u8, index: u32) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        derive(&self.prk(), Purpose::Secret, epoch.wrapping_add(1), index, &mut bytes);
        Self(bytes)
    }

    /// The keys of an epoch whose secret this is: of data, and of acknowledgements.
    pub(super) fn keys(&self, epoch: u8, index: u32) -> [DirectionKey; 2] {
        let prk = self.prk();
        [Purpose::Data, Purpose::Ack].map(|purpose| {
            let mut bytes = [0; KEY_BYTES];
            derive(&prk, purpose, epoch, index, &mut bytes);
            DirectionKey(bytes)
        })
    }

    /// What tells this secret from others and betrays nothing of it.
    pub(super) fn name(&self, epoch: u8, index: u32) -> u32 {
        let mut bytes = [0; 4];
        derive(&self.prk(), Purpose::Name, epoch, index, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn prk(&self) -> Prk {
        Salt::new(HKDF_SHA256, &[]).extract(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Reads hexadecimal digits, exactly as many as fit.
fn hex(text: &str, bytes: &mut [u8]) -> bool {
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let fits = rest.is_empty() && pairs.len() == bytes.len();
    fits && bytes.iter_mut().zip(pairs).all(|(byte, [high, low])| {
        digit(*high).zip(digit(*low)).map(|(high, low)| *byte = high << 4 | low).is_some()
    })
}

#[derive(Clone, Copy)]
enum Purpose {
    Data = 0,
    Ack = 1,
    Secret = 2,
    Name = 3,
}

/// HKDF-Expand; its info is "wardline v1", the purpose, the epoch and the index.
fn derive(prk: &Prk, purpose: Purpose, epoch: u8, index: u32, out: &mut [u8]) {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let (tail, index) = ([purpose as u8, epoch], index.to_le_bytes());
    let info: [&[u8]; 3] = [b"wardline v1", &tail, &index];
    let okm: Result<hkdf::Okm<'_, Length>, _> = prk.expand(&info, Length(out.len()));
    // It fails only for more than 255 blocks of output, and here there are at most two.
    okm.and_then(|okm| okm.fill(out)).expect("two blocks are not too many");
}

/// The key and initial value of one direction in one epoch.
#[derive(Clone, Copy)]
pub(super) struct DirectionKey([u8; KEY_BYTES]);

impl DirectionKey {
    /// The key of nobody.
    pub const NONE: Self = Self([0; KEY_BYTES]);

    /// A byte of it, to fetch it from memory ahead.
    pub fn touch(&self) -> u8 {
        self.0[0]
    }

    /// Decrypts what follows the header, in place; nothing if the tag does not fit.
    ///
    /// The key is set up for each datagram. Kept ready it takes 544 bytes a device, nine more cache
    /// lines to fetch; with ChaCha20-Poly1305 that would save a fifth of the cipher's time for one
    /// record and nothing for twenty (bench `wire`, "key kept").
    pub fn open<'d>(
        &self,
        suite: Suite,
        counter: u64,
        header: &[u8],
        sealed: &'d mut [u8],
    ) -> Option<&'d [u8]> {
        let key = self.ready(suite)?;
        let opened = key.open_in_place(self.nonce(counter), Aad::from(header), sealed);
        opened.ok().map(|plain| &*plain)
    }

    /// Encrypts in place and gives the tag. A counter must never be used twice with one key.
    pub fn seal(
        &self,
        suite: Suite,
        counter: u64,
        header: &[u8],
        plain: &mut [u8],
    ) -> Option<[u8; TAG_BYTES]> {
        let key = self.ready(suite)?;
        let nonce = self.nonce(counter);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(header), plain).ok()?;
        tag.as_ref().try_into().ok()
    }

    fn ready(&self, suite: Suite) -> Option<LessSafeKey> {
        let algorithm = suite.algorithm();
        let key = self.0.get(..algorithm.key_len())?;
        UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
    }

    fn nonce(&self, counter: u64) -> Nonce {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&self.0[KEY_BYTES - 12..]);
        let (_, low) = nonce.split_at_mut(4);
        low.iter_mut().zip(counter.to_be_bytes()).for_each(|(byte, c)| *byte ^= c);
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_64_digits_and_is_not_printed() {
        let digits = "00112233445566778899aAbBcCdDeEfF".repeat(2);
        let secret = Secret::from_hex(&digits).unwrap();
        assert_eq!(secret.0[..4], [0, 0x11, 0x22, 0x33]);
        assert_eq!(secret.0[26..], [0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        for bad in ["", "00", &digits[1..], &format!("{digits}00"), &digits.replace('3', "g")] {
            assert!(Secret::from_hex(bad).is_none(), "{bad}");
        }
        assert!(Secret::from_hex(&"é".repeat(32)).is_none());
    }
}
