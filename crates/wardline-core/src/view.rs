//! Views: what the engine knows now, as plain data for whoever draws a screen or answers a call.
//!
//! They are copies, made on demand by [`Engine::person`](crate::Engine::person),
//! [`Engine::order`](crate::Engine::order) and
//! [`Engine::open_incidents`](crate::Engine::open_incidents); asking changes nothing. What happened
//! is in the events, not here. `Debug` shows positions, as it does of fixes and events.

use crate::event::{Certainty, EpisodeId, EventKind};
use crate::geometry::Position;
use crate::ids::{DeviceId, OrderId, PersonId, ZoneId};
use crate::time::{Interval, Timestamp};

/// What is known of a person.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct PersonView {
    /// The person.
    pub person: PersonId,
    /// The engine's present, from which ages count: the largest time of receipt so far.
    pub now: Timestamp,
    /// The devices that the person carries, by id.
    pub devices: Vec<DeviceView>,
    /// The orders whose newest version restrains the person, by id.
    pub restrained_by: Vec<OrderView>,
    /// The orders whose newest version protects the person by keep_away, by id.
    pub protected_by: Vec<OrderView>,
    /// The episodes that last now and have the person as either party, by id.
    pub episodes: Vec<EpisodeView>,
}

/// What is known of a device that a person carries.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct DeviceView {
    /// The device.
    pub device: DeviceId,
    /// Since when the person carries it.
    pub assigned: Timestamp,
    /// When its last input was received; nothing if there was none since its assignment.
    pub heard: Option<Timestamp>,
    /// Where it was last; nothing if there was no fix since its assignment.
    pub last: Option<LastPosition>,
    /// The conditions that its newest words say are on, of strap, case, tether, jamming and
    /// battery, in this order.
    pub conditions: Vec<EventKind>,
    /// When it said that it is being switched off, unless it has sent something from later.
    pub switched_off: Option<Timestamp>,
}

/// The newest fix of a device, in event time.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct LastPosition {
    /// The device's counter.
    pub seq: u64,
    /// Where.
    pub position: Position,
    /// The event time.
    pub time: Timestamp,
    /// How old it is now, in milliseconds; never negative.
    pub age_ms: i64,
    /// The reported accuracy in metres.
    pub reported_accuracy_m: Option<f64>,
    /// The accuracy that rules count with, in metres.
    pub accuracy_m: f64,
    /// Not accurate enough to close an episode.
    pub coarse: bool,
    /// Something speaks against it, so it may open an episode, not close one.
    pub doubtful: bool,
}

impl LastPosition {
    /// Whether it is neither coarse nor doubtful.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.coarse && !self.doubtful
    }
}

/// What is known of the newest version of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OrderView {
    /// The order.
    pub order: OrderId,
    /// The version, from 1.
    pub version: u64,
    /// Whom it restrains.
    pub person: PersonId,
    /// Whom its keep_away rules protect, sorted.
    pub protects: Vec<PersonId>,
    /// From the later of its start and its receipt; nothing if it was over when it was received.
    pub term: Option<Interval>,
    /// When it was ended before its time.
    pub ended: Option<Timestamp>,
    /// Where it stands now.
    pub state: OrderState,
}

/// Where an order stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderState {
    /// It is yet to start.
    NotYet,
    /// It binds.
    InForce,
    /// Its term has run out, or it was ended.
    Over,
}

/// An episode that lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct EpisodeView {
    /// Order, rule, device, kind and number, as events have it.
    pub id: EpisodeId,
    /// The restrained person.
    pub person: PersonId,
    /// The zone, of a breach or warning about one.
    pub zone: Option<ZoneId>,
    /// The protected person, of an episode about one.
    pub other_person: Option<PersonId>,
    /// Its start, in event time.
    pub since: Timestamp,
    /// How sure it is, where that is a question.
    pub certainty: Option<Certainty>,
    /// Whether a permit covers it.
    pub permitted: bool,
}

/// An incident that is not resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct IncidentView {
    /// The episode or panic, as events have it.
    pub id: EpisodeId,
    /// The restrained person; none of a panic without an order.
    pub person: PersonId,
    /// The restrained person's device, or the sender of a panic without an order.
    pub device: Option<DeviceId>,
    /// The protected person, where it is about one.
    pub other_person: Option<PersonId>,
    /// The protected person's device that sent a panic.
    pub other_device: Option<DeviceId>,
    /// The zone, where it is about one.
    pub zone: Option<ZoneId>,
    /// When the input that told of it was received.
    pub opened: Timestamp,
    /// What a desk has done about it.
    pub state: IncidentState,
    /// How often it was escalated.
    pub escalations: u32,
    /// Whether the episode is over, so that the incident may be resolved.
    pub has_ended: bool,
}

/// What a desk has done about an incident that is not resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncidentState {
    /// Nobody has acknowledged it.
    Open,
    /// Someone has seen it.
    Acknowledged,
}

/// The kinds of incidents, the gravest first: someone calls for help or is in reach of it, then
/// tampering, then absence, then what is only not known.
pub const SEVERITY: [EventKind; 10] = [
    EventKind::Panic,
    EventKind::Breach,
    EventKind::Strap,
    EventKind::Case,
    EventKind::Tether,
    EventKind::Jamming,
    EventKind::Absence,
    EventKind::Silence,
    EventKind::Degraded,
    EventKind::NoFix,
];
