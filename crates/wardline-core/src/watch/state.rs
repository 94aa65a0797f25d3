//! The two-state machines of the rules, as they stand at an instant.

use crate::event::EventKind;
use crate::ids::{PersonId, RuleId, ZoneId};
use crate::key::Key;
use crate::order::TermsKind;
use crate::seldom::Seldom;
use crate::time::Timestamp;
use std::sync::Arc;

/// The state of all machines.
#[derive(Default, PartialEq)]
pub(super) struct State {
    /// Shared by all states between two changes of the rules.
    pub active: Arc<[Active]>,
    /// The machines that are open or in a row, sorted by id.
    pub machines: Seldom<Machine>,
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self { active: self.active.clone(), machines: self.machines.clone() }
    }

    /// Without allocating, if there is room; a derived one would not do that.
    fn clone_from(&mut self, other: &Self) {
        self.active.clone_from(&other.active);
        self.machines.clone_from(&other.machines);
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) struct Active {
    pub rule: RuleId,
    /// Nothing for the order as a whole.
    pub kind: Option<TermsKind>,
    pub since: Timestamp,
}

const _: () = assert!(size_of::<State>() == 24 && size_of::<Active>() == 24);

impl State {
    /// Whether it is that before anything was seen.
    pub fn is_nothing(&self) -> bool {
        self.active.is_empty() && self.machines.is_empty()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct MachineId {
    pub rule: RuleId,
    pub kind: EventKind,
    pub target: Target,
}

/// Whom or what a machine keeps the device away from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Target {
    None,
    Zone(ZoneId),
    Person(PersonId),
}

#[derive(Clone, PartialEq)]
pub(super) struct Machine {
    pub id: MachineId,
    pub mode: Mode,
}

#[derive(Clone, PartialEq)]
pub(super) enum Mode {
    /// Qualifying fixes in a row that do not suffice yet (J-BREACH-4).
    Row { count: u32, first: Timestamp, last: Key },
    /// With the threshold that it was last judged by.
    Open { permitted: bool, threshold_m: Option<f64> },
}
