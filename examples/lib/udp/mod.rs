//! A server for datagrams: sockets, threads and clocks round a pipeline.
//!
//! ```text
//! socket ─► receive a batch ─► open each ─► submit ─► … numbered, kept ─► acknowledge
//!                                                         └► judged ─► events ─► told
//! ```
//!
//! One thread receives for each socket; it alone has the protocol's state. All that is counted of
//! datagrams is counted there, one datagram once: refused for one reason, or accepted. What a
//! server holds has limits: batches that wait (`waiting`), receipts (`receipts`), and what the
//! pipeline lets wait. When these are full nothing is received, and the kernel drops and counts.

pub mod alerts;
pub mod clock;
pub mod closing;
pub mod counts;
pub mod drops;
mod durable;
mod http;
mod listener;
pub mod live;
pub mod metrics;
pub mod past;
mod phones;
pub mod provision;
mod receipts;
pub mod receive;
mod saver;
pub mod server;
pub mod socket;
mod ticker;
pub mod told;
mod waiting;

pub use counts::{Counts, REPEATED};
pub use listener::Front;
pub use server::{Report, Server, Setup};

/// After so many inputs a snapshot is written, if nobody says otherwise: judging these again takes
/// a second or two.
pub const SNAPSHOT_INPUTS: u64 = 1_000_000;
