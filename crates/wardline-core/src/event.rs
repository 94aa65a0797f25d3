//! What the engine says: events, each of which proves itself alone.

use crate::geometry::Position;
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::input::{Refusal, words};
use crate::time::Timestamp;
use std::fmt;

words!(
    /// What an event is about, in the order in which events of one step are given.
    EventKind {
        /// An order is being broken.
        Breach = "breach",
        /// It soon may be.
        Warning = "warning",
        /// The person is not where he must be.
        Absence = "absence",
        /// Nothing is heard of a device.
        Silence = "silence",
        /// A device is heard of, but has no sound fix.
        NoFix = "no_fix",
        /// A party of a keep_away rule has no fresh sound fix.
        Degraded = "degraded",
        /// The strap is open.
        Strap = "strap",
        /// The case is open.
        Case = "case",
        /// The body-worn tag is out of reach of its unit.
        Tether = "tether",
        /// Radio is being jammed.
        Jamming = "jamming",
        /// The battery is low.
        Battery = "battery",
        /// A device was switched off.
        Power = "power",
        /// The panic button was pressed.
        Panic = "panic",
        /// An implausible jump.
        SuspectMotion = "suspect_motion",
        /// An input that was refused.
        Refused = "refused",
        /// A device that belongs to nobody.
        Unassigned = "unassigned",
        /// A fix or status that came too late to be judged.
        Unjudged = "unjudged",
        /// A device whose person is in no order in force.
        NoOrder = "no_order",
        /// A silent device that was not heard of since its assignment.
        NeverHeard = "never_heard",
        /// An incident was acknowledged.
        Acknowledged = "acknowledged",
        /// An incident was resolved.
        Resolved = "resolved",
        /// An incident was not acknowledged in time.
        Escalated = "escalated",
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
        /// A person without a device got one.
        DeviceAssigned = "device_assigned",
        /// The time allowed to come home is over.
        GraceEnded = "grace_ended",
        /// A status report.
        Status = "status",
        /// A limit of time has passed.
        Timer = "timer",
        /// The device was heard of again.
        Heard = "heard",
        /// The device has fallen silent.
        Silence = "silence",
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
    /// The episode or panic it belongs to.
    pub episode_id: Option<EpisodeId>,
    /// What it says of its episode.
    pub episode: Option<EpisodeFacts>,
    /// The protected person, where the event is about one.
    pub other_person: Option<PersonId>,
    /// The protected person's device that sent a panic or power_off.
    pub other_device: Option<DeviceId>,
    /// What it was judged on.
    pub evidence: Option<Evidence>,
    /// Why an input was refused.
    pub refusal: Option<Refusal>,
    /// What an operator did, or how often an incident was escalated.
    pub desk: Option<DeskFacts>,
}

impl Event {
    /// An event that says nothing else yet, for those who read events back from where they are
    /// kept.
    pub const fn new(kind: EventKind, phase: Phase) -> Self {
        Self {
            input: 0,
            index: 0,
            at: Timestamp::from_ms(0),
            time: Timestamp::from_ms(0),
            order: OrderId::NONE,
            order_version: 0,
            rule: RuleId::NONE,
            person: PersonId::NONE,
            device: None,
            kind,
            phase,
            late: false,
            episode_id: None,
            episode: None,
            other_person: None,
            other_device: None,
            evidence: None,
            refusal: None,
            desk: None,
        }
    }

    /// The event's id: input sequence, order, index.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.input, self.order.number(), self.index)
    }
}

/// Names an episode or a panic; written as `order.rule.device.kind.number`.
// J-PAIR-2
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EpisodeId {
    /// The order, or none.
    pub order: OrderId,
    /// The rule, or none.
    pub rule: RuleId,
    /// The device, or none; of a panic the one that sent it.
    pub device: DeviceId,
    /// The kind of the episode.
    pub kind: EventKind,
    /// Its number among the episodes of the order, rule, device and kind, from 1.
    pub number: u64,
}

impl EpisodeId {
    /// Reads an id as it is written, such as `17.1.9001.breach.1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || parts.next().and_then(decimal);
        let (order, rule, device) = (number()?, number()?, number()?);
        let kind = EventKind::from_word(parts.next()?)?;
        let number = parts.next().and_then(decimal).filter(|number| *number > 0)?;
        parts.next().is_none().then_some(Self {
            order: OrderId::new(order).unwrap_or_default(),
            rule: RuleId::new(rule).unwrap_or_default(),
            device: DeviceId::new(device).unwrap_or_default(),
            kind,
            number,
        })
    }
}

impl fmt::Display for EpisodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (order, rule) = (self.order.number(), self.rule.number());
        let (device, kind) = (self.device.number(), self.kind.word());
        write!(f, "{order}.{rule}.{device}.{kind}.{}", self.number)
    }
}

/// A number as it is written in ids: no sign, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// What an event says of its episode.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct EpisodeFacts {
    /// The zone and its version, where it is about one.
    pub zone: Option<(ZoneId, u64)>,
    /// The distance at which the machine turns, in metres, where it turns at one.
    pub threshold_m: Option<f64>,
    /// How sure it is, where that is a question.
    pub certainty: Option<Certainty>,
    /// What made the engine judge.
    pub cause: Cause,
    /// Whether a permit covers it.
    pub permitted: bool,
    /// What late data makes of it, in an `amended` event.
    pub amendment: Option<Amendment>,
}

impl EpisodeFacts {
    /// What is said of an episode of which nothing but this is known.
    pub const fn new(cause: Cause) -> Self {
        Self {
            zone: None,
            threshold_m: None,
            certainty: None,
            cause,
            permitted: false,
            amendment: None,
        }
    }
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

/// The fix or fixes that an event was judged on.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Evidence {
    /// The signed distance to the zone in metres, negative inside, or that between the parties;
    /// nothing where none was judged.
    pub distance_m: Option<f64>,
    /// The restrained person's fix, and its age in milliseconds when the input that caused the
    /// event was received.
    pub fix: Option<(FixFacts, i64)>,
    /// The same of the protected person.
    pub other_fix: Option<(FixFacts, i64)>,
}

/// What an event says of an operator's act or the lack of one.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DeskFacts {
    /// An act that was taken.
    Act {
        /// Who did it.
        by: String,
        /// Why, in the operator's words.
        note: Option<String>,
    },
    /// The level of an escalation, from 1.
    Level(u32),
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

impl FixFacts {
    /// What is said of a fix whose accuracy was not reported, and which may close nothing.
    pub const fn new(device: DeviceId, seq: u64, time: Timestamp, position: Position) -> Self {
        Self { device, seq, time, position, accuracy_m: None, sound: false }
    }
}
