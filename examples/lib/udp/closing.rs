//! What a server says when it ends.

use super::counts::Counts;
use super::server::Report;
use super::told::Told;
use std::fmt::Write;
use std::sync::Arc;
use wardline::journal::Written;

/// What was received on each socket, and what came of it.
pub fn table(counts: &[(String, Arc<Counts>)], told: &Told) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let mut row = |indent: usize, name: &str, count: u64| {
        let width = 28 - indent;
        let _ = writeln!(out, "{:indent$}{name:<width$}{count:>12}", "");
    };
    for (socket, counts) in counts {
        row(0, &format!("{socket}: dropped by the kernel"), counts.kernel_dropped.value());
        row(0, &format!("{socket}: received"), counts.received.value());
        row(2, "accepted", counts.accepted.value());
        row(2, "refused", counts.refused().values().sum());
        for (reason, count) in counts.refused() {
            row(4, reason, count);
        }
        row(2, "records", counts.records.value());
        row(2, "acknowledgements sent", counts.acks.value());
        row(2, "not sent", counts.acks_failed.value());
    }
    row(0, "events", told.events());
    for (kind, count) in told.by_kind() {
        row(4, kind.word(), count);
    }
    let latency = told.latency_us();
    let _ = writeln!(
        out,
        "receipt to event, µs: p50 {:.0}, p99 {:.0}, p99.9 {:.0}",
        latency.p50, latency.p99, latency.p999
    );
    out
}

/// What the journal has at the end.
pub fn kept(report: &Report) -> String {
    let Some(written) = &report.written else { return String::new() };
    let Written { durable, commits, leaves, checkpoints, known, .. } = *written;
    let mut out = format!(
        "durable inputs {durable}, in {commits} commits; evidence: {leaves} leaves and \
         {checkpoints} checkpoints added, {known} events known before\n"
    );
    if let Some(durable) = report.pipeline.as_ref().map(|pipeline| pipeline.metrics.durable) {
        let us = |ns: u64| ns / 1_000;
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "numbered to durable, µs: p50 {}, p99 {}, p99.9 {}",
            us(durable.p50_ns),
            us(durable.p99_ns),
            us(durable.p999_ns)
        );
    }
    out
}
