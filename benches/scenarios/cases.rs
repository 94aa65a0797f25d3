//! The scenarios: what each is, and of what size unless the caller says otherwise.

use wardline_benches::Plan;

/// What is done in a scenario.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An engine judges the fixes of a world that is made from the number of people.
    Engine(fn(u64) -> Plan),
    /// The same, and without what sets that world apart from the city.
    Besides(fn(u64) -> Plan),
    /// The dense city; a fifth of the fixes come one to four rounds late.
    Late,
    /// The dense city; an order is put and one ended with every 10,000 fixes, which is 1,000 a
    /// second of each at 10 million fixes a second.
    Churn,
    /// Datagrams of the dense city are opened and judged; one in ten is forged, cut off, sent
    /// again or of nobody.
    Hostile,
    /// Datagrams of the city are received from a socket, opened and judged.
    Udp,
    /// Fixes of the city come to a pipeline with a journal, and to one without.
    Journal,
    /// Fixes of the city lie in memory as a log and are judged by several engines, and by one.
    Replay,
    /// A million fixes a second of the city come to a pipeline, whether it keeps up or not.
    Live,
}

/// A scenario of a size.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: &'static str,
    pub kind: Kind,
    pub people: u64,
    /// Of the world's time.
    pub seconds: u64,
    /// By a pipeline of so many shards, or by one engine on one thread.
    pub shards: Option<usize>,
    pub runs: usize,
    pub seed: u64,
    /// Only to show that it works.
    pub is_test: bool,
    /// What is timed, in words.
    pub about: &'static str,
}

impl Case {
    pub fn plan(&self) -> Plan {
        match self.kind {
            Kind::Engine(plan) | Kind::Besides(plan) => plan(self.people),
            Kind::Late | Kind::Churn | Kind::Hostile => Plan::dense_city(self.people),
            Kind::Udp | Kind::Journal | Kind::Live | Kind::Replay => Plan::city(self.people),
        }
    }

    /// Rounds of a run: in each, everybody sends a fix.
    pub fn rounds(&self) -> u64 {
        let interval_ms = self.plan().interval_ms.unsigned_abs();
        (self.seconds * 1_000 / interval_ms / self.runs as u64).max(1)
    }

    /// Rounds until histories and memories of repeats are full, and timers have been put off once:
    /// the steady state is what counts.
    pub fn warm_up(&self) -> u64 {
        if self.is_test { 2 } else { 90 }
    }
}

const DAY_S: u64 = 86_400;
/// In which 8,600 devices send 16.25 million fixes, one in 15 s.
const BACKLOG_S: u64 = 28_350;
/// The sizes for which cost is plotted.
const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// All scenarios at their sizes, or small.
pub fn all(is_test: bool) -> Vec<Case> {
    let mut cases = named();
    cases.extend(SIZES.map(|people| Case {
        seconds: (40_000_000 / people).clamp(150, 6_000),
        ..case("by_people", Kind::Engine(Plan::city), people, BY_PEOPLE)
    }));
    let by_zones: [fn(u64) -> Plan; 4] = [
        |people| Plan::with_zones(people, SIZES[0]),
        |people| Plan::with_zones(people, SIZES[1]),
        |people| Plan::with_zones(people, SIZES[2]),
        |people| Plan::with_zones(people, SIZES[3]),
    ];
    cases.extend(by_zones.map(|plan| Case {
        seconds: 3_000,
        ..case("by_zones", Kind::Engine(plan), 10_000, BY_ZONES)
    }));
    cases.extend(shard_counts().map(|shards| Case {
        shards: Some(shards),
        ..case("by_shards", Kind::Replay, 100_000, BY_SHARDS)
    }));
    if is_test {
        for case in &mut cases {
            (case.people, case.seconds, case.is_test) = (200, 100, true);
        }
        // Neither a million people nor as many zones.
        cases.retain(|case| !case.name.starts_with("by_") || case.shards.is_some());
    }
    cases
}

fn named() -> Vec<Case> {
    let engine = |name, plan: fn(u64) -> Plan, people| {
        case(name, Kind::Engine(plan), people, "the engine, one fix after another")
    };
    let shared: fn(u64) -> Plan = |people| Plan::shared(people, people * 100);
    vec![
        Case { seconds: DAY_S, ..engine("national_day", Plan::national, 8_600) },
        engine("dense_city", Plan::dense_city, 100_000),
        Case { seconds: 150, ..engine("nation", Plan::nation, 1_000_000) },
        engine("shared_million", shared, 10_000),
        Case { seconds: 1_500, ..engine("border", Plan::border, 10_000) },
        // Longer than the 20 minutes after which each timer is looked at.
        Case { seconds: 1_500, ..case("timers", Kind::Besides(Plan::timed), 100_000, TIMERS) },
        case("keep_away", Kind::Besides(Plan::paired), 100_000, KEEP_AWAY),
        case("late", Kind::Late, 100_000, "the engine; 20 % of the fixes are 1 to 4 rounds late"),
        case("churn", Kind::Churn, 100_000, "the engine, orders put and ended included"),
        Case { seconds: 150, ..case("hostile", Kind::Hostile, 20_000, HOSTILE) },
        Case { seconds: 1_500, ..case("udp", Kind::Udp, 10_000, UDP) },
        Case { seconds: 300, ..case("journal", Kind::Journal, 100_000, JOURNAL) },
        Case { seconds: BACKLOG_S, ..case("backlog", Kind::Journal, 8_600, BACKLOG) },
        Case { seconds: 5, ..case("live", Kind::Live, 20_000, LIVE) },
    ]
}

fn case(name: &'static str, kind: Kind, people: u64, about: &'static str) -> Case {
    Case { name, kind, people, seconds: 600, shards: None, runs: 1, seed: 1, is_test: false, about }
}

/// One, and as many as there are cores.
fn shard_counts() -> impl Iterator<Item = usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::iter::successors(Some(1), |shards| Some(shards * 2)).take_while(move |n| *n <= cores)
}

const BY_PEOPLE: &str = "the engine; the city, in which more and more people live";
const BY_ZONES: &str = "the engine; the same people, more and more zones round them";
const BY_SHARDS: &str = "a replay of inputs that are parsed, until the caller has all events; \
                         `one_shard` is the same with one engine";
const TIMERS: &str = "the engine; the city, with a silence and a no-fix timer for everybody";
const KEEP_AWAY: &str = "the engine; the city, in which everybody is a party of a moving zone";
const HOSTILE: &str = "opening and judging on one thread, of one record a datagram; not the socket";
const UDP: &str = "socket, opening and judging on one thread, of 20 records a datagram; \
                   neither the journal nor acknowledgements";
const JOURNAL: &str = "the pipeline from submission until all is judged, durable and told, all \
                       threads on all cores; `without_it` has no journal, `start_from_the_log` \
                       judges that log after a snapshot, until all is told, and one core for all \
                       does `verify` and `rejudge_one_core`. Latencies are those of judgement \
                       alone, of batches of 500, while 200,000 fixes come a second";
const BACKLOG: &str = "what `journal` does, with the 16.25 million fixes that Spain's system has \
                       in 13 hours";
const LIVE: &str = "the pipeline, from when a batch was due to the event of its last input";
