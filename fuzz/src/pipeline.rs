//! Snapshots of a whole pipeline that nobody wrote: raw bytes, or sound states of engines with
//! routes from the bytes between them.

use std::sync::LazyLock;
use wardline::pipeline::{Pipeline, Recovery, Snapshots};
use wardline_core::Config;
use wardline_core::input::Record;
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl;

const SHARDS: usize = 2;
/// How many records the engines of the framed form know.
const KNOWN: usize = 150;
/// How many a restored pipeline takes in.
const RECORDS: usize = 20;
/// Magic, the number of the next input, and that of the shards.
const HEAD_BYTES: usize = 24;

/// The first byte says whether the others are the whole or the routes. Either they are refused, or
/// written again they are the same bytes; and a pipeline that goes on from them takes in all that
/// is submitted, and ends.
pub fn pipeline_snapshots(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let bytes = match first & 1 {
        0 => rest.to_vec(),
        _ => with_routes(rest),
    };
    let Ok(snapshots) = Snapshots::from_bytes(&bytes) else { return };
    assert!(snapshots.to_bytes() == bytes, "what was read has another form");
    let Ok(restored) = snapshots.restore(&Config::default(), SHARDS) else { return };
    // A number that is near the end of all numbers leaves no room for more.
    if restored.next() > u64::MAX / 2 {
        return;
    }
    let builder = Pipeline::builder(Config::default()).recovery(Recovery::Never);
    let pipeline = builder.resume(restored).build().expect("threads start");
    let records = RECORDS_OF_ALL_RULES[KNOWN..KNOWN + RECORDS].to_vec();
    pipeline.submit(records).expect("it is open");
    let metrics = pipeline.finish().metrics;
    assert_eq!(metrics.judged() + metrics.quarantined(), RECORDS as u64);
}

/// An input of the target: the routes after so many records, or the whole.
pub fn pipeline_seed(records: usize, is_whole: bool) -> Vec<u8> {
    let bytes = snapshots_after(records);
    let part = if is_whole { &bytes[..] } else { routes(&bytes) };
    [&[u8::from(!is_whole)], part].concat()
}

static RECORDS_OF_ALL_RULES: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let log = scenario(12, &Options::all_rules());
    (1..).zip(log.lines()).map(|(number, line)| jsonl::parse_line(line, number)).collect()
});

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| snapshots_after(KNOWN));

fn snapshots_after(records: usize) -> Vec<u8> {
    let builder = Pipeline::builder(Config::default()).shards(SHARDS).in_order();
    let pipeline = builder.build().expect("threads start");
    pipeline.submit(RECORDS_OF_ALL_RULES[..records].to_vec()).expect("it is open");
    while pipeline.metrics().judged() < records as u64 {
        std::thread::yield_now();
    }
    pipeline.snapshots().expect("no shard is lost").to_bytes()
}

fn routes(bytes: &[u8]) -> &[u8] {
    let (length, rest) = bytes[HEAD_BYTES..].split_first_chunk().expect("it has routes");
    &rest[..u64::from_le_bytes(*length) as usize]
}

fn with_routes(other: &[u8]) -> Vec<u8> {
    let engines = HEAD_BYTES + 8 + routes(&SOUND).len();
    let length = (other.len() as u64).to_le_bytes();
    [&SOUND[..HEAD_BYTES], &length, other, &SOUND[engines..]].concat()
}
