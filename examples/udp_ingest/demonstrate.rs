//! The demo: what is asked for, said and written.

use super::{Arguments, Failure};
use clap::{Args, value_parser};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use wardline_examples::demo::{self, Say, Settings};
use wardline_examples::files::Output;
use wardline_examples::map::write_map;
use wardline_examples::udp::closing;

/// Where the map goes if nothing is said.
const MAP: &str = "udp_ingest.html";

/// The demo, without --listen.
#[derive(Args)]
#[command(next_help_heading = "The demo (without --listen)")]
pub struct Demo {
    /// How long the simulated devices send, in seconds
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u64).range(3..=86_400))]
    seconds: u64,

    /// Simulated devices
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    devices: u32,

    /// Datagrams a second, of which 10 % are malformed or forged
    #[arg(long, default_value_t = 20_000, value_parser = value_parser!(u32).range(1..=5_000_000))]
    rate: u32,

    /// What the simulation comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Write the closing figures here, as JSON
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,

    /// Draw the people who walk into their zone, and some others, as one HTML file
    #[arg(long, value_name = "FILE", default_value = MAP)]
    map: PathBuf,
}

/// Runs the demo; fails if the figures do not add up or a breach was missed or invented.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let asked = &arguments.demo;
    let taken: Vec<&Path> = arguments.events.iter().map(PathBuf::as_path).collect();
    let events = arguments.events.as_deref().map(|file| Output::create(Some(file), &[]));
    let mut map = Output::create(Some(&asked.map), &taken)?;
    let summary = asked.summary.as_deref().map(|file| Output::create(Some(file), &taken));
    let (events, summary) = (events.transpose()?, summary.transpose()?);
    let settings = Settings {
        duration: Duration::from_secs(asked.seconds),
        devices: asked.devices,
        rate_per_s: asked.rate,
        shards: arguments.shards.into(),
        seed: asked.seed,
        nap: Duration::from_micros(arguments.nap_us.into()),
        journal: arguments.journal.clone(),
        events,
        map: true,
    };
    let say: Say = Arc::new(|line| println!("{line}"));
    let outcome = demo::run(settings, &say)?;
    println!("\n{}\n{}", outcome.figures, closing::kept(&outcome.report));
    let kept = outcome.sent.kept;
    if kept > 0 {
        println!("{kept} records were not acknowledged in time");
    }
    if let Some((inputs, events)) = outcome.map {
        let written = write_map(inputs.into_iter(), &events, &mut map);
        written.map_err(|error| map.failure(error))?;
        println!("map: {}", asked.map.display());
    }
    if let Some(mut summary) = summary {
        let written = writeln!(summary, "{:#}", outcome.figures.to_json());
        written.and_then(|()| summary.flush()).map_err(|error| summary.failure(error))?;
    }
    let faults = [outcome.figures.faults(), outcome.report.errors].concat();
    for fault in &faults {
        eprintln!("udp_ingest: {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
