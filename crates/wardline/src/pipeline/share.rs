//! What one shard takes in of a batch of inputs.

use super::spare::Reuse;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use wardline_core::ids::PersonId;
use wardline_core::{Numbered, PersonCopy};

/// A shard's part of a batch; once it is judged, what the shard's standby takes in.
#[derive(Default)]
pub(super) struct Share {
    pub inputs: Inputs,
    /// What the shard does before the input at each of these places.
    pub moves: Vec<(usize, Move)>,
    /// What its standby does before the input at each of these places.
    pub steps: Vec<(usize, Step)>,
    /// How many of the inputs its standby already has, or shall never have.
    pub kept: usize,
    /// When the batch was submitted, by the pipeline's clock.
    pub submitted_ns: u64,
    /// When its inputs got their numbers.
    pub numbered_ns: u64,
}

/// The inputs of a share.
pub(super) enum Inputs {
    /// Some of a batch, in memory of their own.
    Own(Vec<Numbered>),
    /// All of a batch, where the log reads them too.
    Shared(Arc<Vec<Numbered>>),
}

/// Half of a move, a person whom one more shard is to follow; or a question for a snapshot.
///
/// The shard that adopts waits for the one that lends. Moves are in all shards in the order of the
/// inputs that cause them, so none can wait for one that waits for it.
pub(crate) enum Move {
    /// Copies what is known of the person.
    Lend(PersonId, SyncSender<Arc<PersonCopy>>),
    /// Takes in what another shard knows of the person.
    Adopt(PersonId, Receiver<Arc<PersonCopy>>),
    /// Gives a snapshot of its engine as it is just then, or lets its standby do so later.
    Snapshot(SyncSender<Vec<u8>>),
}

/// What a standby does between two inputs.
pub(super) enum Step {
    /// Takes in what another shard knew of a person.
    Adopt(Arc<PersonCopy>),
    /// Gives a snapshot.
    Snapshot(SyncSender<Vec<u8>>),
}

impl Share {
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.moves.is_empty()
    }

    /// Adds half of a move that comes before the next input.
    pub fn add_move(&mut self, half: Move) {
        self.moves.push((self.inputs.len(), half));
    }

    /// How many inputs its standby takes in.
    pub fn len(&self) -> usize {
        self.inputs.len() - self.kept
    }

    /// Adds what the standby shall do before the input at this place.
    pub fn add_step(&mut self, place: usize, step: Step) {
        self.steps.push((place, step));
    }

    /// The standby has or shall never have what is before this place.
    pub fn keep_until(&mut self, place: usize) {
        self.kept = place;
        self.steps.clear();
    }

    /// Moves what a standby takes in of another share to the end of this one.
    pub fn append(&mut self, other: &mut Self) {
        let (ours, from) = (self.inputs.len(), other.kept);
        let steps = other.steps.drain(..);
        self.steps.extend(steps.map(|(place, step)| (place - from + ours, step)));
        let inputs = self.inputs.own();
        match &mut other.inputs {
            Inputs::Own(theirs) => inputs.extend(theirs.drain(from..)),
            Inputs::Shared(theirs) => inputs.extend_from_slice(&theirs[from..]),
        }
    }
}

impl Inputs {
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Them in memory of their own; copies of them if they are shared.
    pub fn own(&mut self) -> &mut Vec<Numbered> {
        if let Self::Shared(list) = self {
            *self = Self::Own(list.to_vec());
        }
        match self {
            Self::Own(inputs) => inputs,
            Self::Shared(_) => unreachable!("it was made their own just before"),
        }
    }

    /// Empties them, and keeps their memory if nobody else reads it.
    fn clear(&mut self) {
        match std::mem::take(self) {
            Self::Own(inputs) => *self = Self::Own(inputs),
            Self::Shared(list) => *self = Self::Own(Arc::into_inner(list).unwrap_or_default()),
        }
        self.own().clear();
    }
}

impl Default for Inputs {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Deref for Inputs {
    type Target = [Numbered];

    fn deref(&self) -> &[Numbered] {
        match self {
            Self::Own(inputs) => inputs,
            Self::Shared(list) => list,
        }
    }
}

impl Reuse for Share {
    fn clear(&mut self) {
        self.inputs.clear();
        self.moves.clear();
        self.steps.clear();
        self.kept = 0;
    }
}

impl Move {
    /// Both halves of a move, to lend and to adopt.
    pub fn pair(person: PersonId) -> (Self, Self) {
        let (sender, receiver) = sync_channel(1);
        (Self::Lend(person, sender), Self::Adopt(person, receiver))
    }

    /// A question for a snapshot, and where it comes.
    pub fn snapshot() -> (Self, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(1);
        (Self::Snapshot(sender), receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_core::Part;
    use wardline_core::input::{Input, Record};

    fn ticks(numbers: std::ops::Range<u64>) -> Vec<Numbered> {
        let record = Record { at: None, input: Input::Tick };
        let tick = |number| Numbered { number, record: record.clone(), part: Part::WHOLE };
        numbers.map(tick).collect()
    }

    fn share(inputs: Inputs) -> Share {
        Share { inputs, ..Share::default() }
    }

    fn numbers(share: &Share) -> Vec<u64> {
        share.inputs.iter().map(|input| input.number).collect()
    }

    #[test]
    fn shared_inputs_are_copied_to_the_end_of_own_ones_without_those_left_out() {
        let list = Arc::new(ticks(4..8));
        let mut first = share(Inputs::Own(ticks(1..4)));
        let mut other = share(Inputs::Shared(list.clone()));
        other.keep_until(2);
        first.append(&mut other);
        assert_eq!(numbers(&first), [1, 2, 3, 6, 7]);
        assert_eq!(list.len(), 4, "who else reads them still has them");
    }

    #[test]
    fn memory_is_kept_when_nobody_else_reads_it() {
        let list = Arc::new(ticks(1..100));
        let mut last = share(Inputs::Shared(list.clone()));
        last.clear();
        assert_eq!((last.inputs.len(), last.inputs.own().capacity()), (0, 0));
        let mut last = share(Inputs::Shared(list));
        last.clear();
        assert_eq!(last.inputs.len(), 0);
        assert!(last.inputs.own().capacity() >= 99);
    }
}
