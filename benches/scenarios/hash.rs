//! A hash of events that does not depend on their order, so that it is the same for any number of
//! shards, and that no work on them can be left out.

use wardline_core::event::Event;

/// The events so far.
#[derive(Clone, Copy, Default, Debug)]
pub struct EventsHash {
    sum: u64,
    count: u64,
}

impl EventsHash {
    pub fn add(&mut self, event: &Event) {
        let words = [
            event.input,
            event.order.number(),
            u64::from(event.index),
            event.rule.number(),
            event.time.ms().unsigned_abs(),
            event.kind as u64,
            event.phase as u64,
        ];
        let hash = words.iter().fold(0xCBF2_9CE4_8422_2325, |hash: u64, word| {
            (hash ^ word).wrapping_mul(0x0100_0000_01B3).rotate_left(23)
        });
        self.sum = self.sum.wrapping_add(hash);
        self.count += 1;
    }

    /// How many they are and their hash.
    pub fn text(&self) -> String {
        format!("{}:{:016x}", self.count, self.sum)
    }
}
