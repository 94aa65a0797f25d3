//! Lists that are mostly empty, and then take no more than a pointer.

use std::ops::{Deref, DerefMut};

/// A list of which most have no item, and others few.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "8 bytes where there is nothing, as mostly")]
pub(crate) struct Seldom<T>(Option<Box<Vec<T>>>);

impl<T> Seldom<T> {
    pub const fn new() -> Self {
        Self(None)
    }

    pub fn insert(&mut self, place: usize, item: T) {
        let items = self.0.get_or_insert_default();
        if items.len() < 2 {
            items.reserve_exact(1);
        }
        items.insert(place, item);
    }

    pub fn push(&mut self, item: T) {
        self.insert(self.len(), item);
    }

    /// Takes an item out; its memory is kept for the next.
    pub fn remove(&mut self, place: usize) -> Option<T> {
        Some(self.0.as_mut()?.remove(place))
    }

    /// Keeps what is to be kept; what has no item then takes no memory any more.
    pub fn retain(&mut self, is_kept: impl FnMut(&T) -> bool) {
        if let Some(items) = &mut self.0 {
            items.retain(is_kept);
            if items.is_empty() {
                self.0 = None;
            }
        }
    }
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for Seldom<T> {
    fn clone(&self) -> Self {
        Self::from(self.to_vec())
    }

    /// Without allocating, if there is room.
    fn clone_from(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Some(items), Some(others)) => items.clone_from(others),
            (Some(items), None) => items.clear(),
            (None, _) => *self = other.clone(),
        }
    }
}

impl<T: PartialEq> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> From<Vec<T>> for Seldom<T> {
    fn from(items: Vec<T>) -> Self {
        Self((!items.is_empty()).then(|| Box::new(items)))
    }
}

impl<T> Deref for Seldom<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.0.as_deref().map_or(&[], |items| items)
    }
}

impl<T> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_deref_mut().map_or(&mut [], |items| items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seldom_is_put_in_its_place_and_taken_out() {
        let mut seldom = Seldom::default();
        assert!(seldom.is_empty() && seldom == Seldom::new());
        seldom.push(5);
        seldom.push(9);
        seldom.insert(1, 7);
        assert_eq!(*seldom, [5, 7, 9]);
        assert_eq!(seldom.remove(0), Some(5));
        let mut other = Seldom::from(vec![1]);
        other.clone_from(&seldom);
        assert!(*other == [7, 9] && other == seldom);
        other.clone_from(&Seldom::new());
        assert!(other.is_empty());
        seldom.retain(|item| *item > 9);
        assert!(seldom.0.is_none());
    }
}
