//! Instants as RFC 3339 writes them.

use jiff::civil::{DateTime, date};
use wardline_core::time::Timestamp;

/// 0000-01-01T00:00:00Z: RFC 3339 has no year before.
const FIRST_MS: i64 = -62_167_219_200_000;

/// 9999-12-31T23:59:59.999Z: RFC 3339 has no year after. `jiff::Timestamp` ends a day earlier.
const LAST_MS: i64 = 253_402_300_799_999;

/// 1970-01-01T00:00:00, from which milliseconds count.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The instant that the text gives; digits below the millisecond are cut off.
///
/// Any offset is understood. A leap second (`:60`) is taken as the second before it.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (head, tail) = bytes.split_at_checked(19)?;
    for (place, mark) in [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')] {
        if head[place] != mark {
            return None;
        }
    }
    if !matches!(head[10], b'T' | b't') {
        return None;
    }
    let pair = |place: usize| digits(&head[place..place + 2]);
    let (year, second) = (digits(&head[..4])?, pair(17)?);
    let [month, day, hour, minute] = [pair(5)?, pair(8)?, pair(11)?, pair(14)?].map(|n| n as i8);
    let second = if second == 60 { 59 } else { second as i8 };
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let (fraction_ms, offset) = fraction(tail)?;
    let local_ms = local.duration_since(EPOCH).as_secs() * 1000 + i64::from(fraction_ms);
    let ms = local_ms - offset_ms(offset)?;
    (FIRST_MS..=LAST_MS).contains(&ms).then_some(Timestamp::from_ms(ms))
}

/// The instant in UTC, with milliseconds; of one that no text can give, the nearest that one can.
pub(super) fn format(instant: Timestamp) -> String {
    Timestamp::from_ms(instant.ms().clamp(FIRST_MS, LAST_MS)).to_string()
}

/// The milliseconds of `.123456`, if it is there, and what stands behind.
fn fraction(tail: &[u8]) -> Option<(i16, &[u8])> {
    let Some((b'.', rest)) = tail.split_first() else {
        return Some((0, tail));
    };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut padded = [b'0'; 3];
    padded.iter_mut().zip(&rest[..count]).for_each(|(to, from)| *to = *from);
    (count > 0).then_some((digits(&padded)?, &rest[count..]))
}

/// How far an offset is ahead of UTC.
fn offset_ms(offset: &[u8]) -> Option<i64> {
    let sign = match offset {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let [_, h1, h2, b':', m1, m2] = offset else {
        return None;
    };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    (hours < 24 && minutes < 60)
        .then(|| sign * (i64::from(hours) * 60 + i64::from(minutes)) * 60_000)
}

/// At most four decimal digits.
fn digits(bytes: &[u8]) -> Option<i16> {
    bytes.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
    })
}
