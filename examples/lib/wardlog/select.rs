//! Taking a case out of a journal.

use super::case::{Case, CaseLeaf};
use super::scope::Scope;
use super::{CANNOT_READ, each_leaf};
use crate::files::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use wardline_core::event::{EpisodeId, Event, Phase};
use wardline_core::input::{Demand, Input, PutOrder, Record};
use wardline_core::time::Timestamp;
use wardline_journal::checkpoint::{Checkpoint, Verifier};
use wardline_journal::disk::Disk;
use wardline_journal::merkle::{Tree, prove_inclusion};
use wardline_journal::{
    Disclosure, Evidence, Hash, InputReader, Leaf, Logged, Note, Unsealed, event_id, sealing_key,
};

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
    let mut taken = Taken::default();
    let reader = each_leaf(folder, disk, |leaf| taken.look_at(&leaf, checkpoint.size))?;
    if taken.root != Some(checkpoint.root) {
        return Err(failed("its evidence is not what the checkpoint says"));
    }
    scope.until_input = taken.inputs_end;
    if let Some(episode) = wanted.episode {
        scope.episode = Some(episode.to_string());
        let until = taken.end_of(episode).ok_or_else(|| failed("it has no such episode"))?;
        let later = scope.until_ms.unwrap_or(i64::MAX);
        scope.until_ms = Some(until.plus_ms(AFTER_MS).ms().min(later));
    }
    let keys = reader.keys();
    let mut case = Case {
        public_key: verifier.to_string(),
        checkpoint: note,
        size: checkpoint.size,
        leaves: Vec::new(),
        keys: Disclosure::none(),
        inputs: Vec::new(),
        scope,
    };
    let needed = taken.fill(&mut case, |key| keys.disclose(key));
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
    let mut configuration = Vec::new();
    each_input(folder, disk, |_, record| {
        if let Unsealed::Open(record) = record
            && matches!(
                record.input,
                Input::PutOrder(_) | Input::PutZone(_) | Input::AssignDevice(_)
            )
        {
            configuration.push(record);
        }
    })?;
    let mut scope = Scope::default();
    (scope.from_ms, scope.until_ms) =
        (wanted.from.map(Timestamp::ms), wanted.until.map(Timestamp::ms));
    // A person may have had a device, and a layer its zones, before an order named them.
    loop {
        let mut grew = false;
        for record in &configuration {
            grew |= scope.learn(record, |put| wanted.means(put));
        }
        if !grew {
            break;
        }
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

/// What was seen of the evidence up to the checkpoint.
#[derive(Default)]
struct Taken {
    tree: Tree,
    /// The head, once there are as many leaves as the checkpoint has.
    root: Option<Hash>,
    /// All hashes of complete subtrees: 64 bytes for each leaf.
    nodes: Vec<Hash>,
    events: Vec<(Leaf, Event)>,
    inputs: Vec<(Leaf, u64, Record)>,
    /// The leaves that name keys, by the keys.
    keys: BTreeMap<u64, Leaf>,
    /// Up to where signed leaves speak of inputs.
    inputs_end: Option<u64>,
}

impl Taken {
    fn look_at(&mut self, leaf: &Leaf, size: u64) {
        if self.tree.size() >= size {
            return;
        }
        let nodes = &mut self.nodes;
        self.tree.push(leaf.hash, |hash| nodes.push(hash));
        if self.tree.size() == size {
            self.root = Some(self.tree.root());
        }
        let end = match &leaf.evidence {
            Evidence::Event(_) => event_id(&leaf.stored).map(|(input, ..)| input.saturating_add(1)),
            Evidence::Input { number, .. } => Some(number.saturating_add(1)),
            Evidence::Heartbeat { inputs, .. } => Some(inputs.next),
            _ => None,
        };
        self.inputs_end = self.inputs_end.max(end);
        match &leaf.evidence {
            Evidence::Event(event) => {
                if let Unsealed::Open(event) = event.as_ref() {
                    self.events.push((leaf.clone(), event.clone()));
                }
            }
            Evidence::Input { number, record: Unsealed::Open(record) } => {
                self.inputs.push((leaf.clone(), *number, record.clone()));
            }
            Evidence::Note(Note::KeyMade { key, .. }) => {
                self.keys.insert(*key, leaf.clone());
            }
            _ => {}
        }
    }

    /// When the last word on an episode was said; for ever if it has not ended.
    fn end_of(&self, episode: EpisodeId) -> Option<Timestamp> {
        let of_it = self.events.iter().filter(|(_, event)| event.episode_id == Some(episode));
        let mut of_it = of_it.map(|(_, event)| event).peekable();
        of_it.peek()?;
        let (mut last, mut ended) = (Timestamp::default(), false);
        for event in of_it {
            last = last.max(event.at);
            ended |= event.phase == Phase::Ended || event.phase == Phase::Amended;
        }
        Some(if ended { last } else { Timestamp::from_ms(i64::MAX - AFTER_MS) })
    }

    /// Puts the leaves of a case into it, with keys and proofs. Gives the numbers of inputs that
    /// caused events of the case.
    fn fill(&self, case: &mut Case, disclose: impl Fn(u64) -> Option<[u8; 32]>) -> BTreeSet<u64> {
        let mut leaves = BTreeMap::new();
        let mut needed = BTreeSet::new();
        for (leaf, event) in &self.events {
            if case.scope.compares(event) {
                leaves.insert(leaf.number, leaf);
                needed.insert(event.input);
            }
        }
        for (leaf, number, record) in &self.inputs {
            let early = case.scope.until_input.is_none_or(|end| *number < end);
            if early && case.scope.holds(record) {
                leaves.insert(leaf.number, leaf);
            }
        }
        let mut named = BTreeMap::new();
        for leaf in leaves.values() {
            if let Ok(Some(key)) = sealing_key(&leaf.stored)
                && let (Some(name), Some(bytes)) = (self.keys.get(&key), disclose(key))
            {
                named.insert(name.number, name);
                case.keys.add(key, bytes);
            }
        }
        leaves.append(&mut named);
        for leaf in leaves.into_values() {
            // All of them are within the tree, so there is a proof of each.
            if let Ok(proof) = prove_inclusion(&mut &*self.nodes, leaf.number, case.size) {
                let Leaf { stored, salt, entry, .. } = leaf.clone();
                case.leaves.push(CaseLeaf { stored, salt, entry, proof });
            }
        }
        needed
    }
}

/// How long after the last word on an incident its case goes on, in milliseconds: ten minutes.
const AFTER_MS: i64 = 600_000;
