//! The server for real devices: what is listened to, and what is said at the end.

use super::{Arguments, Failure};
use clap::{ArgGroup, Args};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use wardline::Config;
use wardline::journal::Journal;
use wardline_examples::files::Output;
use wardline_examples::udp::alerts::Alerts;
use wardline_examples::udp::clock::Clock;
use wardline_examples::udp::live::Live;
use wardline_examples::udp::metrics::{MetricsServer, text};
use wardline_examples::udp::past::Resumed;
use wardline_examples::udp::socket::bind;
use wardline_examples::udp::{Front, Server, Setup, closing, past, provision};
use wardline_wire::datagram::DeviceTable;
use wardline_wire::owntracks::OwnTracks;
use wardline_wire::protocol::Channel;

const LIVE_EACH: Duration = Duration::from_secs(10);
const DEMO_ONLY: [&str; 6] = ["seconds", "devices", "rate", "seed", "summary", "map"];

/// The server, with --listen, --teltonika or --owntracks.
#[derive(Args)]
#[command(
    next_help_heading = "A server for real devices",
    group = ArgGroup::new("receivers").multiple(true)
)]
pub struct Serve {
    /// Receive device datagrams (docs/wire.md) at this address, such as 0.0.0.0:4000
    #[arg(long, value_name = "ADDR", group = "receivers", requires_all = ["inputs", "keys"],
        conflicts_with_all = DEMO_ONLY)]
    listen: Option<SocketAddr>,

    /// Zones, orders and assignments of devices, as JSON Lines
    #[arg(long, value_name = "ORDERS.jsonl", requires = "receivers")]
    inputs: Option<PathBuf>,

    /// The devices' secrets: lines of {"device":9001,"index":0,"secret":"…","suite":"chacha20"}
    #[arg(long, value_name = "KEYS.jsonl", requires = "listen")]
    keys: Option<PathBuf>,

    /// Receive Teltonika Codec 8 and 8 Extended over UDP at this address
    #[arg(long, value_name = "ADDR", group = "receivers", requires_all = ["inputs", "imei"],
        conflicts_with_all = DEMO_ONLY)]
    teltonika: Option<SocketAddr>,

    /// The trackers: lines of {"imei":"352093081452251","device":9001}
    #[arg(long, value_name = "FILE", requires = "teltonika")]
    imei: Option<PathBuf>,

    /// Take messages of OwnTracks by HTTP at this address; a proxy in front must do TLS
    #[arg(long, value_name = "ADDR", group = "receivers", requires_all = ["inputs", "phones"],
        conflicts_with_all = DEMO_ONLY)]
    owntracks: Option<SocketAddr>,

    /// The phones: lines of {"user":"jane","phone":"p7","device":9001,"passphrase":"…"}
    #[arg(long, value_name = "FILE", requires = "owntracks")]
    phones: Option<PathBuf>,

    /// Only known parties can reach --teltonika and --owntracks: a private network, a proxy with
    /// passwords. Without this, positions that are not encrypted are doubtful and close no breach
    #[arg(long)]
    private_network: bool,

    /// Give metrics to Prometheus at this address, by HTTP
    #[arg(long, value_name = "ADDR", requires = "receivers")]
    metrics: Option<SocketAddr>,
}

impl Serve {
    /// Whether a server is asked for.
    pub fn is_asked(&self) -> bool {
        self.listen.is_some() || self.teltonika.is_some() || self.owntracks.is_some()
    }
}

/// Serves until Ctrl-C or SIGTERM; then what has come is judged and told.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let asked = &arguments.serve;
    let inputs = asked.inputs.as_deref().unwrap_or(Path::new(""));
    let taken: Vec<_> = [&asked.inputs, &asked.keys, &asked.imei, &asked.phones]
        .into_iter()
        .flatten()
        .map(|f| &**f)
        .collect();
    let events = arguments.events.as_deref().map(|file| match arguments.journal {
        // What is in it is not told again.
        Some(_) => Output::append(file, &taken),
        None => Output::create(Some(file), &taken),
    });
    let (config, shards) = (Config::default(), arguments.shards.into());
    let journal = arguments.journal.as_deref();
    let journal = journal.map(|folder| past::open(folder, &config, shards)).transpose()?;
    let mut records = provision::orders(inputs, Clock::new().now())?;
    print!("{}: {} inputs", inputs.display(), records.len());
    let mut table = asked.keys.as_deref().map(provision::keys).transpose()?;
    if let Some(journal) = &journal {
        past::only_new(journal, &mut records);
        println!(", of which {} are new\njournal: {}", records.len(), journal.found());
        if let Some(table) = &mut table {
            resume(journal, table);
        }
    } else {
        println!();
    }
    let mut alerts = Alerts::new();
    let setup = Setup {
        config,
        shards,
        journal,
        snapshot_inputs: arguments.snapshot_inputs,
        nap: Duration::from_micros(arguments.nap_us.into()),
        events: events.transpose()?,
        watcher: Box::new(move |event| {
            if let Some(line) = alerts.line(event) {
                println!("{line}");
            }
        }),
    };
    let started = Server::start(setup);
    let mut server = started.map_err(|e| Failure::new("cannot start", Path::new("threads"), e))?;
    let submitted = server.submit(records);
    submitted.map_err(|error| Failure::new("cannot use", inputs, error))?;
    if let (Some(address), Some(table)) = (asked.listen, table.take()) {
        listen(&mut server, "v1", table, address)?;
    }
    let channel = if asked.private_network { Channel::Authenticated } else { Channel::Open };
    if let (Some(address), Some(file)) = (asked.teltonika, &asked.imei) {
        listen(&mut server, "teltonika", provision::modems(file, channel)?, address)?;
    }
    if let (Some(address), Some(file)) = (asked.owntracks, &asked.phones) {
        listen_to_phones(&mut server, provision::phones(file, channel)?, address)?;
    }
    let metrics = asked.metrics.map(|address| give_metrics(&server, address)).transpose()?;
    wait(&server)?;
    println!("\nno more is received; what has come is judged");
    let (counts, told) = (server.counts(), server.told());
    if let Some(metrics) = metrics {
        metrics.stop();
    }
    let report = server.stop();
    print!("{}{}", closing::table(&counts, &told), closing::kept(&report));
    for error in &report.errors {
        eprintln!("udp_ingest: {error}");
    }
    Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets the table of devices know what the journal has.
fn resume(journal: &Journal, table: &mut DeviceTable) {
    let Resumed { devices, new_secrets } = past::resume(journal, table);
    println!("journal: what {devices} devices sent before will not be taken in again");
    if new_secrets > 0 {
        println!("journal: {new_secrets} of them have other secrets now");
    }
}

fn listen(
    server: &mut Server,
    name: &str,
    protocol: impl Front,
    address: SocketAddr,
) -> Result<(), Failure> {
    let failure = |error| Failure::new("cannot listen on", Path::new(&address.to_string()), error);
    let bound = bind(address).map_err(failure)?;
    let granted = bound.granted_bytes >> 10;
    let (address, _) = server.listen(name, protocol, bound).map_err(failure)?;
    println!("{name}: listening on {address}, receive buffer {granted} KiB");
    Ok(())
}

fn listen_to_phones(
    server: &mut Server,
    protocol: OwnTracks,
    address: SocketAddr,
) -> Result<(), Failure> {
    let failure = |error| Failure::new("cannot listen on", Path::new(&address.to_string()), error);
    let listener = TcpListener::bind(address).map_err(failure)?;
    let (address, _) = server.listen_to_phones(protocol, listener).map_err(failure)?;
    println!("owntracks: listening on http://{address}");
    Ok(())
}

fn give_metrics(server: &Server, address: SocketAddr) -> Result<MetricsServer, Failure> {
    let (counts, told, read) = (server.counts(), server.told(), server.metrics());
    let started = MetricsServer::start(address, move || text(&counts, &told, &read()));
    let failure = |error| Failure::new("cannot listen on", Path::new(&address.to_string()), error);
    let metrics = started.map_err(failure)?;
    println!("metrics: http://{}/metrics", metrics.address);
    Ok(metrics)
}

/// Until a signal asks to end, or a listener has ended by itself.
fn wait(server: &Server) -> Result<(), Failure> {
    let (ask, asked) = channel();
    // A second signal finds nobody to tell, which is right: the end is on its way.
    let handler = move || {
        let _ = ask.send(());
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::new("cannot watch for", Path::new("signals"), error))?;
    let (mut live, told) = (Live::new(), server.told());
    let counts: Vec<Arc<_>> = server.counts().into_iter().map(|(_, counts)| counts).collect();
    while asked.recv_timeout(LIVE_EACH) == Err(RecvTimeoutError::Timeout) && !server.has_failed() {
        println!("{}", live.line(&counts, &told));
    }
    Ok(())
}
