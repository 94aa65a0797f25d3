//! Making a journal of a file of inputs: one engine, both logs, as a server would have them.

use super::config;
use crate::files::{Failure, Reader};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use wardline_core::Engine;
use wardline_core::event::Event;
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;
use wardline_journal::disk::Folder;
use wardline_journal::{
    EvidenceLog, EvidenceOptions, InputLog, InputOptions, LogError, SystemEntropy, stored_signer,
};
use wardline_wire::jsonl::Lines;

/// What was recorded.
#[derive(Debug)]
pub struct Recorded {
    /// The inputs.
    pub inputs: u64,
    /// The events.
    pub events: u64,
    /// The last checkpoint, to be kept elsewhere.
    pub checkpoint: String,
}

/// Makes a journal in a folder that has none. Each input is recorded at its own time.
///
/// # Errors
///
/// If the folder has a journal, or anything cannot be read or written.
pub fn record(
    reader: Reader<'_>,
    input: &Path,
    folder: &Path,
    name: &str,
    numbers: Option<&Path>,
) -> Result<Recorded, Failure> {
    let mut recorder = Recorder::open(folder, name, numbers)?;
    let mut lines = Lines::new(reader);
    let mut batch = Vec::new();
    loop {
        let line = lines.next_line().map_err(|e| Failure::new("cannot read", input, e))?;
        let is_end = line.is_none();
        batch.extend(line.map(|line| line.record()));
        if batch.len() == BATCH || is_end {
            let taken = recorder.take(&batch);
            taken.map_err(|e| Failure::new("cannot write", folder, e))?;
            batch.clear();
        }
        if is_end {
            break;
        }
    }
    recorder.finish().map_err(|e| Failure::new("cannot write", folder, e))
}

struct Recorder {
    engine: Engine,
    inputs: InputLog,
    evidence: EvidenceLog,
    events: Vec<Event>,
    taken: u64,
    told: u64,
}

impl Recorder {
    fn open(folder: &Path, name: &str, numbers: Option<&Path>) -> Result<Self, Failure> {
        let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
            Failure::new("cannot make a journal in", folder, e)
        };
        if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
            return Err(failed("the folder is not empty".into()));
        }
        let numbers_read = numbers.map(config::read).transpose()?;
        let disk = Arc::new(Folder::open(folder).map_err(|e| failed(e.into()))?);
        let signer = stored_signer(disk.as_ref(), name, &mut SystemEntropy::default());
        let signer = signer.map_err(|e| failed(e.into()))?;
        if let Some(file) = numbers {
            fs::copy(file, folder.join(config::NAME)).map_err(|e| failed(e.into()))?;
        }
        let config = numbers_read.unwrap_or_default();
        let (now, entropy) = (Timestamp::default(), || Box::new(SystemEntropy::default()));
        let mut options = InputOptions::default();
        options.first = config.first_input;
        let opened = InputLog::open(disk.clone(), options, entropy(), now);
        let (inputs, _) = opened.map_err(|e| failed(e.into()))?;
        let options = EvidenceOptions::default();
        let opened = EvidenceLog::open(disk, options, signer, entropy(), now);
        let (evidence, _) = opened.map_err(|e| failed(e.into()))?;
        let engine = Engine::new(config);
        Ok(Self { engine, inputs, evidence, events: Vec::new(), taken: 0, told: 0 })
    }

    fn take(&mut self, records: &[Record]) -> Result<(), LogError> {
        let first = self.inputs.next();
        self.taken += records.len() as u64;
        let ats = records.iter().filter_map(|record| record.at);
        let now = ats.fold(self.engine.now(), Timestamp::max);
        self.inputs.append(now, (first..).zip(records))?;
        let durable = self.inputs.commit(now)?;
        for (number, record) in (first..).zip(records) {
            let events = &mut self.events;
            self.engine.apply(record, &mut |event| events.push(event));
            let at = self.engine.now();
            if is_evidence(&record.input) {
                self.evidence.append_input(at, number, record)?;
            }
            for event in self.events.drain(..) {
                self.evidence.append_event(at, &event)?;
                self.told += 1;
            }
        }
        self.evidence.beat(now, durable)?;
        self.evidence.commit(now)?;
        Ok(())
    }

    fn finish(mut self) -> Result<Recorded, LogError> {
        let now = self.engine.now();
        // Whatever the last heartbeat said, the end of the inputs shall be under the signature.
        self.evidence.beat_now(now, self.inputs.durable())?;
        let checkpoint = self.evidence.checkpoint(now)?;
        Ok(Recorded { inputs: self.taken, events: self.told, checkpoint })
    }
}

/// Whether an input is itself a leaf of the evidence: an act or a change of configuration.
pub fn is_evidence(input: &Input) -> bool {
    !matches!(input, Input::Fix(_) | Input::Status(_) | Input::Tick | Input::Invalid(_))
}

/// As many inputs as a replay judges in one go.
const BATCH: usize = 1024;
