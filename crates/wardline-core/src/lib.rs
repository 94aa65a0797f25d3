//! The deterministic engine of wardline: inputs in, events out.
//!
//! This crate has no threads, sockets, files, clock or randomness. Time is a field of each input;
//! the same log gives the same events on every platform. What drives it (a server, a replay) lives
//! elsewhere and calls [`Engine::apply`] for one input after another, and [`Engine::next_deadline`]
//! to know when a tick would next matter.

pub mod event;
pub mod geometry;
pub mod ids;
pub mod input;
pub mod time;
pub mod view;

mod condition;
mod desk;
mod device;
mod engine;
mod few;
mod key;
mod ledger;
mod order;
mod outbox;
mod seldom;
mod snapshot;
mod table;
mod track;
mod watch;
mod zones;

pub use engine::{Chosen, Config, Counters, Engine, Numbered, OutOfSequence, Part, PersonCopy};
pub use ledger::{Ledger, Row};
pub use outbox::EventPlace;
pub use snapshot::RestoreError;
