//! Reads a log of inputs as JSON Lines and writes the events that the engine makes of it.

mod import_csv;
mod map;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use wardline_core::event::Event;
use wardline_core::{Config, Counters, Engine};
use wardline_wire::jsonl::{self, Lines};

/// Judges a log of inputs (JSON Lines) and writes its events (JSON Lines).
#[derive(Parser)]
#[command(name = "replay", after_help = EXAMPLES)]
struct Arguments {
    /// The log of inputs; `-` for standard input.
    #[arg(required_unless_present = "import_csv")]
    input: Option<PathBuf>,
    /// Where to write the events; standard output if absent.
    #[arg(long, value_name = "OUT.jsonl")]
    events: Option<PathBuf>,
    /// Also draw zones, tracks and episodes as one self-contained HTML page.
    #[arg(long, value_name = "MAP.html")]
    map: Option<PathBuf>,
    /// Judge every fix in full; the events are the same.
    #[arg(long)]
    no_slack: bool,
    /// The sequence number of the first input.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    first_input: u64,
    /// Turn a recorded track (columns user,time,lat,lon) into a log of inputs instead.
    #[arg(long, value_name = "TRACKS.csv", requires = "inputs", conflicts_with_all = ["input", "events", "map"])]
    import_csv: Option<PathBuf>,
    /// Where to write that log.
    #[arg(long, value_name = "OUT.jsonl", requires = "import_csv")]
    inputs: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  replay day.jsonl --events events.jsonl --map map.html
  zcat year.jsonl.gz | replay - > events.jsonl
  replay --import-csv tracks.csv --inputs tracks.jsonl

What is refused is an event of kind `refused`; it never stops the run.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match (&arguments.import_csv, &arguments.inputs) {
        (Some(tracks), Some(inputs)) => import(tracks, inputs),
        _ => replay(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn import(tracks: &Path, inputs: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(create(inputs)?);
    let summary = import_csv::import_csv(BufReader::new(open(tracks)?), &mut out)
        .map_err(|error| format!("{}: {error}", tracks.display()))?;
    out.flush()
        .map_err(|error| format!("{}: {error}", inputs.display()))?;
    eprintln!("{summary}");
    Ok(())
}

fn replay(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let path = arguments.input.as_deref().unwrap_or(Path::new("-"));
    let (reader, bytes): (Box<dyn Read>, u64) = if path == Path::new("-") {
        (Box::new(io::stdin().lock()), 0)
    } else {
        let file = open(path)?;
        let bytes = file.metadata().map_or(0, |data| data.len());
        (Box::new(file), bytes)
    };
    let mut out: Box<dyn Write> = match &arguments.events {
        Some(path) => Box::new(BufWriter::new(create(path)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    let mut config = Config::default();
    config.slack = !arguments.no_slack;
    config.first_input = arguments.first_input;
    let mut run = Run::new(Engine::new(config), bytes, arguments.map.is_some());
    run.through(
        Lines::new(BufReader::with_capacity(1 << 16, reader)),
        &mut out,
    )
    .map_err(|error| format!("{}: {error}", path.display()))?;
    run.tell();
    if let Some(path) = &arguments.map {
        let mut page = BufWriter::new(create(path)?);
        map::write_map(run.inputs.into_iter(), &run.events, &mut page)
            .and_then(|()| page.flush())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// A replay under way, and what it has seen.
struct Run {
    engine: Engine,
    progress: ProgressBar,
    judging: Duration,
    kinds: BTreeMap<String, u64>,
    refusals: BTreeMap<String, u64>,
    /// What the map needs, if one is wanted.
    map: bool,
    inputs: Vec<serde_json::Value>,
    events: Vec<serde_json::Value>,
}

impl Run {
    fn new(engine: Engine, bytes: u64, map: bool) -> Self {
        let progress = match (io::stderr().is_terminal(), bytes) {
            (false, _) => ProgressBar::hidden(),
            (true, 0) => ProgressBar::new_spinner(),
            (true, bytes) => ProgressBar::new(bytes),
        };
        let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}");
        if let (Ok(style), true) = (style, bytes > 0) {
            progress.set_style(style);
        }
        Self {
            engine,
            progress,
            judging: Duration::ZERO,
            kinds: BTreeMap::new(),
            refusals: BTreeMap::new(),
            map,
            inputs: Vec::new(),
            events: Vec::new(),
        }
    }

    fn through(
        &mut self,
        mut lines: Lines<impl io::BufRead>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut events: Vec<Event> = Vec::new();
        while let Some(line) = lines.next_line()? {
            let record = line.record();
            let start = Instant::now();
            self.engine.apply(&record, &mut |event| events.push(event));
            self.judging += start.elapsed();
            if self.map {
                self.inputs
                    .extend(serde_json::from_slice::<serde_json::Value>(line.bytes).ok());
            }
            self.progress.inc(line.length + 1);
            for event in events.drain(..) {
                self.count(&event);
                jsonl::write_event(&event, &mut &mut *out)?;
            }
        }
        self.progress.finish_and_clear();
        out.flush()
    }

    fn count(&mut self, event: &Event) {
        let kind = format!("{} {}", event.kind.word(), event.phase.word());
        *self.kinds.entry(kind).or_default() += 1;
        if let Some(refusal) = &event.refusal {
            *self.refusals.entry(refusal.reason.clone()).or_default() += 1;
        }
        if self.map {
            self.events.push(jsonl::event_value(event));
        }
    }

    fn tell(&self) {
        let Counters {
            fixes,
            fixes_within_slack,
            repeats,
            clock_regressions,
            ..
        } = self.engine.counters();
        let unassigned = self.engine.counters().unassigned;
        let seconds = self.judging.as_secs_f64().max(1e-9);
        let share = 100.0 * fixes_within_slack as f64 / fixes.max(1) as f64;
        eprintln!("last input      {}", self.engine.last_input());
        eprintln!(
            "fixes           {fixes}, {:.0} a second of judging",
            fixes as f64 / seconds
        );
        eprintln!("within slack    {share:.1} % of the fixes");
        eprintln!("repeats         {repeats}");
        eprintln!("unassigned      {unassigned}");
        eprintln!("`at` not used   {clock_regressions}");
        list("events", &self.kinds);
        list("refused", &self.refusals);
    }
}

fn list(title: &str, counts: &BTreeMap<String, u64>) {
    for (name, count) in counts {
        eprintln!("{title:<15} {count:>9}  {name}");
    }
}

fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()))
}
