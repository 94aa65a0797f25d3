//! A server with a journal is started again: what a device was acknowledged is known, and what it
//! was not, is new.

#![cfg(target_os = "linux")]

use std::net::UdpSocket;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wardline_core::Config;
use wardline_core::event::{Event, EventKind, Phase};
use wardline_core::time::Timestamp;
use wardline_examples::fleet::Plan;
use wardline_examples::udp::socket::bind;
use wardline_examples::udp::{Counts, REPEATED, Server, Setup, past};
use wardline_wire::datagram::{Device, DeviceTable, Record, Suite, TableConfig};
use wardline_wire::jsonl::parse_line;

const PLAN: Plan = Plan { seed: 3, devices: 2, planted: 1, duration: Duration::from_secs(3) };

struct Fixture {
    server: Server,
    counts: Arc<Counts>,
    socket: UdpSocket,
    events: Arc<Mutex<Vec<Event>>>,
    /// Orders, zones and assignments that the journal did not have.
    submitted: usize,
}

impl Fixture {
    fn start(folder: &Path, at: Timestamp) -> Self {
        let config = Config::default();
        let journal = past::open(folder, &config, 2).expect("it is sound");
        let mut table = DeviceTable::new(TableConfig::default());
        (0..PLAN.devices).for_each(|n| table.insert(&PLAN.key(n)).expect("a free index"));
        past::resume(&journal, &mut table);
        let lines = (0..PLAN.devices).flat_map(|n| PLAN.inputs(n, at));
        let mut records = lines.map(|line| parse_line(&line.to_string(), 1)).collect();
        past::only_new(&journal, &mut records);
        let events = Arc::new(Mutex::new(Vec::new()));
        let keeps = events.clone();
        let setup = Setup {
            config,
            shards: 2,
            nap: Duration::ZERO,
            journal: Some(journal),
            snapshot_inputs: 1,
            events: None,
            watcher: Box::new(move |event: &Event| keeps.lock().unwrap().push(event.clone())),
        };
        let mut server = Server::start(setup).expect("threads");
        let submitted = records.len();
        server.submit(records).expect("it is open");
        let bound = bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let (address, counts) = server.listen("v1", table, bound).expect("a thread");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.connect(address).expect("loopback");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("some time");
        Self { server, counts, socket, events, submitted }
    }

    /// Sends bytes that were captured, and waits until they were looked at.
    fn replay(&self, datagram: &[u8]) {
        let before = self.counts.received.value();
        self.socket.send(datagram).expect("loopback");
        while self.counts.received.value() == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sends a datagram, and gives up to which record the answer says that all are durable.
    fn send(&self, device: &mut Device, records: &[Record]) -> u32 {
        let (mut datagram, mut ack) = ([0; 1_500], [0; 100]);
        let length = device.encode(records, true, &mut datagram).expect("there is room");
        self.socket.send(&datagram[..length]).expect("loopback");
        let length = self.socket.recv(&mut ack).expect("an acknowledgement");
        device.open_ack(&mut ack[..length]).expect("it is genuine").durable_through
    }

    fn stop(self) -> (Arc<Counts>, Vec<Event>) {
        let report = self.server.stop();
        assert_eq!(report.errors, Vec::<String>::new());
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        (self.counts, events)
    }
}

fn breaches(events: &[Event]) -> usize {
    let is_start = |e: &&Event| e.kind == EventKind::Breach && e.phase == Phase::Started;
    events.iter().filter(is_start).count()
}

#[test]
fn what_was_acknowledged_is_known_after_a_start_and_nothing_else_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = wardline_wire::datagram::Secret::new(PLAN.secret(1));
    let mut device = Device::new(1, Suite::ChaCha20Poly1305, &secret);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("1970");
    let at = Timestamp::from_ms(now.as_millis() as i64);
    let [zone, ..] = PLAN.inputs(1, at);
    let degree = |place: usize| zone["geometry"]["coordinates"][place].as_f64().expect("a number");
    let inside = |seq: u32| {
        let (lat_e7, lon_e7) = ((degree(1) * 1e7) as i32, (degree(0) * 1e7) as i32);
        let mut record = Record::fix(seq, now.as_millis() as u64 + u64::from(seq), lat_e7, lon_e7);
        record.accuracy_mm = 5_000;
        record
    };
    let first: Vec<_> = (1..=3).map(inside).collect();

    let fixture = Fixture::start(folder.path(), at);
    assert_eq!(fixture.submitted, 6);
    // Its next datagram, as somebody on the way captures it.
    let (mut captured, mut twin) = ([0; 1_500], Device::new(1, Suite::ChaCha20Poly1305, &secret));
    twin.rotate();
    device.rotate();
    let length = twin.encode(&first, true, &mut captured).expect("there is room");
    assert_eq!(fixture.send(&mut device, &first), 3);
    let (counts, events) = fixture.stop();
    assert_eq!((counts.accepted.value(), counts.records.value()), (1, 3));
    assert_eq!(breaches(&events), 1);

    let fixture = Fixture::start(folder.path(), at);
    assert_eq!(fixture.submitted, 0, "the journal has them");
    fixture.replay(&captured[..length]);
    assert_eq!(fixture.send(&mut device, &first), 3, "they are durable still");
    let both: Vec<_> = (3..=4).map(inside).collect();
    assert_eq!(fixture.send(&mut device, &both), 4);
    let (counts, events) = fixture.stop();
    assert_eq!((counts.accepted.value(), counts.records.value()), (1, 1));
    assert_eq!(counts.refused().get(REPEATED), Some(&1));
    assert_eq!(counts.refused().get("replayed"), Some(&1), "the epoch and the counter are known");
    assert_eq!(breaches(&events), 0, "it was told before, and goes on");

    // Another number of shards: no snapshot can be used, and all is judged again, and told to
    // nobody.
    let journal = past::open(folder.path(), &Config::default(), 3).expect("it is sound");
    assert!(journal.found().unused.len() >= 2);
    assert_eq!((journal.found().from, journal.found().told > 0), (1, true));
}
