//! The comparison in the README: the tests that it names exist, and what it says of others has a
//! source.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const HEADING: &str = "## Beside other geofencing";

#[test]
fn each_test_that_the_comparison_names_exists() {
    let tests = names_of_tests();
    assert!(tests.len() > 100, "only {} tests found", tests.len());
    for cells in rows() {
        let named: Vec<_> = cells[1].split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test is named for: {}", cells[0]);
        for name in named {
            assert!(tests.contains(name), "{}: there is no test {name}", cells[0]);
        }
    }
}

#[test]
fn each_fact_about_others_has_a_source() {
    let readme = read(&root().join("README.md"));
    for cells in rows() {
        for cell in cells.iter().skip(2).filter(|cell| *cell != "not documented") {
            let sources = cell.split("[[").skip(1).filter_map(|rest| rest.split_once("]]"));
            let sources: Vec<_> = sources.map(|(source, _)| source).collect();
            assert!(!sources.is_empty(), "{}: no source for: {cell}", cells[0]);
            for source in sources {
                assert!(
                    readme.contains(&format!("\n[{source}]: https://")),
                    "[{source}] is not given"
                );
            }
        }
    }
}

/// The cells of each row of the comparison.
fn rows() -> Vec<Vec<String>> {
    let readme = read(&root().join("README.md"));
    let (_, rest) = readme.split_once(HEADING).expect("the comparison has its heading");
    let lines = rest.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows = lines.take_while(|line| line.starts_with('|')).map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 5 && rows.iter().all(|cells| cells.len() == 7), "the table is whole");
    rows
}

/// The functions marked as tests, and the scenarios, each of which is one.
fn names_of_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in ["crates", "tests"].iter().flat_map(|directory| sources(&root().join(directory))) {
        let text = read(&file);
        let marked = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn "));
        names.extend(marked.filter_map(|(_, rest)| Some(rest.split_once('(')?.0.to_owned())));
    }
    let scenarios = fs::read_dir(root().join("tests/scenarios")).expect("the scenarios are there");
    let files = scenarios.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.extend(files.filter_map(|file| Some(file.strip_suffix(".events.jsonl")?.to_owned())));
    names
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory of the workspace can be read");
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
