//! Lines of a stream, in bounded memory.

use super::{LINE_BYTES_MAX, parse_line, unreadable};
use memchr::memchr;
use std::io::{self, BufRead};
use wardline_core::input::Record;

/// Reads a stream line by line. A line that is too long is passed over, not held.
///
/// A last line that is empty is none.
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

/// A line of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Line<'b> {
    /// Its number, from 1.
    pub number: u64,
    /// Its length in bytes, its end not counted.
    pub length: u64,
    /// Its bytes, or the first of them if it is longer than [`LINE_BYTES_MAX`].
    pub bytes: &'b [u8],
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line, if there is one.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let (mut length, mut ended) = (0, false);
        while !ended {
            let Some(chunk) = fill(&mut self.reader)? else {
                break;
            };
            let end = memchr(b'\n', chunk);
            ended = end.is_some();
            let text = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let room = LINE_BYTES_MAX - self.buffer.len();
            self.buffer.extend_from_slice(&text[..text.len().min(room)]);
            length += text.len();
            let taken = text.len() + usize::from(ended);
            self.reader.consume(taken);
        }
        let empty = matches!(self.buffer[..], [] | [b'\r']);
        if (!ended && length == 0) || (empty && fill(&mut self.reader)?.is_none()) {
            return Ok(None);
        }
        self.number += 1;
        let (number, length) = (self.number, length as u64);
        Ok(Some(Line { number, length, bytes: &self.buffer }))
    }
}

/// What the reader holds, or nothing at its end.
fn fill(reader: &mut impl BufRead) -> io::Result<Option<&[u8]>> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let chunk = reader.fill_buf()?;
    Ok((!chunk.is_empty()).then_some(chunk))
}

impl Line<'_> {
    /// The input on the line.
    pub fn record(&self) -> Record {
        if self.length > LINE_BYTES_MAX as u64 {
            return unreadable("line_too_long", self.length, self.number);
        }
        match std::str::from_utf8(self.bytes) {
            Ok(text) => parse_line(text, self.number),
            Err(error) => unreadable("not_utf8", error, self.number),
        }
    }
}
