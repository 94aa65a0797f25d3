//! The thread of a fleet: who sends when, what is lost on the way, and what was acknowledged.

use super::device::FleetDevice;
use super::hostile;
use super::outgoing::Outgoing;
use super::plan::{Plan, time};
use crate::udp::receive::Receiver;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};
use wardline_core::input::Status;
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{DATAGRAM_BYTES_MAX, Record};

/// Fixes say that they are this accurate, in millimetres.
const ACCURACY_MM: u32 = 5_000;
/// No place on earth: what a device sends whose receiver is broken.
const ABSURD_LAT_E7: i32 = 950_000_000;
/// Between two sleeps of the sender.
const STEP: Duration = Duration::from_millis(1);
/// Genuine datagrams that strangers have recorded.
const RECORDED_MAX: usize = 64;

/// How a fleet sends.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Datagrams a second, hostile ones included.
    pub rate_per_s: u32,
    /// Datagrams that go out in one call at most.
    pub batch: usize,
    /// New records in each datagram of a device.
    pub records: usize,
    /// The share of datagrams that are hostile.
    pub hostile: f64,
    /// The share of the devices' datagrams that are lost before they reach any socket.
    pub lost: f64,
    /// The share of acknowledgements that are lost.
    pub acks_lost: f64,
    /// The share of the devices' datagrams that arrive twice.
    pub twice: f64,
    /// The share of turns in which a device also repeats itself without need.
    pub again: f64,
    /// The share of records with a battery's state instead of a fix, and with an absurd position.
    pub odd: f64,
    /// How long it goes on at the end to send what was not acknowledged.
    pub patience: Duration,
}

impl Manner {
    /// One to which nothing bad happens.
    pub fn smooth() -> Self {
        Self {
            rate_per_s: 1_000,
            batch: 1,
            records: 1,
            hostile: 0.0,
            lost: 0.0,
            acks_lost: 0.0,
            twice: 0.0,
            again: 0.0,
            odd: 0.0,
            patience: Duration::from_secs(10),
        }
    }

    /// One that loses, repeats and is attacked: 10 % are hostile.
    pub fn rough(rate_per_s: u32) -> Self {
        Self {
            rate_per_s,
            batch: 64,
            hostile: 0.1,
            lost: 0.02,
            acks_lost: 0.02,
            twice: 0.005,
            again: 0.005,
            odd: 0.0005,
            ..Self::smooth()
        }
    }
}

/// What a fleet has sent so far, in datagrams.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Datagrams that the kernel took.
    pub sent: u64,
    /// Datagrams that it did not take.
    pub unsent: u64,
    /// Those of `sent` that are hostile.
    pub hostile: u64,
    /// The devices' datagrams that were lost before they reached a socket.
    pub lost: u64,
    /// Acknowledgements received, those that are lost by plan not counted.
    pub acks: u64,
    /// Records made.
    pub records: u64,
    /// Records not acknowledged.
    pub kept: u64,
}

/// A fleet that sends.
pub struct Fleet {
    plan: Plan,
    manner: Manner,
    devices: Vec<FleetDevice>,
    next: usize,
    rng: SmallRng,
    socket: UdpSocket,
    outgoing: Outgoing,
    receiver: Receiver,
    started: (Instant, Timestamp),
    slots: u64,
    counts: Sent,
    recorded: Vec<Vec<u8>>,
    records: Vec<Record>,
    track: Option<Track>,
}

/// The fixes of a few devices, for a map.
struct Track {
    shown: fn(&Plan, u32) -> bool,
    fixes: Vec<Value>,
}

impl Fleet {
    /// A fleet that sends to this address. `now` is the time by which its devices' clocks are set.
    ///
    /// # Errors
    ///
    /// If it gets no socket.
    pub fn new(plan: Plan, manner: Manner, to: SocketAddr, now: Timestamp) -> io::Result<Self> {
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
        };
        let socket = crate::udp::socket::bind(any)?.socket;
        socket.connect(to)?;
        Ok(Self {
            plan,
            manner,
            devices: (0..plan.devices)
                .map(|n| FleetDevice::new(&plan, n, manner.records))
                .collect(),
            next: 0,
            rng: SmallRng::seed_from_u64(plan.seed),
            outgoing: Outgoing::new(socket.try_clone()?, manner.batch),
            socket,
            receiver: Receiver::new(),
            started: (Instant::now(), now),
            slots: 0,
            counts: Sent::default(),
            recorded: Vec::new(),
            records: Vec::new(),
            track: None,
        })
    }

    /// Keeps the fixes of these devices for a map.
    pub fn track(&mut self, shown: fn(&Plan, u32) -> bool) {
        self.track = Some(Track { shown, fixes: Vec::new() });
    }

    /// The fixes kept so far, as inputs.
    pub fn take_fixes(&mut self) -> Vec<Value> {
        self.track.as_mut().map(|track| std::mem::take(&mut track.fixes)).unwrap_or_default()
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        let (sent, unsent) = (self.outgoing.sent, self.outgoing.unsent);
        let kept = self.devices.iter().map(|device| device.kept() as u64).sum();
        Sent { sent, unsent, kept, ..self.counts }
    }

    /// Of each device, all records up to which were acknowledged.
    pub fn acked_through(&self) -> impl Iterator<Item = u32> + '_ {
        self.devices.iter().map(FleetDevice::acked_through)
    }

    /// Sends until the plan's time is over, then what was not acknowledged. `watch` is called about
    /// every millisecond and ends the sending by `false`.
    pub fn run(&mut self, watch: &mut dyn FnMut(&Sent) -> bool) {
        self.started.0 = Instant::now();
        let mut goes_on = true;
        while self.elapsed() < self.plan.duration && goes_on {
            let due = self.elapsed().as_secs_f64() * f64::from(self.manner.rate_per_s);
            while self.slots < due as u64 {
                self.slot();
            }
            goes_on = self.step(watch);
        }
        self.last_words(watch);
    }

    fn elapsed(&self) -> Duration {
        self.started.0.elapsed()
    }

    /// Sends what waits, takes acknowledgements, and sleeps.
    fn step(&mut self, watch: &mut dyn FnMut(&Sent) -> bool) -> bool {
        self.outgoing.flush();
        self.take_acks();
        let (sent, unsent) = (self.outgoing.sent, self.outgoing.unsent);
        let goes_on = watch(&Sent { sent, unsent, ..self.counts });
        thread::sleep(STEP);
        goes_on
    }

    /// One datagram, by the next device or a stranger.
    fn slot(&mut self) {
        self.slots += 1;
        if self.rng.random_bool(self.manner.hostile) {
            return self.send_hostile();
        }
        let n = self.next;
        self.next = (n + 1) % self.devices.len().max(1);
        for _ in 0..self.manner.records {
            let is_odd = self.rng.random_bool(self.manner.odd);
            self.make_record(n, is_odd);
        }
        self.send_due(n);
        if self.rng.random_bool(self.manner.again) {
            let newest = self.devices.get(n).and_then(FleetDevice::newest);
            self.records.clear();
            self.records.extend(newest);
            self.send_records(n);
        }
    }

    fn make_record(&mut self, n: usize, is_odd: bool) {
        let (elapsed, now) = (self.elapsed(), self.started.1);
        let at = now.plus_ms(elapsed.as_millis() as i64);
        let time_ms = at.ms().unsigned_abs();
        let Some(device) = self.devices.get_mut(n).filter(|device| device.has_room()) else {
            return;
        };
        let seq = device.next_seq();
        let (lat_e7, lon_e7) = device.walker.fix_e7(elapsed, &mut self.rng);
        let mut record = Record::fix(seq, time_ms, lat_e7, lon_e7);
        record.accuracy_mm = ACCURACY_MM;
        if is_odd {
            let low = Record::status(seq, time_ms, Status::BatteryLow);
            let absurd = Record { lat_e7: ABSURD_LAT_E7, ..record };
            record = if self.rng.random() { low } else { absurd };
        }
        device.keep(record);
        self.counts.records += 1;
        if let Some(track) = self.track.as_mut().filter(|t| (t.shown)(&self.plan, n as u32)) {
            let (at, device) = (time(at), Plan::device(n as u32).number());
            track.fixes.push(json!({ "type": "fix", "at": at, "time": at, "device": device,
                "seq": seq, "lat": f64::from(lat_e7) / 1e7, "lon": f64::from(lon_e7) / 1e7 }));
        }
    }

    /// Sends what is due of a device.
    fn send_due(&mut self, n: usize) {
        let elapsed = self.elapsed();
        if let Some(device) = self.devices.get_mut(n) {
            device.due(elapsed, &mut self.records);
        }
        self.send_records(n);
    }

    fn send_records(&mut self, n: usize) {
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        let Some(device) = self.devices.get_mut(n).filter(|_| !self.records.is_empty()) else {
            return;
        };
        let Ok(length) = device.wire.encode(&self.records, true, &mut datagram) else {
            return; // Only after 2^64 datagrams.
        };
        let datagram = &datagram[..length];
        if self.rng.random_bool(self.manner.lost) {
            self.counts.lost += 1;
            return;
        }
        self.outgoing.push(datagram);
        if self.rng.random_bool(self.manner.twice) {
            self.outgoing.push(datagram);
        }
        if self.manner.hostile > 0.0 && self.rng.random_ratio(1, 16) {
            if self.recorded.len() == RECORDED_MAX {
                self.recorded.swap_remove(self.rng.random_range(0..RECORDED_MAX));
            }
            self.recorded.push(datagram.to_vec());
        }
    }

    fn send_hostile(&mut self) {
        let mut room = hostile::room();
        let many = self.recorded.len();
        let genuine = (many > 0).then(|| &self.recorded[self.rng.random_range(0..many)][..]);
        let length = hostile::write(&mut self.rng, self.plan.devices, genuine, &mut room);
        self.outgoing.push(&room[..length]);
        self.counts.hostile += 1;
    }

    fn take_acks(&mut self) {
        // What the network says of earlier datagrams comes as an error; they will be sent again.
        while let Ok(many @ 1..) = self.receiver.receive(&self.socket) {
            for place in 0..many {
                let Some((bytes, _)) = self.receiver.datagram(place) else {
                    continue;
                };
                if self.rng.random_bool(self.manner.acks_lost) {
                    continue;
                }
                let index = bytes.get(4..8).and_then(|index| index.try_into().ok());
                let index = index.map_or(u32::MAX, u32::from_le_bytes) as usize;
                let device = self.devices.get_mut(index);
                self.counts.acks += u64::from(device.is_some_and(|d| d.take_ack(bytes)));
            }
        }
    }

    /// A last fix of everybody who walked into a zone, and whatever was not acknowledged.
    fn last_words(&mut self, watch: &mut dyn FnMut(&Sent) -> bool) {
        let planted = (0..self.plan.devices).filter(|n| self.plan.is_planted(*n));
        for n in planted.collect::<Vec<_>>() {
            self.make_record(n as usize, false);
        }
        let until = Instant::now() + self.manner.patience;
        let each_step = (f64::from(self.manner.rate_per_s) * STEP.as_secs_f64()).ceil() as usize;
        while self.devices.iter().any(|device| device.kept() > 0) && Instant::now() < until {
            let talkers = (0..self.devices.len()).filter(|n| self.devices[*n].kept() > 0);
            for (turn, n) in talkers.collect::<Vec<_>>().into_iter().enumerate() {
                self.send_due(n);
                if turn % each_step.max(1) == 0 && !self.step(watch) {
                    return;
                }
            }
            if !self.step(watch) {
                return;
            }
        }
    }
}
