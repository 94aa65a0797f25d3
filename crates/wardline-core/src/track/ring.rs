//! The last fixes of a device in 24 bytes each, so that taking one in touches few cache lines.
//!
//! A slot holds its fix exactly or not at all: what does not fit (an accuracy with more digits than
//! a thousandth of a metre or a single-precision number has, a clock that runs minutes ahead) lies
//! in a list beside the ring.

use super::{Sample, Trust};
use crate::engine::Config;
use crate::geometry::Position;
use crate::time::Timestamp;

/// Where the fixes lie in a fixed number of slots in a circle; the slots themselves come with each
/// call, since those of all devices lie side by side.
#[derive(Clone)]
pub(super) struct Ring {
    /// The slot of the oldest fix.
    head: u16,
    len: u16,
    /// Times are kept as milliseconds after this.
    epoch: Timestamp,
    /// Sequence numbers are kept as distances from this.
    seq_base: u64,
    /// The fixes that fit in no slot, by ticket.
    #[expect(clippy::box_collection, reason = "8 bytes where there are none, as mostly")]
    odd: Option<Box<Vec<(u32, Sample)>>>,
}

/// Slots that a device needs: one more than its history or its memory of repeats, whichever is
/// longer, and at most 65,000.
pub(crate) fn slots_per_device(config: &Config) -> usize {
    config.history_fixes.max(config.repeat_memory).clamp(2, 64_999) + 1
}

/// A fix, packed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Slot {
    after_epoch_ms: u32,
    after_epoch_ms_high: u8,
    flags: u8,
    /// How far the reported time is ahead of event time.
    ahead_ms: u16,
    seq: u32,
    position: Position,
    /// The reported accuracy in the form of [`accuracy_code`], or the ticket of an odd fix.
    accuracy: u32,
}

const _: () = assert!(size_of::<Slot>() == 24);

const COARSE: u8 = 1;
const DOUBTFUL: u8 = 2;
const IMPLAUSIBLE: u8 = 4;
const SUSPECT: u8 = 8;
const CLAIMS_MOTION: u8 = 16;
const ODD: u8 = 32;

/// No accuracy was reported.
const ABSENT: u32 = u32::MAX;
/// The accuracy is in thousandths of a metre, not in single precision.
const THOUSANDTHS: u32 = 1 << 31;

impl Ring {
    pub fn new(epoch: Timestamp) -> Self {
        Self { head: 0, len: 0, epoch, seq_base: 0, odd: None }
    }

    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether no fix lies beside the ring.
    pub fn is_plain(&self) -> bool {
        self.odd.is_none()
    }

    #[inline]
    fn place(&self, slots: &[Slot], index: usize) -> usize {
        let place = usize::from(self.head) + index;
        if place < slots.len() { place } else { place - slots.len() }
    }

    /// Which of so many slots the next fix goes to.
    #[inline]
    pub fn next_slot(&self, slots: usize) -> usize {
        let place = usize::from(self.head) + self.len();
        if place < slots { place } else { place - slots }
    }

    pub fn get(&self, slots: &[Slot], index: usize, config: &Config) -> Option<Sample> {
        (index < self.len()).then(|| self.sample(&slots[self.place(slots, index)], config))
    }

    #[inline]
    pub fn is_sound(&self, slots: &[Slot], index: usize) -> bool {
        slots[self.place(slots, index)].flags & (COARSE | DOUBTFUL) == 0
    }

    /// Event time and sequence number of a fix, which say where it stands.
    pub fn standing(&self, slots: &[Slot], index: usize) -> Option<(Timestamp, u64)> {
        if index >= self.len() {
            return None;
        }
        let slot = &slots[self.place(slots, index)];
        match slot.flags & ODD {
            0 => Some((slot.time(self.epoch), slot.seq(self.seq_base))),
            _ => self.beside(slot.accuracy).map(|sample| (sample.time, sample.seq)),
        }
    }

    /// Appends a fix; in a full ring the oldest makes room.
    #[inline]
    pub fn push(&mut self, slots: &mut [Slot], sample: &Sample) {
        if self.len == 0 {
            self.seq_base = sample.seq;
        }
        if self.len() >= slots.len() {
            self.head = self.place(slots, 1) as u16;
            self.len -= 1;
        }
        let place = self.place(slots, self.len());
        slots[place] = match Slot::new(sample, self.epoch, self.seq_base) {
            Some(slot) => slot,
            None => self.put_beside(slots, sample),
        };
        self.len += 1;
    }

    /// Inserts a fix before the newest `later` ones; in a full ring the oldest makes room.
    pub fn insert(&mut self, slots: &mut [Slot], later: usize, sample: &Sample) {
        self.push(slots, sample);
        for index in (self.len() - later..self.len()).rev() {
            slots.swap(self.place(slots, index), self.place(slots, index - 1));
        }
    }

    pub fn set_trust(&mut self, slots: &mut [Slot], index: usize, trust: Trust) {
        let slot = &mut slots[self.place(slots, index)];
        slot.flags = slot.flags & !(COARSE | DOUBTFUL | IMPLAUSIBLE) | trust_flags(trust);
        let mut odd = self.odd.iter_mut().flat_map(|odd| odd.iter_mut());
        if slot.flags & ODD != 0
            && let Some((_, sample)) = odd.find(|(ticket, _)| *ticket == slot.accuracy)
        {
            sample.trust = trust;
        }
    }

    fn sample(&self, slot: &Slot, config: &Config) -> Sample {
        if slot.flags & ODD != 0
            && let Some(sample) = self.beside(slot.accuracy)
        {
            return sample;
        }
        slot.sample(self.epoch, self.seq_base, config)
    }

    fn beside(&self, ticket: u32) -> Option<Sample> {
        self.odd.as_ref()?.iter().find(|(other, _)| *other == ticket).map(|(_, sample)| *sample)
    }

    /// Lays a fix beside the ring, and forgets those that no slot refers to any more.
    fn put_beside(&mut self, slots: &[Slot], sample: &Sample) -> Slot {
        let mut odd = self.odd.take().map_or_else(Vec::new, |odd| *odd);
        let refers = |slot: &Slot, ticket| slot.flags & ODD != 0 && slot.accuracy == ticket;
        odd.retain(|(ticket, _)| slots.iter().any(|slot| refers(slot, *ticket)));
        let unused = |ticket: &u32| odd.iter().all(|(other, _)| other != ticket);
        let ticket = (0..).find(unused).unwrap_or_default();
        odd.push((ticket, *sample));
        self.odd = Some(Box::new(odd));
        Slot { flags: ODD | trust_flags(sample.trust), accuracy: ticket, ..Slot::default() }
    }
}

impl Slot {
    /// Something of both ends, which may lie in two cache lines.
    #[inline]
    pub fn ends(&self) -> u32 {
        self.after_epoch_ms ^ self.accuracy
    }

    #[inline]
    fn new(sample: &Sample, epoch: Timestamp, seq_base: u64) -> Option<Self> {
        let after_ms = u64::try_from(sample.time.ms_since(epoch)).ok()?;
        let ahead_ms = u16::try_from(sample.reported.ms_since(sample.time)).ok()?;
        // Counters count up, though some late fix may stand before the first one seen.
        let seq = sample.seq.wrapping_sub(seq_base) as i64;
        let flags = trust_flags(sample.trust)
            | if sample.suspect { SUSPECT } else { 0 }
            | if sample.claims_motion { CLAIMS_MOTION } else { 0 };
        Some(Self {
            after_epoch_ms: after_ms as u32,
            after_epoch_ms_high: u8::try_from(after_ms >> 32).ok()?,
            flags,
            ahead_ms,
            seq: i32::try_from(seq).ok()? as u32,
            position: sample.position,
            accuracy: accuracy_code(sample.reported_accuracy_m)?,
        })
    }

    fn time(&self, epoch: Timestamp) -> Timestamp {
        let after = i64::from(self.after_epoch_ms_high) << 32 | i64::from(self.after_epoch_ms);
        Timestamp::from_ms(epoch.ms() + after)
    }

    fn seq(&self, seq_base: u64) -> u64 {
        seq_base.wrapping_add(i64::from(self.seq as i32) as u64)
    }

    fn sample(&self, epoch: Timestamp, seq_base: u64, config: &Config) -> Sample {
        let time = self.time(epoch);
        let reported_accuracy_m = accuracy_m(self.accuracy);
        Sample {
            time,
            reported: Timestamp::from_ms(time.ms() + i64::from(self.ahead_ms)),
            seq: self.seq(seq_base),
            position: self.position,
            accuracy_m: config.accuracy_m(reported_accuracy_m),
            reported_accuracy_m,
            suspect: self.flags & SUSPECT != 0,
            claims_motion: self.flags & CLAIMS_MOTION != 0,
            trust: Trust {
                coarse: self.flags & COARSE != 0,
                doubtful: self.flags & DOUBTFUL != 0,
                implausible: self.flags & IMPLAUSIBLE != 0,
            },
        }
    }
}

fn trust_flags(trust: Trust) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    flag(trust.coarse, COARSE)
        | flag(trust.doubtful, DOUBTFUL)
        | flag(trust.implausible, IMPLAUSIBLE)
}

/// A reported accuracy in 32 bits, if it can be given back exactly.
#[inline]
fn accuracy_code(accuracy_m: Option<f64>) -> Option<u32> {
    let Some(accuracy_m) = accuracy_m else {
        return Some(ABSENT);
    };
    let single = accuracy_m as f32;
    if f64::from(single) == accuracy_m && accuracy_m.is_sign_positive() {
        return Some(single.to_bits());
    }
    // What is too large for the code does not come back.
    let code = THOUSANDTHS | (accuracy_m * 1000.0 + 0.5) as u32;
    let back = self::accuracy_m(code).map(f64::to_bits);
    (back == Some(accuracy_m.to_bits())).then_some(code)
}

fn accuracy_m(code: u32) -> Option<f64> {
    match code {
        ABSENT => None,
        code if code & THOUSANDTHS != 0 => Some(f64::from(code & !THOUSANDTHS) / 1000.0),
        code => Some(f64::from(f32::from_bits(code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seq: u64, time_ms: i64, accuracy_m: Option<f64>) -> Sample {
        Sample {
            time: Timestamp::from_ms(time_ms),
            reported: Timestamp::from_ms(time_ms),
            seq,
            position: Position::from_e7(1, -1).unwrap_or_default(),
            accuracy_m: Config::default().accuracy_m(accuracy_m),
            reported_accuracy_m: accuracy_m,
            suspect: false,
            claims_motion: true,
            trust: Trust { coarse: false, doubtful: true, implausible: true },
        }
    }

    #[test]
    fn each_accuracy_comes_back_exactly() {
        let plain = [0.0, -0.0, 5.0, 8.1, 12.345, 3.790_092_468_261_718_8, 17_000.0, 1e30];
        let odd =
            [8.123_456_789, 1.0 / 3.0, 5e-324, 1e30, 2_147_483.647, 4_294_967.296_1, f64::MAX];
        for accuracy_m in plain.into_iter().chain(odd) {
            let mut slots = [Slot::default(); 3];
            let mut ring = Ring::new(Timestamp::from_ms(0));
            let given = sample(7, 1, Some(accuracy_m));
            ring.push(&mut slots, &given);
            let back = ring.get(&slots, 0, &Config::default());
            assert_eq!(back, Some(given), "{accuracy_m}");
            let bits = back.and_then(|s| s.reported_accuracy_m).map(f64::to_bits);
            assert_eq!(bits, Some(accuracy_m.to_bits()));
            let signed_zero = accuracy_m == 0.0 && accuracy_m.is_sign_negative();
            let is_odd = odd.contains(&accuracy_m) || signed_zero;
            assert_eq!(ring.is_plain(), !is_odd, "{accuracy_m}");
        }
    }

    #[test]
    fn what_fits_no_slot_lies_beside() {
        let config = Config::default();
        let first = u64::MAX - 1;
        let mut ahead = sample(first, 5, None);
        ahead.reported = Timestamp::from_ms(i64::MAX);
        let given = [
            sample(first, 0, None),
            sample(u64::MAX, 1 << 39, Some(2.5)),
            sample(0, 1 << 40, Some(2.5)),
            sample(1, -1, Some(2.5)),
            sample(first / 2, 3, Some(2.5)),
            ahead,
        ];
        let mut slots = [Slot::default(); 7];
        let mut ring = Ring::new(Timestamp::from_ms(0));
        given.iter().for_each(|sample| ring.push(&mut slots, sample));
        let back: Vec<_> = (0..ring.len()).filter_map(|i| ring.get(&slots, i, &config)).collect();
        assert_eq!(back, given);
        let standing: Vec<_> = (0..ring.len()).filter_map(|i| ring.standing(&slots, i)).collect();
        assert_eq!(standing, given.map(|sample| (sample.time, sample.seq)));
    }

    #[test]
    fn the_list_beside_never_outgrows_the_ring() {
        let config = Config::default();
        let mut slots = [Slot::default(); 4];
        let mut ring = Ring::new(Timestamp::from_ms(0));
        for seq in 1..100 {
            ring.push(&mut slots, &sample(seq, seq as i64, Some(1.0 / 3.0)));
            let last = ring.get(&slots, ring.len() - 1, &config).map(|sample| sample.seq);
            assert_eq!(last, Some(seq));
        }
        assert!(ring.odd.is_some_and(|odd| odd.len() <= 5));
    }

    #[test]
    fn a_fix_is_inserted_where_it_belongs() {
        let config = Config::default();
        let mut slots = [Slot::default(); 5];
        let mut ring = Ring::new(Timestamp::from_ms(0));
        for seq in [1, 2, 4, 5] {
            ring.push(&mut slots, &sample(seq, seq as i64, Some(8.0)));
        }
        ring.insert(&mut slots, 2, &sample(3, 3, Some(1.0 / 3.0)));
        let seqs = |ring: &Ring, slots: &[Slot]| -> Vec<u64> {
            (0..9).filter_map(|i| ring.get(slots, i, &config)).map(|s| s.seq).collect()
        };
        assert_eq!(seqs(&ring, &slots), [1, 2, 3, 4, 5]);
        ring.push(&mut slots, &sample(7, 7, None));
        ring.insert(&mut slots, 1, &sample(6, 6, None));
        assert_eq!(seqs(&ring, &slots), [3, 4, 5, 6, 7]);
    }

    /// An accuracy of 0 has the bits of the first ticket; the fix beside is taken for no other.
    #[test]
    fn each_fix_keeps_its_own_marks() {
        let config = Config::default();
        let mut slots = [Slot::default(); 6];
        let mut ring = Ring::new(Timestamp::from_ms(0));
        let accuracies = [1.0 / 3.0, 0.0, 2.0 / 3.0, 8.0, 1.0 / 7.0];
        let mut given: Vec<_> = (1..).zip(accuracies).map(|(n, a)| sample(n, 1, Some(a))).collect();
        given[0].trust = Trust::default();
        given[2].trust = Trust::default();
        given[3].suspect = true;
        given[3].claims_motion = false;
        given.iter().for_each(|sample| ring.push(&mut slots, sample));
        let all = |ring: &Ring, slots: &[Slot]| -> Vec<Sample> {
            (0..ring.len()).filter_map(|i| ring.get(slots, i, &config)).collect()
        };
        assert_eq!(all(&ring, &slots), given);
        let trust = Trust { coarse: true, doubtful: false, implausible: false };
        for index in [2, 1, 0, 4, 3] {
            given[index].trust = trust;
            ring.set_trust(&mut slots, index, trust);
            assert_eq!(all(&ring, &slots), given, "{index}");
        }
    }
}
