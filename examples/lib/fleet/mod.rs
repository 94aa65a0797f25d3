//! Simulated devices: their keys, their people's orders, where they go, and what they send.
//!
//! Everything comes from a seed. The devices are honest ones that resend what was not acknowledged;
//! between their datagrams the fleet sends what strangers would. Some of the people walk into the
//! zone they must keep out of: for these the fleet knows what a server must find.

mod device;
pub mod hostile;
mod outgoing;
pub mod plan;
pub mod sender;
mod walk;

pub use plan::Plan;
pub use sender::{Fleet, Manner, Sent};
