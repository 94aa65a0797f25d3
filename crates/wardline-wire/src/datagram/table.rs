//! All devices that may send datagrams, by index.
//!
//! What a datagram must look at before and after its tag is checked is one cache line for each
//! device; the key that checks it is another; the rest is touched only when keys change or an
//! acknowledgement is made. That is 64 + 64 + 224 bytes a device.

use super::bucket::{Bucket, RateLimit};
use super::keys::{DirectionKey, Secret};
use super::keys_file::KeyEntry;
use super::progress::Progress;
use super::window::ReplayWindow;
use super::{Suite, ack::AckCounter};
use crate::refusal::Refusals;
use std::fmt;
use wardline_core::ids::DeviceId;
use wardline_core::time::Timestamp;

/// How long the keys of the previous epoch are still good: seven days, in milliseconds.
pub const PREVIOUS_EPOCH_MS: i64 = 7 * 86_400_000;
/// Devices whose memory is fetched together.
pub const BATCH: usize = 64;

/// The limits of a table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TableConfig {
    /// How many records a device may send.
    pub rate: RateLimit,
    /// Indexes are below this. Each takes 352 bytes, used or not, up to the highest in use.
    pub devices_max: u32,
}

impl Default for TableConfig {
    /// At most 4,194,304 devices: 1.5 GB.
    fn default() -> Self {
        Self { rate: RateLimit::default(), devices_max: 1 << 22 }
    }
}

/// The devices that may send, their keys, and what they have sent.
pub struct DeviceTable {
    pub(super) config: TableConfig,
    pub(super) lines: Vec<Line>,
    pub(super) keys: Vec<DataKey>,
    pub(super) cold: Vec<Cold>,
    pub(super) refusals: Refusals,
    pub(super) ack_counter: AckCounter,
}

/// What every datagram looks at and changes: one cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line {
    /// [`DeviceId::NONE`] where nobody has this index.
    pub device: DeviceId,
    pub window: ReplayWindow,
    pub progress: Progress,
    /// The low bits of the record up to which all are durable.
    pub durable_through: u32,
    pub bucket: Bucket,
    pub epoch: u8,
    pub suite: Suite,
}

const _: () = assert!(size_of::<Line>() == 64);

/// The key of the current epoch that opens datagrams, in a cache line of its own.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct DataKey(pub DirectionKey);

/// What is needed only to make acknowledgements and to change keys.
pub(super) struct Cold {
    /// Of the current epoch.
    pub secret: Secret,
    /// Its name.
    pub secret_name: u32,
    pub ack: DirectionKey,
    /// Opens datagrams of the next epoch, so that a forged one costs no more than others.
    pub next_data: DirectionKey,
    pub previous_data: DirectionKey,
    pub previous_ack: DirectionKey,
    /// When the current epoch began, if there was one before it.
    pub rotated_at: Timestamp,
}

/// [`Cold::rotated_at`] of a device that never changed its epoch: no previous key is good.
pub(super) const NEVER: Timestamp = Timestamp::from_ms(i64::MIN);

const _: () = assert!(size_of::<Cold>() == 224);

/// Which of a device's epochs a datagram is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    Current,
    Next,
    Previous,
}

impl DeviceTable {
    /// A table without devices.
    pub fn new(config: TableConfig) -> Self {
        let RateLimit { records_per_s, burst_records } = config.rate;
        let rate = RateLimit::new(records_per_s, burst_records);
        Self {
            config: TableConfig { rate, ..config },
            lines: Vec::new(),
            keys: Vec::new(),
            cold: Vec::new(),
            refusals: Refusals::new(),
            ack_counter: AckCounter::default(),
        }
    }

    /// Adds a device, of which nothing is known but its secret.
    ///
    /// # Errors
    ///
    /// If the index is taken or too large.
    pub fn insert(&mut self, entry: &KeyEntry) -> Result<(), InsertError> {
        let KeyEntry { device, index, epoch, suite, .. } = *entry;
        if index >= self.config.devices_max {
            return Err(InsertError::IndexTooLarge { index, index_max: self.config.devices_max });
        }
        let place = index as usize;
        if self.lines.get(place).is_some_and(|line| line.device != DeviceId::NONE) {
            return Err(InsertError::IndexTaken { index });
        }
        if place >= self.lines.len() {
            self.lines.resize(place + 1, Line::vacant(&self.config));
            self.keys.resize(place + 1, DataKey(DirectionKey::NONE));
            self.cold.resize_with(place + 1, Cold::vacant);
        }
        self.lines[place] = Line { device, epoch, suite, ..Line::vacant(&self.config) };
        (self.keys[place].0, self.cold[place]) = Cold::of(entry.secret.clone(), epoch, index);
        Ok(())
    }

    /// Takes a device out and forgets its keys.
    pub fn remove(&mut self, index: u32) -> Option<DeviceId> {
        let place = index as usize;
        let line = self.lines.get_mut(place).filter(|line| line.device != DeviceId::NONE)?;
        let device = line.device;
        *line = Line::vacant(&self.config);
        self.keys[place] = DataKey(DirectionKey::NONE);
        self.cold[place] = Cold::vacant();
        Some(device)
    }

    /// The device that has this index.
    pub fn device(&self, index: u32) -> Option<DeviceId> {
        self.line(index).map(|line| line.device)
    }

    /// All indexes that are in use, each with its device.
    pub fn indexes(&self) -> impl Iterator<Item = (u32, DeviceId)> + '_ {
        let used = (0..).zip(&self.lines).filter(|(_, line)| line.device != DeviceId::NONE);
        used.map(|(index, line)| (index, line.device))
    }

    /// Why datagrams and records were refused so far, and how often.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Reads what opening datagrams of these devices will need, stage by stage in small loops, so
    /// that the waits for memory overlap. The result means nothing; use it, lest the loads be
    /// optimised away.
    #[inline]
    pub fn touch(&self, indexes: &[u32]) -> u32 {
        let mut sum = 0;
        for line in indexes.iter().filter_map(|index| self.lines.get(*index as usize)) {
            sum ^= u32::from(line.epoch);
        }
        for key in indexes.iter().filter_map(|index| self.keys.get(*index as usize)) {
            sum ^= u32::from(key.0.touch());
        }
        sum
    }

    /// The device's next epoch becomes the current one.
    pub(super) fn rotate(&mut self, place: usize, now: Timestamp) {
        let (line, key, cold) =
            (&mut self.lines[place], &mut self.keys[place].0, &mut self.cold[place]);
        let index = place as u32;
        let secret = cold.secret.next(line.epoch, index);
        line.epoch = line.epoch.wrapping_add(1);
        let (data, next) = Cold::of(secret, line.epoch, index);
        let previous_ack = cold.ack;
        *cold = Cold { previous_data: *key, previous_ack, rotated_at: now, ..next };
        *key = data;
    }

    pub(super) fn line(&self, index: u32) -> Option<&Line> {
        self.lines.get(index as usize).filter(|line| line.device != DeviceId::NONE)
    }

    pub(super) fn line_mut(&mut self, index: u32) -> Option<&mut Line> {
        self.lines.get_mut(index as usize).filter(|line| line.device != DeviceId::NONE)
    }
}

impl Line {
    fn vacant(config: &TableConfig) -> Self {
        Self {
            device: DeviceId::NONE,
            window: ReplayWindow::after(0),
            progress: Progress::through(0),
            durable_through: 0,
            bucket: Bucket::full(&config.rate),
            epoch: 0,
            suite: Suite::ChaCha20Poly1305,
        }
    }

    /// Which epoch this is of the device.
    pub fn generation(&self, epoch: u8) -> Option<Generation> {
        match epoch.wrapping_sub(self.epoch) {
            0 => Some(Generation::Current),
            1 => Some(Generation::Next),
            u8::MAX => Some(Generation::Previous),
            _ => None,
        }
    }
}

impl Cold {
    fn vacant() -> Self {
        Self {
            secret: Secret::new([0; super::SECRET_BYTES]),
            secret_name: 0,
            ack: DirectionKey::NONE,
            next_data: DirectionKey::NONE,
            previous_data: DirectionKey::NONE,
            previous_ack: DirectionKey::NONE,
            rotated_at: NEVER,
        }
    }

    /// The keys that come from the secret of an epoch, without those of the epoch before.
    fn of(secret: Secret, epoch: u8, index: u32) -> (DirectionKey, Self) {
        let [data, ack] = secret.keys(epoch, index);
        let [next_data, _] = secret.next(epoch, index).keys(epoch.wrapping_add(1), index);
        let secret_name = secret.name(epoch, index);
        (data, Self { secret, secret_name, ack, next_data, ..Self::vacant() })
    }

    /// Whether there was an epoch before this one.
    pub fn has_previous(&self) -> bool {
        self.rotated_at != NEVER
    }

    /// Whether the keys of the previous epoch are still good.
    pub fn previous_is_good(&self, now: Timestamp) -> bool {
        self.has_previous() && now.ms_since(self.rotated_at) <= PREVIOUS_EPOCH_MS
    }
}

/// Why a device cannot be added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InsertError {
    /// Another device has this index.
    IndexTaken {
        /// The index.
        index: u32,
    },
    /// The table is not to grow so large.
    IndexTooLarge {
        /// The index.
        index: u32,
        /// It must be below this.
        index_max: u32,
    },
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexTaken { index } => write!(f, "index {index} is taken"),
            Self::IndexTooLarge { index, index_max } => {
                write!(f, "index {index} is not below {index_max}")
            }
        }
    }
}

impl std::error::Error for InsertError {}
