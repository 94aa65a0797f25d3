//! The demonstration: a server and a simulated fleet that sends to it over real UDP.
//!
//! The fleet knows which people walk into their zone, and the server's events are compared with
//! that. All datagrams are accounted for; see [`Figures`].

mod figures;
mod found;

pub use figures::Figures;

use crate::files::{Failure, Output};
use crate::fleet::{Fleet, Manner, Plan, Sent};
use crate::udp::live::Live;
use crate::udp::socket::bind;
use crate::udp::{Counts, Report, SNAPSHOT_INPUTS, Server, Setup, past};
use found::Found;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
use wardline::journal::Journal;
use wardline::pipeline::Metrics;
use wardline::{Config, jsonl};
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{DeviceTable, RateLimit, TableConfig};

/// How many people walk into their zone, if there are so many.
pub const PLANTED: u32 = 200;
/// People shown on the map besides them.
const OTHERS_SHOWN: u32 = 100;
const LIVE_EACH: Duration = Duration::from_secs(1);
/// How often it is looked whether all is set up.
const SET_UP_EACH: Duration = Duration::from_millis(5);

/// What is demonstrated.
pub struct Settings {
    /// How long the fleet sends; at least 3 s, so that nobody must run faster than a car.
    pub duration: Duration,
    /// How many devices there are.
    pub devices: u32,
    /// Datagrams a second, hostile ones included.
    pub rate_per_s: u32,
    /// How many engines judge.
    pub shards: usize,
    /// What the fleet comes from.
    pub seed: u64,
    /// How long the server waits before receiving.
    pub nap: Duration,
    /// The folder of a new journal.
    pub journal: Option<PathBuf>,
    /// Where events are written.
    pub events: Option<Output>,
    /// Whether to keep what a map needs.
    pub map: bool,
}

/// What came of it.
pub struct Outcome {
    /// The closing figures.
    pub figures: Figures,
    /// What the fleet did.
    pub sent: Sent,
    /// What the server says.
    pub report: Report,
    /// Inputs and events of the people on the map.
    pub map: Option<(Vec<Value>, Vec<Value>)>,
}

/// Who says lines to people.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// Runs it.
///
/// # Errors
///
/// If there is no socket or no thread to be had.
pub fn run(settings: Settings, say: &Say) -> Result<Outcome, Failure> {
    let plan = Plan {
        seed: settings.seed,
        devices: settings.devices,
        planted: PLANTED.min(settings.devices.div_ceil(5)),
        duration: settings.duration,
    };
    let failure = |error: io::Error| Failure::new("cannot start", Path::new("the demo"), error);
    let found = Arc::new(Found::new(plan, settings.map.then_some(is_shown)));
    let config = Config::default();
    let journal = settings.journal.as_deref();
    let journal = journal.map(|folder| new_journal(folder, &config, settings.shards));
    let setup = Setup {
        config,
        shards: settings.shards,
        journal: journal.transpose()?,
        snapshot_inputs: SNAPSHOT_INPUTS,
        nap: settings.nap,
        events: settings.events,
        watcher: found.watcher(say.clone()),
    };
    let mut server = Server::start(setup).map_err(failure)?;
    let mut inputs = set_up(&server, &plan, settings.map).map_err(failure)?;
    let table = table(&plan, settings.rate_per_s).map_err(failure)?;
    let bound = bind(([127, 0, 0, 1], 0).into()).map_err(failure)?;
    say(&format!("receive buffer: {} KiB granted", bound.granted_bytes >> 10));
    let (address, counts) = server.listen("v1", table, bound).map_err(failure)?;
    say(&format!(
        "{} devices send {} datagrams/s to {address} for {} s; {} people will walk into their zone",
        plan.devices,
        settings.rate_per_s,
        plan.duration.as_secs(),
        plan.planted
    ));
    let manner = Manner::rough(settings.rate_per_s);
    let sent = send(&server, plan, manner, address, settings.map, say);
    let (told, events) = (server.told(), found.clone());
    let report = server.stop();
    let (sent, fixes) = sent.map_err(failure)?;
    inputs.extend(fixes);
    let map = settings.map.then(|| (inputs, events.take_events()));
    Ok(Outcome { figures: figures(&sent, &counts, &told, &found, &report), sent, report, map })
}

/// The fleet begins anew each time, so its journal must too.
fn new_journal(folder: &Path, config: &Config, shards: usize) -> Result<Journal, Failure> {
    let journal = past::open(folder, config, shards)?;
    match journal.found().inputs.is_new {
        true => Ok(journal),
        false => Err(Failure::new("cannot use the journal", folder, "the demo needs a new one")),
    }
}

/// Who is on the map: those who walk into their zone, and a few others.
fn is_shown(plan: &Plan, n: u32) -> bool {
    plan.is_planted(n) || n.is_multiple_of(plan.devices.div_ceil(OTHERS_SHOWN))
}

/// Orders, zones and assignments; gives those of the people on the map.
fn set_up(server: &Server, plan: &Plan, map: bool) -> io::Result<Vec<Value>> {
    let (now, mut kept) = (server.now(), Vec::new());
    for n in 0..plan.devices {
        let inputs = plan.inputs(n, now);
        let records = inputs.iter().map(|input| jsonl::parse_line(&input.to_string(), 1));
        server.submit(records.collect())?;
        if map && is_shown(plan, n) {
            kept.extend(inputs);
        }
    }
    // A fix from before its device is assigned would be refused.
    let metrics = server.metrics();
    let is_done = |metrics: &Metrics| metrics.judged() + metrics.quarantined() >= metrics.submitted;
    while !is_done(&metrics()) && !server.has_failed() {
        thread::sleep(SET_UP_EACH);
    }
    Ok(kept)
}

fn table(plan: &Plan, rate_per_s: u32) -> io::Result<DeviceTable> {
    let mut config = TableConfig::default();
    // However few devices share the rate, none is to be slowed down.
    let records_per_s = rate_per_s.max(config.rate.records_per_s);
    config.rate = RateLimit::new(records_per_s, config.rate.burst_records);
    let mut table = DeviceTable::new(config);
    for n in 0..plan.devices {
        table.insert(&plan.key(n)).map_err(io::Error::other)?;
    }
    Ok(table)
}

/// Runs the fleet on a thread of its own, and says how it goes.
fn send(
    server: &Server,
    plan: Plan,
    manner: Manner,
    to: SocketAddr,
    track: bool,
    say: &Say,
) -> io::Result<(Sent, Vec<Value>)> {
    let (done, is_done) = channel();
    let now = server.now();
    let run = move || {
        let outcome = run_fleet(plan, manner, to, track, now);
        // Whoever waits for this is there until it comes.
        let _ = done.send(());
        outcome
    };
    let thread = thread::Builder::new().name("fleet".into()).spawn(run)?;
    let (mut live, told) = (Live::new(), server.told());
    let counts: Vec<_> = server.counts().into_iter().map(|(_, counts)| counts).collect();
    while is_done.recv_timeout(LIVE_EACH) == Err(RecvTimeoutError::Timeout) {
        say(&live.line(&counts, &told));
    }
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the fleet panicked")))
}

fn run_fleet(
    plan: Plan,
    manner: Manner,
    to: SocketAddr,
    track: bool,
    now: Timestamp,
) -> io::Result<(Sent, Vec<Value>)> {
    let mut fleet = Fleet::new(plan, manner, to, now)?;
    if track {
        fleet.track(is_shown);
    }
    fleet.run(&mut |_| true);
    Ok((fleet.sent(), fleet.take_fixes()))
}

fn figures(
    sent: &Sent,
    counts: &Counts,
    told: &crate::udp::told::Told,
    found: &Found,
    report: &Report,
) -> Figures {
    let received = counts.received.value();
    let kernel_dropped = match cfg!(target_os = "linux") {
        true => counts.kernel_dropped.value(),
        // Elsewhere nobody counts them; what did not come must have been dropped.
        false => sent.sent.saturating_sub(received),
    };
    let events = told.by_kind().into_iter().map(|(kind, count)| (kind.word(), count)).collect();
    let (reported_breaches, missed, invented) = found.compare();
    Figures {
        sent: sent.sent,
        received,
        kernel_dropped,
        refused: counts.refused(),
        accepted: counts.accepted.value(),
        events,
        planted_breaches: found.planted(),
        reported_breaches,
        missed,
        invented,
        latency: told.latency_us(),
        durable: report.written.map(|written| written.durable),
        numbered: report.pipeline.as_ref().map_or(0, |pipeline| pipeline.metrics.numbered),
    }
}
