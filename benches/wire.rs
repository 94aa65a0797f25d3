//! What opening a device's datagram costs on one core: the checks, the cipher, the decoding.
//!
//! `cargo bench --bench wire -- --devices 1000000`. Each figure is also given as a multiple of the
//! bare cipher in the same run: `ring` opening the same bytes with a key that is set up for each
//! datagram. Not measured: sockets, the engine, the journal.

use clap::Parser;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use ring::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wardline_benches::Mode;
use wardline_core::ids::DeviceId;
use wardline_core::input::Input;
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{
    BATCH, DATAGRAM_BYTES_MAX, Device, DeviceTable, HEADER_BYTES, KeyEntry, RateLimit, Record,
    Secret, Suite, TableConfig, peek,
};

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const TIME_MS: u64 = 1_789_999_999_000;
const SUITES: [Suite; 2] = [Suite::ChaCha20Poly1305, Suite::Aes128Gcm];

#[derive(Parser)]
struct Arguments {
    /// Devices in the table.
    #[arg(long, default_value_t = 1_000_000)]
    devices: u32,
    /// Datagrams of a run.
    #[arg(long, default_value_t = 200_000)]
    datagrams: usize,
    /// The seed by which devices are drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs, of which the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    #[command(flatten)]
    mode: Mode,
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.devices, arguments.datagrams, arguments.runs) = (256, 256, 1);
    }
    for suite in SUITES {
        let mut world = World::new(suite, &arguments);
        for records in [1, 20] {
            world.measure(suite, records, &arguments);
        }
    }
}

/// A table, and the devices that send.
struct World {
    table: DeviceTable,
    devices: Vec<Device>,
    /// The next record of each device.
    rec_seqs: Vec<u32>,
    random: SmallRng,
}

impl World {
    fn new(suite: Suite, arguments: &Arguments) -> Self {
        let mut random = SmallRng::seed_from_u64(arguments.seed);
        let mut config = TableConfig::default();
        config.rate = RateLimit::new(u32::MAX, RateLimit::BURST_RECORDS_MAX);
        let mut table = DeviceTable::new(config);
        let mut devices = Vec::new();
        for index in 0..arguments.devices {
            let secret = Secret::new(random.random());
            let id = DeviceId::new(u64::from(index) + 1).unwrap_or(DeviceId::MAX);
            devices.push(Device::new(index, suite, &secret));
            let inserted = table.insert(&KeyEntry::new(id, index, secret, suite));
            inserted.unwrap_or_else(|error| panic!("{error}"));
        }
        let rec_seqs = vec![1; devices.len()];
        Self { table, devices, rec_seqs, random }
    }

    fn measure(&mut self, suite: Suite, records: u32, arguments: &Arguments) {
        let mut times: [Vec<f64>; 5] = Default::default();
        for _ in 0..arguments.runs.max(1) {
            let count = arguments.datagrams;
            let near = self.datagrams(count, records, BATCH as u32);
            times[0].push(bare(suite, &near, Keys::PerDatagram) / count as f64);
            times[1].push(bare(suite, &near, Keys::Kept) / count as f64);
            times[2].push(self.open(near, false) / count as f64);
            let devices = arguments.devices;
            for (place, touched) in [(3, false), (4, true)] {
                let spread = self.datagrams(count, records, devices);
                times[place].push(self.open(spread, touched) / count as f64);
            }
        }
        times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
        println!("{}, {records} records, {} devices:", suite.word(), arguments.devices);
        let labels = [
            "bare cipher, key set up for each",
            "bare cipher, key kept",
            "open and decode, 64 devices",
            "open and decode, all devices",
            "the same, touched in batches of 64",
        ];
        let base = times[0][times[0].len() / 2];
        for (label, times) in labels.iter().zip(&times) {
            let (median, least, most) = (times[times.len() / 2], times[0], times[times.len() - 1]);
            println!(
                "  {label:<36}{median:>7.0} ns ({least:.0} to {most:.0}), ratio {:.2}",
                median / base
            );
        }
    }

    /// Datagrams of devices drawn among the first `among`.
    fn datagrams(&mut self, count: usize, records: u32, among: u32) -> Vec<Vec<u8>> {
        let draw = |_| {
            let index = self.random.random_range(0..among.min(self.devices.len() as u32)) as usize;
            let first = self.rec_seqs[index];
            self.rec_seqs[index] += records;
            let fix = |rec_seq| Record::fix(rec_seq, TIME_MS, 428_700_000, 745_900_000);
            let fixes: Vec<_> = (first..first + records).map(fix).collect();
            let mut buffer = [0; DATAGRAM_BYTES_MAX];
            let length = self.devices[index].encode(&fixes, true, &mut buffer);
            let length = length.unwrap_or_else(|error| panic!("{error}"));
            buffer[..length].to_vec()
        };
        (0..count).map(draw).collect()
    }

    /// Opens all, and gives the nanoseconds it took.
    fn open(&mut self, mut datagrams: Vec<Vec<u8>>, touched: bool) -> f64 {
        let (mut elapsed, mut sum) = (Duration::ZERO, 0);
        for batch in datagrams.chunks_mut(BATCH) {
            let start = Instant::now();
            if touched {
                let mut indexes = [0; BATCH];
                for (index, datagram) in indexes.iter_mut().zip(&*batch) {
                    *index = peek(datagram).map_or(0, |peek| peek.index);
                }
                black_box(self.table.touch(&indexes));
            }
            for datagram in batch {
                let opened = self.table.open(datagram, NOW, |_, input| match input {
                    Input::Fix(fix) => sum ^= fix.seq ^ fix.position.lat_e7() as u64,
                    _ => sum += 1,
                });
                assert!(opened.is_ok_and(|opened| opened.fresh == opened.records));
            }
            elapsed += start.elapsed();
        }
        black_box(sum);
        elapsed.as_nanos() as f64
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Keys {
    PerDatagram,
    Kept,
}

/// The nanoseconds that `ring` takes for sealed messages of the same lengths, one key for all.
fn bare(suite: Suite, datagrams: &[Vec<u8>], keys: Keys) -> f64 {
    let algorithm: &Algorithm = match suite {
        Suite::ChaCha20Poly1305 => &ring::aead::CHACHA20_POLY1305,
        Suite::Aes128Gcm => &ring::aead::AES_128_GCM,
    };
    let bytes = &[7; 32][..algorithm.key_len()];
    let new_key = || UnboundKey::new(algorithm, black_box(bytes)).map(LessSafeKey::new);
    let Ok(kept) = new_key() else { panic!("a key of the right length") };
    let nonce = || Nonce::assume_unique_for_key([3; 12]);
    let mut sealed = datagrams.to_vec();
    for message in &mut sealed {
        let (header, rest) = message.split_at_mut(HEADER_BYTES);
        let (plain, tag) = rest.split_at_mut(rest.len() - algorithm.tag_len());
        let made = kept.seal_in_place_separate_tag(nonce(), Aad::from(&*header), plain);
        tag.copy_from_slice(made.as_ref().map(AsRef::as_ref).unwrap_or_default());
    }
    let start = Instant::now();
    for message in &mut sealed {
        let (header, rest) = message.split_at_mut(HEADER_BYTES);
        let opened = match keys {
            Keys::Kept => kept.open_in_place(nonce(), Aad::from(&*header), rest).is_ok(),
            Keys::PerDatagram => new_key()
                .is_ok_and(|key| key.open_in_place(nonce(), Aad::from(&*header), rest).is_ok()),
        };
        assert!(opened);
    }
    start.elapsed().as_nanos() as f64
}
