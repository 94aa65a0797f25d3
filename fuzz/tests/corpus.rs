//! Replays the corpora of the fuzz targets on stable, and a fixed number of random inputs.

use std::fs;
use std::path::Path;

fn replay(target: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    for file in files {
        body(&fs::read(&file).unwrap());
    }
}

fn random(rounds: u64, length: usize, body: impl Fn(&[u8])) {
    for seed in 0..rounds {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let bytes: Vec<u8> = (0..length).map(|_| xorshift(&mut state)).collect();
        body(&bytes);
    }
}

fn xorshift(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 32) as u8
}

#[test]
fn input_line() {
    replay("input_line", wardline_fuzz::input_line);
}

// J-GEO-1 J-GEO-2 J-REFUSE-1
#[test]
fn zone_judgement() {
    replay("zone_judgement", wardline_fuzz::zone_judgement);
    random(300, 120, wardline_fuzz::zone_judgement);
}

// J-PAIR-1
#[test]
fn operations() {
    replay("operations", wardline_fuzz::operations);
    random(2_000, 2_000, wardline_fuzz::operations);
}
