//! The order in which the judgement sees things happen.

use crate::ids::DeviceId;
use crate::time::{NEVER, Timestamp};

/// Where an item stands in event time: boundaries first, then configuration by input sequence,
/// then fixes and statuses by device and sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Key {
    pub time: Timestamp,
    class: Class,
    major: u64,
    minor: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Class {
    Boundary,
    Configuration,
    Fix,
}

/// The key of a configuration input, in half as many bytes: there are such by the million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct InputKey {
    time: Timestamp,
    input: u64,
}

impl InputKey {
    pub const fn key(self) -> Key {
        Key::configuration(self.time, self.input)
    }
}

/// Of the key of a configuration input.
impl From<Key> for InputKey {
    fn from(key: Key) -> Self {
        debug_assert!(key.class == Class::Configuration, "{key:?}");
        Self { time: key.time, input: key.major }
    }
}

impl Key {
    /// Before every item.
    pub const FIRST: Self = Self { time: NEVER, class: Class::Boundary, major: 0, minor: 0 };

    pub const fn boundary(time: Timestamp) -> Self {
        Self { time, class: Class::Boundary, major: 0, minor: 0 }
    }

    pub const fn configuration(time: Timestamp, input: u64) -> Self {
        Self { time, class: Class::Configuration, major: input, minor: 0 }
    }

    pub const fn fix(time: Timestamp, device: DeviceId, seq: u64) -> Self {
        Self { time, class: Class::Fix, major: device.number(), minor: seq }
    }

    /// The class as a number, and what is counted within it: input, or device and sequence.
    pub fn parts(self) -> (u8, [u64; 2]) {
        (self.class as u8, [self.major, self.minor])
    }

    /// The sequence number of the input, of configuration.
    pub fn input(self) -> u64 {
        self.major
    }

    pub fn is_boundary(self) -> bool {
        self.class == Class::Boundary
    }

    /// Just after every item at this instant.
    pub const fn end_of(time: Timestamp) -> Self {
        Self { time, class: Class::Fix, major: u64::MAX, minor: u64::MAX }
    }
}
