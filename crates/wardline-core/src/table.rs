//! Things by id: found with one hash, kept in the order of their coming.

use hashbrown::HashTable;

/// A table of things that are never removed.
pub(crate) struct Table<I, T> {
    entries: Vec<(I, T)>,
    index: HashTable<(I, u32)>,
}

impl<I: Copy + Eq + Into<u64>, T> Table<I, T> {
    pub fn new() -> Self {
        Self { entries: Vec::new(), index: HashTable::new() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn contains(&self, id: I) -> bool {
        self.place(id).is_some()
    }

    pub fn get(&self, id: I) -> Option<&T> {
        self.entries.get(self.place(id)?).map(|(_, thing)| thing)
    }

    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        let place = self.place(id)?;
        self.entries.get_mut(place).map(|(_, thing)| thing)
    }

    /// The thing with this id, made if there is none. Their number is limited by
    /// [`Config::ids_max`](crate::Config::ids_max) and by the memory that they take, far below
    /// 2^32.
    pub fn get_or_insert_with(&mut self, id: I, new: impl FnOnce() -> T) -> &mut T {
        let place = self.place(id).unwrap_or_else(|| {
            let place = self.entries.len();
            self.entries.push((id, new()));
            let spread = |(id, _): &(I, u32)| spread(*id);
            self.index.insert_unique(spread(&(id, 0)), (id, place as u32), spread);
            place
        });
        &mut self.entries[place].1
    }

    fn place(&self, id: I) -> Option<usize> {
        let found = self.index.find(spread(id), |(other, _)| *other == id)?;
        Some(found.1 as usize)
    }
}

impl<I: Copy + Eq + Into<u64>, T> Default for Table<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Spreads ids over a table: Fibonacci hashing, then the high bits folded into the low ones.
#[inline]
pub(crate) fn spread(id: impl Into<u64>) -> u64 {
    let product = id.into().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ (product >> 32)
}
