//! A flood of forged datagrams leaves nothing behind but counters. Alone in its process, since it
//! measures memory.

#![cfg(target_os = "linux")]

use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::net::UdpSocket;
use std::time::{Duration, Instant};
use wardline_core::Config;
use wardline_examples::fleet::{Plan, hostile};
use wardline_examples::udp::socket::bind;
use wardline_examples::udp::{Server, Setup};
use wardline_wire::datagram::{DeviceTable, TableConfig};

const DEVICES: u32 = 1_000;
const FLOOD: u64 = 200_000;
/// Much less than the flood: 200,000 datagrams of 64 bytes and more are above 12 MiB.
const GROWTH_BYTES_MAX: u64 = 4 << 20;

/// What the process has in memory.
fn resident_bytes() -> u64 {
    let table = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: u64 =
        table.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4_096
}

#[test]
fn a_flood_of_forged_datagrams_makes_no_growth() {
    let plan = Plan { seed: 1, devices: DEVICES, planted: 0, duration: Duration::from_secs(3) };
    let mut table = DeviceTable::new(TableConfig::default());
    (0..DEVICES).for_each(|n| table.insert(&plan.key(n)).expect("a free index"));
    let setup = Setup {
        config: Config::default(),
        shards: 1,
        nap: Duration::ZERO,
        journal: None,
        snapshot_inputs: 1,
        events: None,
        watcher: Box::new(|event| panic!("nobody can cause {event:?}")),
    };
    let mut server = Server::start(setup).expect("threads");
    let bound = bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let (address, counts) = server.listen("v1", table, bound).expect("a thread");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.connect(address).expect("loopback");
    let (mut rng, mut room) = (SmallRng::seed_from_u64(1), hostile::room());
    let mut send = |many: u64| {
        let mut sent = 0;
        for _ in 0..many {
            let length = hostile::write(&mut rng, DEVICES, None, &mut room);
            sent += u64::from(socket.send(&room[..length]).is_ok());
        }
        let until = Instant::now() + Duration::from_secs(20);
        while counts.received.value() < sent && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1_100)); // Drops are read once a second.
            if counts.received.value() + counts.kernel_dropped.value() >= sent {
                break;
            }
        }
        sent
    };
    let warm = send(FLOOD / 10);
    let before = resident_bytes();
    let sent = warm + send(FLOOD);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "{grown} bytes more");
    let metrics = server.metrics();
    let report = server.stop();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(sent, counts.received.value() + counts.kernel_dropped.value());
    let refused = counts.refused();
    assert_eq!(refused.values().sum::<u64>(), counts.received.value(), "each has its reason");
    assert!(refused.contains_key("forged") && refused.len() >= 6, "{refused:?}");
    assert_eq!((counts.records.value(), counts.acks.value()), (0, 0), "nobody is answered");
    assert!(metrics().submitted <= 120, "nothing but ticks went in");
}
