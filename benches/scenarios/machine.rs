//! On what and of what was measured: processor, memory and how it is had, compiler, commit.

use std::process::Command;

/// In one line.
pub fn line() -> String {
    let facts = facts().map(|(name, value)| format!("{name}: {value}"));
    facts.join("; ")
}

/// By name. Nothing that tells one machine of a kind from another.
pub fn facts() -> [(&'static str, String); 7] {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory_kib = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()));
    [
        ("processor", field("/proc/cpuinfo", "model name").unwrap_or_else(unknown)),
        ("cores", cores.to_string()),
        ("memory", memory_kib.map_or_else(unknown, |kib| format!("{} GiB", kib >> 20))),
        // With `glibc.malloc.hugetlb=1` in it, memory comes in large pages (docs/defaults.md).
        ("GLIBC_TUNABLES", std::env::var("GLIBC_TUNABLES").unwrap_or_else(|_| "not set".into())),
        ("compiler", output("rustc", &["--version"])),
        ("commit", output("git", &["describe", "--always", "--dirty", "--abbrev=12"])),
        ("wardline", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

/// The first value of that name in a file of `name: value`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok());
    text.map(|text| text.trim().to_owned()).filter(|t| !t.is_empty()).unwrap_or_else(unknown)
}

fn unknown() -> String {
    "unknown".to_owned()
}
