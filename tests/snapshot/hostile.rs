//! Bytes that are no snapshot, are not quite one, or only look like one; and the golden hash.

use super::{apply, records};
use sha2::{Digest, Sha256};
use wardline_core::geometry::ShapeError;
use wardline_core::input::Record;
use wardline_core::{Config, Engine, RestoreError};
use wardline_wire::jsonl;

const HASH_BYTES: usize = 32;
/// Where the hash of the configuration lies, and where the state starts.
const CONFIG_AT: usize = 12;
const STATE_AT: usize = CONFIG_AT + HASH_BYTES;

/// The fingerprint after [`GOLDEN_LOG`] under the default configuration.
const GOLDEN: &str = "3ab5b6a75ac4b23d8e22ffd0fba90d9cbc5e2ee59355983acfb087a20fe52b1c";
const GOLDEN_LOG: &str = include_str!("golden.jsonl");

#[test]
fn the_format_is_that_of_its_version() {
    let mut engine = Engine::new(Config::default());
    for (number, line) in (1..).zip(GOLDEN_LOG.lines()) {
        apply(&mut engine, &jsonl::parse_line(line, number));
    }
    let found: String = engine.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        found, GOLDEN,
        "the snapshot of a fixed log has changed. If the format has: raise VERSION in \
         crates/wardline-core/src/snapshot.rs, say so in docs/snapshot.md, and put the new hash \
         here. Only if the format is the same and the engine decides otherwise, just put the hash"
    );
}

#[test]
fn nothing_but_a_snapshot_of_this_version_and_configuration_is_restored() {
    let (bytes, _) = small();
    let empty = Engine::restore(small_config(), &[]).err();
    let what = "the magic";
    assert_eq!(empty, Some(RestoreError::Truncated { offset: 0, what, needed: 8, left: 0 }));
    let text = Engine::restore(small_config(), b"a line of something else").err();
    assert_eq!(text, Some(RestoreError::Magic { found: *b"a line o" }));
    let mut other = bytes.clone();
    other[8] = 1;
    let version = Engine::restore(small_config(), &sealed(&other)).err();
    assert_eq!(version, Some(RestoreError::Version { found: 1, expected: 5 }));
    let others: [fn(&mut Config); 4] = [
        |config| config.slack = false,
        |config| config.history_fixes += 1,
        |config| config.exit_margin_m += 1e-9,
        |config| config.ids_max -= 1,
    ];
    for change in others {
        let mut config = small_config();
        change(&mut config);
        let expected = config_hash(&config);
        let found = config_hash(&small_config());
        let refused = Engine::restore(config, &bytes).err();
        assert_eq!(refused, Some(RestoreError::Config { found, expected }));
    }
}

#[test]
fn what_is_cut_off_or_added_is_found_out() {
    let (bytes, _) = small();
    let state = &bytes[..bytes.len() - HASH_BYTES];
    for length in 0..bytes.len() {
        assert!(Engine::restore(small_config(), &bytes[..length]).is_err(), "{length}");
    }
    for length in 0..state.len() {
        let refused = Engine::restore(small_config(), &seal(&state[..length])).err();
        let told = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(!told.is_empty(), "{length} bytes were restored");
    }
    let longer = seal(&[state, &[0]].concat());
    let offset = state.len();
    let refused = Engine::restore(small_config(), &longer).err();
    assert_eq!(refused, Some(RestoreError::Trailing { offset, bytes: 1 }));
}

#[test]
fn a_flipped_bit_is_found_out_or_means_another_state() {
    let (bytes, rest) = small();
    let mut restored = 0;
    for offset in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[offset] ^= 1 << (offset * 5 % 8);
        assert!(Engine::restore(small_config(), &flipped).is_err(), "{offset}");
        restored += usize::from(goes_on(&sealed(&flipped), &rest));
    }
    assert!(restored > bytes.len() / 4, "only {restored} of {} were restored", bytes.len());
}

/// Counts, ids, times and numbers as great and as small as they can be, everywhere.
#[test]
fn great_numbers_are_refused_or_harmless() {
    let (bytes, rest) = small();
    for offset in STATE_AT..bytes.len() - HASH_BYTES - 8 {
        let patterns = [&[0xFF; 4][..], &i64::MAX.to_le_bytes(), &i64::MIN.to_le_bytes()];
        for pattern in patterns {
            let mut changed = bytes.clone();
            changed[offset..offset + pattern.len()].copy_from_slice(pattern);
            goes_on(&sealed(&changed), &rest);
        }
    }
}

#[test]
fn a_zone_is_admitted_as_when_it_was_put() {
    let line = GOLDEN_LOG.lines().next().expect("the log starts with a circle");
    let mut engine = Engine::new(Config::default());
    apply(&mut engine, &jsonl::parse_line(line, 1));
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    let radius = 100.0_f64.to_le_bytes();
    let at = bytes.windows(8).position(|eight| eight == radius).expect("the radius is written");
    bytes[at..at + 8].copy_from_slice(&(-100.0_f64).to_le_bytes());
    match Engine::restore(Config::default(), &sealed(&bytes)).err() {
        Some(RestoreError::Shape { offset, zone, error }) => {
            // Before the radius: the kind and the centre.
            assert_eq!((offset, zone.number()), (at - 9, 5));
            assert_eq!(error, ShapeError::BadRadius { radius_m: -100.0 });
        }
        other => panic!("{other:?}"),
    }
}

/// Of two devices with the same id one would be lost.
#[test]
fn no_device_is_restored_twice() {
    const FIRST: u64 = 0x0102_0304_0506_0701;
    let mut engine = Engine::new(Config::default());
    for (number, device) in (1..).zip([FIRST, FIRST + 1]) {
        let at = "2026-03-02T08:00:00.000Z";
        let line = format!(
            r#"{{"type":"assign_device","at":"{at}","device":{device},"person":7,"kind":"phone"}}"#
        );
        apply(&mut engine, &jsonl::parse_line(&line, number));
    }
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    let second = (FIRST + 1).to_le_bytes();
    let at = bytes.windows(8).position(|eight| eight == second).expect("the device is written");
    bytes[at..at + 8].copy_from_slice(&FIRST.to_le_bytes());
    match Engine::restore(Config::default(), &sealed(&bytes)).err() {
        Some(RestoreError::Value { offset, what, value }) => {
            assert_eq!((offset, what, value), (at, "the id of a device", FIRST));
        }
        other => panic!("{other:?}"),
    }
}

/// Old fixes are read into room of a fixed size.
#[test]
fn no_more_old_fixes_are_restored_than_are_kept() {
    let at = |minute: u64| format!("2026-03-02T08:{minute:02}:00.000Z");
    let mut config = small_config();
    config.repeat_memory = 12;
    let mut engine = Engine::new(config.clone());
    let mut take = |line: String| drop(apply(&mut engine, &jsonl::parse_line(&line, 1)));
    take(format!(
        r#"{{"type":"assign_device","at":"{}","device":9001,"person":7,"kind":"phone"}}"#,
        at(0)
    ));
    for minute in 1..60 {
        take(format!(
            r#"{{"type":"fix","at":"{0}","device":9001,"seq":{minute},"time":"{0}","lat":42.8,
            "lon":74.6,"accuracy_m":8.0}}"#,
            at(minute)
        ));
    }
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    let start = jsonl::parse_line(&format!(r#"{{"type":"tick","at":"{}"}}"#, at(0)), 1);
    let start = start.at.expect("a time of receipt");
    let trace = |minute: u64| {
        let time = start.plus_ms(minute as i64 * 60_000).ms();
        [time.to_le_bytes(), minute.to_le_bytes()].concat()
    };
    let place = |minute| bytes.windows(16).position(|there| there == trace(minute));
    let (first, list) = (1..60)
        .find_map(|minute| Some((minute, place(minute)?)))
        .expect("old fixes are written, the oldest first");
    let kept = u32::from_le_bytes(bytes[list - 4..list].try_into().expect("four bytes"));
    let (count, old) = ((kept + 1).to_le_bytes(), trace(first - 1));
    let more = [&bytes[..list - 4], &count, &old, &bytes[list..]];
    let (offset, max) = (list, u64::from(kept));
    let what = "old fixes of a device";
    assert_eq!(
        Engine::restore(config, &sealed(&more.concat())).err(),
        Some(RestoreError::Count { offset, what, count: max + 1, max })
    );
}

/// Whether the bytes are restored. If so they must be the snapshot of the restored engine, and it
/// must go on without a panic.
fn goes_on(bytes: &[u8], rest: &[Record]) -> bool {
    let Ok(mut engine) = Engine::restore(small_config(), bytes) else { return false };
    let mut again = Vec::new();
    engine.snapshot(&mut again);
    assert!(again == bytes, "what was restored is not what was read");
    for record in rest {
        apply(&mut engine, record);
    }
    again.clear();
    engine.snapshot(&mut again);
    match Engine::restore(small_config(), &again) {
        Ok(restored) => restored.fingerprint() == engine.fingerprint() || panic!("not the same"),
        // A counter was at its end.
        Err(RestoreError::Value { value, .. }) if value > i64::MAX as u64 => true,
        Err(error) => panic!("no longer a snapshot: {error}"),
    }
}

/// Short histories, so that a snapshot is small and yet full.
fn small_config() -> Config {
    let mut config = Config::default();
    (config.history_fixes, config.repeat_memory, config.history_words) = (3, 4, 2);
    config
}

/// A snapshot of a small world with something of everything, and what comes next there.
fn small() -> (Vec<u8>, Vec<Record>) {
    let records = records(12, 150);
    let (before, rest) = records.split_at(140);
    let mut engine = Engine::new(small_config());
    before.iter().for_each(|record| drop(apply(&mut engine, record)));
    let mut bytes = Vec::new();
    engine.snapshot(&mut bytes);
    (bytes, rest.to_vec())
}

/// The bytes with their hash.
fn seal(state: &[u8]) -> Vec<u8> {
    let hash = Sha256::digest(state);
    [state, hash.as_slice()].concat()
}

/// The same of bytes that end with a hash, which need not be theirs.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    seal(&bytes[..bytes.len() - HASH_BYTES])
}

fn config_hash(config: &Config) -> [u8; HASH_BYTES] {
    let mut bytes = Vec::new();
    Engine::new(config.clone()).snapshot(&mut bytes);
    bytes[CONFIG_AT..STATE_AT].try_into().expect("a hash")
}
