//! What was measured, for readers.

mod html;
mod markdown;
mod plots;

pub use html::html;
pub use markdown::markdown;
