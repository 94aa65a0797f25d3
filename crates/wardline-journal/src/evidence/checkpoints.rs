//! The file of the log's own checkpoints: signed notes, an empty line after each.

use crate::checkpoint::{Checkpoint, NoteError, Verifier};
use crate::disk::{Disk, DiskFile, put_whole, read_full, read_whole, write_all};
use crate::error::ReadError;
use std::io;
use std::sync::Arc;

/// Writes the file.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    file: Box<dyn DiskFile>,
    end: u64,
    last: Option<Checkpoint>,
}

impl Checkpoints {
    /// Opens the file, or makes one, and finds its last checkpoint. What a crash tore is
    /// overwritten by the next one.
    pub fn open(disk: Arc<dyn Disk>, verifier: &Verifier) -> Result<Self, ReadError> {
        let mut file = match disk.open(NAME) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                put_whole(disk.as_ref(), NAME, &[])?;
                disk.open(NAME)?
            }
            Err(error) => return Err(error.into()),
        };
        let length = file.length()?;
        let from = length.saturating_sub(END_BYTES);
        let mut bytes = vec![0; usize::try_from(length - from).unwrap_or_default()];
        let read = read_full(file.as_mut(), from, &mut bytes)?;
        let start = if from > 0 { start_of_note(&bytes[..read]) } else { 0 };
        let (mut notes, mut whole) = notes(&bytes[start..read]);
        // The last one may be torn and still look whole.
        let torn = notes.pop_if(|(_, note)| opened([&*note], verifier).is_err());
        if let Some((begins, _)) = torn {
            whole = begins;
        }
        let last = opened(notes.iter().map(|(_, note)| note), verifier)?.pop();
        let end = from + (start + whole) as u64;
        if end < length {
            file.truncate(end)?;
            file.sync()?;
        }
        Ok(Self { file, end, last })
    }

    pub fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref()
    }

    /// Adds a note, durably.
    pub fn append(&mut self, note: &str) -> io::Result<()> {
        let text = format!("{note}\n");
        write_all(self.file.as_mut(), self.end, text.as_bytes())?;
        // A full disk here is no reason to go on: the file may be longer than what is durable.
        self.file.sync().map_err(io::Error::other)?;
        self.end += text.len() as u64;
        Ok(())
    }
}

/// All checkpoints of the log in the file.
pub(crate) fn read_all(disk: &dyn Disk, verifier: &Verifier) -> Result<Vec<Checkpoint>, ReadError> {
    match read_whole(disk, NAME, FILE_BYTES_MAX) {
        Ok(bytes) => opened(notes(&bytes).0.iter().map(|(_, note)| note), verifier),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// The newest checkpoint of the log in the file, and its note.
pub(crate) fn newest(
    disk: &dyn Disk,
    verifier: &Verifier,
) -> Result<Option<(String, Checkpoint)>, ReadError> {
    let bytes = match read_whole(disk, NAME, FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    for (_, note) in notes(&bytes).0.into_iter().rev() {
        if let Some(checkpoint) = opened([&note], verifier)?.pop() {
            return Ok(Some((note, checkpoint)));
        }
    }
    Ok(None)
}

/// The notes that are whole and where each begins, and where they end.
fn notes(bytes: &[u8]) -> (Vec<(usize, String)>, usize) {
    let (mut notes, mut start) = (Vec::new(), 0);
    while let Some(body) = end_of_part(&bytes[start..])
        && let Some(signatures) = end_of_part(&bytes[start + body..])
    {
        let end = start + body + signatures;
        // Without the empty line after it.
        match std::str::from_utf8(&bytes[start..end - 1]) {
            Ok(note) => notes.push((start, note.to_owned())),
            Err(_) => break,
        }
        start = end;
    }
    (notes, start)
}

/// The end of what is followed by an empty line, with that line.
fn end_of_part(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\n\n").map(|start| start + 2)
}

/// Where the first whole note begins in bytes that begin anywhere: after signatures, which alone
/// begin with a dash.
fn start_of_note(bytes: &[u8]) -> usize {
    let mut start = 0;
    while let Some(length) = end_of_part(&bytes[start..]) {
        let is_signatures = bytes[start..].starts_with("\u{2014} ".as_bytes());
        start += length;
        if is_signatures {
            break;
        }
    }
    start
}

fn opened<'a>(
    notes: impl IntoIterator<Item = &'a String>,
    verifier: &Verifier,
) -> Result<Vec<Checkpoint>, ReadError> {
    let mut checkpoints = Vec::new();
    for note in notes {
        let is_ours = note.starts_with(&format!("{}\n", verifier.name()));
        match verifier.open(note) {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(NoteError::Unsigned) => {}
            Err(_) if !is_ours => {}
            Err(error) => return Err(ReadError::Checkpoint(error)),
        }
    }
    Ok(checkpoints)
}

const NAME: &str = "evidence.checkpoints";
/// More than a checkpoint has, so that a whole one is among the last bytes.
const END_BYTES: u64 = 1 << 16;
/// Five years of one every 10 seconds.
const FILE_BYTES_MAX: u64 = 4 << 30;
