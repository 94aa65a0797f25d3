//! Histories of any length that a configuration can ask for.

use super::*;
use crate::geometry::Position;

fn sample(seq: u64) -> Sample {
    let time = Timestamp::from_ms(seq as i64 * 1000);
    Sample {
        time,
        reported: time,
        seq,
        position: Position::default(),
        accuracy_m: 8.0,
        reported_accuracy_m: Some(8.0),
        suspect: false,
        claims_motion: false,
        trust: Trust::default(),
    }
}

fn seqs(track: Track<'_>) -> Vec<u64> {
    (0..track.len()).filter_map(|index| track.get(index)).map(|sample| sample.seq).collect()
}

/// J-LATE-5: a history is full with so many fixes, not with one more, and then the oldest leaves.
#[test]
fn a_full_history_lets_its_oldest_fix_leave() {
    for (asked, repeat_memory) in [(0, 0), (2, 64), (32, 64), (64, 64), (65, 64), (70_000, 64)] {
        let config = &Config { history_fixes: asked, repeat_memory, ..Config::default() };
        let full = asked.clamp(2, 64_999) as u64;
        let layout = Layout::new(config);
        let mut bytes = vec![0; layout.bytes()];
        let mut head = TrackHead::new(DeviceId::NONE);
        let slots = Slots { layout, bytes: &mut bytes[..], start: 0 };
        let mut track = TrackMut { head: &mut head, slots, config };
        for count in 1..=full {
            assert!(!track.as_ref().is_beyond(&sample(0)), "{asked}: {count}");
            track.insert(sample(count * 2));
        }
        assert!(track.as_ref().is_beyond(&sample(1)), "{asked}");
        assert!(!track.as_ref().is_beyond(&sample(2)), "{asked}");
        // The newest but one, and then the newest; each time the oldest leaves.
        assert_eq!(track.insert(sample(full * 2 - 1)).index as u64, full - 2, "{asked}");
        assert_eq!(track.insert(sample(full * 2 + 2)).index as u64, full - 1, "{asked}");
        let left = seqs(track.as_ref());
        assert_eq!(left.len() as u64, full, "{asked}");
        assert!(left.is_sorted(), "{asked}");
        assert_eq!(left.last(), Some(&(full * 2 + 2)), "{asked}");
    }
}

/// J-FIX-5: a fix is held against the last sound one, also against one that has left the history.
#[test]
fn a_fix_that_became_implausible_is_no_measure_after_it_has_left() {
    let config = &Config { history_fixes: 8, ..Config::default() };
    let layout = Layout::new(config);
    let mut bytes = vec![0; layout.bytes()];
    let mut head = TrackHead::new(DeviceId::NONE);
    let slots = Slots { layout, bytes: &mut bytes[..], start: 0 };
    let mut track = TrackMut { head: &mut head, slots, config };
    // Home, 10 km away, and home again, at leisure.
    let away = Position::from_degrees(0.1, 0.0).expect("a position");
    track.insert(sample(0));
    track.insert(Sample { position: away, ..sample(1_000) });
    track.insert(sample(2_000));
    // But five seconds before it was away it was still home.
    assert!(!track.insert(sample(995)).others_stand);
    for seq in 2_001..2_007 {
        track.insert(sample(seq));
    }
    assert_eq!(seqs(track.as_ref())[0], 1_000);
    // For one between, the fix from away leaves.
    let inserted = track.insert(sample(1_005));
    assert_eq!(seqs(track.as_ref())[..2], [1_005, 2_000]);
    let between = track.as_ref().get(inserted.index).expect("a sample");
    assert!(between.trust.sound() && !inserted.suspect_motion);
}

/// After as many fixes as may be spared there is room for one that comes after a pause, and for the
/// last before it, whatever the length of the history.
#[test]
fn two_fixes_of_a_history_are_never_spared() {
    for asked in 2..40 {
        let config = &Config { history_fixes: asked, ..Config::default() };
        let layout = Layout::new(config);
        let mut bytes = vec![0; layout.bytes()];
        let mut head = TrackHead::new(DeviceId::NONE);
        let slots = Slots { layout, bytes: &mut bytes[..], start: 0 };
        let mut track = TrackMut { head: &mut head, slots, config };
        for count in 1..=2 * asked {
            track.insert(sample(count as u64));
            let spared = track.as_ref().fixes_to_spare(Timestamp::FAR_FUTURE);
            assert!(usize::from(spared) <= asked - 2, "{asked}: {spared}");
            assert_eq!(usize::from(spared), (asked * 3 / 4).min(asked - 2), "{asked}");
        }
    }
}
