//! Memory that is used again.

use std::sync::Mutex;

/// What can be emptied and used again.
pub(super) trait Reuse: Default {
    /// Empties it.
    fn clear(&mut self);
}

/// Up to so many empty things. Those put back last are taken first, since they are still in the
/// processor's caches. Nobody ever waits here: who comes at the same time as another gets a new one
/// or lets his go.
pub(super) struct Spare<T> {
    items: Mutex<Vec<T>>,
    items_max: usize,
}

impl<T: Reuse> Spare<T> {
    pub fn new(items_max: usize) -> Self {
        Self { items: Mutex::new(Vec::with_capacity(items_max)), items_max }
    }

    /// An empty one, used before if there is any.
    pub fn take(&self) -> T {
        self.items.try_lock().ok().and_then(|mut items| items.pop()).unwrap_or_default()
    }

    /// Empties it and keeps it for another time, if there are not enough.
    pub fn put(&self, mut item: T) {
        item.clear();
        if let Ok(mut items) = self.items.try_lock()
            && items.len() < self.items_max
        {
            items.push(item);
        }
    }
}
