//! What one shard takes in of a batch of inputs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use wardline_core::ids::PersonId;
use wardline_core::{Numbered, PersonCopy};

/// A shard's part of a batch.
#[derive(Default)]
pub(super) struct Share {
    pub inputs: Vec<Numbered>,
    /// What happens before the input at each of these places.
    pub moves: Vec<(usize, Move)>,
    /// When the batch was submitted, by the pipeline's clock.
    pub submitted_ns: u64,
    /// When its inputs got their numbers.
    pub numbered_ns: u64,
}

/// Half of a move: a person whom one more shard is to follow.
///
/// The shard that adopts waits for the one that lends. Moves are in all shards in the order of the
/// inputs that cause them, so none can wait for one that waits for it.
pub(super) enum Move {
    /// Copies what is known of the person.
    Lend(PersonId, SyncSender<Arc<PersonCopy>>),
    /// Takes in what another shard knows of the person.
    Adopt(PersonId, Receiver<Arc<PersonCopy>>),
}

impl Share {
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.moves.is_empty()
    }

    /// Adds half of a move that comes before the next input.
    pub fn add_move(&mut self, half: Move) {
        self.moves.push((self.inputs.len(), half));
    }

    pub fn clear(&mut self) {
        self.inputs.clear();
        self.moves.clear();
    }
}

impl Move {
    /// Both halves of a move, to lend and to adopt.
    pub fn pair(person: PersonId) -> (Self, Self) {
        let (sender, receiver) = sync_channel(1);
        (Self::Lend(person, sender), Self::Adopt(person, receiver))
    }
}
