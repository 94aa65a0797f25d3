//! Keeps the project tidy: which crate may depend on which, what the engine may not use, and that
//! every rule that is built is cited.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 400;

#[test]
fn arrows_point_one_way() {
    let allowed: [(&str, &[&str]); 5] = [
        ("wardline-core", &[]),
        ("wardline-wire", &["wardline-core"]),
        ("wardline-journal", &["wardline-core"]),
        ("wardline-sim", &["wardline-core", "wardline-wire"]),
        ("wardline", &["wardline-core", "wardline-journal", "wardline-wire"]),
    ];
    let mut wrong = Vec::new();
    for member in directories(&root().join("crates")) {
        let manifest = read_manifest(&member);
        let name = manifest["package"]["name"].as_str().expect("a package has a name").to_owned();
        let Some((_, allowed)) = allowed.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("{name} is not known to this test"));
            continue;
        };
        for dependency in dependencies(&manifest) {
            if dependency.starts_with("wardline") && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} may not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn members_state_no_version_of_a_dependency() {
    let mut wrong = Vec::new();
    let mut members = directories(&root().join("crates"));
    let others = ["benches", "benches/instructions", "examples", "fuzz", "tests"];
    members.extend(others.map(|member| root().join(member)));
    for member in members.iter().filter(|member| member.join("Cargo.toml").exists()) {
        for (section, table) in dependency_tables(&read_manifest(member)) {
            for (dependency, value) in table {
                if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    wrong.push(format!("{}: {section}: {dependency}", member.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "not inherited from the workspace:\n{}", wrong.join("\n"));
}

#[test]
fn the_engine_has_no_clock_no_hash_maps_and_no_platform_trigonometry() {
    let forbidden = [
        "Instant::now",
        "SystemTime::now",
        "HashMap",
        "HashSet",
        ".sin(",
        ".cos(",
        ".tan(",
        ".atan2(",
        "std::thread",
        "std::net",
        "std::fs",
    ];
    let mut wrong = Vec::new();
    for file in files(&root().join("crates/wardline-core/src"), "rs") {
        for (number, line) in read(&file).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in forbidden.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_built_rule_is_cited_and_no_other() {
    let specification = read(&root().join("docs/judgement.md"));
    let rules: BTreeSet<_> = specification.lines().filter_map(rule_of_bullet).collect();
    let not_yet: BTreeSet<_> = specification.lines().filter_map(rule_not_yet).collect();
    assert!(rules.len() > 40, "only {} rules found in docs/judgement.md", rules.len());
    let cited = citations();

    let mut wrong = Vec::new();
    for id in rules.difference(&not_yet).filter(|id| !cited.contains_key(*id)) {
        wrong.push(format!("{id} is built, but cited nowhere"));
    }
    for id in not_yet.iter().filter(|id| cited.contains_key(*id)) {
        wrong.push(format!("{id} is said to be not built, but cited in {}", cited[id].display()));
    }
    for id in not_yet.difference(&rules) {
        wrong.push(format!("{id} is in the table, but is no rule"));
    }
    for (id, file) in cited.iter().filter(|(id, _)| !rules.contains(*id)) {
        wrong.push(format!("{id} is cited in {}, but is no rule", file.display()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A comment in the engine that names a rule proves nothing; a test must.
#[test]
fn every_built_rule_is_cited_by_a_test() {
    let specification = read(&root().join("docs/judgement.md"));
    let not_yet: BTreeSet<_> = specification.lines().filter_map(rule_not_yet).collect();
    let mut missing: BTreeSet<_> = specification.lines().filter_map(rule_of_bullet).collect();
    missing.retain(|id| !not_yet.contains(id));
    for file in source_files() {
        let path = file.strip_prefix(root()).unwrap_or(&file);
        // The oracle's tests do not test the engine.
        if path.starts_with("crates/wardline-sim") || path.ends_with("tests/tidy.rs") {
            continue;
        }
        let text = read(&file);
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_name().is_some_and(|name| name == "tests.rs");
        let tests = text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
        for id in rule_ids(if is_test { &text } else { tests }) {
            missing.remove(&id);
        }
    }
    assert!(missing.is_empty(), "no test cites {missing:?}");
}

#[test]
fn lines_fit_and_long_functions_are_told_of() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let text = read(&file);
        let path = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        for (number, line) in text.lines().enumerate() {
            // A line of JSON stays one line.
            let is_json = line.trim_start().starts_with("r#\"{");
            if line.chars().count() > COLUMNS_MAX && !is_json {
                wrong.push(format!("{path}:{}: over {COLUMNS_MAX} columns", number + 1));
            }
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            println!("{path}: {lines} lines, over {FILE_LINES_MAX}");
        }
        for (name, lines) in functions(&text).iter().filter(|(_, n)| *n > FUNCTION_LINES_MAX) {
            println!("{path}: {name}: {lines} lines, over {FUNCTION_LINES_MAX}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_are_measured() {
    let text = "fn one() {}\nimpl X {\n    pub fn two() {\n        a();\n    }\n}\n";
    let expected = [("fn one() {}".to_owned(), 1), ("pub fn two() {".to_owned(), 3)];
    assert_eq!(functions(text), expected);
}

/// The id at the start of a bullet `- **J-FIX-1** …`, which is what defines a rule.
fn rule_of_bullet(line: &str) -> Option<String> {
    let (id, _) = line.strip_prefix("- **")?.split_once("**")?;
    rule_ids(id).into_iter().next()
}

/// The id of a row `| J-DESK-1 | not yet | … |`.
fn rule_not_yet(line: &str) -> Option<String> {
    let mut cells = line.strip_prefix("| ")?.split(" | ");
    let (id, state) = (cells.next()?, cells.next()?);
    (state == "not yet").then(|| rule_ids(id).into_iter().next()).flatten()
}

/// Where each rule is cited: one file of each.
fn citations() -> BTreeMap<String, PathBuf> {
    let this = root().join("tests/tidy.rs");
    let mut cited = BTreeMap::new();
    for file in source_files().into_iter().filter(|file| *file != this) {
        let path = file.strip_prefix(root()).unwrap_or(&file);
        let counts = path.starts_with("tests") || path.starts_with("crates");
        // The oracle is written from the rules; citing one there proves nothing of the engine.
        if !counts || path.starts_with("crates/wardline-sim") {
            continue;
        }
        for id in rule_ids(&read(&file)) {
            cited.entry(id).or_insert_with(|| path.to_owned());
        }
    }
    cited
}

/// Everything of the form J-WORD-1 in the text.
fn rule_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let mut parts = word.split('-');
        let (first, family, number) = (parts.next(), parts.next(), parts.next());
        let (Some("J"), Some(family), Some(number), None) = (first, family, number, parts.next())
        else {
            continue;
        };
        let is_family = !family.is_empty() && family.chars().all(|c| c.is_ascii_uppercase());
        if is_family && number.parse::<u32>().is_ok() {
            ids.push(word.to_owned());
        }
    }
    ids
}

/// The functions of a formatted file and their lengths in lines.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let is_head = code.starts_with("fn ")
            || (code.starts_with("pub") || code.starts_with("const fn")) && code.contains("fn ");
        if !is_head || code.ends_with(';') {
            continue;
        }
        let end = if code.ends_with('}') {
            Some(0)
        } else {
            let closing = format!("{}}}", " ".repeat(indent));
            lines[start..].iter().position(|line| *line == closing)
        };
        found.extend(end.map(|end| (code.to_owned(), end + 1)));
    }
    found
}

fn dependencies(manifest: &toml::Value) -> Vec<String> {
    let tables = dependency_tables(manifest);
    let used = tables.into_iter().filter(|(section, _)| section != "dev-dependencies");
    used.flat_map(|(_, table)| table.into_iter().map(|(name, _)| name)).collect()
}

fn dependency_tables(manifest: &toml::Value) -> Vec<(String, toml::Table)> {
    let mut scopes = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    scopes.extend(targets.into_iter().flat_map(toml::Table::values));
    let mut tables = Vec::new();
    for scope in scopes {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if let Some(table) = scope.get(section).and_then(toml::Value::as_table) {
                tables.push((section.to_owned(), table.clone()));
            }
        }
    }
    tables
}

fn read_manifest(member: &Path) -> toml::Value {
    let path = member.join("Cargo.toml");
    let table: toml::Table =
        read(&path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::Value::Table(table)
}

fn source_files() -> Vec<PathBuf> {
    let members = ["crates", "benches", "examples", "fuzz", "tests"];
    members.iter().flat_map(|member| files(&root().join(member), "rs")).collect()
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(directory) {
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}

fn directories(directory: &Path) -> Vec<PathBuf> {
    entries(directory).into_iter().filter(|path| path.join("Cargo.toml").exists()).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}
