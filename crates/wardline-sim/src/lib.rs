//! Tools that test the engine from outside: a naive oracle written from the judgement rules alone,
//! a seeded generator of scenarios, and a comparison of two event logs.
//!
//! Nothing here depends on the engine, so that an error in one is not repeated in the other.

pub mod city;
pub mod compare;
pub mod oracle;
pub mod scenario;

pub use compare::compare;
pub use oracle::{Oracle, run};
pub use scenario::{Options, Rules, scenario};
