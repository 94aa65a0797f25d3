//! Short lists, of which nearly all have one item or none: these need no memory of their own.

use std::ops::{Deref, DerefMut};

/// A list that keeps a single item in place.
#[derive(Clone, Debug, Default)]
pub(crate) enum Few<T> {
    #[default]
    None,
    One(T),
    #[expect(clippy::box_collection, reason = "no larger than one item, mostly")]
    More(Box<Vec<T>>),
}

const _: () = assert!(size_of::<Few<u64>>() == 16);

impl<T> Few<T> {
    pub fn insert(&mut self, place: usize, item: T) {
        if let Self::More(items) = self {
            return items.insert(place, item);
        }
        let mut items = std::mem::take(self).into_vec();
        items.reserve_exact(1);
        items.insert(place, item);
        *self = items.into();
    }

    pub fn push(&mut self, item: T) {
        self.insert(self.len(), item);
    }

    /// Inserts into a sorted list what is not in it yet.
    pub fn insert_sorted(&mut self, item: T)
    where
        T: Ord,
    {
        if let Err(place) = self.binary_search(&item) {
            self.insert(place, item);
        }
    }

    pub fn retain(&mut self, is_kept: impl FnMut(&T) -> bool) {
        let mut items = std::mem::take(self).into_vec();
        items.retain(is_kept);
        *self = items.into();
    }

    /// Keeps the first items, so many; memory for more stays.
    pub fn truncate(&mut self, count: usize) {
        match self {
            Self::More(items) => items.truncate(count),
            _ if count == 0 => *self = Self::None,
            _ => {}
        }
    }

    /// Takes away the first items, so many; likewise.
    pub fn remove_first(&mut self, count: usize) {
        match self {
            Self::More(items) => drop(items.drain(..count)),
            _ if count > 0 => *self = Self::None,
            _ => {}
        }
    }

    fn into_vec(self) -> Vec<T> {
        match self {
            Self::None => Vec::new(),
            Self::One(item) => vec![item],
            Self::More(items) => *items,
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(item) => std::slice::from_ref(item),
            Self::More(items) => items,
        }
    }
}

impl<T> DerefMut for Few<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(item) => std::slice::from_mut(item),
            Self::More(items) => items,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut items: Vec<T>) -> Self {
        match items.len() {
            0 | 1 => items.pop().map_or(Self::None, Self::One),
            _ => Self::More(Box::new(items)),
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_sorted_kept_and_taken_away() {
        let mut few = Few::default();
        for (item, expected) in
            [(5, &[5][..]), (5, &[5]), (9, &[5, 9]), (2, &[2, 5, 9]), (9, &[2, 5, 9])]
        {
            few.insert_sorted(item);
            assert_eq!(*few, *expected);
        }
        few.push(1);
        few[0] = 7;
        assert_eq!(*few, [7, 5, 9, 1]);
        few.remove_first(1);
        few.truncate(2);
        assert_eq!(*few, [5, 9]);
        few.retain(|item| *item == 9);
        assert!(matches!(few, Few::One(9)));
        few.truncate(1);
        few.remove_first(0);
        assert_eq!(*few, [9]);
        few.retain(|item| *item != 9);
        assert!(matches!(few, Few::None));
        assert_eq!(*[3, 4].into_iter().collect::<Few<_>>(), [3, 4]);
    }
}
