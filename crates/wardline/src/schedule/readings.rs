//! What instants a local time may mean where clocks are put forward or back.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use wardline_core::time::Timestamp;

/// The two readings of a local time; the same instant twice if there is no doubt.
pub(super) struct Readings {
    pub earliest: Timestamp,
    pub latest: Timestamp,
}

pub(super) fn readings(local: DateTime, zone: &TimeZone) -> Result<Readings, jiff::Error> {
    let shown_at = |offset: Offset| offset.to_timestamp(local);
    let (earliest, latest) = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => (shown_at(offset)?, shown_at(offset)?),
        AmbiguousOffset::Fold { before, after } => (shown_at(before)?, shown_at(after)?),
        AmbiguousOffset::Gap { before, after } => {
            // A clock put forward too early shows the time before the skip comes.
            let too_early = shown_at(after)?;
            let mut changes = zone.following(too_early);
            let skip = changes.find(|change| change.offset() == after);
            let skip = skip.map_or(too_early, |change| change.timestamp());
            (skip, shown_at(before)?)
        }
    };
    Ok(Readings {
        earliest: Timestamp::from_ms(earliest.as_millisecond()),
        latest: Timestamp::from_ms(latest.as_millisecond()),
    })
}
