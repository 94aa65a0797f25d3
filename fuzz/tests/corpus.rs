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

#[test]
fn snapshot() {
    replay("snapshot", wardline_fuzz::snapshot);
    // States with a few bytes changed.
    for records in [60, 150, 250] {
        let seed = wardline_fuzz::snapshot_seed(records);
        random(500, 8, |bytes| {
            let mut changed = seed.clone();
            for pair in bytes.chunks(4) {
                let place = usize::from(pair[0]) << 8 | usize::from(pair[1]);
                changed[place % seed.len()] = pair[2];
            }
            wardline_fuzz::snapshot(&changed);
        });
    }
}

/// After a change of the format: `cargo test -p wardline-fuzz -- --ignored`.
#[test]
#[ignore = "writes into the corpus"]
fn write_seeds_of_snapshots() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/snapshot");
    fs::create_dir_all(&folder).unwrap();
    for records in [0, 20, 60, 150, 250] {
        let file = folder.join(format!("seed-{records}"));
        fs::write(file, wardline_fuzz::snapshot_seed(records)).unwrap();
    }
}

#[test]
fn pipeline_snapshots() {
    replay("pipeline_snapshots", wardline_fuzz::pipeline_snapshots);
    // The whole, and routes, with a few bytes changed.
    for is_whole in [false, true] {
        let seed = wardline_fuzz::pipeline_seed(150, is_whole);
        random(400, 8, |bytes| {
            let mut changed = seed.clone();
            for pair in bytes.chunks(4) {
                let place = usize::from(pair[0]) << 8 | usize::from(pair[1]);
                let place = 1 + place % (seed.len() - 1);
                changed[place] = pair[2];
            }
            wardline_fuzz::pipeline_snapshots(&changed);
            let length = usize::from(bytes[3]) % seed.len();
            wardline_fuzz::pipeline_snapshots(&changed[..length]);
        });
    }
}

/// After a change of the format: `cargo test -p wardline-fuzz -- --ignored`.
#[test]
#[ignore = "writes into the corpus"]
fn write_seeds_of_pipelines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/pipeline_snapshots");
    fs::create_dir_all(&folder).unwrap();
    for (records, is_whole) in [(0, true), (20, true), (20, false), (150, false)] {
        let name = format!("{}-{records}", if is_whole { "whole" } else { "routes" });
        fs::write(folder.join(name), wardline_fuzz::pipeline_seed(records, is_whole)).unwrap();
    }
}

// J-LATE-3
#[test]
fn late_data() {
    replay("late_data", wardline_fuzz::late_data);
    random(600, 600, wardline_fuzz::late_data);
}

#[test]
fn journal_entry() {
    replay("journal_entry", wardline_fuzz::journal_entry);
    random(5_000, 60, |bytes| {
        // The kinds that there are, so that something is read.
        let kinds = [1, 3, 7, 8, 9, 11, 32, 34, 35, 64, 65, 66];
        let mut entry = bytes.to_vec();
        entry[0] = kinds[usize::from(bytes[0]) % kinds.len()] | bytes[1] & 0x80;
        wardline_fuzz::journal_entry(&entry);
    });
}

#[test]
fn journal_inputs() {
    replay("journal_inputs", wardline_fuzz::journal_inputs);
    random(1_000, 300, wardline_fuzz::journal_inputs);
}

#[test]
fn journal_evidence() {
    replay("journal_evidence", wardline_fuzz::journal_evidence);
    random(1_000, 300, wardline_fuzz::journal_evidence);
}

#[test]
fn journal_snapshot() {
    replay("journal_snapshot", wardline_fuzz::journal_snapshot);
    random(1_000, 120, wardline_fuzz::journal_snapshot);
}

/// After a change of the format: `cargo test -p wardline-fuzz -- --ignored`.
#[test]
#[ignore = "writes into the corpus"]
fn write_seeds_of_journals() {
    for (target, name, bytes) in wardline_fuzz::journal_seeds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
}

#[test]
fn wire_open() {
    replay("wire_open", wardline_fuzz::wire_open);
    random(2_000, 200, wardline_fuzz::wire_open);
}

#[test]
fn wire_plaintext() {
    replay("wire_plaintext", wardline_fuzz::wire_plaintext);
    random(2_000, 1_200, wardline_fuzz::wire_plaintext);
}

#[test]
fn teltonika() {
    replay("teltonika", wardline_fuzz::teltonika);
    random(2_000, 300, wardline_fuzz::teltonika);
}

#[test]
fn owntracks() {
    replay("owntracks", wardline_fuzz::owntracks);
    random(2_000, 200, wardline_fuzz::owntracks);
}

#[test]
fn ack_decode() {
    replay("ack_decode", wardline_fuzz::ack_decode);
    random(2_000, 64, wardline_fuzz::ack_decode);
}
