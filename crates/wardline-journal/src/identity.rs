//! The keys that sign and check a journal's checkpoints, as files beside the log.
//!
//! Whoever has the private key can sign another history. It lies in the folder only for want of a
//! better place; a checkpoint kept by somebody else is what counts.

use crate::checkpoint::{NoteError, Signer, Verifier};
use crate::disk::{Disk, put_whole, read_whole};
use crate::seal::{Entropy, draw};
use std::fmt;
use std::io;

/// Why there is no key to sign or check with.
#[derive(Debug)]
#[non_exhaustive]
pub enum IdentityError {
    /// A file of keys holds something else.
    Content {
        /// Its name.
        file: &'static str,
    },
    /// The name does not do for a log.
    Name(NoteError),
    /// A file could not be read or written, or there is no randomness.
    Io(io::Error),
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content { file } => write!(f, "{file} does not hold what it must"),
            Self::Name(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IdentityError {}

impl From<io::Error> for IdentityError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The signer of the journal in a folder. If there is none yet, one of this name is made, and its
/// keys are written to the folder.
///
/// # Errors
///
/// If the files cannot be read or written, hold something else, or the name does not do.
pub fn stored_signer(
    disk: &dyn Disk,
    name: &str,
    entropy: &mut dyn Entropy,
) -> Result<Signer, IdentityError> {
    let name = match stored_verifier(disk)? {
        Some(verifier) => verifier.name().to_owned(),
        None => name.to_owned(),
    };
    let private_key = match read_text(disk, SECRET_NAME)? {
        Some(text) => from_hex(&text).ok_or(IdentityError::Content { file: SECRET_NAME })?,
        None => {
            let private_key = draw(entropy)?;
            // Before anything is written, so that a bad name leaves no file.
            Signer::new(&name, &private_key).map_err(IdentityError::Name)?;
            put_whole(disk, SECRET_NAME, &[to_hex(&private_key).as_bytes()])?;
            private_key
        }
    };
    let signer = Signer::new(&name, &private_key).map_err(IdentityError::Name)?;
    store_verifier(disk, &signer.verifier())?;
    Ok(signer)
}

/// What checks the checkpoints of the journal in a folder, as the folder says; nothing if it says
/// nothing. It proves no more than that the folder agrees with itself.
///
/// # Errors
///
/// If the file cannot be read or holds something else.
pub fn stored_verifier(disk: &dyn Disk) -> Result<Option<Verifier>, IdentityError> {
    let Some(text) = read_text(disk, PUBLIC_NAME)? else { return Ok(None) };
    let verifier = Verifier::parse(text.trim_end());
    verifier.map(Some).map_err(|_| IdentityError::Content { file: PUBLIC_NAME })
}

/// Writes to the folder what checks the checkpoints of its journal, if that is not there.
///
/// # Errors
///
/// If the file cannot be written, or another key is there.
pub fn store_verifier(disk: &dyn Disk, verifier: &Verifier) -> Result<(), IdentityError> {
    match stored_verifier(disk)? {
        Some(there) if there == *verifier => Ok(()),
        Some(_) => Err(IdentityError::Content { file: PUBLIC_NAME }),
        None => Ok(put_whole(disk, PUBLIC_NAME, &[format!("{verifier}\n").as_bytes()])?),
    }
}

fn read_text(disk: &dyn Disk, name: &str) -> Result<Option<String>, IdentityError> {
    match read_whole(disk, name, FILE_BYTES_MAX) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn to_hex(key: &[u8; 32]) -> String {
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    digits + "\n"
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.trim_end().as_bytes().try_into().ok()?;
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(key)
}

const PUBLIC_NAME: &str = "evidence.public";
const SECRET_NAME: &str = "evidence.secret";
/// Ten times the longest of them.
const FILE_BYTES_MAX: u64 = 10_000;
