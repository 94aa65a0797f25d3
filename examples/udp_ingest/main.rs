//! Receives positions as datagrams over UDP and says which orders are being violated.
//!
//! Here are only arguments and files; sockets and threads are in the library of this package.

mod demonstrate;
mod serve;

use clap::{Parser, value_parser};
use std::path::PathBuf;
use std::process::ExitCode;
use wardline_examples::files::Failure;
use wardline_examples::udp::SNAPSHOT_INPUTS;

const EXAMPLES: &str = "\
Without --listen, --teltonika or --owntracks this is a demo: simulated devices send real datagrams
over loopback, some of them lost, repeated, malformed or forged, and 200 people walk into a zone
that they must keep out of. The closing figures are counted in datagrams, whatever number of records
is in one:

  sent = received + kernel_dropped      received = refused (by reason) + accepted

A datagram is accepted if it is authentic and brings a record that is new; one that brings none is
refused as `repeated`. The demo fails (exit 1) if this does not hold, or if a breach that was walked
was missed, or one was invented.

Examples:
  udp_ingest                                    the demo, 30 s
  udp_ingest --seconds 5 --devices 500 --rate 2000 --summary figures.json
  udp_ingest --listen 0.0.0.0:4000 --inputs orders.jsonl --keys keys.jsonl --events events.jsonl
                                                a server; Ctrl-C or SIGTERM ends it in order
  udp_ingest --listen … --journal journal       the same; goes on after a crash or a kill

From the workspace: cargo run --release --example udp_ingest -- ARGUMENTS";

/// Receives positions as datagrams over UDP and says which orders are being violated.
#[derive(Parser)]
#[command(name = "udp_ingest", version, after_help = EXAMPLES)]
struct Arguments {
    /// Engines that judge, each on a thread
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u16).range(1..=64))]
    shards: u16,

    /// Wait this long before receiving, in µs: fewer wake-ups, more latency
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(..=100_000))]
    nap_us: u32,

    /// Write the events here, as JSON Lines; with --journal, after those that are there
    #[arg(long, value_name = "OUT.jsonl")]
    events: Option<PathBuf>,

    /// Keep inputs and evidence in this folder, and go on from what is there: nothing that was
    /// acknowledged is lost, and no event is in the evidence twice
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,

    /// Write a snapshot to the journal after so many inputs
    #[arg(long, value_name = "N", default_value_t = SNAPSHOT_INPUTS, requires = "journal",
        value_parser = value_parser!(u64).range(1..))]
    snapshot_inputs: u64,

    #[command(flatten)]
    demo: demonstrate::Demo,

    #[command(flatten)]
    serve: serve::Serve,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.serve.is_asked() {
        true => serve::run(&arguments),
        false => demonstrate::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("udp_ingest: {failure}");
            ExitCode::FAILURE
        }
    }
}
