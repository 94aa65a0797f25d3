//! The device datagram, version 1: encrypted, authenticated, of fixed layout.
//!
//! `docs/wire.md` has the format. Here is both ends of it: a [`DeviceTable`] opens datagrams and
//! makes acknowledgements, a [`Device`] makes datagrams and opens acknowledgements. There are no
//! sockets, no threads and no clock in here: bytes and the time are arguments. Nothing is
//! allocated for a datagram, except for the text of a record's refusal.
//!
//! A server's loop: receive a batch; [`peek`] at each, [`DeviceTable::touch`] the indexes;
//! [`DeviceTable::open`] each, which decrypts in the receive buffer, and submit the inputs; when
//! these are durable, [`DeviceTable::ack`] and send. Whoever has no room for the inputs must drop
//! a datagram *before* opening it, as the network might have; the device will send it again.
//!
//! ```
//! use wardline_core::{ids::DeviceId, input::Input, time::Timestamp};
//! use wardline_wire::datagram::{
//!     ACK_BYTES, Advice, DATAGRAM_BYTES_MAX, Device, DeviceTable, KeyEntry, Record, Secret, Suite,
//!     TableConfig,
//! };
//! let secret = Secret::new([7; 32]);
//! let mut table = DeviceTable::new(TableConfig::default());
//! let id = DeviceId::new(9001).unwrap();
//! table.insert(&KeyEntry::new(id, 0, secret.clone(), Suite::ChaCha20Poly1305))?;
//! let mut device = Device::new(0, Suite::ChaCha20Poly1305, &secret);
//!
//! let now = Timestamp::from_ms(1_790_000_000_000);
//! let mut buffer = [0; DATAGRAM_BYTES_MAX];
//! let record = Record::fix(1, 1_790_000_000_000, 428_700_000, 745_900_000);
//! let length = device.encode(&[record], true, &mut buffer)?;
//!
//! let mut inputs = Vec::new();
//! let opened = table.open(&mut buffer[..length], now, |_, input| inputs.push(input))?;
//! assert!(matches!(&inputs[..], [Input::Fix(fix)] if fix.device == id && fix.seq == 1));
//! // … the inputs become durable …
//! let mut ack = [0; ACK_BYTES];
//! let length = table.ack(&opened, now, Advice::default(), &mut ack);
//! assert_eq!(device.open_ack(&mut ack[..length])?.durable_through, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ack;
mod bucket;
mod device;
mod header;
mod judged;
mod keys;
mod keys_file;
mod open;
mod progress;
mod record;
mod resume;
mod table;
mod window;

#[cfg(test)]
mod tests;

pub use ack::{Ack, Advice, RETRY_S_MAX};
pub use bucket::RateLimit;
pub use device::{Device, EncodeError};
pub use header::{Peek, peek};
pub use keys::{SECRET_BYTES, Secret};
pub use keys_file::{KeyEntry, KeyError};
pub use open::Opened;
pub use record::{
    ACCURACY_UNKNOWN, BATTERY_UNKNOWN, COURSE_UNKNOWN, Kind, Record, SPEED_UNKNOWN, flags,
};
pub use resume::{Checkpoint, Heard};
pub use table::{BATCH, DeviceTable, InsertError, PREVIOUS_EPOCH_MS, TableConfig};

pub(crate) use judged::{checked_time, checked_time_or, refusal};

use ring::aead::{AES_128_GCM, Algorithm, CHACHA20_POLY1305};

/// The length of a header in bytes.
pub const HEADER_BYTES: usize = 16;
/// The length of a record in bytes.
pub const RECORD_BYTES: usize = 32;
/// The length of an authentication tag in bytes.
pub const TAG_BYTES: usize = 16;
/// The most records of a datagram: so many fit the smallest MTU of IPv6, 1280 bytes less 48 of
/// headers.
pub const RECORDS_MAX: usize = 37;
/// The length of the longest datagram in bytes.
pub const DATAGRAM_BYTES_MAX: usize = HEADER_BYTES + RECORDS_MAX * RECORD_BYTES + TAG_BYTES;
/// The length of an acknowledgement in bytes: that of the shortest datagram, so that nobody gets
/// more than was sent.
pub const ACK_BYTES: usize = 64;

/// The cipher of a device. It is fixed in the table: nothing is negotiated.
///
/// Closed on purpose: another cipher is another version of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suite {
    /// ChaCha20-Poly1305, the default.
    ChaCha20Poly1305,
    /// AES-128-GCM, for devices that have AES in hardware. A counter that such a device uses twice
    /// allows forgery for ever.
    Aes128Gcm,
}

impl Suite {
    /// The word for it in a file of keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ChaCha20Poly1305 => "chacha20",
            Self::Aes128Gcm => "aes128gcm",
        }
    }

    /// The suite that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::ChaCha20Poly1305, Self::Aes128Gcm].into_iter().find(|suite| suite.word() == word)
    }

    const fn data_type(self) -> u8 {
        match self {
            Self::ChaCha20Poly1305 => 0x41,
            Self::Aes128Gcm => 0x51,
        }
    }

    const fn ack_type(self) -> u8 {
        self.data_type() + 1
    }

    const fn of_data(kind: u8) -> Option<Self> {
        match kind {
            0x41 => Some(Self::ChaCha20Poly1305),
            0x51 => Some(Self::Aes128Gcm),
            _ => None,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            Self::Aes128Gcm => &AES_128_GCM,
        }
    }
}
