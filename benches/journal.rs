//! What the log of inputs takes: fixes appended and committed durably, verified, and read, a
//! second, each on one thread.
//!
//! `cargo bench --bench journal -- --fixes 4000000 --folder FOLDER`. The folder says which disk is
//! measured; without one it is where temporary files are. Verifying and reading come from the
//! system's cache. With `--people 8600 --fixes 16250000 --keep` it leaves 13 hours of Spain, to be
//! judged by `wardlog rejudge FOLDER`, which says what one core would need for all of it. Seen on a
//! machine of two cores with other load: 3.5 s from log to events, 3.8 to 4.2 M inputs/s on one
//! core, of which reading took two thirds. Not measured: the pipeline, the engine, other load on
//! the disk.

use clap::Parser;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use wardline_benches::{Mode, Plan, World};
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;
use wardline_journal::disk::Folder;
use wardline_journal::{
    InputLog, InputOptions, InputReader, LogKind, Logged, SystemEntropy, Unsealed, verify,
};

#[derive(Parser)]
struct Arguments {
    /// People, each with a device and four zones.
    #[arg(long, default_value_t = 100_000)]
    people: u64,
    /// Fixes to write.
    #[arg(long, default_value_t = 4_000_000)]
    fixes: u64,
    /// Fixes in each commit.
    #[arg(long, default_value_t = 8_192)]
    batch: usize,
    /// The seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write; what is written is removed afterwards.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Leave the journal there, for `wardlog verify` and `wardlog rejudge`, and say its name.
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    mode: Mode,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = Arguments::parse();
    if arguments.mode.test {
        (arguments.people, arguments.fixes, arguments.batch) = (100, 2_000, 300);
    }
    let folder = arguments.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = folder.join(format!("wardline-journal-{}", std::process::id()));
    let measured = measure(&arguments, &folder);
    match arguments.keep {
        true => println!("{}", folder.display()),
        false => std::fs::remove_dir_all(&folder)?,
    }
    measured
}

fn measure(arguments: &Arguments, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let disk = Arc::new(Folder::open(folder)?);
    let now = Timestamp::from_ms(1_780_000_000_000);
    let entropy = Box::new(SystemEntropy::default());
    let (mut log, _) = InputLog::open(disk.clone(), InputOptions::default(), entropy, now)?;
    let mut city = World::new(arguments.seed, Plan::city(arguments.people));
    let mut records = Vec::new();
    city.set_up(&mut |record| records.push(record));
    let setup = records.len() as u64;
    append(&mut log, now, &records, arguments.batch)?;

    let (mut append_ns, mut appended, mut fixes) = (0, 0, Vec::new());
    while appended < arguments.fixes {
        let at = city.round(&mut fixes);
        let record = |fix: &_| Record { at: Some(at), input: Input::Fix(*fix) };
        let records: Vec<_> = fixes.iter().map(record).collect();
        let start = Instant::now();
        append(&mut log, at, &records, arguments.batch)?;
        append_ns += start.elapsed().as_nanos();
        appended += records.len() as u64;
    }
    let durable = log.durable();
    drop(log);

    let start = Instant::now();
    let verified = verify(disk.clone(), LogKind::Input, Vec::new(), |_| {})?;
    let verify_ns = start.elapsed().as_nanos();
    assert_eq!((verified.next, verified.chain), (durable.next, durable.chain));

    let start = Instant::now();
    // Zones are checked again when they are read, which is not what is measured.
    let mut reader = InputReader::open(disk, setup + 1)?;
    let (mut read, mut newest) = (0_u64, Timestamp::default());
    while reader.visit_frame(|logged| {
        if let Logged::Input { record: Unsealed::Open(record), .. } = logged
            && let Input::Fix(fix) = record.input
        {
            (read, newest) = (read + 1, newest.max(fix.time));
        }
    })? {}
    let read_ns = start.elapsed().as_nanos();
    assert_eq!(read, appended);
    let rate = |entries: u64, ns: u128| entries as f64 * 1e3 / ns as f64;
    let all = setup + appended;
    println!(
        "journal people={} fixes={appended} batch={} seed={}: {:.1} bytes a fix, \
         newest {newest:?}; append and commit {:.2} M fixes/s; verify {:.2} M/s; \
         read {:.2} M fixes/s (chain {:02x?})",
        arguments.people,
        arguments.batch,
        arguments.seed,
        verified.bytes as f64 / all as f64,
        rate(appended, append_ns),
        rate(all, verify_ns),
        rate(appended, read_ns),
        &verified.chain[..4],
    );
    Ok(())
}

fn append(
    log: &mut InputLog,
    now: Timestamp,
    records: &[Record],
    batch: usize,
) -> Result<(), wardline_journal::LogError> {
    for batch in records.chunks(batch) {
        log.append(now, (log.next()..).zip(batch))?;
        log.commit(now)?;
    }
    Ok(())
}
