//! Named, seeded workloads for whoever wants to compare: what the engine judges a second, against
//! what others would do with the same fixes, and against what the memory allows at all.
//!
//! `cargo bench --bench scenarios -- [--scenario NAME] [--people N] [--seconds S] [--shards N]
//! [--json FILE] [--html FILE] [--markdown FILE]`. Without a name, all of them. Inputs are made
//! outside of what is timed. `cases.rs` says what each scenario is and what of the way from a
//! device to an event it times; BENCHMARKS.md is what the last measurement of the project gave.

mod baselines;
mod cases;
mod feed;
mod gather;
mod hash;
mod journal;
mod judge;
mod live;
mod machine;
mod outcome;
mod replayed;
mod report;
mod sharded;
mod wire;

use cases::{Case, Kind};
use clap::Parser;
use outcome::Outcome;
use std::path::PathBuf;
use wardline_benches::Mode;

type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
struct Arguments {
    /// Only this scenario.
    #[arg(long)]
    scenario: Option<String>,
    /// People, instead of those of the scenario.
    #[arg(long)]
    people: Option<u64>,
    /// Seconds of the world's time that are judged; of `live`, seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Judge by a pipeline of so many shards; without it, by one engine on one thread.
    #[arg(long)]
    shards: Option<usize>,
    /// The seed of the worlds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stretches of each scenario that are timed; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Where to write the outcomes.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Read outcomes instead of measuring.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Where to write a report with plots.
    #[arg(long)]
    html: Option<PathBuf>,
    /// Where to write a report as Markdown.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// What readers of the reports should know of the measurement.
    #[arg(long, default_value = "none")]
    remark: String,
    #[command(flatten)]
    mode: Mode,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let outcomes = match &arguments.from {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        None => measure(&arguments)?,
    };
    if arguments.mode.test {
        let text = serde_json::to_string(&outcomes)?;
        let again: Vec<Outcome> = serde_json::from_str(&text)?;
        assert_eq!(report::markdown(&again, ""), report::markdown(&outcomes, ""));
        // One scenario alone has no more than its bars.
        let plots_min = if arguments.scenario.is_none() { 3 } else { 1 };
        let plots = report::html(&outcomes, &arguments.remark)?.matches("<svg").count();
        assert!(plots >= plots_min, "plots are missing");
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&outcomes)?))?;
    }
    if let Some(file) = &arguments.html {
        std::fs::write(file, report::html(&outcomes, &arguments.remark)?)?;
    }
    if let Some(file) = &arguments.markdown {
        std::fs::write(file, report::markdown(&outcomes, &arguments.remark))?;
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<Vec<Outcome>, Failure> {
    println!("{}", machine::line());
    let all = cases::all(arguments.mode.test);
    let wanted = |case: &&Case| arguments.scenario.as_ref().is_none_or(|name| name == case.name);
    let chosen: Vec<_> = all.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let mut names: Vec<_> = all.iter().map(|case| case.name).collect();
        names.dedup();
        return Err(format!("no such scenario; there are {}", names.join(", ")).into());
    }
    let mut outcomes = Vec::new();
    for case in chosen {
        let mut case = case.clone();
        case.seed = arguments.seed;
        case.runs = if arguments.mode.test { 2 } else { arguments.runs.max(1) };
        case.people = arguments.people.unwrap_or(case.people).max(2);
        case.seconds = arguments.seconds.unwrap_or(case.seconds).max(1);
        case.shards = arguments.shards.or(case.shards);
        let outcome = run(&case)?;
        println!("{}", outcome.line());
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn run(case: &Case) -> Result<Outcome, Failure> {
    match case.kind {
        Kind::Engine(_) | Kind::Besides(_) | Kind::Late | Kind::Churn if case.shards.is_some() => {
            sharded::run(case)
        }
        Kind::Engine(_) => Ok(judge::run(case)),
        Kind::Besides(_) | Kind::Late | Kind::Churn => Ok(judge::run_with_and_without(case)),
        Kind::Replay => replayed::run(case),
        Kind::Hostile => wire::hostile(case),
        Kind::Udp => wire::udp(case),
        Kind::Journal => journal::run(case),
        Kind::Live => live::run(case),
    }
}
