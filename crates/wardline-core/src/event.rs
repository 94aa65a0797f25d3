//! What the engine says: events, each of which proves itself alone.

use crate::geometry::Position;
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::{Refusal, words};
use crate::time::Timestamp;

words!(
    /// What an event is about, in the order in which events of one step are given.
    EventKind {
        /// An order is being broken.
        Breach = "breach",
        /// It soon may be.
        Warning = "warning",
        /// An implausible jump.
        SuspectMotion = "suspect_motion",
        /// An input that was refused.
        Refused = "refused",
        /// A device that belongs to nobody.
        Unassigned = "unassigned",
        /// A fix that came too late to be judged.
        Unjudged = "unjudged",
        /// A device whose person is in no order in force.
        NoOrder = "no_order",
    }
);

words!(
    /// Where in the life of an episode an event stands.
    Phase {
        /// The episode has ended.
        Ended = "ended",
        /// The episode has started.
        Started = "started",
        /// What was said of the episode is corrected.
        Amended = "amended",
        /// A fact that is no episode.
        Noted = "noted",
    }
);

words!(
    /// How sure a breach or warning is.
    Certainty {
        /// Beyond the accuracy of the fix.
        Certain = "certain",
        /// Within it, or on a doubtful fix.
        Probable = "probable",
        /// Passed through between two fixes.
        Crossed = "crossed",
    }
);

words!(
    /// What made the engine judge.
    Cause {
        /// A fix.
        Fix = "fix",
        /// The order or an interval of the rule started.
        RuleStarted = "rule_started",
        /// A permit ended, or no longer applied.
        PermitEnded = "permit_ended",
        /// A zone was put.
        ZoneChanged = "zone_changed",
        /// The order was replaced.
        OrderChanged = "order_changed",
        /// The order or an interval of the rule ended.
        RuleEnded = "rule_ended",
        /// The zone was removed or left the layer.
        ZoneRemoved = "zone_removed",
        /// The device was taken from the person.
        DeviceReleased = "device_released",
    }
);

/// One event.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Event {
    /// The sequence number of the input that caused it.
    pub input: u64,
    /// Its place among the events of that input and order, from 0.
    pub index: u32,
    /// When that input was received.
    pub at: Timestamp,
    /// When it happened.
    pub time: Timestamp,
    /// The order, or none.
    pub order: OrderId,
    /// The version of the order; 0 without an order.
    pub order_version: u64,
    /// The rule, or none.
    pub rule: RuleId,
    /// The restrained person, or none.
    pub person: PersonId,
    /// The restrained person's device, where there is one.
    pub device: Option<DeviceId>,
    /// What it is about.
    pub kind: EventKind,
    /// Where in the life of an episode it stands.
    pub phase: Phase,
    /// Whether it comes from a fix older than the newest of its device.
    pub late: bool,
    /// The episode it belongs to.
    pub episode: Option<EpisodeFacts>,
    /// What it was judged on.
    pub evidence: Option<Evidence>,
    /// Why an input was refused.
    pub refusal: Option<Refusal>,
}

impl Event {
    /// The event's id: input sequence, order, index.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.input, self.order.number(), self.index)
    }
}

/// What an event says of its episode.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct EpisodeFacts {
    /// Its number among the episodes of the order, rule, device and kind, from 1.
    pub number: u64,
    /// The zone.
    pub zone: ZoneId,
    /// The version of the zone.
    pub zone_version: u64,
    /// The distance at which the machine turns, in metres.
    pub threshold_m: f64,
    /// How sure it is.
    pub certainty: Certainty,
    /// What made the engine judge.
    pub cause: Cause,
    /// Whether a permit covers it.
    pub permitted: bool,
    /// What late data makes of it, in an `amended` event.
    pub amendment: Option<Amendment>,
}

/// What late data makes of an episode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amendment {
    /// It lasted from `start` to `end`, or goes on.
    Span {
        /// Its start.
        start: Timestamp,
        /// Its end; nothing while it goes on.
        end: Option<Timestamp>,
    },
    /// It did not take place.
    Withdrawn,
}

/// The fix that an event was judged on.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// The signed distance to the zone in metres, negative inside; nothing where none was judged.
    pub distance_m: Option<f64>,
    /// The fix.
    pub fix: FixFacts,
    /// From the fix to the input that caused the event, in milliseconds.
    pub fix_age_ms: i64,
}

/// What an event says of a fix.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct FixFacts {
    /// The device.
    pub device: DeviceId,
    /// The device's counter.
    pub seq: u64,
    /// When the device said it was there.
    pub time: Timestamp,
    /// Where.
    pub position: Position,
    /// The reported accuracy in metres.
    pub accuracy_m: Option<f64>,
    /// Whether it may close an episode.
    pub sound: bool,
}
