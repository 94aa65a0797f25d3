//! The durable logs of wardline: what was received, what was said about it, and proof of both.
//!
//! - [`InputLog`] keeps every input, numbered, in segments with checksums and a chain of hashes;
//!   [`InputReader`] reads it again.
//! - [`EvidenceLog`] keeps every event, operator act and change of configuration as the leaves of a
//!   Merkle tree ([`merkle`]) whose head is signed ([`checkpoint`]); [`EvidenceReader`] reads it.
//! - [`SnapshotStore`] keeps states of engines as files.
//! - [`disk`] is where all files are.
//!
//! The formats are described in `docs/journal.md`. What must become unreadable one day is sealed
//! with a key of its own, and is forgotten by destroying the key; see [`Subject`].
//!
//! This crate reads no clock, starts no thread and decides nothing: time is an argument.
//!
//! Invariant: a frame is written only when the one before it is durable, so only the last frame of
//! the last segment can be torn by a crash.
//! Invariant: nothing here shows coordinates in `Debug` output or errors.

pub mod checkpoint;
pub mod disk;
pub mod merkle;

mod codec;
mod disclosure;
mod error;
mod evidence;
mod frame;
mod frames;
mod identity;
mod input;
mod keyring;
mod keys;
mod notes;
mod outline;
mod seal;
mod segment;
mod snapshot;
mod verify;
mod writer;

pub use codec::{Malformed, Unsealed, rewritten};
pub use disclosure::{
    Disclosure, event_id, input_from_bytes, input_to_bytes, key_hash, sealing_key,
};
pub use error::{Damage, Fault, LogError, OpenError, ReadError};
pub use evidence::{
    Checker, CheckpointPolicy, Evidence, EvidenceLog, EvidenceOptions, EvidenceReader, Leaf,
    Mismatch, newest_checkpoint, stored_checkpoints,
};
pub use identity::{IdentityError, store_verifier, stored_signer, stored_verifier};
pub use input::{
    InputFrame, InputFrames, InputLog, InputOpener, InputOptions, InputReader, Logged, Opened,
};
pub use keys::{KeyInfo, Keys};
pub use notes::{Heard, Note};
pub use outline::Outline;
pub use seal::{Entropy, Subject, SystemEntropy};
pub use snapshot::{Refused, Snapshot, SnapshotError, SnapshotStore};
pub use verify::{Summary, verify};
pub use writer::{Check, CommitPolicy, Cut, Durable, LogOptions, Recovery};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Which of the two logs. Closed on purpose: its numbers are part of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogKind {
    /// What was received.
    Input,
    /// What was said about it.
    Evidence,
}

impl LogKind {
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Evidence => "evidence",
        }
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Input => 1,
            Self::Evidence => 2,
        }
    }

    pub(crate) fn keys_name(self) -> String {
        format!("{}.keys", self.prefix())
    }
}
