//! The ledger: what is left of the events once late data has corrected them.

use crate::event::{Amendment, Certainty, EpisodeId, Event, EventKind, Phase};
use crate::ids::{DeviceId, OrderId, PersonId, RuleId, ZoneId};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The episodes of the kinds that are a function of what happened: breach, warning, absence and
/// the conditions of devices. It is the same for every order of arrival within the histories.
///
/// ```
/// use wardline_core::{Config, Engine, Ledger};
///
/// let mut ledger = Ledger::default();
/// let mut engine = Engine::new(Config::default());
/// # let records: [wardline_core::input::Record; 0] = [];
/// for record in &records {
///     engine.apply(record, &mut |event| ledger.take(&event));
/// }
/// assert!(ledger.rows().is_empty());
/// ```
// J-LATE-3
#[derive(Default)]
pub struct Ledger {
    rows: BTreeMap<EpisodeId, Row>,
}

/// An episode as the ledger has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The order.
    pub order: OrderId,
    /// The rule, or none for a condition of the device.
    pub rule: RuleId,
    /// The device.
    pub device: DeviceId,
    /// The kind of the episode.
    pub kind: EventKind,
    /// The zone, of a breach or warning about one.
    pub zone: Option<ZoneId>,
    /// The protected person, of a breach or warning about one.
    pub other_person: Option<PersonId>,
    /// When it started.
    pub start: Timestamp,
    /// When it ended; nothing while it lasts.
    pub end: Option<Timestamp>,
    /// How sure it is, where that is a question.
    pub certainty: Option<Certainty>,
    /// Whether a permit covers it.
    pub permitted: bool,
}

impl Ledger {
    /// Takes in an event. Events of kinds that the ledger does not hold change nothing.
    pub fn take(&mut self, event: &Event) {
        let (Some(id), Some(episode)) = (event.episode_id, event.episode) else { return };
        if !is_of_the_ledger(id.kind) {
            return;
        }
        match (event.phase, episode.amendment) {
            (Phase::Started, _) => {
                let zone = episode.zone.filter(|_| id.kind != EventKind::Absence);
                let row = Row {
                    order: id.order,
                    rule: id.rule,
                    device: id.device,
                    kind: id.kind,
                    zone: zone.map(|(zone, _)| zone),
                    other_person: event.other_person,
                    start: event.time,
                    end: None,
                    certainty: episode.certainty,
                    permitted: episode.permitted,
                };
                self.rows.insert(id, row);
            }
            (Phase::Ended, _) => {
                if let Some(row) = self.rows.get_mut(&id) {
                    row.end = Some(event.time);
                }
            }
            (_, Some(Amendment::Withdrawn)) => {
                self.rows.remove(&id);
            }
            (_, Some(Amendment::Span { start, end })) => {
                if let Some(row) = self.rows.get_mut(&id) {
                    (row.start, row.end) = (start, end);
                    (row.certainty, row.permitted) = (episode.certainty, episode.permitted);
                }
            }
            (_, None) => {}
        }
    }

    /// The rows in the order of their members, so that numbers of episodes, which depend on the
    /// order of arrival, do not count.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<_> = self.rows.values().copied().collect();
        rows.sort_unstable();
        rows
    }
}

fn is_of_the_ledger(kind: EventKind) -> bool {
    use EventKind::{Absence, Battery, Breach, Case, Jamming, Strap, Tether, Warning};
    matches!(kind, Breach | Warning | Absence | Strap | Case | Tether | Jamming | Battery)
}
