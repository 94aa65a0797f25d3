//! The commands: opening, calling the library, and saying what came of it.

use super::{Command, instant};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use wardline_core::event::EpisodeId;
use wardline_core::time::Timestamp;
use wardline_examples::files::{self, Failure, Output};
use wardline_examples::wardlog::case::{self, Case};
use wardline_examples::wardlog::forget::{Forgotten, forget};
use wardline_examples::wardlog::rejudge::{Rejudged, rejudge, rejudge_case};
use wardline_examples::wardlog::select::{Wanted, select};
use wardline_examples::wardlog::{
    bundle, checkpoint, config, open, pack, proof, record, stats, verifier, verify,
};
use wardline_journal::checkpoint::{Checkpoint, Verifier};
use wardline_journal::disk::Disk;
use wardline_journal::newest_checkpoint;

/// Runs a command. True if all is well.
pub fn run(command: Command) -> Result<bool, Failure> {
    match command {
        Command::Verify { folder, against, key } => verify_any(&folder, &against, key.as_deref()),
        Command::Rejudge { folder, config, events, show } => {
            rejudge_any(&folder, config.as_deref(), events.as_deref(), show)
        }
        Command::Stats { folder } => {
            print!("{}", stats::stats(&folder, &open(&folder)?)?);
            Ok(true)
        }
        Command::Export { folder, out, person, from, until, checkpoint } => {
            let (from, until) = (instant(from), instant(until));
            let everyone = person.is_empty();
            let persons = person.into_iter().collect();
            let wanted = Wanted { persons, from, until, everyone, episode: None };
            export(&folder, &out, &wanted, checkpoint.as_deref())
        }
        Command::Import { file, folder } => import(&file, &folder),
        Command::Bundle { folder, episode, out, checkpoint } => {
            make_bundle(&folder, episode, &out, checkpoint.as_deref())
        }
        Command::Record { input, folder, name, config } => {
            let reader = files::open(&input)?;
            let recorded = record::record(reader, &input, &folder, &name, config.as_deref())?;
            let record::Recorded { inputs, events, checkpoint } = recorded;
            eprintln!("{inputs} inputs, {events} events. The checkpoint, to be kept elsewhere:");
            print!("{checkpoint}");
            Ok(true)
        }
        Command::Forget { folder, order, device, zone, made_before } => {
            let made_before = instant(made_before);
            let (orders, devices) = (order.into_iter().collect(), device.into_iter().collect());
            let what =
                Forgotten { orders, devices, zones: zone.into_iter().collect(), made_before };
            let now = Timestamp::from_ms(jiff::Timestamp::now().as_millisecond());
            let (inputs, evidence) = forget(&folder, &what, now)?;
            println!("keys destroyed: {inputs} of inputs, {evidence} of evidence");
            println!("Copies of the files of keys elsewhere must be destroyed as well.");
            Ok(true)
        }
    }
}

fn verify_any(folder: &Path, against: &[PathBuf], key: Option<&str>) -> Result<bool, Failure> {
    if is_case(folder) {
        return verify_case(folder, against, key);
    }
    let disk = open(folder)?;
    let verifier = verifier(folder, disk.as_ref(), key)?;
    let against: Vec<_> =
        against.iter().map(|file| checkpoint(file, &verifier)).collect::<Result<_, _>>()?;
    let (bar, started) = (progress(bytes(disk.as_ref()), "{bytes}"), Instant::now());
    let verified = verify::verify(folder, &disk, &verifier, against, |done| bar.inc(done))?;
    bar.finish_and_clear();
    let elapsed_s = started.elapsed().as_secs_f64();
    let verify::Verified { inputs, evidence, checkpoints, heartbeats, forgotten } = verified;
    println!("inputs    {} in {} segments, {}", inputs.numbered, inputs.segment, sound(&inputs));
    println!(
        "evidence  {} leaves in {} segments, {}",
        evidence.numbered,
        evidence.segment,
        sound(&evidence)
    );
    println!(
        "signed    {} checkpoints of its own and {} given agree, signed by {}",
        checkpoints.0,
        checkpoints.1,
        verifier.name()
    );
    println!("          {heartbeats} heartbeats agree with the inputs");
    if forgotten != (0, 0) {
        println!(
            "forgotten {} keys of inputs, {} of evidence: what they sealed is unreadable",
            forgotten.0, forgotten.1
        );
    }
    let entries = (inputs.numbered + evidence.numbered) as f64;
    println!("{:.2} s, {:.2} M entries/s", elapsed_s, entries / elapsed_s.max(1e-9) / 1e6);
    if key.is_none() {
        println!(
            "The key is the one that the folder names: give --key if it comes from elsewhere."
        );
    }
    Ok(true)
}

fn sound(summary: &wardline_journal::Summary) -> String {
    match summary.torn_bytes {
        0 => format!("sound, {} bytes", summary.bytes),
        torn => format!("sound, {} bytes, and {torn} of a torn write", summary.bytes),
    }
}

fn verify_case(folder: &Path, against: &[PathBuf], key: Option<&str>) -> Result<bool, Failure> {
    let case = Case::read(&folder.join(case::NAME))?;
    let failed = |e| Failure::new("the case is not sound in", folder, e);
    let proved = prove(&case, against, key, folder)?;
    println!("signed    checkpoint of {} leaves, by {}", case.size, case.public_key);
    println!(
        "leaves    {} are in the signed tree, {} of them events",
        proved.leaves, proved.events
    );
    println!("inputs    {} zones, orders, assignments and acts are signed", proved.inputs_signed);
    println!("          {} fixes stand in signed events", proved.fixes_signed);
    println!("          {} others are bound by judging again (rejudge)", proved.inputs_other);
    let other = bundle::other_than(&case, folder)?;
    if !other.is_empty() {
        return Err(failed(format!("not what the case says: {}", other.join(", "))));
    }
    println!("readable  all files say what the case says");
    if key.is_none() {
        println!("The key is the one that the case names: give --key if it comes from elsewhere.");
    }
    Ok(true)
}

fn prove(
    case: &Case,
    against: &[PathBuf],
    key: Option<&str>,
    from: &Path,
) -> Result<proof::Proved, Failure> {
    let text = key.unwrap_or(&case.public_key).trim();
    let verifier = Verifier::parse(text).map_err(|e| Failure::new("cannot verify", from, e))?;
    let against: Vec<_> =
        against.iter().map(|file| checkpoint(file, &verifier)).collect::<Result<_, _>>()?;
    let proved = proof::prove(case, &verifier, &against);
    proved.map_err(|e| Failure::new("the case is not sound in", from, e))
}

fn rejudge_any(
    folder: &Path,
    numbers: Option<&Path>,
    events: Option<&Path>,
    show: usize,
) -> Result<bool, Failure> {
    let config = config::of_folder(folder, numbers)?;
    if is_case(folder) {
        let case = Case::read(&folder.join(case::NAME))?;
        return Ok(report(&rejudge_case(&case, config)?, show));
    }
    let disk = open(folder)?;
    let out = events.map(|file| Output::create(Some(file), &[])).transpose()?;
    let bar = progress(0, "{human_pos} inputs");
    let judged = rejudge(folder, &disk, config, out, |done| bar.set_position(done))?;
    bar.finish_and_clear();
    Ok(report(&judged, show))
}

/// Says what was judged again. True if there is no difference.
fn report(judged: &Rejudged, show: usize) -> bool {
    println!("{} inputs judged again, {} events", judged.inputs, judged.events);
    if judged.forgotten > 0 {
        println!("{} inputs are forgotten and counted as ticks", judged.forgotten);
    }
    let seconds = judged.whole.as_secs_f64();
    println!(
        "{seconds:.2} s, {:.2} M inputs/s; reading {:.2} s, judging {:.2} s, so {:.2} M inputs/s \
         on one core",
        judged.inputs as f64 / seconds.max(1e-9) / 1e6,
        judged.reading.as_secs_f64(),
        judged.judging.as_secs_f64(),
        judged.per_core() / 1e6,
    );
    let Some(compared) = &judged.compared else {
        println!("There is no evidence to compare with.");
        return true;
    };
    println!("{} events are the same", compared.equal);
    if compared.forgotten > 0 {
        println!("{} events are forgotten and cannot be compared", compared.forgotten);
    }
    if compared.repeated > 0 {
        println!("{} events stand in the evidence twice", compared.repeated);
    }
    let differences = &compared.differences;
    differences.iter().take(show).for_each(|difference| println!("{difference}"));
    match differences.len() {
        0 => println!("no difference"),
        count => println!("{count} differences"),
    }
    differences.is_empty() && compared.repeated == 0
}

fn export(
    folder: &Path,
    out: &Path,
    wanted: &Wanted,
    proved_by: Option<&Path>,
) -> Result<bool, Failure> {
    let disk = open(folder)?;
    let is_whole = wanted.everyone && wanted.from.is_none() && wanted.until.is_none();
    if is_whole && proved_by.is_none() {
        let files = pack::export(folder, disk.as_ref(), out)?;
        println!("{files} files, the keys that open them included");
        return Ok(true);
    }
    let case = take(folder, &disk, wanted, proved_by)?;
    let mut file = Output::create(Some(out), &[])?;
    case.write(&mut file).map_err(|error| file.failure(error))?;
    say_case(&case);
    Ok(report(&rejudge_case(&case, config::of_folder(folder, None)?)?, 5))
}

fn take(
    folder: &Path,
    disk: &Arc<dyn Disk>,
    wanted: &Wanted,
    proved_by: Option<&Path>,
) -> Result<Case, Failure> {
    let verifier = verifier(folder, disk.as_ref(), None)?;
    let failed = |e| Failure::new("cannot read", folder, e);
    let proved_by: Option<(String, Checkpoint)> = match proved_by {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|e| Failure::new("cannot read", file, e))?;
            Some((text, checkpoint(file, &verifier)?))
        }
        None => newest_checkpoint(disk.as_ref(), &verifier).map_err(failed)?,
    };
    let none = || Failure::new("cannot take a case from", folder, "nothing in it is signed yet");
    select(folder, disk, wanted, &verifier, proved_by.ok_or_else(none)?)
}

fn say_case(case: &Case) {
    println!(
        "{} orders, {} persons, {} leaves with proofs, {} inputs",
        case.scope.orders.len(),
        case.scope.persons.len(),
        case.leaves.len(),
        case.inputs.len()
    );
}

fn make_bundle(
    folder: &Path,
    episode: EpisodeId,
    out: &Path,
    proved_by: Option<&Path>,
) -> Result<bool, Failure> {
    let disk = open(folder)?;
    let wanted = Wanted { episode: Some(episode), ..Wanted::default() };
    let case = take(folder, &disk, &wanted, proved_by)?;
    bundle::write(&case, out, folder)?;
    say_case(&case);
    println!("Open {} to read it.", out.join("index.html").display());
    Ok(report(&rejudge_case(&case, config::of_folder(folder, None)?)?, 5))
}

fn import(file: &Path, folder: &Path) -> Result<bool, Failure> {
    if Case::begins(file)? {
        let case = Case::read(file)?;
        prove(&case, &[], None, file)?;
        bundle::write(&case, folder, file.parent().unwrap_or(Path::new(".")))?;
    } else {
        pack::import(file, folder)?;
    }
    verify_any(folder, &[], None)
}

fn is_case(folder: &Path) -> bool {
    folder.join(case::NAME).is_file()
}

/// The bytes of both logs.
fn bytes(disk: &dyn Disk) -> u64 {
    let names = disk.list().unwrap_or_default();
    let logs = names.iter().filter(|name| name.ends_with(".log"));
    logs.filter_map(|name| disk.open(name).ok()?.length().ok()).sum()
}

fn progress(length: u64, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = format!("{{elapsed_precise}} {{wide_bar}} {what} {{eta}}");
    match (length, ProgressStyle::with_template(&style)) {
        (1.., Ok(style)) => ProgressBar::new(length).with_style(style),
        _ => ProgressBar::new_spinner(),
    }
}
