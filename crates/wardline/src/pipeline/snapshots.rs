//! The states of all engines after one input, while judgement goes on.

use super::{NoAnswer, Pipeline};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The state of every shard's engine after the same input.
#[derive(Debug)]
#[non_exhaustive]
pub struct Snapshots {
    /// The number of the last input that is in them. All up to it are in the log, if there is one.
    pub last_input: u64,
    /// A snapshot of each shard's engine (`docs/snapshot.md`).
    pub shards: Vec<Vec<u8>>,
}

/// A question for snapshots. Answered by the number of the last input that is in them, and where
/// they come.
pub(super) type Request = SyncSender<(u64, Vec<Receiver<Vec<u8>>>)>;

impl Pipeline {
    /// Snapshots of all shards after the last input that has a number now. They are taken from the
    /// standbys, on their threads, so that judgement goes on meanwhile; without standbys each shard
    /// stands still while it writes its own.
    ///
    /// Waits until the standbys have come so far.
    ///
    /// # Errors
    ///
    /// If a shard or its standby is lost, or the standby fell out meanwhile.
    pub fn snapshots(&self) -> Result<Snapshots, NoAnswer> {
        let (request, asked) = sync_channel(1);
        self.intake.ask_for_snapshots(request);
        let (last_input, answers) = asked.recv().map_err(|_| NoAnswer { shard: 0 })?;
        let answers = answers.into_iter().enumerate();
        let shards = answers.map(|(shard, of)| of.recv().map_err(|_| NoAnswer { shard }));
        Ok(Snapshots { last_input, shards: shards.collect::<Result<_, _>>()? })
    }
}
