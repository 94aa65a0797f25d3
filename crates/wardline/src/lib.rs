#![doc = include_str!("../../../README.md")]

pub mod schedule;

pub use wardline_core::{Config, Counters, Engine, Ledger, Row, event, geometry, ids, input, time};
pub use wardline_wire::{datagram, jsonl, owntracks, protocol, refusal, teltonika};
