//! Receives positions as datagrams over UDP and says which orders are being violated.
//!
//! Here are only the arguments; what they start is in the library of this package.

mod demonstrate;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use wardline_examples::files::Failure;

/// Receives positions as datagrams over UDP and says which orders are being violated.
#[derive(Parser)]
#[command(name = "udp_ingest", version)]
struct Arguments {
    /// Engines that judge, each on a thread
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    shards: u16,

    /// Wait this long before receiving, in µs: fewer wake-ups, more latency
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    nap_us: u32,

    /// Write the events here, as JSON Lines
    #[arg(long, value_name = "OUT.jsonl")]
    events: Option<PathBuf>,

    #[command(flatten)]
    demo: demonstrate::Demo,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match demonstrate::run(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("udp_ingest: {failure}");
            ExitCode::FAILURE
        }
    }
}
