//! The closing figures, and whether they add up.

use crate::udp::told::LatencyUs;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// What was sent, received, refused and reported. Everything but events and breaches is counted in
/// datagrams, whatever number of records is in one:
///
/// - sent = received + dropped by the kernel, since loopback loses nothing else;
/// - received = refused + accepted. A datagram is accepted if it is authentic and brings at least
///   one new record. One that is authentic and brings none counts as refused, `repeated`.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Datagrams that the fleet gave to its socket, hostile ones included.
    pub sent: u64,
    /// Datagrams that the server got.
    pub received: u64,
    /// Datagrams that the kernel had no room for.
    pub kernel_dropped: u64,
    /// Datagrams that the server refused, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Datagrams that brought at least one new record.
    pub accepted: u64,
    /// Events by kind.
    pub events: BTreeMap<&'static str, u64>,
    /// People who walked into their zone.
    pub planted_breaches: u64,
    /// Breaches that the server said had started.
    pub reported_breaches: u64,
    /// People who walked into their zone without the server saying so.
    pub missed: u64,
    /// Breaches that the server reported of others, or of the same person again.
    pub invented: u64,
    /// From receipt to event.
    pub latency: LatencyUs,
    /// Inputs that got a number, those of the set-up and ticks included.
    pub numbered: u64,
    /// Inputs that are durable, if there is a journal.
    pub durable: Option<u64>,
}

impl Figures {
    /// What is wrong with them, if anything.
    pub fn faults(&self) -> Vec<String> {
        let Self { sent, received, kernel_dropped, accepted, .. } = *self;
        let refused: u64 = self.refused.values().sum();
        let mut faults = Vec::new();
        if sent != received + kernel_dropped {
            faults.push(format!("sent {sent} is not received {received} + {kernel_dropped}"));
        }
        if received != refused + accepted {
            faults.push(format!("received {received} is not refused {refused} + {accepted}"));
        }
        if let Some(durable) = self.durable.filter(|durable| *durable != self.numbered) {
            faults.push(format!("durable {durable} is not numbered {}", self.numbered));
        }
        for (count, what) in [(self.missed, "missed"), (self.invented, "invented")] {
            if count > 0 {
                faults.push(format!("{count} breaches were {what}"));
            }
        }
        faults
    }

    /// As JSON, with fixed names; `journal` only if there is one.
    pub fn to_json(&self) -> Value {
        let LatencyUs { p50, p99, p999 } = self.latency;
        let mut figures = json!({
            "sent": self.sent,
            "received": self.received,
            "kernel_dropped": self.kernel_dropped,
            "refused": self.refused,
            "accepted": self.accepted,
            "events": self.events,
            "planted_breaches": self.planted_breaches,
            "reported_breaches": self.reported_breaches,
            "missed": self.missed,
            "invented": self.invented,
            "latency_us": { "p50": p50, "p99": p99, "p999": p999 },
        });
        if let Some(durable) = self.durable {
            figures["journal"] = json!({ "numbered": self.numbered, "durable": durable });
        }
        figures
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "datagrams sent          {:>10}", self.sent)?;
        writeln!(f, "  dropped by the kernel {:>10}", self.kernel_dropped)?;
        writeln!(f, "  received              {:>10}", self.received)?;
        writeln!(f, "    accepted            {:>10}", self.accepted)?;
        writeln!(f, "    refused             {:>10}", self.refused.values().sum::<u64>())?;
        for (reason, count) in &self.refused {
            writeln!(f, "      {reason:<18}{count:>10}")?;
        }
        writeln!(f, "events                  {:>10}", self.events.values().sum::<u64>())?;
        for (kind, count) in &self.events {
            writeln!(f, "      {kind:<18}{count:>10}")?;
        }
        writeln!(f, "breaches planted        {:>10}", self.planted_breaches)?;
        writeln!(f, "  reported              {:>10}", self.reported_breaches)?;
        writeln!(f, "  missed                {:>10}", self.missed)?;
        writeln!(f, "  invented              {:>10}", self.invented)?;
        let LatencyUs { p50, p99, p999 } = self.latency;
        writeln!(f, "receipt to event, µs    p50 {p50:.0}   p99 {p99:.0}   p99.9 {p999:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_that_does_not_add_up_is_told() {
        let good = Figures {
            sent: 10,
            received: 9,
            kernel_dropped: 1,
            refused: BTreeMap::from([("forged", 2), ("repeated", 1)]),
            accepted: 6,
            events: BTreeMap::new(),
            planted_breaches: 1,
            reported_breaches: 1,
            missed: 0,
            invented: 0,
            latency: LatencyUs::default(),
            numbered: 9,
            durable: Some(9),
        };
        assert!(good.faults().is_empty());
        let changed = |change: fn(&mut Figures)| {
            let mut figures = good.clone();
            change(&mut figures);
            figures.faults().len()
        };
        assert_eq!(changed(|f| f.sent += 1), 1);
        assert_eq!(changed(|f| f.kernel_dropped -= 1), 1);
        assert_eq!(changed(|f| f.accepted += 1), 1);
        assert_eq!(changed(|f| f.refused.clear()), 1);
        assert_eq!(changed(|f| f.received += 1), 2);
        assert_eq!(changed(|f| f.durable = Some(8)), 1);
        assert_eq!(changed(|f| f.missed = 1), 1);
        assert_eq!(changed(|f| f.invented = 1), 1);
    }
}
