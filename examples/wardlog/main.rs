//! Verifies, carries, bundles and judges again what a server wrote.

mod run;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use wardline_core::event::EpisodeId;
use wardline_core::time::Timestamp;

const EXAMPLES: &str = "\
Examples:
  wardlog record day.jsonl JOURNAL            make a journal of a file of inputs
  wardlog verify JOURNAL --against court.txt  is it what was signed when the court got court.txt?
  wardlog rejudge JOURNAL                     does the engine say the same again?
  wardlog bundle JOURNAL --episode 17.1.9001.breach.1 --out INCIDENT
                                              one incident, for a court
  wardlog export JOURNAL --person 1001 --out case.jsonl
  wardlog import case.jsonl CASE && wardlog verify CASE
                                              a case, for another operator

A journal is read while a server writes it. The exit code is 1 if anything is damaged, missing or
judged differently. Nothing but export, import, bundle and rejudge --events writes positions.

From the workspace: cargo run --release -p wardline-examples --example wardlog -- ARGUMENTS";

/// Verifies, carries, bundles and judges again what a server wrote.
#[derive(Parser)]
#[command(name = "wardlog", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check every byte of a journal, or the proofs of a case or bundle
    Verify {
        /// The folder of a journal, case or bundle
        folder: PathBuf,
        /// A checkpoint that was kept elsewhere; may be given several times
        #[arg(long, value_name = "CHECKPOINT")]
        against: Vec<PathBuf>,
        /// The key that checks checkpoints, name+hash+key [default: what the folder says]
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Judge everything again and compare it with what was said
    Rejudge {
        /// The folder of a journal, case or bundle
        folder: PathBuf,
        /// The numbers to judge with, a JSON object [default: config.json of the folder]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Also write what is judged now, one event a line (of a journal)
        #[arg(long, value_name = "OUT.jsonl")]
        events: Option<PathBuf>,
        /// How many differences to show
        #[arg(long, value_name = "N", default_value_t = 20)]
        show: usize,
    },
    /// Count what is in a journal
    Stats {
        /// The folder of a journal
        folder: PathBuf,
    },
    /// Write a whole journal (a tar file), or a case of some persons or some time, to one file
    Export {
        /// The folder of a journal
        folder: PathBuf,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Orders that this person is a party of; may be given several times
        #[arg(long, value_name = "ID")]
        person: Vec<u64>,
        /// Fixes and events received from then on; what was judged by earlier ones may differ then
        #[arg(long, value_name = "TIME")]
        from: Option<jiff::Timestamp>,
        /// What was received before then
        #[arg(long, value_name = "TIME")]
        until: Option<jiff::Timestamp>,
        /// The checkpoint that shall prove it [default: the newest of the journal]
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Unpack what was exported, and verify it
    Import {
        /// The file
        file: PathBuf,
        /// A folder that does not exist or is empty
        folder: PathBuf,
    },
    /// Write one incident as a folder that proves itself and that people can read
    Bundle {
        /// The folder of a journal
        folder: PathBuf,
        /// The incident, as events name it
        #[arg(long, value_name = "ID", value_parser = episode)]
        episode: EpisodeId,
        /// A folder that does not exist or is empty
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// The checkpoint that shall prove it [default: the newest of the journal]
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Make a journal of a file of inputs (JSON Lines)
    Record {
        /// The inputs; `-` reads stdin
        #[arg(value_name = "LOG.jsonl")]
        input: PathBuf,
        /// A folder that does not exist or is empty
        folder: PathBuf,
        /// The name that checkpoints bear: best a domain and path, without a scheme
        #[arg(long, default_value = "example.org/wardline")]
        name: String,
        /// The numbers to judge with, a JSON object [default: the engine's]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Destroy keys: what they sealed is lost for ever, and the journal still verifies
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Forget {
        /// The folder of a journal that nobody writes
        folder: PathBuf,
        /// What was said about this order
        #[arg(long, value_name = "ID", group = "what")]
        order: Vec<u64>,
        /// The positions of this device
        #[arg(long, value_name = "ID", group = "what")]
        device: Vec<u64>,
        /// The place of this zone
        #[arg(long, value_name = "ID", group = "what")]
        zone: Vec<u64>,
        /// Only what was sealed with keys made before then
        #[arg(long, value_name = "TIME")]
        made_before: Option<jiff::Timestamp>,
    },
}

fn main() -> ExitCode {
    match run::run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("wardlog: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn episode(text: &str) -> Result<EpisodeId, String> {
    EpisodeId::parse(text).ok_or_else(|| "an episode is like 17.1.9001.breach.1".to_owned())
}

fn instant(time: Option<jiff::Timestamp>) -> Option<Timestamp> {
    time.map(|time| Timestamp::from_ms(time.as_millisecond()))
}
