//! The numbers that stand for words. They never change, whatever is added in the engine.

use super::bytes::{Put, Read, Take};
use wardline_core::event::{Cause, Certainty, EventKind, Phase};
use wardline_core::input::{Action, Assurance, DeviceKind, OrderKind, Source, Status};

/// A word with a number that stands for it.
pub(crate) trait Word: Sized + Copy + 'static {
    fn code(self) -> u8;
    fn of_code(code: u8) -> Option<Self>;
}

macro_rules! codes {
    ($name:ident { $($case:ident = $code:literal),* $(,)? }) => {
        impl Word for $name {
            fn code(self) -> u8 {
                match self { $(Self::$case => $code),* }
            }

            fn of_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$case),)* _ => None }
            }
        }
    };
}

codes!(OrderKind { Temporary = 0, Court = 1, Supervision = 2 });
codes!(DeviceKind { Bracelet = 0, Phone = 1, Other = 2 });
codes!(Source { Gnss = 0, Wifi = 1, Cell = 2, Ble = 3, Unknown = 4 });
codes!(Assurance { Device = 0, Channel = 1, None = 2 });
codes!(Action { Acknowledge = 0, Resolve = 1 });
codes!(Phase { Ended = 0, Started = 1, Amended = 2, Noted = 3 });
codes!(Certainty { Certain = 0, Probable = 1, Crossed = 2 });
codes!(Status {
    StrapOpen = 0,
    StrapClosed = 1,
    CaseOpen = 2,
    CaseClosed = 3,
    TetherLost = 4,
    TetherFound = 5,
    Jamming = 6,
    JammingOver = 7,
    BatteryLow = 8,
    BatteryOk = 9,
    PowerOff = 10,
    Panic = 11,
    Heartbeat = 12,
});
codes!(EventKind {
    Breach = 0,
    Warning = 1,
    Absence = 2,
    Silence = 3,
    NoFix = 4,
    Degraded = 5,
    Strap = 6,
    Case = 7,
    Tether = 8,
    Jamming = 9,
    Battery = 10,
    Power = 11,
    Panic = 12,
    SuspectMotion = 13,
    Refused = 14,
    Unassigned = 15,
    Unjudged = 16,
    NoOrder = 17,
    NeverHeard = 18,
    Acknowledged = 19,
    Resolved = 20,
    Escalated = 21,
});
codes!(Cause {
    Fix = 0,
    RuleStarted = 1,
    PermitEnded = 2,
    ZoneChanged = 3,
    OrderChanged = 4,
    RuleEnded = 5,
    ZoneRemoved = 6,
    DeviceReleased = 7,
    DeviceAssigned = 8,
    GraceEnded = 9,
    Status = 10,
    Timer = 11,
    Heard = 12,
    Silence = 13,
});

pub(super) fn put(out: &mut impl Put, word: impl Word) {
    out.u8(word.code());
}

pub(super) fn take<W: Word>(from: &mut Take<'_>, what: &'static str) -> Read<W> {
    let offset = from.offset();
    let word = W::of_code(from.u8(what)?);
    word.ok_or(super::Malformed { offset, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<W: Word + PartialEq + std::fmt::Debug>(words: usize) {
        for code in 0..=u8::MAX {
            let word = W::of_code(code);
            assert_eq!(word.is_some(), usize::from(code) < words, "{code}");
            assert!(word.is_none_or(|word| word.code() == code));
        }
    }

    #[test]
    fn each_word_has_a_number_of_its_own() {
        check::<OrderKind>(3);
        check::<DeviceKind>(3);
        check::<Source>(5);
        check::<Assurance>(3);
        check::<Action>(Action::ALL.len());
        check::<Phase>(Phase::ALL.len());
        check::<Certainty>(Certainty::ALL.len());
        check::<Status>(Status::ALL.len());
        check::<EventKind>(EventKind::ALL.len());
        check::<Cause>(Cause::ALL.len());
    }
}
