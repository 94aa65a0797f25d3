//! A device of the fleet: it keeps what was not acknowledged and sends it again.

use super::plan::Plan;
use super::walk::Walker;
use std::collections::VecDeque;
use std::time::Duration;
use wardline_wire::datagram::{Device, RECORDS_MAX, Record, Secret, Suite};

/// What was not acknowledged for so long is sent again.
const RESEND: Duration = Duration::from_millis(400);
/// So many records are under way at most: fewer than the 32 fixes of the engine's history, so that
/// whatever is lost, none arrives too late to be put in its place.
const UNDER_WAY_MAX: usize = 24;
/// A device that keeps so many records makes no new ones until some are acknowledged.
const KEPT_MAX: usize = 4_096;

/// A device, its person and what it keeps.
pub struct FleetDevice {
    /// Makes its datagrams.
    pub wire: Device,
    /// Who carries it.
    pub walker: Walker,
    made: u32,
    under_way_max: usize,
    kept: VecDeque<Kept>,
}

struct Kept {
    record: Record,
    sent: Duration,
}

impl FleetDevice {
    /// A device that has sent nothing, and will make so many records at a time.
    pub fn new(plan: &Plan, n: u32, records: usize) -> Self {
        let secret = Secret::new(plan.secret(n));
        Self {
            wire: Device::new(n, Suite::ChaCha20Poly1305, &secret),
            walker: plan.walker(n),
            made: 0,
            under_way_max: UNDER_WAY_MAX.max(records),
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

    /// All its records up to this one were acknowledged; 0 if none were.
    pub fn acked_through(&self) -> u32 {
        self.kept.front().map_or(self.made, |kept| kept.record.rec_seq - 1)
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

    /// What is to be sent now, the oldest first: what was never sent, or too long ago. Newer
    /// records
    /// wait until older ones are acknowledged.
    pub fn due(&mut self, now: Duration, records: &mut Vec<Record>) {
        records.clear();
        let is_due = |kept: &&mut Kept| kept.sent.is_zero() || now >= kept.sent + RESEND;
        let under_way = self.kept.iter_mut().take(self.under_way_max);
        for kept in under_way.filter(is_due).take(RECORDS_MAX) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_core::time::Timestamp;
    use wardline_wire::datagram::{Advice, DeviceTable, TableConfig};

    const PLAN: Plan = Plan { seed: 1, devices: 1, planted: 0, duration: Duration::from_secs(3) };

    #[test]
    fn what_is_not_acknowledged_is_sent_again_and_newer_records_wait() {
        let mut device = FleetDevice::new(&PLAN, 0, 1);
        for seq in 1..=30 {
            device.keep(Record::heartbeat(seq, 1_790_000_000_000));
        }
        let (mut records, mut now) = (Vec::new(), Duration::ZERO);
        let mut due = |device: &mut FleetDevice, now| {
            device.due(now, &mut records);
            records.iter().map(|record| record.rec_seq).collect::<Vec<_>>()
        };
        let first: Vec<u32> = (1..=24).collect();
        assert_eq!(due(&mut device, now), first);
        now += RESEND / 2;
        assert!(due(&mut device, now).is_empty());
        now += RESEND;
        assert_eq!(due(&mut device, now), first);

        let mut table = DeviceTable::new(TableConfig::default());
        table.insert(&PLAN.key(0)).expect("a free index");
        let mut datagram = [0; 2_000];
        let sent: Vec<_> = (1..=10).map(|seq| Record::heartbeat(seq, 1)).collect();
        let length = device.wire.encode(&sent, true, &mut datagram).expect("there is room");
        let at = Timestamp::from_ms(1_790_000_000_000);
        let opened = table.open(&mut datagram[..length], at, |_, _| ()).expect("it is genuine");
        let mut ack = [0; 64];
        assert_eq!(table.ack(&opened, at, Advice::default(), &mut ack), 64);
        assert!(!device.take_ack(&mut ack.map(|byte| byte ^ 1)));
        assert!(device.take_ack(&mut ack));
        assert_eq!(device.kept(), 20);
        assert_eq!(due(&mut device, now), (25..=30).collect::<Vec<_>>());
    }
}
