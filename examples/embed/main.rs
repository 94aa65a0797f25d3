//! The smallest program that embeds the pipeline: one order, one device, one walk into a zone.

use std::error::Error;
use std::io::{BufWriter, stdout};
use wardline::Config;
use wardline::jsonl::parse_line;
use wardline::pipeline::{JsonLines, Pipeline, prometheus};

const INPUTS: [&str; 6] = [
    r#"{"type":"put_zone","at":"2026-03-02T08:00:00.000Z","zone":5,"geometry":{"type":"Point","coordinates":[74.6036,42.876],"radius_m":300}}"#,
    r#"{"type":"put_order","at":"2026-03-02T08:00:01.000Z","order":17,"kind":"court","person":1001,"from":"2026-03-02T08:00:00.000Z","until":"2026-05-01T08:00:00.000Z","rules":[{"rule":1,"kind":"keep_out","zone":5}]}"#,
    r#"{"type":"assign_device","at":"2026-03-02T08:00:02.000Z","device":9001,"person":1001,"kind":"bracelet"}"#,
    r#"{"type":"fix","at":"2026-03-02T08:01:00.000Z","device":9001,"seq":1,"time":"2026-03-02T08:00:59.000Z","lat":42.886,"lon":74.6036,"accuracy_m":8}"#,
    r#"{"type":"fix","at":"2026-03-02T08:02:00.000Z","device":9001,"seq":2,"time":"2026-03-02T08:01:59.000Z","lat":42.877,"lon":74.6036,"accuracy_m":8}"#,
    r#"{"type":"tick","at":"2026-03-02T08:02:01.000Z"}"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    let pipeline = Pipeline::builder(Config::default())
        .shards(2)
        .in_order() // A live server leaves this out, so that a panic button overtakes.
        .sink(JsonLines::new(BufWriter::new(stdout())))
        .notices(|notice| eprintln!("{notice:?}"))
        .build()?;
    for (number, line) in (1..).zip(INPUTS) {
        pipeline.submit(parse_line(line, number))?;
    }
    let report = pipeline.finish();
    eprint!("{}", prometheus(&report.metrics));
    Ok(())
}
