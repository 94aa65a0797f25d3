//! The past states of a watch, to which it goes back when something comes late.

use super::state::State;
use crate::few::Few;
use crate::key::Key;

/// The state after each item that changed it, as far back as the history goes.
pub(super) struct Checkpoints {
    /// The history goes back to when nothing had been seen; that state is not listed.
    is_whole: bool,
    /// Most watches have one.
    listed: Few<(Key, State)>,
}

impl Checkpoints {
    /// Nothing has been seen.
    pub fn new() -> Self {
        Self { is_whole: true, listed: Few::None }
    }

    /// Of all that were listed, the first is what the history starts from.
    pub fn of(mut all: Vec<(Key, State)>) -> Self {
        let is_nothing = |(key, state): &(Key, State)| *key == Key::FIRST && state.is_nothing();
        let is_whole = all.first().is_some_and(is_nothing);
        if is_whole {
            all.remove(0);
        }
        Self { is_whole, listed: all.into() }
    }

    /// All of them, that of nothing seen included; there it gives no state.
    pub fn all(&self) -> impl Iterator<Item = (Key, Option<&State>)> {
        let nothing = self.is_whole.then_some((Key::FIRST, None));
        nothing.into_iter().chain(self.listed.iter().map(|(key, state)| (*key, Some(state))))
    }

    /// The item after which the history starts.
    pub fn first(&self) -> Key {
        self.all().next().map_or(Key::FIRST, |(key, _)| key)
    }

    /// The last item that changed anything.
    pub fn last(&self) -> Key {
        self.listed.last().map_or(Key::FIRST, |(key, _)| *key)
    }

    /// The last state, unless nothing was seen.
    pub fn newest(&self) -> Option<&State> {
        self.listed.last().map(|(_, state)| state)
    }

    /// The states at the item with this key and after it; none where nothing had been seen then.
    pub fn states_from(&self, key: Key) -> impl Iterator<Item = Option<&State>> {
        let before = self.listed.iter().rposition(|(place, _)| *place <= key);
        let nothing = (self.is_whole && before.is_none()).then_some(None);
        let listed = self.listed[before.unwrap_or(0)..].iter();
        nothing.into_iter().chain(listed.map(|(_, state)| Some(state)))
    }

    /// Keeps the state after the item with this key, if it changed.
    pub fn note(&mut self, key: Key, now: &State, changed: bool) {
        match self.listed.last_mut() {
            Some((last, state)) if *last == key => state.clone_from(now),
            Some((_, state)) if !changed && *state == *now => {}
            None if !changed && now.is_nothing() => {}
            _ => self.listed.push((key, now.clone())),
        }
    }

    /// Goes back to before `from`: the last item that changed anything then is the newest again.
    pub fn go_back(&mut self, from: Key) -> Key {
        let kept = self.listed.iter().rposition(|(key, _)| *key < from).map_or(0, |last| last + 1);
        self.listed.truncate(kept.max(usize::from(!self.is_whole)));
        self.last()
    }

    /// Forgets what lies before the horizon but for the last state there.
    pub fn forget_before(&mut self, horizon: Key) {
        let before = self.listed.iter().take_while(|(key, _)| *key < horizon).count();
        if before > 0 {
            self.is_whole = false;
            self.listed.remove_first(before - 1);
        }
    }
}
