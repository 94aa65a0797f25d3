//! What an engine that panicked is built from again: a checkpoint, and what its shard has taken in
//! since.

use std::sync::Arc;
use wardline_core::{Config, Engine, Numbered, PersonCopy};

/// How the whole state of an engine is kept and brought back.
pub trait Checkpoints: Send + Sync {
    /// Writes the state to `out`, which is empty. False if that cannot be done.
    fn save(&self, engine: &Engine, out: &mut Vec<u8>) -> bool;

    /// The engine whose state this is.
    fn restore(&self, config: &Config, state: &[u8]) -> Option<Engine>;
}

/// Snapshots of the engine, in memory.
pub(super) struct Snapshots;

impl Checkpoints for Snapshots {
    fn save(&self, engine: &Engine, out: &mut Vec<u8>) -> bool {
        engine.snapshot(out);
        true
    }

    fn restore(&self, config: &Config, state: &[u8]) -> Option<Engine> {
        Engine::restore(config.clone(), state).ok()
    }
}

/// What a shard has taken in, without what its engine panicked on.
pub(super) struct Retained {
    config: Config,
    checkpoints: Arc<dyn Checkpoints>,
    /// The last checkpoint; empty before the first.
    state: Vec<u8>,
    inputs: Vec<Numbered>,
    /// Persons adopted before the input at each of these places.
    adopted: Vec<(usize, Arc<PersonCopy>)>,
    inputs_max: usize,
    /// There was more than may be kept, and no checkpoint.
    is_lost: bool,
}

impl Retained {
    pub fn new(config: Config, checkpoints: Arc<dyn Checkpoints>, inputs_max: usize) -> Self {
        Self {
            config,
            checkpoints,
            state: Vec::new(),
            inputs: Vec::new(),
            adopted: Vec::new(),
            inputs_max,
            is_lost: false,
        }
    }

    /// Begins from an engine that has taken in inputs elsewhere.
    pub fn begin_from(&mut self, engine: &Engine) {
        self.is_lost = !self.checkpoints.save(engine, &mut self.state);
    }

    pub fn inputs_max(&self) -> usize {
        self.inputs_max
    }

    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Makes room for inputs that the engine is about to take in, by a checkpoint if need be. False
    /// if none could be made: from now on the engine cannot be built again.
    pub fn make_room(&mut self, inputs: usize, engine: &Engine) -> bool {
        if self.is_lost || self.inputs.len() + inputs <= self.inputs_max {
            return true;
        }
        self.inputs.clear();
        self.adopted.clear();
        self.state.clear();
        self.is_lost = !self.checkpoints.save(engine, &mut self.state);
        if self.is_lost {
            (self.inputs, self.state) = (Vec::new(), Vec::new());
        }
        !self.is_lost
    }

    /// Keeps inputs that the engine has taken in.
    pub fn keep(&mut self, inputs: &[Numbered]) {
        if !self.is_lost {
            self.inputs.extend_from_slice(inputs);
        }
    }

    /// Keeps what was adopted just now.
    pub fn keep_person(&mut self, copy: Arc<PersonCopy>) {
        if !self.is_lost {
            self.adopted.push((self.inputs.len(), copy));
        }
    }

    /// The engine as it was after all of this, if all is still there.
    pub fn rebuild(&self) -> Option<Engine> {
        if self.is_lost {
            return None;
        }
        let mut engine = match self.state.is_empty() {
            true => Engine::new(self.config.clone()),
            false => self.checkpoints.restore(&self.config, &self.state)?,
        };
        let mut from = 0;
        for (until, copy) in &self.adopted {
            engine.apply_numbered(&self.inputs[from..*until], &mut |_| ()).ok()?;
            engine.adopt_person(copy);
            from = *until;
        }
        engine.apply_numbered(&self.inputs[from..], &mut |_| ()).ok()?;
        Some(engine)
    }
}
