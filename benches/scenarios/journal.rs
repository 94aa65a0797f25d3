//! Fixes are appended to the log of inputs, committed durably, and judged, on one thread; and as
//! baselines the parts alone, and judging what is read from the log.
//!
//! The log is where temporary files are; reading comes from the system's cache.

use super::Failure;
use super::cases::Case;
use super::feed::{Feed, Round, Step};
use super::judge::Court;
use super::outcome::Outcome;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use wardline_core::input::{Fix, Input, Record};
use wardline_core::time::Timestamp;
use wardline_journal::disk::Folder;
use wardline_journal::{InputLog, InputOptions, InputReader, Logged, SystemEntropy, Unsealed};

/// Fixes of a commit.
const BATCH: usize = 8_192;

/// How long each part of a run took.
#[derive(Default)]
struct Times {
    append_s: Vec<f64>,
    judge_s: Vec<f64>,
}

pub fn run(case: &Case) -> Result<Outcome, Failure> {
    let folder = std::env::temp_dir().join(format!("wardline-scenario-{}", std::process::id()));
    let outcome = measured(case, &folder);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measured(case: &Case, folder: &Path) -> Result<Outcome, Failure> {
    let mut feed = Feed::new(case);
    let mut court = Court::new(&feed);
    court.warm_up(&mut feed, case.warm_up());
    let disk = Arc::new(Folder::open(folder)?);
    let entropy = Box::new(SystemEntropy::default());
    let options = InputOptions::default();
    let (mut log, _) = InputLog::open(disk.clone(), options, entropy, feed.world.now())?;
    let first = log.next();
    // Another engine in the same state judges what is read.
    let mut snapshot = Vec::new();
    court.engine.snapshot(&mut snapshot);
    let (before, mut times, mut fixes) = (court.engine.counters(), Times::default(), 0);
    for _ in 0..case.runs {
        let [mut append_s, mut judge_s] = [0.0, 0.0];
        for _ in 0..case.rounds() {
            let round = feed.round();
            fixes += round.fixes();
            append_s += appended(&mut log, &round)?;
            let start = Instant::now();
            court.judge(&round);
            judge_s += start.elapsed().as_secs_f64();
        }
        times.append_s.push(append_s);
        times.judge_s.push(judge_s);
    }
    drop(log);
    let each = fixes / case.runs as u64;
    let rate = |times_s: &[f64]| Outcome::new(case, each, times_s).fixes_per_s;
    let sums = times.append_s.iter().zip(&times.judge_s).map(|(append, judge)| append + judge);
    let mut outcome = Outcome::new(case, each, &sums.collect::<Vec<_>>());
    let counters = court.engine.counters();
    let within = counters.fixes_within_slack - before.fixes_within_slack;
    outcome.slack_share = within as f64 / (counters.fixes - before.fixes) as f64;
    outcome.bytes_per_device = Some(court.bytes_per_device(feed.world.plan().people));
    outcome.events_hash = court.hash.text();
    let read_s = replayed(disk, first, &snapshot, &court)?;
    let baselines = [
        ("append_and_commit_alone", rate(&times.append_s)),
        ("judge_alone", rate(&times.judge_s)),
        ("read_and_judge", fixes as f64 / read_s),
    ];
    outcome.baselines = baselines.map(|(name, rate)| (name.to_owned(), rate)).into();
    Ok(outcome)
}

/// Appends and commits a round; gives how long that took.
fn appended(log: &mut InputLog, round: &Round) -> Result<f64, Failure> {
    let record = |fix: &Fix| Record { at: Some(round.at), input: Input::Fix(*fix) };
    let fixes = round.steps.iter().flat_map(|step| match step {
        Step::Fixes(fixes) => fixes.as_slice(),
        Step::Input(_) => &[],
    });
    let records: Vec<_> = fixes.map(record).collect();
    let start = Instant::now();
    for batch in records.chunks(BATCH) {
        log.append(round.at, (log.next()..).zip(batch))?;
        log.commit(round.at)?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Judges the log from an input on with an engine that is restored from the state before. Gives how
/// long that took; the states after must be the same.
fn replayed(disk: Arc<Folder>, first: u64, snapshot: &[u8], court: &Court) -> Result<f64, Failure> {
    let mut engine = wardline_core::Engine::restore(super::judge::config(), snapshot)?;
    let (mut logged, mut fixes) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut reader = InputReader::open(disk, first)?;
    while reader.next_frame(&mut logged)? {
        let mut now: Option<Timestamp> = None;
        for entry in logged.drain(..) {
            let Logged::Input { record: Unsealed::Open(record), .. } = entry else { continue };
            if let (Some(at), Input::Fix(fix)) = (record.at, record.input) {
                if now.is_some_and(|now| now != at) {
                    engine.apply_fixes(now.unwrap_or(at), &fixes, &mut |_| {});
                    fixes.clear();
                }
                now = Some(at);
                fixes.push(fix);
            }
        }
        if let Some(now) = now {
            engine.apply_fixes(now, &fixes, &mut |_| {});
            fixes.clear();
        }
    }
    let spent_s = start.elapsed().as_secs_f64();
    assert_eq!(engine.fingerprint(), court.engine.fingerprint(), "the log was judged otherwise");
    Ok(spent_s)
}
