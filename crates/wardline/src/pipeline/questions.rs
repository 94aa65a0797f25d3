//! What is known now, asked of the shards while they go on. Each answers for its own instant.

use super::{NoAnswer, Pipeline};
use wardline_core::geometry::Position;
use wardline_core::ids::{PersonId, ZoneId};
use wardline_core::view::{IncidentView, PersonView, SEVERITY};

impl Pipeline {
    /// How many questions wait for a shard.
    #[doc(hidden)]
    pub fn waiting_questions(&self, shard: usize) -> usize {
        self.ends.get(shard).map_or(0, |ends| ends.queries.len())
    }

    /// The zones that hold the position now, sorted by id.
    ///
    /// # Errors
    ///
    /// If the first shard gives no answer.
    pub fn zones_at(&self, position: Position) -> Result<Vec<ZoneId>, NoAnswer> {
        self.query(0, move |engine| engine.zones_here(position))
    }

    /// What is known of a person, by all shards together.
    ///
    /// # Errors
    ///
    /// If a shard gives no answer.
    pub fn person(&self, person: PersonId) -> Result<Option<PersonView>, NoAnswer> {
        let own = self.home(person);
        let mut whole = self.query(own, move |engine| engine.person(person))?;
        for shard in (0..self.shards()).filter(|shard| *shard != own) {
            let part = self.query(shard, move |engine| engine.person(person))?;
            match (&mut whole, part) {
                (Some(whole), Some(part)) => {
                    whole.restrained_by.extend(part.restrained_by);
                    whole.protected_by.extend(part.protected_by);
                    whole.episodes.extend(part.episodes);
                }
                (None, part) => whole = part,
                (_, None) => {}
            }
        }
        if let Some(whole) = &mut whole {
            whole.restrained_by.sort_unstable_by_key(|order| order.order);
            whole.protected_by.sort_unstable_by_key(|order| order.order);
            whole.episodes.sort_unstable_by_key(|episode| episode.id);
        }
        Ok(whole)
    }

    /// The incidents that are not resolved: the gravest kinds first, then by the time of opening,
    /// then by id.
    ///
    /// # Errors
    ///
    /// If a shard gives no answer.
    pub fn incidents(&self) -> Result<Vec<IncidentView>, NoAnswer> {
        let mut all = Vec::new();
        for shard in 0..self.shards() {
            all.extend(self.query(shard, |engine| engine.open_incidents())?);
        }
        all.sort_by_key(|incident| {
            let severity = SEVERITY.iter().position(|kind| *kind == incident.id.kind);
            (severity.unwrap_or(SEVERITY.len()), incident.opened, incident.id)
        });
        Ok(all)
    }
}
