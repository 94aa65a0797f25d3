//! A replay with any number of engines and threads says what one engine says, in its order.

use std::convert::Infallible;
use std::io;
use wardline::event::Event;
use wardline::input::Record;
use wardline::replay::{Inputs, JsonLines, Replay, Source, Stopped};
use wardline::{Config, Counters, Engine, jsonl};
use wardline_sim::scenario::{Options, scenario};

const SEEDS: u64 = 25;

/// A log in pieces of so many inputs.
struct Pieces<I> {
    records: I,
    inputs: usize,
}

impl<I: Iterator<Item = Record> + Send> Source for Pieces<I> {
    type Piece = Vec<Record>;

    fn read(&mut self) -> io::Result<Option<Self::Piece>> {
        let piece: Vec<_> = self.records.by_ref().take(self.inputs).collect();
        Ok((!piece.is_empty()).then_some(piece))
    }

    fn parse(piece: Self::Piece) -> Inputs {
        piece.into_iter().collect()
    }
}

fn pieces(records: &[Record], inputs: usize) -> Pieces<impl Iterator<Item = Record> + '_> {
    Pieces { records: records.iter().cloned(), inputs }
}

fn records(seed: u64, options: &Options) -> Vec<Record> {
    let text = scenario(seed, options);
    (1..).zip(text.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
}

fn by_one_engine(records: &[Record]) -> (Vec<Event>, Counters) {
    let (mut engine, mut events) = (Engine::new(Config::default()), Vec::new());
    records.iter().for_each(|record| engine.apply(record, &mut |event| events.push(event)));
    (events, engine.counters())
}

/// What is told, and how many inputs caused events in several orders.
fn check(seeds: std::ops::Range<u64>) -> (usize, usize) {
    let (mut compared, mut of_several) = (0, 0);
    for seed in seeds {
        for options in [Options::default(), Options::all_rules()] {
            let records = records(seed, &options);
            let (expected, counted) = by_one_engine(&records);
            for (shards, threads) in [(1, 1), (1, 3), (2, 2), (3, 4), (8, 8)] {
                let mut replay = Replay::new(Config::default(), shards).threads(threads);
                let mut events = Vec::new();
                let mut sink = |event| {
                    events.push(event);
                    Ok::<_, Infallible>(())
                };
                let source = pieces(&records, 1 + seed as usize * 7 % 100);
                replay.run(source, &mut sink).expect("it runs to its end");
                // The order too.
                assert!(
                    events == expected,
                    "seed {seed} (WARDLINE_SEED={seed}), {shards} engines, {threads} threads"
                );
                let mut counters = replay.counters();
                counters.fixes_within_slack = counted.fixes_within_slack;
                assert_eq!(counters, counted, "seed {seed}, {shards} engines");
                assert_eq!(replay.last_input(), records.len() as u64);
            }
            compared += expected.len();
            let pairs = expected.windows(2);
            of_several +=
                pairs.filter(|e| e[0].input == e[1].input && e[0].order != e[1].order).count();
        }
    }
    (compared, of_several)
}

// J-ORDER-1
#[test]
fn any_number_of_engines_gives_the_same_events_in_the_same_order() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = match (number("WARDLINE_SEED"), number("WARDLINE_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    };
    let (compared, of_several) = check(seeds);
    assert!(compared > 0 && of_several > 0, "{compared} events, {of_several} in several orders");
}

#[test]
fn a_log_in_two_parts_is_as_good_as_in_one() {
    for seed in 0..5 {
        let records = records(seed, &Options::all_rules());
        let (expected, _) = by_one_engine(&records);
        let mut replay = Replay::new(Config::default(), 3);
        let mut events = Vec::new();
        for part in records.chunks(records.len() / 2 + 1) {
            let sink = |event| {
                events.push(event);
                Ok::<_, Infallible>(())
            };
            replay.run(pieces(part, 40), sink).expect("it runs to its end");
        }
        assert!(events == expected, "seed {seed}");
    }
}

/// Lines that are empty, too long, no JSON or no UTF-8 have the numbers that they have for one
/// reader, also where one piece ends and the next begins.
#[test]
fn lines_are_read_as_by_one_reader() {
    let mut text = Vec::new();
    for number in 0..30_000 {
        match number % 7 {
            0 => text.extend_from_slice(b"\n"),
            1 => text.extend_from_slice(b"\xFF\r\n"),
            2 => text.extend_from_slice(b"{}\n"),
            _ => {
                let at = "2026-01-02T03:04:05.678Z";
                let line = format!(r#"{{"type":"release_device","at":"{at}","device":{number}}}"#);
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
        }
        if number == 15_000 {
            text.resize(text.len() + 3 * jsonl::LINE_BYTES_MAX, b' ');
            text.push(b'\n');
        }
    }
    let mut lines = jsonl::Lines::new(&text[..]);
    let mut records = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        records.push(line.record());
    }
    let (expected, _) = by_one_engine(&records);
    assert!(expected.len() > 20_000);
    for (shards, threads) in [(1, 3), (3, 3)] {
        let mut replay = Replay::new(Config::default(), shards).threads(threads);
        let mut events = Vec::new();
        let sink = |event| {
            events.push(event);
            Ok::<_, Infallible>(())
        };
        replay.run(JsonLines::new(&text[..]), sink).expect("it runs to its end");
        assert!(events == expected, "{shards} engines");
    }
}

#[test]
fn a_sink_that_takes_no_more_stops_it() {
    let records = records(1, &Options::all_rules());
    let (expected, _) = by_one_engine(&records);
    assert!(expected.len() > 3);
    let mut replay = Replay::new(Config::default(), 2);
    let mut taken = 0;
    let outcome = replay.run(pieces(&records, 10), |_| {
        taken += 1;
        if taken == 3 { Err("enough") } else { Ok(()) }
    });
    assert!(matches!(outcome, Err(Stopped::Sink("enough"))), "{outcome:?}");
    let outcome = replay.run(pieces(&records, 10), |_| Ok::<_, Infallible>(()));
    assert!(matches!(outcome, Err(Stopped::Before)), "{outcome:?}");
}

/// Reads so many pieces, then fails or panics; or panics while it parses.
struct Bad(u32, &'static str);

impl Source for Bad {
    type Piece = &'static str;

    fn read(&mut self) -> io::Result<Option<Self::Piece>> {
        self.0 = self.0.saturating_sub(1);
        match (self.0, self.1) {
            (0, "fails") => Err(io::Error::other("torn")),
            (0, "panics") => panic!("read too far"),
            (0, "parses") => Ok(Some("bad")),
            _ => Ok(Some("good")),
        }
    }

    fn parse(piece: Self::Piece) -> Inputs {
        assert_eq!(piece, "good");
        records(1, &Options::all_rules()).into_iter().collect()
    }
}

#[test]
fn a_log_that_cannot_be_read_stops_it() {
    for (how, says) in [("fails", "torn"), ("panics", "read too far"), ("parses", "good")] {
        let mut replay = Replay::new(Config::default(), 3).threads(4);
        let outcome = replay.run(Bad(4, how), |_| Ok::<_, Infallible>(()));
        let error = outcome.expect_err("it cannot").to_string();
        assert!(error.contains(says), "{how}: {error}");
    }
}
