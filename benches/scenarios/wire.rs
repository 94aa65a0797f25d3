//! Datagrams are opened and judged on one thread, out of memory or out of a socket.

use super::Failure;
use super::cases::Case;
use super::feed::Feed;
use super::judge::Court;
use super::outcome::Outcome;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;
use wardline_benches::World;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Fix, Input, Record};
use wardline_core::time::Timestamp;
use wardline_examples::udp::receive::{BATCH, Receiver};
use wardline_examples::udp::socket::{Bound, bind};
use wardline_wire::datagram::{
    self, DATAGRAM_BYTES_MAX, Device, DeviceTable, KeyEntry, RateLimit, Secret, Suite, TableConfig,
};

/// Records of a datagram where many fit.
const RECORDS: usize = 20;
/// One datagram in so many is bad.
const BAD_ONE_IN: u32 = 10;
/// What the kernel charges for a datagram of [`RECORDS`], generously.
const CHARGED_BYTES: usize = 2_304;

/// The devices of a world, which encode.
struct Fleet {
    devices: Vec<Device>,
    rng: SmallRng,
}

/// The table of devices and the engine.
struct Office {
    table: DeviceTable,
    court: Court,
    fixes: Vec<Fix>,
    indexes: Vec<u32>,
}

impl Fleet {
    /// The devices, and who opens what they send.
    fn new(feed: &Feed, seed: u64) -> Result<(Self, Office), Failure> {
        let mut config = TableConfig::default();
        config.rate = RateLimit::new(u32::MAX, RateLimit::BURST_RECORDS_MAX);
        let mut table = DeviceTable::new(config);
        let (mut rng, mut devices) = (SmallRng::seed_from_u64(seed), Vec::new());
        for index in 0..feed.world.plan().people as u32 {
            let secret = Secret::new(rng.random());
            let device = DeviceId::new(u64::from(index) + 1).unwrap_or_default();
            devices.push(Device::new(index, Suite::ChaCha20Poly1305, &secret));
            table.insert(&KeyEntry::new(device, index, secret, Suite::ChaCha20Poly1305))?;
        }
        let office = Office {
            table,
            court: Court::new(feed),
            fixes: Vec::with_capacity(BATCH * RECORDS),
            indexes: Vec::with_capacity(BATCH),
        };
        Ok((Self { devices, rng }, office))
    }

    /// A datagram of a device's fixes.
    fn datagram(&mut self, fixes: &[Fix]) -> Result<Vec<u8>, Failure> {
        let index = fixes[0].device.number() as usize - 1;
        let record = |fix: &Fix| datagram::Record {
            accuracy_mm: fix.accuracy_m.map_or(0, |m| (m * 1e3) as u32),
            speed_cmps: fix.speed_mps.map_or(0, |mps| (mps * 1e2) as u16),
            ..datagram::Record::fix(
                fix.seq as u32,
                fix.time.ms().unsigned_abs(),
                fix.position.lat_e7(),
                fix.position.lon_e7(),
            )
        };
        let records: Vec<_> = fixes.iter().map(record).collect();
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        let length = self.devices[index].encode(&records, true, &mut buffer)?;
        Ok(buffer[..length].to_vec())
    }

    /// What a stranger makes of a good datagram: forged, cut off, sent again, or of nobody.
    fn spoilt(&mut self, good: &[u8], former: &[u8]) -> Vec<u8> {
        let mut bad = good.to_vec();
        match self.rng.random_range(0..4) {
            0 => bad[good.len() - 1] ^= 1,
            1 => bad.truncate(good.len() / 2),
            2 => bad = former.to_vec(),
            // The index is where it says; the header is authenticated, but nobody is there.
            _ => bad[INDEX_AT..INDEX_AT + 4].copy_from_slice(&u32::MAX.to_le_bytes()),
        }
        bad
    }
}

/// Where a header has the device's index.
const INDEX_AT: usize = 4;

impl Office {
    /// Opens the datagrams of a batch and judges what was in them. Gives how many were good.
    fn take<'a>(&mut self, datagrams: impl Iterator<Item = &'a mut [u8]>, now: Timestamp) -> u64 {
        let Self { table, court, fixes, .. } = self;
        let mut good = 0;
        fixes.clear();
        for bytes in datagrams {
            let opened = table.open(bytes, now, |_, input| match input {
                Input::Fix(fix) => fixes.push(fix),
                input => court.apply(&Record { at: Some(now), input }),
            });
            good += u64::from(opened.is_ok());
        }
        let hash = &mut court.hash;
        court.engine.apply_fixes(now, fixes, &mut |event| hash.add(&event));
        good
    }

    /// Fetches what opening the datagrams will need.
    fn touch<'a>(&mut self, datagrams: impl Iterator<Item = &'a [u8]>) {
        self.indexes.clear();
        let peeked = datagrams.filter_map(|bytes| datagram::peek(bytes).ok());
        self.indexes.extend(peeked.map(|peek| peek.index));
        std::hint::black_box(self.table.touch(&self.indexes));
    }

    fn finish(self, world: &World, case: &Case, fixes: u64, times_s: &[f64]) -> Outcome {
        let counters = self.court.engine.counters();
        let mut outcome = Outcome::new(case, fixes / case.runs as u64, times_s);
        outcome.slack_share = counters.fixes_within_slack as f64 / counters.fixes as f64;
        outcome.bytes_per_device = Some(self.court.bytes_per_device(world.plan().people));
        outcome.events_hash = self.court.hash.text();
        outcome
    }
}

/// The good fixes of the dense city between bad datagrams, and as the baseline all good.
pub fn hostile(case: &Case) -> Result<Outcome, Failure> {
    let without = opened(case, false)?;
    let mut outcome = opened(case, true)?;
    outcome.baselines.insert("without_it".to_owned(), without.fixes_per_s);
    Ok(outcome)
}

fn opened(case: &Case, is_hostile: bool) -> Result<Outcome, Failure> {
    let mut feed = Feed::new(case);
    let (mut fleet, mut office) = Fleet::new(&feed, case.seed)?;
    let mut former = Vec::new();
    let (mut all, mut times_s, mut fixes) = (Vec::new(), Vec::new(), 0);
    let mut spent_s = 0.0;
    let warm_up = case.warm_up();
    for round in 1..=warm_up + case.rounds() * case.runs as u64 {
        let mut batch = Vec::new();
        let now = feed.world.round(&mut batch);
        all.clear();
        for fix in &batch {
            let good = fleet.datagram(std::slice::from_ref(fix))?;
            let is_bad = is_hostile && !former.is_empty() && fleet.rng.random_ratio(1, BAD_ONE_IN);
            all.push(if is_bad { fleet.spoilt(&good, &former) } else { good.clone() });
            if !is_bad {
                former = good;
            }
        }
        let start = Instant::now();
        let mut good = 0;
        for some in all.chunks_mut(BATCH) {
            office.touch(some.iter().map(Vec::as_slice));
            good += office.take(some.iter_mut().map(Vec::as_mut_slice), now);
        }
        if round > warm_up {
            spent_s += start.elapsed().as_secs_f64();
            fixes += good;
            if (round - warm_up).is_multiple_of(case.rounds()) {
                times_s.push(std::mem::take(&mut spent_s));
            }
        }
    }
    assert_eq!(is_hostile, office.table.refusals().total() > 0, "{:?}", office.table.refusals());
    Ok(office.finish(&feed.world, case, fixes, &times_s))
}

/// Fixes of the city come by a socket whose queue is filled before the clock runs.
pub fn udp(case: &Case) -> Result<Outcome, Failure> {
    let mut feed = Feed::new(case);
    let (mut fleet, office) = Fleet::new(&feed, case.seed)?;
    let mut line = Line::new(office)?;
    let portions = case.rounds().div_ceil(RECORDS as u64);
    let warm_up = if case.is_test { 1 } else { 4 };
    for _ in 0..warm_up {
        line.times_s(&datagrams(&mut feed, &mut fleet)?, feed.world.now())?;
    }
    let (mut times_s, mut bare_times_s, mut fixes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..case.runs {
        let [mut bare_s, mut whole_s] = [0.0, 0.0];
        for _ in 0..portions {
            let datagrams = datagrams(&mut feed, &mut fleet)?;
            let [bare, whole] = line.times_s(&datagrams, feed.world.now())?;
            bare_s += bare;
            whole_s += whole;
            fixes += (datagrams.len() * RECORDS) as u64;
        }
        times_s.push(whole_s);
        bare_times_s.push(bare_s);
    }
    let bare = Outcome::new(case, fixes / case.runs as u64, &bare_times_s).fixes_per_s;
    let mut outcome = line.office.finish(&feed.world, case, fixes, &times_s);
    outcome.baselines.insert("recvmmsg_alone".to_owned(), bare);
    Ok(outcome)
}

/// From a socket over loopback to the office.
struct Line {
    socket: UdpSocket,
    sender: UdpSocket,
    receiver: Receiver,
    /// Datagrams that the socket's queue has room for.
    fill: usize,
    office: Office,
}

impl Line {
    fn new(office: Office) -> Result<Self, Failure> {
        let Bound { socket, granted_bytes } = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        sender.connect(socket.local_addr()?)?;
        // The kernel grants twice what it says, for its own bookkeeping.
        let fill = (granted_bytes * 2 / CHARGED_BYTES * 4 / 5).clamp(1, 2_000);
        Ok(Self { socket, sender, receiver: Receiver::new(), fill, office })
    }

    /// How long it takes to receive the datagrams, and to receive, open and judge them.
    fn times_s(&mut self, datagrams: &[Vec<u8>], now: Timestamp) -> Result<[f64; 2], Failure> {
        let mut times_s = [0.0, 0.0];
        for some in datagrams.chunks(self.fill) {
            for (judges, time_s) in [false, true].into_iter().zip(&mut times_s) {
                some.iter().try_for_each(|datagram| self.sender.send(datagram).map(drop))?;
                let start = Instant::now();
                let received = self.drain(judges, now)?;
                *time_s += start.elapsed().as_secs_f64();
                assert_eq!(received, some.len(), "the kernel dropped some");
            }
        }
        Ok(times_s)
    }

    /// Receives what waits, and gives how many datagrams it was.
    fn drain(&mut self, judges: bool, now: Timestamp) -> Result<usize, Failure> {
        let mut received = 0;
        loop {
            let many = self.receiver.receive(&self.socket)?;
            received += many;
            if judges && many > 0 {
                self.office.touch(self.receiver.datagrams());
                for place in 0..many {
                    let datagram = self.receiver.datagram(place).map(|(bytes, _)| bytes);
                    self.office.take(datagram.into_iter(), now);
                }
            }
            if many < BATCH {
                return Ok(received);
            }
        }
    }
}

/// One of each device, with what it kept of [`RECORDS`] rounds.
fn datagrams(feed: &mut Feed, fleet: &mut Fleet) -> Result<Vec<Vec<u8>>, Failure> {
    let mut rounds: [Vec<Fix>; RECORDS] = Default::default();
    for fixes in &mut rounds {
        feed.world.round(fixes);
    }
    let datagram = |place| {
        let fixes: Vec<Fix> = rounds.iter().map(|round| round[place]).collect();
        fleet.datagram(&fixes)
    };
    (0..rounds[0].len()).map(datagram).collect()
}
