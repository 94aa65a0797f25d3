//! Is all that was acknowledged in the journal, once? Is each breach in the evidence, once?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use wardline::journal::disk::Folder;
use wardline_core::event::{EventKind, Phase};
use wardline_core::ids::{DeviceId, PersonId};
use wardline_core::input::Input;
use wardline_examples::files::Failure;
use wardline_examples::fleet::Plan;
use wardline_journal::{
    Evidence, EvidenceReader, InputReader, LogKind, Logged, ReadError, Unsealed,
    stored_checkpoints, stored_verifier, verify,
};

/// What was found.
#[derive(Default)]
struct Tally {
    acked: u64,
    lost: u64,
    twice: u64,
    inputs: u64,
    planted: u64,
    missed: u64,
    invented: u64,
    leaves: u64,
}

/// Compares, says what it found in one line, and fails if anything is missing or there twice.
pub fn run(plan: &Plan, journal: &Path, acked: &Path) -> Result<ExitCode, Failure> {
    let failure = |error: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new("cannot check", journal, error)
    };
    let text = fs::read_to_string(acked);
    let text = text.map_err(|error| Failure::new("cannot read", acked, error))?;
    let acked: Vec<u32> = text.lines().map_while(|line| line.parse().ok()).collect();
    let disk = Arc::new(Folder::read_only(journal).map_err(|error| failure(error.into()))?);
    let mut tally = Tally::default();
    count_records(&disk, &acked, &mut tally).map_err(|error| failure(error.into()))?;
    count_breaches(&disk, plan, &mut tally).map_err(failure)?;
    let Tally { acked, lost, twice, inputs, planted, missed, invented, leaves } = tally;
    println!(
        "{acked} records acknowledged: {lost} lost, {twice} twice among {inputs} inputs; {planted} \
         breaches planted: {missed} missed, {invented} invented or twice among {leaves} leaves; \
         both logs verify"
    );
    let is_good = [lost, twice, missed, invented] == [0; 4] && acked > 0;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which records of which devices are in the log of inputs.
fn count_records(disk: &Arc<Folder>, acked: &[u32], tally: &mut Tally) -> Result<(), ReadError> {
    verify(disk.clone(), LogKind::Input, Vec::new(), |_| ())?;
    let mut records: BTreeMap<(DeviceId, u64), u64> = BTreeMap::new();
    let (mut reader, mut logged) = (InputReader::open(disk.clone(), 1)?, Vec::new());
    while reader.next_frame(&mut logged)? {
        for logged in logged.drain(..) {
            let Logged::Input { record: Unsealed::Open(record), .. } = logged else { continue };
            tally.inputs += 1;
            if let Input::Fix(fix) = record.input {
                *records.entry((fix.device, fix.seq)).or_default() += 1;
            }
        }
    }
    tally.twice = records.values().map(|times| times - 1).sum();
    for (n, through) in (0..).zip(acked) {
        let device = Plan::device(n);
        let missing =
            (1..=u64::from(*through)).filter(|seq| !records.contains_key(&(device, *seq)));
        tally.lost += missing.count() as u64;
        tally.acked += u64::from(*through);
    }
    Ok(())
}

/// Whose breaches are in the evidence.
fn count_breaches(
    disk: &Arc<Folder>,
    plan: &Plan,
    tally: &mut Tally,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let verifier = stored_verifier(disk.as_ref()).map_err(|error| error.to_string())?;
    let verifier = verifier.ok_or("there is no key of checkpoints")?;
    let against = stored_checkpoints(disk.as_ref(), &verifier)?;
    let mut started: BTreeMap<PersonId, u64> = BTreeMap::new();
    let (mut reader, mut leaves) = (EvidenceReader::open(disk.clone(), against)?, Vec::new());
    while reader.next_frame(&mut leaves)? {
        for leaf in leaves.drain(..) {
            tally.leaves += 1;
            let Evidence::Event(event) = leaf.evidence else { continue };
            let Unsealed::Open(event) = *event else { continue };
            if event.kind == EventKind::Breach && event.phase == Phase::Started {
                *started.entry(event.person).or_default() += 1;
            }
        }
    }
    for n in (0..plan.devices).filter(|n| plan.is_planted(*n)) {
        tally.planted += 1;
        match started.remove(&Plan::person(n)) {
            Some(times) => tally.invented += times - 1,
            None => tally.missed += 1,
        }
    }
    tally.invented += started.values().sum::<u64>();
    Ok(())
}
