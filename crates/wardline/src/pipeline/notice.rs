//! What the pipeline says of itself, beside the events of the engines.

use std::sync::Arc;
use wardline_core::Numbered;
use wardline_core::ids::{DeviceId, PersonId};

/// Something that whoever runs the pipeline must know. All of it is also counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// Waiting fixes of a device were dropped to make room, its oldest first.
    Shed {
        /// The device.
        device: DeviceId,
        /// How many of its fixes.
        fixes: usize,
    },
    /// The sink was too slow or failed, and events did not reach it.
    EventsLost {
        /// How many.
        events: usize,
    },
    /// The sink reported an error or panicked.
    SinkFailed {
        /// What it said.
        reason: String,
    },
    /// Who was to be told that inputs are accepted panicked. They are in the log and judged;
    /// whoever sent them was perhaps not told. It is called for the next ones all the same.
    AcceptedPanicked {
        /// The number of the first of these inputs.
        first: u64,
        /// What the panic said.
        reason: String,
    },
    /// The thread that gives numbers panicked. The pipeline is closed; what has numbers is judged.
    IntakeFailed {
        /// What the panic said.
        reason: String,
    },
    /// What the log had was judged again; what is new comes now.
    Replayed {
        /// How many inputs.
        inputs: usize,
    },
    /// The log could not be read to its end, so nothing new is taken in.
    ReplayFailed {
        /// Why.
        reason: String,
    },
    /// The log reported an error or panicked. Nothing more is accepted, and the pipeline takes
    /// nothing in; what was not accepted will be sent again by whoever sent it.
    LogFailed {
        /// What it said.
        reason: String,
    },
    /// The log has no room. Nothing is accepted until there is some; who submits waits.
    LogFull,
    /// The log has room again, and everything that waited was taken.
    LogHasRoom,
    /// Events of inputs that the log does not have were kept back, since it failed. They are told
    /// when the inputs come again.
    EventsWithheld {
        /// How many.
        events: usize,
    },
    /// The sink has no room. It is offered the same events again until there is some.
    SinkFull,
    /// The sink has room again.
    SinkHasRoom,
    /// An engine panicked on an input, which is left out from now on.
    Quarantined(Quarantined),
    /// The engine of a shard panicked, and its standby took its place.
    Replaced {
        /// The shard.
        shard: usize,
        /// Inputs that the standby had yet to take in.
        inputs: usize,
    },
    /// The standby of a shard panicked where its engine had not. Another is made of the engine,
    /// before the next inputs; if the engine panics before that, the shard is lost.
    StandbyLost {
        /// The shard.
        shard: usize,
        /// What the panic said.
        reason: String,
    },
    /// An engine panicked that had no standby. All further inputs of the shard are counted as
    /// quarantined.
    ShardLost {
        /// The shard.
        shard: usize,
    },
    /// A shard was to follow a person, but the shard that knows her is lost; it goes on with what
    /// her devices send from now on.
    NotAdopted {
        /// The shard.
        shard: usize,
        /// The person.
        person: PersonId,
    },
    /// A shard has been at the same inputs for too long.
    Stalled {
        /// The shard.
        shard: usize,
        /// The number of the last input that it has judged.
        last: u64,
        /// For how long, in nanoseconds.
        for_ns: u64,
    },
    /// A stalled shard goes on.
    Resumed {
        /// The shard.
        shard: usize,
    },
}

/// An input that an engine panicked on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Quarantined {
    /// The shard.
    pub shard: usize,
    /// The input.
    pub input: Numbered,
    /// What the panic said.
    pub reason: String,
}

/// Who is told of notices.
pub(super) type Listener = Arc<dyn Fn(Notice) + Send + Sync>;

/// The words of a panic.
pub(super) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
