//! What the benches share.

mod mode;
mod world;

pub use mode::Mode;
pub use world::{City, FIX_INTERVAL_MS, ZONES_PER_PERSON};
