//! Snapshots that nobody wrote: the state comes from the bytes, the frame is put round it.

use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use wardline_core::input::Record;
use wardline_core::{Config, Engine, RestoreError};
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl;

const HASH_BYTES: usize = 32;
/// Magic, version and the hash of the configuration.
const FRAME_BYTES: usize = 12 + HASH_BYTES;
/// How many records a restored engine takes in.
const RECORDS: usize = 40;

/// The first byte says with which inputs a restored engine goes on, the others are its state.
/// Either they are refused, or they are what the restored engine writes again; and then it goes on
/// as after any other state.
pub fn snapshot(data: &[u8]) {
    let Some((first, state)) = data.split_first() else { return };
    let bytes = framed(state);
    let Ok(mut engine) = Engine::restore(config(), &bytes) else { return };
    assert!(snapshot_of(&engine) == bytes, "what was restored is not what was read");
    let from = usize::from(*first) % (RECORDS_OF_ALL_RULES.len() - RECORDS);
    for record in &RECORDS_OF_ALL_RULES[from..from + RECORDS] {
        engine.apply(record, &mut |_| {});
    }
    let bytes = snapshot_of(&engine);
    match Engine::restore(config(), &bytes) {
        Ok(again) => assert_eq!(again.fingerprint(), engine.fingerprint()),
        // A counter was at its end.
        Err(RestoreError::Value { value, .. }) if value > i64::MAX as u64 => {}
        Err(error) => panic!("{error}"),
    }
}

/// An input of the target: the state after so many records of a scenario.
pub fn snapshot_seed(records: usize) -> Vec<u8> {
    let mut engine = Engine::new(config());
    for record in RECORDS_OF_ALL_RULES.iter().take(records) {
        engine.apply(record, &mut |_| {});
    }
    let bytes = snapshot_of(&engine);
    let state = &bytes[FRAME_BYTES..bytes.len() - HASH_BYTES];
    std::iter::once(records as u8).chain(state.iter().copied()).collect()
}

static RECORDS_OF_ALL_RULES: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let log = scenario(12, &Options::all_rules());
    (1..).zip(log.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
});

static FRAME: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = snapshot_of(&Engine::new(config()));
    bytes.truncate(FRAME_BYTES);
    bytes
});

/// Short histories, so that much fits in few bytes.
fn config() -> Config {
    let mut config = Config::default();
    (config.history_fixes, config.repeat_memory, config.history_words) = (3, 4, 2);
    config
}

fn framed(state: &[u8]) -> Vec<u8> {
    let mut bytes = [FRAME.as_slice(), state].concat();
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    bytes
}

fn snapshot_of(engine: &Engine) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    bytes
}
