//! Which transmissions of a device have been taken in: a window of 64 counters, as in RFC 6479.

use crate::refusal::Reason;

/// The highest counter, and which of the 64 up to it were used.
#[derive(Clone, Copy)]
pub(super) struct ReplayWindow {
    pub highest: u64,
    /// Bit i is the counter `highest - i`.
    used: u64,
}

impl ReplayWindow {
    /// Refuses everything up to and including `highest`.
    pub const fn after(highest: u64) -> Self {
        Self { highest, used: u64::MAX }
    }

    /// Whether the counter is new. This changes nothing, so it may be asked of a forgery.
    pub fn check(&self, counter: u64) -> Result<(), Reason> {
        match self.highest.checked_sub(counter) {
            None => Ok(()),
            Some(behind @ 0..64) if self.used >> behind & 1 == 0 => Ok(()),
            Some(0..64) => Err(Reason::Replayed),
            Some(_) => Err(Reason::CounterTooOld),
        }
    }

    /// Takes note of a counter that was authenticated.
    pub fn commit(&mut self, counter: u64) {
        match counter.checked_sub(self.highest) {
            Some(ahead @ 1..) => {
                let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
                self.used = self.used.checked_shl(ahead).unwrap_or(0) | 1;
                self.highest = counter;
            }
            _ if self.highest - counter < 64 => self.used |= 1 << (self.highest - counter),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The same by a set of all counters that were used.
    fn check(start: u64, counters: impl Iterator<Item = u64>) {
        let mut window = ReplayWindow::after(start);
        let mut used = BTreeSet::new();
        let mut highest = start;
        for counter in counters {
            let expected = if counter > highest {
                Ok(())
            } else if highest - counter >= 64 {
                Err(Reason::CounterTooOld)
            } else if used.contains(&counter) || counter <= start {
                Err(Reason::Replayed)
            } else {
                Ok(())
            };
            assert_eq!(window.check(counter), expected, "{counter} with {highest}");
            if expected.is_ok() {
                window.commit(counter);
                used.insert(counter);
                highest = highest.max(counter);
            }
            assert_eq!(window.highest, highest);
            assert!(window.check(counter).is_err());
        }
    }

    #[test]
    fn the_window_is_the_set_of_used_counters() {
        let mut state = 1_u64;
        for (start, reach) in [(0, 3), (0, 70), (0, 200), (1 << 40, 130), (1 << 40, 64)] {
            let mut centre = start;
            check(
                start,
                (0..20_000).map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    centre += state >> 62;
                    (centre + (state >> 33) % reach).saturating_sub(reach / 2)
                }),
            );
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        check(0, [0, 1, 64, 65, u64::MAX, u64::MAX - 63, u64::MAX - 64, 0].into_iter());
        check(u64::MAX, [u64::MAX, 0, u64::MAX - 1].into_iter());
        let mut window = ReplayWindow::after(0);
        window.commit(64);
        assert_eq!(window.check(0), Err(Reason::CounterTooOld));
        window.commit(1 << 32);
        window.commit((1 << 33) + 5);
        assert_eq!(window.check(1 << 33), Ok(()));
    }
}
