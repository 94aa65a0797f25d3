//! The part of a snapshot that holds hot lines.

use super::{HotLine, SLACK_M_MAX};
use crate::geometry::{Position, Scale};
use crate::snapshot::{Read, Reader, Sink};
use crate::time::Timestamp;

impl HotLine {
    /// While each fix must be judged, the anchor is of no consequence.
    pub fn write(&self, out: &mut impl Sink) {
        self.newest.write(out);
        self.quiet_until.write(out);
        self.heard_at.write(out);
        out.flag(!self.is_awake());
        if !self.is_awake() {
            self.sound_time.write(out);
            self.sound.write(out);
            self.anchor.write(out);
            out.u32(self.slack_m.to_bits());
            out.u16(self.left);
            out.u16(self.calm);
        }
    }

    pub fn read(from: &mut Reader<'_>) -> Read<Self> {
        let mut hot = Self::new();
        hot.newest = Timestamp::read(from, "the newest time of a device")?;
        hot.quiet_until = Timestamp::read(from, "the quiet time of a device")?;
        hot.heard_at = Timestamp::read(from, "when a device was heard")?;
        if !from.flag("whether a device rests")? {
            return Ok(hot);
        }
        hot.sound_time = Timestamp::read(from, "the time of the last sound fix")?;
        hot.sound = Position::read(from)?;
        let offset = from.offset();
        hot.anchor = Position::read(from)?;
        let scale = Scale::near(hot.anchor);
        let lat_e7 = hot.anchor.lat_e7() as u64;
        from.check(scale.is_some(), offset, "the latitude of an anchor", lat_e7)?;
        hot.scale = scale.unwrap_or_default();
        let offset = from.offset();
        let bits = from.u32("the slack of a device")?;
        hot.slack_m = f32::from_bits(bits);
        let is_slack = hot.slack_m.is_sign_positive() && f64::from(hot.slack_m) <= SLACK_M_MAX;
        from.check(is_slack, offset, "the slack of a device", u64::from(bits))?;
        hot.left = from.u16("how many fixes of a device may pass")?;
        hot.calm = from.u16("how many fixes came since a device rests")?;
        Ok(hot)
    }
}
