//! The log of inputs, as a pipeline writes it.

use super::act::is_act;
use super::{Now, Shared, devices, lock};
use crate::pipeline::Log;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wardline_core::Numbered;
use wardline_core::input::Record;
use wardline_journal::InputLog;
use wardline_wire::datagram::Heard;

/// Writes the log of inputs for a pipeline.
pub struct InputWriter {
    log: InputLog,
    shared: Arc<Shared>,
    now: Now,
    /// Acts that were appended, and are not durable yet.
    acts: Vec<(u64, Record)>,
}

impl InputWriter {
    pub(super) fn new(log: InputLog, shared: Arc<Shared>, now: Now) -> Self {
        Self { log, shared, now, acts: Vec::new() }
    }
}

impl Log for InputWriter {
    fn append(&mut self, inputs: &[Numbered]) -> io::Result<()> {
        self.log.append((self.now)(), inputs.iter().map(|input| (input.number, &input.record)))?;
        let acts = inputs.iter().filter(|input| is_act(&input.record.input));
        self.acts.extend(acts.map(|input| (input.number, input.record.clone())));
        Ok(())
    }

    fn append_heard(&mut self, heard: &[Heard]) -> io::Result<()> {
        Ok(self.log.append_heard((self.now)(), heard.iter().map(devices::logged))?)
    }

    fn commit(&mut self) -> io::Result<()> {
        let durable = self.log.commit((self.now)())?;
        *lock(&self.shared.durable) = Some(durable);
        lock(&self.shared.acts).extend(self.acts.drain(..));
        self.shared.figures.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn due_in(&self) -> Duration {
        let due_in_ms = self.log.due().map_or(0, |due| due.ms_since((self.now)()));
        // A clock that was set back must not hold up commits.
        Duration::from_millis(due_in_ms.clamp(0, DUE_MS_MAX).unsigned_abs())
    }
}

const DUE_MS_MAX: i64 = 1_000;
