//! What the fixes so far mean for the trust in the next one.

use super::Sample;
use crate::engine::Config;
use crate::time::Timestamp;

/// What the fixes before a place in the track leave behind.
#[derive(Clone, Copy, Default)]
pub(crate) struct Past {
    pub last_sound: Option<Sample>,
    pub newest: Option<Sample>,
    pub newest_not_coarse: Option<Sample>,
    /// An implausible fix has come since the last sound one.
    pub implausible_since_sound: bool,
    pub(super) chain: Option<Chain>,
}

/// Implausible, otherwise sound fixes in a row, each plausible from the one before.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    pub first: Timestamp,
    pub length: u32,
}

impl Past {
    pub fn after_sound(sample: Sample) -> Self {
        let sample = Some(sample);
        Self { last_sound: sample, newest: sample, newest_not_coarse: sample, ..Self::default() }
    }

    /// Whether its newest sample is sound, so that there is no more to it.
    pub fn is_after_sound(&self) -> bool {
        self.newest.is_some_and(|newest| newest.trust.sound())
    }

    /// Says how far the sample is trusted after this past, and takes it in.
    // J-FIX-4, J-FIX-5, J-FIX-6
    pub fn absorb(&mut self, sample: &mut Sample, config: &Config) {
        let copied = sample.claims_motion
            && self.newest.is_some_and(|previous| previous.position == sample.position);
        let doubtful = sample.suspect || copied;
        let far = self.last_sound.is_some_and(|sound| !sample.is_plausible_from(&sound, config));
        let mut implausible = far;
        if far && !doubtful && !sample.trust.coarse {
            let linked = self.newest.is_some_and(|last| sample.is_plausible_from(&last, config));
            let chain = match self.chain {
                Some(chain) if linked => Chain { length: chain.length.saturating_add(1), ..chain },
                _ => Chain { first: sample.time, length: 1 },
            };
            let long = sample.time.ms_since(chain.first) >= config.chain_span_ms;
            self.chain = Some(chain);
            if chain.length >= config.chain_fixes && long {
                implausible = false;
            }
        } else {
            self.chain = None;
        }
        sample.trust.implausible = implausible;
        sample.trust.doubtful = doubtful || implausible;
        self.keep(sample);
    }

    /// Takes in a sample of known trust.
    fn keep(&mut self, sample: &Sample) {
        self.newest = Some(*sample);
        if !sample.trust.coarse {
            self.newest_not_coarse = Some(*sample);
        }
        if sample.trust.sound() {
            self.last_sound = Some(*sample);
            self.implausible_since_sound = false;
            self.chain = None;
        } else {
            self.implausible_since_sound |= sample.trust.implausible;
        }
    }
}
