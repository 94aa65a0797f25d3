//! Sends device datagrams to a server, as a fleet of simulated devices would, and reads the
//! acknowledgements.

mod check;

use clap::{Parser, value_parser};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wardline_core::time::Timestamp;
use wardline_examples::files::{Failure, Output};
use wardline_examples::fleet::{Fleet, Manner, Plan, Sent};

const LIVE_EACH: Duration = Duration::from_secs(1);
/// Orders are said to be received so long ago, lest a server's clock be a little behind.
const ORDERS_BEFORE_MS: i64 = 60_000;

const EXAMPLES: &str = "\
Examples:
  load_gen --keys-out keys.jsonl --inputs-out orders.jsonl
                     write what a server must be started with, and send nothing
  load_gen --to 127.0.0.1:4000 --seconds 10 --rate 50000
                     send; seed and --devices must be those of the files

  load_gen --to 127.0.0.1:4000 --acked acked.txt ; load_gen --check journal --acked acked.txt
                     is all that was acknowledged in the server's journal?

A server refuses counters that it has seen: start it anew without its journal, or take another seed,
for each run.
The secrets come from the seed; they protect nothing.";

/// Sends device datagrams (docs/wire.md) to a server and reads the acknowledgements.
#[derive(Parser)]
#[command(name = "load_gen", version, after_help = EXAMPLES)]
struct Arguments {
    /// The server
    #[arg(long, value_name = "ADDR",
        required_unless_present_any = ["keys_out", "inputs_out", "check"])]
    to: Option<SocketAddr>,

    /// Datagrams a second
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=5_000_000))]
    rate: u32,

    /// The share of datagrams that are malformed or forged, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    malformed_share: f64,

    /// The share of the devices' datagrams that are lost on purpose, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    lost_share: f64,

    /// Datagrams that go out in one call, where the kernel can (UDP GSO)
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u8).range(1..=64))]
    batch: u8,

    /// New records in each datagram
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=37))]
    records_per_datagram: u8,

    /// Devices that send
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=4_000_000))]
    devices: u32,

    /// How long to send
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(3..=86_400))]
    seconds: u64,

    /// What devices, keys and ways come from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How long to go on at the end to send what was not acknowledged, in seconds
    #[arg(long, default_value_t = 10)]
    patience: u64,

    /// At the end, write here up to which record each device was acknowledged
    #[arg(long, value_name = "FILE")]
    acked: Option<PathBuf>,

    /// Send nothing, but compare the journal of a server that has ended with the file of --acked:
    /// seed, --devices and --seconds must be those of the sending
    #[arg(long, value_name = "JOURNAL", requires = "acked", conflicts_with = "to")]
    check: Option<PathBuf>,

    /// Write the keys of the devices here
    #[arg(long, value_name = "KEYS.jsonl")]
    keys_out: Option<PathBuf>,

    /// Write zones, orders and assignments here; every fifth person, up to 200, will break one
    #[arg(long, value_name = "ORDERS.jsonl")]
    inputs_out: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{text:?} is not a share from 0 to 1"))
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("load_gen: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let plan = Plan {
        seed: arguments.seed,
        devices: arguments.devices,
        planted: wardline_examples::demo::PLANTED.min(arguments.devices.div_ceil(5)),
        duration: Duration::from_secs(arguments.seconds),
    };
    if let (Some(journal), Some(acked)) = (&arguments.check, &arguments.acked) {
        return check::run(&plan, journal, acked);
    }
    if let Some(file) = &arguments.keys_out {
        let lines = (0..plan.devices).map(|n| plan.key_line(n));
        write_lines(file, &[], lines)?;
    }
    if let Some(file) = &arguments.inputs_out {
        let at = now().plus_ms(-ORDERS_BEFORE_MS);
        let lines = (0..plan.devices).flat_map(|n| plan.inputs(n, at));
        let taken: Vec<&Path> = arguments.keys_out.iter().map(PathBuf::as_path).collect();
        write_lines(file, &taken, lines.map(|line| line.to_string()))?;
    }
    arguments.to.map_or(Ok(ExitCode::SUCCESS), |to| send(arguments, plan, to))
}

fn send(arguments: &Arguments, plan: Plan, to: SocketAddr) -> Result<ExitCode, Failure> {
    let manner = Manner {
        rate_per_s: arguments.rate,
        batch: arguments.batch.into(),
        records: arguments.records_per_datagram.into(),
        hostile: arguments.malformed_share,
        lost: arguments.lost_share,
        patience: Duration::from_secs(arguments.patience),
        ..Manner::smooth()
    };
    let failure = |error| Failure::new("cannot send to", Path::new(&to.to_string()), error);
    let mut fleet = Fleet::new(plan, manner, to, now()).map_err(failure)?;
    let (mut told, mut before) = (Instant::now(), Sent::default());
    fleet.run(&mut |sent| {
        if told.elapsed() >= LIVE_EACH {
            let rate = (sent.sent - before.sent) as f64 / told.elapsed().as_secs_f64();
            println!("{rate:8.0} datagrams/s | sent {} | acks {}", sent.sent, sent.acks);
            (told, before) = (Instant::now(), *sent);
        }
        true
    });
    let Sent { sent, unsent, hostile, lost, acks, records, kept } = fleet.sent();
    println!("datagrams sent {sent} ({hostile} of them hostile), not taken by the kernel {unsent}");
    println!("lost on purpose {lost}; acknowledgements {acks}");
    println!("records made {records}, not acknowledged {kept}");
    if let Some(file) = &arguments.acked {
        write_lines(file, &[], fleet.acked_through().map(|through| through.to_string()))?;
    }
    Ok(if kept == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write_lines(
    file: &Path,
    taken: &[&Path],
    mut lines: impl Iterator<Item = String>,
) -> Result<(), Failure> {
    let mut out = Output::create(Some(file), taken)?;
    let written: io::Result<()> = lines.try_for_each(|line| writeln!(out, "{line}"));
    written.and_then(|()| out.flush()).map_err(|error| out.failure(error))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
