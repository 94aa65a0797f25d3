//! The line that the hot path reads: whether a fix can change anything.

mod late;
mod saved;
#[cfg(test)]
mod tests;

use super::receipt::Receipt;
use crate::geometry::{Position, SCALE_REACH_M, Scale};
use crate::input::Fix;
use crate::time::{NEVER, Timestamp};
use crate::track::{Sample, SoundFix, TrackMut};

/// What the hot path needs of a device: one cache line.
///
/// While a device stays within `slack_m` of its anchor and the clock before `quiet_until`, no
/// rule's verdict can change, so a sound fix need not be judged.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct HotLine {
    /// The newest event time of the device's inputs.
    pub newest: Timestamp,
    /// Until then no boundary of an order of its person is reached.
    pub quiet_until: Timestamp,
    /// When the last input was received.
    pub heard_at: Timestamp,
    /// The last sound fix.
    sound_time: Timestamp,
    sound: Position,
    anchor: Position,
    /// The scale near the anchor.
    scale: Scale,
    /// Negative: each fix must be judged.
    slack_m: f32,
    /// Of a party of a pair, so many fixes more, at least two fewer than a history holds, cannot
    /// move its history on past the fixes that others may send; [`ENDLESS`] of all others.
    left: u16,
    /// While at rest, so many of the newest fixes at least are the anchor or came after it, and
    /// after all statuses; all are sound and within the slack.
    calm: u16,
}

const _: () = assert!(size_of::<HotLine>() == 64);

/// Takes note that something of a device was received.
#[inline]
pub(crate) fn hear(hot: &mut HotLine, track: &mut TrackMut<'_>, at: Timestamp, is_sound_fix: bool) {
    hot.heard_at = at;
    if is_sound_fix {
        track.head.sound_heard_at = at;
    }
}

/// No slack is larger, so that the scale at the anchor holds wherever a fix may be that is taken.
pub(crate) const SLACK_M_MAX: f64 = 9_900.0;

const _: () = assert!(SLACK_M_MAX < SCALE_REACH_M);
/// Nobody waits for the history: it is no party of a pair.
pub(crate) const ENDLESS: u16 = u16::MAX;
/// Of the parties of pairs, a fix that was received later after it happened is judged, in
/// milliseconds; and who rests keeps in the history all that happened within this. So no quiet fix
/// is too late for another party's history, though neither looks at the other. Longer than most
/// fixes are under way, and short enough for a history of a fix a second.
pub(crate) const LAG_MS_MAX: i64 = 10_000;

impl HotLine {
    pub fn new() -> Self {
        Self {
            newest: NEVER,
            quiet_until: NEVER,
            heard_at: NEVER,
            sound_time: NEVER,
            sound: Position::default(),
            anchor: Position::default(),
            scale: Scale::default(),
            slack_m: -1.0,
            left: 0,
            calm: 0,
        }
    }

    /// Reads it.
    pub fn touch(&self) -> u8 {
        self.left as u8
    }

    /// Whether each fix must be judged.
    pub fn is_awake(&self) -> bool {
        self.slack_m < 0.0
    }

    /// From now on each fix must be judged, and boundaries looked for.
    pub fn wake(&mut self) {
        self.lose_slack();
        self.lose_quiet();
    }

    /// Before the next fix boundaries and timers are looked for; the slack stays.
    pub fn lose_quiet(&mut self) {
        self.quiet_until = NEVER;
    }

    /// No boundary is reached before `until`, but each fix must be judged.
    pub fn stay_awake(&mut self, until: Timestamp) {
        self.slack_m = -1.0;
        self.quiet_until = until;
    }

    /// If it rests until boundaries and timers are looked for, none of which is due before `until`.
    pub fn rest_on(&mut self, until: Timestamp) {
        if !self.is_awake() && self.quiet_until > NEVER {
            self.quiet_until = self.quiet_until.max(until);
        }
    }

    /// While at rest, the event time of the newest fix, which is sound.
    pub fn newest_sound(&self) -> Option<Timestamp> {
        (!self.is_awake()).then_some(self.sound_time)
    }

    /// The next fix must be judged, since a party of a pair came nearer than was reckoned with.
    pub fn lose_slack(&mut self) {
        self.slack_m = -1.0;
    }

    /// While at rest, where it is: within so many metres of a position.
    pub fn region(&self) -> Option<(Position, f64)> {
        (!self.is_awake()).then(|| (self.anchor, f64::from(self.slack_m)))
    }

    /// Whether the history must be looked at before a fix that is received then.
    #[inline]
    pub fn is_spent(&self, receipt: &Receipt) -> bool {
        self.left == 0 && !self.has_paused(receipt)
    }

    /// Whether the last fix is so old that a history reaches back far enough with it and one that
    /// is received then alone. So devices that send seldom use up none of their fixes.
    #[inline]
    fn has_paused(&self, receipt: &Receipt) -> bool {
        receipt.finds_late(self.sound_time)
    }

    /// While at rest, whether it is a party of a pair, so that others count on its history.
    pub fn is_of_pair(&self) -> bool {
        self.left != ENDLESS
    }

    /// So many fixes more may come before the history is looked at.
    pub fn grant(&mut self, left: u16) {
        self.left = left;
    }

    /// No boundary is reached before `until`, and no verdict changes within `slack_m` of this
    /// sound fix; the history can do with `left` more.
    pub fn rest(&mut self, at: &Sample, slack_m: f64, until: Timestamp, left: u16) {
        self.stay_awake(until);
        self.left = left;
        if let Some(scale) = Scale::near(at.position) {
            self.rest_at(at.position, at.time, scale, slack_m);
        }
    }

    /// The scale is that near the position.
    fn rest_at(&mut self, at: Position, time: Timestamp, scale: Scale, slack_m: f64) {
        // The decimetre covers the error of distances (J-GEO-2), the ten-thousandth the rounding.
        let slack_m = slack_m.min(SLACK_M_MAX) * 0.9999 - 0.1;
        self.slack_m = -1.0;
        if slack_m > 0.0 {
            self.scale = scale;
            self.slack_m = slack_m as f32;
            self.anchor = at;
            self.sound = at;
            self.sound_time = time;
            self.calm = u16::from(time == self.newest);
        }
    }

    /// Whether it rests, and would so at this position too.
    #[inline(always)]
    pub fn has_within_slack(&self, position: Position) -> bool {
        let slack_m = f64::from(self.slack_m);
        let moved_m2 = self.scale.most_m2(position, self.anchor);
        slack_m >= 0.0 && moved_m2 <= slack_m * slack_m
    }

    /// What is to be kept of a fix that is sound and cannot change a verdict.
    #[inline(always)]
    pub fn holds(&self, fix: &Fix, receipt: &Receipt) -> Option<SoundFix> {
        let time = fix.time.min(receipt.at);
        if time <= self.newest || receipt.at >= self.quiet_until {
            return None;
        }
        let from = [self.sound, self.anchor];
        let [step_m2, moved_m2] = self.scale.most_m2_to_both(fix.position, from);
        let allowed_m = receipt.allowed_m(self.sound_time, time);
        // A negative slack holds nothing.
        if moved_m2 > self.slack_m * self.slack_m.abs()
            || step_m2 > allowed_m * allowed_m
            || !receipt.finds_plainly_sound(fix)
        {
            return None;
        }
        let claims_motion = receipt.finds_moving(fix);
        if claims_motion && fix.position == self.sound
            || self.is_of_pair() && (receipt.finds_late(time) || self.is_spent(receipt))
        {
            return None;
        }
        Some(SoundFix::new(fix, time, claims_motion))
    }

    /// Takes in a fix that it holds: it is the last sound one now.
    #[inline(always)]
    pub fn take(&mut self, fix: &SoundFix, receipt: &Receipt) {
        self.calm = self.calm.saturating_add(1);
        self.note_sound(fix, receipt);
    }

    /// The same for one that may have left the slack, with a step from the last sound one that is
    /// no longer than this. It is not yet taken, and the parties of pairs are not asked.
    pub fn meets(&self, fix: &Fix, receipt: &Receipt, step_m: f64) -> Option<SoundFix> {
        let (time, claims_motion) = (fix.time.min(receipt.at), receipt.finds_moving(fix));
        let meets = !self.is_awake()
            && time > self.newest
            && receipt.at < self.quiet_until
            && !self.is_spent(receipt)
            && receipt.finds_plainly_sound(fix)
            && !(claims_motion && fix.position == self.sound)
            && step_m <= receipt.allowed_m(self.sound_time, time).into();
        meets.then(|| SoundFix::new(fix, time, claims_motion))
    }

    /// Takes a fix that it met: it rests there, which the scale is of, and within the slack no
    /// verdict changes.
    pub fn move_to(&mut self, fix: &SoundFix, receipt: &Receipt, scale: Scale, slack_m: f64) {
        self.note_sound(fix, receipt);
        self.rest_at(fix.position, fix.time, scale, slack_m);
    }

    /// While at rest, where the last sound fix was.
    pub fn last_sound(&self) -> Option<Position> {
        (!self.is_awake()).then_some(self.sound)
    }

    #[inline(always)]
    fn note_sound(&mut self, fix: &SoundFix, receipt: &Receipt) {
        if self.is_of_pair() && !self.has_paused(receipt) {
            self.left -= 1;
        }
        self.newest = fix.time;
        self.sound_time = fix.time;
        self.sound = fix.position;
    }
}
