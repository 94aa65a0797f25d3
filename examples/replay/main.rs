//! Feeds a file of inputs to the engine and writes the events.

mod import_csv;
mod judging;
mod summary;

use clap::Parser;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wardline_core::Config;
use wardline_examples::files::{self, Failure, Output};
use wardline_wire::jsonl::write_row;

const EXAMPLES: &str = "\
Examples:
  replay day.jsonl --events events.jsonl    judge a file, keep the events
  replay day.jsonl --map day.html > /dev/null
                                            see zones, tracks and episodes in a browser
  replay year.jsonl --shards 8 --events events.jsonl
                                            judge it with eight engines
  zcat day.jsonl.gz | replay -              judge what a pipe brings, events on stdout
  replay --import-csv tracks.csv --inputs tracks.jsonl
                                            make inputs of a CSV file with the columns
                                            user, time, lat, lon

From the workspace: cargo run --release -p wardline-examples --example replay -- ARGUMENTS";

/// Feeds a file of inputs (JSON Lines) to the engine and writes the events.
///
/// The same inputs give the same events, always. A line that is wrong is answered by an event
/// `refused`, and the run goes on.
#[derive(Parser)]
#[command(name = "replay", version, after_help = EXAMPLES)]
struct Arguments {
    /// The inputs; `-` reads stdin
    #[arg(value_name = "IN.jsonl", required_unless_present = "import_csv")]
    input: Option<PathBuf>,

    /// Where the events go; `-` is stdout [default: stdout]
    #[arg(long, value_name = "OUT.jsonl")]
    events: Option<PathBuf>,

    /// Also write the episodes as late data left them, one a line
    #[arg(long, value_name = "LEDGER.jsonl")]
    ledger: Option<PathBuf>,

    /// Also draw the run, as one HTML file (stdin is then held in memory)
    #[arg(long, value_name = "MAP.html")]
    map: Option<PathBuf>,

    /// Judge each fix in full; the events are the same
    #[arg(long)]
    no_slack: bool,

    /// Judge with so many engines, each on a thread of its own and with all zones; the events are
    /// the same. Lines are parsed on all cores in any case
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=64)
    )]
    shards: u8,

    /// Make inputs of a CSV file, and judge nothing
    #[arg(
        long,
        value_name = "FILE",
        requires = "inputs",
        conflicts_with_all = ["input", "events", "ledger", "map", "no_slack", "shards"]
    )]
    import_csv: Option<PathBuf>,

    /// Where the inputs made of a CSV file go
    #[arg(long, value_name = "OUT.jsonl", requires = "import_csv")]
    inputs: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match (&arguments.import_csv, &arguments.inputs, &arguments.input) {
        (Some(csv), Some(inputs), _) => import(csv, inputs),
        (_, _, Some(input)) => replay(input, &arguments),
        _ => Ok(()), // Not reached: the parser asks for one or the other.
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("replay: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn import(csv: &Path, inputs: &Path) -> Result<(), Failure> {
    let reader = files::open(csv)?;
    let mut out = Output::create(Some(inputs), &[csv])?;
    let summary = import_csv::import_csv(reader, &mut out)
        .map_err(|error| Failure::new("cannot import", csv, error))?;
    eprint!("{summary}");
    Ok(())
}

fn replay(input: &Path, arguments: &Arguments) -> Result<(), Failure> {
    let mut config = Config::default();
    config.slack = !arguments.no_slack;
    let held = match &arguments.map {
        Some(_) if files::is_standard(input) => Some(files::read_stdin()?),
        _ => None,
    };
    let again = || match &held {
        Some(bytes) => Ok(Box::new(Cursor::new(bytes)) as files::Reader<'_>),
        None => files::open(input),
    };
    let reader = again()?;
    let events = arguments.events.as_deref().filter(|events| !files::is_standard(events));
    let mut out = Output::create(events, &[input])?;
    let run = judging::Run {
        config,
        shards: arguments.shards.into(),
        progress: files::progress(input, events.is_none()),
        keep_events: arguments.map.is_some(),
        keep_ledger: arguments.ledger.is_some(),
    };
    let outcome = run.judge(reader, input, &mut out)?;
    if let Some(ledger) = &arguments.ledger {
        let taken: Vec<_> = [input].into_iter().chain(events).collect();
        let mut out = Output::create(Some(ledger), &taken)?;
        for row in outcome.ledger.rows() {
            write_row(&row, &mut out).map_err(|error| out.failure(error))?;
        }
        out.flush().map_err(|error| out.failure(error))?;
    }
    if let Some(map) = &arguments.map {
        let taken: Vec<_> = [input].into_iter().chain(events).collect();
        files::write_map(again()?, input, &outcome.events, map, &taken)?;
    }
    eprint!("{}", outcome.summary);
    Ok(())
}
