//! A device of the fleet: it keeps what was not acknowledged and sends it again.

use super::plan::Plan;
use super::walk::Walker;
use std::collections::VecDeque;
use std::time::Duration;
use wardline_wire::datagram::{Device, RECORDS_MAX, Record, Secret, Suite};

/// What was not acknowledged for so long is sent again.
const RESEND: Duration = Duration::from_millis(400);
/// A device that keeps so many records makes no new ones until some are acknowledged.
const KEPT_MAX: usize = 4_096;

/// A device, its person and what it keeps.
pub struct FleetDevice {
    /// Makes its datagrams.
    pub wire: Device,
    /// Who carries it.
    pub walker: Walker,
    made: u32,
    kept: VecDeque<Kept>,
}

struct Kept {
    record: Record,
    sent: Duration,
}

impl FleetDevice {
    /// A device that has sent nothing.
    pub fn new(plan: &Plan, n: u32) -> Self {
        let secret = Secret::new(plan.secret(n));
        Self {
            wire: Device::new(n, Suite::ChaCha20Poly1305, &secret),
            walker: plan.walker(n),
            made: 0,
            kept: VecDeque::new(),
        }
    }

    /// Whether it has room for a new record.
    pub fn has_room(&self) -> bool {
        self.kept.len() < KEPT_MAX
    }

    /// How many records wait for their acknowledgement.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The number of the next record.
    pub fn next_seq(&self) -> u32 {
        self.made + 1
    }

    /// Keeps a new record until it is acknowledged; it has the number [`Self::next_seq`].
    pub fn keep(&mut self, record: Record) {
        self.made = record.rec_seq;
        self.kept.push_back(Kept { record, sent: Duration::ZERO });
    }

    /// What is to be sent now, the oldest first: what was never sent, or too long ago.
    pub fn due(&mut self, now: Duration, records: &mut Vec<Record>) {
        records.clear();
        let is_due = |kept: &&mut Kept| kept.sent.is_zero() || now >= kept.sent + RESEND;
        for kept in self.kept.iter_mut().filter(is_due).take(RECORDS_MAX) {
            kept.sent = now.max(Duration::from_nanos(1));
            records.push(kept.record);
        }
    }

    /// The newest record that it keeps.
    pub fn newest(&self) -> Option<Record> {
        self.kept.back().map(|kept| kept.record)
    }

    /// Takes an acknowledgement; gives whether it was one of its own.
    pub fn take_ack(&mut self, bytes: &mut [u8]) -> bool {
        let Ok(ack) = self.wire.open_ack(bytes) else {
            return false;
        };
        let is_durable =
            |kept: &Kept| ack.durable_through.wrapping_sub(kept.record.rec_seq) < 1 << 31;
        while self.kept.front().is_some_and(is_durable) {
            self.kept.pop_front();
        }
        true
    }
}
