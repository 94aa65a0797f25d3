//! A replay of a log with several engines, and in the same run with one. The inputs are parsed
//! before and lie in memory in the pieces in which a replay has them; what is timed is all else:
//! the threads' start, numbers, routes, judgement, and events until they are with the caller.

use super::Failure;
use super::cases::Case;
use super::feed::Feed;
use super::hash::EventsHash;
use super::judge::config;
use super::outcome::{Outcome, median};
use std::convert::Infallible;
use std::io;
use std::time::Instant;
use wardline::replay::{Inputs, Replay, Source};
use wardline_core::Counters;
use wardline_core::input::Record;

/// Inputs of a piece, as of a piece of lines.
const PIECE: usize = 4_096;
/// Inputs that are made before a stretch is timed: some 400 MiB, for each of two replays.
const INPUTS_MAX: u64 = 2_500_000;

/// Pieces that are parsed.
struct Pieces(std::vec::IntoIter<Inputs>);

impl Source for Pieces {
    type Piece = Inputs;

    fn read(&mut self) -> io::Result<Option<Inputs>> {
        Ok(self.0.next())
    }

    fn parse(piece: Inputs) -> Inputs {
        piece
    }
}

/// A replay, and what came of it.
struct Judged {
    replay: Replay,
    hash: EventsHash,
    times_s: Vec<f64>,
}

impl Judged {
    fn new(shards: usize) -> Self {
        let replay = Replay::new(config(), shards);
        Self { replay, hash: EventsHash::default(), times_s: Vec::new() }
    }

    /// Gives how long it took.
    fn take(&mut self, records: &[Record]) -> f64 {
        let pieces: Vec<Inputs> =
            records.chunks(PIECE).map(|piece| piece.iter().cloned().collect()).collect();
        let (hash, start) = (&mut self.hash, Instant::now());
        let sink = |event| {
            hash.add(&event);
            Ok::<_, Infallible>(())
        };
        let outcome = self.replay.run(Pieces(pieces.into_iter()), sink);
        outcome.expect("nothing stops it");
        start.elapsed().as_secs_f64()
    }
}

/// Judges the rounds of all runs with both.
pub fn run(case: &Case) -> Result<Outcome, Failure> {
    let mut feed = Feed::new(case);
    let shards = case.shards.unwrap_or(1);
    let mut both = [Judged::new(shards), Judged::new(1)];
    let mut records = Vec::new();
    feed.world.set_up(&mut |record| records.push(record));
    for of in &mut both {
        of.take(&records);
    }
    for _ in 0..case.warm_up() {
        let records: Vec<_> = feed.round().into_records().collect();
        for of in &mut both {
            of.take(&records);
        }
    }
    let (before, mut fixes) = (both[0].replay.counters(), 0);
    for _ in 0..case.runs {
        let mut left = case.rounds();
        both.iter_mut().for_each(|of| of.times_s.push(0.0));
        while left > 0 {
            let rounds = left.min((INPUTS_MAX / feed.world.plan().people).max(1));
            left -= rounds;
            records.clear();
            (0..rounds).for_each(|_| records.extend(feed.round().into_records()));
            fixes += records.len() as u64;
            for of in &mut both {
                let time_s = of.take(&records);
                of.times_s.last_mut().into_iter().for_each(|sum| *sum += time_s);
            }
        }
    }
    let [several, one] = &both;
    assert_eq!(several.hash.text(), one.hash.text(), "one engine says otherwise");
    let fixes = fixes / case.runs as u64;
    let mut outcome = Outcome::new(case, fixes, &several.times_s);
    outcome.slack_share = slack_share(&before, &several.replay.counters());
    outcome.events_hash = several.hash.text();
    if shards > 1 {
        let ratios: Vec<_> =
            several.times_s.iter().zip(&one.times_s).map(|(several, one)| one / several).collect();
        println!(
            "{shards} shards / one shard, run by run: {ratios:.2?}, median {:.2}",
            median(&ratios)
        );
        let one = Outcome::new(case, fixes, &one.times_s).fixes_per_s;
        outcome.baselines.insert("one_shard".to_owned(), one);
    }
    Ok(outcome)
}

fn slack_share(before: &Counters, after: &Counters) -> f64 {
    let within = after.fixes_within_slack - before.fixes_within_slack;
    within as f64 / (after.fixes - before.fixes) as f64
}
