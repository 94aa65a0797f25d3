//! What the hot path's line tells of a fix that came late.
//!
//! Between two fixes of the time since the device came to rest, both within the slack, nothing has
//! changed that the anchor's slack was reckoned with, and the way from one to the other stays
//! within it.

use super::HotLine;
use crate::device::Receipt;
use crate::geometry::Position;
use crate::input::Fix;
use crate::time::Timestamp;
use crate::track::{Gap, SoundFix};

impl HotLine {
    /// While at rest, so many of the newest fixes have others between them that change nothing.
    pub fn calm(&self) -> usize {
        if self.is_awake() || self.is_of_pair() { 0 } else { self.calm.into() }
    }

    /// What is to be kept of a fix that is not the newest, if it is sound, but for the fixes
    /// before it, and within the slack.
    pub fn holds_late(&self, fix: &Fix, receipt: &Receipt) -> Option<SoundFix> {
        let (time, slack_m) = (fix.time.min(receipt.at), f64::from(self.slack_m));
        let holds = time <= self.newest
            && receipt.at < self.quiet_until
            && self.scale.most_m2(fix.position, self.anchor) <= slack_m * slack_m
            && receipt.finds_plainly_sound(fix);
        holds.then(|| SoundFix::new(fix, time, receipt.finds_moving(fix)))
    }

    /// Whether the fix is sound between two sound ones, and the later of these still is after it.
    // J-FIX-5, J-FIX-6
    pub fn fits(&self, fix: &SoundFix, gap: &Gap, receipt: &Receipt) -> bool {
        let (before, after) = (&gap.before, &gap.after);
        let is_plausible = |start: (Timestamp, Position), end: (Timestamp, Position)| {
            let allowed_m = f64::from(receipt.allowed_m(start.0, end.0));
            self.scale.most_m2(start.1, end.1) <= allowed_m * allowed_m
        };
        let is_copied = fix.claims_motion && fix.position == before.position
            || after.claims_motion && fix.position == after.position;
        !is_copied
            && is_plausible((before.time, before.position), (fix.time, fix.position))
            && is_plausible((fix.time, fix.position), (after.time, after.position))
    }

    /// A late fix within the slack was put between two of the calm ones.
    pub fn take_between(&mut self) {
        self.calm = self.calm.saturating_add(1);
    }

    /// A late fix was put before the newest `later` and changed nothing; only the later ones are
    /// known to have nothing else between them.
    pub fn let_pass(&mut self, later: usize) {
        self.calm = self.calm.min(u16::try_from(later).unwrap_or(u16::MAX));
    }
}
