//! What a server must know of its devices after a restart, kept beside the snapshots.
//!
//! The log of inputs has all of it: what was heard with each datagram, and the numbers of records.
//! So a file of states of devices only saves reading the log from its beginning. It is made by
//! reading on from the file before, of what is durable and nothing beyond: a record that a crash
//! takes away must not be known, or it would be acknowledged and be nowhere.

use hashbrown::HashMap;
use std::sync::Arc;
use wardline_core::ids::DeviceId;
use wardline_core::time::Timestamp;
use wardline_journal::disk::Disk;
use wardline_journal::{
    Durable, Heard as Logged, InputReader, Note, Outline, ReadError, SnapshotError, SnapshotStore,
};
use wardline_wire::datagram::{Checkpoint, Heard};

/// The states of all devices that were ever heard, after what is durable up to a place in the log.
#[derive(Clone, Default)]
pub(super) struct Devices {
    states: HashMap<DeviceId, Checkpoint>,
}

impl Devices {
    /// Goes on with what the log has next.
    pub fn take(&mut self, outline: &Outline) {
        match outline {
            Outline::Record { device, seq, .. } => {
                // A number that no device can have sent was not taken from one.
                let _ = self.states.entry(*device).or_default().mark(*seq);
            }
            Outline::Note(Note::Heard(logged)) => {
                self.states.entry(logged.device).or_default().hear(&heard(logged));
            }
            _ => {}
        }
    }

    /// By ascending id.
    pub fn states(&self) -> impl Iterator<Item = (DeviceId, &Checkpoint)> {
        let mut states: Vec<_> = self.states.iter().map(|(id, state)| (*id, state)).collect();
        states.sort_unstable_by_key(|(device, _)| *device);
        states.into_iter()
    }

    /// As bytes: their form is in `docs/journal.md`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&(self.states.len() as u64).to_le_bytes());
        for (device, state) in self.states() {
            let times = [state.heard_at, state.rotated_at];
            let known = times.iter().rev().fold(0, |bits, at| bits << 1 | u8::from(at.is_some()));
            let known = known | u8::from(state.secret_name.is_some()) << 2;
            out.extend_from_slice(&device.number().to_le_bytes());
            out.extend_from_slice(&state.counter.to_le_bytes());
            out.extend_from_slice(&[state.epoch, known]);
            out.extend_from_slice(&state.secret_name.unwrap_or_default().to_le_bytes());
            for at in times {
                out.extend_from_slice(&at.unwrap_or_default().ms().to_le_bytes());
            }
            out.extend_from_slice(&state.seen_through.to_le_bytes());
            out.extend_from_slice(&state.seen_bits.to_le_bytes());
            out.extend_from_slice(&state.ahead.to_le_bytes());
            out.extend_from_slice(&state.ahead_bits.to_le_bytes());
        }
        out
    }

    /// Reads what [`Devices::to_bytes`] writes; nothing if the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let (count, lines) = rest.split_first_chunk()?;
        let (lines, left) = lines.as_chunks::<LINE_BYTES>();
        let is_whole = left.is_empty() && u64::from_le_bytes(*count) == lines.len() as u64;
        let states = lines.iter().map(|line| read_line(line)).collect::<Option<_>>()?;
        let read = is_whole.then_some(Self { states })?;
        // Other orders and bits are no form of it.
        (read.to_bytes() == bytes).then_some(read)
    }
}

/// Takes numbers off a line, which is long enough for all of them.
struct Line<'a>(&'a [u8]);

impl Line<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}

fn read_line(line: &[u8]) -> Option<(DeviceId, Checkpoint)> {
    let mut line = Line(line);
    let device = DeviceId::new(line.u64()?)?;
    let mut state = Checkpoint::default();
    state.counter = line.u64()?;
    let [epoch, known] = line.take()?;
    state.epoch = epoch;
    let is_known = |bit: u8| known >> bit & 1 == 1;
    state.secret_name = Some(line.u32()?).filter(|_| is_known(2));
    let mut time = |bit| {
        let at = Timestamp::from_ms(i64::from_le_bytes(line.take()?));
        Some(Some(at).filter(|_| is_known(bit)))
    };
    (state.heard_at, state.rotated_at) = (time(0)?, time(1)?);
    (state.seen_through, state.seen_bits) = (line.u64()?, line.u64()?);
    (state.ahead, state.ahead_bits) = (line.u32()?, line.u32()?);
    Some((device, state))
}

/// Brings the states of devices forward while a pipeline runs, and writes them.
pub(super) struct Follower {
    disk: Arc<dyn Disk>,
    store: SnapshotStore,
    devices: Devices,
    /// They have all inputs below this number.
    next: u64,
    reader: Option<InputReader>,
}

impl Follower {
    /// Goes on from what a start found, of all inputs below `next`.
    pub fn new(disk: Arc<dyn Disk>, store: SnapshotStore, devices: Devices, next: u64) -> Self {
        Self { disk, store, devices, next, reader: None }
    }

    /// Reads what has become durable since, and writes the states.
    pub fn save(&mut self, durable: Durable) -> Result<(), SnapshotError> {
        self.follow(durable).map_err(|error| std::io::Error::other(error.to_string()))?;
        self.store.put(durable.next, durable.chain, &self.devices.to_bytes())
    }

    fn follow(&mut self, durable: Durable) -> Result<(), ReadError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(InputReader::open(Arc::clone(&self.disk), self.next)?),
        };
        // Each commit ends with a frame, so a frame is durable as a whole or not at all.
        while reader.durable().next < durable.next {
            if !reader.outline_frame(|outline| self.devices.take(&outline))? {
                break;
            }
        }
        self.next = reader.durable().next;
        Ok(())
    }
}

/// What was heard, as a log has it.
pub(super) fn logged(heard: &Heard) -> Logged {
    let Heard { device, at, counter, epoch, secret_name, rotated_at } = *heard;
    Logged { device, at, counter, epoch, secret_name, rotated_at }
}

fn heard(logged: &Logged) -> Heard {
    let Logged { device, at, counter, epoch, secret_name, rotated_at } = *logged;
    Heard { device, at, counter, epoch, secret_name, rotated_at }
}

const MAGIC: [u8; 8] = *b"WARDDEV1";
const LINE_BYTES: usize = 62;

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Devices {
        let mut devices = Devices::default();
        for number in 1..=3_u64 {
            let device = DeviceId::new(number * 1_000).expect("an id");
            let (at, counter) = (Timestamp::from_ms(number as i64), number << 40);
            let rotated_at = (number == 2).then_some(Timestamp::from_ms(-5));
            let (epoch, secret_name) = (number as u8, u32::MAX - number as u32);
            let heard = Logged { device, at, counter, epoch, secret_name, rotated_at };
            for seq in [1, 2, 4, 900, 890] {
                devices.take(&Outline::Record { number, device, seq });
            }
            if number != 3 {
                devices.take(&Outline::Note(Note::Heard(heard)));
            }
        }
        devices
    }

    #[test]
    fn the_states_come_back_and_have_one_form() {
        let bytes = some().to_bytes();
        assert_eq!(bytes.len(), 16 + 3 * LINE_BYTES);
        let read = Devices::from_bytes(&bytes).expect("it is whole");
        assert!(read.states == some().states);
        let states: Vec<_> = read.states().map(|(_, state)| *state).collect();
        assert_eq!((states[1].seen_through, states[1].seen_bits, states[1].ahead), (2, 2, 900));
        assert_eq!((states[2].heard_at, states[2].secret_name), (None, None));
        for length in 0..bytes.len() {
            assert!(Devices::from_bytes(&bytes[..length]).is_none(), "{length}");
        }
        let mut refused = 0;
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[place] ^= 1 << bit;
                match Devices::from_bytes(&other) {
                    Some(read) => assert_eq!(read.to_bytes(), other),
                    None => refused += 1,
                }
            }
        }
        assert!(refused >= 16 * 8, "{refused}");
    }
}
