//! What strangers send: garbage, forgeries, and datagrams of others once more.

use rand::Rng;
use rand::rngs::SmallRng;
use wardline_wire::datagram::{DATAGRAM_BYTES_MAX, HEADER_BYTES, RECORD_BYTES, TAG_BYTES};

/// Data of a device with ChaCha20-Poly1305, and with AES-128-GCM.
const DATA: u8 = 0x41;
const DATA_AES: u8 = 0x51;
/// Longer than the longest datagram.
const LENGTH_MAX: usize = 1_500;

/// Writes a datagram that must be refused, and gives its length. `devices` is how many devices the
/// server knows; `genuine` is a datagram that the server has received, or may have.
pub fn write(
    rng: &mut SmallRng,
    devices: u32,
    genuine: Option<&[u8]>,
    out: &mut [u8; LENGTH_MAX],
) -> usize {
    if let Some(genuine) = genuine.filter(|_| rng.random_bool(0.4)) {
        let length = genuine.len();
        out[..length].copy_from_slice(genuine);
        if rng.random() {
            // A bit of what is encrypted, or of the tag, is turned; the rest is repeated as it is.
            out[rng.random_range(HEADER_BYTES..length)] ^= 1 << rng.random_range(0..8);
            // The counter is one that the device has not used yet.
            out[12] ^= 1;
        }
        return length;
    }
    rng.fill(&mut out[..]);
    let records = rng.random_range(1..=4);
    let length = HEADER_BYTES + records * RECORD_BYTES + TAG_BYTES;
    let index = rng.random_range(0..devices.max(1));
    header(out, DATA, 0, 0, index);
    match rng.random_range(0..8) {
        0 => return [0, 1, 63, 65, DATAGRAM_BYTES_MAX + 32, LENGTH_MAX][rng.random_range(0..6)],
        1 => out[0] = 0x7F,
        2 => out[2] = 1,
        3 => out[3] = 0x80,
        4 => header(out, DATA, 0, 0, devices.saturating_add(rng.random_range(0..1 << 20))),
        5 => header(out, DATA_AES, 0, 0, index),
        6 => header(out, DATA, rng.random_range(2..=254), 0, index),
        _ => {}
    }
    length
}

/// A header with a counter that no device will reach.
fn header(out: &mut [u8; LENGTH_MAX], kind: u8, epoch: u8, bits: u8, index: u32) {
    out[..4].copy_from_slice(&[kind, epoch, 0, bits]);
    out[4..8].copy_from_slice(&index.to_le_bytes());
    out[8..16].copy_from_slice(&(u64::MAX / 2 + u64::from(index)).to_le_bytes());
}

/// Room for any of them.
pub const fn room() -> [u8; LENGTH_MAX] {
    [0; LENGTH_MAX]
}
