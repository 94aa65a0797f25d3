//! Power lost at random moments: whatever was committed is there, and the log goes on.

mod common;

use common::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use wardline_core::event::Event;
use wardline_core::input::Record;
use wardline_journal::disk::MemoryDisk;
use wardline_journal::{
    Evidence, EvidenceOptions, EvidenceReader, InputLog, InputOptions, LogKind, Logged, OpenError,
    SnapshotStore, Unsealed, verify,
};

const SEEDS: u64 = 3_000;

/// What happens to one log.
struct World {
    rng: SmallRng,
    disk: MemoryDisk,
    /// Everything that was appended and may be there, from number 1 on.
    sent: Vec<Record>,
    /// So many were committed.
    acked: usize,
    is_honest: bool,
}

impl World {
    fn new(seed: u64, is_honest: bool) -> Self {
        let rng = SmallRng::seed_from_u64(seed);
        Self { rng, disk: MemoryDisk::new(), sent: Vec::new(), acked: 0, is_honest }
    }

    fn options(&mut self) -> InputOptions {
        let mut options = InputOptions::default();
        options.segment_bytes = self.rng.random_range(300..3_000);
        options
    }

    fn record(&mut self) -> Record {
        let (number, seq) = (self.rng.random_range(1..6), self.sent.len() as u64);
        match self.rng.random_range(0..10) {
            0 => assign(number),
            1..7 => fix(number, seq),
            _ => heartbeat(number, seq),
        }
    }

    /// Runs until the power is lost, then looks at what is left.
    fn round(&mut self) -> Result<Outcome, String> {
        self.disk.lose_power_after(self.rng.random_range(0..60));
        if !self.is_honest {
            self.disk.ignore_syncs();
        }
        let options = self.options();
        if let Ok((mut log, _)) = open(&self.disk, options) {
            while self.step(&mut log) {}
        }
        self.disk.restart(self.rng.random());
        self.look()
    }

    /// One thing that a pipeline does; false once the power is gone.
    fn step(&mut self, log: &mut InputLog) -> bool {
        match self.rng.random_range(0..12) {
            0..6 => {
                let first = log.next();
                let batch: Vec<_> =
                    (0..self.rng.random_range(1..6)).map(|_| self.record()).collect();
                self.sent.truncate(first as usize - 1);
                self.sent.extend_from_slice(&batch);
                log.append(NOW, numbered(first, &batch)).is_ok()
            }
            6 => {
                let key = self.rng.random_range(1..8);
                log.forget(NOW, |info| info.key == key).is_ok()
            }
            _ => match log.commit(NOW) {
                Ok(durable) => {
                    self.acked = durable.next as usize - 1;
                    true
                }
                Err(_) => false,
            },
        }
    }

    fn look(&mut self) -> Result<Outcome, String> {
        let (mut log, recovery) = match open(&self.disk, InputOptions::default()) {
            Ok(opened) => opened,
            Err(error) => return Err(format!("not opened: {error}")),
        };
        log.commit(NOW).map_err(|error| error.to_string())?;
        let there = recovery.next as usize - 1;
        if there < self.acked || there > self.sent.len() {
            return Err(format!("{there} there, {} acked", self.acked));
        }
        let (logged, result) = read_all(&self.disk, 1);
        result.map_err(|error| error.to_string())?;
        let mut forgotten = 0;
        for (index, (number, found)) in inputs(&logged).into_iter().enumerate() {
            let is_sealed = found == "sealed";
            forgotten += u32::from(is_sealed);
            let same = is_sealed || found == text(&self.sent[index]);
            if number != index as u64 + 1 || !same {
                return Err(format!("number {number} is not what was sent"));
            }
        }
        self.check_keys(&logged)?;
        self.sent.truncate(there);
        self.acked = there;
        Ok(Outcome { cut: recovery.cut.is_some(), forgotten, there })
    }

    /// Every key that is there was named in the log, with its hash.
    fn check_keys(&self, logged: &[Logged]) -> Result<(), String> {
        let sealed = logged.iter().filter(|logged| {
            matches!(logged, Logged::Input { record: Unsealed::Sealed { .. }, .. })
        });
        let notes = logged.iter().filter(|logged| matches!(logged, Logged::Note(_)));
        if sealed.count() > 0 && notes.count() == 0 {
            return Err("sealed, but no key was named".to_owned());
        }
        verify(Arc::new(self.disk.clone()), LogKind::Input, Vec::new(), |_| {})
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

struct Outcome {
    cut: bool,
    forgotten: u32,
    there: usize,
}

#[test]
fn what_was_committed_is_there_after_every_crash() {
    let (mut cuts, mut forgotten, mut there) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut world = World::new(seed, true);
        for round in 0..5 {
            let outcome =
                world.round().unwrap_or_else(|why| panic!("seed {seed}, round {round}: {why}"));
            cuts += u32::from(outcome.cut);
            forgotten += outcome.forgotten;
            there += outcome.there;
        }
    }
    assert!(cuts > 300 && forgotten > 500 && there > 50_000, "{cuts} {forgotten} {there}");
}

#[test]
fn a_disk_that_lies_about_syncs_is_found_out() {
    let lost = (0..100).filter(|seed| {
        let mut world = World::new(*seed, false);
        (0..5).any(|_| world.round().is_err())
    });
    assert!(lost.count() > 90, "the simulation sees no loss");
}

#[test]
fn evidence_is_there_after_every_crash() {
    let events = events(&records(11));
    let (mut leaves, mut signed) = (0, 0);
    for seed in 0..SEEDS / 3 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = MemoryDisk::new();
        let (mut acked, mut checkpoints) = (Vec::<Event>::new(), Vec::new());
        for round in 0..4 {
            disk.lose_power_after(rng.random_range(0..70));
            let mut waiting = acked.clone();
            let mut options = EvidenceOptions::default();
            options.log.segment_bytes = rng.random_range(400..4_000);
            if let Ok((mut log, _)) = open_evidence(&disk, options) {
                waiting = read_events(&disk, Vec::new());
                loop {
                    let event = &events[rng.random_range(0..events.len())];
                    if log.append_event(NOW, event).is_err() {
                        break;
                    }
                    waiting.push(event.clone());
                    match rng.random_range(0..4) {
                        0 => match log.checkpoint(NOW) {
                            Ok(note) => checkpoints.push(log.verifier().open(&note).unwrap()),
                            Err(_) => break,
                        },
                        1 if log.commit(NOW).is_err() => break,
                        1 => {}
                        _ => continue,
                    }
                    acked.clone_from(&waiting);
                }
            }
            disk.restart(rng.random());
            let (log, _) = open_evidence(&disk, EvidenceOptions::default())
                .unwrap_or_else(|error| panic!("seed {seed}, round {round}: {error}"));
            let read = read_events(&disk, checkpoints.clone());
            assert!(read.starts_with(&acked), "seed {seed}, round {round}");
            assert!(waiting.starts_with(&read), "seed {seed}, round {round}");
            acked = read;
            leaves += log.head().0;
        }
        signed += checkpoints.len();
    }
    assert!(leaves > 5_000 && signed > 1_000, "{leaves} leaves, {signed} checkpoints");
}

fn read_events(
    disk: &MemoryDisk,
    against: Vec<wardline_journal::checkpoint::Checkpoint>,
) -> Vec<Event> {
    let mut reader = EvidenceReader::open(Arc::new(disk.clone()), against).unwrap();
    let mut leaves = Vec::new();
    while reader.next_frame(&mut leaves).unwrap() {}
    let event = |evidence| match evidence {
        Evidence::Event(event) => event.open(),
        _ => None,
    };
    leaves.into_iter().filter_map(|leaf| event(leaf.evidence)).collect()
}

#[test]
fn a_snapshot_is_there_whole_or_not_at_all() {
    let mut newer = 0;
    for seed in 0..SEEDS {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = MemoryDisk::new();
        let store = SnapshotStore::open(Arc::new(disk.clone()), 2).unwrap();
        store.put(1, [0; 32], &[1; 2_000]).unwrap();
        disk.lose_power_after(rng.random_range(0..8));
        let written = store.put(2, [0; 32], &[2; 2_000]).is_ok();
        disk.restart(rng.random());
        let store = SnapshotStore::open(Arc::new(disk.clone()), 2).unwrap();
        let newest = store.newest(|_, _| true, &mut Vec::new()).unwrap().unwrap();
        assert_eq!(newest.state, vec![newest.next as u8; 2_000], "seed {seed}");
        assert!(!written || newest.next == 2, "seed {seed}");
        newer += newest.next - 1;
    }
    assert!((SEEDS / 10..SEEDS * 9 / 10).contains(&newer), "{newer}");
}

#[test]
fn a_log_that_was_never_opened_whole_is_made_anew() {
    for operations in 0..6 {
        let disk = MemoryDisk::new();
        disk.lose_power_after(operations);
        let opened = open(&disk, InputOptions::default());
        assert!(matches!(opened, Err(OpenError::Read(_) | OpenError::Log(_))));
        disk.restart(operations);
        let (mut log, _) = open(&disk, InputOptions::default()).unwrap();
        log.append(NOW, numbered(1, &[fix(1, 1)])).unwrap();
        log.commit(NOW).unwrap();
    }
}
