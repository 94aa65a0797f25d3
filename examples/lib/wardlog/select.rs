//! Taking a case out of a journal.

use super::CANNOT_READ;
use super::case::Case;
use super::leaves::Leaves;
use super::scope::Scope;
use crate::files::Failure;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use wardline_core::event::EpisodeId;
use wardline_core::input::{Demand, Input, PutOrder, Record};
use wardline_core::time::Timestamp;
use wardline_journal::checkpoint::{Checkpoint, Verifier};
use wardline_journal::disk::Disk;
use wardline_journal::{Disclosure, InputReader, Logged, Outline, Unsealed};

/// What to take.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The orders of these persons, on either side.
    pub persons: BTreeSet<u64>,
    /// The order of this incident, up to what was last said of it.
    pub episode: Option<EpisodeId>,
    /// Fixes and events from then on.
    pub from: Option<Timestamp>,
    /// What was received before.
    pub until: Option<Timestamp>,
    /// All orders.
    pub everyone: bool,
}

impl Wanted {
    fn means(&self, put: &PutOrder) -> bool {
        let person = |id: u64| self.persons.contains(&id);
        let protects = |demand: &Demand| match demand {
            Demand::KeepAway { person: protected, .. } => person(protected.number()),
            _ => false,
        };
        self.everyone
            || self.episode.is_some_and(|episode| episode.order == put.order)
            || person(put.person.number())
            || put.rules.iter().any(|rule| protects(&rule.demand))
    }
}

/// Takes a case out of a journal, proved by the checkpoint that is given, whose text is `note`.
///
/// The journal is read several times, so that nothing is held but the case.
///
/// # Errors
///
/// If the journal is damaged, is not what the checkpoint says, or has nothing of what is wanted.
pub fn select(
    folder: &Path,
    disk: &Arc<dyn Disk>,
    wanted: &Wanted,
    verifier: &Verifier,
    (note, checkpoint): (String, Checkpoint),
) -> Result<Case, Failure> {
    let failed = |reason: &str| Failure::new("cannot take a case from", folder, reason);
    let mut scope = scope(folder, disk, wanted)?;
    if scope.orders.is_empty() {
        return Err(failed("no order in it is meant"));
    }
    let leaves = Leaves { folder, disk, size: checkpoint.size };
    let survey = leaves.survey(wanted.episode)?;
    if survey.root != Some(checkpoint.root) {
        return Err(failed("its evidence is not what the checkpoint says"));
    }
    scope.until_input = survey.inputs_end;
    if let Some(episode) = wanted.episode {
        scope.episode = Some(episode.to_string());
        let last_word = survey.last_word.ok_or_else(|| failed("it has no such episode"))?;
        if survey.has_ended {
            let until = last_word.plus_ms(AFTER_MS).ms();
            scope.until_ms = Some(until.min(scope.until_ms.unwrap_or(until)));
        }
    }
    let mut case = Case {
        public_key: verifier.to_string(),
        checkpoint: note,
        size: checkpoint.size,
        leaves: Vec::new(),
        keys: Disclosure::none(),
        inputs: Vec::new(),
        scope,
    };
    let needed = leaves.fill(&mut case)?;
    each_input(folder, disk, |number, record| {
        if case.scope.until_input.is_some_and(|end| number >= end) {
            return;
        }
        match record {
            Unsealed::Open(record) if case.scope.holds(&record) => {
                case.inputs.push((number, record));
            }
            Unsealed::Open(Record { at, .. }) | Unsealed::Sealed { at, .. }
                if needed.contains(&number) =>
            {
                case.inputs.push((number, Record { at, input: Input::Tick }));
            }
            _ => {}
        }
    })?;
    Ok(case)
}

/// Which orders, persons, devices and zones are meant.
fn scope(folder: &Path, disk: &Arc<dyn Disk>, wanted: &Wanted) -> Result<Scope, Failure> {
    let failed = |e| Failure::new(CANNOT_READ, folder, e);
    let mut scope = Scope::default();
    (scope.from_ms, scope.until_ms) =
        (wanted.from.map(Timestamp::ms), wanted.until.map(Timestamp::ms));
    // A person may have had a device, and a layer its zones, before an order named them.
    let mut grew = true;
    while grew {
        grew = false;
        let mut reader = InputReader::open(Arc::clone(disk), 0).map_err(failed)?;
        let mut learn = |outline| {
            if let Outline::Act { record: Unsealed::Open(record), .. } = outline {
                grew |= scope.learn(&record, |put| wanted.means(put));
            }
        };
        while reader.outline_frame(&mut learn).map_err(failed)? {}
    }
    Ok(scope)
}

fn each_input(
    folder: &Path,
    disk: &Arc<dyn Disk>,
    mut visit: impl FnMut(u64, Unsealed<Record>),
) -> Result<(), Failure> {
    let failed = |e| Failure::new(CANNOT_READ, folder, e);
    let mut reader = InputReader::open(Arc::clone(disk), 0).map_err(failed)?;
    let mut give = |logged| {
        if let Logged::Input { number, record } = logged {
            visit(number, record);
        }
    };
    while reader.visit_frame(&mut give).map_err(failed)? {}
    Ok(())
}

/// How long after the last word on an incident its case goes on, in milliseconds: ten minutes.
const AFTER_MS: i64 = 600_000;
