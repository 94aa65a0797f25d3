#![doc = include_str!("../../../README.md")]

pub mod journal;
pub mod pipeline;
pub mod replay;
pub mod schedule;

pub use wardline_core::{
    Config, Counters, Engine, Ledger, Numbered, Part, Row, event, geometry, ids, input, time, view,
};
pub use wardline_wire::{datagram, jsonl, owntracks, protocol, refusal, teltonika};
