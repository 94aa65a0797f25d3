//! Things by id: each has a place, found with one look where ids are small.

use hashbrown::HashTable;

/// A table of things that are never removed, in the order of their coming.
pub(crate) struct Table<I, T> {
    entries: Vec<(I, T)>,
    places: Places<I>,
}

impl<I: Copy + Eq + Into<u64>, T> Table<I, T> {
    pub fn new() -> Self {
        Self { entries: Vec::new(), places: Places::new() }
    }

    /// A table of these things, no id twice.
    pub fn of(entries: Vec<(I, T)>) -> Self {
        let mut places = Places::sparing(entries.len());
        entries.iter().enumerate().for_each(|(place, (id, _))| places.insert(*id, place));
        Self { entries, places }
    }

    /// The things in the order of their ids.
    pub fn sorted(&self) -> Vec<(I, &T)>
    where
        I: Ord,
    {
        let mut sorted: Vec<_> = self.entries.iter().map(|(id, thing)| (*id, thing)).collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        sorted
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn contains(&self, id: I) -> bool {
        self.places.get(id).is_some()
    }

    pub fn get(&self, id: I) -> Option<&T> {
        self.entries.get(self.places.get(id)?).map(|(_, thing)| thing)
    }

    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.entries.get_mut(self.places.get(id)?).map(|(_, thing)| thing)
    }

    /// The thing with this id, made if there is none.
    pub fn get_or_insert_with(&mut self, id: I, new: impl FnOnce() -> T) -> &mut T {
        let place = self.places.get(id).unwrap_or_else(|| {
            self.places.insert(id, self.entries.len());
            self.entries.push((id, new()));
            self.entries.len() - 1
        });
        &mut self.entries[place].1
    }
}

impl<I: Copy + Eq + Into<u64>, T> Default for Table<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the things with these ids are. There are fewer than 2^32: each takes more than a byte.
pub(crate) struct Places<I> {
    /// The places of small ids (whoever gives them out mostly counts), by id.
    near: Vec<u32>,
    far: HashTable<(I, u32)>,
    /// Ids below this are put into the list.
    near_ids: u64,
}

/// The place of nothing.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Ids below this may be looked up in a list, which grows to 16 MiB at most.
const NEAR_IDS: u64 = 1 << 22;
/// Where memory is spared, the list is this long for each thing, or twice.
const NEAR_IDS_EACH: u64 = 32;

impl<I: Copy + Eq + Into<u64>> Places<I> {
    pub fn new() -> Self {
        Self { near: Vec::new(), far: HashTable::new(), near_ids: NEAR_IDS }
    }

    /// For so many things, in no more memory than they are worth, whatever their ids.
    pub fn sparing(count: usize) -> Self {
        let near_ids = (count as u64).saturating_mul(NEAR_IDS_EACH).min(NEAR_IDS);
        Self { near_ids, ..Self::new() }
    }

    #[inline]
    pub fn get(&self, id: I) -> Option<usize> {
        let number = id.into();
        if number < NEAR_IDS
            && let Some(place) = self.near.get(number as usize)
            && *place != NOWHERE
        {
            return Some(*place as usize);
        }
        if self.far.is_empty() {
            return None;
        }
        let found = self.far.find(spread(id), |(other, _)| *other == id)?;
        Some(found.1 as usize)
    }

    /// Notes the place of an id that has none.
    pub fn insert(&mut self, id: I, place: usize) {
        let number = id.into();
        if number < self.near_ids {
            let index = number as usize;
            if self.near.len() <= index {
                self.near.resize((index + 1).next_power_of_two(), NOWHERE);
            }
            self.near[index] = place as u32;
        } else {
            self.far.insert_unique(spread(id), (id, place as u32), |(id, _)| spread(*id));
        }
        self.near_ids = (self.near_ids + NEAR_IDS_EACH).min(NEAR_IDS);
    }

    pub fn remove(&mut self, id: I) {
        let number = id.into();
        if number < NEAR_IDS
            && let Some(place) = self.near.get_mut(number as usize)
            && *place != NOWHERE
        {
            *place = NOWHERE;
        } else if let Ok(entry) = self.far.find_entry(spread(id), |(other, _)| *other == id) {
            entry.remove();
        }
    }
}

/// Spreads ids over a table: Fibonacci hashing, then the high bits folded into the low ones.
fn spread(id: impl Into<u64>) -> u64 {
    let product = id.into().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ (product >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_ids_are_found_until_removed() {
        for places in [Places::new(), Places::sparing(0), Places::sparing(3)] {
            are_found_until_removed(places);
        }
    }

    #[test]
    fn one_thing_with_a_great_id_takes_little() {
        let table = Table::of(vec![(NEAR_IDS - 1, 'a')]);
        assert_eq!((table.get(NEAR_IDS - 1), table.get(7)), (Some(&'a'), None));
        assert!(table.places.near.len() <= 64);
    }

    fn are_found_until_removed(mut places: Places<u64>) {
        let ids = [0, 1, 77, NEAR_IDS - 1, NEAR_IDS, NEAR_IDS + 1, u64::MAX];
        for (place, id) in ids.into_iter().enumerate() {
            assert_eq!(places.get(id), None);
            places.insert(id, place);
        }
        let found: Vec<_> = ids.iter().map(|id| places.get(*id)).collect();
        assert_eq!(found, [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6)]);
        ids.iter().for_each(|id| places.remove(*id));
        assert!(ids.iter().all(|id| places.get(*id).is_none()));
        assert_eq!(places.get(78), None);
    }
}
