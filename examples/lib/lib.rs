//! What the example programs share: files and maps, the receiving of datagrams, simulated devices.
//!
//! This is where sockets are: the crates of the workspace have none. A server of one's own can be
//! built like [`udp::Server`]; nothing here is published.

pub mod demo;
pub mod files;
pub mod fleet;
pub mod map;
pub mod priority;
pub mod udp;
pub mod wardlog;
