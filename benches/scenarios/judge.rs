//! One engine on one thread judges a world.

use super::baselines;
use super::cases::{Case, Kind};
use super::feed::{Feed, Round, Step};
use super::hash::EventsHash;
use super::outcome::Outcome;
use allocation_counter::measure;
use std::time::Instant;
use wardline_benches::Plan;
use wardline_core::input::{Fix, Record};
use wardline_core::{Config, Engine};

/// An engine that has taken in a world, and what it said and took.
pub struct Court {
    pub engine: Engine,
    pub hash: EventsHash,
    /// How long it took to take in the world, the making of that left out.
    pub loading_s: f64,
    bytes: i64,
    bytes_most: i64,
}

/// Records that are made before they are taken in, when a world is set up.
const LOADED_TOGETHER: usize = 64;

impl Court {
    /// The world is set up; nobody has sent a fix.
    pub fn new(feed: &Feed) -> Self {
        let (engine, hash) = (Engine::new(config()), EventsHash::default());
        let mut court = Self { engine, hash, loading_s: 0.0, bytes: 0, bytes_most: 0 };
        let mut records = Vec::with_capacity(LOADED_TOGETHER);
        let (start, plan) = (Instant::now(), feed.world.plan());
        court.counted(|court| {
            feed.world.set_up(&mut |record| {
                records.push(record);
                if records.len() == LOADED_TOGETHER {
                    court.load(&mut records);
                }
            });
            court.load(&mut records);
        });
        let (spent_s, loading_s) = (start.elapsed().as_secs_f64(), court.loading_s);
        let (people, zones) = (plan.people, plan.zones());
        println!("{people} people and {zones} zones made and loaded in {spent_s:.1} s");
        println!("the engine took {loading_s:.1} s of it");
        court
    }

    fn load(&mut self, records: &mut Vec<Record>) {
        let start = Instant::now();
        records.drain(..).for_each(|record| self.apply(&record));
        self.loading_s += start.elapsed().as_secs_f64();
    }

    /// Until the steady state is reached.
    pub fn warm_up(&mut self, feed: &mut Feed, rounds: u64) {
        for _ in 0..rounds {
            let round = feed.round();
            self.counted(|court| court.judge(&round));
        }
    }

    pub fn judge(&mut self, round: &Round) {
        for step in &round.steps {
            match step {
                Step::Fixes(fixes) => {
                    let hash = &mut self.hash;
                    self.engine.apply_fixes(round.at, fixes, &mut |event| hash.add(&event));
                }
                Step::Input(input) => {
                    self.apply(&Record { at: Some(round.at), input: input.clone() });
                }
            }
        }
    }

    pub fn apply(&mut self, record: &Record) {
        let hash = &mut self.hash;
        self.engine.apply(record, &mut |event| hash.add(&event));
    }

    /// The most memory at a time so far, for each of the people.
    pub fn bytes_per_device(&self, people: u64) -> f64 {
        self.bytes_most as f64 / people as f64
    }

    fn counted(&mut self, act: impl FnOnce(&mut Self)) {
        let info = measure(|| act(self));
        self.bytes_most = self.bytes_most.max(self.bytes + info.bytes_max as i64);
        self.bytes += info.bytes_current;
    }
}

/// Nobody resolves the incidents of these worlds.
pub fn config() -> Config {
    let mut config = Config::default();
    config.incidents_max = 1 << 24;
    config
}

/// Judges the rounds of all runs, and lets others try on the last.
pub fn run(case: &Case) -> Outcome {
    let mut feed = Feed::new(case);
    let mut court = Court::new(&feed);
    court.warm_up(&mut feed, case.warm_up());
    let before = court.engine.counters();
    let (mut times_s, mut last, mut fixes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..case.runs {
        let mut spent_s = 0.0;
        for _ in 0..case.rounds() {
            let round = feed.round();
            fixes += round.fixes();
            let start = Instant::now();
            court.judge(&round);
            spent_s += start.elapsed().as_secs_f64();
            last = sample(&round, case);
        }
        times_s.push(spent_s);
    }
    let after = court.engine.counters();
    let mut outcome = Outcome::new(case, fixes / case.runs as u64, &times_s);
    let within = after.fixes_within_slack - before.fixes_within_slack;
    outcome.slack_share = within as f64 / (after.fixes - before.fixes) as f64;
    outcome.loading_s = Some(court.loading_s);
    outcome.bytes_per_device = Some(court.bytes_per_device(feed.world.plan().people));
    outcome.events_hash = court.hash.text();
    if matches!(case.kind, Kind::Engine(_)) && !case.name.starts_with("by_") {
        outcome.baselines = baselines::measure(&feed.world, court.engine, &last, case);
    }
    outcome
}

/// The scenario, and the same people without what it is about as the baseline.
pub fn run_with_and_without(case: &Case) -> Outcome {
    let plan = if matches!(case.kind, Kind::Besides(_)) { Plan::city } else { Plan::dense_city };
    let plain = Case { kind: Kind::Engine(plan), ..case.clone() };
    let without = run(&plain);
    let mut outcome = run(&Case { name: case.name, ..case.clone() });
    outcome.baselines = without.baselines;
    outcome.baselines.insert("without_it".to_owned(), without.fixes_per_s);
    outcome
}

/// Fixes for the baselines, some of which are slow.
fn sample(round: &Round, case: &Case) -> Vec<Fix> {
    let many = if case.is_test { 100 } else { 10_000 };
    let fixes = round.steps.iter().find_map(|step| match step {
        Step::Fixes(fixes) => Some(fixes),
        Step::Input(_) => None,
    });
    fixes.into_iter().flatten().take(many).copied().collect()
}
