//! A thread of a replay.

use super::Source;
use super::board::{Board, Failure, Next, Task, Told};
use crate::pipeline::lock;
use crate::pipeline::notice::words_of;
use crate::pipeline::router::Portion;
use crate::pipeline::share::Move;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use wardline_core::{Chosen, Engine, OutOfSequence, Part};

/// The thread, with the engine of its shard or without one.
pub(super) struct Worker<'a, S> {
    number: usize,
    engine: Option<&'a mut Engine>,
    board: &'a Board,
    source: &'a Mutex<S>,
    /// Pieces that it has judged.
    judged: u64,
}

impl<'a, S: Source> Worker<'a, S> {
    pub fn new(
        number: usize,
        engine: Option<&'a mut Engine>,
        board: &'a Board,
        source: &'a Mutex<S>,
    ) -> Self {
        Self { number, engine, board, source, judged: 0 }
    }

    /// Works until all is judged, or all stops.
    pub fn run(&mut self) {
        loop {
            let outcome = match self.board.next(self.number) {
                Next::End => return,
                Next::Read => catch_unwind(AssertUnwindSafe(|| self.read()))
                    .unwrap_or_else(|panic| Err(panicked(None, words_of(&*panic)))),
                Next::Judge(task) => self.judge(task),
            };
            if let Err(failure) = outcome {
                return self.board.stop(Some(failure));
            }
        }
    }

    /// Reads a piece, parses and routes it.
    fn read(&self) -> Result<(), Failure> {
        let mut source = lock(self.source);
        let piece = source.read().map_err(Failure::Read)?;
        let number = self.board.note_read(piece.is_some());
        drop(source);
        if let Some(piece) = piece {
            self.board.put(number, S::parse(piece));
        }
        Ok(())
    }

    fn judge(&mut self, task: Task) -> Result<(), Failure> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let mut events = Told::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| take_in(engine, task, &mut events)));
        let reason = match outcome {
            Ok(Ok(())) => {
                self.judged += 1;
                self.board.note_judged(self.judged, events);
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => words_of(&*panic),
        };
        Err(panicked(Some(engine.last_input()), reason))
    }
}

fn panicked(input: Option<u64>, reason: String) -> Failure {
    Failure::Panicked { input, reason }
}

/// Judges what is the shard's of a piece.
fn take_in(engine: &mut Engine, task: Task, events: &mut Told) -> Result<(), OutOfSequence> {
    let Task { inputs, first, portion } = task;
    let mut sink = |place, event| events.push((place, event));
    let Some(Portion { chosen, moves }) = portion else {
        let all = (0..inputs.len() as u32).map(|place| Chosen { place, part: Part::WHOLE });
        return engine.apply_chosen(first, &inputs, all, &mut sink);
    };
    let mut done = 0;
    for (place, half) in moves {
        let before = chosen[done..place].iter().copied();
        engine.apply_chosen(first, &inputs, before, &mut sink)?;
        done = place;
        match half {
            // The other shard waits, unless all stops.
            Move::Lend(person, to) => drop(to.send(Arc::new(engine.copy_person(person)))),
            // Nothing comes if all stops.
            Move::Adopt(_, from) => match from.recv() {
                Ok(copy) => engine.adopt_person(&copy),
                Err(_) => return Ok(()),
            },
            // Nobody asks a replay.
            Move::Snapshot(_) => {}
        }
    }
    engine.apply_chosen(first, &inputs, chosen[done..].iter().copied(), &mut sink)
}
