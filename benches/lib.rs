//! What the benches share.

mod mode;
mod world;

pub use mode::Mode;
pub use world::{Pace, Plan, World};
