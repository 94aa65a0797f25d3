//! JSON Lines: one input or event a line.
//!
//! ```
//! use wardline_core::input::Input;
//! use wardline_wire::jsonl::parse_line;
//! let record = parse_line(r#"{"type":"tick","at":"2026-01-02T03:04:05.678Z"}"#, 1);
//! assert!(matches!(record.input, Input::Tick));
//! let record = parse_line("no JSON", 2);
//! assert!(matches!(record.input, Input::Invalid(refusal) if refusal.line == Some(2)));
//! ```

mod event;
mod fault;
mod geometry;
mod input;
mod instant;
mod lines;
mod order;
mod output;
mod tree;
mod value;

#[cfg(test)]
mod tests;

pub use event::{event_value, write_event, write_row};
pub use lines::{Line, Lines};
pub use output::input_value;

use fault::clipped;
use tree::{Object, Tree};
use wardline_core::ids::DeviceId;
use wardline_core::input::{Input, Record, Refusal};

/// The longest line that is read, in bytes, its end not counted.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// The most rules of an order, and the most permits.
pub const RULES_MAX: usize = 256;
/// The most intervals of a rule or permit, and the most zones of a rule.
pub const INTERVALS_MAX: usize = 4096;
/// The longest name, note or other text, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;
/// The greatest distance of a rule, in metres.
pub const RULE_M_MAX: f64 = 5_000_000.0;

/// Reads the input on a line.
///
/// This never fails: what is wrong with the line is in the record as [`Input::Invalid`], with
/// the time of receipt and the device if these could be read. A time of receipt that is absent
/// or no time does not make an input invalid.
// J-REFUSE-1, J-TIME-1
pub fn parse_line(line: &str, line_number: u64) -> Record {
    if line.len() > LINE_BYTES_MAX {
        return unreadable("line_too_long", line.len(), line_number);
    }
    match serde_json::from_str::<Tree<'_>>(line) {
        Ok(Tree::Object(object)) => record(&object),
        Ok(other) => unreadable("not_an_object", other, line_number),
        Err(error) => unreadable("not_json", format_args!("{error}: {line}"), line_number),
    }
}

fn record(object: &Object<'_>) -> Record {
    let member = |name| object.get(name).filter(|_| object.duplicate() != Some(name));
    let at = member("at").and_then(|tree| value::instant(tree).ok());
    let input = input::read(object).unwrap_or_else(|fault| {
        let mut refusal = fault.into_refusal();
        refusal.device = member("device").and_then(|tree| value::id(DeviceId::new)(tree).ok());
        Input::Invalid(refusal)
    });
    Record { at, input }
}

/// A line that holds no JSON object.
fn unreadable(reason: &str, value: impl std::fmt::Display, line_number: u64) -> Record {
    let mut refusal = Refusal::new(reason, clipped(&value.to_string()));
    refusal.line = Some(line_number);
    Record { at: None, input: Input::Invalid(refusal) }
}
