//! The kinds of events, in the order in which a step gives them.

/// The names; a kind is its index.
pub const NAMES: [&str; 22] = [
    "breach",
    "warning",
    "absence",
    "silence",
    "no_fix",
    "degraded",
    "strap",
    "case",
    "tether",
    "jamming",
    "battery",
    "power",
    "panic",
    "suspect_motion",
    "refused",
    "unassigned",
    "unjudged",
    "no_order",
    "never_heard",
    "acknowledged",
    "resolved",
    "escalated",
];

pub const BREACH: u8 = 0;
pub const WARNING: u8 = 1;
pub const ABSENCE: u8 = 2;
pub const SILENCE: u8 = 3;
pub const NO_FIX: u8 = 4;
pub const DEGRADED: u8 = 5;
pub const STRAP: u8 = 6;
pub const POWER: u8 = 11;
pub const PANIC: u8 = 12;
pub const SUSPECT_MOTION: u8 = 13;
pub const REFUSED: u8 = 14;
pub const UNASSIGNED: u8 = 15;
pub const UNJUDGED: u8 = 16;
pub const NO_ORDER: u8 = 17;
pub const NEVER_HEARD: u8 = 18;
pub const ACKNOWLEDGED: u8 = 19;
pub const RESOLVED: u8 = 20;
pub const ESCALATED: u8 = 21;

/// The words that turn a condition on and off; the kinds follow each other from strap on.
const CONDITIONS: [(&str, &str); 5] = [
    ("strap_open", "strap_closed"),
    ("case_open", "case_closed"),
    ("tether_lost", "tether_found"),
    ("jamming", "jamming_over"),
    ("battery_low", "battery_ok"),
];

/// The name of a kind.
pub fn name(kind: u8) -> &'static str {
    NAMES[usize::from(kind)]
}

/// The kind that a status word speaks of, and whether it is on (J-STATUS-1).
pub fn condition(word: &str) -> Option<(u8, bool)> {
    let i = CONDITIONS.iter().position(|c| c.0 == word || c.1 == word)?;
    Some((STRAP + i as u8, CONDITIONS[i].0 == word))
}
