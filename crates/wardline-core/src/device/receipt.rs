//! What is the same for all fixes received at one instant, worked out once for them.

use super::LAG_MS_MAX;
use crate::engine::Config;
use crate::input::{Assurance, Fix};
use crate::time::Timestamp;

/// What fixes received at an instant are held against.
#[derive(Clone, Copy)]
pub(crate) struct Receipt {
    pub at: Timestamp,
    /// What was up to then is late, of parties of pairs: by [`LAG_MS_MAX`].
    late: Timestamp,
    /// What says that it is from after this is doubtful.
    latest: Timestamp,
    speed_max_m_per_ms: f32,
    copied_speed_mps: f64,
    accuracy_coarse_m: f64,
    /// Whether a fix that reports no accuracy is coarse.
    is_unknown_coarse: bool,
}

impl Receipt {
    pub fn new(at: Timestamp, config: &Config) -> Self {
        Self {
            at,
            late: at.plus_ms(-LAG_MS_MAX),
            latest: at.plus_ms(config.clock_ahead_max_ms),
            speed_max_m_per_ms: (config.speed_max_mps * 1e-3) as f32,
            copied_speed_mps: config.copied_speed_mps,
            accuracy_coarse_m: config.accuracy_coarse_m,
            is_unknown_coarse: config.accuracy_default_m > config.accuracy_coarse_m,
        }
    }

    /// Whether the fix is sound for all that it says by itself.
    // J-FIX-3, J-FIX-4
    #[inline(always)]
    pub fn finds_plainly_sound(&self, fix: &Fix) -> bool {
        let is_coarse = match fix.accuracy_m {
            Some(accuracy_m) => accuracy_m > self.accuracy_coarse_m,
            None => self.is_unknown_coarse,
        };
        let is_doubtful = fix.assurance == Assurance::None || fix.mock || fix.clock_unsynced;
        !is_coarse && !is_doubtful && fix.time <= self.latest
    }

    /// Whether the fix says that it moves.
    #[inline(always)]
    pub fn finds_moving(&self, fix: &Fix) -> bool {
        fix.moving | fix.speed_mps.is_some_and(|speed_mps| speed_mps > self.copied_speed_mps)
    }

    /// Whether what happened then was long ago.
    #[inline(always)]
    pub fn finds_late(&self, time: Timestamp) -> bool {
        time <= self.late
    }

    /// How far one may have come from one instant to a later one. Not more by as much as scales
    /// have to spare.
    // J-FIX-5
    #[inline(always)]
    pub fn allowed_m(&self, from: Timestamp, to: Timestamp) -> f32 {
        // So long a time that it overflows allows as much either way, or less.
        to.ms().wrapping_sub(from.ms()) as f32 * self.speed_max_m_per_ms
    }
}
