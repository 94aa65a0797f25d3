//! What an engine that panicked is built from again: what its shard took in so far.

use std::sync::Arc;
use wardline_core::{Config, Engine, Numbered, PersonCopy};

/// What a shard has taken in, without what its engine panicked on.
pub(super) struct Retained {
    config: Config,
    inputs: Vec<Numbered>,
    /// Persons adopted before the input at each of these places.
    adopted: Vec<(usize, Arc<PersonCopy>)>,
    inputs_max: usize,
    /// There was more than may be kept.
    is_lost: bool,
}

impl Retained {
    pub fn new(config: Config, inputs_max: usize) -> Self {
        Self { config, inputs: Vec::new(), adopted: Vec::new(), inputs_max, is_lost: false }
    }

    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Keeps inputs that were taken in.
    pub fn keep(&mut self, inputs: &[Numbered]) {
        if self.is_lost || self.inputs.len() + inputs.len() > self.inputs_max {
            self.is_lost = true;
            (self.inputs, self.adopted) = (Vec::new(), Vec::new());
            return;
        }
        self.inputs.extend_from_slice(inputs);
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
        let mut engine = Engine::new(self.config.clone());
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
