//! What receiving costs: the processor time of the receiving thread for each datagram, from a
//! queue that was filled before.
//!
//! A bare loop of `recvmmsg` is measured beside the same loop with opening, decoding and
//! submitting, in turns of one run, so that their ratio holds on a loaded machine too. A flood over
//! loopback would measure the sender. Not measured: wake-ups, acknowledgements, judging (which is
//! on other threads).
//!
//! `cargo bench --bench udp_cost -- --rounds 200`

use clap::Parser;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use wardline::pipeline::Pipeline;
use wardline::{Config, jsonl};
use wardline_benches::Mode;
use wardline_core::input::Record;
use wardline_core::time::Timestamp;
use wardline_examples::fleet::Plan;
use wardline_examples::udp::receive::{BATCH, Receiver};
use wardline_examples::udp::socket::{Bound, bind};
use wardline_wire::datagram::{self, DATAGRAM_BYTES_MAX, Device, DeviceTable, Suite};

/// What the kernel charges for a datagram of 20 records, generously.
const CHARGED_BYTES: usize = 2_304;
const FILL_MAX: usize = 2_000;
const START_MS: i64 = 1_790_000_000_000;
/// Between two rounds on the devices' clocks, so that no device sends more than it may.
const ROUND_MS: i64 = 60_000;

#[derive(Parser)]
struct Arguments {
    /// Times that the queue is filled and emptied, each way.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Devices that send in turns.
    #[arg(long, default_value_t = 10_000)]
    devices: u32,
    #[command(flatten)]
    mode: Mode,
}

fn main() -> std::io::Result<()> {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.rounds, arguments.devices) = (2, 100);
    }
    for records in [1, 20] {
        let mut bench = Bench::new(arguments.devices, records)?;
        let (mut bare, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds.max(1) {
            bare.push(bench.round(false)?);
            whole.push(bench.round(true)?);
        }
        let (bare, whole) = (median(bare), median(whole));
        println!(
            "udp_cost records={records} devices={} rounds={} datagrams/round={}: recvmmsg alone \
             {bare:.0} ns, with open, decode and submit {whole:.0} ns of processor time per \
             datagram (medians), ratio {:.2}; {:.0} ns per record",
            arguments.devices,
            arguments.rounds,
            bench.fill,
            whole / bare,
            whole / records as f64,
        );
    }
    Ok(())
}

struct Bench {
    socket: UdpSocket,
    sender: UdpSocket,
    receiver: Receiver,
    fill: usize,
    devices: Vec<(Device, u32)>,
    next: usize,
    records: u32,
    table: DeviceTable,
    pipeline: Pipeline,
    now_ms: i64,
}

impl Bench {
    fn new(devices: u32, records: u32) -> std::io::Result<Self> {
        let plan = Plan { seed: 1, devices, planted: 0, duration: Duration::from_secs(3) };
        let Bound { socket, granted_bytes } = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        sender.connect(socket.local_addr()?)?;
        let mut table = DeviceTable::new(datagram::TableConfig::default());
        let pipeline = Pipeline::builder(Config::default()).build()?;
        for n in 0..devices {
            table.insert(&plan.key(n)).map_err(std::io::Error::other)?;
            let inputs = plan.inputs(n, Timestamp::from_ms(START_MS));
            let records = inputs.iter().map(|input| jsonl::parse_line(&input.to_string(), 1));
            let records: Vec<_> = records.collect();
            pipeline.submit(records).map_err(std::io::Error::other)?;
        }
        let device = |n| Device::new(n, Suite::ChaCha20Poly1305, &plan.key(n).secret);
        Ok(Self {
            socket,
            sender,
            receiver: Receiver::new(),
            // The kernel grants twice what it says, for its own bookkeeping.
            fill: (granted_bytes * 2 / CHARGED_BYTES * 4 / 5).clamp(1, FILL_MAX),
            devices: (0..devices).map(|n| (device(n), 0)).collect(),
            next: 0,
            records,
            table,
            pipeline,
            now_ms: START_MS,
        })
    }

    /// Fills the queue, empties it, and gives the time for each datagram, in nanoseconds.
    fn round(&mut self, whole: bool) -> std::io::Result<f64> {
        self.now_ms += ROUND_MS;
        for _ in 0..self.fill {
            self.send()?;
        }
        let start_ns = processor_ns();
        let mut received = 0;
        loop {
            let many = self.receiver.receive(&self.socket)?;
            received += many;
            if whole && many > 0 {
                self.take(many)?;
            }
            if many < BATCH {
                break;
            }
        }
        let spent_ns = processor_ns() - start_ns;
        assert_eq!(received, self.fill, "the kernel dropped some");
        Ok(spent_ns as f64 / received as f64)
    }

    fn send(&mut self) -> std::io::Result<()> {
        let count = self.devices.len();
        let (device, made) = &mut self.devices[self.next];
        self.next = (self.next + 1) % count;
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        let records: Vec<_> = (1..=self.records)
            .map(|n| {
                let time_ms = self.now_ms.unsigned_abs() + u64::from(n);
                let lat_e7 = 428_700_000 + ((*made + n) % 100) as i32;
                datagram::Record::fix(*made + n, time_ms, lat_e7, 745_900_000)
            })
            .collect();
        *made += self.records;
        let length = device.encode(&records, true, &mut datagram);
        let length = length.map_err(std::io::Error::other)?;
        self.sender.send(&datagram[..length]).map(drop)
    }

    fn take(&mut self, many: usize) -> std::io::Result<()> {
        let now = Timestamp::from_ms(self.now_ms);
        let mut indexes = [0; BATCH];
        let peeked = self.receiver.datagrams().filter_map(|bytes| datagram::peek(bytes).ok());
        indexes.iter_mut().zip(peeked).for_each(|(place, peek)| *place = peek.index);
        std::hint::black_box(self.table.touch(&indexes[..many]));
        let mut batch = self.pipeline.batch();
        for place in 0..many {
            let Some((bytes, _)) = self.receiver.datagram(place) else {
                continue;
            };
            let sink = |_, input| batch.push(Record { at: Some(now), input });
            let opened = self.table.open(bytes, now, sink).map_err(std::io::Error::other)?;
            assert!(u32::from(opened.fresh) == self.records, "{opened:?}");
        }
        self.pipeline.submit(batch).map_err(std::io::Error::other)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The processor time of this thread; the time of the wall where that is not known.
#[cfg(target_os = "linux")]
fn processor_ns() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

#[cfg(not(target_os = "linux"))]
fn processor_ns() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
