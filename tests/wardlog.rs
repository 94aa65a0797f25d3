//! Journals and cases as `wardlog` handles them: what is carried is verified and judged again with
//! the same result, and whatever is changed is found.

#[path = "wardlog/crowd.rs"]
mod crowd;
#[path = "wardlog/forged.rs"]
mod forged;

use allocation_counter::measure;
use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wardline_core::Config;
use wardline_core::event::EpisodeId;
use wardline_core::time::Timestamp;
use wardline_examples::files::Failure;
use wardline_examples::wardlog::case::{self, Case};
use wardline_examples::wardlog::forget::{Forgotten, forget};
use wardline_examples::wardlog::rejudge::{Rejudged, rejudge, rejudge_case};
use wardline_examples::wardlog::select::{Wanted, select};
use wardline_examples::wardlog::verify::{Verified, verify};
use wardline_examples::wardlog::{bundle, open, pack, proof, record, stats, verifier};
use wardline_journal::checkpoint::{Checkpoint, Verifier};
use wardline_journal::{input_to_bytes, newest_checkpoint};
use wardline_sim::scenario::{Options, scenario};
use wardline_wire::jsonl::{Lines, input_value, parse_line};

/// A journal of a simulated log, and the folder that it is in.
struct Made {
    temporary: TempDir,
    journal: PathBuf,
    checkpoint: String,
    events: u64,
}

fn made(seed: u64) -> Made {
    made_of(&scenario(seed, &Options::all_rules()))
}

fn made_of(text: &str) -> Made {
    let temporary = tempfile::tempdir().expect("a folder");
    let journal = temporary.path().join("journal");
    let reader = Box::new(Cursor::new(text.as_bytes()));
    let input = Path::new("a scenario");
    let recorded = record::record(reader, input, &journal, "example.org/test", None);
    let recorded = recorded.unwrap_or_else(|failure| panic!("{failure}"));
    let record::Recorded { checkpoint, events, .. } = recorded;
    Made { temporary, journal, checkpoint, events }
}

impl Made {
    fn verifier(&self) -> Verifier {
        let disk = open(&self.journal).expect("a journal");
        verifier(&self.journal, disk.as_ref(), None).expect("a key")
    }

    fn checkpoint(&self) -> Checkpoint {
        self.verifier().open(&self.checkpoint).expect("signed")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }
}

fn verified(folder: &Path, against: Vec<Checkpoint>) -> Result<Verified, Failure> {
    let disk = open(folder)?;
    let verifier = verifier(folder, disk.as_ref(), None)?;
    verify(folder, &disk, &verifier, against, |_| {})
}

#[track_caller]
fn rejudged(folder: &Path) -> Rejudged {
    let disk = open(folder).unwrap_or_else(|failure| panic!("{failure}"));
    let judged = rejudge(folder, &disk, Config::default(), None, |_| {});
    judged.unwrap_or_else(|failure| panic!("{failure}"))
}

/// The number of events that are the same; fails if any is not.
#[track_caller]
fn equal(judged: &Rejudged) -> u64 {
    let compared = judged.compared.as_ref().expect("there is evidence");
    let shown: Vec<_> = compared.differences.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    assert_eq!(compared.repeated, 0);
    compared.equal
}

fn taken(made: &Made, wanted: &Wanted) -> Case {
    let disk = open(&made.journal).expect("a journal");
    let verifier = made.verifier();
    let newest = newest_checkpoint(disk.as_ref(), &verifier).expect("readable");
    let case = select(&made.journal, &disk, wanted, &verifier, newest.expect("signed"));
    case.unwrap_or_else(|failure| panic!("{failure}"))
}

/// The incidents of kind breach in a journal, with their orders.
fn breaches(made: &Made) -> BTreeSet<EpisodeId> {
    let wanted = Wanted { everyone: true, ..Wanted::default() };
    let case = taken(made, &wanted);
    let leaves = case.read_leaves().expect("leaves");
    leaves
        .into_iter()
        .filter_map(|leaf| match leaf {
            wardline_journal::Evidence::Event(event) => event.open()?.episode_id,
            _ => None,
        })
        .filter(|id| id.kind.word() == "breach")
        .collect()
}

#[test]
fn what_is_recorded_is_verified_carried_and_judged_again_the_same() {
    let mut events = 0;
    for seed in 1..=6 {
        let made = made(seed);
        let own = verified(&made.journal, vec![made.checkpoint()]).expect("sound");
        assert!(own.heartbeats > 0 && own.checkpoints.1 == 1);
        assert_eq!(equal(&rejudged(&made.journal)), made.events);

        let (file, imported) = (made.path("all.tar"), made.path("imported"));
        let disk = open(&made.journal).expect("a journal");
        pack::export(&made.journal, disk.as_ref(), &file).expect("exported");
        pack::import(&file, &imported).expect("imported");
        let there = verified(&imported, vec![made.checkpoint()]).expect("sound");
        assert_eq!((there.inputs, there.evidence), (own.inputs, own.evidence));
        assert_eq!(equal(&rejudged(&imported)), made.events);
        assert!(!imported.join("evidence.secret").exists(), "the signing key stays");
        events += made.events;
    }
    assert!(events > 500, "{events} events are too few to compare");
}

#[test]
fn a_case_of_a_person_is_proved_and_judged_again_from_its_file_alone() {
    let (mut events, mut left_out) = (0, 0);
    for seed in 1..=6 {
        let made = made(seed);
        let persons = breaches(&made).first().map(|episode| {
            let wanted = Wanted { episode: Some(*episode), ..Wanted::default() };
            taken(&made, &wanted).scope.persons
        });
        let Some(persons) = persons else { continue };
        let wanted = Wanted { persons, ..Wanted::default() };
        let file = made.path("case.jsonl");
        let mut bytes = Vec::new();
        taken(&made, &wanted).write(&mut bytes).expect("written");
        fs::write(&file, &bytes).expect("written");
        let case = Case::read(&file).unwrap_or_else(|failure| panic!("{failure}"));
        let proved = proof::prove(&case, &made.verifier(), &[made.checkpoint()]);
        let proved = proved.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(equal(&rejudge_case(&case, Config::default()).expect("judged")), {
            proved.events as u64
        });
        events += proved.events as u64;
        left_out += made.events - proved.events as u64;
    }
    assert!(events > 50 && left_out > 50, "{events} events in cases, {left_out} not");
}

/// However much others did, no more of the journal is held than some frames.
#[test]
fn a_case_takes_no_more_memory_where_the_journal_is_longer() {
    let wanted = Wanted { persons: BTreeSet::from([1]), ..Wanted::default() };
    let most_bytes = |rounds| {
        let made = made_of(&crowd::log(20, rounds));
        let counted = measure(|| {
            let leaves = taken(&made, &wanted).leaves.len();
            assert!(leaves < 20, "{leaves} leaves of a breach are too many");
        });
        (counted.bytes_max, made.events)
    };
    let [(shorter, few), (longer, many)] = [150, 600].map(most_bytes);
    assert!(few > 2_000 && many > 3 * few, "{few} and {many} events are too few");
    assert!(longer < shorter + shorter / 4, "{longer} bytes, and {shorter} of a quarter of it");
}

#[test]
fn a_bundle_is_verified_and_judged_again_from_its_folder_alone() {
    let mut bundles = 0;
    for seed in 1..=8 {
        let made = made(seed);
        for episode in breaches(&made).into_iter().take(2) {
            let wanted = Wanted { episode: Some(episode), ..Wanted::default() };
            let folder = made.path(&format!("bundle-{episode}"));
            bundle::write(&taken(&made, &wanted), &folder, &made.journal).expect("written");
            let case = Case::read(&folder.join(case::NAME)).expect("a case");
            assert_eq!(case.scope.episode, Some(episode.to_string()));
            let proved = proof::prove(&case, &made.verifier(), &[made.checkpoint()]);
            let proved = proved.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert!(proved.events > 0 && proved.inputs_signed > 0);
            assert!(bundle::other_than(&case, &folder).expect("readable").is_empty());
            let again = rejudge_case(&case, Config::default()).expect("judged");
            assert_eq!(equal(&again), proved.events as u64);
            let page = fs::read_to_string(folder.join("index.html")).expect("a page");
            assert!(page.contains(&episode.to_string()) && page.contains("wardlog verify ."));
            bundles += 1;
        }
    }
    assert!(bundles >= 4, "{bundles} bundles are too few");
}

// A server that has just begun has signed events beyond its only heartbeat.
#[test]
fn a_bundle_needs_no_heartbeat_after_its_incident() {
    let text = scenario(1, &Options::all_rules());
    let made = made_of(&text);
    let episode = *breaches(&made).first().expect("a breach");
    let wanted = Wanted { episode: Some(episode), ..Wanted::default() };
    let whole = taken(&made, &wanted);
    let early = forged::without_later_heartbeats(&made.journal, &made.path("early"));
    let there = Made { journal: early, ..made };
    let case = taken(&there, &wanted);
    assert_eq!(case.inputs.len(), whole.inputs.len());
    assert!(equal(&rejudge_case(&case, Config::default()).expect("judged")) > 0);
}

#[test]
fn what_a_bundle_shows_cannot_be_changed_unseen() {
    let made = made(1);
    let episode = *breaches(&made).first().expect("a breach");
    let wanted = Wanted { episode: Some(episode), ..Wanted::default() };
    let case = taken(&made, &wanted);
    let folder = made.path("bundle");
    bundle::write(&case, &folder, &made.journal).expect("written");
    for name in ["index.html", "map.html", "events.jsonl", "inputs.jsonl", "checkpoint.txt"] {
        let file = folder.join(name);
        let content = fs::read(&file).expect("there");
        fs::write(&file, [&content[..], b" "].concat()).expect("written");
        assert_eq!(bundle::other_than(&case, &folder).expect("readable"), [name]);
        fs::write(&file, content).expect("written");
    }
    let (verifier, prove) =
        (made.verifier(), |case: &Case| proof::prove(case, &made.verifier(), &[]));
    prove(&case).expect("sound");
    for leaf in 0..case.leaves.len() {
        let mut other = case.clone();
        let stored = &mut other.leaves[leaf].stored;
        *stored.last_mut().expect("not empty") ^= 1;
        assert!(prove(&other).is_err(), "leaf {leaf}");
        let mut without = case.clone();
        without.leaves.remove(leaf);
        let is_event = matches!(
            case.read_leaves().expect("leaves")[leaf],
            wardline_journal::Evidence::Event(_)
        );
        // Without an event it is still proved, and judging again tells.
        match (prove(&without), is_event) {
            (Ok(_), true) => {
                let again = rejudge_case(&without, Config::default()).expect("judged");
                assert!(!again.compared.expect("compared").differences.is_empty());
            }
            (proved, _) => assert!(proved.is_err(), "leaf {leaf}"),
        }
    }
    let other = verifier.open(&made_of("{\"type\":\"tick\"}").checkpoint);
    assert!(other.is_err(), "another key signed that");
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    let made = made(2);
    for (log, act) in [("input", "inputs"), ("evidence", "evidence")] {
        let file = made.journal.join(format!("{log}-0000000001.log"));
        let whole = fs::read(&file).expect("there");
        for place in (92..whole.len()).step_by(whole.len() / 40 + 1) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            fs::write(&file, bytes).expect("written");
            let failure = match verified(&made.journal, Vec::new()) {
                Err(failure) => failure.to_string(),
                Ok(_) => panic!("{log}, byte {place}: not found"),
            };
            assert!(failure.contains(act), "{failure}");
            let named = ["segment 1", "byte ", "sequence ", "signed", "otherwise"];
            assert!(named.iter().any(|word| failure.contains(word)), "{failure}");
        }
        fs::write(&file, whole).expect("written");
    }
    verified(&made.journal, Vec::new()).expect("sound again");
}

#[test]
fn rewritten_history_is_found_by_a_checkpoint_held_elsewhere() {
    let made = made(3);
    let court = made.checkpoint();
    // The forger has the signing key: everything within the folder agrees.
    forged::rewrite_evidence(&made.journal);
    let forged = verified(&made.journal, Vec::new()).expect("it agrees with itself");
    assert_eq!(forged.evidence.next, court.size);
    let failure = verified(&made.journal, vec![court]).expect_err("found").to_string();
    assert!(failure.contains("not those that were signed"), "{failure}");
}

#[test]
fn rewritten_inputs_are_found_by_the_evidence() {
    let made = made(3);
    forged::rewrite_inputs(&made.journal);
    let failure = verified(&made.journal, Vec::new()).expect_err("found").to_string();
    assert!(failure.contains("rewritten or cut off"), "{failure}");
}

#[test]
fn an_order_is_forgotten_and_the_rest_stays() {
    let made = made(4);
    let episode = *breaches(&made).first().expect("a breach");
    let wanted = Wanted { episode: Some(episode), ..Wanted::default() };
    let scope = taken(&made, &wanted).scope;
    let what = Forgotten { orders: scope.orders, devices: scope.devices, ..Forgotten::default() };
    let now = Timestamp::from_ms(1_900_000_000_000);
    let (inputs, evidence) = forget(&made.journal, &what, now).expect("forgotten");
    assert!(inputs > 0 && evidence > 0);

    let sound = verified(&made.journal, vec![made.checkpoint()]).expect("still sound");
    assert_eq!(sound.forgotten, (inputs, evidence));
    let judged = rejudged(&made.journal);
    let compared = judged.compared.expect("compared");
    assert!(judged.forgotten > 0 && compared.forgotten > 0 && compared.equal > 0);
    let disk = open(&made.journal).expect("a journal");
    assert!(stats::stats(&made.journal, &disk).expect("counted").to_string().contains("forgotten"));
    let case = select(
        &made.journal,
        &disk,
        &wanted,
        &made.verifier(),
        newest_checkpoint(disk.as_ref(), &made.verifier()).expect("readable").expect("signed"),
    );
    assert!(case.is_err_and(|failure| failure.to_string().contains("no such episode")));
}

#[test]
fn no_position_is_in_debug_output_or_errors() {
    let made = made(1);
    let case = taken(&made, &Wanted { everyone: true, ..Wanted::default() });
    let leaves = format!("{:?}", case.read_leaves().expect("leaves"));
    let disk = open(&made.journal).expect("a journal");
    let stats = format!("{:?}", stats::stats(&made.journal, &disk).expect("counted"));
    let shown = [leaves, stats, format!("{case:?}")].concat();
    assert!(!shown.contains("lat_e7") && !shown.contains("Position"), "a position is shown");
}

#[test]
fn inputs_are_written_as_lines_that_are_read_as_the_same() {
    let mut compared = 0;
    for seed in 1..=20 {
        let text = scenario(seed, &Options::all_rules());
        let mut lines = Lines::new(Cursor::new(text.as_bytes()));
        while let Some(line) = lines.next_line().expect("readable") {
            let record = line.record();
            let Some(value) = input_value(&record) else { continue };
            let again = parse_line(&value.to_string(), 1);
            assert_eq!(input_to_bytes(&again), input_to_bytes(&record), "{value}");
            compared += 1;
        }
    }
    assert!(compared > 5_000, "{compared} lines are too few");
}
