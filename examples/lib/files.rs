//! Opening, reading and writing, with the file named in what goes wrong.

use crate::map;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wardline_wire::jsonl::Lines;

/// Where inputs come from.
pub type Reader<'r> = Box<dyn BufRead + Send + 'r>;

/// What went wrong, and with which file.
#[derive(Debug)]
pub struct Failure {
    act: &'static str,
    file: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Failure {
    /// Of an act on a file.
    pub fn new(
        act: &'static str,
        file: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { act, file: file.to_owned(), source: source.into() }
    }

    /// Whether the reader of our output has gone, as `head` does: no fault of ours.
    pub fn is_closed_pipe(&self) -> bool {
        let error = self.source.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.act, self.file.display(), self.source)
    }
}

impl std::error::Error for Failure {}

/// A file that is written, or stdout.
pub struct Output {
    name: PathBuf,
    writer: BufWriter<Box<dyn Write + Send>>,
}

impl Output {
    /// Makes the file anew; it must be none of those `taken` by this run. Stdout if there is none,
    /// or for `-`.
    pub fn create(file: Option<&Path>, taken: &[&Path]) -> Result<Self, Failure> {
        let Some(file) = file.filter(|file| !is_standard(file)) else {
            let writer: Box<dyn Write + Send> = Box::new(io::stdout());
            return Ok(Self { name: "stdout".into(), writer: BufWriter::new(writer) });
        };
        let place = fs::canonicalize(file).ok();
        let same = |other: &&Path| place.is_some() && fs::canonicalize(other).ok() == place;
        // A device such as /dev/null may be given twice.
        if file.is_file() && taken.iter().any(same) {
            return Err(Failure::new("cannot write", file, "it is used already"));
        }
        let created = File::create(file);
        let created = created.map_err(|error| Failure::new("cannot write", file, error))?;
        Ok(Self { name: file.to_owned(), writer: BufWriter::new(Box::new(created)) })
    }

    /// Goes on with a file, after the last line in it that is whole.
    pub fn append(file: &Path, taken: &[&Path]) -> Result<Self, Failure> {
        let failure = |error| Failure::new("cannot go on with", file, error);
        if !file.is_file() {
            return Self::create(Some(file), taken);
        }
        let mut open = File::options().read(true).append(true).open(file).map_err(failure)?;
        let end = end_of_lines(&mut open).and_then(|end| open.set_len(end));
        end.map_err(failure)?;
        Ok(Self { name: file.to_owned(), writer: BufWriter::new(Box::new(open)) })
    }

    /// What a failure to write means.
    pub fn failure(&self, error: io::Error) -> Failure {
        Failure::new("cannot write", &self.name, error)
    }
}

/// Where the last whole line of a file ends.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut piece = [0; 4_096];
    while end > 0 {
        let start = end.saturating_sub(piece.len() as u64);
        let piece = &mut piece[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(piece)?;
        if let Some(place) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Whether the name stands for stdin, or for stdout of what is written.
pub fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

/// Opens a file to read, or stdin for `-`.
pub fn open(file: &Path) -> Result<Reader<'static>, Failure> {
    if is_standard(file) {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened = File::open(file);
    let opened = opened.map_err(|error| Failure::new("cannot read", file, error))?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, opened)))
}

/// All of stdin.
pub fn read_stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Failure::new("cannot read", Path::new("stdin"), error))?;
    Ok(bytes)
}

/// A bar on stderr that counts bytes; hidden where no one looks or events would run through it.
pub fn progress(input: &Path, events_on_stdout: bool) -> ProgressBar {
    let mixed = events_on_stdout && io::stdout().is_terminal();
    if mixed || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{elapsed_precise} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";
    let length = fs::metadata(input).ok().filter(|file| file.is_file());
    match (length, ProgressStyle::with_template(template)) {
        (Some(length), Ok(style)) => ProgressBar::new(length.len()).with_style(style),
        _ => ProgressBar::new_spinner(),
    }
}

/// Draws the map of a run from its inputs, read again, and its events.
pub fn write_map(
    reader: Reader<'_>,
    input: &Path,
    events: &[Value],
    file: &Path,
    taken: &[&Path],
) -> Result<(), Failure> {
    let mut out = Output::create(Some(file), taken)?;
    let mut lines = Lines::new(reader);
    let mut unread = None;
    let inputs = std::iter::from_fn(|| {
        loop {
            match lines.next_line() {
                // What is no JSON cannot be shown; the events tell that it was refused.
                Ok(Some(line)) => match serde_json::from_slice(line.bytes) {
                    Ok(value) => return Some(value),
                    Err(_) => continue,
                },
                Ok(None) => return None,
                Err(error) => {
                    unread = Some(error);
                    return None;
                }
            }
        }
    });
    map::write_map(inputs, events, &mut out).map_err(|error| out.failure(error))?;
    match unread {
        Some(error) => Err(Failure::new("cannot read", input, error)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_torn_is_written_over() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("lines");
        let long = "x".repeat(10_000);
        for (there, kept) in [
            (String::new(), String::new()),
            ("one\ntwo\n".into(), "one\ntwo\n".into()),
            ("one\ntw".into(), "one\n".into()),
            (format!("one\n{long}"), "one\n".into()),
            (long, String::new()),
        ] {
            fs::write(&file, there)?;
            let mut out = Output::append(&file, &[])?;
            out.write_all(b"more\n")?;
            out.flush()?;
            assert_eq!(fs::read_to_string(&file)?, kept + "more\n");
        }
        Ok(())
    }
}
