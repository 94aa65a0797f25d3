//! The file of keys: JSON Lines, one device each.
//!
//! ```json
//! {"device":9001,"index":0,"secret":"<64 hexadecimal digits>","suite":"chacha20"}
//! ```
//!
//! The suite is `chacha20` or `aes128gcm`. `"epoch"` may be there, from 0 to 255; without it the
//! secret is that of epoch 0. No error repeats a value: it could be the secret.

use super::{Secret, Suite};
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use wardline_core::ids::DeviceId;

/// A device, its place in the table and its secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyEntry {
    /// The device.
    pub device: DeviceId,
    /// Its index in the table: dense, from 0.
    pub index: u32,
    /// Its secret, that of `epoch`.
    pub secret: Secret,
    /// Its cipher.
    pub suite: Suite,
    /// Its key epoch when the secret was given.
    pub epoch: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    device: u64,
    index: u32,
    #[serde(borrow)]
    secret: Cow<'l, str>,
    #[serde(borrow)]
    suite: Cow<'l, str>,
    #[serde(default)]
    epoch: u8,
}

impl KeyEntry {
    /// A device in epoch 0.
    pub fn new(device: DeviceId, index: u32, secret: Secret, suite: Suite) -> Self {
        Self { device, index, secret, suite, epoch: 0 }
    }

    /// Reads a line of a file of keys.
    ///
    /// # Errors
    ///
    /// If the line is not exactly such an object.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let line: Line<'_> = serde_json::from_str(line)
            .map_err(|error| KeyError::NotReadable { column: error.column() })?;
        Ok(Self {
            device: DeviceId::new(line.device).ok_or(KeyError::NoDevice)?,
            index: line.index,
            secret: Secret::from_hex(&line.secret).ok_or(KeyError::BadSecret)?,
            suite: Suite::from_word(&line.suite).ok_or(KeyError::UnknownSuite)?,
            epoch: line.epoch,
        })
    }
}

/// What is wrong with a line of a file of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// It is no JSON object with these members and types.
    NotReadable {
        /// Where reading stopped.
        column: usize,
    },
    /// The device is 0.
    NoDevice,
    /// The secret is not 64 hexadecimal digits.
    BadSecret,
    /// The suite is neither `chacha20` nor `aes128gcm`.
    UnknownSuite,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReadable { column } => write!(f, "not readable at column {column}"),
            Self::NoDevice => f.write_str("device 0"),
            Self::BadSecret => f.write_str("secret is not 64 hexadecimal digits"),
            Self::UnknownSuite => f.write_str("suite is neither chacha20 nor aes128gcm"),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_in_full_or_refused_without_its_secret() {
        let secret = "5e".repeat(32);
        let good =
            format!(r#"{{"device":9001,"index":7,"secret":"{secret}","suite":"aes128gcm"}}"#);
        let entry = KeyEntry::parse(&good).unwrap();
        assert_eq!((entry.device.number(), entry.index, entry.epoch), (9001, 7, 0));
        assert_eq!((entry.secret, entry.suite), (Secret::new([0x5E; 32]), Suite::Aes128Gcm));
        let changed = |from: &str, to: &str| KeyEntry::parse(&good.replace(from, to)).unwrap_err();
        assert_eq!(changed("9001", "0"), KeyError::NoDevice);
        assert_eq!(changed("5e5e\"", "5e\""), KeyError::BadSecret);
        assert_eq!(changed("aes128gcm", "none"), KeyError::UnknownSuite);
        let swapped = good.replace("9001", &format!("\"{secret}\""));
        for bad in ["", "[]", &swapped, &good.replace("index", "idx"), &good.replace('7', "-7")] {
            let error = KeyEntry::parse(bad).unwrap_err();
            assert!(matches!(error, KeyError::NotReadable { .. }), "{bad}: {error}");
            assert!(!format!("{error} {error:?}").contains("5e5e"));
        }
        let epoch = KeyEntry::parse(&good.replace('}', r#","epoch":255}"#)).unwrap().epoch;
        assert_eq!(epoch, 255);
    }
}
