//! How many records a device may send: a token bucket.

use wardline_core::time::Timestamp;

/// The rate of records that a device may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RateLimit {
    /// Records a second, in the long run.
    pub records_per_s: u32,
    /// Records at once, after a silence.
    pub burst_records: u32,
}

impl RateLimit {
    /// No burst is larger, so that thousandths of a record fit into 32 bits.
    pub const BURST_RECORDS_MAX: u32 = 4_000_000;

    /// A limit; the burst is taken into the range from a full datagram to
    /// [`Self::BURST_RECORDS_MAX`].
    pub fn new(records_per_s: u32, burst_records: u32) -> Self {
        let least = super::RECORDS_MAX as u32;
        let burst_records = burst_records.clamp(least, Self::BURST_RECORDS_MAX);
        Self { records_per_s, burst_records }
    }
}

impl Default for RateLimit {
    /// 50 a second and 20,000 at once: two days of a fix every ten seconds, uploaded in one go.
    fn default() -> Self {
        Self::new(50, 20_000)
    }
}

/// What a device may still send.
#[derive(Clone, Copy)]
pub(super) struct Bucket {
    /// In thousandths of a record.
    tokens_milli: u32,
    /// The low bits of the time when it was last filled, in milliseconds.
    filled_ms: u32,
}

impl Bucket {
    pub const fn full(limit: &RateLimit) -> Self {
        Self { tokens_milli: limit.burst_records * 1000, filled_ms: 0 }
    }

    /// Takes these records out, if they are there.
    pub fn take(&mut self, records: u8, now: Timestamp, limit: &RateLimit) -> bool {
        let now_ms = now.ms() as u32;
        // A clock that was set back by less than 25 days fills nothing.
        let elapsed_ms = now_ms.wrapping_sub(self.filled_ms) as i32;
        self.filled_ms = now_ms;
        let more_milli = u64::from(limit.records_per_s) * elapsed_ms.max(0) as u64;
        let tokens = u64::from(self.tokens_milli) + more_milli;
        self.tokens_milli = tokens.min(u64::from(limit.burst_records) * 1000) as u32;
        match self.tokens_milli.checked_sub(u32::from(records) * 1000) {
            Some(rest) => self.tokens_milli = rest,
            None => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_the_burst_and_then_the_rate() {
        let limit = RateLimit::new(10, 100);
        let mut bucket = Bucket::full(&limit);
        let start_ms = 1_900_000_000_123;
        let mut take = |n, ms: i64| bucket.take(n, Timestamp::from_ms(start_ms + ms), &limit);
        assert!(take(37, 0) && take(37, 0) && take(26, 0));
        assert!(!take(1, 0) && !take(1, 99));
        assert!(take(1, 100) && !take(1, 199) && take(1, 200));
        assert!(!take(1, -5_000), "a clock that goes back fills nothing");
        assert!(!take(1, -4_901) && take(1, -4_900));
        assert!(take(37, 60_000) && take(37, 60_000) && take(26, 60_000) && !take(1, 60_000));
    }

    #[test]
    fn a_burst_holds_a_full_datagram() {
        assert_eq!(RateLimit::new(0, 0).burst_records, 37);
        let limit = RateLimit::new(u32::MAX, u32::MAX);
        let mut bucket = Bucket::full(&limit);
        assert!(bucket.take(37, Timestamp::from_ms(i64::MAX), &limit));
        assert!(bucket.take(37, Timestamp::from_ms(i64::MIN), &limit));
    }
}
