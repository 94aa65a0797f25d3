//! The leaves of a case, found in the evidence by reading it three times: how far it goes, which of
//! its leaves belong to the case, and the hashes that prove these. So nothing is held but the case.

use super::case::{Case, CaseLeaf};
use super::each_leaf;
use super::scope::Scope;
use crate::files::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use wardline_core::event::{EpisodeId, Event, Phase};
use wardline_core::time::Timestamp;
use wardline_journal::disk::Disk;
use wardline_journal::merkle::{Inclusion, Nodes, ProofError, Tree, prove_inclusion};
use wardline_journal::{
    Evidence, EvidenceReader, Hash, Leaf, Note, Subject, Unsealed, event_id, sealing_key,
};

/// The evidence of a journal, up to a number of leaves.
#[derive(Clone, Copy)]
pub struct Leaves<'a> {
    /// The folder, for messages.
    pub folder: &'a Path,
    /// The journal.
    pub disk: &'a Arc<dyn Disk>,
    /// How many leaves count.
    pub size: u64,
}

/// What must be known of the evidence before leaves can be chosen.
pub struct Survey {
    /// The head of the tree; nothing if it has fewer leaves.
    pub root: Option<Hash>,
    /// Up to where its leaves speak of inputs.
    pub inputs_end: Option<u64>,
    /// When the last word on the episode was said, if there was one.
    pub last_word: Option<Timestamp>,
    /// Whether the episode has ended.
    pub has_ended: bool,
}

impl Leaves<'_> {
    fn each(&self, mut visit: impl FnMut(Leaf)) -> Result<EvidenceReader, Failure> {
        each_leaf(self.folder, self.disk, |leaf| {
            if leaf.number < self.size {
                visit(leaf);
            }
        })
    }

    /// Reads how far the evidence goes, and when the last word on an episode was said.
    ///
    /// # Errors
    ///
    /// If the evidence is damaged or cannot be read.
    pub fn survey(&self, episode: Option<EpisodeId>) -> Result<Survey, Failure> {
        let mut survey = Survey { root: None, inputs_end: None, last_word: None, has_ended: false };
        let mut tree = Tree::new();
        self.each(|leaf| {
            tree.push(leaf.hash, |_| {});
            survey.inputs_end = survey.inputs_end.max(inputs_end(&leaf));
            if let Some(event) = open_event(&leaf)
                && episode.is_some_and(|episode| event.episode_id == Some(episode))
            {
                survey.last_word = survey.last_word.max(Some(event.at));
                survey.has_ended |= matches!(event.phase, Phase::Ended | Phase::Amended);
            }
        })?;
        survey.root = (tree.size() == self.size).then(|| tree.root());
        Ok(survey)
    }

    /// Puts the leaves that belong to a case into it, with proofs and the keys that open them.
    /// Gives the numbers of inputs that caused events of the case.
    ///
    /// # Errors
    ///
    /// If the evidence is damaged or cannot be read.
    pub fn fill(&self, case: &mut Case) -> Result<BTreeSet<u64>, Failure> {
        let (mut needed, mut chosen, mut names) =
            (BTreeSet::new(), Vec::new(), BTreeMap::<u64, Leaf>::new());
        let scope = &case.scope;
        let reader = self.each(|leaf| {
            if let Evidence::Note(Note::KeyMade { key, subject, .. }) = leaf.evidence {
                if may_seal(scope, subject) {
                    names.insert(key, leaf);
                }
            } else if belongs(scope, &leaf) {
                needed.extend(open_event(&leaf).map(|event| event.input));
                chosen.push(leaf);
            }
        })?;
        let keys: BTreeSet<u64> =
            chosen.iter().filter_map(|leaf| sealing_key(&leaf.stored).ok()?).collect();
        for key in keys {
            if let (Some(name), Some(bytes)) = (names.remove(&key), reader.keys().disclose(key)) {
                chosen.push(name);
                case.keys.add(key, bytes);
            }
        }
        chosen.sort_by_key(|leaf| leaf.number);
        let proofs = self.prove(chosen.iter().map(|leaf| leaf.number))?;
        let leaves = chosen.into_iter().zip(proofs);
        case.leaves.extend(leaves.map(|(Leaf { stored, salt, entry, .. }, proof)| CaseLeaf {
            stored,
            salt,
            entry,
            proof,
        }));
        Ok(needed)
    }

    /// Proves that leaves of these numbers are in the tree.
    fn prove(&self, numbers: impl Iterator<Item = u64> + Clone) -> Result<Vec<Inclusion>, Failure> {
        let failed = |error| Failure::new("cannot prove leaves of", self.folder, error);
        let mut proof_nodes = ProofNodes::default();
        let prove = |nodes: &mut ProofNodes| -> Result<Vec<_>, ProofError> {
            numbers.clone().map(|number| prove_inclusion(nodes, number, self.size)).collect()
        };
        // What a proof asks for depends on numbers only.
        prove(&mut proof_nodes).map_err(failed)?;
        let (mut tree, mut index) = (Tree::new(), 0);
        self.each(|leaf| {
            tree.push(leaf.hash, |hash| {
                if let Some(node) = proof_nodes.0.get_mut(&index) {
                    *node = hash;
                }
                index += 1;
            });
        })?;
        prove(&mut proof_nodes).map_err(failed)
    }
}

/// The hashes of a tree that some proofs need, by their indexes. What was never asked for before is
/// zeros, and known from then on.
#[derive(Default)]
struct ProofNodes(BTreeMap<u64, Hash>);

impl Nodes for ProofNodes {
    fn node(&mut self, index: u64) -> io::Result<Hash> {
        Ok(*self.0.entry(index).or_default())
    }
}

fn open_event(leaf: &Leaf) -> Option<&Event> {
    match &leaf.evidence {
        Evidence::Event(event) => match &**event {
            Unsealed::Open(event) => Some(event),
            Unsealed::Sealed { .. } => None,
        },
        _ => None,
    }
}

/// Whether a leaf belongs to a case for what it says.
fn belongs(scope: &Scope, leaf: &Leaf) -> bool {
    match &leaf.evidence {
        Evidence::Event(_) => open_event(leaf).is_some_and(|event| scope.compares(event)),
        Evidence::Input { number, record: Unsealed::Open(record) } => {
            scope.until_input.is_none_or(|end| *number < end) && scope.holds(record)
        }
        _ => false,
    }
}

/// Whether leaves of a case may be sealed with a key of this subject.
fn may_seal(scope: &Scope, subject: Subject) -> bool {
    match subject {
        Subject::Rest => true,
        Subject::Order(order) => scope.orders.contains(&order.number()),
        Subject::Zone(zone) => scope.zones.contains(&zone.number()),
        Subject::Device(device) => scope.devices.contains(&device.number()),
    }
}

/// The number after the last input that a leaf speaks of.
fn inputs_end(leaf: &Leaf) -> Option<u64> {
    match &leaf.evidence {
        Evidence::Event(_) => event_id(&leaf.stored).map(|(input, ..)| input.saturating_add(1)),
        Evidence::Input { number, .. } => Some(number.saturating_add(1)),
        Evidence::Heartbeat { inputs, .. } => Some(inputs.next),
        _ => None,
    }
}
