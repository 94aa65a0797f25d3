//! What each fix of a device is worth: J-FIX-3 to J-FIX-7.

use super::geometry::geodesic;
use super::parse::Fix;

/// The class of a fix among the others of its device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Class {
    pub coarse: bool,
    pub doubtful: bool,
    pub sound: bool,
    /// Implausible and the first such since the last sound fix.
    pub suspect: bool,
}

/// The accuracy that counts (J-FIX-4).
pub fn accuracy(f: &Fix) -> f64 {
    f.accuracy.map_or(50.0, |a| a.max(5.0))
}

/// Whether a fix is coarse (J-FIX-4).
pub fn coarse(f: &Fix) -> bool {
    accuracy(f) > 150.0
}

fn plausible(from: &Fix, to: &Fix) -> bool {
    let d = geodesic(from.at_point, to.at_point) - accuracy(from) - accuracy(to);
    d <= 70.0 * (to.time - from.time) as f64 / 1000.0
}

/// The classes of sorted fixes.
pub fn classify(fixes: &[Fix]) -> Vec<Class> {
    let mut out = Vec::new();
    let mut last_sound: Option<&Fix> = None;
    let mut chain: Vec<&Fix> = Vec::new();
    let mut suspected = false;
    for (i, f) in fixes.iter().enumerate() {
        let prev = i.checked_sub(1).map(|j| &fixes[j]);
        let copied = f.moving && prev.is_some_and(|p| p.at_point == f.at_point);
        let other_doubt = f.doubt || copied;
        let coarse = coarse(f);
        let mut implausible = last_sound.is_some_and(|s| !plausible(s, f));
        if implausible && !coarse && !other_doubt {
            if chain.last().is_some_and(|p| !plausible(p, f)) {
                chain.clear();
            }
            chain.push(f);
            if chain.len() >= 3 && f.time - chain[0].time >= 60_000 {
                implausible = false;
                chain.clear();
            }
        } else {
            chain.clear();
        }
        let doubtful = other_doubt || implausible;
        let sound = !coarse && !doubtful;
        out.push(Class { coarse, doubtful, sound, suspect: implausible && !suspected });
        suspected |= implausible;
        if sound {
            last_sound = Some(f);
            suspected = false;
        }
    }
    out
}
