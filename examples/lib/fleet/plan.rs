//! Who there is: numbers, keys and orders of a seed.

use super::walk::{Walker, ZONE_RADIUS_M, degrees};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;
use wardline_core::ids::{DeviceId, PersonId};
use wardline_core::time::Timestamp;
use wardline_wire::datagram::{KeyEntry, SECRET_BYTES, Secret, Suite};

const PERSON_BASE: u64 = 100_001;
const DEVICE_BASE: u64 = 200_001;
const ORDER_BASE: u64 = 300_001;
const ZONE_BASE: u64 = 400_001;
/// A warning comes this near the zone, in metres.
const WARN_M: u32 = 30;
const TERM_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;

/// A fleet before it sends. Person, device, order and zone n belong together, from 0.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What everything comes from.
    pub seed: u64,
    /// How many devices there are.
    pub devices: u32,
    /// How many of the people walk into their zone.
    pub planted: u32,
    /// How long the fleet sends.
    pub duration: Duration,
}

impl Plan {
    /// Whether this person walks into the zone.
    pub fn is_planted(&self, n: u32) -> bool {
        let stride = self.devices / self.planted.max(1);
        n.is_multiple_of(stride.max(1)) && n / stride.max(1) < self.planted
    }

    /// The person with this number.
    pub fn person(n: u32) -> PersonId {
        PersonId::new(PERSON_BASE + u64::from(n)).unwrap_or_default()
    }

    /// The person's device.
    pub fn device(n: u32) -> DeviceId {
        DeviceId::new(DEVICE_BASE + u64::from(n)).unwrap_or_default()
    }

    /// The secret of a device. It is no secret: whoever knows the seed knows it.
    pub fn secret(&self, n: u32) -> [u8; SECRET_BYTES] {
        let mut secret = [0; SECRET_BYTES];
        self.rng(n, 1).fill_bytes(&mut secret);
        secret
    }

    /// What the server must know of the device.
    pub fn key(&self, n: u32) -> KeyEntry {
        KeyEntry::new(Self::device(n), n, Secret::new(self.secret(n)), Suite::ChaCha20Poly1305)
    }

    /// The same as a line of a file of keys.
    pub fn key_line(&self, n: u32) -> String {
        let mut secret = String::new();
        for byte in self.secret(n) {
            // Writing to a String cannot fail.
            let _ = write!(secret, "{byte:02x}");
        }
        let device = Self::device(n).number();
        format!(r#"{{"device":{device},"index":{n},"secret":"{secret}","suite":"chacha20"}}"#)
    }

    /// Zone, order and assignment of a person, as inputs received at this instant.
    pub fn inputs(&self, n: u32, at: Timestamp) -> [Value; 3] {
        let (lat, lon) = degrees(self.walker(n).zone());
        let (from, until) = (time(at), time(at.plus_ms(TERM_DAYS * DAY_MS)));
        let number = u64::from(n);
        let (zone, order, person) = (ZONE_BASE + number, ORDER_BASE + number, PERSON_BASE + number);
        [
            json!({ "type": "put_zone", "at": from, "zone": zone, "geometry": {
                "type": "Point", "coordinates": [lon, lat], "radius_m": ZONE_RADIUS_M } }),
            json!({ "type": "put_order", "at": from, "order": order, "kind": "court",
                "person": person, "from": from, "until": until, "rules": [
                    { "rule": 1, "kind": "keep_out", "zone": zone, "warn_m": WARN_M }] }),
            json!({ "type": "assign_device", "at": from, "device": DEVICE_BASE + number,
                "person": person, "kind": "bracelet" }),
        ]
    }

    /// Where the person goes.
    pub(super) fn walker(&self, n: u32) -> Walker {
        let mut rng = self.rng(n, 2);
        match self.is_planted(n) {
            true => Walker::into_zone(&mut rng, self.duration),
            false => Walker::elsewhere(&mut rng),
        }
    }

    /// A source of chance of its own for each device and purpose.
    fn rng(&self, n: u32, purpose: u64) -> StdRng {
        let mut rng = StdRng::seed_from_u64(self.seed ^ purpose << 32);
        StdRng::seed_from_u64(rng.random::<u64>() ^ u64::from(n))
    }
}

/// An instant as it is written in inputs.
pub fn time(at: Timestamp) -> String {
    // Times of a running clock are in range.
    let at = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_core::input::Input;
    use wardline_wire::jsonl::parse_line;

    #[test]
    fn as_many_are_planted_as_were_asked_for() {
        for (devices, planted) in [(10, 2), (10_000, 200), (7, 7), (999, 200), (5, 0)] {
            let duration = Duration::from_secs(3);
            let plan = Plan { seed: 1, devices, planted, duration };
            let found = (0..devices).filter(|n| plan.is_planted(*n)).count();
            assert_eq!(found, planted as usize, "{devices}");
        }
    }

    #[test]
    fn a_servers_files_are_readable() {
        let plan = Plan { seed: 7, devices: 4, planted: 2, duration: Duration::from_secs(3) };
        let key = KeyEntry::parse(&plan.key_line(3)).expect("a line of keys");
        assert_eq!((key.device, key.index), (Plan::device(3), 3));
        assert_eq!(key.secret, plan.key(3).secret);
        assert_ne!(plan.secret(2), plan.secret(3));
        for line in plan.inputs(1, Timestamp::from_ms(1_790_000_000_000)) {
            let input = parse_line(&line.to_string(), 1).input;
            assert!(!matches!(input, Input::Invalid(_)), "{input:?}");
        }
    }
}
