//! A two-state machine before a gap: what opens it and what closes it.

use super::judge::Bench;
use super::{Machine, MachineId, Mode, Proof, Watch};
use crate::event::{Cause, Certainty};
use crate::geometry::Position;
use crate::key::Key;
use crate::time::Timestamp;
use crate::track::Trust;

/// How far it is to the threshold of a machine, and what that was measured with.
pub(super) struct Reading {
    /// At most 0 when violating.
    pub gap_m: f64,
    pub accuracy_m: f64,
    pub trust: Trust,
    /// Old fixes may open an episode, but neither close one nor make it certain.
    pub is_fresh: bool,
    /// The restrained person's position, for permits.
    pub position: Position,
    /// Which fix it is, so that the same does not count twice.
    pub fix: Key,
    pub confirm_fixes: u32,
    pub proof: Proof,
}

impl Watch {
    /// Turns one machine, if the reading makes it turn. Gives how far one may move before it can.
    // J-BREACH-1, J-BREACH-2, J-BREACH-3
    pub(super) fn turn(&mut self, bench: &Bench<'_>, id: MachineId, reading: &Reading) -> f64 {
        let gap_m = reading.gap_m;
        let opens_at_m = if reading.trust.coarse { -reading.accuracy_m } else { 0.0 };
        let qualifies = gap_m <= opens_at_m;
        let clears_at_m = bench.scene.config.exit_margin_m;
        let permitted =
            qualifies && reading.trust.sound() && bench.permits(reading.position, bench.key);
        let place = self.now.machines.binary_search_by_key(&id, |machine| machine.id);
        let open = place.ok().and_then(|index| match &mut self.now.machines[index].mode {
            Mode::Open { permitted, threshold_m } => {
                *threshold_m = reading.proof.threshold_m;
                Some((index, *permitted))
            }
            Mode::Row { .. } => None,
        });
        let closes = reading.trust.sound()
            && reading.is_fresh
            && gap_m > reading.accuracy_m.max(clears_at_m);
        match open {
            Some((index, _)) if closes => {
                self.now.machines.remove(index);
                self.close(id, bench.key, reading.proof);
                gap_m
            }
            Some((index, true)) if qualifies && !permitted => {
                self.end_permit(bench, index, id, reading);
                clears_at_m - gap_m
            }
            Some((_, true)) => 0.0,
            Some((_, false)) => clears_at_m - gap_m,
            None if qualifies => match self.count_in_row(bench, id, reading, permitted) {
                true if !permitted => clears_at_m - gap_m,
                _ => 0.0,
            },
            None => match place {
                Ok(index) if reading.trust.sound() => {
                    self.now.machines.remove(index);
                    gap_m
                }
                Ok(_) => 0.0,
                Err(_) => gap_m,
            },
        }
    }

    // J-PERMIT-1
    fn end_permit(&mut self, bench: &Bench<'_>, index: usize, id: MachineId, reading: &Reading) {
        let proof = reading.proof;
        self.close(id, bench.key, Proof { cause: Cause::PermitEnded, ..proof });
        let threshold_m = proof.threshold_m;
        self.now.machines[index].mode = Mode::Open { permitted: false, threshold_m };
        let certainty = Some(reading.certainty());
        self.open(id, bench.key, bench.key.time, certainty, false, proof);
    }

    /// Counts a qualifying fix, and opens the machine if it is one too many.
    // J-BREACH-4
    fn count_in_row(
        &mut self,
        bench: &Bench<'_>,
        id: MachineId,
        reading: &Reading,
        permitted: bool,
    ) -> bool {
        let (index, count, first) = self.row(id, reading.fix, bench.key.time);
        if count <= reading.confirm_fixes {
            return false;
        }
        let proof = reading.proof;
        let threshold_m = proof.threshold_m;
        self.now.machines[index].mode = Mode::Open { permitted, threshold_m };
        self.open(id, bench.key, first, Some(reading.certainty()), permitted, proof);
        true
    }

    /// The machine's place, the length of its row with this fix and the row's start.
    fn row(&mut self, id: MachineId, fix: Key, instant: Timestamp) -> (usize, u32, Timestamp) {
        let machines = &mut self.now.machines;
        let index = match machines.binary_search_by_key(&id, |machine| machine.id) {
            Ok(index) => index,
            Err(index) => {
                let mode = Mode::Row { count: 1, first: instant, last: fix };
                machines.insert(index, Machine { id, mode });
                index
            }
        };
        match &mut machines[index].mode {
            Mode::Row { count, first, last } => {
                if fix > *last {
                    *count += 1;
                    *last = fix;
                }
                (index, *count, *first)
            }
            Mode::Open { .. } => (index, 1, instant),
        }
    }
}

impl Reading {
    // J-BREACH-5
    fn certainty(&self) -> Certainty {
        match self.gap_m <= -self.accuracy_m && !self.trust.doubtful && self.is_fresh {
            true => Certainty::Certain,
            false => Certainty::Probable,
        }
    }
}
