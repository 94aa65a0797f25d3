//! The whole state of an engine as bytes: what they are written and read with.
//!
//! The format is described in `docs/snapshot.md`. Each part of the state is written and read next
//! to its type, in a module `saved`; here are the frame (magic, version, hashes), the plain values
//! and the errors. What can be worked out from the rest is not written, so that a state has one
//! form only: what is read without an error is written again as the same bytes.
//!
//! Invariant: nothing is allocated for a count before that many items could lie in the bytes left.

mod error;
mod reader;
mod sink;
mod values;

pub use error::RestoreError;
pub(crate) use reader::{Read, Reader};
pub(crate) use sink::Sink;
pub(crate) use values::SAMPLE_BYTES_MIN;

use crate::engine::Config;
use sha2::{Digest, Sha256};

/// What every snapshot starts with.
const MAGIC: [u8; 8] = *b"WARDSNAP";
/// Raised with each change of the format.
const VERSION: u32 = 5;
const HASH_BYTES: usize = 32;

/// Writes what precedes the state.
pub(crate) fn begin(config: &Config, out: &mut impl Sink) {
    out.bytes(&MAGIC);
    out.u32(VERSION);
    out.bytes(&config_hash(config));
}

/// Checks what is around the state, and gives what reads the state.
pub(crate) fn open<'a>(config: &'a Config, bytes: &'a [u8]) -> Read<Reader<'a>> {
    let mut from = Reader::new(config, bytes);
    let magic: [u8; 8] = from.array("the magic")?;
    if magic != MAGIC {
        return Err(RestoreError::Magic { found: magic });
    }
    let version = from.u32("the version")?;
    if version != VERSION {
        return Err(RestoreError::Version { found: version, expected: VERSION });
    }
    let (found, expected) = (from.array("the hash of the configuration")?, config_hash(config));
    if found != expected {
        return Err(RestoreError::Config { found, expected });
    }
    let found = from.split_off_hash()?;
    let expected: [u8; HASH_BYTES] = Sha256::digest(&bytes[..bytes.len() - HASH_BYTES]).into();
    match found == expected {
        true => Ok(from),
        false => Err(RestoreError::Checksum { found, expected }),
    }
}

/// The SHA-256 of a configuration: each number in the order of its declaration, 8 bytes each.
fn config_hash(config: &Config) -> [u8; HASH_BYTES] {
    // Taken apart, so that a new member cannot be forgotten.
    let Config {
        first_input,
        accuracy_default_m,
        accuracy_min_m,
        accuracy_coarse_m,
        exit_margin_m,
        clock_ahead_max_ms,
        speed_max_mps,
        copied_speed_mps,
        chain_fixes,
        chain_span_ms,
        reference_age_max_ms,
        crossing_gap_max_ms,
        history_fixes,
        repeat_memory,
        history_words,
        escalation_ms,
        escalation_grave_ms,
        strangers_max,
        ids_max,
        versions_max,
        incidents_max,
        slack,
    } = config;
    let mut hash = Sha256::new();
    hash.u64(*first_input);
    [accuracy_default_m, accuracy_min_m, accuracy_coarse_m, exit_margin_m]
        .into_iter()
        .for_each(|number| hash.f64(*number));
    hash.i64(*clock_ahead_max_ms);
    hash.f64(*speed_max_mps);
    hash.f64(*copied_speed_mps);
    hash.u64(u64::from(*chain_fixes));
    [chain_span_ms, reference_age_max_ms, crossing_gap_max_ms]
        .into_iter()
        .for_each(|number| hash.i64(*number));
    [history_fixes, repeat_memory, history_words]
        .into_iter()
        .for_each(|number| hash.u64(*number as u64));
    hash.i64(*escalation_ms);
    hash.i64(*escalation_grave_ms);
    hash.u64(*strangers_max as u64);
    hash.u64(*ids_max as u64);
    hash.u64(*versions_max as u64);
    hash.u64(*incidents_max as u64);
    hash.u64(u64::from(*slack));
    hash.finalize().into()
}

/// The SHA-256 of bytes.
pub(crate) fn hash(bytes: &[u8]) -> [u8; HASH_BYTES] {
    Sha256::digest(bytes).into()
}

/// The SHA-256 of what `write` writes, followed by its own SHA-256: that of a whole snapshot,
/// without having one.
pub(crate) fn hash_with_hash(write: impl FnOnce(&mut Sha256)) -> [u8; HASH_BYTES] {
    let mut hash = Sha256::new();
    write(&mut hash);
    let body = hash.clone().finalize();
    hash.update(body);
    hash.finalize().into()
}
