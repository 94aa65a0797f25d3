//! How many instructions the engine takes for a fix, held against limits that are kept beside
//! this: what makes the hot path dearer is seen before it goes in, on any machine however busy.
//!
//! `cargo bench -p wardline-instructions` counts with valgrind's callgrind and fails if a scenario
//! takes more than its limit and the tolerance; `-- --write` makes what is counted the limits. Only
//! the fixes after the warm-up count, neither set-up nor the making of fixes. The worlds are those
//! of `--bench scenarios`, of so few people that all is done within a minute. Not measured: time,
//! and so neither waits for memory nor how many instructions go at once.

use clap::Parser;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use wardline_benches::{Mode, Plan, World};
use wardline_core::input::Fix;
use wardline_core::time::Timestamp;
use wardline_core::{Config, Engine};

type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
struct Arguments {
    /// Make what is counted the limits.
    #[arg(long)]
    write: bool,
    /// Only judge this scenario, which is what callgrind is given to run.
    #[arg(long, hide = true)]
    judge: Option<String>,
    #[command(flatten)]
    mode: Mode,
}

/// A world to judge, as large as callgrind can be waited for.
struct Scenario {
    name: &'static str,
    plan: Plan,
    /// Rounds that are counted.
    rounds: usize,
}

/// The limits, as they are kept.
#[derive(Serialize, Deserialize)]
struct Limits {
    /// The processor's architecture and the compiler that they hold for.
    architecture: String,
    compiler: String,
    /// How much more or less passes unnoticed.
    tolerance_percent: f64,
    instructions_per_fix: BTreeMap<String, f64>,
}

/// Until histories and memories of repeats are full.
const WARM_UP_ROUNDS: usize = 70;
/// Part of the name of [`judge_counted`], by which callgrind knows what to count.
const COUNTED: &str = "*judge_counted*";
const TOLERANCE_PERCENT: f64 = 5.0;

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let scenarios = scenarios();
    if let Some(name) = arguments.judge {
        let scenario = scenarios.iter().find(|scenario| scenario.name == name);
        println!("{}", judge(scenario.ok_or("no such scenario")?));
        return Ok(());
    }
    if arguments.mode.test {
        return smoke(&scenarios);
    }
    let counted = scenarios.iter().map(|scenario| Ok((scenario.name.to_owned(), count(scenario)?)));
    let counted = counted.collect::<Result<BTreeMap<_, _>, Failure>>()?;
    if arguments.write {
        return write(counted);
    }
    check(&counted, &read()?)
}

fn scenarios() -> [Scenario; 3] {
    let scenario = |name, plan, rounds| Scenario { name, plan, rounds };
    [
        scenario("national_day", Plan::national(400), 40),
        scenario("dense_city", Plan::dense_city(400), 100),
        scenario("border", Plan::border(200), 20),
    ]
}

/// Judges a scenario, and gives how many fixes were counted.
fn judge(scenario: &Scenario) -> usize {
    let mut world = World::new(1, scenario.plan);
    let mut engine = Engine::new(Config::default());
    world.set_up(&mut |record| engine.apply(&record, &mut |_| {}));
    let mut round = || {
        let mut fixes = Vec::new();
        (world.round(&mut fixes), fixes)
    };
    for _ in 0..WARM_UP_ROUNDS {
        let (at, fixes) = round();
        engine.apply_fixes(at, &fixes, &mut |_| {});
    }
    let rounds: Vec<_> = (0..scenario.rounds).map(|_| round()).collect();
    judge_counted(&mut engine, &rounds);
    rounds.iter().map(|(_, fixes)| fixes.len()).sum()
}

#[inline(never)]
fn judge_counted(engine: &mut Engine, rounds: &[(Timestamp, Vec<Fix>)]) {
    for (at, fixes) in rounds {
        engine.apply_fixes(*at, fixes, &mut |event| drop(std::hint::black_box(event)));
    }
}

/// Each scenario runs, and each has a limit.
fn smoke(scenarios: &[Scenario]) -> Result<(), Failure> {
    let limits = read()?.instructions_per_fix;
    assert!(limits.keys().eq(names(scenarios).iter()), "limits of other scenarios");
    for scenario in scenarios {
        assert!(judge(&Scenario { rounds: 1, ..*scenario }) > 0, "{}", scenario.name);
    }
    Ok(())
}

fn names(scenarios: &[Scenario]) -> Vec<String> {
    let mut names: Vec<_> = scenarios.iter().map(|scenario| scenario.name.to_owned()).collect();
    names.sort();
    names
}

/// Lets callgrind count, and gives the instructions of one fix.
fn count(scenario: &Scenario) -> Result<f64, Failure> {
    let out = std::env::temp_dir().join(format!("wardline-callgrind-{}", std::process::id()));
    let outcome = counted_into(&out, scenario);
    // Where valgrind failed there may be none.
    let _ = std::fs::remove_file(&out);
    outcome
}

fn counted_into(out: &Path, scenario: &Scenario) -> Result<f64, Failure> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", &format!("--toggle-collect={COUNTED}")])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .args(["--judge", scenario.name])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    if !ran.status.success() {
        return Err(format!("valgrind: {}", String::from_utf8_lossy(&ran.stderr)).into());
    }
    let fixes: f64 = String::from_utf8(ran.stdout)?.trim().parse()?;
    let profile = std::fs::read_to_string(out)?;
    let total = profile.lines().find_map(|line| line.strip_prefix("totals: "));
    let instructions: f64 = total.ok_or("callgrind counted nothing")?.trim().parse()?;
    if instructions < fixes {
        return Err("callgrind did not find what to count".into());
    }
    Ok(instructions / fixes)
}

/// Fails if a scenario takes more than it may.
fn check(counted: &BTreeMap<String, f64>, limits: &Limits) -> Result<(), Failure> {
    if limits.architecture != std::env::consts::ARCH {
        println!("!!! NOT COMPARED: the limits are those of {}", limits.architecture);
        return Ok(());
    }
    let compiler = compiler()?;
    if limits.compiler != compiler {
        println!("the limits are those of {}, this is {compiler}", limits.compiler);
    }
    let mut grown = Vec::new();
    for (name, instructions) in counted {
        let limit = limits.instructions_per_fix.get(name).ok_or("no limit; see --write")?;
        let percent = 100.0 * (instructions / limit - 1.0);
        let remark = match percent {
            more if more > limits.tolerance_percent => "TOO MANY",
            less if less < -limits.tolerance_percent => "fewer: write the limits again",
            _ => "as before",
        };
        println!(
            "{name}: {instructions:.1} instructions a fix, limit {limit} ({percent:+.1} %): \
             {remark}"
        );
        grown.extend(Some(name.as_str()).filter(|_| percent > limits.tolerance_percent));
    }
    if grown.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a fix takes more instructions than it did: {}. If that must be: \
         cargo bench -p wardline-instructions -- --write",
        grown.join(", ")
    )
    .into())
}

fn write(counted: BTreeMap<String, f64>) -> Result<(), Failure> {
    for (name, instructions) in &counted {
        println!("{name}: {instructions:.1} instructions a fix");
    }
    let tenths = |(name, instructions): (String, f64)| (name, (instructions * 10.0).round() / 10.0);
    let limits = Limits {
        architecture: std::env::consts::ARCH.to_owned(),
        compiler: compiler()?,
        tolerance_percent: TOLERANCE_PERCENT,
        instructions_per_fix: counted.into_iter().map(tenths).collect(),
    };
    std::fs::write(file(), format!("{}\n", serde_json::to_string_pretty(&limits)?))?;
    Ok(())
}

fn read() -> Result<Limits, Failure> {
    Ok(serde_json::from_str(&std::fs::read_to_string(file())?)?)
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("limits.json")
}

fn compiler() -> Result<String, Failure> {
    let version = Command::new("rustc").arg("--version").output()?.stdout;
    Ok(String::from_utf8(version)?.trim().to_owned())
}
