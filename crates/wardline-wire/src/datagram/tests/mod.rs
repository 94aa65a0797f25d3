//! Tests of both ends together.

mod exchange;
mod hostile;
mod records;

use super::{
    ACK_BYTES, Advice, DATAGRAM_BYTES_MAX, Device, DeviceTable, KeyEntry, Opened, Record, Secret,
    Suite, TableConfig,
};
use crate::refusal::{Reason, Refused};
use wardline_core::ids::DeviceId;
use wardline_core::input::Input;
use wardline_core::time::Timestamp;

const NOW_MS: i64 = 1_790_000_000_000;
const TIME_MS: u64 = NOW_MS as u64 - 1_000;
const INDEX: u32 = 5;
const SUITES: [Suite; 2] = [Suite::ChaCha20Poly1305, Suite::Aes128Gcm];

/// A table with a device at [`INDEX`], and that device.
struct Pair {
    table: DeviceTable,
    device: Device,
    now: Timestamp,
    buffer: [u8; DATAGRAM_BYTES_MAX],
}

impl Pair {
    fn new(suite: Suite) -> Self {
        Self::with(suite, TableConfig::default())
    }

    fn with(suite: Suite, config: TableConfig) -> Self {
        let mut table = DeviceTable::new(config);
        table.insert(&entry(suite)).unwrap();
        Self {
            table,
            device: Device::new(INDEX, suite, &secret()),
            now: Timestamp::from_ms(NOW_MS),
            buffer: [0; DATAGRAM_BYTES_MAX],
        }
    }

    fn encode(&mut self, records: &[Record]) -> Vec<u8> {
        let length = self.device.encode(records, true, &mut self.buffer).unwrap();
        self.buffer[..length].to_vec()
    }

    fn open(&mut self, datagram: &[u8]) -> Result<(Opened, Vec<Input>), Reason> {
        let mut inputs = Vec::new();
        let sink = |id, input| {
            assert_eq!(id, device_id());
            inputs.push(input);
        };
        let opened = self.table.open(&mut datagram.to_vec(), self.now, sink);
        opened.map(|opened| (opened, inputs)).map_err(|Refused { reason }| reason)
    }

    fn send(&mut self, records: &[Record]) -> Result<(Opened, Vec<Input>), Reason> {
        let datagram = self.encode(records);
        self.open(&datagram)
    }

    fn ack(&mut self, opened: &Opened) -> super::Ack {
        let mut out = [0; ACK_BYTES];
        assert_eq!(self.table.ack(opened, self.now, Advice::default(), &mut out), ACK_BYTES);
        self.device.open_ack(&mut out).unwrap()
    }
}

fn entry(suite: Suite) -> KeyEntry {
    KeyEntry::new(device_id(), INDEX, secret(), suite)
}

fn secret() -> Secret {
    Secret::new(std::array::from_fn(|n| n as u8 * 3))
}

fn device_id() -> DeviceId {
    DeviceId::new(9001).unwrap()
}

fn fix(rec_seq: u32) -> Record {
    Record::fix(rec_seq, TIME_MS, 428_700_000 + rec_seq as i32, 745_900_000)
}

/// The numbers of the inputs.
fn seqs(inputs: &[Input]) -> Vec<u64> {
    let seq = |input: &Input| match input {
        Input::Fix(fix) => fix.seq,
        Input::Status(report) => report.seq,
        other => panic!("{other:?}"),
    };
    inputs.iter().map(seq).collect()
}
