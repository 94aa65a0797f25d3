//! How wardline's inputs and events look outside the engine.
//!
//! Whatever is read here comes from outside and may be anything. It is checked in full before
//! the engine sees it; what is wrong becomes a refusal that the engine answers, never a panic
//! and never an input that is half right.

pub mod datagram;
pub mod jsonl;
pub mod owntracks;
pub mod protocol;
pub mod refusal;
pub mod teltonika;
