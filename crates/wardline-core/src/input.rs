//! What can change a decision: the inputs of the log.

use crate::geometry::{Position, Shape};
use crate::ids::{DeviceId, LayerId, OrderId, PersonId, RuleId, ZoneId};
use crate::time::{Interval, Timestamp};
use std::sync::Arc;

/// One entry of the log: an input and when the system received it.
#[derive(Clone, Debug)]
pub struct Record {
    /// When the system received it; nothing if the time given was invalid.
    pub at: Option<Timestamp>,
    /// What was received.
    pub input: Input,
}

/// An input. Closed on purpose: whoever stores or routes inputs must treat every kind.
#[derive(Clone, Debug)]
pub enum Input {
    /// Creates or replaces a zone.
    PutZone(PutZone),
    /// Removes a zone.
    RemoveZone(ZoneId),
    /// Creates, replaces or revives an order.
    PutOrder(Arc<PutOrder>),
    /// Ends an order before its time.
    EndOrder(OrderId),
    /// Gives a device to a person.
    AssignDevice(AssignDevice),
    /// Takes a device from its person.
    ReleaseDevice(DeviceId),
    /// A position fix.
    Fix(Fix),
    /// A status report of a device.
    Status(StatusReport),
    /// An act of an operator on an episode.
    Operator(OperatorAct),
    /// Time has passed.
    Tick,
    /// Something that was no valid input; it moves time and is answered by a refusal.
    Invalid(Refusal),
}

/// Creates or replaces a zone.
#[derive(Clone, Debug)]
pub struct PutZone {
    /// The zone.
    pub zone: ZoneId,
    /// The layer it belongs to, if any.
    pub layer: Option<LayerId>,
    /// Its place, validated and prepared.
    pub shape: Arc<Shape>,
}

/// The kind of an order, which limits its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderKind {
    /// At most 30 days.
    Temporary,
    /// At most 92 days.
    Court,
    /// No limit.
    Supervision,
}

impl OrderKind {
    /// The longest term in days, if there is one.
    pub const fn days_max(self) -> Option<i64> {
        match self {
            Self::Temporary => Some(30),
            Self::Court => Some(92),
            Self::Supervision => None,
        }
    }
}

/// Creates, replaces or revives an order.
#[derive(Clone, Debug)]
pub struct PutOrder {
    /// The order.
    pub order: OrderId,
    /// Its kind.
    pub kind: OrderKind,
    /// The restrained person.
    pub person: PersonId,
    /// Its term.
    pub term: Interval,
    /// Its rules, sorted by id; never empty.
    pub rules: Vec<Rule>,
    /// Places and hours in which a breach or warning is recorded as permitted.
    pub permits: Vec<Permit>,
}

/// A rule of an order.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id, unique in the order.
    pub rule: RuleId,
    /// The hours in which it holds; nothing means the whole order.
    pub active: Option<Vec<Interval>>,
    /// What it demands.
    pub demand: Demand,
}

/// What a rule demands of the restrained person.
#[derive(Clone, Debug)]
pub enum Demand {
    /// To stay out of a zone, or of each zone of a layer.
    KeepOut {
        /// Where.
        place: Place,
        /// How near to it a warning is given, in metres; 0 for none.
        warn_m: f64,
        /// How many further qualifying fixes must confirm an episode before it opens.
        confirm_fixes: u32,
    },
    /// To stay away from a person.
    KeepAway {
        /// From whom; never the restrained person.
        person: PersonId,
        /// How far, in metres; more than 0.
        distance_m: f64,
        /// How near a warning is given, in metres: at least `distance_m`, or 0 for none.
        warn_m: f64,
    },
    /// To stay in at least one of these zones.
    StayIn {
        /// Where; never empty, sorted.
        zones: Vec<ZoneId>,
        /// How long after the start of its hours the person may still be outside, in milliseconds.
        grace_ms: i64,
    },
    /// To be heard of.
    Report {
        /// The longest time without any input of a device, in milliseconds.
        max_silence_ms: Option<i64>,
        /// The longest time without a sound fix of a device, in milliseconds.
        max_no_fix_ms: Option<i64>,
    },
}

/// The place of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// One zone.
    Zone(ZoneId),
    /// Each zone of a layer.
    Layer(LayerId),
}

/// A place and hours in which the person may be.
#[derive(Clone, Debug)]
pub struct Permit {
    /// The place.
    pub zone: ZoneId,
    /// The hours; nothing means the whole order.
    pub active: Option<Vec<Interval>>,
}

/// Gives a device to a person.
#[derive(Clone, Copy, Debug)]
pub struct AssignDevice {
    /// The device.
    pub device: DeviceId,
    /// Who carries it.
    pub person: PersonId,
    /// What it is.
    pub kind: DeviceKind,
}

/// What a device is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceKind {
    /// An ankle or wrist bracelet.
    Bracelet,
    /// An app on a phone.
    Phone,
    /// Anything else.
    Other,
}

/// A position fix as a device reported it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fix {
    /// The device.
    pub device: DeviceId,
    /// The device's counter of fixes and statuses.
    pub seq: u64,
    /// When the device says it was there.
    pub time: Timestamp,
    /// Where.
    pub position: Position,
    /// The reported accuracy in metres, finite and not negative.
    pub accuracy_m: Option<f64>,
    /// The reported speed in metres per second.
    pub speed_mps: Option<f64>,
    /// The reported course in degrees.
    pub course_deg: Option<f64>,
    /// How the position was found.
    pub source: Source,
    /// How far the sender is known.
    pub assurance: Assurance,
    /// The device says that the location was made up by software.
    pub mock: bool,
    /// The device says that its clock is not set.
    pub clock_unsynced: bool,
    /// The device says that it moves.
    pub moving: bool,
    /// The fix was kept while there was no connection.
    pub backlog: bool,
}

impl Fix {
    /// A fix that says nothing besides, like a line of a log with no more members: of unknown
    /// accuracy and source, from an authenticated device.
    ///
    /// ```
    /// use wardline_core::geometry::Position;
    /// use wardline_core::ids::DeviceId;
    /// use wardline_core::input::{Fix, Source};
    /// use wardline_core::time::Timestamp;
    ///
    /// let device = DeviceId::new(7).expect("not 0");
    /// let time = Timestamp::from_ms(1_780_000_000_000);
    /// let plain = Fix::new(device, 1, time, Position::from_degrees(42.87, 74.59)?);
    /// let fix = Fix { accuracy_m: Some(8.0), source: Source::Gnss, ..plain };
    /// assert!(!fix.mock);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(device: DeviceId, seq: u64, time: Timestamp, position: Position) -> Self {
        Self {
            device,
            seq,
            time,
            position,
            accuracy_m: None,
            speed_mps: None,
            course_deg: None,
            source: Source::default(),
            assurance: Assurance::default(),
            mock: false,
            clock_unsynced: false,
            moving: false,
            backlog: false,
        }
    }
}

/// How a position was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Source {
    /// Satellites.
    Gnss,
    /// Wireless networks.
    Wifi,
    /// Cell towers.
    Cell,
    /// Bluetooth beacons.
    Ble,
    /// Not said.
    #[default]
    Unknown,
}

/// How far the sender of a fix is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Assurance {
    /// The device itself is authenticated.
    #[default]
    Device,
    /// The channel is authenticated, the device is not.
    Channel,
    /// Nobody is authenticated.
    None,
}

/// A status report of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusReport {
    /// The device.
    pub device: DeviceId,
    /// The device's counter of fixes and statuses.
    pub seq: u64,
    /// When the device says it happened.
    pub time: Timestamp,
    /// What happened.
    pub status: Status,
}

macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$case_doc])* $case),* }

        impl $name {
            /// The word that stands for it in a log.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$case => $word),* }
            }

            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$case),*];

            /// What the word stands for, if it is one of these.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$case),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words!(
    /// What a device reports about itself.
    Status {
        /// The strap was opened or cut.
        StrapOpen = "strap_open",
        /// The strap is closed.
        StrapClosed = "strap_closed",
        /// The case was opened.
        CaseOpen = "case_open",
        /// The case is closed.
        CaseClosed = "case_closed",
        /// The body-worn tag is out of reach of its unit.
        TetherLost = "tether_lost",
        /// The tag is in reach again.
        TetherFound = "tether_found",
        /// Radio is being jammed.
        Jamming = "jamming",
        /// Jamming has ended.
        JammingOver = "jamming_over",
        /// The battery is low.
        BatteryLow = "battery_low",
        /// The battery is charged again.
        BatteryOk = "battery_ok",
        /// The device is switched off.
        PowerOff = "power_off",
        /// The panic button.
        Panic = "panic",
        /// Nothing but a sign of life.
        Heartbeat = "heartbeat",
    }
);

words!(
    /// What an operator does with an incident.
    Action {
        /// Someone has seen it.
        Acknowledge = "acknowledge",
        /// It is dealt with.
        Resolve = "resolve",
    }
);

/// An act of an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorAct {
    /// The id of the episode.
    pub episode: String,
    /// What is done.
    pub action: Action,
    /// Who does it.
    pub by: String,
    /// Why, in the operator's words.
    pub note: Option<String>,
}

/// Why an input was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The reason, a word or phrase.
    pub reason: String,
    /// The offending value.
    pub value: String,
    /// The line of the log, where the input was not even readable.
    pub line: Option<u64>,
    /// The device, where one is known.
    pub device: Option<DeviceId>,
}

impl Refusal {
    /// A refusal for this reason, with the offending value.
    pub fn new(reason: impl Into<String>, value: impl std::fmt::Display) -> Self {
        Self { reason: reason.into(), value: value.to_string(), line: None, device: None }
    }
}
