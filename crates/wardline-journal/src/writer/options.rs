//! How a log is kept, with the reasons of the defaults.

use super::Check;
use crate::Hash;

/// When a commit is due.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CommitPolicy {
    /// So many inputs wait. Default 8,192: about 330 kB, where a sync costs less than the writing.
    pub inputs_max: u64,
    /// The oldest waits so long, in milliseconds. Default 10: no device notices.
    pub delay_ms_max: i64,
}

impl Default for CommitPolicy {
    fn default() -> Self {
        Self { inputs_max: 8_192, delay_ms_max: 10 }
    }
}

/// How a log is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogOptions {
    /// The number of the first entry of a new log. Default 1, as the engine has it.
    pub first: u64,
    /// How long a segment becomes, in bytes. Default 256 MiB: half a minute at 200,000 fixes a
    /// second, ten days of Spain.
    pub segment_bytes: u64,
    /// How many bytes may wait to be written. Default 64 MiB: over a million fixes.
    pub waiting_bytes_max: usize,
    /// How long one key of a subject is used, in milliseconds. Default 30 days: what is forgotten
    /// by age is forgotten to that precision.
    pub key_period_ms: i64,
    /// What is checked at a start. Default everything.
    pub check: Check,
    /// When a commit is due.
    pub commit: CommitPolicy,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            first: 1,
            segment_bytes: 256 << 20,
            waiting_bytes_max: 64 << 20,
            key_period_ms: 30 * 24 * 60 * 60 * 1000,
            check: Check::Everything,
            commit: CommitPolicy::default(),
        }
    }
}

/// What of a log is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Durable {
    /// The number that the next entry has: all below it are durable.
    pub next: u64,
    /// The chain of hashes over all of it.
    pub chain: Hash,
}
