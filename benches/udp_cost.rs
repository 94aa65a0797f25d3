//! What receiving costs: the processor time of the receiving thread for each datagram, from a
//! queue that was filled before.
//!
//! A bare loop of `recvmmsg` is measured beside the same loop with opening, decoding and
//! submitting, in turns of one run, so that their ratio holds on a loaded machine too. A flood over
//! loopback would measure the sender. A third way has one datagram in ten malformed, forged or
//! repeated: how much less is accepted in the same time. Not measured: wake-ups, acknowledgements,
//! judging (which is on other threads).
//!
//! `cargo bench --bench udp_cost -- --rounds 200`

use clap::Parser;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use wardline::pipeline::Pipeline;
use wardline::{Config, jsonl};
use wardline_benches::Mode;
use wardline_core::input::Record;
use wardline_core::time::Timestamp;
use wardline_examples::fleet::{Plan, hostile};
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
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..arguments.rounds.max(1) {
            for (times, way) in times.iter_mut().zip([Way::Bare, Way::Whole, Way::Hostile]) {
                times.push(bench.round(way)?);
            }
        }
        // Noise is in neighbours alike, so that their ratio is steadier than that of medians.
        let pairs = times[1].iter().zip(&times[2]);
        let fewer = median(pairs.map(|(whole, hostile)| 1.0 - whole / hostile).collect());
        let [bare, whole, hostile] = times.map(median);
        println!(
            "udp_cost records={records} devices={} rounds={} datagrams/round={}: recvmmsg alone \
             {bare:.0} ns, with open, decode and submit {whole:.0} ns of processor time per \
             datagram (medians), ratio {:.2}; {:.0} ns per record; with 10 % of them hostile \
             {hostile:.0} ns per accepted one, {:.1} % fewer a second, so that a hostile one costs \
             {:.0} ns",
            arguments.devices,
            arguments.rounds,
            bench.fill,
            whole / bare,
            whole / records as f64,
            100.0 * fewer,
            // Nine good ones bear the cost of one.
            9.0 * (hostile - whole),
        );
    }
    Ok(())
}

/// What is done with what was received, and what that is.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Nothing.
    Bare,
    /// It is opened, decoded and submitted.
    Whole,
    /// The same, while each tenth datagram is one that must be refused.
    Hostile,
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
    random: SmallRng,
    /// The last datagram that a device sent.
    genuine: Vec<u8>,
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
            random: SmallRng::seed_from_u64(1),
            genuine: Vec::new(),
        })
    }

    /// Fills the queue, empties it, and gives the time for each datagram of a device, in
    /// nanoseconds.
    fn round(&mut self, way: Way) -> std::io::Result<f64> {
        self.now_ms += ROUND_MS;
        for number in 0..self.fill {
            match way == Way::Hostile && number % 10 == 9 {
                true => self.send_hostile()?,
                false => self.send()?,
            }
        }
        let expected = match way {
            Way::Bare | Way::Whole => self.fill,
            Way::Hostile => self.fill - self.fill / 10,
        };
        let start_ns = processor_ns();
        let (mut received, mut accepted) = (0, 0);
        loop {
            let many = self.receiver.receive(&self.socket)?;
            received += many;
            if way != Way::Bare && many > 0 {
                accepted += self.take(many)?;
            }
            if many < BATCH {
                break;
            }
        }
        let spent_ns = processor_ns() - start_ns;
        assert_eq!(received, self.fill, "the kernel dropped some");
        assert_eq!(accepted, if way == Way::Bare { 0 } else { expected });
        Ok(spent_ns as f64 / expected as f64)
    }

    fn send_hostile(&mut self) -> std::io::Result<()> {
        let mut datagram = hostile::room();
        let genuine = Some(&*self.genuine).filter(|genuine| !genuine.is_empty());
        let devices = self.devices.len() as u32;
        let length = hostile::write(&mut self.random, devices, genuine, &mut datagram);
        self.sender.send(&datagram[..length]).map(drop)
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
        self.genuine.clear();
        self.genuine.extend_from_slice(&datagram[..length]);
        self.sender.send(&datagram[..length]).map(drop)
    }

    /// Gives how many datagrams brought all their records.
    fn take(&mut self, many: usize) -> std::io::Result<usize> {
        let now = Timestamp::from_ms(self.now_ms);
        let mut indexes = [0; BATCH];
        let peeked = self.receiver.datagrams().filter_map(|bytes| datagram::peek(bytes).ok());
        indexes.iter_mut().zip(peeked).for_each(|(place, peek)| *place = peek.index);
        std::hint::black_box(self.table.touch(&indexes[..many]));
        let (mut batch, mut accepted) = (self.pipeline.batch(), 0);
        for place in 0..many {
            let Some((bytes, _)) = self.receiver.datagram(place) else {
                continue;
            };
            let sink = |_, input| batch.push(Record { at: Some(now), input });
            let opened = self.table.open(bytes, now, sink);
            accepted += usize::from(opened.is_ok_and(|o| u32::from(o.fresh) == self.records));
        }
        self.pipeline.submit(batch).map_err(std::io::Error::other)?;
        Ok(accepted)
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
