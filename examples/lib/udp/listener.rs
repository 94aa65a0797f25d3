//! One socket, its protocol and its thread.

use super::clock::Clock;
use super::counts::Counts;
use super::drops::Drops;
use super::durable::{self, Inbox};
use super::receive::{BATCH, Receiver};
use super::waiting::Waiting;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wardline::pipeline::Pipeline;
use wardline_core::input::Record;
use wardline_wire::datagram::DeviceTable;
use wardline_wire::protocol::DeviceProtocol;
use wardline_wire::teltonika::Teltonika;

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
/// Drops are counted, and the end looked for, at least this often.
const LONGEST: Duration = Duration::from_secs(1);
/// A socket that gave nothing for so long at the end is empty.
const QUIET: Duration = Duration::from_millis(100);
/// How long the end waits for what was received to become durable.
const DURABLE_WAIT: Duration = Duration::from_secs(10);
/// The longest answer of a protocol.
const ANSWER_BYTES_MAX: usize = 64;

/// A protocol that is received here.
pub trait Front: DeviceProtocol<Opened: Send> + Send + 'static {
    /// Fetches the memory of these devices, before their datagrams are opened.
    fn fetch(&self, _devices: &[u32]) {}
}

impl Front for DeviceTable {
    fn fetch(&self, devices: &[u32]) {
        std::hint::black_box(self.touch(devices));
    }
}

impl Front for Teltonika {}

/// What all listeners of a server share.
#[derive(Clone)]
pub struct Common {
    /// Where inputs go.
    pub pipeline: Arc<Pipeline>,
    /// The clocks.
    pub clock: Arc<Clock>,
    /// How long to wait before receiving, so that more is received at once.
    pub nap: Duration,
    /// No more is to come.
    pub stop: Arc<AtomicBool>,
    /// The log failed: nothing becomes durable any more.
    pub failed: Arc<AtomicBool>,
}

/// Receives, opens, submits and acknowledges.
pub struct Listener<P: Front> {
    protocol: P,
    socket: UdpSocket,
    poll: Poll,
    inbox: Inbox,
    number: u8,
    common: Common,
    counts: Arc<Counts>,
    drops: Drops,
    drops_read: Instant,
    waiting: Waiting<P::Opened>,
    /// When it woke; what it receives first may have been there since.
    woken_ns: Option<u64>,
    last_ns: u64,
}

/// A poll for the socket, and what wakes it besides.
pub fn poll_of(socket: &UdpSocket) -> io::Result<(Poll, Arc<Waker>)> {
    let poll = Poll::new()?;
    poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), SOCKET, Interest::READABLE)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    Ok((poll, waker))
}

impl<P: Front> Listener<P> {
    /// A listener that has received nothing.
    pub fn new(
        protocol: P,
        socket: UdpSocket,
        poll: Poll,
        (number, inbox): (u8, Inbox),
        common: Common,
        counts: Arc<Counts>,
    ) -> Self {
        let drops = Drops::of(&socket);
        let (waiting, drops_read) = (Waiting::new(), Instant::now());
        let (woken_ns, last_ns) = (None, 0);
        Self {
            protocol,
            socket,
            poll,
            inbox,
            number,
            common,
            counts,
            drops,
            drops_read,
            waiting,
            woken_ns,
            last_ns,
        }
    }

    /// Works until it is to stop, the socket is empty and all that came is acknowledged.
    pub fn run(mut self) -> io::Result<()> {
        let mut receiver = Receiver::new();
        let mut events = Events::with_capacity(4);
        while !self.common.stop.load(Ordering::SeqCst) {
            self.sleep(&mut events, LONGEST)?;
            if !self.common.nap.is_zero() && !events.is_empty() {
                thread::sleep(self.common.nap);
            }
            self.empty(&mut receiver)?;
        }
        loop {
            self.sleep(&mut events, QUIET)?;
            if self.empty(&mut receiver)? == 0 {
                break;
            }
        }
        let until = Instant::now() + DURABLE_WAIT;
        while !self.waiting.is_empty() && Instant::now() < until && !self.has_failed() {
            self.sleep(&mut events, QUIET)?;
            self.acknowledge();
        }
        self.count_drops();
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.common.failed.load(Ordering::SeqCst)
    }

    /// Until a datagram comes, something becomes durable, or this long.
    fn sleep(&mut self, events: &mut Events, longest: Duration) -> io::Result<()> {
        self.inbox.will_sleep();
        let settled = self.settle();
        let longest = if settled { Duration::ZERO } else { longest };
        let slept = self.poll.poll(events, Some(longest));
        self.inbox.is_awake();
        self.woken_ns = Some(self.common.clock.elapsed_ns());
        match slept {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// Receives until nothing waits, and gives how many datagrams that were.
    fn empty(&mut self, receiver: &mut Receiver) -> io::Result<usize> {
        let mut received = 0;
        loop {
            while self.waiting.is_full() && !self.has_failed() {
                thread::sleep(Duration::from_micros(100));
                self.acknowledge();
            }
            if self.has_failed() {
                return Err(io::Error::other("the log failed: nothing can be acknowledged"));
            }
            let many = receiver.receive(&self.socket)?;
            if many > 0 {
                self.take(receiver, many)?;
            }
            received += many;
            self.acknowledge();
            if self.drops_read.elapsed() >= LONGEST {
                self.count_drops();
            }
            if many < BATCH {
                return Ok(received);
            }
        }
    }

    /// Opens a batch and submits what it brings.
    fn take(&mut self, receiver: &mut Receiver, many: usize) -> io::Result<()> {
        let received_ns = self.woken_ns.take().unwrap_or_else(|| self.common.clock.elapsed_ns());
        self.last_ns = received_ns.max(self.last_ns + 1);
        let tag = durable::tag(self.number, self.last_ns);
        let now = self.common.clock.now();
        let mut devices = [0; BATCH];
        let keys = receiver.datagrams().filter_map(|bytes| self.protocol.peek(bytes).ok());
        let known = devices.iter_mut().zip(keys).map(|(place, key)| *place = key.number() as u32);
        let known = known.count();
        self.protocol.fetch(&devices[..known]);
        let mut batch = self.common.pipeline.batch();
        let mut datagrams = self.waiting.list();
        self.counts.received.add(many as u64);
        for place in 0..many {
            let Some((bytes, from)) = receiver.datagram(place) else {
                continue;
            };
            let before = batch.len();
            let mut sink = |_, input| batch.push(Record { at: Some(now), input });
            match self.protocol.open(bytes, now, &mut sink) {
                Ok(opened) => {
                    let is_new = batch.len() > before;
                    let count = if is_new { &self.counts.accepted } else { &self.counts.repeated };
                    count.add(1);
                    if is_new && let Some(heard) = self.protocol.heard(&opened, now) {
                        batch.hear(heard);
                    }
                    datagrams.push((opened, from));
                }
                Err(refused) => self.counts.refuse(refused.reason),
            }
        }
        let inputs = batch.len();
        self.counts.records.add(inputs as u64);
        batch.set_tag(tag);
        self.waiting.push(tag, inputs, datagrams);
        // This waits while the pipeline is full; meanwhile the kernel keeps, then drops and counts.
        self.common.pipeline.submit(batch).map_err(io::Error::other)
    }

    /// Takes note of what has become durable; gives whether there was any.
    fn settle(&mut self) -> bool {
        let mut any = false;
        for settled in self.inbox.settled() {
            self.waiting.settle(settled.tag, settled.inputs);
            any = true;
        }
        any
    }

    /// Acknowledges what has become durable.
    fn acknowledge(&mut self) {
        self.settle();
        let Self { protocol, socket, counts, common, .. } = self;
        self.waiting.release(|opened, from| {
            let mut answer = [0; ANSWER_BYTES_MAX];
            let bytes = protocol.ack(opened, common.clock.now(), &mut answer);
            if bytes > 0 {
                let sent = socket.send_to(&answer[..bytes], from);
                if sent.is_ok() { counts.acks.add(1) } else { counts.acks_failed.add(1) }
            }
        });
    }

    fn count_drops(&mut self) {
        self.drops_read = Instant::now();
        if let Some(dropped) = self.drops.count() {
            self.counts.kernel_dropped.set(dropped);
        }
    }
}
