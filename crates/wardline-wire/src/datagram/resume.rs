//! What a server must know of its devices after a restart.
//!
//! A server writes what it [`Heard`] beside the inputs of each datagram, in the same commit. After
//! a restart these and the numbers of the records make a [`Checkpoint`] of each device, and the
//! table goes on from it: what was taken in before is refused, and no epoch goes back.

use super::keys::Secret;
use super::progress::Progress;
use super::table::{DeviceTable, NEVER};
use super::window::ReplayWindow;
use wardline_core::ids::DeviceId;
use wardline_core::time::Timestamp;

/// A record's number beyond which a log cannot be right: it takes 292 million years at 1,000 a
/// second.
const SEQ_MAX: u64 = u64::MAX / 2;

/// What is known of a device's transmissions after one of them.
///
/// A datagram that brings no new record need not be written down: it would bring none again.
/// Closed on purpose: it is what journals hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// The device.
    pub device: DeviceId,
    /// When it was heard, by the server's clock.
    pub at: Timestamp,
    /// Its highest counter.
    pub counter: u64,
    /// Its key epoch.
    pub epoch: u8,
    /// The name of the secret of that epoch. A device that was given another begins anew.
    pub secret_name: u32,
    /// When the epoch began, if another was before it.
    pub rotated_at: Option<Timestamp>,
}

/// What a table must know of a device after a restart. Taken while everything that was opened is
/// durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The highest counter.
    pub counter: u64,
    /// The key epoch.
    pub epoch: u8,
    /// The name of its secret; counter and epoch are nothing to a device with another. Nothing if
    /// it is not known, which means: the same.
    pub secret_name: Option<u32>,
    /// When the epoch began, if another was before it.
    pub rotated_at: Option<Timestamp>,
    /// When the device was last heard, if that is known.
    pub heard_at: Option<Timestamp>,
    /// All records up to this one were taken in.
    pub seen_through: u64,
    /// Bit i: record `seen_through + 1 + i` was too.
    pub seen_bits: u64,
    /// The low bits of the highest record that was too far ahead for these.
    pub ahead: u32,
    /// Bit i: the record that is i below it was taken in too.
    pub ahead_bits: u32,
}

impl Checkpoint {
    /// Goes on with what was heard later. What is given twice, or after what came later, changes
    /// nothing: inputs that overtook others stand before them in a log.
    pub fn hear(&mut self, heard: &Heard) {
        let is_ahead = heard.counter > self.counter;
        let is_later = self.heard_at.is_none_or(|at| heard.at > at || heard.at == at && is_ahead);
        // A clock may have been set back.
        let is_of_secret = self.secret_name == Some(heard.secret_name);
        if !(is_later || is_ahead && is_of_secret) {
            return;
        }
        let Heard { at, counter, epoch, secret_name, rotated_at, .. } = *heard;
        (self.counter, self.epoch, self.rotated_at) = (counter, epoch, rotated_at);
        self.secret_name = Some(secret_name);
        self.heard_at = self.heard_at.max(Some(at));
    }

    /// Goes on with a record that is in the log. Gives `false` if the number is none that a device
    /// can have sent.
    pub fn mark(&mut self, seq: u64) -> bool {
        if seq > SEQ_MAX {
            return false;
        }
        let mut progress = self.progress();
        progress.mark(seq);
        self.set(&progress);
        true
    }

    fn progress(&self) -> Progress {
        let Self { seen_through, seen_bits, ahead, ahead_bits, .. } = *self;
        let mut progress = Progress { bits: 0, ahead, ahead_bits, seen_through };
        // One by one, so that bits that nobody can have written do no harm. Nearly always there is
        // none.
        let mut left = seen_bits;
        while left != 0 {
            progress.mark(seen_through + 1 + u64::from(left.trailing_zeros()));
            left &= left - 1;
        }
        progress
    }

    fn set(&mut self, progress: &Progress) {
        let Progress { seen_through, bits, ahead, ahead_bits } = *progress;
        (self.seen_through, self.seen_bits) = (seen_through, bits);
        // Where none is ahead, the number of the last that was says nothing.
        (self.ahead, self.ahead_bits) = (if ahead_bits == 0 { 0 } else { ahead }, ahead_bits);
    }
}

impl DeviceTable {
    /// After a restart: refuses what was sent up to this counter, the highest in the log. Gives
    /// `false` if nobody has the index.
    pub fn resume(&mut self, index: u32, highest_counter: u64) -> bool {
        let line = self.line_mut(index);
        line.map(|line| line.window = ReplayWindow::after(highest_counter)).is_some()
    }

    /// After a restart: a record with this `seq` is in the log. Called for each input of the
    /// device, in the order of the log. Gives `false` if nobody has the index or the number is
    /// none that a device can have sent.
    pub fn resume_record(&mut self, index: u32, seq: u64) -> bool {
        let Some(line) = self.line_mut(index).filter(|_| seq <= SEQ_MAX) else {
            return false;
        };
        line.progress.mark(seq);
        line.durable_through = line.progress.seen_through as u32;
        true
    }

    /// After a restart: all that was written down of a device. Gives `false` if nobody has the
    /// index or a number is impossible, and then changes nothing; or if the device has another
    /// secret now, and then goes on from the records alone, since nothing that was sent under the
    /// old one is taken for genuine.
    pub fn resume_from(&mut self, index: u32, from: &Checkpoint) -> bool {
        if from.seen_through > SEQ_MAX {
            return false;
        }
        let Some(line) = self.line_mut(index) else { return false };
        line.progress = from.progress();
        line.durable_through = line.progress.seen_through as u32;
        if !self.has_secret_of(index, from) {
            return false;
        }
        let place = index as usize;
        self.lines[place].window = ReplayWindow::after(from.counter);
        while self.lines[place].epoch != from.epoch {
            self.rotate(place, from.rotated_at.unwrap_or(NEVER));
        }
        true
    }

    /// Whether the secret of that epoch, as it follows from the device's own, has that name.
    fn has_secret_of(&self, index: u32, from: &Checkpoint) -> bool {
        let (Some(line), Some(name)) = (self.line(index), from.secret_name) else { return true };
        let mut epoch = line.epoch;
        let mut secret: Secret = self.cold[index as usize].secret.clone();
        while epoch != from.epoch {
            secret = secret.next(epoch, index);
            epoch = epoch.wrapping_add(1);
        }
        secret.name(epoch, index) == name
    }

    /// What must be known of a device after a restart.
    pub fn checkpoint(&self, index: u32) -> Option<Checkpoint> {
        let line = self.line(index)?;
        let cold = self.cold.get(index as usize)?;
        let mut checkpoint = Checkpoint {
            counter: line.window.highest,
            epoch: line.epoch,
            secret_name: Some(cold.secret_name),
            rotated_at: cold.has_previous().then_some(cold.rotated_at),
            ..Checkpoint::default()
        };
        checkpoint.set(&line.progress);
        Some(checkpoint)
    }

    /// What is known of a device's transmissions, to be written with the inputs of the last.
    pub fn heard(&self, index: u32, at: Timestamp) -> Option<Heard> {
        let line = self.line(index)?;
        let cold = self.cold.get(index as usize)?;
        Some(Heard {
            device: line.device,
            at,
            counter: line.window.highest,
            epoch: line.epoch,
            secret_name: cold.secret_name,
            rotated_at: cold.has_previous().then_some(cold.rotated_at),
        })
    }
}
