//! Fixes in few bytes, so that taking one in touches few cache lines and all devices fit in memory.
//!
//! The memory of a track is a circle of blocks. A block holds one fix whole and, beside it, when
//! and under which number the fixes came that were there before it: a repeat is told by these
//! alone, and repeats are remembered for longer than a history lasts. What is packed comes back
//! exactly, or it is not packed at all (see `ring`).

use super::{Sample, SoundFix, Trust};
use crate::engine::Config;
use crate::geometry::Position;
use crate::time::Timestamp;
use std::ops::{Deref, DerefMut, Range};

/// How the memory of a track is laid out; all tracks of an engine alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// The fixes of a history, and one more.
    pub blocks: u16,
    /// The fixes that a block can tell the times and numbers of.
    pub layers: u16,
    /// Of a block, what tells times and numbers; it comes before the body.
    standings_bytes: u32,
}

/// Where a fix is kept: its block, and which layer tells its time and number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    pub block: u16,
    pub layer: u16,
}

/// No history holds more fixes, and no more inputs are remembered.
pub(super) const FIXES_MAX: usize = 64_999;

const STANDING_BYTES: usize = 6;
const BODY_BYTES: usize = 13;

impl Layout {
    /// Room for a history of 2 to 64,999 fixes and for a memory of at most as many repeats.
    pub fn new(config: &Config) -> Self {
        let blocks = config.history_fixes.clamp(2, FIXES_MAX) + 1;
        let layers = config.repeat_memory.min(FIXES_MAX).div_ceil(blocks).max(1);
        Self::of(blocks as u16, layers as u16)
    }

    pub(super) fn of(blocks: u16, layers: u16) -> Self {
        let standings_bytes = u32::from(layers) * STANDING_BYTES as u32;
        Self { blocks, layers, standings_bytes }
    }

    /// The bytes that a track takes. 825 with the default history.
    pub fn bytes(self) -> usize {
        usize::from(self.blocks) * self.block_bytes()
    }

    /// The fixes whose times and numbers are known.
    #[inline]
    pub(super) fn places(self) -> usize {
        usize::from(self.blocks) * usize::from(self.layers)
    }

    #[inline]
    pub(super) fn after(self, place: Place) -> Place {
        let block = place.block.wrapping_add(1);
        if block < self.blocks { Place { block, ..place } } else { self.turn(place) }
    }

    /// The first place of the next layer.
    #[cold]
    fn turn(self, place: Place) -> Place {
        let layer = (u32::from(place.layer) + 1) % u32::from(self.layers);
        Place { block: 0, layer: layer as u16 }
    }

    /// The place just before.
    #[inline]
    pub(super) fn previous(self, place: Place) -> Place {
        let Place { block, layer } = place;
        if block > 0 {
            Place { block: block - 1, layer }
        } else {
            let layer = if layer > 0 { layer } else { self.layers };
            Place { block: self.blocks - 1, layer: layer - 1 }
        }
    }

    /// The place `steps` before, at most once around.
    pub(super) fn before(self, place: Place, steps: usize) -> Place {
        let (block, layer) = (usize::from(place.block), usize::from(place.layer));
        if steps <= block {
            return Place { block: (block - steps) as u16, ..place };
        }
        let (blocks, layers) = (usize::from(self.blocks), usize::from(self.layers));
        let (turns, rest) = ((steps - block - 1) / blocks, (steps - block - 1) % blocks);
        let layer = (layer + layers - (turns + 1) % layers) % layers;
        Place { block: (blocks - 1 - rest) as u16, layer: layer as u16 }
    }

    #[inline]
    fn standings_bytes(self) -> usize {
        self.standings_bytes as usize
    }

    #[inline]
    pub fn block_bytes(self) -> usize {
        self.standings_bytes() + BODY_BYTES
    }

    /// Where the block of a fix starts.
    #[inline]
    pub(super) fn block(self, place: Place) -> usize {
        usize::from(place.block) * self.block_bytes()
    }

    /// Where the body of a fix is.
    #[inline]
    pub(super) fn body(self, place: Place) -> Range<usize> {
        let start = self.block(place) + self.standings_bytes();
        start..start + BODY_BYTES
    }

    /// Where the standing of a fix is.
    #[inline]
    pub(super) fn standing(self, place: Place) -> Range<usize> {
        let start = self.block(place) + STANDING_BYTES * usize::from(place.layer);
        start..start + STANDING_BYTES
    }
}

/// The memory of one track, among that of others.
#[derive(Clone, Copy)]
pub(crate) struct Slots<Bytes> {
    pub layout: Layout,
    pub bytes: Bytes,
    /// Where its own starts.
    pub start: usize,
}

impl<Bytes: Deref<Target = [u8]>> Slots<Bytes> {
    pub fn as_ref(&self) -> Slots<&[u8]> {
        Slots { layout: self.layout, bytes: &self.bytes, start: self.start }
    }

    #[inline]
    pub(super) fn body(&self, place: Place) -> Body {
        let mut body = Body([0; BODY_BYTES]);
        body.0.copy_from_slice(&self.bytes[self.start..][self.layout.body(place)]);
        body
    }

    #[inline]
    pub(super) fn standing(&self, place: Place) -> Standing {
        let mut bytes = [0; STANDING_BYTES];
        bytes.copy_from_slice(&self.bytes[self.start..][self.layout.standing(place)]);
        Standing::read(bytes)
    }
}

impl<Bytes: DerefMut<Target = [u8]>> Slots<Bytes> {
    #[inline(always)]
    pub(super) fn put(&mut self, place: Place, standing: Standing, body: Body) {
        let start = self.start + self.layout.block(place);
        let block = &mut self.bytes[start..][..self.layout.block_bytes()];
        block[self.layout.standings_bytes()..].copy_from_slice(&body.0);
        let first = STANDING_BYTES * usize::from(place.layer);
        standing.write(&mut block[first..first + STANDING_BYTES]);
    }

    #[inline]
    pub(super) fn put_standing(&mut self, place: Place, standing: Standing) {
        let bytes = self.layout.standing(place);
        standing.write(&mut self.bytes[self.start..][bytes]);
    }

    #[inline]
    pub(super) fn put_body(&mut self, place: Place, body: Body) {
        let bytes = self.layout.body(place);
        self.bytes[self.start..][bytes].copy_from_slice(&body.0);
    }
}

/// What times and sequence numbers are counted from.
#[derive(Clone, Copy)]
pub(super) struct Base {
    pub time: Timestamp,
    pub seq: u64,
}

/// How far before a fix the base is laid: 12 of the 49 days that times can span, a quarter of the
/// span of numbers. Late fixes have smaller ones.
const ROOM_MS: i64 = 1 << 30;
const ROOM_SEQ: u64 = 1 << 14;

impl Base {
    pub fn around(time: Timestamp, seq: u64) -> Self {
        Self { time: time.plus_ms(-ROOM_MS), seq: seq.wrapping_sub(ROOM_SEQ) }
    }
}

/// The time and sequence number of a fix, counted from a base: 4 and 2 bytes, little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Standing {
    after_ms: u32,
    after_seq: u16,
}

/// Instead of a sequence number: the fix lies beside, under a ticket in place of the time.
const BESIDE: u16 = u16::MAX;

impl Standing {
    #[inline]
    pub fn new(time: Timestamp, seq: u64, base: Base) -> Option<Self> {
        let after_ms = u32::try_from(time.ms().wrapping_sub(base.time.ms())).ok()?;
        let after_seq = u16::try_from(seq.wrapping_sub(base.seq)).ok().filter(|s| *s != BESIDE)?;
        Some(Self { after_ms, after_seq })
    }

    pub fn beside(ticket: u32) -> Self {
        Self { after_ms: ticket, after_seq: BESIDE }
    }

    #[inline]
    fn read([a, b, c, d, e, f]: [u8; STANDING_BYTES]) -> Self {
        let after_ms = u32::from_le_bytes([a, b, c, d]);
        Self { after_ms, after_seq: u16::from_le_bytes([e, f]) }
    }

    #[inline(always)]
    fn write(self, bytes: &mut [u8]) {
        bytes[..4].copy_from_slice(&self.after_ms.to_le_bytes());
        bytes[4..].copy_from_slice(&self.after_seq.to_le_bytes());
    }

    /// The ticket of a fix that lies beside.
    pub fn ticket(self) -> Option<u32> {
        (self.after_seq == BESIDE).then_some(self.after_ms)
    }

    pub fn unpack(self, base: Base) -> (Timestamp, u64) {
        let time = Timestamp::from_ms(base.time.ms().wrapping_add(self.after_ms.into()));
        (time, base.seq.wrapping_add(self.after_seq.into()))
    }
}

/// What a fix says besides, little-endian: latitude and longitude in 4 bytes each, the accuracy in
/// 3, marks and how far the reported time is ahead of event time in 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Body([u8; BODY_BYTES]);

const COARSE: u16 = 1;
const DOUBTFUL: u16 = 2;
const IMPLAUSIBLE: u16 = 4;
const SUSPECT: u16 = 8;
const CLAIMS_MOTION: u16 = 16;
/// Above the marks, in milliseconds.
const AHEAD_SHIFT: u32 = 5;
const AHEAD_MS_MAX: u16 = u16::MAX >> AHEAD_SHIFT;

impl Body {
    pub fn new(sample: &Sample) -> Option<Self> {
        let accuracy = accuracy_code(sample.reported_accuracy_m)?;
        let ahead = ahead_code(sample.reported, sample.time)?;
        Some(Self::pack(sample.position, accuracy, sample_marks(sample) | ahead))
    }

    #[inline]
    pub fn of_sound(fix: &SoundFix) -> Option<Self> {
        let accuracy = accuracy_code(fix.accuracy_m)?;
        let ahead = ahead_code(fix.reported, fix.time)?;
        let marks = if fix.claims_motion { CLAIMS_MOTION } else { 0 };
        Some(Self::pack(fix.position, accuracy, marks | ahead))
    }

    /// What is known of a fix that lies beside without looking there.
    pub fn marks_of(sample: &Sample) -> Self {
        Self::pack(sample.position, ACCURACY_ABSENT, sample_marks(sample))
    }

    #[inline]
    fn pack(position: Position, accuracy: u32, marks: u16) -> Self {
        let (lat, lon) = (position.lat_e7() as u32, position.lon_e7() as u32);
        let first = u64::from(lon) << 32 | u64::from(lat);
        let second = u64::from(marks) << 24 | u64::from(accuracy);
        let all = (u128::from(second) << 64 | u128::from(first)).to_le_bytes();
        let mut bytes = [0; BODY_BYTES];
        bytes.copy_from_slice(&all[..BODY_BYTES]);
        Self(bytes)
    }

    #[inline]
    fn marks(self) -> u16 {
        u16::from_le_bytes([self.0[11], self.0[12]])
    }

    #[inline]
    pub fn claims_motion(self) -> bool {
        self.marks() & CLAIMS_MOTION != 0
    }

    #[inline]
    pub fn position(self) -> Position {
        let [p, q, r, s, w, x, y, z, ..] = self.0;
        let (lat_e7, lon_e7) = (i32::from_le_bytes([p, q, r, s]), i32::from_le_bytes([w, x, y, z]));
        Position::from_e7(lat_e7, lon_e7).unwrap_or_default()
    }

    #[inline]
    pub fn is_sound(self) -> bool {
        self.marks() & (COARSE | DOUBTFUL) == 0
    }

    pub fn set_trust(&mut self, trust: Trust) {
        let marks = self.marks() & !(COARSE | DOUBTFUL | IMPLAUSIBLE) | trust_marks(trust);
        self.0[11..].copy_from_slice(&marks.to_le_bytes());
    }

    pub fn unpack(self, (time, seq): (Timestamp, u64), config: &Config) -> Sample {
        let [.., a, b, c, _, _] = self.0;
        let reported_accuracy_m = accuracy_m(u32::from_le_bytes([a, b, c, 0]));
        let marks = self.marks();
        Sample {
            time,
            reported: time.plus_ms((marks >> AHEAD_SHIFT).into()),
            seq,
            position: self.position(),
            accuracy_m: config.accuracy_m(reported_accuracy_m),
            reported_accuracy_m,
            suspect: marks & SUSPECT != 0,
            claims_motion: self.claims_motion(),
            trust: Trust {
                coarse: marks & COARSE != 0,
                doubtful: marks & DOUBTFUL != 0,
                implausible: marks & IMPLAUSIBLE != 0,
            },
        }
    }
}

fn trust_marks(trust: Trust) -> u16 {
    let mark = |set: bool, mark: u16| if set { mark } else { 0 };
    mark(trust.coarse, COARSE)
        | mark(trust.doubtful, DOUBTFUL)
        | mark(trust.implausible, IMPLAUSIBLE)
}

fn sample_marks(sample: &Sample) -> u16 {
    trust_marks(sample.trust)
        | if sample.suspect { SUSPECT } else { 0 }
        | if sample.claims_motion { CLAIMS_MOTION } else { 0 }
}

/// How far the reported time is ahead of event time, if that can be packed.
#[inline]
fn ahead_code(reported: Timestamp, time: Timestamp) -> Option<u16> {
    if reported == time {
        return Some(0);
    }
    let ahead_ms = u16::try_from(reported.ms_since(time)).ok()?;
    (ahead_ms <= AHEAD_MS_MAX).then_some(ahead_ms << AHEAD_SHIFT)
}

/// No accuracy was reported.
const ACCURACY_ABSENT: u32 = (1 << 24) - 1;

/// A reported accuracy in thousandths of a metre, 24 bits (16.8 km), if it can be given back
/// exactly.
#[inline]
fn accuracy_code(accuracy_m: Option<f64>) -> Option<u32> {
    let Some(accuracy_m) = accuracy_m else {
        return Some(ACCURACY_ABSENT);
    };
    // What is added leaves no bits for parts of thousandths, and the whole ones in the lowest.
    const WHOLE: f64 = (1_u64 << 52) as f64;
    let rounded = accuracy_m * 1000.0 + WHOLE;
    let code = rounded.to_bits().wrapping_sub(WHOLE.to_bits());
    let back_m = (rounded - WHOLE) / 1000.0;
    let is_packed = code < ACCURACY_ABSENT.into() && back_m.to_bits() == accuracy_m.to_bits();
    is_packed.then_some(code as u32)
}

#[inline]
fn accuracy_m(code: u32) -> Option<f64> {
    (code != ACCURACY_ABSENT).then(|| f64::from(code) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_accuracy_comes_back_or_is_not_packed() {
        let packed = [0.0, 0.001, 5.0, 8.1, 12.345, 150.0, 17_000.0 - 223.0, 16_777.214];
        let odd = [-0.0, 8.123_456_789, 1.0 / 3.0, 0.062_5, 16_777.215, 1e30, f64::MAX];
        for accuracy_m in packed {
            let code = accuracy_code(Some(accuracy_m)).expect("packed");
            assert_eq!(super::accuracy_m(code).map(f64::to_bits), Some(accuracy_m.to_bits()));
        }
        assert_eq!(accuracy_code(None).map(super::accuracy_m), Some(None));
        assert!(odd.iter().all(|accuracy_m| accuracy_code(Some(*accuracy_m)).is_none()));
    }

    #[test]
    fn a_place_before_is_the_one_that_leads_here() {
        for (blocks, layers) in [(3, 1), (3, 22), (33, 2), (5, 3)] {
            let layout = Layout::of(blocks, layers);
            let mut place = Place::default();
            let mut passed = vec![place];
            for _ in 0..2 * layout.places() {
                place = layout.after(place);
                passed.push(place);
                let behind = passed.iter().rev().take(layout.places() + 1);
                for (steps, before) in behind.enumerate() {
                    assert_eq!(layout.before(place, steps), *before, "{layout:?} {steps}");
                }
                assert_eq!(layout.previous(place), layout.before(place, 1), "{layout:?}");
            }
        }
    }

    #[test]
    fn a_device_with_the_default_history_takes_825_bytes() {
        let layout = Layout::new(&Config::default());
        assert_eq!((layout.blocks, layout.layers, layout.bytes()), (33, 2, 825));
    }
}
