//! The server of `udp_ingest`, over real sockets on loopback.

use nom_teltonika::decoder::take_datagram;
use nom_teltonika::encoder::{
    AvlRecordFields, DatagramHeaderFields, encode_avl_datagram, encode_udp_ack,
};
use nom_teltonika::protocol::{AvlCodec, AvlTimestamp, GpsElement, ImeiView, Priority};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wardline_core::Config;
use wardline_core::event::{Certainty, Event, EventKind, Phase};
use wardline_examples::demo::{self, Outcome, Say, Settings};
use wardline_examples::files::Output;
use wardline_examples::fleet::Plan;
use wardline_examples::udp::socket::bind;
use wardline_examples::udp::{Counts, Front, REPEATED, Server, Setup};
use wardline_wire::datagram::{DeviceTable, TableConfig};
use wardline_wire::jsonl::parse_line;
use wardline_wire::owntracks::{MESSAGE_BYTES_MAX, OwnTracks, key_of_passphrase};
use wardline_wire::protocol::Channel;
use wardline_wire::teltonika::{Imei, Teltonika};

const PLAN: Plan = Plan { seed: 3, devices: 4, planted: 1, duration: Duration::from_secs(3) };
const IMEI: &str = "352093086403655";

fn run_demo(shards: usize, seed: u64, events: &Path) -> Outcome {
    let settings = Settings {
        duration: Duration::from_secs(3),
        devices: 300,
        rate_per_s: 1_500,
        shards,
        seed,
        nap: Duration::from_micros(200),
        journal: None,
        events: Some(Output::create(Some(events), &[]).expect("the file can be made")),
        map: true,
    };
    let say: Say = Arc::new(|_| ());
    demo::run(settings, &say).expect("it can start")
}

#[test]
fn the_demo_accounts_for_each_datagram_and_each_breach() {
    let directory = tempfile::tempdir().expect("a directory");
    for (shards, seed) in [(1, 1), (3, 2)] {
        let file = directory.path().join(format!("{shards}.jsonl"));
        let outcome = run_demo(shards, seed, &file);
        let figures = &outcome.figures;
        assert_eq!(figures.faults(), Vec::<String>::new(), "{figures}");
        assert_eq!(outcome.report.errors, Vec::<String>::new());
        assert_eq!((figures.planted_breaches, figures.reported_breaches), (60, 60));
        assert_eq!(outcome.sent.kept, 0, "all was acknowledged");
        // The ways to be refused that every run meets.
        for reason in ["forged", "replayed", REPEATED, "length", "wrong_epoch"] {
            assert!(figures.refused.contains_key(reason), "{reason}: {figures}");
        }
        assert!(figures.accepted > 3_000 && outcome.sent.lost > 0, "{figures}");
        // The file has every event, counted apart from the program.
        let written = std::fs::read_to_string(&file).expect("it was written");
        let events: Vec<Value> =
            written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(events.len() as u64, figures.events.values().sum::<u64>());
        let started =
            events.iter().filter(|e| e["kind"] == "breach" && e["phase"] == "started").count();
        assert_eq!(started, 60);
        let (inputs, shown) = outcome.map.expect("it was asked for");
        assert!(inputs.iter().any(|input| input["type"] == "fix") && !shown.is_empty());
    }
}

#[test]
fn the_summary_has_the_promised_names() {
    let directory = tempfile::tempdir().expect("a directory");
    let figures = run_demo(2, 5, &directory.path().join("events.jsonl")).figures.to_json();
    let names: Vec<_> = figures.as_object().expect("an object").keys().cloned().collect();
    let promised = [
        "accepted",
        "events",
        "invented",
        "kernel_dropped",
        "latency_us",
        "missed",
        "planted_breaches",
        "received",
        "refused",
        "reported_breaches",
        "sent",
    ];
    assert_eq!(names, promised);
    let latency = &figures["latency_us"];
    let [p50, p99, p999] = ["p50", "p99", "p999"].map(|name| latency[name].as_f64().expect(name));
    assert!(0.0 < p50 && p50 <= p99 && p99 <= p999, "{latency}");
}

/// A server with the plan's orders that keeps its events.
struct Fixture {
    server: Server,
    address: SocketAddr,
    counts: Arc<Counts>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Fixture {
    fn start(protocol: impl Front) -> Self {
        Self::start_with(|server| {
            let bound = bind(([127, 0, 0, 1], 0).into()).expect("a port");
            server.listen("test", protocol, bound).expect("a thread")
        })
    }

    fn start_with(listen: impl FnOnce(&mut Server) -> (SocketAddr, Arc<Counts>)) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let keeps = events.clone();
        let setup = Setup {
            config: Config::default(),
            shards: 2,
            nap: Duration::ZERO,
            journal: None,
            snapshot_inputs: 1,
            events: None,
            watcher: Box::new(move |event: &Event| keeps.lock().unwrap().push(event.clone())),
        };
        let mut server = Server::start(setup).expect("threads");
        let lines = (0..PLAN.devices).flat_map(|n| PLAN.inputs(n, server.now()));
        let records = lines.map(|line| parse_line(&line.to_string(), 1)).collect();
        server.submit(records).expect("it is open");
        let (address, counts) = listen(&mut server);
        Self { server, address, counts, events }
    }

    fn stop(self) -> (Arc<Counts>, Vec<Event>) {
        let report = self.server.stop();
        assert_eq!(report.errors, Vec::<String>::new());
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        (self.counts, events)
    }
}

/// Latitude and longitude of the centre of a person's zone.
fn centre(n: u32) -> (f64, f64) {
    let [zone, ..] = PLAN.inputs(n, wardline_core::time::Timestamp::from_ms(0));
    let at = &zone["geometry"]["coordinates"];
    (at[1].as_f64().expect("latitude"), at[0].as_f64().expect("longitude"))
}

fn breaches(events: &[Event]) -> Vec<(u64, Phase, Option<Certainty>)> {
    let of_kind = events.iter().filter(|event| event.kind == EventKind::Breach);
    let certainty = |event: &Event| event.episode.and_then(|episode| episode.certainty);
    of_kind.map(|event| (event.person.number(), event.phase, certainty(event))).collect()
}

#[test]
fn a_device_written_in_python_is_understood_and_understands() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/wire_client.py");
    let import = ["-c", "import cryptography"];
    let has = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    if !has(Command::new("python3").args(import)) {
        eprintln!("!!! SKIPPED: python3 or its package `cryptography` is missing.");
        return;
    }
    let mut table = DeviceTable::new(TableConfig::default());
    (0..PLAN.devices).for_each(|n| table.insert(&PLAN.key(n)).expect("a free index"));
    let fixture = Fixture::start(table);
    let (lat, lon) = centre(2);
    let secret: String = PLAN.secret(2).iter().map(|byte| format!("{byte:02x}")).collect();
    let ran = Command::new("python3")
        .arg(client)
        .args([&fixture.address.ip().to_string(), &fixture.address.port().to_string()])
        .args(["2", &secret, "5", "--records", "3", "--wait", "10"])
        .args(["--lat", &lat.to_string(), "--lon", &lon.to_string()])
        .output()
        .expect("it was there a moment ago");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(said.lines().count(), 5, "{said}");
    assert!(said.lines().last().is_some_and(|ack| ack.contains("'durable_through': 15")), "{said}");
    let (counts, events) = fixture.stop();
    assert_eq!((counts.accepted.value(), counts.records.value()), (5, 15));
    assert_eq!(
        breaches(&events),
        [(Plan::person(2).number(), Phase::Started, Some(Certainty::Certain))]
    );
}

#[test]
fn a_teltonika_tracker_is_answered_and_what_it_repeats_is_known() {
    let mut protocol = Teltonika::new(Channel::Authenticated);
    protocol.insert(Imei::new(IMEI.as_bytes()).expect("an IMEI"), Plan::device(1));
    let fixture = Fixture::start(protocol);
    let (lat, lon) = centre(1);
    let gps = GpsElement {
        longitude_raw: (lon * 1e7) as i32,
        latitude_raw: (lat * 1e7) as i32,
        altitude_meters: 760,
        angle_degrees: 0,
        satellites: 9,
        speed_kph: 0,
    };
    let now_ms = fixture.server.now().ms() as u64;
    let records =
        [0, 1].map(|n| AvlRecordFields::new(AvlTimestamp::from(now_ms + n), Priority::Low, gps));
    let header = DatagramHeaderFields {
        packet_id: 0xCAFE,
        avl_packet_id: 5,
        imei: ImeiView::try_from(IMEI).expect("an IMEI"),
    };
    let packet = encode_avl_datagram(header, AvlCodec::Codec8, &records).expect("it is whole");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    for _ in 0..2 {
        socket.send_to(&packet, fixture.address).expect("loopback");
        let mut answer = [0; 64];
        let length = socket.recv(&mut answer).expect("an answer");
        let ids = take_datagram(&mut &packet[..]).expect("it is whole").ids();
        assert_eq!(answer[..length], encode_udp_ack(ids, 2));
    }
    socket.send_to(&packet[..packet.len() - 1], fixture.address).expect("loopback");
    let (counts, events) = fixture.stop();
    assert_eq!((counts.received.value(), counts.accepted.value()), (3, 2));
    assert_eq!(counts.refused().into_iter().collect::<Vec<_>>(), [("length", 1)]);
    let person = Plan::person(1).number();
    assert_eq!(breaches(&events), [(person, Phase::Started, Some(Certainty::Certain))]);
}

/// Posts a message and gives the status line and the body of the answer.
fn post(address: SocketAddr, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("loopback");
    let length = body.len();
    let request = format!("{head}\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("loopback");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn a_phone_with_owntracks_is_answered_and_strangers_are_not() {
    let mut phones = OwnTracks::new(Channel::Authenticated);
    phones.insert("owntracks/jane/p7", Plan::device(3), None);
    phones.insert("owntracks/mary/p8", Plan::device(2), key_of_passphrase("a secret"));
    let fixture = Fixture::start_with(|server| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        server.listen_to_phones(phones, listener).expect("threads")
    });
    let (lat, lon) = centre(3);
    let time_s = fixture.server.now().ms() / 1_000 + 1;
    let message = json!({ "_type": "location", "lat": lat, "lon": lon, "tst": time_s, "acc": 9 });
    let message = message.to_string();
    let post = |head: &str, body: &str| post(fixture.address, head, body);
    let by_header = "POST /pub HTTP/1.1\r\nX-Limit-U: jane\r\nX-Limit-D: p7";
    let good = ("HTTP/1.1 200 OK".to_owned(), "[]".to_owned());
    assert_eq!(post(by_header, &message), good);
    assert_eq!(post("POST /pub?u=jane&d=p7 HTTP/1.1", &message), good);
    let status = |head: &str, body: &str| post(head, body).0;
    assert_eq!(status("POST /?u=jane&d=p9 HTTP/1.1", &message), "HTTP/1.1 403 Forbidden");
    assert_eq!(status("POST /?u=mary&d=p8 HTTP/1.1", &message), "HTTP/1.1 403 Forbidden");
    assert_eq!(status("GET / HTTP/1.1", ""), "HTTP/1.1 405 Method Not Allowed");
    let long = format!("{by_header}\r\nContent-Length: {}", MESSAGE_BYTES_MAX + 1);
    assert_eq!(status(&long, ""), "HTTP/1.1 413 Content Too Large");
    let (counts, events) = fixture.stop();
    let refused: Vec<_> = counts.refused().into_iter().collect();
    assert_eq!(refused, [("not_encrypted", 1), ("unknown_device", 1)]);
    assert_eq!((counts.received.value(), counts.accepted.value(), counts.acks.value()), (4, 2, 2));
    let person = Plan::person(3).number();
    assert_eq!(breaches(&events), [(person, Phase::Started, Some(Certainty::Certain))]);
}

/// So that a client that was moved is missed, and not taken for one that cannot run.
#[test]
fn the_python_client_is_where_it_is_looked_for() {
    let client: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "clients", "wire_client.py"].iter().collect();
    assert!(client.is_file(), "{}", client.display());
}
