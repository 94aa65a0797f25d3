//! Which records of a device have been taken in, in 24 bytes.
//!
//! `seen_through` is where the unbroken row of records ends; 64 bits tell which of the next have
//! come out of turn. A device that comes back from a long silence sends where it is now beside its
//! backlog, so a second, smaller window follows the highest record far ahead. What lies between
//! the two is judged, but not remembered: it will be sent again when the row has come near.

/// The records that have been taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Progress {
    /// All up to this one were seen.
    pub seen_through: u64,
    /// Bit i is the record `seen_through + 1 + i`. Bit 0 is never set: the row would go on.
    pub bits: u64,
    /// The low bits of the highest record that was too far ahead for `bits`.
    pub ahead: u32,
    /// Bit i is the record `ahead - i`; all 0 when there is none ahead.
    pub ahead_bits: u32,
}

impl Progress {
    /// All records up to this one were seen.
    pub const fn through(seen_through: u64) -> Self {
        Self { seen_through, bits: 0, ahead: 0, ahead_bits: 0 }
    }

    /// The full number of a record, of which a datagram has the low 32 bits: the one nearest to
    /// where the row ends. Nothing if it lies before the first record of all.
    pub fn widen(&self, rec_seq: u32) -> Option<u64> {
        let distance = rec_seq.wrapping_sub(self.seen_through as u32) as i32;
        self.seen_through.checked_add_signed(i64::from(distance))
    }

    /// Whether the record is known to have been seen.
    pub fn has(&self, seq: u64) -> bool {
        let Some(beyond) = seq.checked_sub(self.seen_through).filter(|beyond| *beyond > 0) else {
            return true;
        };
        if beyond <= 64 {
            return self.bits >> (beyond - 1) & 1 == 1;
        }
        self.ahead_bits != 0
            && self
                .ahead_top()
                .checked_sub(seq)
                .is_some_and(|i| i < 32 && self.ahead_bits >> i & 1 == 1)
    }

    /// Takes note of a record, and whether it is new.
    #[inline]
    pub fn take(&mut self, seq: u64) -> bool {
        // Nearly always it is the next one, and nothing has come out of turn.
        if seq.checked_sub(1) == Some(self.seen_through)
            && self.bits | u64::from(self.ahead_bits) == 0
        {
            self.seen_through = seq;
            return true;
        }
        let is_new = !self.has(seq);
        if is_new {
            self.mark(seq);
        }
        is_new
    }

    /// Takes note of a record.
    pub fn mark(&mut self, seq: u64) {
        match seq.checked_sub(self.seen_through) {
            None | Some(0) => return,
            Some(beyond @ 1..=64) => self.bits |= 1 << (beyond - 1),
            Some(_) => self.mark_ahead(seq),
        }
        while self.bits & 1 == 1 {
            let run = self.bits.trailing_ones();
            self.seen_through += u64::from(run);
            self.bits = self.bits.checked_shr(run).unwrap_or(0);
            self.come_near();
        }
    }

    fn mark_ahead(&mut self, seq: u64) {
        let top = if self.ahead_bits == 0 { seq } else { self.ahead_top() };
        if let Some(below) = top.checked_sub(seq) {
            self.ahead_bits |= if below < 32 { 1 << below } else { 0 };
        } else {
            let shift = u32::try_from(seq - top).unwrap_or(u32::MAX);
            self.ahead_bits = self.ahead_bits.checked_shl(shift).unwrap_or(0) | 1;
        }
        self.ahead = top.max(seq) as u32;
    }

    /// Brings records that were far ahead into `bits`, once they are near.
    fn come_near(&mut self) {
        if self.ahead_bits == 0 {
            return;
        }
        let top = self.ahead_top();
        for below in (0..32).filter(|below| self.ahead_bits >> below & 1 == 1) {
            if let Some(beyond @ 1..=64) = top.checked_sub(self.seen_through + below) {
                self.bits |= 1 << (beyond - 1);
            }
        }
        if top <= self.seen_through + 64 {
            self.ahead_bits = 0;
        }
    }

    /// The full number of the highest record far ahead, if there is one.
    fn ahead_top(&self) -> u64 {
        self.seen_through + u64::from(self.ahead.wrapping_sub(self.seen_through as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A row, 64 bits after it and a window of 32 at the top, all kept as one plain set.
    struct Naive {
        seen: BTreeSet<u64>,
        through: u64,
    }

    impl Naive {
        fn mark(&mut self, seq: u64) {
            self.seen.insert(seq);
            while self.seen.contains(&(self.through + 1)) {
                self.through += 1;
            }
        }
    }

    fn run(start: u64, reach: u64, rounds: usize) {
        let mut naive = Naive { seen: BTreeSet::new(), through: start };
        let mut progress = Progress::through(start);
        let mut state = reach;
        let mut forgotten = 0;
        for _ in 0..rounds {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let seq = naive.through + (state >> 33) % reach;
            assert_eq!(progress.widen(seq as u32), Some(seq));
            let known = seq <= naive.through || naive.seen.contains(&seq);
            assert!(known || !progress.has(seq), "{seq} was never seen");
            forgotten += u32::from(known && !progress.has(seq));
            let is_new = !progress.has(seq);
            assert_eq!(progress.take(seq), is_new);
            naive.mark(seq);
            assert!(progress.seen_through <= naive.through);
            assert_eq!(progress.bits & 1, 0);
            if reach <= 64 {
                assert_eq!(progress.seen_through, naive.through);
                assert!(progress.has(seq));
            }
        }
        assert_eq!(forgotten > 0, reach > 97, "reach {reach}: {forgotten} forgotten");
    }

    #[test]
    fn what_was_seen_is_known_and_nothing_else_is() {
        for start in [0, (1 << 32) - 500, (1 << 40) + 12_345] {
            for reach in [3, 20, 64, 5_000] {
                run(start, reach, 20_000);
            }
        }
    }

    #[test]
    fn a_live_record_far_ahead_of_the_backlog_is_known_until_the_row_reaches_it() {
        let mut progress = Progress::through(0);
        for live in 5_000..5_032 {
            assert!(!progress.has(live));
            progress.mark(live);
        }
        for backlog in 1..5_000 {
            assert!(!progress.has(backlog) && progress.has(5_000) && progress.has(5_031));
            progress.mark(backlog);
        }
        assert_eq!(progress, Progress { ahead: progress.ahead, ..Progress::through(5_031) });
    }

    #[test]
    fn a_number_is_the_one_nearest_to_the_row() {
        let widen = |through, seq| Progress::through(through).widen(seq);
        assert_eq!(widen(0, 1), Some(1));
        assert_eq!(widen(0, u32::MAX), None);
        assert_eq!(widen(10, u32::MAX), None);
        assert_eq!(widen(0xFFFF_FFF0, 5), Some(0x1_0000_0005));
        assert_eq!(widen(0x1_0000_0005, 0xFFFF_FFF0), Some(0xFFFF_FFF0));
        assert_eq!(widen(0, 0x7FFF_FFFF), Some(0x7FFF_FFFF));
    }
}
