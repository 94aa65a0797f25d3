//! What is wrong with an input, and where in it.

use wardline_core::input::Refusal;

/// How many characters of an offending value are repeated.
const VALUE_CHARS_MAX: usize = 200;

/// Why a part of an input is refused. The path to that part is built on the way out.
#[derive(Debug)]
pub(super) struct Fault {
    reason: &'static str,
    path: String,
    value: String,
}

impl Fault {
    pub fn new(reason: &'static str, value: impl std::fmt::Display) -> Self {
        Self { reason, path: String::new(), value: value.to_string() }
    }

    /// A fault of a member itself, not of its value.
    pub fn of_member(reason: &'static str, name: &str) -> Self {
        Self { reason, path: clipped(name), value: String::new() }
    }

    /// The fault, seen from the object that has the part as a member.
    pub fn within(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }

    /// The fault, seen from the list that has the part as an element.
    pub fn within_list(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    pub fn into_refusal(self) -> Refusal {
        let Self { reason, path, value } = self;
        let value = clipped(&value);
        let separator = if path.is_empty() || value.is_empty() { "" } else { ": " };
        Refusal::new(reason, format_args!("{path}{separator}{value}"))
    }
}

pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
