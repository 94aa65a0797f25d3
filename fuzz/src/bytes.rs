//! Small numbers, places and times made from bytes.

/// Bytes that run out into zeros.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    pub fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Within 0.0032768 degrees, in steps of 1e-7.
    pub fn near(&mut self, degrees: f64) -> f64 {
        let offset = i16::from_le_bytes([self.next(), self.next()]);
        degrees + f64::from(offset) * 1e-7
    }
}

/// A longitude within 180 degrees either way.
pub fn wrap(lon: f64) -> f64 {
    if lon > 180.0 {
        lon - 360.0
    } else if lon < -180.0 {
        lon + 360.0
    } else {
        lon
    }
}

/// So many milliseconds after the start of March 2026.
pub fn time(ms: u64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    let (h, m) = (s / 3600 % 24, s / 60 % 60);
    format!("2026-03-{:02}T{h:02}:{m:02}:{:02}.{ms:03}Z", 1 + s / 86_400, s % 60)
}
