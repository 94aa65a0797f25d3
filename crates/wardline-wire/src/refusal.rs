//! Why something from a device is refused, and how often that happened.
//!
//! There is one counter for each reason and never a line of a log for a bad datagram: whoever
//! floods the receiver must not fill its disk.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $case:ident = $word:literal),* $(,)?) => {
        /// Why a datagram, a message or one record in it is refused.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $case),* }

        impl Reason {
            /// Every reason, in a fixed order.
            pub const ALL: &[Self] = &[$(Self::$case),*];

            /// The word that stands for it in events and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),* }
            }
        }
    };
}

reasons!(
    /// The length is none that a datagram can have.
    Length = "length",
    /// The type byte stands for nothing that a device may send.
    UnknownType = "unknown_type",
    /// A bit that must be 0 is not.
    ReservedBits = "reserved_bits",
    /// No device has this index, IMEI or topic.
    UnknownDevice = "unknown_device",
    /// The device is known to use the other cipher.
    WrongSuite = "wrong_suite",
    /// The key epoch is neither the current nor the next nor the previous one.
    WrongEpoch = "wrong_epoch",
    /// The previous key epoch, after its time.
    ExpiredEpoch = "expired_epoch",
    /// The counter was used before.
    Replayed = "replayed",
    /// The counter is too old to know whether it was used before.
    CounterTooOld = "counter_too_old",
    /// The tag does not fit: someone else made it, or it was changed on its way.
    Forged = "forged",
    /// The device sends more records than it may.
    OverRate = "over_rate",
    /// An acknowledgement of nothing that still waits for one.
    StaleAck = "stale_ack",
    /// A record of a kind that does not exist.
    UnknownKind = "unknown_kind",
    /// A record of a kind that exists, but that the engine cannot judge.
    UnjudgedKind = "unjudged_kind",
    /// A source of a position that does not exist.
    UnknownSource = "unknown_source",
    /// A flag that does not exist.
    UnknownFlag = "unknown_flag",
    /// A status that does not exist, or not for this kind of record.
    UnknownStatus = "unknown_status",
    /// A time before the year 2000 or after the year 9999.
    BadTime = "bad_time",
    /// A latitude or longitude that is out of range.
    BadPosition = "bad_position",
    /// An accuracy of 0, or negative.
    BadAccuracy = "bad_accuracy",
    /// A course of more than a full turn.
    BadCourse = "bad_course",
    /// A message that does not have the form of its protocol.
    Malformed = "malformed",
    /// A message of a kind that carries no record, or of a version that is not read.
    UnknownMessage = "unknown_message",
    /// A message longer than is read.
    TooLong = "too_long",
    /// A message in the clear from a device that has a key.
    NotEncrypted = "not_encrypted",
);

/// An array index per reason.
const COUNT: usize = Reason::ALL.len();

/// How often each reason was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusals {
    counts: [u64; COUNT],
}

impl Refusals {
    /// All counters at 0.
    pub const fn new() -> Self {
        Self { counts: [0; COUNT] }
    }

    /// Counts one more.
    pub fn count(&mut self, reason: Reason) {
        if let Some(count) = self.counts.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// How often the reason was given.
    pub fn of(&self, reason: Reason) -> u64 {
        self.counts.get(reason as usize).copied().unwrap_or_default()
    }

    /// Every reason with its counter, those at 0 too.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL.iter().map(|reason| (*reason, self.of(*reason)))
    }

    /// All counters together.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds the counters of another receiver.
    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self::new()
    }
}

/// A datagram or message that was refused as a whole. Nobody is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// Why.
    pub reason: Reason,
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { reason }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.reason.as_str())
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_counter_and_word() {
        let mut refusals = Refusals::new();
        for (n, reason) in Reason::ALL.iter().enumerate() {
            (0..=n).for_each(|_| refusals.count(*reason));
        }
        for (n, (reason, count)) in refusals.iter().enumerate() {
            assert_eq!((Reason::ALL[n], n as u64 + 1), (reason, count));
        }
        let words: std::collections::BTreeSet<_> =
            Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        let total = refusals.total();
        refusals.add(&refusals.clone());
        assert_eq!(refusals.total(), 2 * total);
    }
}
