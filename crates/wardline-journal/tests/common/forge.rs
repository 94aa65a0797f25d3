//! A second reading of docs/journal.md: takes segments apart and puts them together again, with
//! every checksum and hash as it must be. It is what a forger would write.

use sha2::{Digest, Sha256};

pub const HEAD: usize = 92;
pub const FRAME_HEAD: usize = 52;

/// A frame, taken apart.
#[derive(Clone)]
pub struct Frame {
    pub head: Vec<u8>,
    pub payload: Vec<u8>,
    pub chain: [u8; 32],
}

/// A segment, taken apart.
#[derive(Clone)]
pub struct Segment {
    pub head: Vec<u8>,
    pub frames: Vec<Frame>,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// CRC-32C bit by bit, so that nothing is shared with the crate that the journal uses.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 };
        }
    }
    !crc
}

fn checksum(segment_head: &[u8], bytes: &[u8]) -> u32 {
    crc32c(&[&segment_head[16..32], bytes].concat())
}

impl Segment {
    /// Takes a segment apart, checking everything.
    pub fn parse(bytes: &[u8]) -> Self {
        let head = bytes[..HEAD].to_vec();
        assert_eq!(&head[..8], b"WARDLOG1");
        assert_eq!(crc32c(&head[..HEAD - 4]), u32_at(&head, HEAD - 4));
        let mut chain: [u8; 32] = head[56..88].try_into().unwrap();
        if head[32..40] == 1_u64.to_le_bytes() {
            assert_eq!(chain[..], Sha256::digest(&head[..56])[..]);
        }
        let (mut frames, mut at) = (Vec::new(), HEAD);
        while at < bytes.len() {
            let frame_head = bytes[at..at + FRAME_HEAD].to_vec();
            assert_eq!(&frame_head[..4], b"WFRM");
            let length = u32_at(&frame_head, 4) as usize;
            assert_eq!(checksum(&head, &frame_head[..48]), u32_at(&frame_head, 48));
            let end = at + FRAME_HEAD + length;
            let chained = [&chain[..], &bytes[at..end]].concat();
            chain = Sha256::digest(chained).into();
            assert_eq!(chain[..], bytes[end..end + 32]);
            assert_eq!(checksum(&head, &bytes[at..end + 32]), u32_at(bytes, end + 32));
            let payload = bytes[at + FRAME_HEAD..end].to_vec();
            frames.push(Frame { head: frame_head, payload, chain });
            at = end + 36;
        }
        Self { head, frames }
    }

    /// Puts it together, with checksums and hashes for what it is now.
    pub fn forge(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        let mut chain: [u8; 32] = self.head[56..88].try_into().unwrap();
        for frame in &self.frames {
            let mut forged = frame.head[..48].to_vec();
            forged[4..8].copy_from_slice(&(frame.payload.len() as u32).to_le_bytes());
            let head_sum = checksum(&self.head, &forged);
            forged.extend_from_slice(&head_sum.to_le_bytes());
            forged.extend_from_slice(&frame.payload);
            chain = Sha256::digest([&chain[..], &forged].concat()).into();
            forged.extend_from_slice(&chain);
            let sum = checksum(&self.head, &forged);
            forged.extend_from_slice(&sum.to_le_bytes());
            bytes.extend_from_slice(&forged);
        }
        bytes
    }
}

/// The entries of a payload.
pub fn entries(payload: &[u8]) -> Vec<&[u8]> {
    let (mut entries, mut at) = (Vec::new(), 0);
    while at < payload.len() {
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = payload[at];
            at += 1;
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        entries.push(&payload[at..at + length]);
        at += length;
    }
    entries
}
