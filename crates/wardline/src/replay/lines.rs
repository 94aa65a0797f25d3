//! A log as JSON Lines.

use super::{Inputs, Source};
use std::io::{self, BufRead};
use wardline_wire::jsonl::{Line, Lines};

/// Reads a log of JSON Lines. A line that is wrong is an input that is refused.
pub struct JsonLines<R> {
    lines: Lines<R>,
}

/// Lines that are not parsed yet.
#[derive(Default)]
pub struct PieceOfLines {
    bytes: Vec<u8>,
    lines: Vec<Kept>,
}

/// A line: its number and whole length, and where what is kept of it ends.
struct Kept {
    number: u64,
    length: u64,
    end: usize,
}

/// Lines of a piece.
const LINES_MAX: usize = 4_096;
/// Nor are they longer than this together, but for the last.
const BYTES_MAX: usize = 1 << 20;

impl<R: BufRead + Send> JsonLines<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { lines: Lines::new(reader) }
    }
}

impl<R: BufRead + Send> Source for JsonLines<R> {
    type Piece = PieceOfLines;

    fn read(&mut self) -> io::Result<Option<PieceOfLines>> {
        let mut piece = PieceOfLines::default();
        while piece.lines.len() < LINES_MAX && piece.bytes.len() < BYTES_MAX {
            let Some(line) = self.lines.next_line()? else { break };
            piece.bytes.extend_from_slice(line.bytes);
            let (number, length, end) = (line.number, line.length, piece.bytes.len());
            piece.lines.push(Kept { number, length, end });
        }
        Ok((!piece.lines.is_empty()).then_some(piece))
    }

    fn parse(piece: PieceOfLines) -> Inputs {
        let mut inputs = Inputs::with_capacity(piece.lines.len());
        let mut start = 0;
        for Kept { number, length, end } in piece.lines {
            let bytes = &piece.bytes[start..end];
            inputs.push(Line { number, length, bytes }.record());
            start = end;
        }
        inputs
    }
}
