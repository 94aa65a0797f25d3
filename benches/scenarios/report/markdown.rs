//! BENCHMARKS.md.

use super::super::outcome::{Outcome, ratio, short};
use super::super::{cases, machine};

const HEAD: &str = "\
# Benchmarks

Written by `cargo bench --bench scenarios`; do not edit it. The raw figures are in
`benches/results/scenarios.json`, the same with plots in `benches/results/scenarios.html`.

    cargo bench --bench scenarios -- --json benches/results/scenarios.json \\
        --html benches/results/scenarios.html --markdown BENCHMARKS.md

measures all again and writes all three, in some ten minutes and 12 GiB. One scenario:
`--scenario dense_city`; of another size: `--people`, `--seconds` (of the world's time), `--shards`.
`--from FILE` instead of measuring writes the reports of figures that are there; machine and commit
are then those of the writing. Figures of a machine that is shared with other work are good for
ratios only; `--remark` says so.
";

const TAIL: &str = "\
## How to read it

- **Fixes a second** is the median of the runs; least and most stand beside it. Runs are stretches
  of one seeded world that follow one another. Inputs are made outside of what is timed.
- **Within slack** is the share of fixes that the slack test stopped, since no verdict could change.
- **Bytes** is the most memory of the engine at a time, set-up included, for each device: zones,
  orders, history and all. Counted by the allocator, not by the system.
- **Load s** is how long the engine took to take in all zones, orders and devices. Making them is
  left out, and so is preparing the shapes of zones, which whoever reads an input does.
- **Events** is how many there were from the beginning, and a hash that depends on each of them,
  but not on their order. On one platform it is the same in every run of the command.
- **Baselines** answer less: which zones hold the fix, at one instant. Neither history, nor
  doubt, nor late fixes, nor events. `rstar_geo_contains` has all zones in an R-tree and asks
  `geo::Contains` of each hit; `geo_index_geo_contains` does with a packed tree that never changes;
  `list_geo_contains` knows the zones of each person and asks one after another. Coordinates are
  whole numbers in `f64`, circles are polygons of 32 corners. For zones that are polygons their
  answers were compared with the engine's and were the same; else the bench fails.
- **The limit** (`gather_limit`) reads one random line of 64 bytes for each fix and does nothing
  else: what a device's state costs to fetch on this machine, without any work.
- **Latency** counts from the instant at which a batch was due, whether it could be submitted then
  or not, to when the sink had the event of its last input.
- `without_it` is the same world without what the scenario is about: late fixes, orders that come
  and go, bad datagrams, a journal. Of `hostile` only good fixes count, in both.

## Where the time goes, and what did not help

- A fix within its slack waits for two lines and the block of its history, and runs some 190
  instructions besides. Beyond the second cache that is near what the processor can have in
  flight: large pages help (`GLIBC_TUNABLES` above), less work does not.
- A fix that leaves its slack waits again and again: device, watch, order, zones lie apart. In
  `dense_city` half of those are of the one person in a hundred who is kept out of the layer too,
  who lives among 30 of its zones a square kilometre; each gives about one event.
- `shared_million` has no such thing as a quiet fix for a third of its people: they drive through
  three zones a square kilometre, and there are 13 events in 100 fixes. Lists of what is near,
  episodes, incidents and escalations share the time.
- Two engines on two cores: the inputs are read once to be shared out and again to be judged, half
  of them by the core that has not got them in its cache.
- Tried without gain: looking ahead over 256 or 2,048 fixes for those that leave their slack, to
  read their memory together; longer and shorter lists of what is near; lists that are scanned
  instead of sorted, with branches and without; slack shared by speed; varints without branches;
  sealing by words; an allocator that grows in place; routes looked up in a loop of their own.

## What is not measured

- Real devices, radio and the internet; more than one machine.
- Acknowledgements to devices, and the way of an event out of the process.
- `udp` does not write the journal, `journal` does not receive: the two in one are measured by
  neither. The journal's disk is whatever holds temporary files.
- Operators: nobody acknowledges or resolves. Incidents stay open and are escalated as by default.
- The worlds are drawn from a seed, not from people. A third of them stand, a third walk, a third
  drive, and nobody sleeps.
- Latency of a single fix through the engine alone, which is below what the clock resolves.
";

/// The whole file.
pub fn markdown(outcomes: &[Outcome], remark: &str) -> String {
    let mut text = HEAD.to_owned();
    text += "\n## Machine\n\n";
    for (name, value) in machine::facts() {
        text += &format!("- {name}: {value}\n");
    }
    text += &format!("- remark: {remark}\n");
    text += "\n## Scenarios\n\n";
    text += &table(&rows(outcomes));
    text += "\n";
    let mut told = Vec::new();
    for case in cases::all(false) {
        let is_here = outcomes.iter().any(|outcome| outcome.scenario == case.name);
        if is_here && !told.contains(&case.name) {
            told.push(case.name);
            text += &format!("- `{}` times {}.\n", case.name, case.about);
        }
    }
    text += "\n## Against baselines\n\n";
    text += &table(&baselines(outcomes));
    text += "\n## Latency in microseconds\n\n";
    text += &table(&latencies(outcomes));
    text + "\n" + TAIL
}

/// A table of all figures but baselines; the first row is the head.
pub fn rows(outcomes: &[Outcome]) -> Vec<Vec<String>> {
    let head =
        ["scenario", "people", "zones", "shards", "M fixes/s", "of runs", "ns/fix", "within slack"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows[0].extend(["bytes", "load s", "events"].map(str::to_owned));
    for outcome in outcomes {
        let [least, most] = outcome.spread();
        rows.push(vec![
            outcome.scenario.clone(),
            outcome.people.to_string(),
            outcome.zones.to_string(),
            outcome.shards.to_string(),
            format!("{:.2}", outcome.fixes_per_s / 1e6),
            format!("{:.2}–{:.2}", least / 1e6, most / 1e6),
            format!("{:.0}", 1e9 / outcome.fixes_per_s),
            format!("{:.1} %", 100.0 * outcome.slack_share),
            outcome.bytes_per_device.map_or("–".to_owned(), |bytes| format!("{bytes:.0}")),
            outcome.loading_s.map_or("–".to_owned(), |loading_s| format!("{loading_s:.2}")),
            outcome.events_hash.clone(),
        ]);
    }
    rows
}

fn baselines(outcomes: &[Outcome]) -> Vec<Vec<String>> {
    let mut rows =
        vec![["scenario", "baseline", "fixes", "wardline / it"].map(str::to_owned).to_vec()];
    for outcome in outcomes {
        for (name, rate) in &outcome.baselines {
            let ratio = format!("{}×", ratio(outcome.fixes_per_s / rate));
            rows.push(vec![outcome.scenario.clone(), name.clone(), short(*rate), ratio]);
        }
    }
    rows
}

fn latencies(outcomes: &[Outcome]) -> Vec<Vec<String>> {
    let mut rows = vec![["scenario", "percentile", "us"].map(str::to_owned).to_vec()];
    for outcome in outcomes {
        let mut percentiles: Vec<_> = outcome.latency_us.iter().flatten().collect();
        percentiles.sort_by(|a, b| a.1.total_cmp(b.1));
        for (name, us) in percentiles {
            rows.push(vec![outcome.scenario.clone(), name.clone(), format!("{us:.0}")]);
        }
    }
    rows
}

fn table(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let Some((head, body)) = rows.split_first() else { return String::new() };
    let rule: Vec<_> = head.iter().map(|_| "---".to_owned()).collect();
    line(head) + &line(&rule) + &body.iter().map(|row| line(row)).collect::<String>()
}
